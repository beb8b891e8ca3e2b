//! Writing what a store holds as an update: blocks are joined and cut as the format allows, and what was collected is
//! written as such.

use super::{Client, LocalId, NO_ORIGIN, Store, TypeHandle};
use crate::lib0::{write_bytes, write_var_uint};
use crate::update::{Content, StructPart, WriterV2, WrittenParent, write_count_at};
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
        let lacking = self.lacking(known);
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

    /// The same as an update v2.
    pub(crate) fn state_v2(&self, known: &StateVector) -> Vec<u8> {
        let lacking = self.lacking(known);
        let mut out = WriterV2::of_clients(lacking.len());
        let mut scratch = Vec::new();
        for (client, from) in lacking {
            out.begin_client(self.id((client, from)));
            self.for_each_run(client, from..self.log(client).end(), |run| {
                out.write_struct(self.part_of(run), run.len, self.carried_by(run, &mut scratch));
            });
            out.end_client();
        }
        out.finish(&self.delete_set())
    }

    /// The clients of which a replica with this state vector lacks something, and from which clock on; as Yjs writes them,
    /// the largest first.
    fn lacking(&self, known: &StateVector) -> Vec<(Client, Clock)> {
        let clients = self.clients().rev().map(|(client, handle)| (handle, known.clock(client)));
        clients.filter(|(handle, from)| self.log(*handle).end() > *from).collect()
    }

    /// Appends the group of one client: the units from clock `from` on.
    pub(crate) fn write_client(&self, out: &mut Vec<u8>, client: Client, from: Clock) {
        let count_at = out.len();
        out.push(0);
        write_var_uint(out, self.log(client).client.value());
        write_var_uint(out, from.into());
        let count = self.write_structs(out, client, from);
        write_count_at(out, count_at, count);
    }

    /// Appends the structs of a client from clock `from` on; returns how many.
    pub(crate) fn write_structs(&self, out: &mut Vec<u8>, client: Client, from: Clock) -> u64 {
        self.write_structs_in(out, client, from..self.log(client).end())
    }

    /// Appends the structs of a client between two clocks; returns how many.
    pub(crate) fn write_structs_in(&self, out: &mut Vec<u8>, client: Client, clocks: Range<Clock>) -> u64 {
        let mut count = 0;
        let mut scratch = Vec::new();
        self.for_each_run(client, clocks, |run| {
            count += 1;
            self.write_run(out, run, &mut scratch);
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

    fn write_run(&self, out: &mut Vec<u8>, run: Run, scratch: &mut Vec<u8>) {
        if run.content == Content::Gc {
            out.push(Content::Gc as u8);
            return write_var_uint(out, run.len.into());
        }
        self.part_of(run).write_head(out);
        let carried = self.carried_by(run, scratch);
        match run.content {
            Content::String | Content::Binary | Content::Embed => return write_bytes(out, carried),
            Content::Deleted | Content::Any | Content::Json => write_var_uint(out, run.len.into()),
            _ => {}
        }
        out.extend_from_slice(carried);
    }

    /// What stands before the content of a run.
    fn part_of(&self, run: Run) -> StructPart<'_> {
        if run.content == Content::Gc {
            return StructPart::GC;
        }
        let block = &self.log(run.first.0).blocks()[run.block];
        let owner = self.types.owner(block.sequence);
        let [origin, right_origin] = [block.origin_of(run.first), block.right_origin].map(|unit| self.origin_id(unit));
        // Whoever names a neighbour names neither type nor key.
        let (mut parent, mut key) = (WrittenParent::Inherited, None);
        if origin.is_none() && right_origin.is_none() {
            parent = self.written_parent(owner.of);
            key = owner.key.map(|key| self.types.key_name(key).as_bytes());
        }
        StructPart { content: run.content, key_bit: owner.key.is_some(), origin, right_origin, parent, key }
    }

    /// What a run carries, without lengths or counts: from where it is stored, or put together in `scratch`.
    #[inline]
    fn carried_by<'a>(&'a self, run: Run, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        if matches!(run.content, Content::Deleted | Content::Gc) {
            return &[];
        }
        let (client, start) = run.first;
        let pieces = || self.pieces_from(client, start..start + run.len, run.block);
        if start + run.len <= self.log(client).block_end(run.block)
            && let Some(stored) = pieces().next().and_then(|piece| self.stored(piece))
        {
            return stored;
        }
        scratch.clear();
        pieces().for_each(|piece| self.append_carried(piece, scratch));
        scratch
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
