//! Reading an update v1: one pass that checks everything and copies nothing.

use super::delete_set::read_deletes;
use super::structs::{ByteRange, Content, KEY, ORIGIN, Parent, RIGHT_ORIGIN, Struct, TypeTag};
use crate::lib0::{Reader, check_json, skip_any};
use crate::values::{ClientId, Clock, Error, ErrorKind, Id, utf16};
use std::ops::Range;

/// Where the structs of one client stand in [`Update::structs`].
#[derive(Clone, Debug, PartialEq)]
pub struct ClientStructs {
    /// The client.
    pub client: ClientId,
    /// Indexes of its structs, clocks ascending; gaps are structs of [`Content::Skip`].
    pub structs: Range<usize>,
}

/// A checked update: its structs and deletes as values, their payloads as ranges of its bytes.
///
/// The same value can be filled again and again with [`parse`](Update::parse), so that reading allocates nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Update {
    /// All structs, client after client as they stand in the update.
    pub structs: Vec<Struct>,
    /// The clients with structs, in the update's order. A client may come twice.
    pub clients: Vec<ClientStructs>,
    /// Ranges of deleted ids, as they stand in the update.
    pub deletes: Vec<(ClientId, Range<Clock>)>,
}

impl Update {
    /// Reads and checks an update v1. O(bytes).
    ///
    /// # Errors
    /// Any deviation from the format; an origin, right origin or parent of the same client that does not come
    /// before the item; JSON that does not parse; clocks above 32 bits; bytes after the end.
    pub fn parse_v1(bytes: &[u8]) -> Result<Update, Error> {
        let mut update = Update::default();
        update.parse(bytes)?;
        Ok(update)
    }

    /// The same, reusing this value's memory. After an error its contents are of no use.
    pub fn parse(&mut self, bytes: &[u8]) -> Result<(), Error> {
        self.clear();
        self.parse_part(&mut Reader::new(bytes_of_update(bytes)?))
    }

    /// The same of the structs only; gives the offset of the delete set behind them, which is not looked at.
    pub(crate) fn parse_without_deletes(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.clear();
        let mut from = Reader::new(bytes_of_update(bytes)?);
        self.parse_clients(&mut from)?;
        Ok(from.offset())
    }

    /// Forgets what was read, and keeps its memory.
    pub(super) fn clear(&mut self) {
        self.structs.clear();
        self.clients.clear();
        self.deletes.clear();
    }

    /// Reads an update behind what was read before; to the reader's end.
    pub(super) fn parse_part(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        self.parse_clients(from)?;
        read_deletes(from, &mut |client, range| self.deletes.push((client, range)))?;
        from.expect_end()
    }

    fn parse_clients(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        (0..from.read_count(3)?).try_for_each(|_| self.parse_client(from))
    }

    fn parse_client(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        let count = from.read_count(2)?;
        let client = from.read_client()?;
        let mut clock = from.read_clock()?;
        let first = self.structs.len();
        for _ in 0..count {
            let read = parse_struct(from, Id::new(client, clock))?;
            clock = end_clock(from, clock, read.len)?;
            // A struct without units names nothing; nothing can refer to it.
            if read.len > 0 {
                self.structs.push(read);
            }
        }
        if self.structs.len() > first {
            self.clients.push(ClientStructs { client, structs: first..self.structs.len() });
        }
        Ok(())
    }
}

/// Offsets into an update are kept as 32 bits.
fn bytes_of_update(bytes: &[u8]) -> Result<&[u8], Error> {
    if u32::try_from(bytes.len()).is_ok() { Ok(bytes) } else { Err(ErrorKind::TooLarge.into()) }
}

/// The clock after a struct or range that was just read.
pub(super) fn end_clock(from: &Reader<'_>, clock: Clock, len: Clock) -> Result<Clock, Error> {
    // The largest clock is kept free, so that the end of every range is a clock, too.
    clock.checked_add(len).filter(|end| *end < Clock::MAX).ok_or(from.error(ErrorKind::ClockOverflow))
}

/// Reads one struct that stands at id `id`. (Yjs: `readClientsStructRefs`)
pub(crate) fn parse_struct(from: &mut Reader<'_>, id: Id) -> Result<Struct, Error> {
    let mut read = Struct::skip(id, 0);
    read_struct(&mut read, from, id)?;
    Ok(read)
}

/// The same into a value that is used again and again: a struct is a hundred bytes to move.
pub(super) fn parse_struct_into(read: &mut Struct, from: &mut Reader<'_>, id: Id) -> Result<(), Error> {
    read_struct(read, from, id)
}

/// Checks one struct as [`parse_struct`] does, of which no more is asked than what it carries and how many units it has.
pub(super) fn check_struct(from: &mut Reader<'_>, id: Id) -> Result<(Content, Clock), Error> {
    let mut read = Struct::skip(id, 0);
    read_struct(&mut read, from, id)?;
    Ok((read.content, read.len))
}

#[inline(always)]
fn read_struct(read: &mut Struct, from: &mut Reader<'_>, id: Id) -> Result<(), Error> {
    read_head(read, from, id)?;
    if read.content.is_item() {
        (read.len, read.payload) = parse_content(from, read.content)?;
    }
    Ok(())
}

/// Reads what stands before the content of an item, or a struct that is none.
#[inline(always)]
pub(super) fn read_head(read: &mut Struct, from: &mut Reader<'_>, id: Id) -> Result<(), Error> {
    let start = from.offset();
    let info = from.read_u8()?;
    let content = Content::from_number(info & 0x1f).ok_or(Error::at(ErrorKind::UnknownTag, start))?;
    *read = Struct { content, key_bit: info & KEY != 0 && content.is_item(), ..Struct::skip(id, 1) };
    if !content.is_item() {
        read.len = from.read_clock()?;
        return Ok(());
    }
    if info & ORIGIN != 0 {
        read.origin = Some(read_earlier_id(from, id)?);
    }
    if info & RIGHT_ORIGIN != 0 {
        read.right_origin = Some(read_earlier_id(from, id)?);
    }
    if info & (ORIGIN | RIGHT_ORIGIN) == 0 {
        read.parent = match from.read_var_uint()? {
            1 => Parent::Root(read_string_range(from)?),
            _ => Parent::Item(read_earlier_id(from, id)?),
        };
        if info & KEY != 0 {
            read.key = Some(read_string_range(from)?);
        }
    }
    Ok(())
}

/// An id that an item refers to: of another client, or earlier than the item.
fn read_earlier_id(from: &mut Reader<'_>, item: Id) -> Result<Id, Error> {
    let start = from.offset();
    let id = from.read_id()?;
    if id.client == item.client && id.clock >= item.clock {
        return Err(Error::at(ErrorKind::ReferenceNotBefore, start));
    }
    Ok(id)
}

fn read_string_range(from: &mut Reader<'_>) -> Result<ByteRange, Error> {
    let len = from.read_text_bytes()?.0.len();
    Ok(range_since(from, from.offset() - len))
}

fn range_since(from: &Reader<'_>, start: usize) -> ByteRange {
    ByteRange { start: start as u32, end: from.offset() as u32 }
}

/// Reads content: its length in units, and where its payload lies.
pub(super) fn parse_content(from: &mut Reader<'_>, content: Content) -> Result<(Clock, ByteRange), Error> {
    let start = from.offset();
    Ok(match content {
        Content::Gc | Content::Skip | Content::Deleted => (from.read_clock()?, ByteRange::default()),
        Content::String => {
            let (text, is_ascii) = from.read_text_bytes()?;
            let len = if is_ascii { text.len() as Clock } else { utf16::len_of_bytes(text) };
            (len, range_since(from, from.offset() - text.len()))
        }
        Content::Any | Content::Json => {
            let count = from.read_count(1)? as Clock;
            let start = from.offset();
            check_payload(from, content, count)?;
            (count, range_since(from, start))
        }
        Content::Binary => {
            let len = from.read_bytes()?.len();
            (1, range_since(from, from.offset() - len))
        }
        Content::Embed => {
            let text = from.read_string()?;
            check_json(text, from)?;
            (1, range_since(from, from.offset() - text.len()))
        }
        Content::Format | Content::Type | Content::Doc => {
            check_payload(from, content, 1)?;
            (1, range_since(from, start))
        }
    })
}

/// Reads past a payload of so many units whose end is where its last value ends, checking it: values, marks, types and
/// subdocuments.
pub(crate) fn check_payload(from: &mut Reader<'_>, content: Content, len: Clock) -> Result<(), Error> {
    match content {
        Content::Any => (0..len).try_for_each(|_| skip_any(from)),
        Content::Json => (0..len).try_for_each(|_| match from.read_string()? {
            "undefined" => Ok(()),
            text => check_json(text, from),
        }),
        Content::Format => {
            from.read_string()?;
            let value = from.read_string()?;
            check_json(value, from)
        }
        Content::Type => read_type(from).map(|_| ()),
        Content::Doc => {
            from.read_string()?;
            skip_any(from)
        }
        _ => Ok(()),
    }
}

/// Reads the kind of a shared type, and its name; most have none.
pub(crate) fn read_type<'a>(from: &mut Reader<'a>) -> Result<(TypeTag, &'a str), Error> {
    let start = from.offset();
    let tag = TypeTag::from_number(from.read_var_uint()?).ok_or(Error::at(ErrorKind::UnknownTag, start))?;
    Ok((tag, if tag.is_named() { from.read_string()? } else { "" }))
}
