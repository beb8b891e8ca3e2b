//! Updates that wait for what they depend on: kept within a limit, stored beside the journal, tried again when
//! what they miss has come.

use crate::archive::{HostLimits, RowKey, RowKind, RowWrite, largest_update, seal_row};
use crate::lib0::{Reader, var_uint_len, write_bytes};
use crate::values::{ClientId, Clock, Error, Id, sort_by_numbers};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use twox_hash::XxHash3_64;

/// What waits.
#[derive(Debug, Default)]
pub(super) struct Pending {
    /// Updates with their numbers, by what is missed and the update's hash.
    waiting: BTreeMap<(Id, u64), (u64, Vec<u8>)>,
    next: u64,
    bytes: usize,
    is_dirty: bool,
    /// Hashes of the rows as they are stored.
    rows: Vec<u64>,
    rows_being_written: Option<Vec<u64>>,
}

/// What an update costs besides its bytes, so that many tiny ones are bounded, too.
pub(super) const OVERHEAD_BYTES: usize = 64;
/// A row of waiting updates is ended when it holds this much.
const ROW_BYTES: usize = 64 << 10;

impl Pending {
    /// Adds an update that misses `missing`, unless the exact same bytes wait already; `false` if that would pass
    /// `limit` bytes.
    pub(super) fn add(&mut self, missing: Id, update: Vec<u8>, limit: usize) -> bool {
        let key = (missing, hash_update(&update));
        if self.waiting.contains_key(&key) {
            return true;
        }
        if self.bytes + update.len() + OVERHEAD_BYTES > limit {
            return false;
        }
        self.bytes += update.len() + OVERHEAD_BYTES;
        self.waiting.insert(key, (self.next, update));
        self.next += 1;
        self.is_dirty = true;
        true
    }

    /// Whether there is an update whose missing unit has come, now that `client` has reached `clock`.
    pub(super) fn has_ready(&self, client: ClientId, clock: Clock) -> bool {
        self.ready_key(client, clock).is_some()
    }

    /// Takes out an update whose missing unit has come, now that `client` has reached `clock`.
    pub(super) fn take_ready(&mut self, client: ClientId, clock: Clock) -> Option<Vec<u8>> {
        let key = self.ready_key(client, clock)?;
        let (_, update) = self.waiting.remove(&key)?;
        self.bytes -= update.len() + OVERHEAD_BYTES;
        self.is_dirty = true;
        Some(update)
    }

    fn ready_key(&self, client: ClientId, clock: Clock) -> Option<(Id, u64)> {
        let ready = (Id::new(client, 0), 0)..(Id::new(client, clock), 0);
        self.waiting.range(ready).next().map(|(key, _)| *key)
    }

    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    pub(super) fn is_dirty(&self) -> bool {
        self.is_dirty
    }

    /// Appends the rows that changed.
    pub(super) fn write_rows(&mut self, stamp: u64, folded_sequence: u64, host: HostLimits, batch: &mut Vec<RowWrite>) {
        if !core::mem::take(&mut self.is_dirty) {
            return;
        }
        let mut rows = Vec::new();
        for (number, body) in self.bodies(host).iter().enumerate() {
            let hash = hash_body(body);
            rows.push(hash);
            if self.rows.get(number) != Some(&hash) {
                let key = RowKey::new(RowKind::Pending, number as u32);
                let row = seal_row(key, stamp, folded_sequence, body.len(), |out| out.extend_from_slice(body));
                batch.push(RowWrite::Put(key, row));
            }
        }
        for number in rows.len()..self.rows.len() {
            batch.push(RowWrite::Delete(RowKey::new(RowKind::Pending, number as u32)));
        }
        self.rows_being_written = Some(rows);
    }

    /// What waits as the bodies of rows, oldest first.
    fn bodies(&self, host: HostLimits) -> Vec<Vec<u8>> {
        let most = ROW_BYTES.min(largest_update(host));
        let mut bodies: Vec<Vec<u8>> = Vec::new();
        let mut waiting: Vec<_> = self.waiting.values().collect();
        sort_by_numbers(&mut waiting, |(number, _)| (*number, 0));
        for (_, update) in waiting {
            let cost = update.len() + var_uint_len(update.len() as u64);
            match bodies.last_mut().filter(|body| body.len() + cost <= most) {
                Some(body) => write_bytes(body, update),
                None => {
                    let mut body = Vec::with_capacity(cost);
                    write_bytes(&mut body, update);
                    bodies.push(body);
                }
            }
        }
        bodies
    }

    /// The rows are stored.
    pub(super) fn flushed(&mut self) {
        if let Some(rows) = self.rows_being_written.take() {
            self.rows = rows;
        }
    }

    /// The rows may not be stored: all of them are written again.
    pub(super) fn not_flushed(&mut self) {
        if let Some(rows) = self.rows_being_written.take() {
            let count = rows.len().max(self.rows.len());
            self.rows = vec![0; count];
            self.is_dirty = true;
        }
    }

    pub(super) fn assert_invariants(&self) {
        let bytes: usize = self.waiting.values().map(|(_, update)| update.len() + OVERHEAD_BYTES).sum();
        assert_eq!(bytes, self.bytes, "bytes of what waits");
        for ((_, hash), (number, update)) in &self.waiting {
            assert_eq!(*hash, hash_update(update), "what waits is found by its hash");
            assert!(*number < self.next);
        }
    }

    /// What waits was read from rows with these hashes; 0 where a row is missing or damaged.
    pub(super) fn restore(&mut self, rows: Vec<u64>, host: HostLimits) {
        self.is_dirty = !self.bodies(host).iter().map(|body| hash_body(body)).eq(rows.iter().copied());
        self.rows = rows;
    }
}

/// A hash that tells whether a row has changed; never 0. With a seed, as that of stored rows: so it is the same code.
pub(super) fn hash_body(body: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(0, body).max(1)
}

/// SipHash: two updates with the same hash can't be made on purpose as cheaply as with that of rows.
fn hash_update(update: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    update.hash(&mut hasher);
    hasher.finish()
}

/// The updates in the body of a row, oldest first.
///
/// # Errors
/// If the body does not hold them.
pub(super) fn read_row(body: &[u8]) -> Result<Vec<&[u8]>, Error> {
    let mut from = Reader::new(body);
    let mut updates = Vec::new();
    while !from.is_at_end() {
        updates.push(from.read_bytes()?);
    }
    Ok(updates)
}
