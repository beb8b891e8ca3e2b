//! An update v1 that is checked in steps, for updates that are too much to be read at once. Nothing of it is kept but where
//! each client's structs stand, and those with long content, so that it need not be checked again.

use super::client_order::ClientOrder;
use super::delete_walk::{DeleteStep, DeleteWalk};
use super::parse::{check_payload, end_clock, parse_content, parse_struct, read_head};
use super::structs::{ByteRange, Content, Parent, Struct};
use super::{ClientStructs, Update};
use crate::lib0::Reader;
use crate::values::{ClientId, Clock, Error, ErrorKind, Id, utf16};

/// Longer content is kept account of, in bytes.
const LONG_BYTES: u32 = 16 << 10;
/// A step ends after so many structs or ranges, or
const STEP_ITEMS: usize = if cfg!(debug_assertions) { 3 } else { 256 };
/// after so many bytes.
const STEP_BYTES: usize = if cfg!(debug_assertions) { 16 } else { 64 << 10 };

/// Where structs of one client stand that follow each other.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Block {
    /// Of the next struct.
    pub(crate) id: Id,
    /// Where it stands.
    pub(crate) at: u32,
    /// How many there are.
    pub(crate) left: u32,
}

/// A check that goes on. All calls get the same bytes.
#[derive(Debug)]
pub(crate) struct StepwiseCheck {
    at: usize,
    has_begun: bool,
    /// Blocks that were not begun, and structs of the last one that were not read.
    blocks_left: usize,
    structs_left: usize,
    next: Id,
    /// Content that was read in part.
    content: Option<Long>,
    deletes: Option<DeleteSteps>,
    blocks: Vec<Block>,
    order: ClientOrder,
    long: Vec<Long>,
}

/// A struct with long content, or one of which the content is being read.
#[derive(Clone, Copy, Debug)]
struct Long {
    of: Struct,
    /// Where it stands, and where what follows does.
    at: u32,
    end: u32,
    /// Bytes or values of its content that were not read.
    left: usize,
}

/// A delete set that is read in steps. All calls get the same bytes.
#[derive(Debug)]
pub(crate) struct DeleteSteps {
    first_at: usize,
    at: usize,
    walk: DeleteWalk,
}

impl DeleteSteps {
    /// The delete set that begins at this byte.
    pub(crate) fn starting_at(at: usize) -> DeleteSteps {
        DeleteSteps { first_at: at, at, walk: DeleteWalk::default() }
    }

    /// Reads up to `most` clients and ranges of a delete set that was checked; `true` once nothing is left.
    pub(crate) fn read(&mut self, bytes: &[u8], most: usize, read: &mut Update) -> bool {
        read.clear();
        let mut from = Reader::starting_at(bytes, self.at);
        for _ in 0..=most {
            let Ok(is_at_end) = self.step(&mut from, read) else { unreachable!("it was checked") };
            if is_at_end {
                return true;
            }
        }
        self.at = from.offset();
        false
    }

    /// Reads one range, or begins a client; `true` at the end.
    fn step(&mut self, from: &mut Reader<'_>, read: &mut Update) -> Result<bool, Error> {
        match self.walk.step(from)? {
            DeleteStep::Range(client, range) if !range.is_empty() => read.deletes.push((client, range)),
            DeleteStep::End => return Ok(true),
            _ => {}
        }
        Ok(false)
    }
}

impl StepwiseCheck {
    /// A check that has not begun.
    pub(crate) fn new() -> StepwiseCheck {
        StepwiseCheck {
            at: 0,
            has_begun: false,
            blocks_left: 0,
            structs_left: 0,
            next: Id::new(ClientId::default(), 0),
            content: None,
            deletes: None,
            blocks: Vec::new(),
            order: ClientOrder::default(),
            long: Vec::new(),
        }
    }

    /// Goes on; `true` once all is checked. `read` gets what was read in this step. A step is some hundred structs or ranges,
    /// or 64 KB, or one value, which may be `most_bytes` with its names.
    ///
    /// # Errors
    /// As [`Update::parse`], and `TooLarge` for a value that is larger.
    pub(crate) fn step(&mut self, bytes: &[u8], most_bytes: usize, read: &mut Update) -> Result<bool, Error> {
        read.clear();
        let mut from = Reader::starting_at(bytes, self.at);
        if !core::mem::replace(&mut self.has_begun, true) {
            if u32::try_from(bytes.len()).is_err() {
                return Err(ErrorKind::TooLarge.into());
            }
            self.blocks_left = from.read_count(3)?;
        }
        let end = self.at + STEP_BYTES;
        let mut is_checked = false;
        for _ in 0..STEP_ITEMS {
            if from.offset() >= end || is_checked {
                break;
            }
            if self.content.is_some() {
                self.read_content(&mut from, bytes, most_bytes, read)?;
            } else if self.structs_left > 0 {
                self.read_struct(&mut from, bytes, most_bytes, read)?;
            } else if self.blocks_left > 0 {
                self.begin_block(&mut from)?;
            } else {
                let at = from.offset();
                let deletes = self.deletes.get_or_insert_with(|| DeleteSteps::starting_at(at));
                is_checked = deletes.step(&mut from, read)?;
                if is_checked {
                    from.expect_end()?;
                }
            }
        }
        self.at = from.offset();
        Ok(is_checked)
    }

    /// In how many blocks structs came so far, which is how many clients they are of, and whether these are in order.
    pub(crate) fn client_count(&self) -> (usize, bool) {
        (self.blocks.len(), self.order.is_kept())
    }

    /// How many bytes were checked.
    pub(crate) fn checked_bytes(&self) -> usize {
        self.at
    }

    /// Whether all structs are checked.
    pub(crate) fn has_reached_deletes(&self) -> bool {
        self.deletes.is_some()
    }

    /// Where the delete set begins, once all structs are checked.
    pub(crate) fn deletes_at(&self) -> usize {
        self.deletes.as_ref().map_or(0, |deletes| deletes.first_at)
    }

    /// Where the structs of each client stand, once all is checked. A client may come twice.
    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// The next struct of a block of what was checked, and the block behind it. O(its bytes, if they are not many).
    pub(crate) fn read_next(&self, bytes: &[u8], block: Block) -> (Struct, Block) {
        let known = self.long.binary_search_by_key(&block.at, |of| of.at).ok().map(|index| &self.long[index]);
        let (of, end) = match known {
            Some(long) => (long.of, long.end),
            None => {
                let mut from = Reader::starting_at(bytes, block.at as usize);
                let Ok(of) = parse_struct(&mut from, block.id) else { unreachable!("it was checked") };
                (of, from.offset() as u32)
            }
        };
        let id = Id::new(block.id.client, of.end());
        (of, Block { id, at: end, left: block.left - 1 })
    }

    fn begin_block(&mut self, from: &mut Reader<'_>) -> Result<(), Error> {
        self.blocks_left -= 1;
        self.structs_left = from.read_count(2)?;
        let client = from.read_client()?;
        self.next = Id::new(client, from.read_clock()?);
        if self.structs_left > 0 {
            self.order.note(client);
            self.blocks.push(Block { id: self.next, at: from.offset() as u32, left: self.structs_left as u32 });
        }
        Ok(())
    }

    fn read_struct<'a>(
        &mut self,
        from: &mut Reader<'a>,
        bytes: &'a [u8],
        most_bytes: usize,
        read: &mut Update,
    ) -> Result<(), Error> {
        let at = from.offset() as u32;
        let mut of = Struct::skip(self.next, 0);
        read_head(&mut of, from, self.next)?;
        let mut left = 0;
        match of.content {
            Content::Gc | Content::Skip => {}
            Content::String => {
                let len = from.read_var_uint()?;
                left = usize::try_from(len).ok().filter(|len| *len <= from.remaining()).unwrap_or(usize::MAX);
                if left == usize::MAX {
                    return Err(from.error(ErrorKind::UnexpectedEnd));
                }
                of.len = 0;
            }
            Content::Any | Content::Json => {
                left = from.read_count(1)?;
                of.len = left as Clock;
            }
            content => {
                let read = read_within(from, bytes, most_bytes, |from| parse_content(from, content));
                (of.len, of.payload) = read?;
                if names_bytes(&of) + of.payload.of(bytes).len() > most_bytes {
                    return Err(ErrorKind::TooLarge.into());
                }
            }
        }
        let start = from.offset() as u32;
        if of.content == Content::String || of.content.is_values() {
            of.payload = ByteRange { start, end: start };
        }
        self.content = Some(Long { of, at, end: start, left });
        self.read_content(from, bytes, most_bytes, read)
    }

    /// Reads content as far as the step goes.
    fn read_content<'a>(
        &mut self,
        from: &mut Reader<'a>,
        bytes: &'a [u8],
        most_bytes: usize,
        read: &mut Update,
    ) -> Result<(), Error> {
        let Some(long) = &mut self.content else { return Ok(()) };
        let end = from.offset() + STEP_BYTES;
        match long.of.content {
            Content::String => {
                let piece = from.read_exact(front_of_text(&bytes[from.offset()..], long.left.min(STEP_BYTES)))?;
                if piece.is_ascii() {
                    long.of.len += piece.len() as Clock;
                } else {
                    let text = core::str::from_utf8(piece).map_err(|wrong| {
                        Error::at(ErrorKind::NotUtf8, from.offset() - piece.len() + wrong.valid_up_to())
                    })?;
                    long.of.len += utf16::len(text);
                }
                long.left -= piece.len();
            }
            content => {
                let names = names_bytes(&long.of);
                while long.left > 0 && from.offset() < end {
                    let start = from.offset();
                    read_within(from, bytes, most_bytes, |from| check_payload(from, content, 1))?;
                    if names + from.offset() - start > most_bytes {
                        return Err(ErrorKind::TooLarge.into());
                    }
                    long.left -= 1;
                }
            }
        }
        if long.left > 0 {
            return Ok(());
        }
        let Some(mut long) = self.content.take() else { return Ok(()) };
        long.end = from.offset() as u32;
        if long.of.content == Content::String || long.of.content.is_values() {
            long.of.payload.end = long.end;
        }
        self.structs_left -= 1;
        self.next.clock = end_clock(from, self.next.clock, long.of.len)?;
        if long.end - long.at > LONG_BYTES {
            self.long.push(long);
        }
        if long.of.len > 0 {
            note_struct(read, long.of);
        }
        Ok(())
    }
}

/// Size in bytes of a struct's names: its key, and the root that it lies in.
fn names_bytes(of: &Struct) -> usize {
    let len = |range: ByteRange| (range.end - range.start) as usize;
    let root = if let Parent::Root(name) = of.parent { len(name) } else { 0 };
    root + of.key.map_or(0, len)
}

/// Notes a struct that was read.
fn note_struct(read: &mut Update, of: Struct) {
    let index = read.structs.len();
    match read.clients.last_mut().filter(|last| last.client == of.id.client) {
        Some(last) => last.structs.end = index + 1,
        None => read.clients.push(ClientStructs { client: of.id.client, structs: index..index + 1 }),
    }
    read.structs.push(of);
}

/// What stands before a value at most: its tag and length.
const HEAD_BYTES: usize = 16;

/// Reads a value, of which not much more than `most` bytes are looked at.
fn read_within<'a, T>(
    from: &mut Reader<'a>,
    bytes: &'a [u8],
    most: usize,
    read: impl FnOnce(&mut Reader<'a>) -> Result<T, Error>,
) -> Result<T, Error> {
    let start = from.offset();
    let limit = bytes.len().min(start.saturating_add(most).saturating_add(HEAD_BYTES));
    let mut within = Reader::starting_at(&bytes[..limit], start);
    let value = read(&mut within).map_err(|error| match error.kind {
        ErrorKind::UnexpectedEnd if limit < bytes.len() => ErrorKind::TooLarge.into(),
        _ => error,
    })?;
    *from = Reader::starting_at(bytes, within.offset());
    Ok(value)
}

/// How many bytes of text, `most` or a few less, end where a character does.
fn front_of_text(bytes: &[u8], most: usize) -> usize {
    let goes_on = |end: usize| bytes.get(end).is_some_and(|byte| byte & 0xc0 == 0x80);
    let least = most.saturating_sub(3).max(1.min(most));
    (least..=most).rev().find(|end| !goes_on(*end)).unwrap_or(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lib0::{write_bytes, write_var_uint};
    use proptest::prelude::*;

    /// What is read in steps; `None` if it is refused.
    fn read_in_steps(bytes: &[u8]) -> Option<(Update, StepwiseCheck)> {
        let mut check = StepwiseCheck::new();
        let mut whole = Update::default();
        let mut read = Update::default();
        loop {
            let is_checked = check.step(bytes, usize::MAX, &mut read).ok()?;
            read.structs.iter().for_each(|of| note_struct(&mut whole, *of));
            whole.deletes.append(&mut read.deletes);
            if is_checked {
                return Some((whole, check));
            }
        }
    }

    fn assert_the_same(bytes: &[u8]) {
        let Ok(whole) = Update::parse_v1(bytes) else {
            assert!(read_in_steps(bytes).is_none(), "refused");
            return;
        };
        let (steps, check) = read_in_steps(bytes).expect("an update");
        assert_eq!(steps.structs, whole.structs);
        assert_eq!(steps.deletes, whole.deletes);
        let mut again = Vec::new();
        for mut block in check.blocks().iter().copied() {
            while block.left > 0 {
                let (of, behind) = check.read_next(bytes, block);
                again.extend((of.len > 0).then_some(of));
                block = behind;
            }
        }
        assert_eq!(again, whole.structs, "what is read again");
        for most in 1..4 {
            let mut deletes = DeleteSteps::starting_at(check.deletes_at());
            let mut again = Vec::new();
            loop {
                let mut read = Update::default();
                let is_at_end = deletes.read(bytes, most, &mut read);
                again.append(&mut read.deletes);
                if is_at_end {
                    break;
                }
            }
            assert_eq!(again, whole.deletes);
        }
    }

    fn texts() -> impl Strategy<Value = String> {
        prop::collection::vec(prop_oneof![Just("a"), Just("é"), Just("鴨"), Just("🦆")], 0..60)
            .prop_map(|of| of.concat())
    }

    /// An update with a text and a list of values of one client each, long enough for several steps.
    fn updates() -> impl Strategy<Value = Vec<u8>> {
        let values = prop::collection::vec(texts(), 0..9);
        let deletes = prop::collection::vec((0_u64..50, 0_u64..4), 0..9);
        (texts(), values, deletes).prop_map(|(text, values, deletes)| {
            let mut bytes = vec![2, 2, 7, 0, 4, 1, 1, b't'];
            write_bytes(&mut bytes, text.as_bytes());
            bytes.extend([0, 1]);
            bytes.extend([1, 3, 0, 8, 1, 1, b'l']);
            write_var_uint(&mut bytes, values.len() as u64);
            values.iter().for_each(|value| {
                bytes.push(119);
                write_bytes(&mut bytes, value.as_bytes());
            });
            bytes.extend([1, 7]);
            write_var_uint(&mut bytes, deletes.len() as u64);
            deletes.iter().for_each(|(clock, len)| {
                write_var_uint(&mut bytes, *clock);
                write_var_uint(&mut bytes, *len);
            });
            bytes
        })
    }

    proptest! {
        /// In steps the same is read as at once, and the same refused.
        #[test]
        fn steps_are_the_whole(bytes in updates(), at in any::<prop::sample::Index>(), to in any::<u8>()) {
            assert_the_same(&bytes);
            let mut damaged = bytes.clone();
            damaged[at.index(bytes.len())] = to;
            assert_the_same(&damaged);
            assert_the_same(&bytes[..at.index(bytes.len())]);
        }

        #[test]
        fn bytes_are_refused_alike(bytes in prop::collection::vec(prop_oneof![0_u8..12, any::<u8>()], 1..40)) {
            assert_the_same(&bytes);
        }

        /// A value that is larger than may be is refused.
        #[test]
        fn large_values_are_refused(value in 0_usize..40, most in 1_usize..40) {
            let mut bytes = vec![1, 1, 7, 0, 3, 1, 1, b'b'];
            write_bytes(&mut bytes, &vec![7; value]);
            bytes.push(0);
            let mut check = StepwiseCheck::new();
            let mut read = Update::default();
            let outcome = loop {
                match check.step(&bytes, most, &mut read) {
                    Ok(false) => {}
                    outcome => break outcome.is_ok(),
                }
            };
            prop_assert_eq!(outcome, value < most);
        }
    }
}
