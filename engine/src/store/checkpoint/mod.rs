//! A store in bytes as it lies in memory, so that opening it is copying. `FORMAT.md` says how.

mod read;
mod write;

/// So many runs or blocks are read or written between two stops.
const PART: usize = if cfg!(debug_assertions) { 3 } else { 512 };

/// The mark of a run that stands in no sequence; the others are those of [`Mark`](super::Mark).
const UNPLACED: u8 = 3;

/// What follows the byte of a block for its origin or right origin.
const NONE: u8 = 0;
/// Origin: the client's unit before. Right origin: that of the block before.
const SAME: u8 = 1;
/// An earlier unit of the same client.
const OWN: u8 = 2;
/// A unit of whatever client.
const ANY: u8 = 3;

const HELD_TYPE: u64 = 8;
const ENTRY: u64 = 9;

/// A signed number as an unsigned one: small where it is near 0.
fn fold(number: i64) -> u64 {
    ((number << 1) ^ (number >> 63)) as u64
}

/// The number that was [folded](fold).
fn unfold(number: u64) -> i64 {
    (number >> 1) as i64 ^ -((number & 1) as i64)
}
