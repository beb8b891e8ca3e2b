//! Reading a sequence: its live content, piece by piece, in document order.

use super::block_finder::BlockFinder;
use super::{Block, Client, LocalId, Log, NO_SEQUENCE, Place, Sequence, Store, TypeHandle};
use crate::lib0::{Reader, skip_any};
use crate::update::{Content, units_of};
use crate::values::{Clock, Error, utf16};
use std::ops::Range;

/// A run of units in one block that stand next to each other in a sequence.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Piece {
    /// Index of the block in its client's log.
    pub(crate) block: usize,
    /// Id of the first unit.
    pub(crate) first: LocalId,
    /// Number of units.
    pub(crate) len: Clock,
    /// What the units are.
    pub(crate) content: Content,
}

/// One unit of content that is not text, as stored.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Unit<'a> {
    /// An `any` value in bytes.
    Any(&'a [u8]),
    /// JSON text, or `undefined`.
    Json(&'a str),
    /// A byte array.
    Binary(&'a [u8]),
    /// An embedded value as JSON text.
    Embed(&'a str),
    /// A shared type.
    Type(TypeHandle),
    /// A subdocument: guid, and options as `any` in bytes.
    Doc(&'a str, &'a [u8]),
    /// A formatting mark: key, value as JSON text.
    Format(&'a str, &'a str),
    /// One UTF-16 unit of text: a character, or half of one.
    Text(utf16::Cut<'a>),
    /// Content that was collected.
    Nothing,
}

impl Store {
    /// What finds blocks for one reading.
    pub(crate) fn block_finder(&self) -> BlockFinder<'_> {
        BlockFinder::new(&self.logs)
    }

    /// The pieces of a sequence that are not deleted, in order. O(spans + blocks touched).
    pub(crate) fn pieces(&self, sequence: Sequence) -> impl Iterator<Item = Piece> + '_ {
        let live = self.order.spans(sequence).filter(|span| !span.is_deleted());
        let mut blocks = self.block_finder();
        live.flat_map(move |span| {
            let block = blocks.find(span.client(), span.clock);
            self.pieces_from(span.client(), span.clock..span.end(), block)
        })
    }

    /// The pieces of units of one client that stand next to each other, deleted or not; not of an empty range.
    pub(crate) fn pieces_in(&self, client: Client, clocks: Range<Clock>) -> impl Iterator<Item = Piece> + '_ {
        let block = self.log(client).find(clocks.start);
        self.pieces_from(client, clocks, block)
    }

    /// The same pieces of any range with the sequence that each stands in; those that stand in none are left out.
    pub(crate) fn placed_pieces_in(
        &self,
        client: Client,
        clocks: Range<Clock>,
    ) -> impl Iterator<Item = (Sequence, Piece)> + '_ {
        let blocks = self.log(client).blocks();
        let pieces = (!clocks.is_empty()).then(|| self.pieces_in(client, clocks));
        let placed = pieces.into_iter().flatten().map(|piece| (blocks[piece.block].sequence, piece));
        placed.filter(|(sequence, _)| *sequence != NO_SEQUENCE)
    }

    /// The same, where the block of the first unit is known.
    pub(crate) fn pieces_from(
        &self,
        client: Client,
        clocks: Range<Clock>,
        mut block: usize,
    ) -> impl Iterator<Item = Piece> + '_ {
        let log = self.log(client);
        let Range { start: mut clock, end: stop } = clocks;
        std::iter::from_fn(move || {
            (clock < stop).then(|| {
                let end = log.block_end(block).min(stop);
                let content = log.blocks()[block].content;
                let piece = Piece { block, first: (client, clock), len: end - clock, content };
                (clock, block) = (end, block + 1);
                piece
            })
        })
    }

    /// The unit before a unit in its sequence, deleted or not. O(log).
    pub(crate) fn unit_before(&self, unit: LocalId) -> Option<LocalId> {
        self.order.unit_before(self.order.look_up(unit.0, unit.1)?)
    }

    /// Appends all text of a sequence that is not deleted. O(spans + blocks touched + bytes).
    pub(crate) fn append_text_of(&self, sequence: Sequence, out: &mut Vec<u8>) {
        let mut blocks = self.block_finder();
        self.order.spans(sequence).filter(|span| !span.is_deleted()).for_each(|span| {
            let (client, clocks) = (span.client(), span.clock..span.end());
            let block = blocks.find(client, clocks.start);
            match self.log(client).ascii_text(block, clocks.clone()) {
                Some(ascii) => out.extend_from_slice(ascii),
                None => self
                    .pieces_from(client, clocks, block)
                    .filter(|piece| piece.content == Content::String)
                    .for_each(|piece| self.append_carried(piece, out)),
            }
        });
    }

    /// The units of a client from `from` on as they are written, and the block that they stand in, if that is one, of text.
    /// O(units).
    #[inline(always)]
    pub(crate) fn text_since(&self, client: Client, from: Clock) -> Option<(&Block, &[u8])> {
        let (block, text) = self.log(client).text_since(from)?;
        // Halves of a pair that was cut are written as U+FFFD each.
        (block.is_ascii || self.cut_pairs.is_empty()).then_some((block, text))
    }

    /// Calls `text` with the parts of a piece of text. Halves of cut pairs come as U+FFFD.
    pub(crate) fn read_text<'a>(&'a self, piece: Piece, mut text: impl FnMut(&'a str)) {
        let log = self.log(piece.first.0);
        let block_clock = log.blocks()[piece.block].clock;
        let mut part = |from: Clock, to: Clock| {
            let cut = log.text_part(piece.block, from - block_clock, to - block_clock);
            if cut.half_before {
                text(utf16::REPLACEMENT);
            }
            text(cut.text);
            if cut.half_after {
                text(utf16::REPLACEMENT);
            }
        };
        let (client, mut from) = piece.first;
        let end = from + piece.len;
        if log.has_wide_text() && !self.cut_pairs.is_empty() {
            for &(_, half) in self.cut_pairs.range((client, from)..(client, end - 1)) {
                part(from, half + 1);
                from = half + 1;
            }
        }
        part(from, end);
    }

    /// Appends what a piece carries as it is written, without lengths or counts: broken pairs as U+FFFD twice.
    pub(crate) fn append_carried(&self, piece: Piece, out: &mut Vec<u8>) {
        match self.stored(piece) {
            Some(stored) => out.extend_from_slice(stored),
            None => self.read_text(piece, |part| out.extend_from_slice(part.as_bytes())),
        }
    }

    /// The same from where it is stored; `None` for text with broken pairs.
    #[inline]
    pub(crate) fn stored(&self, piece: Piece) -> Option<&[u8]> {
        let log = self.log(piece.first.0);
        let block = &log.blocks()[piece.block];
        let payload = log.payload(piece.block);
        let is_whole = piece.len == log.block_end(piece.block) - block.clock;
        match piece.content {
            // The handle of the type stands before what is written.
            Content::Type => payload.get(size_of::<TypeHandle>()..),
            _ if is_whole && (block.is_ascii || self.cut_pairs.is_empty()) => Some(payload),
            Content::String => self.stored_text(piece),
            Content::Any | Content::Json => {
                let skip = piece.first.1 - block.clock;
                Some(units_of(piece.content, payload, skip..skip + piece.len).of(payload))
            }
            _ => Some(payload),
        }
    }

    fn stored_text(&self, piece: Piece) -> Option<&[u8]> {
        let log = self.log(piece.first.0);
        let block = &log.blocks()[piece.block];
        let from = piece.first.1 - block.clock;
        if let Some(ascii) = log.ascii_part(block, from, from + piece.len) {
            return Some(ascii);
        }
        if !self.cut_pairs.is_empty() {
            return None;
        }
        let payload = log.payload(piece.block);
        let (half_before, bytes, half_after) = utf16::cut_bytes(payload, from, from + piece.len);
        (!half_before && !half_after).then(|| &payload[bytes])
    }

    /// Calls `each` with every unit of a piece that is not text.
    pub(crate) fn read_units<'a>(&'a self, piece: Piece, mut each: impl FnMut(Unit<'a>)) {
        let log = self.log(piece.first.0);
        let block: &Block = &log.blocks()[piece.block];
        let payload = log.payload(piece.block);
        let skip = piece.first.1 - block.clock;
        let from = &mut Reader::new(payload);
        match block.content {
            Content::Any | Content::Json => {
                for unit in 0..skip + piece.len {
                    let Ok(value) = read_value(block.content, payload, from) else {
                        return;
                    };
                    if unit >= skip {
                        each(value);
                    }
                }
            }
            Content::String => {
                for unit in skip..skip + piece.len {
                    each(Unit::Text(log.text_part(piece.block, unit, unit + 1)));
                }
            }
            Content::Deleted | Content::Gc | Content::Skip => (0..piece.len).for_each(|_| each(Unit::Nothing)),
            _ => each(read_single(block.content, log, piece.block).unwrap_or(Unit::Nothing)),
        }
    }

    /// The unit at a place that is not at the end of its sequence.
    pub(crate) fn unit_at(&self, place: Place) -> Option<Unit<'_>> {
        let first = self.order.unit_after(place)?;
        self.unit(first)
    }

    /// The unit with this id, deleted or not.
    pub(crate) fn unit(&self, id: LocalId) -> Option<Unit<'_>> {
        let log = self.log(id.0);
        let block = log.find(id.1);
        let piece = Piece { block, first: id, len: 1, content: log.blocks()[block].content };
        let mut unit = None;
        self.read_units(piece, |read| unit = Some(read));
        unit
    }

    /// The type that a unit holds, if it holds one.
    pub(crate) fn type_of(&self, id: LocalId) -> Option<TypeHandle> {
        match self.block(id).content {
            Content::Type => match self.unit(id) {
                Some(Unit::Type(handle)) => Some(handle),
                _ => None,
            },
            _ => None,
        }
    }
}

fn read_value<'a>(content: Content, payload: &'a [u8], from: &mut Reader<'a>) -> Result<Unit<'a>, Error> {
    if content == Content::Json {
        return from.read_string().map(Unit::Json);
    }
    let start = from.offset();
    skip_any(from)?;
    Ok(Unit::Any(&payload[start..from.offset()]))
}

fn read_single(content: Content, log: &Log, block: usize) -> Option<Unit<'_>> {
    let payload = log.payload(block);
    let mut from = Reader::new(payload);
    Some(match content {
        Content::Binary => Unit::Binary(payload),
        Content::Embed => Unit::Embed(core::str::from_utf8(payload).ok()?),
        Content::Format => Unit::Format(from.read_string().ok()?, from.read_string().ok()?),
        Content::Type => Unit::Type(TypeHandle::from_le_bytes(*payload.first_chunk()?)),
        Content::Doc => {
            let guid = from.read_string().ok()?;
            Unit::Doc(guid, &payload[from.offset()..])
        }
        _ => return None,
    })
}
