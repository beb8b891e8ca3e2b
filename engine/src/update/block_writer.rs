//! An update in the making: blocks are appended, and counted.

use super::delete_set::write_delete_set;
use super::write::write_id;
use crate::lib0::{encode_word, write_var_uint};
use crate::values::{Id, IdSet};

/// Gathers the blocks of an update v1.
#[derive(Debug, Default)]
pub(super) struct BlockWriter {
    count: u64,
    bytes: Vec<u8>,
}

impl BlockWriter {
    /// Where the next block is to be written.
    pub(super) fn begin_block(&mut self) -> &mut Vec<u8> {
        self.count += 1;
        &mut self.bytes
    }

    /// The update, with these deletes. O(bytes).
    pub(super) fn finish(self, deletes: &IdSet) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 4 * deletes.range_count() + 16);
        write_var_uint(&mut out, self.count);
        out.extend_from_slice(&self.bytes);
        write_delete_set(&mut out, deletes);
        out
    }
}

/// Appends a block: so many structs in bytes, the first of which stands at `first`.
pub(crate) fn write_block(out: &mut Vec<u8>, count: u64, first: Id, structs: &[u8]) {
    write_var_uint(out, count);
    write_id(out, first);
    out.extend_from_slice(structs);
}

/// Writes a count where a byte was left free for it. Counts are small: what follows is moved only for one of 128 or more.
pub(crate) fn write_count_at(out: &mut Vec<u8>, at: usize, count: u64) {
    if count < 0x80 {
        out[at] = count as u8;
    } else {
        let (bytes, len) = encode_word(count);
        out.splice(at..=at, bytes.into_iter().take(len));
    }
}
