//! A replica in bytes, for opening it quickly: the store as it lies in memory, and what waits.
//!
//! The bytes are described in `store/checkpoint/FORMAT.md`.

use super::Replica;
use crate::lib0::{write_bytes, write_var_uint};
use crate::store::Store;
use crate::update::{QuietReader, write_block, write_delete_set};
use crate::values::{Error, ErrorKind, Id, Pace};
use twox_hash::XxHash3_64;

/// The version that is written. Others are refused: a checkpoint can be made again.
const VERSION: u8 = 1;
/// Scans at crowded places must not be shortened.
const SCANS_IN_FULL: u8 = 1;
const HASH_BYTES: usize = 8;

impl Replica {
    /// All of it in bytes.
    pub(crate) async fn write_checkpoint(&self, pace: &Pace) -> Vec<u8> {
        let mut out = vec![VERSION, if self.milestones.has_given_up() { SCANS_IN_FULL } else { 0 }];
        self.store.write_checkpoint(&mut out, pace).await;
        write_bytes(&mut out, &self.encode_pending());
        let hash = XxHash3_64::oneshot(&out);
        out.extend_from_slice(&hash.to_le_bytes());
        out
    }

    /// What waits, as update v1; no bytes if nothing does.
    fn encode_pending(&self) -> Vec<u8> {
        let mut out = Vec::new();
        if self.pending.is_empty() {
            return out;
        }
        let mut structs = Vec::new();
        write_var_uint(&mut out, self.pending.clients().count() as u64);
        for (client, first) in self.pending.clients() {
            structs.clear();
            let count = self.pending.write_client(&mut structs, client, first);
            write_block(&mut out, count, Id::new(client, first), &structs);
        }
        write_delete_set(&mut out, self.pending.deletes());
        out
    }

    /// A replica out of a checkpoint. O(bytes).
    ///
    /// # Errors
    /// `DamagedRow` if it is not whole or contradicts itself, `NewerVersion`, or more waiting than the limit.
    pub(crate) async fn open_checkpoint(
        collects: bool,
        pending_limit_bytes: usize,
        bytes: &[u8],
        pace: &Pace,
    ) -> Result<Replica, Error> {
        let damaged = Error::from(ErrorKind::DamagedRow);
        if u32::try_from(bytes.len()).is_err() {
            return Err(ErrorKind::TooLarge.into());
        }
        let (content, hash) = bytes.split_last_chunk::<HASH_BYTES>().ok_or(damaged)?;
        if XxHash3_64::oneshot(content).to_le_bytes() != *hash {
            return Err(damaged);
        }
        let mut from = QuietReader::starting_at(content, 0);
        let version = from.byte().ok_or(damaged)?;
        if version != VERSION {
            return Err(if version > VERSION { ErrorKind::NewerVersion.into() } else { damaged });
        }
        let flags = from.byte().ok_or(damaged)?;
        let mut replica = Replica::new(collects, pending_limit_bytes);
        replica.store = Store::read_checkpoint(collects, &mut from, pace).await.ok_or(damaged)?;
        if flags & SCANS_IN_FULL != 0 {
            replica.milestones.give_up();
        }
        let waiting = from.sized_bytes().ok_or(damaged)?;
        if !from.is_at_end() {
            return Err(damaged);
        }
        if !waiting.is_empty() {
            replica.apply(waiting)?;
            replica.begin();
        }
        Ok(replica)
    }
}
