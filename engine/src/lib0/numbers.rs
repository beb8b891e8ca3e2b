//! A few bytes and var-ints that are appended together.

use super::varint::{Word, encode_word};

/// The end of a vector, in which bytes and var-ints below 2^56 are written without a look at its capacity each time.
pub(crate) struct Numbers<'o> {
    bytes: &'o mut [u8],
    len: usize,
}

/// Appends what `write` writes, of at most `ROOM` bytes; it panics where that is more. Eight bytes are written of a number that has
/// more than one, of which those behind its end are overwritten by what comes next: there has to be room for these, too.
#[inline(always)]
pub(crate) fn append_numbers<const ROOM: usize>(out: &mut Vec<u8>, write: impl FnOnce(&mut Numbers<'_>)) {
    let start = out.len();
    out.extend_from_slice(&[0; ROOM]);
    let Some(bytes) = out.last_chunk_mut::<ROOM>() else { unreachable!("so many were just appended") };
    let mut numbers = Numbers { bytes, len: 0 };
    write(&mut numbers);
    let len = numbers.len;
    out.truncate(start + len);
}

impl Numbers<'_> {
    #[inline(always)]
    pub(crate) fn byte(&mut self, byte: u8) {
        self.bytes[self.len] = byte;
        self.len += 1;
    }

    /// Most numbers are lengths of a byte or clocks of two or three.
    #[inline(always)]
    pub(crate) fn number(&mut self, value: u64) {
        let seven = |from: u32| value >> from & 0x7f;
        match value {
            ..0x80 => self.byte(value as u8),
            0x80..0x4000 => self.word(((seven(0) | seven(7) << 8 | 0x80).to_le_bytes(), 2)),
            0x4000..0x20_0000 => self.word(((seven(0) | seven(7) << 8 | seven(14) << 16 | 0x8080).to_le_bytes(), 3)),
            _ => self.word(encode_word(value)),
        }
    }

    /// A number that is [encoded](encode_word) already.
    #[inline(always)]
    pub(crate) fn word(&mut self, (word, len): Word) {
        self.bytes[self.len..self.len + word.len()].copy_from_slice(&word);
        self.len += len;
    }
}
