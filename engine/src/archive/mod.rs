//! A document's stored history without the document: rows, journal, base pages, manifest.
//!
//! `FORMAT.md` in this folder draws the rows byte by byte.

mod envelope;
mod key;
mod memory;
pub mod records;
mod sizes;
mod store;

pub use envelope::{ENVELOPE_BYTES, FORMAT_VERSION, Row, open_row, seal_row};
pub use key::{HostLimits, RowKey, RowKind, RowWrite};
pub use memory::MemoryStore;
pub use sizes::{RowSizes, largest_update};
pub use store::{Store, StoreError, all_keys, check_store};
