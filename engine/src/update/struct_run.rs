//! The structs of one client in bytes, joined where that loses nothing. Merged updates, journal slots and base pages are
//! made of such runs.

use super::block_writer::write_block;
use super::structs::{Content, Struct};
use super::write::{RunPart, StructPart, write_struct};
use crate::lib0::{var_uint_len, write_var_uint};
use crate::values::{ClientId, Clock, Id, IdSet};
use std::ops::Range;

/// Structs of one client that are appended, and joined to the last one if splitting the result there, as Yjs does
/// (`Item#splitItem`), gives both back.
#[derive(Clone, Debug)]
pub(crate) struct StructRun {
    first: Clock,
    end: Clock,
    count: u64,
    bytes: Vec<u8>,
    last: Last,
}

/// The last struct, which the next one may join.
#[derive(Clone, Copy, Debug)]
struct Last {
    start: Clock,
    content: Content,
    key_bit: bool,
    right_origin: Option<Id>,
    /// Its length: in bytes for text, in units for all else that can be joined.
    number: u64,
    /// Where that number stands in the run's bytes; the content follows it.
    number_at: usize,
}

/// Room for a struct or two: many runs are no longer.
const FIRST_BYTES: usize = 32;

impl StructRun {
    /// An empty run that begins at this clock.
    pub(crate) fn starting_at(clock: Clock) -> StructRun {
        let nothing =
            Last { start: clock, content: Content::Type, key_bit: false, right_origin: None, number: 0, number_at: 0 };
        StructRun { first: clock, end: clock, count: 0, bytes: Vec::with_capacity(FIRST_BYTES), last: nothing }
    }

    /// The same, of another client, in this one's memory.
    pub(super) fn start_again_at(&mut self, clock: Clock) {
        self.bytes.clear();
        (self.first, self.end, self.count) = (clock, clock, 0);
    }

    /// The clock of its first unit.
    pub(crate) fn first(&self) -> Clock {
        self.first
    }

    /// The clock after its last unit.
    pub(crate) fn end(&self) -> Clock {
        self.end
    }

    /// How many bytes the structs have.
    pub(crate) fn len_bytes(&self) -> usize {
        self.bytes.len()
    }

    /// Appends the run as the block of an update.
    pub(crate) fn write_block(&self, client: ClientId, out: &mut Vec<u8>) {
        write_block(out, self.count, Id::new(client, self.first), &self.bytes);
    }

    /// Appends the units `part` of a struct of the update `bytes`: what the run has of them already is left out, and a gap
    /// before them becomes a Skip. `deletes` is the delete set as far as it is known; it decides whether values of lists
    /// may be joined. O(bytes of the part), with no allocation while there is room.
    pub(crate) fn add(&mut self, of: &Struct, bytes: &[u8], part: Range<Clock>, deletes: &IdSet) {
        let part = part.start.max(self.end.saturating_sub(of.id.clock))..part.end;
        if part.start >= part.end {
            return;
        }
        let gap = of.id.clock + part.start - self.end;
        if gap > 0 {
            self.append(&Struct::skip(Id::new(of.id.client, self.end), gap), &[], 0..gap);
        }
        if self.continues(of, part.start) && are_alike(deletes, of, self.last.start..self.end, &part) {
            self.join(of, bytes, part);
        } else {
            self.append(of, bytes, part);
        }
    }

    /// Whether the units of a struct from `from` on, which come next, may be joined to the last struct, as far as the delete
    /// set has no say in it.
    pub(super) fn continues(&self, of: &Struct, from: Clock) -> bool {
        let last = &self.last;
        if last.content != of.content || !of.content.is_run() || self.count == 0 {
            return false;
        }
        if !of.content.is_item() {
            return true;
        }
        // In a map only the last value counts.
        let is_entry = of.content.is_values() && (last.key_bit || of.key_bit);
        let follows = from > 0 || of.origin == Some(Id::new(of.id.client, self.end - 1));
        follows && last.right_origin == of.right_origin && !is_entry
    }

    fn append(&mut self, of: &Struct, bytes: &[u8], part: Range<Clock>) {
        let mut last = Last {
            start: of.id.clock + part.start,
            content: of.content,
            key_bit: of.key_bit,
            right_origin: of.right_origin,
            number: 0,
            number_at: 0,
        };
        self.count += 1;
        self.end = of.id.clock + part.end;
        if of.content.is_run() {
            if of.content.is_item() {
                StructPart::of(of, bytes, part.start).write_head(&mut self.bytes);
            } else {
                self.bytes.push(of.content as u8);
            }
            let content = RunPart::of(of.content, of.payload.of(bytes), of.len, part);
            (last.number, last.number_at) = (content.number, self.bytes.len());
            write_var_uint(&mut self.bytes, content.number);
            content.write_to(&mut self.bytes);
        } else {
            write_struct(&mut self.bytes, of, bytes, part);
        }
        self.last = last;
    }

    /// Makes the last struct longer by this part.
    fn join(&mut self, of: &Struct, bytes: &[u8], part: Range<Clock>) {
        self.end = of.id.clock + part.end;
        let content = RunPart::of(of.content, of.payload.of(bytes), of.len, part);
        let number = self.last.number + content.number;
        let (had, needs) = (var_uint_len(self.last.number), var_uint_len(number));
        let at = self.last.number_at;
        if needs > had {
            self.bytes.splice(at..at, core::iter::repeat_n(0, needs - had));
        }
        write_var_uint_over(&mut self.bytes[at..at + needs], number);
        content.write_to(&mut self.bytes);
        self.last.number = number;
    }
}

/// Whether the delete set allows joining: what is deleted in part would change what splits give, where units are values.
fn are_alike(deletes: &IdSet, of: &Struct, last: Range<Clock>, part: &Range<Clock>) -> bool {
    if !of.content.is_values() {
        return true;
    }
    let client = of.id.client;
    let of_last = is_deleted(deletes, client, last);
    of_last.is_some() && of_last == is_deleted(deletes, client, of.id.clock + part.start..of.id.clock + part.end)
}

/// Whether all of a range is deleted, or none of it; `None` for a part.
fn is_deleted(deletes: &IdSet, client: ClientId, range: Range<Clock>) -> Option<bool> {
    let mut missing = 0;
    deletes.for_each_missing(client, range.clone(), |part| missing += part.end - part.start);
    match missing {
        0 => Some(true),
        all if all == range.end - range.start => Some(false),
        _ => None,
    }
}

fn write_var_uint_over(place: &mut [u8], value: u64) {
    let mut rest = value;
    let last = place.len() - 1;
    for (index, byte) in place.iter_mut().enumerate() {
        *byte = rest as u8 & 0x7f | if index < last { 0x80 } else { 0 };
        rest >>= 7;
    }
}
