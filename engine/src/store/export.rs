//! Writing what a store holds as an update: blocks are joined and cut as the format allows, and what was collected is
//! written as such.

use super::log::DeletedRanges;
use super::{Block, Client, LocalId, Log, NO_ORIGIN, Piece, Store, TypeHandle};
use crate::lib0::{Numbers, Word, append_numbers, encode_word, write_var_uint};
use crate::update::{Content, KEY, ORIGIN, RIGHT_ORIGIN, StructPart, WriterV2, WrittenParent, write_count_at};
use crate::values::{ClientId, Clock, Id, StateVector};
use smallvec::SmallVec;
use std::ops::Range;

/// Units of one client that will be one struct.
#[derive(Clone, Copy, Debug)]
struct Run<'s> {
    /// The block of its first unit, and which of the log's it is.
    of: &'s Block,
    block: u32,
    first: Clock,
    len: Clock,
    /// What is written, which for collected content is not what is stored.
    content: Content,
    is_deleted: bool,
    /// Whether it was put together from several, so that more blocks than the first may have a part in it.
    is_joined: bool,
}

/// There is room for a byte, two ids and a length.
const HEAD: usize = 40;

/// What an item says of its place, beside others: its first byte and, where that says so, ids.
struct Neighbours {
    info: u8,
    origin: LocalId,
    right_origin: LocalId,
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
        write_var_uint(out, self.deleting().count() as u64);
        for (client, handle) in self.deleting() {
            let ranges = &deleted[handle as usize];
            write_var_uint(out, client.value());
            write_var_uint(out, ranges.len() as u64);
            for (start, end) in ranges.iter() {
                append_numbers::<16>(out, |out| {
                    out.number((*start).into());
                    out.number((end - start).into());
                });
            }
        }
    }

    /// The same as an update v2.
    pub(crate) fn state_v2(&self, known: &StateVector) -> Vec<u8> {
        let lacking = self.lacking(known);
        let mut out = WriterV2::default();
        let deleted = self.deleted_by_handle();
        let whole = || lacking.iter().filter(|(_, from)| *from == 0);
        let ranges: usize = deleted.iter().map(|ranges| ranges.len()).sum();
        let structs = whole().map(|(client, _)| self.log(*client).blocks().len() + deleted[*client as usize].len());
        out.reserve(structs.sum(), whole().map(|(client, _)| self.log(*client).buffer_len()).sum(), ranges);
        out.begin_structs(lacking.len());
        let mut scratch = Vec::new();
        for (client, from) in lacking {
            out.begin_client(self.id((client, from)));
            let log = self.log(client);
            self.for_each_run(client, from..log.end(), &deleted[client as usize], |run| {
                let carried = self.carried_by(client, log, run, &mut scratch);
                let of = (run.content != Content::Gc).then(|| self.neighbours(client, &run));
                match of.filter(|of| of.info & (ORIGIN | RIGHT_ORIGIN) != 0) {
                    Some(Neighbours { info, origin, right_origin }) => {
                        let ids = [origin, right_origin].map(|unit| self.origin_id(unit));
                        out.write_beside((info, run.content), ids, run.len, carried);
                    }
                    None => out.write_struct(self.part_of(client, run), run.len, carried),
                }
            });
            out.end_client();
        }
        out.begin_deletes(self.deleting().count());
        for (client, handle) in self.deleting() {
            out.write_deletes_of(client, &deleted[handle as usize]);
        }
        out.finish()
    }

    /// The deleted ranges of each client, sorted once for both, structs and deletes.
    fn deleted_by_handle(&self) -> SmallVec<[DeletedRanges<'_>; 4]> {
        self.logs.iter().map(|log| log.deleted_ranges(0)).collect()
    }

    /// The clients of which something is deleted, as Yjs writes them: the largest first.
    fn deleting(&self) -> impl Iterator<Item = (ClientId, Client)> + '_ {
        self.clients().rev().filter(|(_, handle)| self.log(*handle).has_deleted())
    }

    /// The clients of which a replica with this state vector lacks something, and from which clock on; as Yjs writes them,
    /// the largest first.
    fn lacking(&self, known: &StateVector) -> SmallVec<[(Client, Clock); 4]> {
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
        let mut writer = RunWriter {
            store: self,
            client,
            log: self.log(client),
            out,
            scratch: Vec::new(),
            recent: (Client::MAX, ([0; 8], 0)),
        };
        self.for_each_run(client, clocks, deleted, |run| {
            count += 1;
            writer.write(run);
        });
        count
    }

    /// Joins and cuts the blocks of a client between two clocks into the runs that are written as structs. `deleted` are its
    /// deleted ranges, ascending; those before the clocks may be there or not.
    #[inline(always)]
    fn for_each_run<'s>(
        &'s self,
        client: Client,
        clocks: Range<Clock>,
        deleted: &[(Clock, Clock)],
        mut each: impl FnMut(Run<'s>),
    ) {
        let log = self.log(client);
        let ranges = &deleted[deleted.partition_point(|(_, after)| *after <= clocks.start)..];
        let block = log.find(clocks.start);
        let mut parts = Parts { store: self, client, log, block, clocks, ranges };
        let mut next = parts.next();
        while let Some(mut run) = next {
            loop {
                next = parts.next();
                match &next {
                    Some(part) if self.joins(client, &run, part) => {
                        (run.len, run.is_joined) = (run.len + part.len, true)
                    }
                    _ => break,
                }
            }
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
    #[inline(always)]
    fn joins(&self, client: Client, run: &Run<'_>, next: &Run<'_>) -> bool {
        if run.content != next.content || !run.content.is_run() {
            return false;
        }
        if run.content == Content::Gc {
            return true;
        }
        let (before, after) = (run.of, next.of);
        let follows = next.first > after.clock || after.origin == (client, next.first - 1);
        let same_place = before.right_origin == after.right_origin && before.sequence == after.sequence;
        let joinable_values = || self.types.owner(after.sequence).key.is_none() && run.is_deleted == next.is_deleted;
        follows && same_place && (!run.content.is_values() || joinable_values())
    }

    /// What an item stands beside.
    #[inline(always)]
    fn neighbours(&self, client: Client, run: &Run<'_>) -> Neighbours {
        let (origin, right_origin) = (run.of.origin_of((client, run.first)), run.of.right_origin);
        let names = |unit: LocalId, bit| if unit.0 == NO_ORIGIN.0 { 0 } else { bit };
        let named = names(origin, ORIGIN) | names(right_origin, RIGHT_ORIGIN);
        let key = if self.types.owner(run.of.sequence).key.is_some() { KEY } else { 0 };
        Neighbours { info: run.content as u8 | key | named, origin, right_origin }
    }

    /// What stands before the content of a run.
    fn part_of(&self, client: Client, run: Run<'_>) -> StructPart<'_> {
        if run.content == Content::Gc {
            return StructPart::GC;
        }
        let owner = self.types.owner(run.of.sequence);
        let [origin, right_origin] =
            [run.of.origin_of((client, run.first)), run.of.right_origin].map(|unit| self.origin_id(unit));
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
    fn carried_by<'a>(&'a self, client: Client, log: &'a Log, run: Run<'a>, scratch: &'a mut Vec<u8>) -> &'a [u8] {
        let Run { of, block, first, len, content, .. } = run;
        if matches!(content, Content::Deleted | Content::Gc) {
            return &[];
        }
        let block = block as usize;
        if !run.is_joined {
            // Mostly it is text, or a mark.
            if content == Content::Format {
                return log.payload(block);
            }
            let from = first - of.clock;
            if content == Content::String
                && let Some(ascii) = log.ascii_part(of, from, from + len)
            {
                return ascii;
            }
            if let Some(stored) = self.stored(Piece { block, first: (client, first), len, content }) {
                return stored;
            }
        }
        scratch.clear();
        self.pieces_from(client, first..first + len, block).for_each(|piece| self.append_carried(piece, scratch));
        scratch
    }

    /// Appends an id. `recent` is the client that was named last, as it is written.
    #[inline(always)]
    fn push_id(&self, out: &mut Numbers<'_>, unit: LocalId, recent: &mut (Client, Word)) {
        if recent.0 != unit.0 {
            *recent = (unit.0, encode_word(self.log(unit.0).client.value()));
        }
        out.word(recent.1);
        out.number(unit.1.into());
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

/// What is left of a client's blocks between two clocks, part by part: each lies in one block, and is deleted as a whole or not
/// at all where that makes a difference.
struct Parts<'s, 'd> {
    store: &'s Store,
    client: Client,
    log: &'s Log,
    /// The block of the next part.
    block: usize,
    clocks: Range<Clock>,
    /// The deleted ranges from there on.
    ranges: &'d [(Clock, Clock)],
}

impl<'s> Parts<'s, '_> {
    #[inline(always)]
    fn next(&mut self) -> Option<Run<'s>> {
        let Parts { store, client, log, block, clocks, ranges } = self;
        let first = clocks.start;
        if first >= clocks.end {
            return None;
        }
        let of = &log.blocks()[*block];
        let block_end = log.block_end(*block).min(clocks.end);
        let mut run =
            Run { of, block: *block as u32, first, len: 0, content: of.content, is_deleted: false, is_joined: false };
        let mut end = block_end;
        // Where nothing is collected, only lists of values have to be cut at deletes (see FORMAT.md, joining).
        if store.collects || of.content.is_values() {
            while let [(_, after), later @ ..] = *ranges
                && *after <= first
            {
                *ranges = later;
            }
            if let [(start, after), ..] = **ranges {
                run.is_deleted = start <= first;
                end = end.min(if run.is_deleted { after } else { start });
            }
        }
        if run.is_deleted {
            let (is_kept, border) = store.kept_state((*client, first));
            end = end.min(border);
            if !is_kept {
                run.content = store.collected(of.content, of.sequence);
            }
        }
        run.len = end - first;
        clocks.start = end;
        *block += usize::from(end == block_end);
        Some(run)
    }
}

/// Writes runs of one client as structs of an update v1. A head that names a neighbour is put together here, from handles, and not
/// by way of a [`StructPart`] with its ids: documents are encoded with a sixth fewer instructions.
struct RunWriter<'s, 'o> {
    store: &'s Store,
    client: Client,
    log: &'s Log,
    out: &'o mut Vec<u8>,
    /// What a run carries that is not stored in one piece.
    scratch: Vec<u8>,
    /// The client that was named last, as it is written.
    recent: (Client, Word),
}

impl RunWriter<'_, '_> {
    #[inline(always)]
    fn write(&mut self, run: Run<'_>) {
        let RunWriter { store, client, log, out, scratch, recent } = self;
        let carried = store.carried_by(*client, log, run, scratch);
        let number = match run.content {
            Content::Gc => {
                out.push(Content::Gc as u8);
                return write_var_uint(out, run.len.into());
            }
            Content::String | Content::Binary | Content::Embed => Some(carried.len() as u64),
            Content::Deleted | Content::Any | Content::Json => Some(run.len.into()),
            _ => None,
        };
        let Neighbours { info, origin, right_origin } = store.neighbours(*client, &run);
        if info & (ORIGIN | RIGHT_ORIGIN) == 0 {
            store.part_of(*client, run).write_head(out);
            number.into_iter().for_each(|number| write_var_uint(out, number));
        } else {
            append_numbers::<HEAD>(out, |head| {
                head.byte(info);
                if info & ORIGIN != 0 {
                    store.push_id(head, origin, recent);
                }
                if info & RIGHT_ORIGIN != 0 {
                    store.push_id(head, right_origin, recent);
                }
                if let Some(number) = number {
                    head.number(number);
                }
            });
        }
        out.extend_from_slice(carried);
    }
}
