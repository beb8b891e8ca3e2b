//! What a peer does in a row of the table: what it begins with, the part that is measured, and a look at what came of it.

use anyhow::Result;

/// A peer's part in a row. The calls come in this order, and all of them again for the next turn.
pub trait Work {
    /// Brings about what the measured part begins with.
    fn set_up(&mut self);

    /// What is measured.
    fn run(&mut self);

    /// Checks the outcome.
    ///
    /// # Errors
    /// A wrong one.
    fn check(&mut self) -> Result<()>;

    /// Bytes that the row tells of, if it tells of bytes.
    fn bytes(&self) -> Option<usize>;

    /// Lets the outcome go.
    fn clear(&mut self);
}

/// Work put together from closures.
struct Steps<B, O, S, R, C> {
    begin: Option<B>,
    outcome: Option<O>,
    set_up: S,
    run: R,
    check: C,
    bytes: Option<usize>,
}

/// What a check found: nothing wrong, and if it is about bytes, how many.
pub type Checked = Result<Option<usize>>;

/// Work that begins with `set_up`'s result, is measured while `run` takes it, and whose outcome `check` looks at.
pub fn work<B: 'static, O: 'static>(
    set_up: impl FnMut() -> B + 'static,
    run: impl FnMut(B) -> O + 'static,
    check: impl FnMut(&mut O) -> Checked + 'static,
) -> Box<dyn Work> {
    Box::new(Steps { begin: None, outcome: None, set_up, run, check, bytes: None })
}

impl<B, O, S, R, C> Work for Steps<B, O, S, R, C>
where
    S: FnMut() -> B,
    R: FnMut(B) -> O,
    C: FnMut(&mut O) -> Checked,
{
    fn set_up(&mut self) {
        self.begin = Some((self.set_up)());
    }

    fn run(&mut self) {
        let begin = self.begin.take().expect("it was set up");
        self.outcome = Some((self.run)(begin));
    }

    fn check(&mut self) -> Result<()> {
        self.bytes = (self.check)(self.outcome.as_mut().expect("it has run"))?;
        Ok(())
    }

    fn bytes(&self) -> Option<usize> {
        self.bytes
    }

    fn clear(&mut self) {
        self.outcome = None;
    }
}
