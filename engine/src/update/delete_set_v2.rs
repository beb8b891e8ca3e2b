//! Delete sets in bytes, v2: each clock as its distance from where the range before it ended.

use crate::lib0::{Reader, append_numbers, write_var_uint};
use crate::values::{ClientId, Clock, Error, ErrorKind, IdSet};

/// Reads a delete set v2. Touching ranges become one. (Yjs: `readDeleteSet`, `DSDecoderV2`)
///
/// # Errors
/// Bytes missing, clocks above 32 bits.
pub fn read_delete_set_v2(from: &mut Reader<'_>) -> Result<IdSet, Error> {
    let mut ranges = Vec::new();
    for _ in 0..from.read_count(2)? {
        let client = from.read_client()?;
        let mut end: Clock = 0;
        for _ in 0..from.read_count(2)? {
            let start = from.offset();
            let too_large = Error::at(ErrorKind::ClockOverflow, start);
            let clock = end.checked_add(from.read_clock()?).ok_or(too_large)?;
            // A length is written less one. The largest clock is kept free, as in v1.
            let last = clock.checked_add(from.read_clock()?).filter(|last| *last < Clock::MAX - 1).ok_or(too_large)?;
            end = last + 1;
            ranges.push((client, clock..end));
        }
    }
    Ok(ranges.into_iter().collect())
}

/// Appends a delete set v2: clients descending as Yjs writes them. (Yjs: `writeDeleteSet`, `DSEncoderV2`)
pub fn write_delete_set_v2(out: &mut Vec<u8>, set: &IdSet) {
    write_var_uint(out, set.client_count() as u64);
    for (client, ranges) in set.clients().rev() {
        write_deletes_of(out, client, ranges.iter().map(|range| (range.start, range.end)));
    }
}

/// Appends what is deleted of one client: ranges ascending, neither touching nor overlapping.
pub(crate) fn write_deletes_of(
    out: &mut Vec<u8>,
    client: ClientId,
    ranges: impl ExactSizeIterator<Item = (Clock, Clock)>,
) {
    write_var_uint(out, client.value());
    write_var_uint(out, ranges.len() as u64);
    let mut end = 0;
    for (start, after) in ranges {
        append_numbers::<16>(out, |out| {
            out.number((start - end).into());
            out.number((after - start - 1).into());
        });
        end = after;
    }
}
