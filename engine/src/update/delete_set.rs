//! Delete sets in bytes, v1.

use super::parse::end_clock;
use crate::lib0::{Reader, write_var_uint};
use crate::values::{ClientId, Clock, Error, IdSet};
use std::ops::Range;

/// Ranges for which there is room before they are read.
const MOST_RESERVED: usize = 4_096;

/// Reads a delete set. Overlapping and touching ranges become one, empty ones none.
pub fn read_delete_set(from: &mut Reader<'_>) -> Result<IdSet, Error> {
    let (mut set, mut of_named_again) = (IdSet::default(), Vec::new());
    for _ in 0..from.read_count(2)? {
        let client = from.read_client()?;
        let count = from.read_count(2)?;
        // The count may promise more than comes.
        let mut ranges = Vec::with_capacity(count.min(MOST_RESERVED));
        for _ in 0..count {
            ranges.push(read_range(from)?);
        }
        match set.ranges(client).is_empty() {
            true => set.insert_client(client, ranges),
            false => of_named_again.extend(ranges.into_iter().map(|range| (client, range))),
        }
    }
    if !of_named_again.is_empty() {
        set.merge(&of_named_again.into_iter().collect());
    }
    Ok(set)
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
pub(super) fn read_range(from: &mut Reader<'_>) -> Result<Range<Clock>, Error> {
    let clock = from.read_clock()?;
    let len = from.read_clock()?;
    Ok(clock..end_clock(from, clock, len)?)
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
