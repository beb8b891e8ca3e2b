//! Walking through the structs of an update v1 one by one, without keeping them.

use super::delete_set::read_delete_set;
use super::parse::{end_clock, parse_struct};
use super::structs::Struct;
use crate::lib0::Reader;
use crate::values::{ClientId, Error, ErrorKind, Id, IdSet};

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

    /// The update that is walked through; byte ranges of structs belong to it.
    pub(super) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    /// The next struct that has units; `None` behind the last one.
    pub(super) fn next_struct(&mut self) -> Result<Option<Struct>, Error> {
        loop {
            if self.structs_left > 0 {
                let read = self.read_in_block()?;
                // A struct without units names nothing; nothing can refer to it.
                if read.len > 0 {
                    return Ok(Some(read));
                }
            } else if self.blocks_left > 0 {
                self.begin_block()?;
            } else {
                return Ok(None);
            }
        }
    }

    fn read_in_block(&mut self) -> Result<Struct, Error> {
        let read = parse_struct(&mut self.from, self.next)?;
        self.structs_left -= 1;
        self.next.clock = end_clock(&self.from, self.next.clock, read.len)?;
        Ok(read)
    }

    fn begin_block(&mut self) -> Result<(), Error> {
        self.blocks_left -= 1;
        self.structs_left = self.from.read_count(2)?;
        let client = self.from.read_client()?;
        self.is_descending &= self.begun_blocks == 0 || client < self.next.client;
        self.begun_blocks += 1;
        self.next = Id::new(client, self.from.read_clock()?);
        Ok(())
    }

    /// Whether the clients have descended so far, as they do in whatever Yjs writes.
    pub(super) fn is_descending(&self) -> bool {
        self.is_descending
    }

    /// Cuts the rest of the update into walks in each of which the clients descend. O(bytes).
    pub(super) fn descending_parts(mut self) -> Result<Vec<StructWalk<'a>>, Error> {
        let mut parts: Vec<StructWalk<'a>> = Vec::new();
        let mut last_client = None;
        while self.blocks_left > 0 {
            let block = StructWalk { blocks_left: 1, begun_blocks: 0, is_descending: true, ..self.clone() };
            self.begin_block()?;
            match parts.last_mut() {
                Some(part) if last_client > Some(self.next.client) => part.blocks_left += 1,
                _ => parts.push(block),
            }
            last_client = Some(self.next.client);
            while self.structs_left > 0 {
                self.read_in_block()?;
            }
        }
        Ok(parts)
    }

    /// Reads the delete set that follows behind the structs, walking past those that are left.
    pub(super) fn into_deletes(mut self) -> Result<IdSet, Error> {
        while self.next_struct()?.is_some() {}
        let deletes = read_delete_set(&mut self.from)?;
        self.from.expect_end()?;
        Ok(deletes)
    }
}
