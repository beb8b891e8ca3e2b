//! Client pages and delete pages: slices of the state vector and of the delete set, in the bytes in which Yjs writes them.

use crate::lib0::Reader;
use crate::update::{decode_state_vector, read_delete_set, write_delete_set, write_state_vector};
use crate::values::{Error, ErrorKind, IdSet, StateVector};

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

/// Cuts what one slice would hold into several of about `target` bytes once it is more than twice that. `size` is what an
/// entry takes, in bytes.
pub fn cut_evenly<T>(entries: Vec<T>, target: usize, size: impl Fn(&T) -> usize) -> Vec<Vec<T>> {
    let total: usize = entries.iter().map(&size).sum();
    if total <= 2 * target {
        return vec![entries];
    }
    let count = total / target.max(1);
    let mut parts = Vec::with_capacity(count);
    let mut part = Vec::new();
    let mut bytes = 0;
    for entry in entries {
        if bytes * count >= total * (parts.len() + 1) {
            parts.push(core::mem::take(&mut part));
        }
        bytes += size(&entry);
        part.push(entry);
    }
    parts.push(part);
    parts
}
