//! Applying a whole document to an empty store at once.
//!
//! Into an empty store nothing needs to be inserted into trees item by item. The update is read straight into logs
//! (`whole.rs`), whose blocks are cut into pieces (`pieces.rs`) and put into linked lists (`list.rs`). Deletes are marked
//! there, and the trees are built from the finished lists. What comes out is what applying one by one gives; an update
//! that is not simply a whole document goes that way.
//!
//! It can be done in steps: each loop stops where it has done a part.
//!
//! What only loading needs is 16 bytes for each piece and for each 64 units, so that the heap's peak is little more than
//! what stays.

mod list;
mod pieces;
mod turns;
mod whole;

use super::Replica;
use super::item::text;
use crate::store::{Block, Client, Filling, LocalId, NO_ORIGIN, NO_SEQUENCE, Sequence, TypeHandle, push_range};
use crate::update::Content;
use crate::values::{Clock, Pace};
use list::{Lists, Newcomer};
use pieces::{NONE, Pieces};
use std::borrow::Cow;
use std::ops::Range;
use turns::Turn;
use whole::{Head, Named, Whole};

/// With fewer bytes, one by one is as fast.
const FEW_BYTES: usize = if cfg!(debug_assertions) { 8 } else { 512 };

/// So many structs, blocks or pieces are handled between two stops: by functions of their own, which keep what they work with in
/// registers.
const PART: usize = if cfg!(debug_assertions) { 3 } else { 512 };

/// A whole document on its way into a store.
struct Bulk<'b> {
    bytes: &'b [u8],
    whole: Whole,
    pieces: Pieces,
    lists: Lists,
    /// What comes next of each client.
    next: Vec<Next>,
    /// The root that was named last.
    recent_root: Option<(&'b [u8], TypeHandle)>,
    /// The unit that was last asked for the type that it holds, or was given one, and the type: what is in a type mostly
    /// stands behind it.
    recent_type: (LocalId, TypeHandle),
    /// Whether something refers to a border inside a surrogate pair.
    cuts_pairs: bool,
}

/// How far a client is placed.
#[derive(Clone, Copy, Debug)]
struct Next {
    block: usize,
    piece: u32,
    head: usize,
    /// That of the block before this one.
    sequence: Sequence,
}

/// A block that has to be placed, with its pieces, and the one that holds its origin.
#[derive(Clone, Copy)]
struct Between {
    block: usize,
    left: u32,
    first: u32,
    last: u32,
}

impl Replica {
    /// Whether updates may be a whole document, and the store is empty: then [`apply_bulk`](Self::apply_bulk) is tried.
    pub(super) fn takes_bulk(&self, updates: &[&[u8]]) -> bool {
        let len_bytes: usize = updates.iter().map(|update| update.len()).sum();
        len_bytes >= FEW_BYTES && self.store.is_empty() && self.pending.is_empty()
    }

    /// Applies updates that are a whole document together to an empty store. `false` if they are not so; then nothing has
    /// changed. O(bytes).
    pub(super) async fn apply_bulk(&mut self, updates: &[&[u8]], pace: &Pace) -> bool {
        let bytes = match updates {
            [only] => Cow::Borrowed(*only),
            several => Cow::Owned(several.concat()),
        };
        let Some(whole) = Whole::read(&bytes, updates, pace).await else { return false };
        let Some(mut turns) = whole.turns(pace).await else { return false };
        self.store.types.reserve(whole.types);
        let mut bulk = Bulk::new(whole, &bytes, pace).await;
        let mut turns = &mut turns[..];
        while !turns.is_empty() {
            let done = self.place_part(&mut bulk, turns);
            turns = &mut turns[done..];
            pace.spend(4 * PART).await;
        }
        if bulk.lists.milestones.has_given_up() {
            self.milestones.give_up();
        }
        self.adopt(&mut bulk);
        bulk.cuts_pairs = self.cuts_pairs(&bulk, pace).await;
        self.note_all_cuts(&bulk, pace).await;
        self.delete_overwritten(&mut bulk, pace).await;
        self.delete_listed(&mut bulk, pace).await;
        self.build_order(bulk, pace).await;
        self.store.trim();
        true
    }

    /// Places the next blocks, which are taken off their turns. Gives how many turns are over.
    #[inline(never)]
    fn place_part(&mut self, bulk: &mut Bulk<'_>, turns: &mut [Turn]) -> usize {
        let mut left = PART;
        for (at, turn) in turns.iter_mut().enumerate() {
            let blocks = turn.blocks.min(left);
            let mut next = bulk.next[turn.client as usize];
            (0..blocks).for_each(|_| self.place_next(bulk, turn.client, &mut next));
            bulk.next[turn.client as usize] = next;
            (turn.blocks, left) = (turn.blocks - blocks, left - blocks);
            if turn.blocks > 0 {
                return at;
            }
        }
        turns.len()
    }

    /// Finds the sequence of a client's next block and puts it into that list.
    #[inline(always)]
    fn place_next(&mut self, bulk: &mut Bulk<'_>, client: Client, next: &mut Next) {
        let (at, first) = (next.block, next.piece);
        let last = bulk.pieces.last_of_block(first);
        (next.block, next.piece) = (at + 1, last + 1);
        let Block { clock, origin, right_origin, content, .. } = bulk.whole.logs[client as usize].blocks()[at];
        if content == Content::Gc {
            next.sequence = NO_SEQUENCE;
            return;
        }
        let goes_on = clock > 0 && origin == (client, clock - 1);
        let left = if goes_on { first - 1 } else { bulk.pieces.find(origin) };
        // Mostly nobody else has written there: then its origins stand beside each other, and in one sequence.
        if left != NONE
            && let after = bulk.pieces.get(left).next
            && bulk.pieces.begins_with(after, right_origin)
            && let sequence = if goes_on { next.sequence } else { bulk.sequence_with(left) }
            && sequence != NO_SEQUENCE
            && !matches!(content, Content::Type | Content::Format)
        {
            next.sequence = sequence;
            bulk.whole.logs[client as usize].place(at, sequence);
            return bulk.lists.link(sequence, left, (first, last), after, &mut bulk.pieces);
        }
        self.place_between(bulk, client, next, Between { block: at, left, first, last });
    }

    /// The same where it has to be looked for.
    #[inline(never)]
    fn place_between(&mut self, bulk: &mut Bulk<'_>, client: Client, next: &mut Next, of: Between) {
        let Between { block: at, left, first, last } = of;
        let Block { clock, origin, right_origin, content, .. } = bulk.whole.logs[client as usize].blocks()[at];
        let right = bulk.pieces.find(right_origin);
        next.sequence = match (left, right) {
            (NONE, NONE) => {
                next.head += 1;
                self.sequence_of_head(bulk, next.head - 1)
            }
            (NONE, known) | (known, NONE) => bulk.sequence_with(known),
            (left, right) => {
                let between = bulk.sequence_with(left);
                if between == bulk.sequence_with(right) { between } else { NO_SEQUENCE }
            }
        };
        let sequence = next.sequence;
        let log = &mut bulk.whole.logs[client as usize];
        if sequence == NO_SEQUENCE {
            log.collect(at);
            return (first..=last).for_each(|piece| bulk.pieces.mark_deleted(piece));
        }
        log.place(at, sequence);
        match content {
            Content::Type => {
                let owner = self.store.types.owner(sequence);
                let payload = &log.payload(at)[size_of::<TypeHandle>()..];
                let handle = self.create_type((client, clock), owner.of, payload);
                log.set_type(at, handle);
                bulk.recent_type = ((client, clock), handle);
            }
            Content::Format => self.note_mark(sequence, log.payload(at)),
            _ => {}
        }
        let newcomer = Newcomer { sequence, client, origin, right_origin, left, right, first, last };
        bulk.lists.insert(newcomer, &mut bulk.pieces, &bulk.whole.logs);
    }

    /// The sequence of an item without origins; none if what it names is GC, or holds no type. (Yjs: `Item#getMissing`)
    fn sequence_of_head(&mut self, bulk: &mut Bulk<'_>, head: usize) -> Sequence {
        let Head { parent, key, .. } = bulk.whole.heads[head];
        let parent = match parent {
            Named::Root(name) => Some(self.root_of(bulk, name.of(bulk.bytes))),
            Named::In(unit) if unit == bulk.recent_type.0 => Some(bulk.recent_type.1),
            Named::In(unit) => bulk.type_in(bulk.pieces.find(unit)).inspect(|held| bulk.recent_type = (unit, *held)),
        };
        match (parent, key) {
            (None, _) => NO_SEQUENCE,
            (Some(parent), Some(key)) => self.store.entry(parent, text(key.of(bulk.bytes))),
            (Some(parent), None) => self.store.types.get(parent).sequence,
        }
    }

    /// The root of a name, which mostly is the same again and again.
    fn root_of<'b>(&mut self, bulk: &mut Bulk<'b>, name: &'b [u8]) -> TypeHandle {
        match bulk.recent_root {
            Some((recent, root)) if recent == name => root,
            _ => {
                let root = self.store.root(text(name));
                bulk.recent_root = Some((name, root));
                root
            }
        }
    }

    /// Takes the logs over. Their blocks keep their numbers until all is built.
    fn adopt(&mut self, bulk: &mut Bulk<'_>) {
        self.store.adopt(std::mem::take(&mut bulk.whole.logs));
        for client in 0..bulk.next.len() as Client {
            self.changes.note_inserted_from(client, self.store.log_mut(client), 0);
        }
    }

    /// Whether something refers to a border inside a surrogate pair: nearly always nothing does. Pieces begin at all borders
    /// that anything refers to.
    async fn cuts_pairs(&self, bulk: &Bulk<'_>, pace: &Pace) -> bool {
        for client in 0..bulk.next.len() as Client {
            let log = self.store.log(client);
            if !log.has_wide_text() {
                continue;
            }
            let pieces = bulk.pieces.of_client(client);
            for start in pieces.clone().step_by(PART) {
                let mut part = start..pieces.end.min(start + PART as u32);
                let is_inside_pair = |piece: u32| {
                    let (block, clock) = (bulk.pieces.block(piece), bulk.pieces.get(piece).clock);
                    log.blocks()[block].clock < clock && log.is_inside_pair_of(block, clock)
                };
                if part.any(is_inside_pair) {
                    return true;
                }
                pace.spend(PART).await;
            }
        }
        false
    }

    async fn note_all_cuts(&mut self, bulk: &Bulk<'_>, pace: &Pace) {
        if !bulk.cuts_pairs {
            return;
        }
        for client in 0..self.store.clients().count() as Client {
            let blocks = self.store.log(client).blocks().len();
            for start in (0..blocks).step_by(PART) {
                for at in start..blocks.min(start + PART) {
                    let Block { origin, right_origin, .. } = self.store.log(client).blocks()[at];
                    if origin != NO_ORIGIN {
                        self.note_cut(&bulk.pieces, (origin.0, origin.1 + 1));
                    }
                    if right_origin != NO_ORIGIN {
                        self.note_cut(&bulk.pieces, right_origin);
                    }
                }
                pace.spend(PART).await;
            }
        }
    }

    /// Notes a border that someone refers to: inside a surrogate pair it breaks it.
    #[inline]
    fn note_cut(&mut self, pieces: &Pieces, (client, clock): LocalId) {
        let log = self.store.log(client);
        if log.has_wide_text() && clock < log.end() {
            let block = pieces.block(pieces.find((client, clock)));
            if log.blocks()[block].clock < clock {
                self.store.note_cut_of(client, block, clock);
            }
        }
    }

    /// Deletes all but the last item of each map entry.
    async fn delete_overwritten(&mut self, bulk: &mut Bulk<'_>, pace: &Pace) {
        for sequence in 0..bulk.lists.sequences() {
            let first = bulk.lists.first(sequence);
            if first == NONE || bulk.pieces.get(first).next == NONE || self.store.types.owner(sequence).key.is_none() {
                continue;
            }
            let mut last = first;
            while let Some(next) = bulk.pieces.list(last).nth(PART) {
                last = next;
                pace.spend(2 * PART).await;
            }
            last = bulk.pieces.list(last).last().unwrap_or(last);
            let item = |bulk: &Bulk<'_>, piece: u32| (bulk.pieces.get(piece).tag.client(), bulk.pieces.block(piece));
            let last = item(bulk, last);
            // Others may have written into the midst of the last item.
            let mut at = first;
            while at != NONE {
                if item(bulk, at) != last
                    && let Some(held) = self.delete_piece(bulk, at)
                {
                    self.delete_within(bulk, held, pace).await;
                }
                at = bulk.pieces.get(at).next;
                // Neighbours of a map's history lie far from each other.
                pace.spend(10).await;
            }
        }
    }

    /// Carries out the update's deletes. (Yjs: `readAndApplyDeleteSet`)
    async fn delete_listed(&mut self, bulk: &mut Bulk<'_>, pace: &Pace) {
        let deletes = std::mem::take(&mut bulk.whole.deletes);
        for ranges in deletes.chunks(PART) {
            let (mut held, mut done, mut at) = (Vec::new(), 0, NONE);
            while done < ranges.len() {
                let before = done;
                let pieces = self.delete_ranges(bulk, ranges, (&mut done, &mut at), &mut held);
                pace.spend(pieces + 2 * (done - before)).await;
            }
            for held in held {
                self.delete_within(bulk, held, pace).await;
            }
        }
    }

    /// Deletes ranges of clocks, from the `done`th on, or from the piece `at` that it came to in that; types that were held there
    /// are added to `held`. Gives how many pieces it were: at most [`PART`].
    #[inline(never)]
    fn delete_ranges(
        &mut self,
        bulk: &mut Bulk<'_>,
        ranges: &[(Client, Clock, Clock)],
        (done, at): (&mut usize, &mut u32),
        held: &mut Vec<TypeHandle>,
    ) -> usize {
        let mut pieces = 0;
        for &(client, start, end) in &ranges[*done..] {
            if *at == NONE {
                *at = bulk.pieces.find((client, start));
                if bulk.cuts_pairs {
                    self.note_cuts_of_delete(bulk, client, (start, *at), end);
                }
            }
            // Behind those of each client stands one that begins where its clocks end.
            while bulk.pieces.get(*at).clock < end {
                if pieces == PART {
                    return pieces;
                }
                held.extend(self.delete_piece(bulk, *at));
                (*at, pieces) = (*at + 1, pieces + 1);
            }
            (*done, *at) = (*done + 1, NONE);
        }
        pieces
    }

    /// Notes where a delete cuts surrogate pairs: but no pair that is deleted already.
    fn note_cuts_of_delete(&mut self, bulk: &Bulk<'_>, client: Client, (start, first): (Clock, u32), end: Clock) {
        for (border, inside) in [(start, first), (end, bulk.pieces.find((client, end - 1)))] {
            if !bulk.pieces.get(inside).tag.is_deleted() {
                self.note_cut(&bulk.pieces, (client, border));
            }
        }
    }

    /// Deletes a piece; the type that it holds, of which everything has to be deleted then.
    #[inline]
    fn delete_piece(&mut self, bulk: &mut Bulk<'_>, piece: u32) -> Option<TypeHandle> {
        if bulk.pieces.get(piece).tag.is_deleted() {
            return None;
        }
        bulk.pieces.mark_deleted(piece);
        self.type_held(bulk, piece)
    }

    async fn delete_within(&mut self, bulk: &mut Bulk<'_>, held: TypeHandle, pace: &Pace) {
        let mut types = vec![held];
        while let Some(handle) = types.pop() {
            let deleted = self.store.types.get_mut(handle);
            deleted.is_deleted = true;
            let sequences: Vec<Sequence> = deleted.entries.iter().chain([deleted.sequence]).collect();
            for sequence in sequences {
                let mut at = bulk.lists.first(sequence);
                while at != NONE {
                    types.extend(self.delete_piece(bulk, at));
                    at = bulk.pieces.get(at).next;
                    pace.spend(1).await;
                }
            }
        }
    }

    fn type_held(&self, bulk: &Bulk<'_>, piece: u32) -> Option<TypeHandle> {
        self.store.log(bulk.pieces.get(piece).tag.client()).type_in(bulk.pieces.block(piece))
    }

    /// Builds trees and index from the lists, and notes what is deleted.
    async fn build_order(&mut self, bulk: Bulk<'_>, pace: &Pace) {
        let Bulk { mut pieces, lists, .. } = bulk;
        let mut leaves = pieces.finish();
        self.store.order.reserve(pieces.len(), lists.sequences());
        let mut sequence = 0;
        while sequence < lists.sequences() {
            let several = self.fill_short(sequence, &lists, &pieces, &mut leaves);
            pace.spend((several - sequence) as usize).await;
            if several < lists.sequences() {
                self.build_sequence(several, lists.first(several), &pieces, &mut leaves, pace).await;
            }
            sequence = several + 1;
        }
        for client in 0..pieces.firsts().len() as Client {
            let mut deleted: Vec<(Clock, Clock)> = Vec::new();
            // Where clocks of the same leaf begin, and the leaf.
            let mut run = (0, leaves[pieces.firsts()[client as usize] as usize]);
            let of_client = pieces.of_client(client);
            for start in of_client.clone().step_by(PART) {
                let part = start..of_client.end.min(start + PART as u32);
                self.index_part(client, part, &pieces, &leaves, &mut run, &mut deleted);
                pace.spend(2 * PART.min(of_client.len())).await;
            }
            let end = self.store.log(client).end();
            self.store.order.index_built(client, end - run.0, run.1);
            self.finish_log(client, deleted, pace).await;
        }
    }

    /// Ends the loading of a client's log: says what is deleted, and joins its blocks.
    async fn finish_log(&mut self, client: Client, deleted: Vec<(Clock, Clock)>, pace: &Pace) {
        let log = self.store.log_mut(client);
        log.set_deleted(deleted);
        let blocks = log.blocks().len();
        log.drop_payload_of_collected();
        let mut kept = 0;
        for start in (0..blocks).step_by(PART) {
            self.store.join_blocks(client, start..blocks.min(start + PART), &mut kept);
            pace.spend(2 * PART.min(blocks)).await;
        }
        self.store.log_mut(client).end_joining(kept);
    }

    /// Fills sequences that have one piece, or none, from `first` on: some of them. Gives where it came to.
    #[inline(never)]
    fn fill_short(&mut self, first: Sequence, lists: &Lists, pieces: &Pieces, leaves: &mut [u32]) -> Sequence {
        let end = lists.sequences().min(first.saturating_add(PART as Sequence));
        for sequence in first..end {
            let only = lists.first(sequence);
            if only == NONE {
                continue;
            }
            if pieces.get(only).next != NONE {
                return sequence;
            }
            self.store.order.fill_with_one(sequence, pieces.run(only), leaves);
        }
        end
    }

    /// Builds the tree of a sequence whose list begins with this piece.
    async fn build_sequence(
        &mut self,
        sequence: Sequence,
        first: u32,
        pieces: &Pieces,
        leaves: &mut [u32],
        pace: &Pace,
    ) {
        if first == NONE {
            return;
        }
        let mut next = pieces.get(first).next;
        if next == NONE {
            self.store.order.fill_with_one(sequence, pieces.run(first), leaves);
            return pace.spend(1).await;
        }
        // Neighbours of a map's history lie far from each other.
        let work = if self.store.types.owner(sequence).key.is_some() { 8 } else { 1 };
        let mut filling = self.store.order.begin_filling(sequence, pieces.run(first), leaves);
        while next != NONE {
            next = self.fill_part(&mut filling, next, pieces, leaves);
            pace.spend(work * PART).await;
        }
        self.store.order.end_filling(filling);
    }

    /// Adds some pieces to the tree of a sequence; the next one after them.
    #[inline(never)]
    fn fill_part(&mut self, filling: &mut Filling, first: u32, pieces: &Pieces, leaves: &mut [u32]) -> u32 {
        let mut next = first;
        let part = pieces.list(first).take(PART).map(|piece| {
            next = pieces.get(piece).next;
            pieces.run(piece)
        });
        self.store.order.fill(filling, part, leaves);
        next
    }

    /// Tells the index about some pieces of a client, and notes which are deleted. `run` is where the clocks of the leaf that
    /// was met last begin, and that leaf.
    #[inline(never)]
    fn index_part(
        &mut self,
        client: Client,
        part: Range<u32>,
        pieces: &Pieces,
        leaves: &[u32],
        run: &mut (Clock, u32),
        deleted: &mut Vec<(Clock, Clock)>,
    ) {
        for piece in part {
            let clocks = pieces.clocks(piece);
            let leaf = leaves[piece as usize];
            if leaf != run.1 {
                self.store.order.index_built(client, clocks.start - run.0, run.1);
                *run = (clocks.start, leaf);
            }
            if pieces.get(piece).tag.is_deleted() {
                if leaf != NONE {
                    self.changes.note_deleted(client, clocks.start, clocks.end);
                }
                push_range(deleted, clocks.start, clocks.end);
            }
        }
    }
}

impl<'b> Bulk<'b> {
    async fn new(whole: Whole, bytes: &'b [u8], pace: &Pace) -> Bulk<'b> {
        let pieces = Pieces::new(&whole.logs, &whole.deletes, pace).await;
        let heads = whole.first_heads();
        let starts = pieces.firsts().iter().zip(heads);
        let next = starts.map(|(piece, head)| Next { block: 0, piece: *piece, head, sequence: NO_SEQUENCE }).collect();
        let (lists, recent_type) = (Lists::default(), (NO_ORIGIN, 0));
        Bulk { bytes, whole, pieces, lists, next, recent_root: None, recent_type, cuts_pairs: false }
    }

    /// The sequence of the block that a piece is a part of.
    #[inline]
    fn sequence_with(&self, piece: u32) -> Sequence {
        let log = &self.whole.logs[self.pieces.get(piece).tag.client() as usize];
        log.blocks()[self.pieces.block(piece)].sequence
    }

    fn type_in(&self, piece: u32) -> Option<TypeHandle> {
        self.whole.logs[self.pieces.get(piece).tag.client() as usize].type_in(self.pieces.block(piece))
    }
}
