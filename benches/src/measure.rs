//! Two engines timed side by side: turn by turn in one process, so that a machine that changes its speed changes it
//! for both. Time is processor time of the thread, so that what else runs takes none of it: by the clock on the wall a
//! long work is interrupted, and a short one is not.

use rustix::time::{ClockId, clock_gettime};
use std::hint::black_box;
use std::time::Duration;

/// Processor times of two engines for the same work.
#[derive(Clone, Debug)]
pub struct Pair {
    ours: Vec<Duration>,
    theirs: Vec<Duration>,
}

/// How often a pair is measured.
const TURNS_AT_LEAST: usize = 3;
const TURNS_AT_MOST: usize = 25;
const BUDGET: Duration = Duration::from_secs(12);

/// Processor times of the same work, turn by turn.
#[derive(Clone, Debug, Default)]
pub struct Times(Vec<Duration>);

impl Times {
    /// Does the work and adds its time.
    pub fn add(&mut self, work: impl FnOnce()) {
        tidy_heap();
        self.0.push(once(work));
    }

    /// Adds a time that was taken elsewhere.
    pub fn push(&mut self, time: Duration) {
        self.0.push(time);
    }

    /// The least.
    pub fn least(&self) -> Duration {
        self.0.iter().min().copied().unwrap_or_default()
    }

    /// The median.
    pub fn median(&self) -> Duration {
        median(self.0.clone())
    }

    /// The most.
    pub fn most(&self) -> Duration {
        self.0.iter().max().copied().unwrap_or_default()
    }
}

/// Has the allocator put together what was freed before, a million chunks at most. Left to the first allocations of the work that
/// is measured, it would count as the work's: up to 0.6 M instructions for each of them, for glibc looks at 10,000 freed chunks
/// at a time.
pub fn tidy_heap() {
    for _ in 0..100 {
        drop(black_box(Vec::<u8>::with_capacity(100_000)));
    }
}

/// Measures both in turns: at least 3, at most 25, and no more beyond that least number once 12 s of processor time are
/// spent. Dropping a result is not timed.
pub fn compare<A, B>(mut ours: impl FnMut() -> A, mut theirs: impl FnMut() -> B) -> Pair {
    let begin = thread_time();
    let mut pair = Pair { ours: Vec::new(), theirs: Vec::new() };
    while pair.turns() < TURNS_AT_LEAST || (pair.turns() < TURNS_AT_MOST && thread_time() - begin < BUDGET) {
        pair.ours.push(time(&mut ours));
        pair.theirs.push(time(&mut theirs));
    }
    pair
}

/// The processor time of one piece of work.
pub fn once(work: impl FnOnce()) -> Duration {
    let begin = thread_time();
    work();
    thread_time() - begin
}

fn time<T>(work: &mut impl FnMut() -> T) -> Duration {
    let begin = thread_time();
    let result = black_box(work());
    let elapsed = thread_time() - begin;
    drop(result);
    elapsed
}

/// Processor time that this thread has had so far.
fn thread_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

impl Pair {
    /// How many turns were measured.
    pub fn turns(&self) -> usize {
        self.ours.len()
    }

    /// The median time of ours.
    pub fn ours(&self) -> Duration {
        median(self.ours.clone())
    }

    /// The median time of theirs.
    pub fn theirs(&self) -> Duration {
        median(self.theirs.clone())
    }

    /// How many times faster ours is: the median of the turns' ratios.
    pub fn ratio(&self) -> f64 {
        let ratios = self.ratios();
        ratios[ratios.len() / 2]
    }

    /// The smallest and the greatest ratio of a turn.
    pub fn spread(&self) -> (f64, f64) {
        let ratios = self.ratios();
        (ratios[0], ratios[ratios.len() - 1])
    }

    fn ratios(&self) -> Vec<f64> {
        let turns = self.ours.iter().zip(&self.theirs);
        let mut ratios: Vec<f64> = turns.map(|(ours, theirs)| theirs.as_secs_f64() / ours.as_secs_f64()).collect();
        ratios.sort_by(f64::total_cmp);
        ratios
    }
}

fn median(mut times: Vec<Duration>) -> Duration {
    times.sort();
    times[times.len() / 2]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn median_and_spread_of_turns() {
        let milliseconds = |times: &[u64]| times.iter().map(|time| Duration::from_millis(*time)).collect();
        let pair = Pair { ours: milliseconds(&[2, 1, 4]), theirs: milliseconds(&[20, 30, 20]) };
        assert_eq!(pair.turns(), 3);
        assert_eq!(pair.ours(), Duration::from_millis(2));
        assert_eq!(pair.theirs(), Duration::from_millis(20));
        assert_eq!(pair.ratio(), 10.0);
        assert_eq!(pair.spread(), (5.0, 30.0));
    }
}
