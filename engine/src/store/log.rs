//! The log of one client: what it wrote, in the order of its clocks, append-only.

use super::order::{Client, Sequence};
use super::trim;
use crate::update::Content;
use crate::values::{ClientId, Clock, utf16};

/// An id inside a store: the client by its handle.
pub(crate) type LocalId = (Client, Clock);

/// In place of an origin: there is none.
pub(crate) const NO_ORIGIN: LocalId = (Client::MAX, 0);

/// In place of a sequence: the ids stand in none.
pub(crate) const NO_SEQUENCE: Sequence = Sequence::MAX;

/// A block whose units can't be found by counting bytes is not continued beyond this many units: that bounds the
/// walk from a block's start to one of its units, and makes the row of blocks the index into long content.
pub(super) const WALKED_UNITS: Clock = 256;

/// What one client wrote in one go: a run of units with consecutive clocks, of which each is the origin of the next.
///
/// 32 bytes. The payload lies in the log's buffer, from `payload` to where the next block's begins.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Block {
    pub(crate) clock: Clock,
    pub(super) payload: u32,
    pub(crate) origin: LocalId,
    pub(crate) right_origin: LocalId,
    pub(crate) sequence: Sequence,
    pub(crate) content: Content,
    /// Whether a unit is a byte; text only, else it is set.
    pub(super) is_ascii: bool,
}

impl Block {
    /// The origin of a unit that stands in this block: the unit before it, or of the first one the block's own.
    #[inline]
    pub(crate) fn origin_of(&self, (client, clock): LocalId) -> LocalId {
        if clock > self.clock { (client, clock - 1) } else { self.origin }
    }
}

/// Everything that the log needs to know of a run of units that is appended.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) content: Content,
    pub(crate) len: Clock,
    pub(crate) origin: LocalId,
    pub(crate) right_origin: LocalId,
    pub(crate) sequence: Sequence,
    /// Whether the block may be continued, or continue another (not so for map entries).
    pub(crate) is_joinable: bool,
    pub(crate) payload: &'a [u8],
}

/// The log of one client.
#[derive(Debug)]
pub(crate) struct Log {
    pub(crate) client: ClientId,
    blocks: Vec<Block>,
    buffer: Vec<u8>,
    end: Clock,
    /// Clocks that are deleted, as ranges in any order; may touch, never overlap.
    deleted: Vec<(Clock, Clock)>,
    /// The clock after the last deleted one.
    deleted_end: Clock,
    has_wide_text: bool,
    /// A clock that is no second half of a pair; 0 is none.
    border: Clock,
    /// Whether it matters where others cut: some text is not ASCII, or something was redone.
    pub(crate) minds_cuts: bool,
    /// The first clock that the open transaction appended, if it has.
    pub(crate) changed_from: Option<Clock>,
}

impl Log {
    pub(crate) fn new(client: ClientId) -> Log {
        Log {
            client,
            blocks: Vec::new(),
            buffer: Vec::new(),
            end: 0,
            deleted: Vec::new(),
            deleted_end: 0,
            has_wide_text: false,
            border: 0,
            minds_cuts: false,
            changed_from: None,
        }
    }

    /// A log with all that is in it. Blocks, payloads and ranges must fit each other, ranges be in order.
    pub(super) fn restore(
        client: ClientId,
        blocks: Vec<Block>,
        buffer: Vec<u8>,
        deleted: Vec<(Clock, Clock)>,
        end: Clock,
    ) -> Log {
        let has_wide_text = blocks.iter().any(|block| !block.is_ascii);
        let deleted_end = deleted.last().map_or(0, |range| range.1);
        let minds_cuts = has_wide_text;
        Log { blocks, buffer, end, deleted, deleted_end, has_wide_text, minds_cuts, ..Log::new(client) }
    }

    /// The clock that comes next.
    #[inline]
    pub(crate) fn end(&self) -> Clock {
        self.end
    }

    pub(crate) fn blocks(&self) -> &[Block] {
        &self.blocks
    }

    /// Whether some text of this client is not ASCII, so that a unit may be half a character.
    pub(crate) fn has_wide_text(&self) -> bool {
        self.has_wide_text
    }

    /// Whether `bytes` more content fits the log's 32-bit offsets, and `len` more units its clocks.
    pub(crate) fn has_room(&self, len: Clock, bytes: usize) -> bool {
        self.end.checked_add(len).is_some_and(|end| end < Clock::MAX)
            && self.buffer.len().checked_add(bytes).is_some_and(|end| end < u32::MAX as usize)
    }

    /// Index of the block that holds `clock`. O(1) for the last block, else O(log blocks).
    #[inline]
    pub(crate) fn find(&self, clock: Clock) -> usize {
        debug_assert!(clock < self.end);
        let last = self.blocks.len() - 1;
        if self.blocks[last].clock <= clock {
            return last;
        }
        self.blocks.partition_point(|block| block.clock <= clock) - 1
    }

    /// The same, O(1) too where it is this block or the one after it.
    pub(crate) fn find_near(&self, clock: Clock, near: usize) -> usize {
        let holds = |block: usize| {
            self.blocks.get(block).is_some_and(|found| found.clock <= clock) && clock < self.block_end(block)
        };
        match [near, near + 1].into_iter().find(|block| holds(*block)) {
            Some(block) => block,
            None => self.find(clock),
        }
    }

    /// The clock after a block.
    #[inline]
    pub(crate) fn block_end(&self, block: usize) -> Clock {
        self.blocks.get(block + 1).map_or(self.end, |next| next.clock)
    }

    /// All of a block's payload.
    pub(crate) fn payload(&self, block: usize) -> &[u8] {
        let end = self.blocks.get(block + 1).map_or(self.buffer.len(), |next| next.payload as usize);
        &self.buffer[self.blocks[block].payload as usize..end]
    }

    /// A block of text, as text.
    pub(crate) fn text(&self, block: usize) -> &str {
        core::str::from_utf8(self.payload(block)).expect("text is checked before it is appended")
    }

    /// Text of a block between two of its unit offsets, if the block is ASCII: one byte a unit, so that only the part is
    /// looked at, however long the block is.
    #[inline]
    pub(crate) fn ascii_part(&self, block: usize, from: Clock, to: Clock) -> Option<&[u8]> {
        self.blocks[block].is_ascii.then(|| &self.payload(block)[from as usize..to as usize])
    }

    /// The units from `from` on and the block that they stand in, if that is one, of ASCII text.
    #[inline]
    pub(crate) fn ascii_since(&self, from: Clock) -> Option<(&Block, &[u8])> {
        let last = self.blocks.last()?;
        let offset = from.checked_sub(last.clock)?;
        let is_text = last.is_ascii && last.content == Content::String;
        is_text.then(|| (last, &self.buffer[last.payload as usize + offset as usize..]))
    }

    /// Text of a block between two of its unit offsets; halves of pairs that are cut off are said, not written.
    pub(crate) fn text_part(&self, block: usize, from: Clock, to: Clock) -> utf16::Cut<'_> {
        if let Some(part) = self.ascii_part(block, from, to) {
            let text = core::str::from_utf8(part).expect("text is checked before it is appended");
            return utf16::Cut { half_before: false, text, half_after: false };
        }
        let payload = self.payload(block);
        let (half_before, bytes, half_after) = utf16::cut_bytes(payload, from, to);
        let text = core::str::from_utf8(&payload[bytes]).expect("text is checked before it is appended");
        utf16::Cut { half_before, text, half_after }
    }

    /// Whether `clock` is the second half of a surrogate pair.
    pub(crate) fn is_inside_pair(&self, clock: Clock) -> bool {
        if !self.has_wide_text || clock >= self.end || clock == self.border {
            return false;
        }
        let at = self.find(clock);
        let block = &self.blocks[at];
        block.content == Content::String
            && !block.is_ascii
            && matches!(utf16::find_in_bytes(self.payload(at), clock - block.clock), Some(utf16::Place::InsidePair(_)))
    }

    /// Remembers that `clock`, which is known, is no second half of a pair: who types asks for the same one again and
    /// again.
    pub(crate) fn remember_border(&mut self, clock: Clock) {
        if clock < self.end {
            self.border = clock;
        }
    }

    /// Appends units at the end: to the last block if they continue it, else as new blocks.
    pub(crate) fn append(&mut self, entry: Entry<'_>, handle: Client) {
        match entry.content {
            Content::String => self.append_text(entry, handle),
            _ => self.append_run(entry, handle, true),
        }
    }

    /// Text that is not ASCII is cut into blocks that are short enough to be walked.
    fn append_text(&mut self, mut entry: Entry<'_>, handle: Client) {
        if entry.len as usize == entry.payload.len() {
            return self.append_run(entry, handle, true);
        }
        self.has_wide_text = true;
        self.minds_cuts = true;
        if entry.len <= WALKED_UNITS {
            return self.append_run(entry, handle, false);
        }
        let mut rest = core::str::from_utf8(entry.payload).expect("text is checked before it is appended");
        let mut left = entry.len;
        while !rest.is_empty() {
            let cut = match utf16::find(rest, WALKED_UNITS.min(left)) {
                Some(utf16::Place::Byte(byte) | utf16::Place::InsidePair(byte)) => byte,
                None => rest.len(),
            };
            let (part, after) = rest.split_at(cut);
            entry.len = utf16::len(part);
            entry.payload = part.as_bytes();
            self.append_run(entry, handle, part.is_ascii());
            entry.origin = (handle, self.end - 1);
            left -= entry.len;
            rest = after;
        }
    }

    fn append_run(&mut self, entry: Entry<'_>, handle: Client, is_ascii: bool) {
        if !self.continues_last(&entry, handle, is_ascii) {
            self.blocks.push(Block {
                clock: self.end,
                payload: self.buffer.len() as u32,
                origin: entry.origin,
                right_origin: entry.right_origin,
                sequence: entry.sequence,
                content: entry.content,
                is_ascii,
            });
        }
        self.append_payload(entry.payload);
        self.end += entry.len;
    }

    /// Whether `len` units of text whose origin is the last unit of all would continue the last block. The block must not be
    /// a map entry's.
    #[inline]
    pub(crate) fn continues_text(
        &self,
        sequence: Sequence,
        right_origin: LocalId,
        (text, len): (&[u8], Clock),
    ) -> bool {
        self.blocks.last().is_some_and(|last| {
            last.content == Content::String
                && self.takes_text(last, len, text.len() == len as usize)
                && last.sequence == sequence
                && last.right_origin == right_origin
        })
    }

    /// Appends text of `len` units to the last block, which it [continues](Self::continues_text).
    #[inline]
    pub(crate) fn append_typed(&mut self, text: &[u8], len: Clock) {
        self.append_payload(text);
        self.end += len;
    }

    /// Whether the last block, one of text, can be lengthened by so much text and still be found by counting bytes or by
    /// a short walk.
    #[inline]
    fn takes_text(&self, last: &Block, len: Clock, is_ascii: bool) -> bool {
        match last.is_ascii {
            true => is_ascii,
            false => self.end - last.clock + len <= WALKED_UNITS,
        }
    }

    #[inline]
    fn append_payload(&mut self, payload: &[u8]) {
        match payload {
            // What one key press brings.
            [byte] => self.buffer.push(*byte),
            _ => self.buffer.extend_from_slice(payload),
        }
    }

    fn continues_last(&self, entry: &Entry<'_>, handle: Client, is_ascii: bool) -> bool {
        let Some(last) = self.blocks.last() else { return false };
        if last.content != entry.content || !entry.content.is_run() {
            return false;
        }
        if entry.content == Content::Gc {
            return true;
        }
        let has_room = match entry.content {
            Content::String => self.takes_text(last, entry.len, is_ascii),
            Content::Any | Content::Json => self.end - last.clock + entry.len <= WALKED_UNITS,
            _ => true,
        };
        entry.is_joinable
            && has_room
            && last.sequence == entry.sequence
            && last.right_origin == entry.right_origin
            && entry.origin == (handle, self.end - 1)
    }

    /// Gives back most of what grew too large while much was appended.
    pub(crate) fn trim(&mut self) {
        trim(&mut self.blocks);
        trim(&mut self.buffer);
    }

    /// Notes that `start..end` is deleted; it must not be so yet.
    pub(crate) fn note_deleted(&mut self, start: Clock, end: Clock) {
        self.deleted_end = self.deleted_end.max(end);
        match self.deleted.last_mut() {
            Some(last) if last.1 == start => last.1 = end,
            Some(last) if last.0 == end => last.0 = start,
            _ => {
                if self.deleted.len() == self.deleted.capacity() {
                    // Before the list grows, what touches by now becomes one range.
                    self.deleted = self.deleted_ranges(0);
                }
                self.deleted.push((start, end));
            }
        }
    }

    /// The deleted clocks from `from` on (and those before it in the same range) as ranges: ascending, neither
    /// touching nor overlapping. O(1) if there are none, else O(n log n).
    pub(crate) fn deleted_ranges(&self, from: Clock) -> Vec<(Clock, Clock)> {
        if self.deleted_end <= from {
            return Vec::new();
        }
        let mut ranges: Vec<_> = self.deleted.iter().filter(|range| range.1 > from).copied().collect();
        join_ranges(&mut ranges);
        ranges
    }

    /// The clock after the last deleted one; 0 if nothing is.
    #[inline]
    pub(crate) fn deleted_end(&self) -> Clock {
        self.deleted_end
    }

    /// Whether anything is deleted.
    pub(crate) fn has_deleted(&self) -> bool {
        !self.deleted.is_empty()
    }

    /// Panics if blocks or deleted ranges are not what they should be.
    pub(crate) fn assert_invariants(&self) {
        assert_eq!(self.blocks.first().map_or(self.end, |block| block.clock), 0);
        for (at, block) in self.blocks.iter().enumerate() {
            let len = self.block_end(at).checked_sub(block.clock).expect("blocks ascend");
            assert!(len > 0);
            match block.content {
                Content::String => assert_eq!(utf16::len(self.text(at)), len),
                Content::Gc | Content::Deleted => assert!(self.payload(at).is_empty()),
                _ => {}
            }
            assert_eq!(block.content == Content::Gc, block.sequence == NO_SEQUENCE);
        }
        let mut ranges = self.deleted.clone();
        ranges.sort_unstable();
        assert!(ranges.iter().all(|range| range.0 < range.1 && range.1 <= self.end));
        assert!(ranges.windows(2).all(|pair| pair[0].1 <= pair[1].0), "no clock is deleted twice");
    }
}

/// Sorts ranges and joins those that touch.
fn join_ranges(ranges: &mut Vec<(Clock, Clock)>) {
    // By a copy of its own of the standard library's sort: encoding takes 9 % less. It makes use of what was sorted before.
    ranges.sort();
    ranges.dedup_by(|next, kept| {
        let touches = next.0 <= kept.1;
        if touches {
            kept.1 = kept.1.max(next.1);
        }
        touches
    });
}
