//! State vectors in bytes.

use super::MOST_RESERVED;
use crate::lib0::{Reader, write_var_uint};
use crate::values::{Error, StateVector};

/// Reads a state vector. A client that is listed twice has its higher clock.
///
/// # Errors
/// Bytes missing or left over, clocks above 32 bits.
pub fn decode_state_vector(bytes: &[u8]) -> Result<StateVector, Error> {
    let mut from = Reader::new(bytes);
    let vector = read_state_vector(&mut from)?;
    from.expect_end()?;
    Ok(vector)
}

/// Reads a state vector that something else may follow.
pub fn read_state_vector(from: &mut Reader<'_>) -> Result<StateVector, Error> {
    let count = from.read_count(2)?;
    let mut entries = Vec::with_capacity(count.min(MOST_RESERVED));
    for _ in 0..count {
        let client = from.read_client()?;
        entries.push((client, from.read_clock()?));
    }
    Ok(StateVector::of(entries))
}

/// Appends a state vector: clients descending, as Yjs writes them.
pub fn write_state_vector(out: &mut Vec<u8>, vector: &StateVector) {
    write_var_uint(out, vector.len() as u64);
    for (client, clock) in vector.iter().rev() {
        write_var_uint(out, client.value());
        write_var_uint(out, clock.into());
    }
}

/// A state vector in bytes of its own.
pub fn encode_state_vector(vector: &StateVector) -> Vec<u8> {
    let mut out = Vec::new();
    write_state_vector(&mut out, vector);
    out
}
