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
    /// State vector and delete set go into rows of their own once the manifest holds more of them than this.
    pub overlay: usize,
    /// Such a row is cut once it holds twice as much.
    pub slice: usize,
}

impl Default for RowSizes {
    fn default() -> Self {
        RowSizes {
            slot: 8 << 10,
            fold: 32 << 10,
            grow_below: 48 << 10,
            page: 64 << 10,
            overlay: 24 << 10,
            slice: 32 << 10,
        }
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
            overlay: self.overlay.min(most),
            slice: self.slice.min(most / 4),
        }
    }
}

/// What a piece that can't be cut costs besides its names and content at most: its ids, and what stands before the
/// structs of a client.
const HEAD_BYTES: usize = 128;

/// The largest update that a base page can hold, in bytes.
pub(super) fn largest_page(host: HostLimits) -> usize {
    host.row_bytes - ENVELOPE_BYTES
}

/// The largest piece that can be stored uncut, in bytes: a value with the names that it needs.
pub(crate) fn largest_stored_piece(host: HostLimits) -> usize {
    largest_page(host) - HEAD_BYTES
}

/// The largest update that a row can hold beside its envelope and summary, in bytes.
pub fn largest_update(host: HostLimits) -> usize {
    host.row_bytes - host.row_bytes / 8 - ENVELOPE_BYTES
}
