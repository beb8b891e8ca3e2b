//! A turn: what a room does in one call. Its work is counted, and what is too much for one turn goes on in the next.

#[cfg(feature = "followers")]
use crate::values::Steps;

/// A unit is meant to be a microsecond of an engine in WebAssembly: it decides where to stop, and is nobody's bill. How far off it
/// is for each kind of work is measured in `benches/results/units.md`.
pub(super) mod cost {
    /// Anything that is handled.
    pub(in crate::sync) const MESSAGE: usize = 20;
    /// Bytes of a message that a unit pays for.
    pub(in crate::sync) const MESSAGE_BYTES: usize = 40;
    /// Bytes of one that is kept to be read step by step.
    pub(in crate::sync) const KEPT_BYTES: usize = 4_000;
    /// Bytes of an update by which it is too much for a turn, for each unit of the turn.
    pub(in crate::sync) const LARGE_BYTES: usize = 4;
    /// Bytes of such an update that are checked, and structs and ranges.
    pub(in crate::sync) const CHECKED_BYTES: usize = 1_000;
    pub(in crate::sync) const CHECKED: usize = 10;
    /// A struct that is taken in, passed on, folded and stored,
    pub(in crate::sync) const TAKEN: usize = 1;
    /// one of another client than the one before,
    pub(in crate::sync) const TAKEN_CLIENT: usize = 4;
    /// bytes of its content,
    pub(in crate::sync) const TAKEN_BYTES: usize = 100;
    /// and ranges of deletes.
    pub(in crate::sync) const TAKEN_RANGES: usize = 2;
    /// Bytes of a base page that is cut to what a client lacks.
    pub(in crate::sync) const CUT_BYTES: usize = 50;
    /// Bytes of a page that is sent as it is.
    pub(in crate::sync) const SENT_BYTES: usize = 500;
    /// Bytes of a row of state vector or delete set.
    pub(in crate::sync) const KNOWN_BYTES: usize = 25;
    /// What is counted while a document is built, or a checkpoint made of it: each look at a block or a piece, dear ones
    /// several times.
    pub(in crate::sync) const LOADED: usize = 20;
    /// Ranges of a client's delete set that are checked.
    pub(in crate::sync) const CHECKED_RANGES: usize = 80;
    /// Ranges of a client's delete set and of ours that are compared.
    pub(in crate::sync) const COMPARED_RANGES: usize = 25;
    /// Clients that these are of.
    pub(in crate::sync) const COMPARED_CLIENTS: usize = 2;
    /// Clients of two state vectors that are compared.
    pub(in crate::sync) const CLIENTS: usize = 10;
}

/// The work of a turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    left: usize,
    /// Units of all turns so far.
    spent: u64,
    /// Something was left for the next turn.
    goes_on: bool,
}

impl Turn {
    pub(super) fn begin(&mut self, units: usize) {
        // Something is done in each.
        (self.left, self.goes_on) = (units.max(1), false);
    }

    /// Units that are left.
    pub(super) fn left(&self) -> usize {
        self.left
    }

    pub(super) fn spend(&mut self, units: usize) {
        self.spent += units as u64;
        self.left = self.left.saturating_sub(units);
    }

    /// Units of all turns so far.
    pub(super) fn spent(&self) -> u64 {
        self.spent
    }

    /// Whether what could be done now has to wait for the next turn; that is asked for then.
    pub(super) fn is_over(&mut self) -> bool {
        self.goes_on |= self.left == 0;
        self.goes_on
    }

    /// Goes on with work in steps, as far as the turn goes; the outcome once it is there.
    #[cfg(feature = "followers")]
    pub(super) fn take_steps<T>(&mut self, steps: &mut Steps<T>) -> Option<T> {
        while !self.is_over() {
            let (outcome, items) = steps.go_on(self.left * cost::LOADED);
            self.spend(items / cost::LOADED);
            if outcome.is_some() {
                return outcome;
            }
        }
        None
    }

    /// Whether something was left for the next turn.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }
}
