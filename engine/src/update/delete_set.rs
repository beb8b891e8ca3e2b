//! Delete sets in bytes, v1.

use crate::lib0::{Reader, write_var_uint};
use crate::values::{Clock, Error, ErrorKind, IdSet};

/// Reads a delete set. Overlapping and touching ranges become one, empty ones none.
pub fn read_delete_set(from: &mut Reader<'_>) -> Result<IdSet, Error> {
    let mut ranges = Vec::new();
    for _ in 0..from.read_count(2)? {
        let client = from.read_client()?;
        for _ in 0..from.read_count(2)? {
            let clock = from.read_clock()?;
            let len = from.read_clock()?;
            let end = clock.checked_add(len).filter(|end| *end < Clock::MAX);
            ranges.push((client, clock..end.ok_or(from.error(ErrorKind::ClockOverflow))?));
        }
    }
    Ok(ranges.into_iter().collect())
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
