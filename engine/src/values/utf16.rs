//! UTF-16 offsets in UTF-8 text: clocks and positions count UTF-16 code units, buffers hold UTF-8.

use core::cmp::Ordering;
use core::ops::Range;

/// Length of `text` in UTF-16 code units. O(bytes).
#[inline]
pub fn len(text: &str) -> u32 {
    if text.is_ascii() { text.len() as u32 } else { units_started(text.as_bytes()) }
}

/// The same of the bytes of a text, which are known to be UTF-8.
pub(crate) fn len_of_bytes(text: &[u8]) -> u32 {
    units_started(text)
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
/// only counted, eight at a time.
pub fn find(text: &str, offset: u32) -> Option<Place> {
    find_in_bytes(text.as_bytes(), offset)
}

/// The same in the bytes of a text, which are known to be UTF-8: that is not checked again.
pub(crate) fn find_in_bytes(text: &[u8], offset: u32) -> Option<Place> {
    let (mut units, mut at) = (0, 0);
    for word in text.as_chunks().0 {
        let with_word = units + units_in_word(*word);
        if with_word >= offset {
            break;
        }
        (units, at) = (with_word, at + word.len());
    }
    // A character that goes on beyond its word is counted with it.
    while text.get(at).is_some_and(|byte| !starts_character(*byte)) {
        at += 1;
    }
    while units < offset {
        let first = *text.get(at)?;
        units += units_of(first);
        if units > offset {
            return Some(Place::InsidePair(at));
        }
        at += match first {
            ..0x80 => 1,
            0x80..0xe0 => 2,
            0xe0..0xf0 => 3,
            _ => 4,
        };
    }
    Some(Place::Byte(at))
}

/// The byte at which the last so many units of a text begin; `None` if that is inside a pair, or before the text. O(units).
#[inline(never)]
pub(crate) fn start_of_last(text: &[u8], units: u32) -> Option<usize> {
    let (mut left, mut at) = (units, text.len());
    while left > 0 {
        at = at.checked_sub(1)?;
        left = left.checked_sub(units_of(text[at]))?;
    }
    Some(at)
}

/// Units of the characters that start in these bytes.
fn units_started(bytes: &[u8]) -> u32 {
    let (words, rest) = bytes.as_chunks();
    let of_rest: u32 = rest.iter().map(|byte| units_of(*byte)).sum();
    words.iter().map(|word| units_in_word(*word)).sum::<u32>() + of_rest
}

/// The same of eight bytes, by numbers that a byte of a word holds each.
#[inline(always)]
fn units_in_word(bytes: [u8; 8]) -> u32 {
    const LOWEST: u64 = u64::MAX / 255;
    let word = u64::from_le_bytes(bytes);
    let starts = !(word >> 7) | word >> 6;
    let has_four = word >> 7 & word >> 6 & word >> 5 & word >> 4;
    let units = (starts & LOWEST) + (has_four & LOWEST);
    (units.wrapping_mul(LOWEST) >> 56) as u32
}

/// Units of the character that a byte starts: of most one, of one of four bytes two; none if it starts no character.
fn units_of(byte: u8) -> u32 {
    u32::from(starts_character(byte)) + u32::from(byte >= 0xf0)
}

fn starts_character(byte: u8) -> bool {
    byte & 0xc0 != 0x80
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
    let (half_before, bytes, half_after) = cut_bytes(text.as_bytes(), from, to);
    Cut { half_before, text: text.get(bytes).unwrap_or_default(), half_after }
}

/// Where the whole characters of the units `from..to` lie in the bytes of a text, which are known to be UTF-8, and
/// whether a half is left over before and after them.
pub(crate) fn cut_bytes(text: &[u8], from: u32, to: u32) -> (bool, Range<usize>, bool) {
    let end = text.len();
    let (start, half_before) = match find_in_bytes(text, from).unwrap_or(Place::Byte(end)) {
        Place::Byte(byte) => (byte, false),
        Place::InsidePair(byte) => (byte + 4, true),
    };
    let (stop, half_after) = match find_in_bytes(text, to).unwrap_or(Place::Byte(end)) {
        Place::Byte(byte) => (byte, false),
        Place::InsidePair(byte) => (byte, true),
    };
    match start <= stop {
        true => (half_before, start..stop, half_after),
        // Both ends inside the same pair: nothing is left.
        false => (false, stop..stop, false),
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
    fn every_offset_is_found_across_words() {
        // The shift moves each kind of character over the ends of words.
        for (shift, repeated) in
            (0..8).flat_map(|shift| ["a", "\u{e9}", "\u{65e5}", "\u{1f986}", "a\u{1f986}\u{e9}"].map(|of| (shift, of)))
        {
            let text = "x".repeat(shift) + &repeated.repeat(96 / repeated.len() + 1);
            let units = text.encode_utf16().count() as u32;
            assert_eq!(len(&text), units);
            for offset in 0..units + 2 {
                assert_eq!(find(&text, offset), find_slowly(&text, offset), "{shift} {repeated} {offset}");
                let byte = match units.checked_sub(offset).and_then(|before| find_slowly(&text, before)) {
                    Some(Place::Byte(byte)) => Some(byte),
                    _ => None,
                };
                assert_eq!(start_of_last(text.as_bytes(), offset), byte, "{shift} {repeated} last {offset}");
            }
        }
    }
}
