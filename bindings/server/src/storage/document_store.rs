//! The storage contract for one document of the SQLite file, for callers that can wait.

use super::{Storage, StoredDocument};
use merganser::archive::{HostLimits, RowKey, RowWrite, Store, StoreError};
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::mpsc::sync_channel;

/// The rows of one document. Each call waits for the writing thread; not to be used in an asynchronous task.
#[derive(Debug)]
pub struct DocumentStore {
    storage: Arc<Storage>,
    document: Arc<StoredDocument>,
}

impl DocumentStore {
    /// The rows of the document of this name.
    pub fn new(storage: Arc<Storage>, name: &str) -> Self {
        DocumentStore { storage, document: Arc::new(StoredDocument::named(name)) }
    }
}

fn stopped<E>(_: E) -> StoreError {
    StoreError::Failed("the store is closed".into())
}

impl Store for DocumentStore {
    fn limits(&self) -> HostLimits {
        self.storage.limits()
    }

    fn read(&mut self, keys: RangeInclusive<RowKey>) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        let (answer, answered) = sync_channel(1);
        self.storage.read(self.document.clone(), keys, move |rows| {
            // Nobody waits any more if the caller is gone.
            answer.send(rows).ok();
        });
        answered.recv().map_err(stopped)?
    }

    fn write(&mut self, batch: &[RowWrite]) -> Result<(), StoreError> {
        let (answer, answered) = sync_channel(1);
        self.storage.write(self.document.clone(), batch.to_vec(), move |outcome| {
            answer.send(outcome).ok();
        });
        answered.recv().map_err(stopped)?
    }
}
