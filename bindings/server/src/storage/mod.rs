//! Where documents are stored: one SQLite file for all of them, written by one thread.

mod committer;
mod database;
mod document_store;
mod lock;

pub use committer::{Outcome, Storage};
pub use database::OpenError;
pub use document_store::DocumentStore;

use percent_encoding::percent_decode_str;
use std::fmt;
use std::sync::OnceLock;

/// A document as the store knows it: by its name, and by its number once it has one.
#[derive(Debug)]
pub struct StoredDocument {
    name: Box<str>,
    /// Given by the first write that is committed.
    number: OnceLock<i64>,
}

impl StoredDocument {
    /// The document of this name, which may have no rows yet.
    pub fn named(name: &str) -> Self {
        StoredDocument { name: name.into(), number: OnceLock::new() }
    }

    /// Its name: the path of its connections, percent-encoded as it came.
    pub fn name(&self) -> &str {
        &self.name
    }
}

impl fmt::Display for StoredDocument {
    /// The name as people read it, decoded.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&percent_decode_str(&self.name).decode_utf8_lossy())
    }
}
