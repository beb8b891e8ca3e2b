//! A page in the making: structs and deletes in the order in which they arrived, joined where that loses nothing.
//! Journal slots, base pages and what is sent on are made of it.

use crate::lib0::{Reader, var_uint_len, write_var_uint};
use crate::update::{
    ByteRange, Content, Parent, Struct, StructPart, Update, checked_text, skip_unit, units_of, write_delete_set,
    write_struct,
};
use crate::values::{ClientId, Clock, Id, IdSet, utf16};
use std::collections::BTreeMap;
use std::ops::Range;

/// An update v1 that grows at its end. Each client's structs are kept encoded, so that adding one is an append
/// and encoding all of them is a copy.
#[derive(Clone, Debug, Default)]
pub struct PageBuilder {
    clients: BTreeMap<ClientId, ClientRun>,
    deletes: IdSet,
    struct_bytes: usize,
    delete_bytes: usize,
}

/// The structs of one client.
#[derive(Clone, Debug)]
struct ClientRun {
    first: Clock,
    end: Clock,
    count: u64,
    bytes: Vec<u8>,
    last: Last,
}

/// The last struct of a client, which the next one may join.
#[derive(Clone, Copy, Debug)]
struct Last {
    start: Clock,
    content: Content,
    key_bit: bool,
    right_origin: Option<Id>,
    /// Its length: in bytes for text, in units for all else that can be joined.
    number: u64,
    /// Where that number stands in the client's bytes; the content follows it.
    number_at: usize,
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
        let mut part = part;
        let run = self.clients.entry(of.id.client).or_insert_with(|| {
            self.struct_bytes += CLIENT_BYTES;
            ClientRun::starting_at(of.id.clock + part.start)
        });
        part.start = part.start.max(run.end.saturating_sub(of.id.clock));
        if part.start >= part.end {
            return;
        }
        let before = run.bytes.len();
        let gap = of.id.clock + part.start - run.end;
        if gap > 0 {
            run.append(&Struct::skip(Id::new(of.id.client, run.end), gap), &[], 0..gap);
        }
        if !run.join(of, bytes, part.clone(), deletes) {
            run.append(of, bytes, part);
        }
        self.struct_bytes += run.bytes.len() - before;
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
        self.clients.iter().map(|(client, run)| (*client, run.first, run.end))
    }

    /// Appends the page as an update v1; returns where its delete set begins, counted from the update's start.
    pub fn write_to(&self, out: &mut Vec<u8>) -> usize {
        let start = out.len();
        out.reserve(self.len_bytes());
        write_var_uint(out, self.clients.len() as u64);
        for (client, run) in self.clients.iter().rev() {
            write_var_uint(out, run.count);
            write_var_uint(out, client.value());
            write_var_uint(out, run.first.into());
            out.extend_from_slice(&run.bytes);
        }
        let deletes_at = out.len() - start;
        write_delete_set(out, &self.deletes);
        deletes_at
    }

    /// The page as an update v1. O(bytes).
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }
}

impl ClientRun {
    fn starting_at(clock: Clock) -> ClientRun {
        let nothing =
            Last { start: clock, content: Content::Type, key_bit: false, right_origin: None, number: 0, number_at: 0 };
        ClientRun { first: clock, end: clock, count: 0, bytes: Vec::new(), last: nothing }
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
        if of.content.is_run() {
            if of.content.is_item() {
                StructPart::of(of, bytes, part.start).write_head(&mut self.bytes);
            } else {
                self.bytes.push(of.content as u8);
            }
            let run = RunPart::of(of, bytes, part.clone());
            (last.number, last.number_at) = (run.number, self.bytes.len());
            write_var_uint(&mut self.bytes, run.number);
            run.payload.write_to(&mut self.bytes);
        } else {
            write_struct(&mut self.bytes, of, bytes, part.clone());
        }
        self.count += 1;
        self.end = of.id.clock + part.end;
        self.last = last;
    }

    /// Makes the last struct longer by this part, if splitting the result there, as Yjs does (`Item#splitItem`),
    /// gives both back. `false` if it would not.
    fn join(&mut self, of: &Struct, bytes: &[u8], part: Range<Clock>, deletes: &IdSet) -> bool {
        let last = self.last;
        if self.count == 0 || last.content != of.content || !of.content.is_run() {
            return false;
        }
        if of.content.is_item() {
            let follows = part.start > 0 || of.origin == Some(Id::new(of.id.client, self.end - 1));
            if !follows || last.right_origin != of.right_origin {
                return false;
            }
        }
        if matches!(of.content, Content::Any | Content::Json) {
            // In a map only the last value counts; and what is deleted in part would change what splits give.
            let (start, end) = (of.id.clock + part.start, of.id.clock + part.end);
            let alike = |a: Option<bool>, b: Option<bool>| a.is_some() && a == b;
            let client = of.id.client;
            if last.key_bit
                || of.key_bit
                || !alike(is_deleted(deletes, client, last.start..self.end), is_deleted(deletes, client, start..end))
            {
                return false;
            }
        }
        let run = RunPart::of(of, bytes, part.clone());
        let number = last.number + run.number;
        let (had, needs) = (var_uint_len(last.number), var_uint_len(number));
        if needs > had {
            let at = last.number_at;
            self.bytes.splice(at..at, core::iter::repeat_n(0, needs - had));
        }
        write_var_uint_over(&mut self.bytes[last.number_at..last.number_at + needs], number);
        run.payload.write_to(&mut self.bytes);
        self.last.number = number;
        self.end = of.id.clock + part.end;
        true
    }
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

/// A part of a struct whose content can be cut: the number that is written before it, and its bytes.
struct RunPart<'a> {
    number: u64,
    payload: Payload<'a>,
}

enum Payload<'a> {
    Nothing,
    Text(utf16::Cut<'a>),
    Values(&'a [u8]),
}

impl<'a> RunPart<'a> {
    fn of(of: &Struct, bytes: &'a [u8], part: Range<Clock>) -> RunPart<'a> {
        let units = u64::from(part.end - part.start);
        let payload = of.payload.of(bytes);
        match of.content {
            Content::String => {
                let text = checked_text(payload);
                let cut = if units == u64::from(of.len) {
                    utf16::Cut { half_before: false, text, half_after: false }
                } else {
                    utf16::cut(text, part.start, part.end)
                };
                RunPart { number: cut.len_bytes() as u64, payload: Payload::Text(cut) }
            }
            Content::Any | Content::Json => {
                let is_whole = units == u64::from(of.len);
                let values = if is_whole { payload } else { units_of(of.content, payload, part).of(payload) };
                RunPart { number: units, payload: Payload::Values(values) }
            }
            _ => RunPart { number: units, payload: Payload::Nothing },
        }
    }
}

impl Payload<'_> {
    fn write_to(&self, out: &mut Vec<u8>) {
        match self {
            Payload::Nothing => {}
            Payload::Text(cut) => cut.write_to(out),
            Payload::Values(values) => out.extend_from_slice(values),
        }
    }
}

/// Cuts off the units of a struct that fit into `most` bytes of content, at least one; the rest, if there is any.
/// Never cuts a surrogate pair. O(bytes that are cut off).
pub(crate) fn split_front(of: &Struct, bytes: &[u8], most: usize) -> (Struct, Option<Struct>) {
    let (units, len_bytes) = front_that_fits(of, bytes, most);
    if units >= of.len {
        return (*of, None);
    }
    let middle = of.payload.start + len_bytes as u32;
    let front = Struct { len: units, payload: ByteRange { end: middle, ..of.payload }, ..*of };
    let last = Id::new(of.id.client, of.id.clock + units - 1);
    let rest = Struct {
        id: Id::new(of.id.client, of.id.clock + units),
        len: of.len - units,
        origin: if of.content.is_item() { Some(last) } else { of.origin },
        payload: ByteRange { start: middle, ..of.payload },
        ..*of
    };
    (front, Some(rest))
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
