//! A bounded reader: it never looks past the input and never allocates.

use super::varint::decode_var_uint;
use crate::values::{ClientId, Clock, Error, ErrorKind, Id};

/// Reads lib0's notation from a byte slice, front to back.
#[derive(Clone, Debug)]
pub struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> Reader<'a> {
    /// A reader at the start of `bytes`.
    pub fn new(bytes: &'a [u8]) -> Self {
        Reader { bytes, at: 0 }
    }

    /// A reader of `bytes` that starts at byte `offset`; offsets in errors count from the start of `bytes`.
    pub fn starting_at(bytes: &'a [u8], offset: usize) -> Self {
        Reader { bytes, at: offset.min(bytes.len()) }
    }

    /// How far it has read, in bytes.
    pub fn offset(&self) -> usize {
        self.at
    }

    /// How many bytes are left.
    pub fn remaining(&self) -> usize {
        self.bytes.len() - self.at
    }

    /// Whether the input is used up.
    pub fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    /// An error of this kind at the current byte.
    pub fn error(&self, kind: ErrorKind) -> Error {
        Error::at(kind, self.at)
    }

    /// An error if bytes are left.
    pub fn expect_end(&self) -> Result<(), Error> {
        if self.is_at_end() { Ok(()) } else { Err(self.error(ErrorKind::TrailingBytes)) }
    }

    /// The next byte.
    #[inline]
    pub fn read_u8(&mut self) -> Result<u8, Error> {
        let byte = *self.bytes.get(self.at).ok_or(Error::at(ErrorKind::UnexpectedEnd, self.at))?;
        self.at += 1;
        Ok(byte)
    }

    /// The next `len` bytes.
    #[inline]
    pub fn read_exact(&mut self, len: usize) -> Result<&'a [u8], Error> {
        if len > self.remaining() {
            return Err(self.error(ErrorKind::UnexpectedEnd));
        }
        let start = self.at;
        self.at += len;
        Ok(&self.bytes[start..self.at])
    }

    /// An unsigned var-int of at most 53 bits, as lib0 reads it.
    #[inline(always)]
    pub fn read_var_uint(&mut self) -> Result<u64, Error> {
        match decode_var_uint(self.bytes, self.at) {
            Some((value, len)) => {
                self.at += len;
                Ok(value)
            }
            None => Err(self.var_uint_error()),
        }
    }

    /// Why there is no var-int here.
    #[cold]
    fn var_uint_error(&self) -> Error {
        const MOST_BYTES: usize = 8;
        let rest = &self.bytes[self.at..];
        match rest.len() < MOST_BYTES && rest.iter().all(|byte| *byte >= 0x80) {
            true => Error::at(ErrorKind::UnexpectedEnd, self.bytes.len()),
            false => Error::at(ErrorKind::NumberTooLarge, self.at),
        }
    }

    /// A signed var-int of at most 53 bits and whether it was written negative (`-0` is).
    pub fn read_var_int(&mut self) -> Result<(i64, bool), Error> {
        let start = self.at;
        let first = self.read_u8()?;
        let negative = first & 0x40 != 0;
        let mut value = i64::from(first & 0x3f);
        let mut more = first & 0x80 != 0;
        let mut shift = 6;
        while more {
            let byte = self.read_u8()?;
            if shift > 55 {
                return Err(Error::at(ErrorKind::NumberTooLarge, start));
            }
            value |= i64::from(byte & 0x7f) << shift;
            if value > ClientId::MAX.value() as i64 {
                return Err(Error::at(ErrorKind::NumberTooLarge, start));
            }
            more = byte & 0x80 != 0;
            shift += 7;
        }
        Ok((if negative { -value } else { value }, negative))
    }

    /// A client id.
    #[inline]
    pub fn read_client(&mut self) -> Result<ClientId, Error> {
        self.read_var_uint().map(ClientId::new)
    }

    /// A clock, or a length in clocks; refused above 32 bits.
    #[inline]
    pub fn read_clock(&mut self) -> Result<Clock, Error> {
        let start = self.at;
        let value = self.read_var_uint()?;
        Clock::try_from(value).map_err(|_| Error::at(ErrorKind::ClockOverflow, start))
    }

    /// A client id and a clock.
    pub fn read_id(&mut self) -> Result<Id, Error> {
        let client = self.read_var_uint()?;
        let start = self.at;
        let clock = self.read_var_uint()?;
        match Clock::try_from(clock) {
            Ok(clock) => Ok(Id::new(ClientId::new(client), clock)),
            Err(_) => Err(Error::at(ErrorKind::ClockOverflow, start)),
        }
    }

    /// A number of things that follow, each at least `least_bytes` long; refused if the input can't hold them.
    #[inline]
    pub fn read_count(&mut self, least_bytes: usize) -> Result<usize, Error> {
        let start = self.at;
        let count = self.read_var_uint()?;
        match usize::try_from(count) {
            Ok(count) if count <= self.remaining() / least_bytes.max(1) => Ok(count),
            _ => Err(Error::at(ErrorKind::UnexpectedEnd, start)),
        }
    }

    /// Bytes behind their length.
    #[inline]
    pub fn read_bytes(&mut self) -> Result<&'a [u8], Error> {
        let len = self.read_var_uint()?;
        let len = usize::try_from(len).map_err(|_| self.error(ErrorKind::UnexpectedEnd))?;
        self.read_exact(len)
    }

    /// A string behind its length in bytes.
    #[inline]
    pub fn read_string(&mut self) -> Result<&'a str, Error> {
        let bytes = self.read_bytes()?;
        self.text(bytes)
    }

    /// The same for who needs no more than its bytes, which are known to be UTF-8 then: most are ASCII, and that is seen
    /// sooner. Whether they are comes with them.
    #[inline]
    pub(crate) fn read_text_bytes(&mut self) -> Result<(&'a [u8], bool), Error> {
        let bytes = self.read_bytes()?;
        let is_ascii = bytes.is_ascii();
        if !is_ascii {
            self.text(bytes)?;
        }
        Ok((bytes, is_ascii))
    }

    /// Bytes that were just read, as text.
    fn text(&self, bytes: &'a [u8]) -> Result<&'a str, Error> {
        core::str::from_utf8(bytes)
            .map_err(|wrong| Error::at(ErrorKind::NotUtf8, self.at - bytes.len() + wrong.valid_up_to()))
    }
}
