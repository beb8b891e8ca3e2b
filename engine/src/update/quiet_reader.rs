//! A reader for those who need not know what is wrong with malformed bytes: whoever has to, reads them again.

use crate::lib0::decode_var_uint;
use crate::values::{ClientId, Clock, Id, utf16};

/// A clock of more bytes, and how many these are.
#[cold]
#[inline(never)]
fn long_clock(bytes: &[u8], at: usize) -> Option<(Clock, usize)> {
    let (value, len) = decode_var_uint(bytes, at)?;
    Clock::try_from(value).ok().map(|clock| (clock, len))
}

/// The id of a client, and where it is written: where it comes again and again, the bytes are compared, not decoded.
#[derive(Clone, Copy, Debug)]
pub(crate) struct WrittenClient {
    pub(crate) id: ClientId,
    at: usize,
    len: usize,
}

/// Reads lib0's notation as [`Reader`](crate::lib0::Reader) does, and gives `None` where that gives an error. What it reads
/// stays in registers: all of it is inlined.
#[derive(Clone, Debug)]
pub(crate) struct QuietReader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl<'a> QuietReader<'a> {
    #[inline(always)]
    pub(crate) fn starting_at(bytes: &'a [u8], at: usize) -> QuietReader<'a> {
        QuietReader { bytes, at }
    }

    #[inline(always)]
    pub(crate) fn bytes(&self) -> &'a [u8] {
        self.bytes
    }

    #[inline(always)]
    pub(crate) fn offset(&self) -> usize {
        self.at
    }

    #[inline(always)]
    pub(crate) fn is_at_end(&self) -> bool {
        self.at == self.bytes.len()
    }

    #[inline(always)]
    pub(crate) fn byte(&mut self) -> Option<u8> {
        let byte = *self.bytes.get(self.at)?;
        self.at += 1;
        Some(byte)
    }

    #[inline(always)]
    pub(crate) fn number(&mut self) -> Option<u64> {
        let (value, len) = decode_var_uint(self.bytes, self.at)?;
        self.at += len;
        Some(value)
    }

    /// A number of things that follow, each at least `least_bytes` long.
    #[inline(always)]
    pub(crate) fn count(&mut self, least_bytes: usize) -> Option<usize> {
        let count = usize::try_from(self.number()?).ok()?;
        (count <= (self.bytes.len() - self.at) / least_bytes).then_some(count)
    }

    #[inline(always)]
    pub(crate) fn client(&mut self) -> Option<ClientId> {
        self.number().map(ClientId::new)
    }

    /// Most clocks have two or three bytes, for which a branch for each takes less than a word at a time.
    #[inline(always)]
    pub(crate) fn clock(&mut self) -> Option<Clock> {
        const MORE: u8 = 0x80;
        let low = |byte: u8| Clock::from(byte & !MORE);
        let (clock, len) = match *self.bytes.get(self.at..)? {
            [first @ ..MORE, ..] => (low(first), 1),
            [first, second @ ..MORE, ..] => (low(first) | low(second) << 7, 2),
            [first, second, third @ ..MORE, ..] => (low(first) | low(second) << 7 | low(third) << 14, 3),
            _ => long_clock(self.bytes, self.at)?,
        };
        self.at += len;
        Some(clock)
    }

    /// A client that is about to come again.
    #[inline(always)]
    pub(crate) fn written_client(&mut self) -> Option<WrittenClient> {
        let at = self.at;
        let id = self.client()?;
        Some(WrittenClient { id, at, len: self.at - at })
    }

    /// A client that mostly is `known`, which was read from the same bytes.
    #[inline(always)]
    fn client_like(&mut self, known: &WrittenClient) -> Option<ClientId> {
        let word = |at: usize| self.bytes.get(at..)?.first_chunk().map(|word| u64::from_le_bytes(*word));
        let is_short = *self.bytes.get(self.at)? < 0x80;
        if !is_short
            && let (Some(read), Some(known_word)) = (word(self.at), word(known.at))
            && (read ^ known_word) << (64 - 8 * known.len) == 0
        {
            self.at += known.len;
            return Some(known.id);
        }
        self.client()
    }

    /// An id that is of another client, or earlier than the clock `of` the client `own`.
    #[inline(always)]
    pub(crate) fn earlier_id(&mut self, own: &WrittenClient, of: Clock) -> Option<Id> {
        let id = Id::new(self.client_like(own)?, self.clock()?);
        (id.client != own.id || id.clock < of).then_some(id)
    }

    /// Bytes behind their length.
    #[inline(always)]
    pub(crate) fn sized_bytes(&mut self) -> Option<&'a [u8]> {
        let len = usize::try_from(self.number()?).ok()?;
        let bytes = self.bytes.get(self.at..)?.get(..len)?;
        self.at += len;
        Some(bytes)
    }

    /// A string behind its length in bytes.
    #[inline(always)]
    pub(crate) fn string(&mut self) -> Option<&'a str> {
        core::str::from_utf8(self.sized_bytes()?).ok()
    }

    /// Text behind its length in bytes, as UTF-8, and its length in units.
    #[inline(always)]
    pub(crate) fn text(&mut self) -> Option<(&'a [u8], Clock)> {
        let text = self.sized_bytes()?;
        let units = match text.is_ascii() {
            true => Clock::try_from(text.len()).ok()?,
            false => core::str::from_utf8(text).is_ok().then(|| utf16::len_of_bytes(text))?,
        };
        Some((text, units))
    }
}
