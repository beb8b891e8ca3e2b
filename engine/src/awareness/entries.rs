//! Awareness updates in bytes: client, clock and state of each entry, the state as JSON text.

use crate::lib0::{Reader, check_json, write_string, write_var_uint};
use crate::values::{Any, ClientId, Clock, Error, ErrorKind};
use smallvec::SmallVec;

/// JSON of a state that is gone.
pub(crate) const NULL: &str = "null";

/// One entry of an awareness update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct EntryPart<'a> {
    pub(crate) client: ClientId,
    pub(crate) clock: Clock,
    /// JSON text, checked; exactly [`NULL`] where the state is gone.
    pub(crate) state: &'a str,
}

/// The entries of an awareness update. Every JSON text is checked: other clients parse it without a guard.
/// Allocates in proportion to the bytes, and nothing for one entry, as in nearly all messages.
///
/// # Errors
/// What is no awareness update; `TooLarge` for more than `most` entries.
pub(crate) fn read_entries(update: &[u8], most: usize) -> Result<SmallVec<[EntryPart<'_>; 1]>, Error> {
    let mut from = Reader::new(update);
    let mut entries = SmallVec::new();
    let count = from.read_count(3)?;
    if count > most {
        return Err(from.error(ErrorKind::TooLarge));
    }
    for _ in 0..count {
        let client = from.read_client()?;
        let clock = from.read_clock()?;
        let state = from.read_string()?;
        check_json(state, &from)?;
        // Of all JSON only `null` begins so.
        let is_null = state.trim_start_matches([' ', '\t', '\n', '\r']).starts_with('n');
        entries.push(EntryPart { client, clock, state: if is_null { NULL } else { state } });
    }
    from.expect_end()?;
    Ok(entries)
}

/// Room for the numbers of an entry.
const MOST_HEAD_BYTES: usize = 32;

/// An awareness update in the making.
#[derive(Debug, Default)]
pub(crate) struct EntryWriter {
    count: u64,
    /// The entries, behind one byte for their number.
    bytes: Vec<u8>,
}

impl EntryWriter {
    pub(crate) fn add(&mut self, client: ClientId, clock: Clock, state: &str) {
        self.bytes.reserve(MOST_HEAD_BYTES + state.len());
        if self.count == 0 {
            self.bytes.push(0);
        }
        self.count += 1;
        write_var_uint(&mut self.bytes, client.value());
        write_var_uint(&mut self.bytes, clock.into());
        write_string(&mut self.bytes, state);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.count == 0
    }

    /// The update, in the memory that it was written into: of many clients that is fresh, and costs more to touch than to
    /// fill.
    pub(crate) fn finish(self) -> Vec<u8> {
        let mut out = self.bytes;
        let mut count = Vec::new();
        write_var_uint(&mut count, self.count);
        let written = out.len().max(1);
        out.resize(written + count.len() - 1, 0);
        out.copy_within(1..written, count.len());
        out[..count.len()].copy_from_slice(&count);
        out
    }
}

/// Rewrites the states of an awareness update, for instance where a server decides under which name a client
/// appears. A state that is gone is given as `null`. (y-protocols: `modifyAwarenessUpdate`) O(bytes).
///
/// # Errors
/// A malformed update, with states nested deeper than 127 among them.
pub fn modify_update(update: &[u8], mut modify: impl FnMut(Any) -> Any) -> Result<Vec<u8>, Error> {
    let mut out = EntryWriter::default();
    for entry in read_entries(update, usize::MAX)? {
        let state = Any::from_json(entry.state).ok_or(Error::from(ErrorKind::NotJson))?;
        out.add(entry.client, entry.clock, &modify(state).to_json());
    }
    Ok(out.finish())
}
