//! A page in the making: structs and deletes in the order in which they arrived, joined where that loses nothing.
//! Journal slots, base pages and what is sent on are made of it.

use crate::lib0::{Reader, write_var_uint};
use crate::update::{ByteRange, Content, Parent, Struct, StructRun, Update, checked_text, skip_unit, write_delete_set};
use crate::values::{ClientId, Clock, Id, IdSet, utf16};
use std::collections::BTreeMap;
use std::ops::Range;

/// An update v1 that grows at its end. Each client's structs are kept encoded, so that adding one is an append
/// and encoding all of them is a copy.
#[derive(Clone, Debug, Default)]
pub struct PageBuilder {
    clients: BTreeMap<ClientId, StructRun>,
    deletes: IdSet,
    struct_bytes: usize,
    delete_bytes: usize,
}

/// Bytes that a client costs besides its structs: count, id and first clock, and its line in a summary.
const CLIENT_BYTES: usize = 40;
/// Bytes of a range of deletes at most, on average.
const RANGE_BYTES: usize = 10;

impl PageBuilder {
    /// Appends the units `part` of a struct of the update `bytes`. What this page has of it already is left out.
    /// `deletes` is the delete set as far as it is known; it decides whether values of lists may be joined.
    /// O(bytes of the part), with no allocation of its own while the client's buffer has room.
    pub fn add_struct(&mut self, of: &Struct, bytes: &[u8], part: Range<Clock>, deletes: &IdSet) {
        let run = self.clients.entry(of.id.client).or_insert_with(|| {
            self.struct_bytes += CLIENT_BYTES;
            StructRun::starting_at(of.id.clock + part.start)
        });
        let before = run.len_bytes();
        run.add(of, bytes, part, deletes);
        self.struct_bytes += run.len_bytes() - before;
    }

    /// Adds deleted ids, ranges of a client in ascending order: each is O(1) then.
    pub fn add_delete(&mut self, client: ClientId, range: Range<Clock>) {
        let last = self.deletes.ranges(client).last();
        let grows = last.is_some_and(|last| last.end == range.start || last.start == range.end);
        if !grows {
            self.delete_bytes += RANGE_BYTES + if last.is_none() { RANGE_BYTES } else { 0 };
        }
        self.deletes.insert(client, range);
    }

    /// Adds deleted ids. O(ranges, and those that are there of the same clients).
    pub fn add_deletes(&mut self, deletes: &IdSet) {
        for (client, ranges) in deletes.clients() {
            let last = self.deletes.ranges(client).last();
            let grows = last.is_some_and(|last| last.end == ranges[0].start || last.start == ranges[0].end);
            self.delete_bytes += RANGE_BYTES * (ranges.len() - usize::from(grows));
            self.delete_bytes += if last.is_none() { RANGE_BYTES } else { 0 };
        }
        self.deletes.merge(deletes);
    }

    /// Appends all structs and deletes of an update that belongs behind what is there. Skips are left out.
    pub fn add_update(&mut self, update: &Update, bytes: &[u8], deletes: &IdSet) {
        for of in update.structs.iter().filter(|of| of.content != Content::Skip) {
            self.add_struct(of, bytes, 0..of.len, deletes);
        }
        if !update.deletes.is_empty() {
            self.add_deletes(&update.deletes.iter().cloned().collect());
        }
    }

    /// Whether nothing was added.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.deletes.is_empty()
    }

    /// About how many bytes [`encode`](PageBuilder::encode) gives; rather more than less.
    pub fn len_bytes(&self) -> usize {
        2 + self.struct_bytes + self.delete_bytes
    }

    /// The deletes in it.
    pub fn deletes(&self) -> &IdSet {
        &self.deletes
    }

    /// Client, first clock and clock after the last, clients ascending.
    pub fn clients(&self) -> impl Iterator<Item = (ClientId, Clock, Clock)> + '_ {
        self.clients.iter().map(|(client, run)| (*client, run.first(), run.end()))
    }

    /// Appends the page as an update v1; returns where its delete set begins, counted from the update's start.
    pub fn write_to(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.reserve(self.len_bytes());
        self.write_structs(out);
        let deletes_at = out.len() - start;
        write_delete_set(out, &self.deletes);
        deletes_at
    }

    /// Appends the structs of the update; a delete set has to follow.
    pub(super) fn write_structs(&self, out: &mut Vec<u8>) {
        write_var_uint(out, self.clients.len() as u64);
        for (client, run) in self.clients.iter().rev() {
            run.write_block(*client, out);
        }
    }

    /// The page as an update v1. O(bytes).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }
}

/// Cuts off the units of a struct that fit into `most` bytes of content, at least one; the rest, if there is any.
/// Never cuts a surrogate pair. O(bytes that are cut off).
pub(crate) fn split_front(of: &Struct, bytes: &[u8], most: usize) -> (Struct, Option<Struct>) {
    let (units, len_bytes) = front_that_fits(of, bytes, most);
    if units >= of.len {
        return (*of, None);
    }
    let (middle, end) = ((units, len_bytes), (of.len, of.payload.of(bytes).len()));
    let (front, rest) = (piece(of, (0, 0), middle), piece(of, middle, end));
    (front, Some(rest))
}

/// A part of a struct, as Yjs would split it off. Its ends are counted from the struct's start in units, and in bytes of the
/// content.
pub(super) fn piece(of: &Struct, start: (Clock, usize), end: (Clock, usize)) -> Struct {
    let left = Id::new(of.id.client, (of.id.clock + start.0).saturating_sub(1));
    let byte = |at: usize| of.payload.start + at as u32;
    Struct {
        id: Id::new(of.id.client, of.id.clock + start.0),
        len: end.0 - start.0,
        origin: if start.0 > 0 && of.content.is_item() { Some(left) } else { of.origin },
        payload: ByteRange { start: byte(start.1), end: byte(end.1) },
        ..*of
    }
}

/// How many units fit, and how many bytes of content they have.
fn front_that_fits(of: &Struct, bytes: &[u8], most: usize) -> (Clock, usize) {
    let payload = of.payload.of(bytes);
    match of.content {
        Content::String if payload.len() > most => {
            let goes_on = |end: usize| payload.get(end).is_some_and(|byte| byte & 0xc0 == 0x80);
            let mut end = most;
            while end > 0 && goes_on(end) {
                end -= 1;
            }
            if end == 0 {
                end = 1;
                while goes_on(end) {
                    end += 1;
                }
            }
            let text = checked_text(&payload[..end]);
            (utf16::len(text), end)
        }
        Content::Any | Content::Json => {
            let mut from = Reader::new(payload);
            let mut end = 0;
            for unit in 0..of.len {
                skip_unit(of.content, &mut from);
                if unit > 0 && from.offset() > most {
                    return (unit, end);
                }
                end = from.offset();
            }
            (of.len, end)
        }
        _ => (of.len, payload.len()),
    }
}

/// Size in bytes of a struct's names: its key, and the root that it lies in.
pub(crate) fn names_bytes(of: &Struct, bytes: &[u8]) -> usize {
    let root = if let Parent::Root(name) = of.parent { name.of(bytes).len() } else { 0 };
    root + of.key.map_or(0, |key| key.of(bytes).len())
}

/// Size in bytes of the largest piece that can't be cut: names, and the content or its largest unit.
pub(crate) fn largest_piece(of: &Struct, bytes: &[u8]) -> usize {
    let payload = of.payload.of(bytes);
    let content = match of.content {
        Content::String => 4.min(payload.len()),
        Content::Any | Content::Json => {
            let mut from = Reader::new(payload);
            let mut largest = 0;
            for _ in 0..of.len {
                let start = from.offset();
                skip_unit(of.content, &mut from);
                largest = largest.max(from.offset() - start);
            }
            largest
        }
        _ => payload.len(),
    };
    names_bytes(of, bytes) + content
}
