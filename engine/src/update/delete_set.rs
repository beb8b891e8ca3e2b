//! Delete sets in bytes, v1.

use super::MOST_RESERVED;
use crate::lib0::{Reader, write_var_uint};
use crate::values::{ClientId, Clock, Error, ErrorKind, IdSet};
use std::ops::Range;

/// Reads a delete set. Overlapping and touching ranges become one, empty ones none.
pub fn read_delete_set(from: &mut Reader<'_>) -> Result<IdSet, Error> {
    let mut clients = Vec::new();
    for _ in 0..from.read_count(2)? {
        let client = from.read_client()?;
        let count = from.read_count(2)?;
        let mut ranges = Vec::with_capacity(count.min(MOST_RESERVED));
        for _ in 0..count {
            ranges.push(read_range(from)?);
        }
        clients.push((client, ranges));
    }
    Ok(IdSet::of_clients(clients))
}

/// Reads a delete set range by range, as they stand there; empty ones are left out.
pub(super) fn read_deletes(from: &mut Reader<'_>, found: &mut dyn FnMut(ClientId, Range<Clock>)) -> Result<(), Error> {
    for _ in 0..from.read_count(2)? {
        let client = from.read_client()?;
        for _ in 0..from.read_count(2)? {
            let range = read_range(from)?;
            if !range.is_empty() {
                found(client, range);
            }
        }
    }
    Ok(())
}

/// Reads one range, which may be empty.
#[inline]
pub(super) fn read_range(from: &mut Reader<'_>) -> Result<Range<Clock>, Error> {
    let starts = from.offset();
    let clock = from.read_var_uint()?;
    let len_starts = from.offset();
    let len = from.read_var_uint()?;
    // Neither has more than 53 bits. The largest clock is kept free, as everywhere.
    match Clock::try_from(clock + len) {
        Ok(end) if end < Clock::MAX => Ok(clock as Clock..end),
        _ => Err(overflow([starts, len_starts, from.offset()], clock, len)),
    }
}

/// A clock, a length or the end of the range goes too far: the error is at the first of them that does.
#[cold]
fn overflow(offsets: [usize; 3], clock: u64, len: u64) -> Error {
    let at = match [clock, len].map(|number| Clock::try_from(number).is_ok()) {
        [false, _] => offsets[0],
        [true, false] => offsets[1],
        [true, true] => offsets[2],
    };
    Error::at(ErrorKind::ClockOverflow, at)
}

/// Appends a delete set: clients descending as Yjs writes them, ranges ascending.
pub fn write_delete_set(out: &mut Vec<u8>, set: &IdSet) {
    write_var_uint(out, set.client_count() as u64);
    for (client, ranges) in set.clients().rev() {
        write_var_uint(out, client.value());
        write_var_uint(out, ranges.len() as u64);
        for range in ranges {
            write_var_uint(out, range.start.into());
            write_var_uint(out, (range.end - range.start).into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::random::numbers;

    /// Whatever the order: clients named again, ranges that are empty, touch, overlap or go back.
    #[test]
    fn reading_is_collecting() {
        let mut below = numbers(7);
        for _ in 0..3_000 {
            let groups = below(5);
            let mut bytes = vec![groups as u8];
            let mut expected = IdSet::default();
            for _ in 0..groups {
                let (client, count) = (below(3), below(5));
                bytes.extend([client as u8, count as u8]);
                for _ in 0..count {
                    let (start, len) = (below(20), below(5));
                    bytes.extend([start as u8, len as u8]);
                    expected.insert(ClientId::from(client), start..start + len);
                }
            }
            let mut from = Reader::new(&bytes);
            assert_eq!(read_delete_set(&mut from).unwrap(), expected, "{bytes:?}");
            assert!(from.is_at_end());
        }
    }
}
