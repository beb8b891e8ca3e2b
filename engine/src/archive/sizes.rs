//! The sizes at which rows are begun, grown and folded.

use super::{ENVELOPE_BYTES, HostLimits};

/// Sizes in bytes; the defaults are those that a trial found best.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RowSizes {
    /// A journal slot is rewritten until it holds this much.
    pub slot: usize,
    /// The journal is folded once it holds this much.
    pub fold: usize,
    /// The last base page is grown while it holds less than this.
    pub grow_below: usize,
    /// A base page is ended once it holds this much.
    pub page: usize,
}

impl Default for RowSizes {
    fn default() -> Self {
        RowSizes { slot: 8 << 10, fold: 32 << 10, grow_below: 48 << 10, page: 64 << 10 }
    }
}

impl RowSizes {
    /// The same, or less where the store's rows are too small for them.
    pub fn fitting(self, host: HostLimits) -> RowSizes {
        let most = largest_update(host);
        RowSizes {
            slot: self.slot.min(most / 8),
            fold: self.fold.min(most / 2),
            grow_below: self.grow_below.min(most / 2),
            page: self.page.min(most / 2),
        }
    }
}

/// The largest update that a row can hold beside its envelope and summary, in bytes.
pub fn largest_update(host: HostLimits) -> usize {
    host.row_bytes - host.row_bytes / 8 - ENVELOPE_BYTES
}
