//! The shape that nearly all updates of someone who types have: read without a table of structs, and written at once.

use super::quiet_reader::QuietReader;
use super::structs::{Content, ORIGIN, RIGHT_ORIGIN};
use crate::lib0::{Numbers, append_numbers, encode_word};
use crate::values::{ClientId, Clock, Id};

/// At most one run of text and one range of deletes.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Single<'a> {
    pub(crate) text: Option<Text<'a>>,
    /// What is deleted: of whom, first clock, clock after the last.
    pub(crate) deleted: Option<(ClientId, Clock, Clock)>,
}

/// A run of text that names what it stands beside.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Text<'a> {
    pub(crate) id: Id,
    pub(crate) origin: Option<Id>,
    pub(crate) right_origin: Option<Id>,
    /// UTF-8.
    pub(crate) text: &'a [u8],
    /// Its length in units.
    pub(crate) len: Clock,
}

/// What is written but text has fewer bytes: four ids, a few clocks and counts.
const ROOM: usize = 80;

impl<'a> Single<'a> {
    /// Reads an update v1 of this shape. `None` for every other one, a malformed one among them: what that is, a
    /// full [`parse`](super::Update::parse) tells. O(bytes).
    #[inline]
    pub(crate) fn read(bytes: &'a [u8]) -> Option<Single<'a>> {
        let mut from = QuietReader::starting_at(bytes, 0);
        let text = match from.byte()? {
            0 => None,
            1 => Some(from.text_of_one_client()?),
            _ => return None,
        };
        let deleted = match from.byte()? {
            0 => None,
            1 => Some(from.one_range()?),
            _ => return None,
        };
        from.is_at_end().then_some(Single { text, deleted })
    }

    /// Reads the structs of an update v1 that are one run of text, and where its delete set begins. `None` for all else.
    #[inline]
    pub(super) fn read_text(bytes: &'a [u8]) -> Option<(Text<'a>, usize)> {
        let mut from = QuietReader::starting_at(bytes, 0);
        let text = if from.byte()? == 1 { from.text_of_one_client()? } else { return None };
        Some((text, from.offset()))
    }

    /// Appends it as an update v1. One of origin and right origin must be there. O(bytes).
    #[inline]
    pub(crate) fn write(&self, out: &mut Vec<u8>) {
        match &self.text {
            None => append_numbers::<ROOM>(out, |out| {
                out.byte(0);
                self.write_deleted(out);
            }),
            // What one key press brings is appended with what is around it.
            Some(of @ Text { text: [byte], .. }) => append_numbers::<ROOM>(out, |out| {
                of.write_head(out);
                out.byte(*byte);
                self.write_deleted(out);
            }),
            Some(of) => {
                append_numbers::<ROOM>(out, |out| of.write_head(out));
                out.extend_from_slice(of.text);
                append_numbers::<ROOM>(out, |out| self.write_deleted(out));
            }
        }
    }

    #[inline(always)]
    fn write_deleted(&self, out: &mut Numbers<'_>) {
        match self.deleted {
            None => out.byte(0),
            Some((client, start, end)) => {
                out.byte(1);
                out.number(client.value());
                out.byte(1);
                out.number(start.into());
                out.number((end - start).into());
            }
        }
    }
}

impl Text<'_> {
    /// What stands before the text.
    #[inline(always)]
    fn write_head(&self, out: &mut Numbers<'_>) {
        out.byte(1);
        out.byte(1);
        let client = encode_word(self.id.client.value());
        out.word(client);
        out.number(self.id.clock.into());
        let left = if self.origin.is_some() { ORIGIN } else { 0 };
        let right = if self.right_origin.is_some() { RIGHT_ORIGIN } else { 0 };
        out.byte(Content::String as u8 | left | right);
        for other in [self.origin, self.right_origin].into_iter().flatten() {
            let is_own = other.client == self.id.client;
            out.word(if is_own { client } else { encode_word(other.client.value()) });
            out.number(other.clock.into());
        }
        out.number(self.text.len() as u64);
    }
}

impl<'a> QuietReader<'a> {
    #[inline(always)]
    fn text_of_one_client(&mut self) -> Option<Text<'a>> {
        if self.byte()? != 1 {
            return None;
        }
        let own = self.written_client()?;
        let id = Id::new(own.id, self.clock()?);
        let info = self.byte()?;
        if info & !(ORIGIN | RIGHT_ORIGIN) != Content::String as u8 || info & (ORIGIN | RIGHT_ORIGIN) == 0 {
            return None;
        }
        let origin = if info & ORIGIN != 0 { Some(self.earlier_id(&own, id.clock)?) } else { None };
        let right_origin = if info & RIGHT_ORIGIN != 0 { Some(self.earlier_id(&own, id.clock)?) } else { None };
        let (text, len) = self.text()?;
        if text.is_empty() {
            return None;
        }
        Some(Text { id, origin, right_origin, text, len })
    }

    #[inline(always)]
    fn one_range(&mut self) -> Option<(ClientId, Clock, Clock)> {
        let client = self.client()?;
        if self.byte()? != 1 {
            return None;
        }
        let start = self.clock()?;
        let end = start.checked_add(self.clock()?)?;
        (start < end && end < Clock::MAX).then_some((client, start, end))
    }
}
