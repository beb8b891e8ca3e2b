//! A turn: what a room does in one call. Its work is counted, and what is too much for one turn goes on in the next.

/// A unit is about a microsecond of an engine in WebAssembly: `benches/results/do-requests.md` compares them.
pub(super) mod cost {
    /// Anything that is handled.
    pub(in crate::sync) const MESSAGE: usize = 20;
    /// Bytes of a message that a unit pays for.
    pub(in crate::sync) const MESSAGE_BYTES: usize = 40;
    /// Bytes of a base page that is cut to what a client lacks.
    pub(in crate::sync) const CUT_BYTES: usize = 50;
    /// Bytes of a page that is sent as it is.
    pub(in crate::sync) const SENT_BYTES: usize = 500;
    /// Bytes of a row of state vector or delete set.
    pub(in crate::sync) const KNOWN_BYTES: usize = 25;
}

/// The work of a turn.
#[derive(Debug, Default)]
pub(super) struct Turn {
    left: usize,
    /// Something was left for the next turn.
    goes_on: bool,
}

impl Turn {
    pub(super) fn begin(&mut self, units: usize) {
        // Something is done in each.
        *self = Turn { left: units.max(1), goes_on: false };
    }

    pub(super) fn spend(&mut self, units: usize) {
        self.left = self.left.saturating_sub(units);
    }

    /// Whether what could be done now has to wait for the next turn; that is asked for then.
    pub(super) fn is_over(&mut self) -> bool {
        self.goes_on |= self.left == 0;
        self.goes_on
    }

    /// Whether something was left for the next turn.
    pub(super) fn goes_on(&self) -> bool {
        self.goes_on
    }
}
