//! A checkpoint of the document in rows of its own: made anew whenever that pays, and ignored when anything about it is wrong.

use super::parts::Parts;
use super::{HostLimits, RowKey, RowKind, RowWrite};
use crate::lib0::{Reader, write_var_uint};

/// A checkpoint as it is stored.
#[derive(Debug)]
pub(crate) struct StoredCheckpoint {
    /// The fold after which the base was what it holds.
    pub(crate) sequence: u64,
    /// The last base page then. It may have grown; those before it are in the checkpoint whole.
    pub(crate) last_page: u32,
    /// Bytes of the base pages then.
    pub(crate) base_bytes: usize,
    /// What [`Doc::checkpoint`](crate::Doc::checkpoint) gave.
    pub(crate) checkpoint: Vec<u8>,
}

impl StoredCheckpoint {
    /// Appends its rows.
    pub(crate) fn write_rows(&self, stamp: u64, host: HostLimits, batch: &mut Vec<RowWrite>) {
        let mut bytes = Vec::with_capacity(16 + self.checkpoint.len());
        write_var_uint(&mut bytes, self.last_page.into());
        write_var_uint(&mut bytes, self.base_bytes as u64);
        bytes.extend_from_slice(&self.checkpoint);
        Parts { stamp, sequence: self.sequence, bytes }.write_rows(RowKind::Checkpoint, host, batch);
    }

    /// What these rows hold; `None` if that is not a whole checkpoint of this document.
    pub(crate) fn read_rows(rows: &[(RowKey, Vec<u8>)], stamp: u64) -> Option<StoredCheckpoint> {
        let parts = Parts::read_rows(rows).ok()??;
        let mut from = Reader::new(&parts.bytes);
        let last_page = u32::try_from(from.read_var_uint().ok()?).ok()?;
        let base_bytes = usize::try_from(from.read_var_uint().ok()?).ok()?;
        let checkpoint = parts.bytes[from.offset()..].to_vec();
        (parts.stamp == stamp).then_some(StoredCheckpoint {
            sequence: parts.sequence,
            last_page,
            base_bytes,
            checkpoint,
        })
    }
}
