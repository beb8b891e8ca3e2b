//! Collecting: deleted content of a page gives way to its length, where that makes the page smaller.
//!
//! Items become `ContentDeleted`, whatever they held, and keep their ids, origins, parent and key. No GC structs are made:
//! Yjs makes GC of all that names one as its origin or right origin, live text as well.

use super::PageBuilder;
use super::page::piece;
use crate::lib0::Reader;
use crate::update::{Content, Struct, Update, skip_unit};
use crate::values::{Clock, IdSet};

/// What a cut through a struct costs, in bytes: about what the head of one more takes.
const CUT_BYTES: usize = 20;

/// A page of these bytes without the content of what is in `dead`: of structs that are in it whole, and of parts of others
/// that take more bytes than the cuts around them. `None` if the page would not be smaller so, by `least` bytes or more.
/// `deletes` is the delete set as far as it is known, as for [`PageBuilder::add_struct`]. O(bytes of structs, and ranges of
/// `dead` in them).
pub(crate) fn collect(page: &[u8], dead: &IdSet, deletes: &IdSet, least: usize) -> Option<Vec<u8>> {
    let mut update = Update::default();
    let deletes_at = update.parse_without_deletes(page).ok()?;
    let for_each_part = |add: &mut dyn FnMut(&Struct)| -> usize {
        let structs = update.structs.iter().filter(|of| of.content != Content::Skip);
        structs.map(|of| collect_struct(of, page, dead, add)).sum()
    };
    // Of most pages not much can go: that is found out before one is written.
    if for_each_part(&mut |_| {}) < least.max(1) {
        return None;
    }
    let mut rest = PageBuilder::default();
    for_each_part(&mut |part| rest.add_struct(part, page, 0..part.len, deletes));
    let mut collected = Vec::with_capacity(page.len());
    rest.write_structs(&mut collected);
    collected.extend_from_slice(&page[deletes_at..]);
    Some(collected).filter(|collected| collected.len() + least.max(1) <= page.len())
}

/// Gives a struct on in parts, of which those that are collected are `Deleted`. Gives how many bytes that saves at most: their
/// content, and their heads if they are joined.
fn collect_struct(of: &Struct, bytes: &[u8], dead: &IdSet, add: &mut dyn FnMut(&Struct)) -> usize {
    let mut walk = Walk { content: of.content, payload: of.payload.of(bytes), len: of.len, unit: 0, byte: 0 };
    // Where what was not given on begins.
    let mut from = (0, 0);
    let mut saved = 0;
    let is_content = of.content.is_item() && of.content != Content::Deleted;
    let ranges = if is_content { dead.touching(of.id.client, of.id.clock..of.end()) } else { &[] };
    for range in ranges {
        let first = range.start.saturating_sub(of.id.clock);
        walk.seek(first);
        if walk.unit < first {
            walk.step();
        }
        let start = walk.place();
        walk.seek((range.end - of.id.clock).min(of.len));
        let end = walk.place();
        let cuts = usize::from(start.0 > 0) + usize::from(end.0 < of.len);
        if cuts > 0 && end.1 - start.1 <= CUT_BYTES * cuts {
            continue;
        }
        if from.0 < start.0 {
            add(&piece(of, from, start));
        }
        add(&Struct { content: Content::Deleted, ..piece(of, start, end) });
        saved += end.1 - start.1 + CUT_BYTES;
        from = end;
    }
    if from.0 < of.len {
        add(&piece(of, from, (of.len, of.payload.of(bytes).len())));
    }
    saved
}

/// Goes through the units of a payload, without ever standing inside a surrogate pair.
struct Walk<'a> {
    content: Content,
    payload: &'a [u8],
    len: Clock,
    unit: Clock,
    byte: usize,
}

impl Walk<'_> {
    fn place(&self) -> (Clock, usize) {
        (self.unit, self.byte)
    }

    /// Units and bytes of what comes next.
    fn next(&self) -> (Clock, usize) {
        match self.content {
            Content::String => match self.payload[self.byte] {
                ..0x80 => (1, 1),
                0x80..0xe0 => (1, 2),
                0xe0..0xf0 => (1, 3),
                _ => (2, 4),
            },
            Content::Any | Content::Json => {
                let mut from = Reader::starting_at(self.payload, self.byte);
                skip_unit(self.content, &mut from);
                (1, from.offset() - self.byte)
            }
            _ => (1, self.payload.len()),
        }
    }

    fn step(&mut self) {
        let (units, bytes) = self.next();
        self.unit += units;
        self.byte += bytes;
    }

    /// Goes on to this unit, or before the pair that it is the low half of.
    fn seek(&mut self, to: Clock) {
        if self.content == Content::String && self.payload.len() == self.len as usize {
            (self.unit, self.byte) = (to, to as usize);
        }
        while self.unit < to && self.unit + self.next().0 <= to {
            self.step();
        }
    }
}
