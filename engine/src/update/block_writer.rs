//! An update in the making: structs are appended client after client, and counted where their block begins.

use super::delete_set::write_delete_set;
use super::structs::Struct;
use super::write::write_struct;
use crate::lib0::write_var_uint;
use crate::values::{Clock, Id, IdSet};

/// Gathers structs into the blocks of an update v1. (Yjs: `LazyStructWriter`)
#[derive(Debug, Default)]
pub(super) struct BlockWriter {
    /// All blocks without their counts.
    bytes: Vec<u8>,
    /// Where each block ends in `bytes`, and how many structs it has.
    blocks: Vec<(usize, u64)>,
    /// The id that continues the last block.
    next: Option<Id>,
}

impl BlockWriter {
    /// Appends what a struct of the update `bytes` holds from unit `from` on.
    pub(super) fn push(&mut self, of: &Struct, bytes: &[u8], from: Clock) {
        let start = Id::new(of.id.client, of.id.clock + from);
        if self.next != Some(start) {
            write_var_uint(&mut self.bytes, start.client.value());
            write_var_uint(&mut self.bytes, start.clock.into());
            self.blocks.push((0, 0));
        }
        // As Yjs writes a struct that it has read: only the key itself sets the bit, and it outlives a cut.
        let of = Struct { key_bit: of.key.is_some(), ..*of };
        write_struct(&mut self.bytes, &of, bytes, from..of.len);
        self.next = Some(Id::new(of.id.client, of.end()));
        if let Some((end, count)) = self.blocks.last_mut() {
            *end = self.bytes.len();
            *count += 1;
        }
    }

    /// The update, with these deletes. O(bytes).
    pub(super) fn finish(self, deletes: &IdSet) -> Vec<u8> {
        let mut out = Vec::with_capacity(self.bytes.len() + 4 * self.blocks.len() + 8);
        write_var_uint(&mut out, self.blocks.len() as u64);
        let mut start = 0;
        for (end, count) in self.blocks {
            write_var_uint(&mut out, count);
            out.extend_from_slice(&self.bytes[start..end]);
            start = end;
        }
        write_delete_set(&mut out, deletes);
        out
    }
}
