//! The columns of update format v2: numbers, bytes and strings whose repetitions and steady differences cost little.
//!
//! Each is a stretch of the update of its own. A few bytes may stand for any number of values: whoever reads them has
//! to bound what is made of them.

use super::{Reader, append_numbers, signed_number, var_uint_len, write_bytes, write_var_uint};
use crate::values::{Error, ErrorKind, utf16};

/// An error unless a column is read to its end, the `left` repetitions of its last value too.
fn expect_end(from: &Reader<'_>, left: u64) -> Result<(), Error> {
    if left == 0 { from.expect_end() } else { Err(from.error(ErrorKind::TrailingBytes)) }
}

/// Numbers, those that repeat as one and a count. (lib0: `UintOptRleDecoder`)
#[derive(Clone, Debug)]
pub struct UintColumn<'a> {
    from: Reader<'a>,
    value: u64,
    left: u64,
}

impl<'a> UintColumn<'a> {
    /// The column that `from` stands at the start of.
    pub fn new(from: Reader<'a>) -> Self {
        UintColumn { from, value: 0, left: 0 }
    }

    /// The next number, of at most 53 bits.
    pub fn read(&mut self) -> Result<u64, Error> {
        if self.left == 0 {
            let (value, repeats) = self.from.read_var_int()?;
            self.value = value.unsigned_abs();
            self.left = if repeats { self.from.read_var_uint()? + 2 } else { 1 };
        }
        self.left -= 1;
        Ok(self.value)
    }

    /// An error if numbers are left that nobody has read.
    pub fn expect_end(&self) -> Result<(), Error> {
        expect_end(&self.from, self.left)
    }
}

/// Numbers as differences to the one before, equal ones as one and a count. (lib0: `IntDiffOptRleDecoder`)
#[derive(Clone, Debug)]
pub struct DiffColumn<'a> {
    from: Reader<'a>,
    value: i64,
    difference: i64,
    left: u64,
}

impl<'a> DiffColumn<'a> {
    /// The column that `from` stands at the start of.
    pub fn new(from: Reader<'a>) -> Self {
        DiffColumn { from, value: 0, difference: 0, left: 0 }
    }

    /// The next number.
    ///
    /// # Errors
    /// The end of the column; a number that is negative or has more than 53 bits.
    pub fn read(&mut self) -> Result<u64, Error> {
        let start = self.from.offset();
        if self.left == 0 {
            let (encoded, _) = self.from.read_var_int()?;
            self.difference = encoded >> 1;
            self.left = if encoded & 1 != 0 { self.from.read_var_uint()? + 2 } else { 1 };
        }
        self.left -= 1;
        self.value += self.difference;
        let fits = u64::try_from(self.value).ok().filter(|value| *value < 1 << 53);
        fits.ok_or(Error::at(ErrorKind::NumberTooLarge, start))
    }

    /// An error if numbers are left that nobody has read.
    pub fn expect_end(&self) -> Result<(), Error> {
        expect_end(&self.from, self.left)
    }
}

/// Bytes, those that repeat as one and a count; the last one goes on for ever. (lib0: `RleDecoder`)
#[derive(Clone, Debug)]
pub struct ByteColumn<'a> {
    from: Reader<'a>,
    value: u8,
    /// How often the value comes again; absent for ever.
    left: Option<u64>,
}

impl<'a> ByteColumn<'a> {
    /// The column that `from` stands at the start of.
    pub fn new(from: Reader<'a>) -> Self {
        ByteColumn { from, value: 0, left: Some(0) }
    }

    /// The next byte.
    pub fn read(&mut self) -> Result<u8, Error> {
        self.left = match self.left {
            None => None,
            Some(0) => {
                self.value = self.from.read_u8()?;
                if self.from.is_at_end() { None } else { Some(self.from.read_var_uint()?) }
            }
            Some(left) => Some(left - 1),
        };
        Ok(self.value)
    }

    /// An error if bytes are left that nobody has read.
    pub fn expect_end(&self) -> Result<(), Error> {
        expect_end(&self.from, self.left.unwrap_or(0))
    }
}

/// Strings: all characters in one, behind it their lengths in UTF-16 code units. (lib0: `StringDecoder`)
#[derive(Clone, Debug)]
pub struct StringColumn<'a> {
    /// Characters that are left.
    text: &'a str,
    /// The second half of a surrogate pair that a length has cut comes first.
    half_left: bool,
    /// Whether a character is a unit is a byte.
    is_ascii: bool,
    lengths: UintColumn<'a>,
    end: usize,
}

impl<'a> StringColumn<'a> {
    /// The column that `from` stands at the start of.
    pub fn new(from: Reader<'a>) -> Result<Self, Error> {
        let mut from = from;
        // A column without strings is left out altogether.
        let text = if from.is_at_end() { "" } else { from.read_string()? };
        Ok(StringColumn {
            text,
            half_left: false,
            is_ascii: text.is_ascii(),
            end: from.offset(),
            lengths: UintColumn::new(from),
        })
    }

    /// The next string; a half of a surrogate pair that was cut comes before or after its text. O(its length).
    pub fn read(&mut self) -> Result<utf16::Cut<'a>, Error> {
        let too_long = Error::at(ErrorKind::UnexpectedEnd, self.end);
        let mut units = self.lengths.read()?;
        let half_before = units > 0 && core::mem::take(&mut self.half_left);
        units -= u64::from(half_before);
        let place = match self.is_ascii {
            true => usize::try_from(units).ok().filter(|units| *units <= self.text.len()).map(utf16::Place::Byte),
            false => u32::try_from(units).ok().and_then(|units| utf16::find(self.text, units)),
        };
        let (read, rest, half_after) = match place.ok_or(too_long)? {
            utf16::Place::Byte(end) => {
                let (read, rest) = self.text.split_at(end);
                (read, rest, false)
            }
            utf16::Place::InsidePair(end) => {
                let (read, rest) = self.text.split_at(end);
                let mut chars = rest.chars();
                chars.next();
                (read, chars.as_str(), true)
            }
        };
        self.text = rest;
        self.half_left = half_after;
        Ok(utf16::Cut { half_before, text: read, half_after })
    }

    /// Appends the next string; halves come as U+FFFD.
    pub fn read_into(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.read()?.write_to(out);
        Ok(())
    }

    /// An error if characters or lengths are left that nobody has read.
    pub fn expect_end(&self) -> Result<(), Error> {
        match self.text {
            "" if !self.half_left => self.lengths.expect_end(),
            text => Err(Error::at(ErrorKind::TrailingBytes, self.end - text.len())),
        }
    }
}

/// Writes a number that comes `count` times: itself, and how often again if it does.
fn write_run(out: &mut Vec<u8>, magnitude: u64, is_negative: bool, count: u64) {
    if count > 0 {
        append_numbers::<16>(out, |out| {
            out.number(signed_number(magnitude, is_negative));
            if count > 1 {
                out.number(count - 2);
            }
        });
    }
}

/// Writes a [`UintColumn`]. (lib0: `UintOptRleEncoder`)
#[derive(Clone, Debug, Default)]
pub struct UintColumnWriter {
    out: Vec<u8>,
    value: u64,
    count: u64,
}

impl UintColumnWriter {
    /// Makes room for so many bytes.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// Appends a number of at most 53 bits.
    #[inline]
    pub fn write(&mut self, value: u64) {
        if self.value != value {
            self.flush();
            (self.value, self.count) = (value, 0);
        }
        self.count += 1;
    }

    fn flush(&mut self) {
        write_run(&mut self.out, self.value, self.count > 1, self.count);
    }

    /// The column.
    pub fn finish(mut self) -> Vec<u8> {
        self.flush();
        self.out
    }
}

/// Writes a [`DiffColumn`]. (lib0: `IntDiffOptRleEncoder`)
#[derive(Clone, Debug, Default)]
pub struct DiffColumnWriter {
    out: Vec<u8>,
    value: i64,
    difference: i64,
    count: u64,
}

impl DiffColumnWriter {
    /// Makes room for so many bytes.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// Appends a number of at most 52 bits.
    #[inline]
    pub fn write(&mut self, value: u64) {
        let difference = value as i64 - self.value;
        if self.difference != difference {
            self.flush();
            (self.difference, self.count) = (difference, 0);
        }
        self.value = value as i64;
        self.count += 1;
    }

    fn flush(&mut self) {
        let encoded = self.difference * 2 + i64::from(self.count > 1);
        write_run(&mut self.out, encoded.unsigned_abs(), encoded < 0, self.count);
    }

    /// The column.
    pub fn finish(mut self) -> Vec<u8> {
        self.flush();
        self.out
    }
}

/// Writes a [`ByteColumn`]. (lib0: `RleEncoder`)
#[derive(Clone, Debug, Default)]
pub struct ByteColumnWriter {
    out: Vec<u8>,
    last: Option<u8>,
    count: u64,
}

impl ByteColumnWriter {
    /// Makes room for so many bytes.
    pub(crate) fn reserve(&mut self, bytes: usize) {
        self.out.reserve(bytes);
    }

    /// Appends a byte.
    #[inline]
    pub fn write(&mut self, byte: u8) {
        if self.last != Some(byte) {
            return self.begin_run(byte);
        }
        self.count += 1;
    }

    /// Appends a byte that does not go on what is before it, be it the same.
    pub fn begin_run(&mut self, byte: u8) {
        if self.count > 0 {
            write_var_uint(&mut self.out, self.count - 1);
        }
        self.out.push(byte);
        (self.last, self.count) = (Some(byte), 1);
    }

    /// The column.
    pub fn finish(self) -> Vec<u8> {
        self.out
    }
}

/// Writes a [`StringColumn`]. (lib0: `StringEncoder`)
#[derive(Clone, Debug, Default)]
pub struct StringColumnWriter {
    text: Vec<u8>,
    lengths: UintColumnWriter,
}

impl StringColumnWriter {
    /// Makes room for so many bytes of text, and of lengths.
    pub(crate) fn reserve(&mut self, text: usize, lengths: usize) {
        self.text.reserve(text);
        self.lengths.reserve(lengths);
    }

    /// Appends a string.
    pub fn write(&mut self, text: &str) {
        self.write_units(text.as_bytes(), utf16::len(text).into());
    }

    /// The same for bytes that are known to be UTF-8, and to stand for so many units.
    #[inline]
    pub(crate) fn write_units(&mut self, text: &[u8], units: u64) {
        self.text.extend_from_slice(text);
        self.lengths.write(units);
    }

    /// The column.
    pub fn finish(self) -> Vec<u8> {
        let mut out = Vec::new();
        write_bytes(&mut out, &self.text);
        out.extend_from_slice(&self.lengths.finish());
        out
    }

    /// How many bytes [`finish_into`](Self::finish_into) appends at most.
    pub(crate) fn most_bytes(&self) -> usize {
        // Two lengths stand before the text, and the last run of its own lengths behind them.
        self.text.len() + self.lengths.out.len() + 40
    }

    /// Appends the column behind its length: text is copied once.
    pub(crate) fn finish_into(self, out: &mut Vec<u8>) {
        let lengths = self.lengths.finish();
        let text_len = self.text.len();
        write_var_uint(out, (var_uint_len(text_len as u64) + text_len + lengths.len()) as u64);
        write_bytes(out, &self.text);
        out.extend_from_slice(&lengths);
    }
}
