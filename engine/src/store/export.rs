//! Writing what a store holds as update v1: blocks are joined and cut as the format allows, and what was collected
//! is written as such.

use super::{Client, LocalId, NO_ORIGIN, Piece, Store, TypeHandle};
use crate::lib0::{write_bytes, write_var_uint};
use crate::update::{Content, StructPart, WrittenParent, units_of};
use crate::values::{Clock, Id, StateVector};
use std::ops::Range;

/// Units of one client that will be one struct.
#[derive(Clone, Copy, Debug)]
struct Run {
    /// Index of the block of its first unit.
    block: usize,
    first: LocalId,
    len: Clock,
    /// What is written, which for collected content is not what is stored.
    content: Content,
    is_deleted: bool,
}

impl Store {
    /// Appends a whole update v1: all that a replica with this state vector lacks, and all deletes.
    pub(crate) fn write_state(&self, out: &mut Vec<u8>, known: &StateVector) {
        let lacking: Vec<(Client, Clock)> = self
            .clients()
            .rev()
            .map(|(client, handle)| (handle, known.clock(client)))
            .filter(|(handle, from)| self.log(*handle).end() > *from)
            .collect();
        // Head and lengths of a struct take about so much.
        const USUAL_BYTES: usize = 12;
        let usual = |(client, from): &(Client, Clock)| {
            let log = self.log(*client);
            if *from == 0 { log.buffer_len() + log.blocks().len() * USUAL_BYTES } else { 0 }
        };
        out.reserve(lacking.iter().map(usual).sum());
        write_var_uint(out, lacking.len() as u64);
        for (client, from) in lacking {
            self.write_client(out, client, from);
        }
        let deleted = || self.clients().rev().filter(|(_, handle)| self.log(*handle).has_deleted());
        write_var_uint(out, deleted().count() as u64);
        for (client, handle) in deleted() {
            let ranges = self.log(handle).deleted_ranges(0);
            write_var_uint(out, client.value());
            write_var_uint(out, ranges.len() as u64);
            for (start, end) in ranges {
                write_var_uint(out, start.into());
                write_var_uint(out, (end - start).into());
            }
        }
    }

    /// Appends the group of one client: the units from clock `from` on.
    pub(crate) fn write_client(&self, out: &mut Vec<u8>, client: Client, from: Clock) {
        let count_at = out.len();
        out.push(0);
        write_var_uint(out, self.log(client).client.value());
        write_var_uint(out, from.into());
        let count = self.write_structs(out, client, from);
        if count < 0x80 {
            out[count_at] = count as u8;
        } else {
            let mut number = Vec::with_capacity(5);
            write_var_uint(&mut number, count);
            out.splice(count_at..=count_at, number);
        }
    }

    /// Appends the structs of a client from clock `from` on; returns how many.
    pub(crate) fn write_structs(&self, out: &mut Vec<u8>, client: Client, from: Clock) -> u64 {
        self.write_structs_in(out, client, from..self.log(client).end())
    }

    /// Appends the structs of a client between two clocks; returns how many.
    pub(crate) fn write_structs_in(&self, out: &mut Vec<u8>, client: Client, clocks: Range<Clock>) -> u64 {
        let mut count = 0;
        self.for_each_run(client, clocks, |run| {
            count += 1;
            self.write_run(out, run);
        });
        count
    }

    /// Joins and cuts the blocks of a client between two clocks into the runs that are written as structs.
    fn for_each_run(&self, client: Client, clocks: Range<Clock>, mut each: impl FnMut(Run)) {
        let log = self.log(client);
        let Range { start: from, end: stop } = clocks;
        let deleted = log.deleted_ranges(from);
        let mut ranges = deleted.iter().peekable();
        let mut open: Option<Run> = None;
        let mut clock = from;
        let mut block = log.find(from);
        while clock < stop {
            let block_end = log.block_end(block).min(stop);
            let stored = log.blocks()[block].content;
            let mut end = block_end;
            let mut is_deleted = false;
            // Where nothing is collected, only lists of values have to be cut at deletes (see FORMAT.md, joining).
            if self.collects || matches!(stored, Content::Any | Content::Json) {
                while ranges.next_if(|range| range.1 <= clock).is_some() {}
                if let Some(&&(start, after)) = ranges.peek() {
                    is_deleted = start <= clock;
                    end = end.min(if is_deleted { after } else { start });
                }
            }
            let mut content = stored;
            if is_deleted {
                let (is_kept, border) = self.kept_state((client, clock));
                end = end.min(border);
                if !is_kept {
                    content = self.collected(stored, log.blocks()[block].sequence);
                }
            }
            let next = Run { block, first: (client, clock), len: end - clock, content, is_deleted };
            match &mut open {
                Some(run) if self.joins(run, &next) => run.len += next.len,
                _ => {
                    if let Some(run) = open.replace(next) {
                        each(run);
                    }
                }
            }
            clock = end;
            if clock == block_end {
                block += 1;
            }
        }
        if let Some(run) = open {
            each(run);
        }
    }

    /// Whether a deleted unit is kept, and up to which clock the answer is the same.
    fn kept_state(&self, unit: LocalId) -> (bool, Clock) {
        if self.kept.is_empty() { (false, Clock::MAX) } else { self.kept.state(unit) }
    }

    /// Whether a type is deleted and nobody needs it any more. What is in it is then gone, too.
    pub(crate) fn is_collected(&self, handle: TypeHandle) -> bool {
        let shared = self.types.get(handle);
        self.collects && shared.is_deleted && !shared.item.is_some_and(|item| self.kept.contains(item))
    }

    /// What deleted content is written as. (Yjs: `Item#gc`, which a deleted type calls for all that is in it)
    fn collected(&self, stored: Content, sequence: u32) -> Content {
        if !self.collects || stored == Content::Gc {
            return stored;
        }
        let owner = self.types.owner(sequence);
        if self.is_collected(owner.of) { Content::Gc } else { Content::Deleted }
    }

    /// What a unit is to whoever asks: where deleted content is left out, what is left in its place.
    pub(crate) fn kept_content(&self, unit: LocalId) -> Content {
        let block = self.block(unit);
        let is_collected = || !self.is_live(unit) && !self.kept.contains(unit);
        if self.collects && is_collected() { self.collected(block.content, block.sequence) } else { block.content }
    }

    /// Whether `next`, which follows by clock, can be written as part of `run`. (FORMAT.md, joining)
    fn joins(&self, run: &Run, next: &Run) -> bool {
        if run.content != next.content || !run.content.is_run() {
            return false;
        }
        if run.content == Content::Gc {
            return true;
        }
        let blocks = self.log(run.first.0).blocks();
        let (before, after) = (&blocks[run.block], &blocks[next.block]);
        let previous_unit = (next.first.0, next.first.1 - 1);
        let follows = next.first.1 > after.clock || after.origin == previous_unit;
        let same_place = before.right_origin == after.right_origin && before.sequence == after.sequence;
        let values = matches!(run.content, Content::Any | Content::Json);
        let joinable_values = || self.types.owner(after.sequence).key.is_none() && run.is_deleted == next.is_deleted;
        follows && same_place && (!values || joinable_values())
    }

    fn write_run(&self, out: &mut Vec<u8>, run: Run) {
        if run.content == Content::Gc {
            out.push(Content::Gc as u8);
            return write_var_uint(out, run.len.into());
        }
        let log = self.log(run.first.0);
        let block = &log.blocks()[run.block];
        let owner = self.types.owner(block.sequence);
        let key = owner.key.map(|key| self.types.key_name(key).as_bytes());
        StructPart {
            content: run.content,
            key_bit: key.is_some(),
            origin: self.origin_id(block.origin_of(run.first)),
            right_origin: self.origin_id(block.right_origin),
            parent: self.written_parent(owner.of),
            key,
        }
        .write_head(out);
        match run.content {
            Content::Deleted => write_var_uint(out, run.len.into()),
            Content::String => self.write_text_run(out, run),
            Content::Any | Content::Json => {
                write_var_uint(out, run.len.into());
                self.for_each_piece(run, |piece| {
                    let payload = log.payload(piece.block);
                    let skip = piece.first.1 - log.blocks()[piece.block].clock;
                    out.extend_from_slice(units_of(run.content, payload, skip..skip + piece.len).of(payload));
                });
            }
            Content::Binary | Content::Embed => write_bytes(out, log.payload(run.block)),
            // The handle of the type stands before what is written.
            Content::Type => out.extend_from_slice(&log.payload(run.block)[size_of::<TypeHandle>()..]),
            _ => out.extend_from_slice(log.payload(run.block)),
        }
    }

    fn write_text_run(&self, out: &mut Vec<u8>, run: Run) {
        let log = self.log(run.first.0);
        let end = run.first.1 + run.len;
        let block_start = log.blocks()[run.block].clock;
        if end <= log.block_end(run.block)
            && let Some(ascii) = log.ascii_part(run.block, run.first.1 - block_start, end - block_start)
        {
            return write_bytes(out, ascii);
        }
        let mut len_bytes = 0;
        self.for_each_piece(run, |piece| self.read_text(piece, |part| len_bytes += part.len()));
        write_var_uint(out, len_bytes as u64);
        self.for_each_piece(run, |piece| self.append_text(piece, out));
    }

    /// The parts of a run, block by block.
    fn for_each_piece(&self, run: Run, mut each: impl FnMut(Piece)) {
        let log = self.log(run.first.0);
        let end = run.first.1 + run.len;
        let (mut block, mut clock) = (run.block, run.first.1);
        while clock < end {
            let stop = log.block_end(block).min(end);
            each(Piece { block, first: (run.first.0, clock), len: stop - clock, content: run.content });
            (clock, block) = (stop, block + 1);
        }
    }

    fn origin_id(&self, local: LocalId) -> Option<Id> {
        (local != NO_ORIGIN).then(|| self.id(local))
    }

    fn written_parent(&self, handle: TypeHandle) -> WrittenParent<'_> {
        let parent = self.types.get(handle);
        match parent.item {
            Some(item) => WrittenParent::Item(self.id(item)),
            None => WrittenParent::Root(parent.name.as_bytes()),
        }
    }
}
