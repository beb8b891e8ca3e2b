//! What is done with updates v2 without a document: the same as with v1, by the same code.

use super::convert::{Form, decode_v2};
use super::write_v2::encode_v2_of;
use super::{Update, clocks_of_update, diff_update, merge_updates, state_vector_of_update};
use crate::values::{ClientId, Clock, Error};
use std::collections::BTreeMap;
use std::ops::Range;

fn carried(update: &[u8]) -> Result<Vec<u8>, Error> {
    decode_v2(update, Form::Carried)
}

fn encoded(update: &[u8]) -> Result<Vec<u8>, Error> {
    Ok(encode_v2_of(Update::parse_v1(update)?, update, Form::Carried))
}

/// Checks an update v2: everything that reads one accepts it then. O(what it becomes in v1).
///
/// # Errors
/// As [`convert_update_v2_to_v1`](super::convert_update_v2_to_v1).
pub fn validate_update_v2(update: &[u8]) -> Result<(), Error> {
    carried(update).map(|_| ())
}

/// One update v2 with the content of all these, as [`merge_updates`] makes one of v1. A single update comes back as it is.
/// (Yjs: `mergeUpdatesV2`) O(bytes in v1 * log updates).
///
/// # Errors
/// A malformed update; the offset counts in that one.
pub fn merge_updates_v2(updates: &[&[u8]]) -> Result<Vec<u8>, Error> {
    if let [only] = updates {
        validate_update_v2(only)?;
        return Ok(only.to_vec());
    }
    let updates = updates.iter().map(|update| carried(update)).collect::<Result<Vec<_>, _>>()?;
    encoded(&merge_updates(&updates.iter().map(Vec::as_slice).collect::<Vec<_>>())?)
}

/// The part of an update v2 that a replica with this encoded state vector lacks, as v2. State vectors are the same in
/// both formats. (Yjs: `diffUpdateV2`) O(bytes in v1).
///
/// # Errors
/// A malformed update or state vector.
pub fn diff_update_v2(update: &[u8], state_vector: &[u8]) -> Result<Vec<u8>, Error> {
    encoded(&diff_update(&carried(update)?, state_vector)?)
}

/// The encoded state vector of a replica that has applied just this update v2; see [`state_vector_of_update`].
/// (Yjs: `encodeStateVectorFromUpdateV2`) O(bytes in v1).
///
/// # Errors
/// A malformed update.
pub fn state_vector_of_update_v2(update: &[u8]) -> Result<Vec<u8>, Error> {
    state_vector_of_update(&carried(update)?)
}

/// The clocks that an update v2 touches; see [`clocks_of_update`]. (Yjs: `parseUpdateMetaV2`) O(bytes in v1).
///
/// # Errors
/// A malformed update.
pub fn clocks_of_update_v2(update: &[u8]) -> Result<BTreeMap<ClientId, Range<Clock>>, Error> {
    clocks_of_update(&carried(update)?)
}
