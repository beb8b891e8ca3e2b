//! Deltas in bytes; see `FORMAT.md`.

use super::Attributes;
use super::cursor::Cursor;
use super::delta::{Delta, Kind};
use crate::lib0::{Reader, read_any, write_any, write_string, write_var_uint};
use crate::values::{Error, ErrorKind, utf16};

/// Largest length of a step that is read, in UTF-16 code units.
pub const MAX_LEN: u32 = i32::MAX as u32;
/// Most attributes of one step that are read.
pub const MAX_ATTRIBUTES: usize = 64;

const RETAIN: u64 = 0;
const DELETE: u64 = 1;
const TEXT: u64 = 2;
const EMBED: u64 = 3;
const HAS_ATTRIBUTES: u64 = 4;
const FLAG_BITS: u32 = 3;

impl Delta {
    /// The delta in bytes.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(1 + self.text.len() + 4 * self.steps.len());
        self.write_to(&mut out);
        out
    }

    /// Appends the delta in bytes. O(length).
    pub fn write_to(&self, out: &mut Vec<u8>) {
        write_var_uint(out, self.steps.len() as u64);
        // Sets that were written, by their place in ours: most deltas have few, and name the last one again.
        let mut written: Vec<&Attributes> = Vec::new();
        let mut cursor = Cursor::new(self);
        while !cursor.is_at_end() {
            let piece = cursor.take_step();
            let (tag, len) = match piece.kind {
                Kind::Retain => (RETAIN, piece.len as usize),
                Kind::Delete => (DELETE, piece.len as usize),
                Kind::Text => (TEXT, piece.text.len()),
                Kind::Embed => (EMBED, 0),
            };
            let flag = if piece.attributes.is_empty() { 0 } else { HAS_ATTRIBUTES };
            write_var_uint(out, (len as u64) << FLAG_BITS | flag | tag);
            if flag != 0 {
                write_attributes(out, piece.attributes, &mut written);
            }
            match piece.kind {
                Kind::Text => out.extend_from_slice(piece.text.as_bytes()),
                Kind::Embed => write_any(out, piece.embed),
                _ => {}
            }
        }
    }

    /// Reads a delta from its bytes.
    ///
    /// # Errors
    /// As for [`read_from`](Delta::read_from); `TrailingBytes`.
    pub fn decode(bytes: &[u8]) -> Result<Delta, Error> {
        let mut from = Reader::new(bytes);
        let delta = Delta::read_from(&mut from)?;
        from.expect_end()?;
        Ok(delta)
    }

    /// Reads a delta; it is brought into normal form. O(bytes).
    ///
    /// # Errors
    /// Bytes that are no delta; an empty step; `TooLarge` for a length above [`MAX_LEN`], more than [`MAX_ATTRIBUTES`]
    /// attributes of a step, or more in all steps together than the delta has bytes (sets that are named again and again).
    pub fn read_from(from: &mut Reader<'_>) -> Result<Delta, Error> {
        let count = from.read_count(1)?;
        let most_attributes = from.remaining().max(MAX_ATTRIBUTES);
        let mut attribute_count = 0;
        let mut sets: Vec<Attributes> = Vec::new();
        let mut delta = Delta::with_capacity(count.min(from.remaining()));
        for _ in 0..count {
            let head = from.read_var_uint()?;
            let len = u32::try_from(head >> FLAG_BITS).ok().filter(|len| *len <= MAX_LEN);
            let len = len.ok_or_else(|| from.error(ErrorKind::TooLarge))?;
            let has_attributes = head & HAS_ATTRIBUTES != 0;
            let attributes = if has_attributes { read_attributes(from, &mut sets)? } else { Attributes::NONE };
            attribute_count += attributes.len();
            if attribute_count > most_attributes {
                return Err(from.error(ErrorKind::TooLarge));
            }
            match head & 3 {
                EMBED if len == 0 => {
                    let value = read_any(from)?;
                    delta.embed(value, &attributes.without_nulls());
                }
                DELETE if has_attributes => return Err(from.error(ErrorKind::UnknownTag)),
                _ if len == 0 => return Err(from.error(ErrorKind::OutOfRange)),
                RETAIN => delta.retain(len, &attributes),
                DELETE => delta.delete(len),
                TEXT => {
                    let bytes = from.read_exact(len as usize)?;
                    let text = core::str::from_utf8(bytes).map_err(|_| from.error(ErrorKind::NotUtf8))?;
                    let set = delta.set_of(&attributes.without_nulls());
                    delta.push_text(text, utf16::len(text), set);
                }
                _ => return Err(from.error(ErrorKind::UnknownTag)),
            }
        }
        Ok(delta)
    }
}

/// A set is written once; later steps name it by its number.
fn write_attributes<'a>(out: &mut Vec<u8>, attributes: &'a Attributes, written: &mut Vec<&'a Attributes>) {
    const LOOKED_AT: usize = 8;
    let from = written.len().saturating_sub(LOOKED_AT);
    if let Some(at) = written[from..].iter().rposition(|of| *of == attributes) {
        return write_var_uint(out, (from + at + 1) as u64);
    }
    written.push(attributes);
    write_var_uint(out, 0);
    write_var_uint(out, attributes.len() as u64);
    for (key, value) in attributes.entries() {
        write_string(out, key);
        write_any(out, value);
    }
}

fn read_attributes(from: &mut Reader<'_>, sets: &mut Vec<Attributes>) -> Result<Attributes, Error> {
    let number = from.read_var_uint()?;
    if number > 0 {
        let known = usize::try_from(number - 1).ok().and_then(|at| sets.get(at));
        return known.cloned().ok_or_else(|| from.error(ErrorKind::UnknownTag));
    }
    let count = from.read_count(2)?;
    if count == 0 || count > MAX_ATTRIBUTES {
        return Err(from.error(ErrorKind::TooLarge));
    }
    let mut entries = Vec::with_capacity(count);
    for _ in 0..count {
        entries.push((from.read_string()?.into(), read_any(from)?));
    }
    let set: Attributes = entries.into_iter().collect();
    sets.push(set.clone());
    Ok(set)
}
