//! What is in an update v1, and the part of it that somebody lacks, without a document.

use super::block_writer::BlockWriter;
use super::state_vector::{decode_state_vector, encode_state_vector};
use super::struct_walk::StructWalk;
use super::structs::Content;
use crate::values::{ClientId, Clock, Error, StateVector};
use std::collections::BTreeMap;
use std::ops::Range;

/// Checks an update as [`Update::parse_v1`](super::Update::parse_v1) does, keeping nothing. O(bytes), no allocation
/// beyond its deletes.
///
/// # Errors
/// The same.
pub fn validate_update(update: &[u8]) -> Result<(), Error> {
    StructWalk::new(update)?.into_deletes().map(|_| ())
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
    let mut writing = None;
    while let Some(of) = walk.next_struct()? {
        let client = of.id.client;
        if writing == Some(client) {
            out.push(&of, update, 0);
        } else if of.content != Content::Skip && of.end() > known.clock(client) {
            out.push(&of, update, known.clock(client).saturating_sub(of.id.clock));
            writing = Some(client);
        }
    }
    Ok(out.finish(&walk.into_deletes()?))
}

/// The encoded state vector of a replica that has applied just this update: of each client whose structs begin at
/// clock 0, the clock up to which nothing is missing. (Yjs: `encodeStateVectorFromUpdate`) O(bytes).
///
/// # Errors
/// A malformed update.
pub fn state_vector_of_update(update: &[u8]) -> Result<Vec<u8>, Error> {
    let mut walk = StructWalk::new(update)?;
    let mut vector = StateVector::default();
    while let Some(of) = walk.next_struct()? {
        let known = vector.clock(of.id.client);
        if of.content != Content::Skip && of.id.clock <= known && of.end() > known {
            vector.advance(of.id.client, of.end());
        }
    }
    walk.into_deletes()?;
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
    while let Some(of) = walk.next_struct()? {
        let range = clocks.entry(of.id.client).or_insert(of.id.clock..of.end());
        *range = range.start.min(of.id.clock)..range.end.max(of.end());
    }
    walk.into_deletes()?;
    Ok(clocks)
}
