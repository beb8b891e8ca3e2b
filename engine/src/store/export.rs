//! Writing what a store holds as an update: blocks are joined and cut as the format allows, and what was collected is
//! written as such.

use super::{Client, LocalId, NO_ORIGIN, Piece, Store, TypeHandle};
use crate::lib0::{Numbers, Word, append_numbers, encode_word, write_var_uint};
use crate::update::{Content, KEY, ORIGIN, RIGHT_ORIGIN, StructPart, WriterV2, WrittenParent, write_count_at};
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
        let deleted = self.deleted_by_handle();
        for (client, from) in lacking {
            self.write_group(out, client, from, &deleted[client as usize]);
        }
        let deleting = || self.clients().rev().filter(|(_, handle)| self.log(*handle).has_deleted());
        write_var_uint(out, deleting().count() as u64);
        for (client, handle) in deleting() {
            let ranges = &deleted[handle as usize];
            write_var_uint(out, client.value());
            write_var_uint(out, ranges.len() as u64);
            for (start, end) in ranges {
                append_numbers(out, |out| {
                    out.number((*start).into());
                    out.number((end - start).into());
                });
            }
        }
    }

    /// The same as an update v2.
    pub(crate) fn state_v2(&self, known: &StateVector) -> Vec<u8> {
        let lacking = self.lacking(known);
        let mut out = WriterV2::of_clients(lacking.len());
        let mut deleted = self.deleted_by_handle();
        let mut scratch = Vec::new();
        for (client, from) in lacking {
            out.begin_client(self.id((client, from)));
            self.for_each_run(client, from..self.log(client).end(), &deleted[client as usize], |run| {
                out.write_struct(self.part_of(run), run.len, self.carried_by(run, &mut scratch));
            });
            out.end_client();
        }
        out.finish(&self.delete_set_of(|client| std::mem::take(&mut deleted[client as usize])))
    }

    /// The deleted ranges of each client, sorted once for both, structs and deletes.
    fn deleted_by_handle(&self) -> Vec<Vec<(Clock, Clock)>> {
        self.logs.iter().map(|log| log.deleted_ranges(0)).collect()
    }

    /// The clients of which a replica with this state vector lacks something, and from which clock on; as Yjs writes them,
    /// the largest first.
    fn lacking(&self, known: &StateVector) -> Vec<(Client, Clock)> {
        let clients = self.clients().rev().map(|(client, handle)| (handle, known.clock(client)));
        clients.filter(|(handle, from)| self.log(*handle).end() > *from).collect()
    }

    /// Appends the group of one client: the units from clock `from` on.
    pub(crate) fn write_client(&self, out: &mut Vec<u8>, client: Client, from: Clock) {
        self.write_group(out, client, from, &self.log(client).deleted_ranges(from));
    }

    /// The same, where the client's deleted ranges are known: those from `from` on at least.
    fn write_group(&self, out: &mut Vec<u8>, client: Client, from: Clock, deleted: &[(Clock, Clock)]) {
        let count_at = out.len();
        out.push(0);
        write_var_uint(out, self.log(client).client.value());
        write_var_uint(out, from.into());
        let count = self.write_runs(out, client, from..self.log(client).end(), deleted);
        write_count_at(out, count_at, count);
    }

    /// Appends the structs of a client from clock `from` on; returns how many.
    pub(crate) fn write_structs(&self, out: &mut Vec<u8>, client: Client, from: Clock) -> u64 {
        self.write_structs_in(out, client, from..self.log(client).end())
    }

    /// Appends the structs of a client between two clocks; returns how many.
    pub(crate) fn write_structs_in(&self, out: &mut Vec<u8>, client: Client, clocks: Range<Clock>) -> u64 {
        let deleted = self.log(client).deleted_ranges(clocks.start);
        self.write_runs(out, client, clocks, &deleted)
    }

    fn write_runs(&self, out: &mut Vec<u8>, client: Client, clocks: Range<Clock>, deleted: &[(Clock, Clock)]) -> u64 {
        let mut count = 0;
        let mut writer = RunWriter { store: self, out, scratch: Vec::new(), recent: (Client::MAX, ([0; 8], 0)) };
        self.for_each_run(client, clocks, deleted, |run| {
            count += 1;
            writer.write(run);
        });
        count
    }

    /// Joins and cuts the blocks of a client between two clocks into the runs that are written as structs. `deleted` are its
    /// deleted ranges, ascending; those before the clocks may be there or not.
    fn for_each_run(
        &self,
        client: Client,
        clocks: Range<Clock>,
        deleted: &[(Clock, Clock)],
        mut each: impl FnMut(Run),
    ) {
        let log = self.log(client);
        let Range { start: from, end: stop } = clocks;
        let mut ranges = &deleted[deleted.partition_point(|(_, after)| *after <= from)..];
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
                while let [(_, after), later @ ..] = ranges
                    && *after <= clock
                {
                    ranges = later;
                }
                if let [(start, after), ..] = *ranges {
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
    #[inline(always)]
    fn carried_by<'a>(&'a self, run: Run, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        if matches!(run.content, Content::Deleted | Content::Gc) {
            return &[];
        }
        let Run { block, first, len, content, .. } = run;
        let (client, end) = (first.0, first.1 + len);
        let log = self.log(client);
        let of = &log.blocks()[block];
        let block_end = log.block_end(block);
        if end <= block_end {
            // Mostly it is text, or a mark.
            if content == Content::Format {
                return log.payload(block);
            }
            if content == Content::String
                && let Some(ascii) = log.ascii_part(block, first.1 - of.clock, end - of.clock)
            {
                return ascii;
            }
            if let Some(stored) = self.stored(Piece { block, first, len, content }) {
                return stored;
            }
        }
        scratch.clear();
        self.pieces_from(client, first.1..end, block).for_each(|piece| self.append_carried(piece, scratch));
        scratch
    }

    fn origin_id(&self, local: LocalId) -> Option<Id> {
        (local.0 != NO_ORIGIN.0).then(|| self.id(local))
    }

    fn written_parent(&self, handle: TypeHandle) -> WrittenParent<'_> {
        let parent = self.types.get(handle);
        match parent.item {
            Some(item) => WrittenParent::Item(self.id(item)),
            None => WrittenParent::Root(self.types.name(parent).as_bytes()),
        }
    }
}

/// Writes runs as structs of an update v1. A head that names a neighbour is put together here, from handles, and not by way of
/// a [`StructPart`] with its ids: documents are encoded with a sixth fewer instructions.
struct RunWriter<'s, 'o> {
    store: &'s Store,
    out: &'o mut Vec<u8>,
    /// What a run carries that is not stored in one piece.
    scratch: Vec<u8>,
    /// The client that was named last, as it is written.
    recent: (Client, Word),
}

impl RunWriter<'_, '_> {
    #[inline(always)]
    fn write(&mut self, run: Run) {
        let RunWriter { store, out, scratch, recent } = self;
        let carried = store.carried_by(run, scratch);
        let number = match run.content {
            Content::Gc => {
                out.push(Content::Gc as u8);
                return write_var_uint(out, run.len.into());
            }
            Content::String | Content::Binary | Content::Embed => Some(carried.len() as u64),
            Content::Deleted | Content::Any | Content::Json => Some(run.len.into()),
            _ => None,
        };
        let block = &store.log(run.first.0).blocks()[run.block];
        let (origin, right_origin) = (block.origin_of(run.first), block.right_origin);
        let names = |unit: LocalId, bit| if unit.0 == NO_ORIGIN.0 { 0 } else { bit };
        let named = names(origin, ORIGIN) | names(right_origin, RIGHT_ORIGIN);
        if named == 0 {
            store.part_of(run).write_head(out);
            number.into_iter().for_each(|number| write_var_uint(out, number));
        } else {
            let key = if store.types.owner(block.sequence).key.is_some() { KEY } else { 0 };
            let mut push_id = |head: &mut Numbers<'_>, unit: LocalId| {
                if recent.0 != unit.0 {
                    *recent = (unit.0, encode_word(store.log(unit.0).client.value()));
                }
                head.word(recent.1);
                head.number(unit.1.into());
            };
            append_numbers(out, |head| {
                head.byte(run.content as u8 | key | named);
                if named & ORIGIN != 0 {
                    push_id(head, origin);
                }
                if named & RIGHT_ORIGIN != 0 {
                    push_id(head, right_origin);
                }
                if let Some(number) = number {
                    head.number(number);
                }
            });
        }
        out.extend_from_slice(carried);
    }
}
