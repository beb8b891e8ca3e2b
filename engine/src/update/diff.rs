//! What is in an update v1, and the part of it that somebody lacks, without a document.

use super::block_writer::{BlockWriter, write_block};
use super::parse::parse_struct;
use super::state_vector::{decode_state_vector, encode_state_vector};
use super::struct_walk::{Extent, StructWalk};
use super::write::write_struct;
use crate::lib0::Reader;
use crate::values::{ClientId, Clock, Error, Id, StateVector};
use std::collections::BTreeMap;
use std::ops::Range;

/// Checks an update as [`Update::parse_v1`](super::Update::parse_v1) does, keeping nothing. O(bytes), no allocation
/// beyond its deletes.
///
/// # Errors
/// The same.
pub fn validate_update(update: &[u8]) -> Result<(), Error> {
    StructWalk::new(update)?.read_deletes(&mut |_, _| {})
}

/// The part of an update that a replica with this encoded state vector lacks, with all of its deletes. A struct
/// that is known in part is cut; a surrogate pair that is cut apart leaves U+FFFD. (Yjs: `diffUpdate`)
/// O(bytes); memory: the result.
///
/// # Errors
/// A malformed update or state vector.
pub fn diff_update(update: &[u8], state_vector: &[u8]) -> Result<Vec<u8>, Error> {
    let known = decode_state_vector(state_vector)?;
    let mut walk = StructWalk::new(update)?;
    let mut out = BlockWriter::default();
    while let Some(client) = walk.next_block()? {
        let known = known.clock(client);
        while let Some(of) = walk.next_extent()? {
            if !of.is_skip && of.clocks.end > known {
                let id = Id::new(client, of.clocks.start.max(known));
                copy_rest(&mut walk, update, of, id, out.begin_block())?;
            }
        }
    }
    Ok(out.finish(&walk.into_deletes()?))
}

/// Writes the rest of the block that is walked through, from unit `id` of its struct `first` on. Only that struct can be
/// another than it was; the others are copied.
fn copy_rest(walk: &mut StructWalk<'_>, update: &[u8], first: Extent, id: Id, out: &mut Vec<u8>) -> Result<(), Error> {
    let mut structs = Vec::new();
    match id.clock - first.clocks.start {
        0 => structs.extend_from_slice(&update[first.bytes]),
        known => {
            let begin = Id { clock: first.clocks.start, ..id };
            let of = parse_struct(&mut Reader::starting_at(update, first.bytes.start), begin)?;
            write_struct(&mut structs, &of, update, known..of.len);
        }
    }
    let mut count = 1;
    while let Some(of) = walk.next_extent()? {
        count += 1;
        structs.extend_from_slice(&update[of.bytes]);
    }
    write_block(out, count, id, &structs);
    Ok(())
}

/// The encoded state vector of a replica that has applied just this update: of each client whose structs begin at
/// clock 0, the clock up to which nothing is missing. (Yjs: `encodeStateVectorFromUpdate`) O(bytes).
///
/// # Errors
/// A malformed update.
pub fn state_vector_of_update(update: &[u8]) -> Result<Vec<u8>, Error> {
    let mut walk = StructWalk::new(update)?;
    let mut vector = StateVector::default();
    while let Some(client) = walk.next_block()? {
        let mut known = vector.clock(client);
        while let Some(of) = walk.next_extent()? {
            if !of.is_skip && of.clocks.start <= known {
                known = known.max(of.clocks.end);
            }
        }
        vector.advance(client, known);
    }
    walk.read_deletes(&mut |_, _| {})?;
    Ok(encode_state_vector(&vector))
}

/// The clocks that an update touches: of each client the first one and the one after the last, gaps between them not
/// minded. (Yjs: `parseUpdateMeta`) O(bytes).
///
/// # Errors
/// A malformed update.
pub fn clocks_of_update(update: &[u8]) -> Result<BTreeMap<ClientId, Range<Clock>>, Error> {
    let mut walk = StructWalk::new(update)?;
    let mut clocks: BTreeMap<ClientId, Range<Clock>> = BTreeMap::new();
    while let Some(client) = walk.next_block()? {
        while let Some(of) = walk.next_extent()? {
            let range = clocks.entry(client).or_insert(of.clocks.clone());
            *range = range.start.min(of.clocks.start)..range.end.max(of.clocks.end);
        }
    }
    walk.read_deletes(&mut |_, _| {})?;
    Ok(clocks)
}
