//! Client pages and delete pages: slices of the state vector and of the delete set, in the bytes in which Yjs writes them.

use crate::lib0::{Reader, var_uint_len};
use crate::update::{decode_state_vector, read_delete_set, write_delete_set, write_state_vector};
use crate::values::{ClientId, Clock, Error, ErrorKind, IdSet, StateVector};
use std::ops::Range;

/// Appends the body of a client page: a state vector.
pub fn write_client_page(out: &mut Vec<u8>, slice: &StateVector) {
    write_state_vector(out, slice);
}

/// Reads the body of a client page. O(clients in it).
///
/// # Errors
/// If it is none.
pub fn read_client_page(body: &[u8]) -> Result<StateVector, Error> {
    decode_state_vector(body)
}

/// Appends the body of a delete page: an update without structs, which can be sent as it is.
pub fn write_delete_page(out: &mut Vec<u8>, slice: &IdSet) {
    out.push(0);
    write_delete_set(out, slice);
}

/// Reads the body of a delete page. O(ranges in it).
///
/// # Errors
/// If it is none.
pub fn read_delete_page(body: &[u8]) -> Result<IdSet, Error> {
    let mut from = Reader::new(body);
    if from.read_var_uint()? != 0 {
        return Err(ErrorKind::DamagedRow.into());
    }
    let slice = read_delete_set(&mut from)?;
    from.expect_end()?;
    Ok(slice)
}

/// What a slice says of a client: some of its deleted ids, or with a range from 0 how far it is.
pub type SlicePart = (ClientId, Range<Clock>);

/// What a part takes at most, in bytes.
pub fn part_bytes((client, range): &SlicePart) -> usize {
    var_uint_len(client.value()) + 1 + var_uint_len(range.start.into()) + var_uint_len((range.end - range.start).into())
}

/// Cuts what one slice would hold into several of about `target` bytes once it is more than twice that.
pub fn cut_evenly(parts: Vec<SlicePart>, target: usize) -> Vec<Vec<SlicePart>> {
    let total: usize = parts.iter().map(part_bytes).sum();
    if total <= 2 * target {
        return vec![parts];
    }
    let count = total / target.max(1);
    let mut slices = vec![Vec::new()];
    let mut bytes = 0;
    for part in parts {
        if bytes * count >= total * slices.len() {
            slices.push(Vec::new());
        }
        bytes += part_bytes(&part);
        if let Some(slice) = slices.last_mut() {
            slice.push(part);
        }
    }
    slices
}
