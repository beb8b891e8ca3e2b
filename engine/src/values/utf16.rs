//! UTF-16 offsets in UTF-8 text: clocks and positions count UTF-16 code units, buffers hold UTF-8.

/// Length of `text` in UTF-16 code units. O(bytes).
pub fn len(text: &str) -> u32 {
    // Every byte that starts a character counts one unit, a four-byte start counts two.
    text.bytes().map(|b| u32::from(b & 0xc0 != 0x80) + u32::from(b >= 0xf0)).sum()
}

/// Where a UTF-16 offset lies in a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// Between two characters, at this byte.
    Byte(usize),
    /// Between the halves of the surrogate pair whose character starts at this byte.
    InsidePair(usize),
}

/// Finds UTF-16 offset `offset` in `text`; `None` if it lies beyond the end. O(bytes before it).
pub fn find(text: &str, offset: u32) -> Option<Place> {
    let mut units = 0;
    for (byte, char) in text.char_indices() {
        if units == offset {
            return Some(Place::Byte(byte));
        }
        units += char.len_utf16() as u32;
        if units > offset {
            return Some(Place::InsidePair(byte));
        }
    }
    (units == offset).then_some(Place::Byte(text.len()))
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
    if start > stop {
        // Both ends inside the same pair: nothing is left.
        return Cut { half_before: false, text: "", half_after: false };
    }
    Cut { half_before, text: &text[start..stop], half_after }
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
