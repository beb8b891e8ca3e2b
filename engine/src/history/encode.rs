//! Snapshots in bytes, v1 and v2: the delete set in its format, then the state vector.

use super::Snapshot;
use crate::lib0::Reader;
use crate::update::{
    read_delete_set, read_delete_set_v2, read_state_vector, write_delete_set, write_delete_set_v2, write_state_vector,
};
use crate::values::Error;

impl Snapshot {
    /// The snapshot in bytes v1. (Yjs: `encodeSnapshot`)
    pub fn encode_v1(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_delete_set(&mut out, &self.deletes);
        write_state_vector(&mut out, &self.state);
        out
    }

    /// The snapshot in bytes v2. (Yjs: `encodeSnapshotV2`)
    pub fn encode_v2(&self) -> Vec<u8> {
        let mut out = Vec::new();
        write_delete_set_v2(&mut out, &self.deletes);
        write_state_vector(&mut out, &self.state);
        out
    }

    /// Reads a snapshot v1. Ranges that touch become one, clients with clock 0 are left out. O(bytes).
    /// (Yjs: `decodeSnapshot`)
    ///
    /// # Errors
    /// Bytes missing or left over, clocks above 32 bits; the error says where.
    pub fn decode_v1(bytes: &[u8]) -> Result<Snapshot, Error> {
        let mut from = Reader::new(bytes);
        let deletes = read_delete_set(&mut from)?;
        let state = read_state_vector(&mut from)?;
        from.expect_end()?;
        Ok(Snapshot { state, deletes })
    }

    /// Reads a snapshot v2, as [`decode_v1`](Self::decode_v1) does. (Yjs: `decodeSnapshotV2`)
    ///
    /// # Errors
    /// Bytes missing or left over, clocks above 32 bits; the error says where.
    pub fn decode_v2(bytes: &[u8]) -> Result<Snapshot, Error> {
        let mut from = Reader::new(bytes);
        let deletes = read_delete_set_v2(&mut from)?;
        let state = read_state_vector(&mut from)?;
        from.expect_end()?;
        Ok(Snapshot { state, deletes })
    }
}
