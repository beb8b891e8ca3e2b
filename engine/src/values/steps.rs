//! Long work in steps: written as one routine, which stops where it says that it may, and goes on there when it is called again.
//!
//! The routine is an `async` block. Nobody wakes it and nothing runs beside it: who wants the outcome calls it until it is
//! there. So what it works on belongs to it meanwhile.
//!
//! Only rooms that build documents ask for steps. Without the feature `followers` nothing stops, and the compiler makes ordinary
//! routines of these: 2 KB less to download for a replica.

#[cfg(feature = "followers")]
pub(crate) use interrupted::Steps;

use core::future::Future;
use core::pin::{Pin, pin};
use core::task::{Context, Poll, Waker};
#[cfg(feature = "followers")]
use std::sync::{Arc, atomic::AtomicUsize};

/// How far work may go: it counts what it does, and stops when that is enough.
#[derive(Clone, Debug, Default)]
pub(crate) struct Pace {
    /// Items of work that are left for this step; without a number it is all done at once. (An atomic only because what crosses
    /// threads must not hold a `Cell`.)
    #[cfg(feature = "followers")]
    left: Option<Arc<AtomicUsize>>,
}

#[cfg(not(feature = "followers"))]
impl Pace {
    /// Nothing stops.
    pub(crate) const AT_ONCE: Pace = Pace {};

    /// Nothing stops.
    pub(crate) async fn spend(&self, _items: usize) {}
}

#[cfg(feature = "followers")]
impl Pace {
    /// Nothing stops.
    pub(crate) const AT_ONCE: Pace = Pace { left: None };

    /// Counts items of work that were done, and stops here if the step is over. Inner loops do some hundred items, as
    /// an ordinary function, between two calls.
    pub(crate) async fn spend(&self, items: usize) {
        use core::sync::atomic::Ordering::Relaxed;

        let Some(left) = &self.left else { return };
        let before = left.load(Relaxed);
        left.store(before.saturating_sub(items), Relaxed);
        if before > items {
            return;
        }
        let mut stopped = false;
        core::future::poll_fn(|_| if core::mem::replace(&mut stopped, true) { Poll::Ready(()) } else { Poll::Pending })
            .await
    }
}

/// Does all of some work at [`Pace::AT_ONCE`].
pub(crate) fn at_once<T>(work: impl Future<Output = T>) -> T {
    poll(pin!(work)).unwrap_or_else(|| unreachable!("nothing stops it"))
}

fn poll<T>(work: Pin<&mut (impl Future<Output = T> + ?Sized)>) -> Option<T> {
    match work.poll(&mut Context::from_waker(Waker::noop())) {
        Poll::Ready(outcome) => Some(outcome),
        Poll::Pending => None,
    }
}

#[cfg(feature = "followers")]
mod interrupted {
    use super::{Pace, poll};
    use core::fmt;
    use core::future::Future;
    use core::pin::Pin;
    use core::sync::atomic::{AtomicUsize, Ordering::Relaxed};
    use std::sync::Arc;

    /// Work that is under way, and what it works on.
    pub(crate) struct Steps<T> {
        work: Pin<Box<dyn Future<Output = T> + Send>>,
        left: Arc<AtomicUsize>,
    }

    impl<T> Steps<T> {
        /// Work that was not begun.
        pub(crate) fn new<W: Future<Output = T> + Send + 'static>(work: impl FnOnce(Pace) -> W) -> Steps<T> {
            let left = Arc::new(AtomicUsize::new(0));
            Steps { work: Box::pin(work(Pace { left: Some(left.clone()) })), left }
        }

        /// Goes on for so many items of work, or a little more; the outcome once it is there, and how many were done. After that
        /// it must not be called again.
        pub(crate) fn go_on(&mut self, items: usize) -> (Option<T>, usize) {
            self.left.store(items, Relaxed);
            let outcome = poll(self.work.as_mut());
            (outcome, items - self.left.load(Relaxed))
        }
    }

    impl<T> fmt::Debug for Steps<T> {
        fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("Steps")
        }
    }
}

#[cfg(all(test, feature = "followers"))]
mod tests {
    use super::{Pace, Steps, at_once};

    async fn sum_to(last: usize, pace: Pace) -> usize {
        let mut sum = 0;
        for number in 1..=last {
            sum += number;
            pace.spend(1).await;
        }
        sum
    }

    #[test]
    fn a_step_does_what_it_may_and_the_next_one_goes_on() {
        let mut steps = Steps::new(|pace| sum_to(10, pace));
        assert_eq!(steps.go_on(4), (None, 4));
        assert_eq!(steps.go_on(5), (None, 5));
        assert_eq!(steps.go_on(5), (Some(55), 1));
    }

    #[test]
    fn without_a_pace_all_is_done_at_once() {
        assert_eq!(at_once(sum_to(10, Pace::AT_ONCE)), 55);
    }
}
