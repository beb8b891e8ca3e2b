//! Opening a store. All that lies in the bytes is looked at once; what contradicts itself is refused.

use super::super::log::{WALKED_UNITS, push_range};
use super::super::order::PlacedRun;
use super::super::{Block, Client, LocalId, Log, Mark, NO_ORIGIN, NO_SEQUENCE, Sequence, Span, Store, TypeHandle};
use super::{ANY, ENTRY, HELD_TYPE, OWN, PART, SAME, UNPLACED, unfold};
use crate::lib0::{Reader, check_json};
use crate::update::{Content, TypeTag, check_payload, read_type};
use crate::values::{ClientId, Clock, Error, ErrorKind, Pace, utf16};
use std::ops::Range;

/// Units that stand next to each other.
#[derive(Clone, Copy)]
struct Run {
    client: Client,
    clock: Clock,
    len: Clock,
    mark: u8,
    sequence: Sequence,
}

impl Run {
    fn end(&self) -> Clock {
        self.clock + self.len
    }
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
}

/// A store that is being read.
struct Opening<'b> {
    from: Reader<'b>,
    clients: Vec<(ClientId, Clock)>,
    /// All runs, by client and clock.
    runs: Vec<Run>,
    /// Which of them belong to each client.
    runs_of: Vec<Range<usize>>,
    /// The runs of all sequences, in order.
    order: Vec<u32>,
    /// Where each sequence ends in that.
    ends: Vec<usize>,
    /// Units that hold a type, with its handle.
    holders: Vec<(TypeHandle, LocalId)>,
    /// The sequences that hold formatting marks; one may be named often.
    marked: Vec<Sequence>,
    store: Store,
}

impl Store {
    /// Reads what [`write_checkpoint`](Self::write_checkpoint) wrote. O(bytes).
    ///
    /// # Errors
    /// Bytes that end early, or that contradict themselves.
    pub(crate) async fn read_checkpoint(collects: bool, from: &mut Reader<'_>, pace: &Pace) -> Result<Store, Error> {
        let mut opening = Opening {
            from: from.clone(),
            clients: Vec::new(),
            runs: Vec::new(),
            runs_of: Vec::new(),
            order: Vec::new(),
            ends: Vec::new(),
            holders: Vec::new(),
            marked: Vec::new(),
            store: Store::new(collects),
        };
        opening.read_clients()?;
        opening.read_keys()?;
        let sequences = opening.from.read_count(3)?;
        opening.read_runs(pace).await?;
        opening.read_order(sequences, pace).await?;
        let mut logs = Vec::with_capacity(opening.clients.len());
        for client in 0..opening.clients.len() as Client {
            logs.push(opening.read_log(client, pace).await?);
        }
        opening.store.adopt(logs);
        opening.check(opening.store.handles.len() == opening.clients.len())?;
        opening.build_order(pace).await;
        opening.read_owners(pace).await?;
        opening.check_nested(pace).await?;
        opening.read_cut_pairs()?;
        *from = opening.from;
        Ok(opening.store)
    }
}

impl Opening<'_> {
    fn damaged(&self) -> Error {
        self.from.error(ErrorKind::DamagedRow)
    }

    fn check(&self, is_right: bool) -> Result<(), Error> {
        if is_right { Ok(()) } else { Err(self.damaged()) }
    }

    fn read_clients(&mut self) -> Result<(), Error> {
        for _ in 0..self.from.read_count(2)? {
            let (client, end) = (self.from.read_client()?, self.from.read_clock()?);
            self.check(end < Clock::MAX)?;
            self.clients.push((client, end));
        }
        Ok(())
    }

    fn read_keys(&mut self) -> Result<(), Error> {
        for key in 0..self.from.read_count(1)? as u32 {
            let name = self.from.read_string()?;
            let added = self.store.types.key(name);
            self.check(added == key)?;
        }
        Ok(())
    }

    async fn read_runs(&mut self, pace: &Pace) -> Result<(), Error> {
        for client in 0..self.clients.len() {
            let mut left = self.from.read_count(1)?;
            let first = self.runs.len();
            self.runs.reserve(left);
            let mut clock: Clock = 0;
            while left > 0 {
                let part = left.min(PART);
                clock = self.read_run_part(client as Client, clock, part)?;
                left -= part;
                pace.spend(part).await;
            }
            self.check(clock == self.clients[client].1)?;
            self.runs_of.push(first..self.runs.len());
        }
        Ok(())
    }

    /// Reads some runs of a client, from a clock on; gives where they end.
    fn read_run_part(&mut self, client: Client, clock: Clock, count: usize) -> Result<Clock, Error> {
        let mut clock = clock;
        for _ in 0..count {
            let number = self.from.read_var_uint()?;
            let (len, mark) = (number >> 2, (number & 3) as u8);
            let len = Clock::try_from(len).ok().filter(|len| *len > 0).ok_or_else(|| self.damaged())?;
            self.runs.push(Run { client, clock, len, mark, sequence: NO_SEQUENCE });
            clock = clock.checked_add(len).ok_or_else(|| self.damaged())?;
        }
        Ok(clock)
    }

    /// Reads which runs stand in which sequence, in which order: each once, but for those that stand in none.
    async fn read_order(&mut self, sequences: usize, pace: &Pace) -> Result<(), Error> {
        self.order.reserve(self.runs.len());
        let mut expected = 0;
        for sequence in 0..sequences as Sequence {
            let mut left = self.from.read_count(1)?;
            while left > 0 {
                let part = left.min(PART);
                self.read_order_part(sequence, &mut expected, part)?;
                left -= part;
                pace.spend(part).await;
            }
            self.ends.push(self.order.len());
        }
        let unplaced = self.runs.iter().filter(|run| run.mark == UNPLACED).count();
        pace.spend(self.runs.len() / 8).await;
        self.check(self.order.len() + unplaced == self.runs.len())
    }

    fn read_order_part(&mut self, sequence: Sequence, expected: &mut i64, count: usize) -> Result<(), Error> {
        for _ in 0..count {
            let number = *expected + unfold(self.from.read_var_uint()?);
            let damaged = self.from.error(ErrorKind::DamagedRow);
            let run = usize::try_from(number).ok().and_then(|number| self.runs.get_mut(number)).ok_or(damaged)?;
            if run.mark == UNPLACED || run.sequence != NO_SEQUENCE {
                return Err(damaged);
            }
            run.sequence = sequence;
            self.order.push(number as u32);
            *expected = number + 1;
        }
        Ok(())
    }

    /// Reads blocks and payload of a client, side by side with its runs.
    async fn read_log(&mut self, client: Client, pace: &Pace) -> Result<Log, Error> {
        let (id, end) = self.clients[client as usize];
        let count = self.from.read_count(1)?;
        let run = self.runs_of[client as usize].start;
        let mut log = ReadLog { client, blocks: Vec::with_capacity(count), clock: 0, payload: 0, run };
        let mut left = count;
        while left > 0 {
            let part = left.min(PART);
            self.read_blocks(&mut log, end, part)?;
            left -= part;
            pace.spend(part).await;
        }
        let ReadLog { blocks, clock, payload, .. } = log;
        self.check(clock == end)?;
        let bytes = self.from.read_bytes()?;
        self.check(bytes.len() as u64 == payload)?;
        for start in (0..blocks.len()).step_by(PART) {
            let stop = blocks.len().min(start + PART);
            self.check_payloads(client, end, &blocks, start..stop, bytes)?;
            pace.spend(stop - start).await;
        }
        let mut deleted: Vec<(Clock, Clock)> = Vec::new();
        for run in &self.runs[self.runs_of[client as usize].clone()] {
            if run.mark >= Mark::Deleted as u8 {
                push_range(&mut deleted, run.clock, run.end());
            }
        }
        pace.spend(self.runs_of[client as usize].len() / 4).await;
        let mut log = Log::restore(id, blocks, bytes.to_vec(), end);
        log.set_deleted(deleted);
        Ok(log)
    }

    /// Reads some blocks of a client, up to whose last clock they may go.
    fn read_blocks(&mut self, log: &mut ReadLog, end: Clock, count: usize) -> Result<(), Error> {
        let ReadLog { client, blocks, clock, payload, run } = log;
        for _ in 0..count {
            let head = self.from.read_u8()?;
            let content = Content::from_number(head & 15).filter(|content| *content != Content::Skip);
            let content = content.ok_or_else(|| self.damaged())?;
            let origin = match head >> 4 & 3 {
                SAME => (*client, clock.checked_sub(1).ok_or_else(|| self.damaged())?),
                kind => self.read_origin(kind, (*client, *clock))?,
            };
            let right_origin = match head >> 6 {
                SAME => blocks.last().map(|before| before.right_origin).ok_or_else(|| self.damaged())?,
                kind => self.read_origin(kind, (*client, *clock))?,
            };
            let len = if content.is_run() { self.from.read_clock()? } else { 1 };
            let bytes = match content {
                Content::Gc | Content::Deleted => 0,
                Content::String => self.from.read_var_uint()? + u64::from(len),
                _ => self.from.read_var_uint()?,
            };
            let is_ascii = content != Content::String || bytes == u64::from(len);
            let start = *clock;
            *clock = start.checked_add(len).filter(|clock| len > 0 && *clock <= end).ok_or_else(|| self.damaged())?;
            let sequence = self.runs[*run].sequence;
            self.check_runs(run, *clock, content)?;
            let offset = u32::try_from(*payload).map_err(|_| self.damaged())?;
            blocks.push(Block { clock: start, payload: offset, origin, right_origin, sequence, content, is_ascii });
            *payload += bytes;
        }
        Ok(())
    }

    /// Reads an origin that is written out: a unit that is known, and of the own client an earlier one.
    #[inline(always)]
    fn read_origin(&mut self, kind: u8, unit: LocalId) -> Result<LocalId, Error> {
        let (client, clock) = match kind {
            OWN => {
                let distance = self.from.read_clock()?;
                self.check(distance > 0)?;
                (unit.0, unit.1.checked_sub(distance).ok_or_else(|| self.damaged())?)
            }
            ANY => self.read_unit()?,
            _ => return Ok(NO_ORIGIN),
        };
        self.check(client != unit.0 || clock < unit.1)?;
        Ok((client, clock))
    }

    /// Reads the name of a unit that is known.
    #[inline(always)]
    fn read_unit(&mut self) -> Result<LocalId, Error> {
        let (client, clock) = (self.from.read_clock()?, self.from.read_clock()?);
        let known = self.clients.get(client as usize).is_some_and(|(_, end)| clock < *end);
        self.check(known)?;
        Ok((client, clock))
    }

    /// Checks that the runs up to a block's end stand in one sequence and have marks that go with the content. `run` is
    /// the one that holds the block's first unit, and then the one that holds the first unit behind it.
    #[inline]
    fn check_runs(&self, run: &mut usize, end: Clock, content: Content) -> Result<(), Error> {
        let first = self.runs[*run];
        let live = Store::mark_of(content) as u8;
        loop {
            let found = self.runs[*run];
            let goes = match content {
                Content::Gc => found.mark == UNPLACED,
                _ => found.mark == live || found.mark == Mark::Deleted as u8,
            };
            self.check(goes && found.sequence == first.sequence)?;
            if found.end() > end {
                return Ok(());
            }
            *run += 1;
            if found.end() == end {
                return Ok(());
            }
        }
    }

    /// Checks what some blocks carry, and notes types and keys of formats.
    fn check_payloads(
        &mut self,
        client: Client,
        end: Clock,
        blocks: &[Block],
        some: Range<usize>,
        payload: &[u8],
    ) -> Result<(), Error> {
        for at in some {
            let block = &blocks[at];
            let next = blocks.get(at + 1);
            let len = next.map_or(end, |next| next.clock) - block.clock;
            let stop = next.map_or(payload.len(), |next| next.payload as usize);
            let own = &payload[block.payload as usize..stop];
            if block.content == Content::String {
                let is_right = match block.is_ascii {
                    true => own.is_ascii(),
                    false => len <= WALKED_UNITS && core::str::from_utf8(own).is_ok_and(|text| utf16::len(text) == len),
                };
                self.check(is_right)?;
                continue;
            }
            let mut from = Reader::new(own);
            self.check_values((client, block.clock), block, len, &mut from).map_err(|_| self.damaged())?;
            self.check(from.is_at_end())?;
        }
        Ok(())
    }

    fn check_values(&mut self, unit: LocalId, block: &Block, len: Clock, from: &mut Reader<'_>) -> Result<(), Error> {
        match block.content {
            Content::Binary => from.read_exact(from.remaining()).map(|_| ()),
            Content::Embed => {
                let text = from.read_exact(from.remaining())?;
                let text = core::str::from_utf8(text).map_err(|_| from.error(ErrorKind::NotUtf8))?;
                check_json(text, from)
            }
            Content::Format => {
                self.store.types.key(from.clone().read_string()?);
                if self.marked.last() != Some(&block.sequence) {
                    self.marked.push(block.sequence);
                }
                check_payload(from, block.content, len)
            }
            Content::Type => {
                let handle = from.read_exact(size_of::<TypeHandle>())?;
                let handle = handle.try_into().map_err(|_| from.error(ErrorKind::UnexpectedEnd))?;
                self.holders.push((TypeHandle::from_le_bytes(handle), unit));
                check_payload(from, block.content, len)
            }
            content => check_payload(from, content, len),
        }
    }

    async fn build_order(&mut self, pace: &Pace) {
        let mut leaves = vec![u32::MAX; self.runs.len()];
        let mut start = 0;
        for &end in &self.ends {
            let sequence = self.store.order.add_sequence();
            let placed = |&name: &u32| {
                let Run { client, clock, len, mark, .. } = self.runs[name as usize];
                let mark = [Mark::Visible, Mark::Uncounted, Mark::Deleted][usize::from(mark)];
                PlacedRun { name, span: Span::new(client, clock, len, mark) }
            };
            match &self.order[start..end] {
                [] => {}
                [only] => self.store.order.fill_with_one(sequence, placed(only), &mut leaves),
                [first, others @ ..] => {
                    let mut filling = self.store.order.begin_filling(sequence, placed(first), &mut leaves);
                    for part in others.chunks(PART) {
                        self.store.order.fill(&mut filling, part.iter().map(placed), &mut leaves);
                        pace.spend(2 * part.len()).await;
                    }
                    self.store.order.end_filling(filling);
                }
            }
            start = end;
        }
        for (runs, leaves) in self.runs.chunks(PART).zip(leaves.chunks(PART)) {
            for (run, leaf) in runs.iter().zip(leaves) {
                self.store.order.index_built(run.client, run.len, *leaf);
            }
            pace.spend(runs.len()).await;
        }
        self.marked.iter().for_each(|sequence| self.store.order.note_marks(*sequence));
    }
}

impl Opening<'_> {
    /// Reads what each sequence belongs to, and so all types.
    async fn read_owners(&mut self, pace: &Pace) -> Result<(), Error> {
        let sequences = self.ends.len() as Sequence;
        for start in (0..sequences).step_by(PART) {
            let end = sequences.min(start + PART as Sequence);
            (start..end).try_for_each(|sequence| self.read_owner(sequence))?;
            pace.spend(2 * (end - start) as usize).await;
        }
        let types = &self.store.types;
        let is_held = |(handle, unit): &(TypeHandle, LocalId)| {
            (*handle as usize) < types.len() && types.get(*handle).item == Some(*unit)
        };
        self.check(self.holders.iter().all(is_held))
    }

    fn read_owner(&mut self, sequence: Sequence) -> Result<(), Error> {
        let types = self.store.types.len() as TypeHandle;
        match self.from.read_var_uint()? {
            ENTRY => {
                let (of, key) = (self.from.read_clock()?, self.from.read_clock()?);
                let is_new =
                    of < types && key < self.store.types.key_count() && self.store.types.entry(of, key).is_none();
                self.check(is_new)?;
                self.store.types.add_entry(of, key, sequence);
            }
            HELD_TYPE => self.read_held_type(types, sequence)?,
            root => {
                let name = self.from.read_string()?;
                let tag = root.checked_sub(1).map(TypeTag::from_number);
                self.check(tag != Some(None) && self.store.types.root(name).is_none())?;
                self.store.types.add(tag.flatten(), name, None, None, sequence);
            }
        }
        Ok(())
    }

    /// Reads which unit holds the next type.
    fn read_held_type(&mut self, handle: TypeHandle, sequence: Sequence) -> Result<(), Error> {
        let unit = self.read_unit()?;
        let log = self.store.log(unit.0);
        let at = log.find(unit.1);
        let block = log.blocks()[at];
        self.check(block.content == Content::Type && block.sequence < sequence)?;
        let (number, kind) = log.payload(at).split_at(size_of::<TypeHandle>());
        self.check(number == handle.to_le_bytes())?;
        let (tag, name) = read_type(&mut Reader::new(kind)).map_err(|_| self.damaged())?;
        let name: Box<str> = name.into();
        let parent = self.store.types.owner(block.sequence).of;
        self.store.types.add(Some(tag), &name, Some(unit), Some(parent), sequence);
        let runs = &self.runs[self.runs_of[unit.0 as usize].clone()];
        let run = runs[runs.partition_point(|run| run.clock <= unit.1) - 1];
        self.store.types.get_mut(handle).is_deleted = run.mark == Mark::Deleted as u8;
        Ok(())
    }

    /// Checks that nothing in a deleted type is live, and that nothing was written into a type before the type.
    async fn check_nested(&self, pace: &Pace) -> Result<(), Error> {
        let types = &self.store.types;
        if !types.has_nested() {
            return Ok(());
        }
        let of = |sequence: Sequence| types.get(types.owner(sequence).of);
        let may_be_live = |run: &Run| run.mark >= Mark::Deleted as u8 || !of(run.sequence).is_deleted;
        for runs in self.runs.chunks(PART) {
            self.check(runs.iter().all(may_be_live))?;
            pace.spend(runs.len() / 4 + 1).await;
        }
        for (client, log) in (0..).zip(&self.store.logs) {
            let comes_later = |block: &Block| {
                let placed = block.sequence != NO_SEQUENCE;
                let held = placed.then(|| of(block.sequence).item).flatten();
                held.is_none_or(|(holder, clock)| holder != client || clock < block.clock)
            };
            for blocks in log.blocks().chunks(PART) {
                self.check(blocks.iter().all(comes_later))?;
                pace.spend(blocks.len() / 4 + 1).await;
            }
        }
        Ok(())
    }

    fn read_cut_pairs(&mut self) -> Result<(), Error> {
        for _ in 0..self.from.read_count(2)? {
            let (client, clock) = self.read_unit()?;
            // Where the text was left out, there is no pair any more.
            if self.store.log(client).is_inside_pair(clock + 1) {
                self.store.cut_pairs.insert((client, clock));
            }
        }
        Ok(())
    }
}
