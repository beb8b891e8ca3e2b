//! Opening a store. All that lies in the bytes is looked at once; what contradicts itself is refused.

use super::super::log::{WALKED_UNITS, push_range};
use super::super::order::{Filling, PlacedRun};
use super::super::{Block, Client, LocalId, Log, Mark, NO_ORIGIN, NO_SEQUENCE, Sequence, Span, Store, TypeHandle};
use super::{ANY, ENTRY, HELD_TYPE, OWN, PART, SAME, UNPLACED, unfold};
use crate::lib0::{Reader, check_json};
use crate::update::{Content, QuietReader, TypeTag, check_payload, read_type};
use crate::values::{ClientId, Clock, Pace, utf16};
use std::ops::Range;

/// Units that stand next to each other.
#[derive(Clone, Copy)]
struct Run {
    span: Span,
    mark: u8,
    sequence: Sequence,
}

/// The log of a client as far as it is read.
struct ReadLog {
    client: Client,
    blocks: Vec<Block>,
    /// The next block's first clock, and where its payload begins.
    clock: Clock,
    payload: u64,
    /// The run that holds that clock.
    run: usize,
    /// Whether blocks carry nothing but text, of a byte for each unit.
    is_plain: bool,
}

/// A store that is being read.
struct Opening<'b> {
    from: QuietReader<'b>,
    clients: Vec<(ClientId, Clock)>,
    /// All runs, by client and clock, and the leaves that they went to.
    runs: Vec<Run>,
    leaves: Vec<u32>,
    /// Which of them belong to each client.
    runs_of: Vec<Range<usize>>,
    /// Units that hold a type, with its handle.
    holders: Vec<(TypeHandle, LocalId)>,
    /// The sequences that hold formatting marks; one may be named often.
    marked: Vec<Sequence>,
    store: Store,
}

impl Store {
    /// Reads what [`write_checkpoint`](Self::write_checkpoint) wrote; `None` if the bytes end early, or contradict themselves.
    /// O(bytes).
    pub(crate) async fn read_checkpoint(collects: bool, from: &mut QuietReader<'_>, pace: &Pace) -> Option<Store> {
        let mut opening = Opening {
            from: from.clone(),
            clients: Vec::new(),
            runs: Vec::new(),
            leaves: Vec::new(),
            runs_of: Vec::new(),
            holders: Vec::new(),
            marked: Vec::new(),
            store: Store::new(collects),
        };
        opening.read_clients()?;
        opening.read_keys()?;
        let sequences = opening.from.count(3)? as Sequence;
        opening.read_runs(pace).await?;
        opening.read_order(sequences, pace).await?;
        let mut logs = Vec::with_capacity(opening.clients.len());
        for client in 0..opening.clients.len() as Client {
            logs.push(opening.read_log(client, pace).await?);
        }
        opening.store.adopt(logs);
        check(opening.store.handles.len() == opening.clients.len())?;
        opening.build_index(pace).await;
        opening.marked.iter().for_each(|sequence| opening.store.order.note_marks(*sequence));
        opening.read_owners(sequences, pace).await?;
        opening.check_nested(pace).await?;
        opening.read_cut_pairs()?;
        *from = opening.from;
        Some(opening.store)
    }
}

/// `None` if what must be so is not.
#[inline(always)]
fn check(is_right: bool) -> Option<()> {
    is_right.then_some(())
}

impl Opening<'_> {
    fn read_clients(&mut self) -> Option<()> {
        for _ in 0..self.from.count(2)? {
            let (client, end) = (self.from.client()?, self.from.clock()?);
            check(end < Clock::MAX)?;
            self.clients.push((client, end));
        }
        Some(())
    }

    fn read_keys(&mut self) -> Option<()> {
        for key in 0..self.from.count(1)? as u32 {
            let name = self.from.string()?;
            check(self.store.types.key(name) == key)?;
        }
        Some(())
    }

    async fn read_runs(&mut self, pace: &Pace) -> Option<()> {
        for client in 0..self.clients.len() {
            let mut left = self.from.count(1)?;
            let first = self.runs.len();
            self.runs.reserve(left);
            let mut clock: Clock = 0;
            while left > 0 {
                let part = left.min(PART);
                clock = self.read_run_part(client as Client, clock, part)?;
                left -= part;
                pace.spend(part).await;
            }
            check(clock == self.clients[client].1)?;
            self.runs_of.push(first..self.runs.len());
        }
        Some(())
    }

    /// Reads some runs of a client, from a clock on; gives where they end.
    #[inline(never)]
    fn read_run_part(&mut self, client: Client, mut clock: Clock, count: usize) -> Option<Clock> {
        let mut from = self.from.clone();
        for _ in 0..count {
            let number = from.number()?;
            let (len, mark) = (Clock::try_from(number >> 2).ok()?, (number & 3) as u8);
            check(len > 0)?;
            // Where a run stands in no sequence, nobody asks for its span's mark.
            let shown = [Mark::Visible, Mark::Uncounted, Mark::Deleted, Mark::Visible][usize::from(mark)];
            let span = Span::new(client, clock, len, shown);
            self.runs.push(Run { span, mark, sequence: NO_SEQUENCE });
            clock = clock.checked_add(len)?;
        }
        self.from = from;
        Some(clock)
    }

    /// Reads which runs stand in which sequence, in which order, and builds these: each run stands in one, but for those
    /// that stand in none.
    async fn read_order(&mut self, sequences: Sequence, pace: &Pace) -> Option<()> {
        self.leaves = vec![u32::MAX; self.runs.len()];
        self.store.order.reserve(self.runs.len(), sequences);
        let (mut placed, mut expected) = (0, 0);
        for sequence in 0..sequences {
            self.store.order.add_sequence();
            let count = self.from.count(1)?;
            placed += count;
            if count > 0 {
                self.fill_sequence(sequence, count, &mut expected, pace).await?;
            }
        }
        self.store.order.trim();
        let unplaced = self.runs.iter().filter(|run| run.mark == UNPLACED).count();
        pace.spend(self.runs.len() / 8).await;
        check(placed + unplaced == self.runs.len())
    }

    async fn fill_sequence(&mut self, of: Sequence, count: usize, expected: &mut i64, pace: &Pace) -> Option<()> {
        let Opening { from, runs, leaves, store: Store { order, .. }, .. } = self;
        let first = read_place(from, runs, of, expected)?;
        if count == 1 {
            order.fill_with_one(of, first, leaves);
            return Some(());
        }
        let mut filling = order.begin_filling(of, first, leaves);
        let mut left = count - 1;
        while left > 0 {
            let part = left.min(PART);
            self.fill_part(&mut filling, of, part, expected)?;
            left -= part;
            pace.spend(3 * part).await;
        }
        self.store.order.end_filling(filling);
        Some(())
    }

    /// Reads the places of some runs, and puts these there.
    #[inline(never)]
    fn fill_part(&mut self, filling: &mut Filling, of: Sequence, count: usize, expected: &mut i64) -> Option<()> {
        let Opening { from, runs, leaves, store: Store { order, .. }, .. } = self;
        let (mut reader, mut next, mut left) = (from.clone(), *expected, count);
        let placed = core::iter::from_fn(|| {
            let run = if left > 0 { read_place(&mut reader, runs, of, &mut next) } else { None }?;
            left -= 1;
            Some(run)
        });
        order.fill(filling, placed, leaves);
        (*from, *expected) = (reader, next);
        check(left == 0)
    }

    /// Reads blocks and payload of a client, side by side with its runs.
    async fn read_log(&mut self, client: Client, pace: &Pace) -> Option<Log> {
        let (id, end) = self.clients[client as usize];
        let count = self.from.count(1)?;
        let run = self.runs_of[client as usize].start;
        let mut log = ReadLog { client, blocks: Vec::with_capacity(count), clock: 0, payload: 0, run, is_plain: true };
        let mut left = count;
        while left > 0 {
            let part = left.min(PART);
            self.read_blocks(&mut log, end, part)?;
            left -= part;
            pace.spend(part).await;
        }
        let ReadLog { blocks, clock, payload, is_plain, .. } = log;
        check(clock == end)?;
        let bytes = self.from.sized_bytes()?;
        check(bytes.len() as u64 == payload)?;
        let is_ascii = bytes.is_ascii();
        let to_check = if is_plain && is_ascii { 0 } else { blocks.len() };
        for start in (0..to_check).step_by(PART) {
            let stop = blocks.len().min(start + PART);
            self.check_payloads(client, end, &blocks, start..stop, (bytes, is_ascii))?;
            pace.spend(stop - start).await;
        }
        let mut deleted: Vec<(Clock, Clock)> = Vec::new();
        for run in &self.runs[self.runs_of[client as usize].clone()] {
            if run.mark >= Mark::Deleted as u8 {
                push_range(&mut deleted, run.span.clock, run.span.end());
            }
        }
        pace.spend(self.runs_of[client as usize].len() / 4).await;
        let mut log = Log::restore(id, blocks, bytes.to_vec(), end);
        log.set_deleted(deleted);
        Some(log)
    }

    /// Reads some blocks of a client, up to whose last clock they may go.
    #[inline(never)]
    fn read_blocks(&mut self, log: &mut ReadLog, end: Clock, count: usize) -> Option<()> {
        let mut from = self.from.clone();
        let ReadLog { client, ref mut blocks, mut clock, mut payload, run, mut is_plain } = *log;
        let mut runs = self.runs.get(run..)?;
        let mut right_before = blocks.last().map(|before| before.right_origin);
        for _ in 0..count {
            let head = from.byte()?;
            let content = Content::from_number(head & 15).filter(|content| *content != Content::Skip)?;
            let origin = match head >> 4 & 3 {
                SAME => (client, clock.checked_sub(1)?),
                kind => self.read_origin(&mut from, kind, (client, clock))?,
            };
            let right_origin = match head >> 6 {
                SAME => right_before?,
                kind => self.read_origin(&mut from, kind, (client, clock))?,
            };
            right_before = Some(right_origin);
            let len = if content.is_run() { from.clock()? } else { 1 };
            let bytes = match content {
                Content::Gc | Content::Deleted => 0,
                Content::String => from.number()? + u64::from(len),
                _ => from.number()?,
            };
            let is_ascii = content != Content::String || bytes == u64::from(len);
            is_plain &= is_ascii && matches!(content, Content::String | Content::Deleted | Content::Gc);
            let start = clock;
            clock = start.checked_add(len).filter(|clock| len > 0 && *clock <= end)?;
            let sequence = runs.first()?.sequence;
            runs = runs_behind(runs, clock, content)?;
            let offset = u32::try_from(payload).ok()?;
            blocks.push(Block { clock: start, payload: offset, origin, right_origin, sequence, content, is_ascii });
            payload += bytes;
        }
        (log.clock, log.payload, log.run) = (clock, payload, self.runs.len() - runs.len());
        log.is_plain = is_plain;
        self.from = from;
        Some(())
    }

    /// Reads an origin that is written out: a unit that is known, and of the own client an earlier one.
    #[inline(always)]
    fn read_origin(&self, from: &mut QuietReader<'_>, kind: u8, unit: LocalId) -> Option<LocalId> {
        let (client, clock) = match kind {
            OWN => {
                let distance = from.clock()?;
                check(distance > 0)?;
                return Some((unit.0, unit.1.checked_sub(distance)?));
            }
            ANY => read_unit(from, &self.clients)?,
            _ => return Some(NO_ORIGIN),
        };
        check(client != unit.0 || clock < unit.1)?;
        Some((client, clock))
    }

    /// Checks what some blocks carry, and notes types and keys of formats. The payload of all comes with whether it is ASCII.
    #[inline(never)]
    fn check_payloads(
        &mut self,
        client: Client,
        end: Clock,
        blocks: &[Block],
        some: Range<usize>,
        (payload, is_ascii): (&[u8], bool),
    ) -> Option<()> {
        for at in some {
            let block = &blocks[at];
            if is_ascii && block.is_ascii && block.content == Content::String {
                continue;
            }
            let next = blocks.get(at + 1);
            let len = next.map_or(end, |next| next.clock) - block.clock;
            let stop = next.map_or(payload.len(), |next| next.payload as usize);
            let own = &payload[block.payload as usize..stop];
            if block.content == Content::String {
                let is_right = match block.is_ascii {
                    true => own.is_ascii(),
                    false => len <= WALKED_UNITS && core::str::from_utf8(own).is_ok_and(|text| utf16::len(text) == len),
                };
                check(is_right)?;
                continue;
            }
            let mut from = Reader::new(own);
            self.check_values((client, block.clock), block, len, &mut from)?;
            check(from.is_at_end())?;
        }
        Some(())
    }

    fn check_values(&mut self, unit: LocalId, block: &Block, len: Clock, from: &mut Reader<'_>) -> Option<()> {
        match block.content {
            Content::Binary => return from.read_exact(from.remaining()).map(|_| ()).ok(),
            Content::Embed => {
                let text = core::str::from_utf8(from.read_exact(from.remaining()).ok()?).ok()?;
                return check_json(text, from).ok();
            }
            Content::Format => {
                self.store.types.key(from.clone().read_string().ok()?);
                if self.marked.last() != Some(&block.sequence) {
                    self.marked.push(block.sequence);
                }
            }
            Content::Type => {
                let handle = from.read_exact(size_of::<TypeHandle>()).ok()?.try_into().ok()?;
                self.holders.push((TypeHandle::from_le_bytes(handle), unit));
            }
            _ => {}
        }
        check_payload(from, block.content, len).ok()
    }

    /// Tells the index of all clocks where they went.
    async fn build_index(&mut self, pace: &Pace) {
        for (runs, leaves) in self.runs.chunks(PART).zip(self.leaves.chunks(PART)) {
            for (run, leaf) in runs.iter().zip(leaves) {
                self.store.order.index_built(run.span.client(), run.span.len, *leaf);
            }
            pace.spend(runs.len()).await;
        }
    }
}

/// Reads the name of a unit that is known.
#[inline(always)]
fn read_unit(from: &mut QuietReader<'_>, clients: &[(ClientId, Clock)]) -> Option<LocalId> {
    let (client, clock) = (from.clock()?, from.clock()?);
    check(clock < clients.get(client as usize)?.1)?;
    Some((client, clock))
}

/// The runs that hold what is behind a block's end, of those that hold what is behind its start. Those up to its end must stand in
/// one sequence, and have marks that go with the content.
#[inline(always)]
fn runs_behind(runs: &[Run], end: Clock, content: Content) -> Option<&[Run]> {
    let going: u8 = match content {
        Content::Gc => 1 << UNPLACED,
        _ => 1 << Store::mark_of(content) as u8 | 1 << Mark::Deleted as u8,
    };
    let (mut first, mut others) = runs.split_first()?;
    let sequence = first.sequence;
    loop {
        check(going >> first.mark & 1 != 0 && first.sequence == sequence)?;
        if first.span.end() >= end {
            break;
        }
        (first, others) = others.split_first()?;
    }
    if first.span.end() > end { runs.get(runs.len() - others.len() - 1..) } else { Some(others) }
}

/// Reads which run comes next in a sequence: one that stands in no other.
#[inline(always)]
fn read_place(from: &mut QuietReader<'_>, runs: &mut [Run], of: Sequence, expected: &mut i64) -> Option<PlacedRun> {
    let number = *expected + unfold(from.number()?);
    let run = runs.get_mut(usize::try_from(number).ok()?)?;
    check(run.mark != UNPLACED && run.sequence == NO_SEQUENCE)?;
    run.sequence = of;
    *expected = number + 1;
    Some(PlacedRun { name: number as u32, span: run.span })
}

impl Opening<'_> {
    /// Reads what each sequence belongs to, and so all types.
    async fn read_owners(&mut self, sequences: Sequence, pace: &Pace) -> Option<()> {
        for start in (0..sequences).step_by(PART) {
            let end = sequences.min(start + PART as Sequence);
            (start..end).try_for_each(|sequence| self.read_owner(sequence))?;
            pace.spend(2 * (end - start) as usize).await;
        }
        let types = &self.store.types;
        let is_held = |(handle, unit): &(TypeHandle, LocalId)| {
            (*handle as usize) < types.len() && types.get(*handle).item == Some(*unit)
        };
        check(self.holders.iter().all(is_held))
    }

    fn read_owner(&mut self, sequence: Sequence) -> Option<()> {
        let types = self.store.types.len() as TypeHandle;
        match self.from.number()? {
            ENTRY => {
                let (of, key) = (self.from.clock()?, self.from.clock()?);
                let is_new =
                    of < types && key < self.store.types.key_count() && self.store.types.entry(of, key).is_none();
                check(is_new)?;
                self.store.types.add_entry(of, key, sequence);
            }
            HELD_TYPE => self.read_held_type(types, sequence)?,
            root => {
                let name = self.from.string()?;
                let tag = root.checked_sub(1).map(TypeTag::from_number);
                check(tag != Some(None) && self.store.types.root(name).is_none())?;
                self.store.types.add(tag.flatten(), name, None, None, sequence);
            }
        }
        Some(())
    }

    /// Reads which unit holds the next type.
    fn read_held_type(&mut self, handle: TypeHandle, sequence: Sequence) -> Option<()> {
        let unit = read_unit(&mut self.from, &self.clients)?;
        let log = self.store.log(unit.0);
        let at = log.find(unit.1);
        let block = log.blocks()[at];
        check(block.content == Content::Type && block.sequence < sequence)?;
        let (number, kind) = log.payload(at).split_at(size_of::<TypeHandle>());
        check(number == handle.to_le_bytes())?;
        let (tag, name) = read_type(&mut Reader::new(kind)).ok()?;
        let name: Box<str> = name.into();
        let parent = self.store.types.owner(block.sequence).of;
        self.store.types.add(Some(tag), &name, Some(unit), Some(parent), sequence);
        let runs = &self.runs[self.runs_of[unit.0 as usize].clone()];
        let run = runs[runs.partition_point(|run| run.span.clock <= unit.1) - 1];
        self.store.types.get_mut(handle).is_deleted = run.mark == Mark::Deleted as u8;
        Some(())
    }

    /// Checks that nothing in a deleted type is live, and that nothing was written into a type before the type.
    async fn check_nested(&self, pace: &Pace) -> Option<()> {
        let types = &self.store.types;
        if !types.has_nested() {
            return Some(());
        }
        let of = |sequence: Sequence| types.get(types.owner(sequence).of);
        let may_be_live = |run: &Run| run.mark >= Mark::Deleted as u8 || !of(run.sequence).is_deleted;
        for runs in self.runs.chunks(PART) {
            check(runs.iter().all(may_be_live))?;
            pace.spend(runs.len() / 4 + 1).await;
        }
        for (client, log) in (0..).zip(&self.store.logs) {
            let comes_later = |block: &Block| {
                let placed = block.sequence != NO_SEQUENCE;
                let held = placed.then(|| of(block.sequence).item).flatten();
                held.is_none_or(|(holder, clock)| holder != client || clock < block.clock)
            };
            for blocks in log.blocks().chunks(PART) {
                check(blocks.iter().all(comes_later))?;
                pace.spend(blocks.len() / 4 + 1).await;
            }
        }
        Some(())
    }

    fn read_cut_pairs(&mut self) -> Option<()> {
        for _ in 0..self.from.count(2)? {
            let (client, clock) = read_unit(&mut self.from, &self.clients)?;
            // Where the text was left out, there is no pair any more.
            if self.store.log(client).is_inside_pair(clock + 1) {
                self.store.cut_pairs.insert((client, clock));
            }
        }
        Some(())
    }
}
