//! A document's stored history without the document: rows, journal, base pages, manifest.
//!
//! `FORMAT.md` in this folder draws the rows byte by byte.

mod changes;
#[cfg(feature = "followers")]
mod checkpoint;
mod collect;
mod envelope;
mod exporter;
mod file_hash;
mod fold;
mod importer;
mod journal;
mod key;
mod manifest;
mod memory;
mod page;
mod parts;
pub mod records;
pub(crate) mod sessions;
mod sizes;
mod slice;
mod slice_hash;
mod store;

pub use changes::{ChangeRecord, read_changes};
#[cfg(feature = "followers")]
pub(crate) use checkpoint::StoredCheckpoint;
pub(crate) use collect::collect;
pub use envelope::{ENVELOPE_BYTES, FORMAT_VERSION, Row, open_row, seal_row};
pub use exporter::Exporter;
pub use fold::fold;
pub use importer::Importer;
pub use journal::{ClientSpan, Journal, SLOTS, ShownSlot, ToldSlot, read_slot};
pub use key::{HostLimits, RowKey, RowKind, RowWrite};
pub use memory::MemoryStore;
pub use page::PageBuilder;
pub(crate) use page::{largest_piece, split_front};
pub(crate) use sessions::Sessions;
pub(crate) use sizes::largest_stored_piece;
pub use sizes::{RowSizes, largest_update};
pub use slice::{
    SlicePart, cut_evenly, part_bytes, read_client_page, read_delete_page, write_client_page, write_delete_page,
};
pub use slice_hash::SliceHash;
pub use store::{Store, StoreError, all_keys, check_store};
