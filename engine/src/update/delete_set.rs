//! Delete sets in bytes, v1.

use super::parse::end_clock;
use crate::lib0::{Reader, write_var_uint};
use crate::values::{ClientId, Clock, Error, IdSet};
use std::ops::Range;

/// Reads a delete set. Overlapping and touching ranges become one, empty ones none.
pub fn read_delete_set(from: &mut Reader<'_>) -> Result<IdSet, Error> {
    let mut ranges = Vec::new();
    read_deletes(from, &mut |client, range| ranges.push((client, range)))?;
    Ok(ranges.into_iter().collect())
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
