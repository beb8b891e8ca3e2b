//! Writing structs of an update v1, whole or cut.

use super::structs::{ByteRange, Content, Parent, Struct};
use crate::lib0::{Reader, skip_any, write_bytes, write_var_uint};
use crate::values::{Clock, Id, utf16};
use std::ops::Range;

/// What the writer needs to know of a struct: the parts that are decided, wherever it is stored.
#[derive(Clone, Copy, Debug)]
pub struct StructPart<'a> {
    /// What it carries.
    pub content: Content,
    /// Whether info bit 6 is to be set.
    pub key_bit: bool,
    /// Left neighbour at the time of writing.
    pub origin: Option<Id>,
    /// Right neighbour at the time of writing.
    pub right_origin: Option<Id>,
    /// The type; written only where both origins are absent.
    pub parent: WrittenParent<'a>,
    /// The map key; written only with the parent.
    pub key: Option<&'a [u8]>,
}

/// A parent as it is written.
#[derive(Clone, Copy, Debug)]
pub enum WrittenParent<'a> {
    /// Not known here; only legal beside an origin.
    Inherited,
    /// Name of a root type (UTF-8).
    Root(&'a [u8]),
    /// The item that holds the type.
    Item(Id),
}

impl<'a> StructPart<'a> {
    /// Of what is collected, which has nothing but a length.
    pub(crate) const GC: StructPart<'static> = StructPart {
        content: Content::Gc,
        key_bit: false,
        origin: None,
        right_origin: None,
        parent: WrittenParent::Inherited,
        key: None,
    };

    /// The head of `of`, as it continues `from` units after its start.
    pub fn of(of: &Struct, bytes: &'a [u8], from: Clock) -> StructPart<'a> {
        StructPart {
            content: of.content,
            key_bit: of.key_bit,
            origin: if from > 0 { Some(Id::new(of.id.client, of.id.clock + from - 1)) } else { of.origin },
            right_origin: of.right_origin,
            parent: match of.parent {
                Parent::Inherited => WrittenParent::Inherited,
                Parent::Root(name) => WrittenParent::Root(name.of(bytes)),
                Parent::Item(id) => WrittenParent::Item(id),
            },
            key: of.key.map(|key| key.of(bytes)),
        }
    }

    /// The byte that says what follows.
    #[inline]
    pub(crate) fn info(&self) -> u8 {
        self.content as u8
            | u8::from(self.origin.is_some()) << 7
            | u8::from(self.right_origin.is_some()) << 6
            | u8::from(self.key_bit) << 5
    }

    /// Appends info byte, ids, parent and key: all that stands before the content.
    #[inline]
    pub fn write_head(&self, out: &mut Vec<u8>) {
        out.push(self.info());
        if let Some(id) = self.origin {
            write_id(out, id);
        }
        if let Some(id) = self.right_origin {
            write_id(out, id);
        }
        if self.origin.is_none() && self.right_origin.is_none() {
            match self.parent {
                WrittenParent::Root(name) => {
                    write_var_uint(out, 1);
                    write_bytes(out, name);
                }
                WrittenParent::Item(id) => {
                    write_var_uint(out, 0);
                    write_id(out, id);
                }
                WrittenParent::Inherited => unreachable!("a struct without origins names its parent"),
            }
            if let Some(key) = self.key {
                write_bytes(out, key);
            }
        }
    }
}

/// Appends a client id and a clock.
#[inline]
pub(crate) fn write_id(out: &mut Vec<u8>, id: Id) {
    write_var_uint(out, id.client.value());
    write_var_uint(out, id.clock.into());
}

/// Appends the units `part` (counted from the struct's start) of a struct of an update with these bytes.
/// Content of one unit can only be written whole.
pub fn write_struct(out: &mut Vec<u8>, of: &Struct, bytes: &[u8], part: Range<Clock>) {
    debug_assert!(part.start < part.end && part.end <= of.len);
    if !of.content.is_item() {
        out.push(of.content as u8);
        return write_var_uint(out, (part.end - part.start).into());
    }
    StructPart::of(of, bytes, part.start).write_head(out);
    write_content(out, of.content, of.payload.of(bytes), of.len, part);
}

/// Appends the units `part` of a payload of `len` units with its lengths and counts.
fn write_content(out: &mut Vec<u8>, content: Content, payload: &[u8], len: Clock, part: Range<Clock>) {
    match content {
        Content::Binary | Content::Embed => write_bytes(out, payload),
        Content::Format | Content::Type | Content::Doc => out.extend_from_slice(payload),
        _ => {
            let part = RunPart::of(content, payload, len, part);
            write_var_uint(out, part.number);
            part.write_to(out);
        }
    }
}

/// A part of content that can be cut: the number that is written before it, and what follows that.
pub(super) struct RunPart<'a> {
    /// Its length: in bytes for text, in units for all else.
    pub(super) number: u64,
    /// Of a surrogate pair that a cut goes through the low half comes first.
    half_before: bool,
    bytes: &'a [u8],
    /// The high half of such a pair comes last.
    half_after: bool,
}

impl<'a> RunPart<'a> {
    /// The units `part` of a payload of `len` units. O(1) for all of them, else O(bytes before its end).
    #[inline]
    pub(super) fn of(content: Content, payload: &'a [u8], len: Clock, part: Range<Clock>) -> RunPart<'a> {
        if part.end - part.start < len {
            return RunPart::cut(content, payload, part);
        }
        let (number, bytes) = match content {
            Content::String => (payload.len() as u64, payload),
            Content::Any | Content::Json => (len.into(), payload),
            // Whatever the payload was before it was deleted.
            _ => (len.into(), &[][..]),
        };
        RunPart { number, half_before: false, bytes, half_after: false }
    }

    fn cut(content: Content, payload: &'a [u8], part: Range<Clock>) -> RunPart<'a> {
        let number = u64::from(part.end - part.start);
        match content {
            Content::String => {
                let (half_before, bytes, half_after) = utf16::cut_bytes(payload, part.start, part.end);
                let halves = usize::from(half_before) + usize::from(half_after);
                let number = (bytes.len() + halves * utf16::REPLACEMENT.len()) as u64;
                RunPart { number, half_before, bytes: &payload[bytes], half_after }
            }
            Content::Any | Content::Json => {
                let bytes = units_of(content, payload, part).of(payload);
                RunPart { number, half_before: false, bytes, half_after: false }
            }
            _ => RunPart { number, half_before: false, bytes: &[], half_after: false },
        }
    }

    /// Appends what follows the number.
    #[inline]
    pub(super) fn write_to(&self, out: &mut Vec<u8>) {
        if self.half_before {
            out.extend_from_slice(utf16::REPLACEMENT.as_bytes());
        }
        out.extend_from_slice(self.bytes);
        if self.half_after {
            out.extend_from_slice(utf16::REPLACEMENT.as_bytes());
        }
    }
}

/// Text that was checked when it was read.
pub(crate) fn checked_text(payload: &[u8]) -> &str {
    let Ok(text) = core::str::from_utf8(payload) else {
        unreachable!("payloads of text are checked when they are read");
    };
    text
}

/// A string of a payload, checked when it was read.
pub(super) fn read_checked<'a>(from: &mut Reader<'a>) -> &'a str {
    checked_text(from.read_bytes().unwrap_or_default())
}

/// The bytes of the values `part` in a payload of `Any` or `Json`. O(bytes before the end of the part).
pub(crate) fn units_of(content: Content, payload: &[u8], part: Range<Clock>) -> ByteRange {
    let mut from = Reader::new(payload);
    let mut start = 0;
    for unit in 0..part.end {
        if unit == part.start {
            start = from.offset();
        }
        skip_unit(content, &mut from);
    }
    ByteRange { start: start as u32, end: from.offset() as u32 }
}

/// Reads past one value of a payload of `Any` or `Json`.
pub(crate) fn skip_unit(content: Content, from: &mut Reader<'_>) {
    let skipped = if content == Content::Json { from.read_string().map(|_| ()) } else { skip_any(from) };
    debug_assert!(skipped.is_ok(), "payloads are checked when they are read");
}
