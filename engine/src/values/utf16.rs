//! UTF-16 offsets in UTF-8 text: clocks and positions count UTF-16 code units, buffers hold UTF-8.

use core::cmp::Ordering;

/// Length of `text` in UTF-16 code units. O(bytes).
pub fn len(text: &str) -> u32 {
    units_started(text.as_bytes())
}

/// The order in which JavaScript sorts strings: by their UTF-16 code units.
pub fn compare(a: &str, b: &str) -> Ordering {
    a.encode_utf16().cmp(b.encode_utf16())
}

/// Where a UTF-16 offset lies in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Between two characters, at this byte.
    Byte(usize),
    /// Between the halves of the surrogate pair whose character starts at this byte.
    InsidePair(usize),
}

/// Finds UTF-16 offset `offset` in `text`; `None` if it lies beyond the end. O(bytes before it), most of which are
/// only counted, many at a time.
pub fn find(text: &str, offset: u32) -> Option<Place> {
    let mut units = 0;
    let mut start = 0;
    for block in text.as_bytes().chunks(BLOCK_BYTES) {
        let with_block = units + units_started(block);
        if with_block >= offset {
            break;
        }
        units = with_block;
        start += block.len();
    }
    // A character that goes on beyond its block is counted with it.
    while !text.is_char_boundary(start) {
        start += 1;
    }
    for (byte, char) in text[start..].char_indices() {
        if units == offset {
            return Some(Place::Byte(start + byte));
        }
        units += char.len_utf16() as u32;
        if units > offset {
            return Some(Place::InsidePair(start + byte));
        }
    }
    (units == offset).then_some(Place::Byte(text.len()))
}

/// Bytes that `find` counts before it looks at characters.
const BLOCK_BYTES: usize = 256;

/// Units of the characters that start in these bytes: every byte that starts one counts one, a four-byte start two.
fn units_started(bytes: &[u8]) -> u32 {
    bytes.iter().map(|b| u32::from(b & 0xc0 != 0x80) + u32::from(*b >= 0xf0)).sum()
}

/// A part of a text whose ends may cut surrogate pairs; each half that is left over reads as U+FFFD.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cut<'a> {
    /// The low half of a cut pair comes first.
    pub half_before: bool,
    /// The whole characters.
    pub text: &'a str,
    /// The high half of a cut pair comes last.
    pub half_after: bool,
}

/// U+FFFD, which stands for each half of a surrogate pair that was cut apart (as in Yjs).
pub const REPLACEMENT: &str = "\u{FFFD}";

/// The units `from..to` of `text`; offsets beyond its end are taken as the end. O(bytes).
pub fn cut(text: &str, from: u32, to: u32) -> Cut<'_> {
    let end = text.len();
    let (start, half_before) = match find(text, from).unwrap_or(Place::Byte(end)) {
        Place::Byte(byte) => (byte, false),
        Place::InsidePair(byte) => (byte + 4, true),
    };
    let (stop, half_after) = match find(text, to).unwrap_or(Place::Byte(end)) {
        Place::Byte(byte) => (byte, false),
        Place::InsidePair(byte) => (byte, true),
    };
    match text.get(start..stop) {
        Some(text) => Cut { half_before, text, half_after },
        // Both ends inside the same pair: nothing is left.
        None => Cut { half_before: false, text: "", half_after: false },
    }
}

impl Cut<'_> {
    /// Length in UTF-8 bytes as written.
    pub fn len_bytes(&self) -> usize {
        (usize::from(self.half_before) + usize::from(self.half_after)) * REPLACEMENT.len() + self.text.len()
    }

    /// Appends the part as UTF-8.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        if self.half_before {
            out.extend_from_slice(REPLACEMENT.as_bytes());
        }
        out.extend_from_slice(self.text.as_bytes());
        if self.half_after {
            out.extend_from_slice(REPLACEMENT.as_bytes());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `find`, character by character.
    fn find_slowly(text: &str, offset: u32) -> Option<Place> {
        let mut units = 0;
        for (byte, char) in text.char_indices() {
            match offset - units {
                0 => return Some(Place::Byte(byte)),
                1 if char.len_utf16() == 2 => return Some(Place::InsidePair(byte)),
                _ => units += char.len_utf16() as u32,
            }
        }
        (units == offset).then_some(Place::Byte(text.len()))
    }

    #[test]
    fn every_offset_is_found_across_blocks() {
        // The shift moves each kind of character over the ends of blocks.
        for (shift, repeated) in
            (0..8).flat_map(|shift| ["a", "\u{e9}", "\u{65e5}", "\u{1f986}", "a\u{1f986}\u{e9}"].map(|of| (shift, of)))
        {
            let text = "x".repeat(shift) + &repeated.repeat(3 * BLOCK_BYTES / repeated.len() + 1);
            let units = text.encode_utf16().count() as u32;
            assert_eq!(len(&text), units);
            for offset in 0..units + 2 {
                assert_eq!(find(&text, offset), find_slowly(&text, offset), "{shift} {repeated} {offset}");
            }
        }
    }
}
