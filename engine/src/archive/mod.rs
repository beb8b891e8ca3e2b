//! A document's stored history without the document: rows, journal, base pages, manifest.
//!
//! `FORMAT.md` in this folder draws the rows byte by byte.

mod key;

pub use key::{HostLimits, RowKey, RowKind, RowWrite};
