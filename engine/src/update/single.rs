//! The shape that nearly all updates of someone who types have: read without a table of structs, and written at once.

use super::quiet_reader::QuietReader;
use super::structs::{Content, ORIGIN, RIGHT_ORIGIN};
use crate::lib0::encode_word;
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
        let mut head = Numbers::default();
        match &self.text {
            None => head.byte(0),
            Some(Text { id, origin, right_origin, text, .. }) => {
                head.byte(1);
                head.byte(1);
                let client = encode_word(id.client.value());
                head.word(client);
                head.number(id.clock.into());
                let info = Content::String as u8;
                let left = if origin.is_some() { ORIGIN } else { 0 };
                head.byte(info | left | if right_origin.is_some() { RIGHT_ORIGIN } else { 0 });
                for other in [origin, right_origin].into_iter().flatten() {
                    head.word(if other.client == id.client { client } else { encode_word(other.client.value()) });
                    head.number(other.clock.into());
                }
                head.number(text.len() as u64);
                match text {
                    // What one key press brings is appended with what is around it.
                    [byte] => head.byte(*byte),
                    _ => {
                        head.append_to(out);
                        out.extend_from_slice(text);
                        head = Numbers::default();
                    }
                }
            }
        }
        match self.deleted {
            None => head.byte(0),
            Some((client, start, end)) => {
                head.byte(1);
                head.number(client.value());
                head.byte(1);
                head.number(start.into());
                head.number((end - start).into());
            }
        }
        head.append_to(out);
    }
}

/// Bytes and var-ints, which are appended to a vector together: there is room for what comes before a text.
struct Numbers {
    bytes: [u8; 80],
    len: usize,
}

impl Default for Numbers {
    #[inline(always)]
    fn default() -> Self {
        Numbers { bytes: [0; 80], len: 0 }
    }
}

impl Numbers {
    #[inline(always)]
    fn byte(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    #[inline(always)]
    fn number(&mut self, value: u64) {
        match u8::try_from(value) {
            Ok(byte @ ..0x80) => self.byte(byte),
            _ => self.word(encode_word(value)),
        }
    }

    #[inline(always)]
    fn word(&mut self, (word, len): ([u8; 8], usize)) {
        self.bytes[self.len..self.len + word.len()].copy_from_slice(&word);
        self.len += len;
    }

    #[inline(always)]
    fn append_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.bytes[..self.len]);
    }
}

impl<'a> QuietReader<'a> {
    #[inline(always)]
    fn text_of_one_client(&mut self) -> Option<Text<'a>> {
        if self.byte()? != 1 {
            return None;
        }
        let id = self.id()?;
        let info = self.byte()?;
        if info & !(ORIGIN | RIGHT_ORIGIN) != Content::String as u8 || info & (ORIGIN | RIGHT_ORIGIN) == 0 {
            return None;
        }
        let origin = if info & ORIGIN != 0 { Some(self.earlier_id(id)?) } else { None };
        let right_origin = if info & RIGHT_ORIGIN != 0 { Some(self.earlier_id(id)?) } else { None };
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
