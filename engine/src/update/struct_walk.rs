//! Walking through the structs of an update v1 one by one, without keeping them.

use super::delete_set::read_deletes;
use super::parse::{check_struct, end_clock, parse_struct};
use super::single::Single;
use super::structs::{ByteRange, Content, Parent, Struct};
use crate::lib0::Reader;
use crate::values::{ClientId, Clock, Error, ErrorKind, Id, IdSet};
use std::ops::Range;

/// The structs of an update, or of some of its client blocks, checked as they are read.
/// (Yjs: `LazyStructReader`, with Skip structs) Allocates nothing.
#[derive(Clone, Debug)]
pub(super) struct StructWalk<'a> {
    bytes: &'a [u8],
    from: Reader<'a>,
    /// Client blocks that are not begun yet.
    blocks_left: usize,
    /// Structs of the current block that are not read yet.
    structs_left: usize,
    next: Id,
    begun_blocks: usize,
    is_descending: bool,
}

/// What a struct of a block extends over.
#[derive(Clone, Debug)]
pub(super) struct Extent {
    /// Its units.
    pub(super) clocks: Range<Clock>,
    /// Whether the update does not hold them.
    pub(super) is_skip: bool,
    /// Its bytes in the update.
    pub(super) bytes: Range<usize>,
}

impl<'a> StructWalk<'a> {
    /// A walk through all structs of an update.
    pub(super) fn new(bytes: &'a [u8]) -> Result<StructWalk<'a>, Error> {
        if u32::try_from(bytes.len()).is_err() {
            return Err(ErrorKind::TooLarge.into());
        }
        let mut from = Reader::new(bytes);
        let blocks_left = from.read_count(3)?;
        let next = Id::new(ClientId::default(), 0);
        Ok(StructWalk { bytes, from, blocks_left, structs_left: 0, next, begun_blocks: 0, is_descending: true })
    }

    /// The only struct of an update that is a run of text, as nearly all are of someone who types, and the walk behind it. `None`
    /// for all other updates, and for those that are malformed there.
    #[inline]
    pub(super) fn past_text(bytes: &'a [u8]) -> Option<(StructWalk<'a>, Struct)> {
        let (text, end) = Single::read_text(bytes)?;
        let next = text.id.clock.checked_add(text.len).filter(|end| *end < Clock::MAX)?;
        u32::try_from(bytes.len()).ok()?;
        let payload = ByteRange { start: (end - text.text.len()) as u32, end: end as u32 };
        let read = Struct {
            id: text.id,
            len: text.len,
            content: Content::String,
            key_bit: false,
            origin: text.origin,
            right_origin: text.right_origin,
            parent: Parent::Inherited,
            key: None,
            payload,
        };
        let walk = StructWalk {
            bytes,
            from: Reader::starting_at(bytes, end),
            blocks_left: 0,
            structs_left: 0,
            next: Id::new(text.id.client, next),
            begun_blocks: 1,
            is_descending: true,
        };
        Some((walk, read))
    }

    /// The update that is walked through; byte ranges of structs belong to it.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next struct that has units; `None` behind the last one.
    pub(super) fn next_struct(&mut self) -> Result<Option<Struct>, Error> {
        loop {
            if let Some(read) = self.next_in_block()? {
                return Ok(Some(read));
            }
            if self.next_block()?.is_none() {
                return Ok(None);
            }
        }
    }

    /// The next struct of the block that has units; `None` at the block's end.
    pub(super) fn next_in_block(&mut self) -> Result<Option<Struct>, Error> {
        while self.structs_left > 0 {
            let read = parse_struct(&mut self.from, self.next)?;
            self.pass(read.len)?;
            // A struct without units names nothing; nothing can refer to it.
            if read.len > 0 {
                return Ok(Some(read));
            }
        }
        Ok(None)
    }

    /// The same of which no more is asked than what it extends over; it is checked none the less.
    pub(super) fn next_extent(&mut self) -> Result<Option<Extent>, Error> {
        while self.structs_left > 0 {
            let (at, id) = (self.from.offset(), self.next);
            let (content, len) = check_struct(&mut self.from, id)?;
            self.pass(len)?;
            if len > 0 {
                let clocks = id.clock..self.next.clock;
                return Ok(Some(Extent { clocks, is_skip: content == Content::Skip, bytes: at..self.from.offset() }));
            }
        }
        Ok(None)
    }

    fn pass(&mut self, len: Clock) -> Result<(), Error> {
        self.structs_left -= 1;
        self.next.clock = end_clock(&self.from, self.next.clock, len)?;
        Ok(())
    }

    /// Begins the next block, where the structs of the one before have been passed; its client, or `None` behind the last.
    pub(super) fn next_block(&mut self) -> Result<Option<ClientId>, Error> {
        if self.blocks_left == 0 {
            return Ok(None);
        }
        self.blocks_left -= 1;
        self.structs_left = self.from.read_count(2)?;
        let client = self.from.read_client()?;
        self.is_descending &= self.begun_blocks == 0 || client < self.next.client;
        self.begun_blocks += 1;
        self.next = Id::new(client, self.from.read_clock()?);
        Ok(Some(client))
    }

    /// Whether the clients have descended so far, as they do in whatever Yjs writes.
    pub(super) fn is_descending(&self) -> bool {
        self.is_descending
    }

    /// Cuts the rest of the update into walks in each of which the clients descend. O(bytes).
    pub(super) fn descending_parts(mut self) -> Result<Vec<StructWalk<'a>>, Error> {
        let mut parts: Vec<StructWalk<'a>> = Vec::new();
        let mut last_client = None;
        loop {
            let block = StructWalk { blocks_left: 1, begun_blocks: 0, is_descending: true, ..self.clone() };
            let Some(client) = self.next_block()? else { break };
            match parts.last_mut() {
                Some(part) if last_client > Some(client) => part.blocks_left += 1,
                _ => parts.push(block),
            }
            last_client = Some(client);
            while self.next_extent()?.is_some() {}
        }
        Ok(parts)
    }

    /// The delete set that follows behind the structs, walking past those that are left.
    pub(super) fn into_deletes(self) -> Result<IdSet, Error> {
        let mut deletes = Vec::new();
        self.read_deletes(&mut |client, range| deletes.push((client, range)))?;
        Ok(deletes.into_iter().collect())
    }

    /// Reads the delete set that follows behind the structs, range by range, walking past those that are left.
    pub(super) fn read_deletes(mut self, found: &mut dyn FnMut(ClientId, Range<Clock>)) -> Result<(), Error> {
        while self.structs_left > 0 || self.blocks_left > 0 {
            while self.next_extent()?.is_some() {}
            self.next_block()?;
        }
        read_deletes(&mut self.from, found)?;
        self.from.expect_end()
    }
}
