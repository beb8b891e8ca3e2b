//! A store in memory: for tests, with faults to order, and for documents that need not last.

use super::{HostLimits, RowKey, RowWrite, Store, StoreError};
use std::collections::BTreeMap;
use std::ops::RangeInclusive;

/// Rows in memory.
#[derive(Clone, Debug)]
pub struct MemoryStore {
    rows: BTreeMap<RowKey, Vec<u8>>,
    limits: HostLimits,
    failing_writes: u32,
    history: Option<Vec<Vec<RowWrite>>>,
}

impl Default for MemoryStore {
    /// A store with the limits of [`HostLimits::default`].
    fn default() -> Self {
        MemoryStore::with_limits(HostLimits::default())
    }
}

impl MemoryStore {
    /// An empty store with these limits.
    pub fn with_limits(limits: HostLimits) -> Self {
        MemoryStore { rows: BTreeMap::new(), limits, failing_writes: 0, history: None }
    }

    /// Makes the next `count` writes fail without changing anything.
    pub fn fail_writes(&mut self, count: u32) {
        self.failing_writes = count;
    }

    /// From now on remembers every batch, for [`after_batches`](MemoryStore::after_batches).
    pub fn remember_batches(&mut self) {
        self.history = Some(Vec::new());
    }

    /// How many batches were carried out since they are remembered.
    pub fn batch_count(&self) -> usize {
        self.history.as_ref().map_or(0, Vec::len)
    }

    /// The store as a crash leaves it after the first `count` remembered batches (it was empty before them).
    pub fn after_batches(&self, count: usize) -> MemoryStore {
        let mut store = MemoryStore::with_limits(self.limits);
        for batch in self.history.iter().flatten().take(count) {
            store.carry_out(batch);
        }
        store
    }

    /// The rows themselves, for tests that damage them.
    pub fn rows_mut(&mut self) -> &mut BTreeMap<RowKey, Vec<u8>> {
        &mut self.rows
    }

    /// Number of rows, and of bytes in them.
    pub fn size(&self) -> (usize, usize) {
        (self.rows.len(), self.rows.values().map(Vec::len).sum())
    }

    fn carry_out(&mut self, batch: &[RowWrite]) {
        for change in batch {
            match change {
                RowWrite::Put(key, bytes) => {
                    self.rows.insert(*key, bytes.clone());
                }
                RowWrite::Delete(key) => {
                    self.rows.remove(key);
                }
            }
        }
    }
}

impl Store for MemoryStore {
    fn limits(&self) -> HostLimits {
        self.limits
    }

    fn read(&mut self, keys: RangeInclusive<RowKey>) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        Ok(self.rows.range(keys).map(|(key, bytes)| (*key, bytes.clone())).collect())
    }

    fn write(&mut self, batch: &[RowWrite]) -> Result<(), StoreError> {
        if self.failing_writes > 0 {
            self.failing_writes -= 1;
            return Err(StoreError::Failed("as ordered".into()));
        }
        let too_large =
            |change: &RowWrite| matches!(change, RowWrite::Put(_, row) if row.len() > self.limits.row_bytes);
        if batch.len() > self.limits.batch_rows || batch.iter().any(too_large) {
            return Err(StoreError::TooLarge);
        }
        self.carry_out(batch);
        if let Some(history) = &mut self.history {
            history.push(batch.to_vec());
        }
        Ok(())
    }
}
