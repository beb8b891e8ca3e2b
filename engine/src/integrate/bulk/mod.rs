//! Applying a whole document to an empty store at once.
//!
//! Into an empty store nothing needs to be inserted into trees item by item. The update is read straight into logs
//! (`whole.rs`), whose blocks are cut into pieces (`pieces.rs`) and put into linked lists (`list.rs`). Deletes are marked
//! there, and the trees are built from the finished lists. What comes out is what applying one by one gives; an update
//! that is not simply a whole document goes that way.
//!
//! What only loading needs is 16 bytes for each piece and for each 64 units, so that the heap's peak is little more than
//! what stays.

mod list;
mod pieces;
mod turns;
mod whole;

use super::Replica;
use super::item::text;
use crate::store::{Client, LocalId, NO_ORIGIN, NO_SEQUENCE, Sequence, TypeHandle, push_range};
use crate::update::Content;
use list::{Lists, Newcomer};
use pieces::{NONE, Pieces};
use std::borrow::Cow;
use whole::{Head, Named, Whole};

/// With fewer bytes, one by one is as fast.
const FEW_BYTES: usize = if cfg!(debug_assertions) { 8 } else { 512 };

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
}

/// How far a client is placed.
#[derive(Clone, Copy, Debug)]
struct Next {
    block: usize,
    piece: u32,
    head: usize,
    before: Before,
}

/// What was found out of the block that was placed last.
#[derive(Clone, Copy, Debug)]
struct Before {
    right_origin: LocalId,
    /// The piece that holds the right origin.
    right: u32,
    sequence: Sequence,
}

impl Default for Before {
    /// Of a block that stands in no sequence.
    fn default() -> Before {
        Before { right_origin: NO_ORIGIN, right: NONE, sequence: NO_SEQUENCE }
    }
}

impl Replica {
    /// Applies updates that are a whole document together to an empty store. `false` if updates or store are not so; then
    /// nothing has changed. O(bytes).
    pub(super) fn apply_bulk(&mut self, updates: &[&[u8]]) -> bool {
        let is_empty = self.store.is_empty() && self.pending.is_empty();
        let len_bytes: usize = updates.iter().map(|update| update.len()).sum();
        if len_bytes < FEW_BYTES || !is_empty {
            return false;
        }
        let bytes = match updates {
            [only] => Cow::Borrowed(*only),
            several => Cow::Owned(several.concat()),
        };
        let Some(whole) = Whole::read(&bytes, updates) else { return false };
        let Some(turns) = whole.turns() else { return false };
        let mut bulk = Bulk::new(whole, &bytes);
        for turn in turns {
            (0..turn.blocks).for_each(|_| self.place_next(&mut bulk, turn.client));
        }
        if bulk.lists.milestones.has_given_up() {
            self.milestones.give_up();
        }
        self.adopt(&mut bulk);
        self.note_all_cuts();
        self.delete_overwritten(&mut bulk);
        self.delete_listed(&mut bulk);
        self.build_order(bulk);
        self.store.trim();
        true
    }

    /// Finds the sequence of a client's next block and puts it into that list.
    fn place_next(&mut self, bulk: &mut Bulk<'_>, client: Client) {
        let next = &mut bulk.next[client as usize];
        let Next { block: at, piece: first, head, before } = *next;
        let last = bulk.pieces.last_of_block(first);
        (next.block, next.piece) = (at + 1, last + 1);
        let block = bulk.whole.logs[client as usize].blocks()[at];
        if block.content == Content::Gc {
            next.before = Before::default();
            return;
        }
        let (origin, right_origin) = (block.origin, block.right_origin);
        let goes_on = block.clock > 0 && origin == (client, block.clock - 1);
        let left = if goes_on { first - 1 } else { bulk.pieces.find(origin) };
        // What was cut only because some of it is deleted stands where the part before it stands.
        let is_same_place = goes_on && right_origin == before.right_origin;
        let right = if is_same_place { before.right } else { bulk.pieces.find(right_origin) };
        let sequence = match (left, right) {
            _ if is_same_place => before.sequence,
            (NONE, NONE) => {
                next.head += 1;
                self.sequence_of_head(bulk, head)
            }
            (NONE, known) | (known, NONE) => bulk.sequence_with(known),
            (left, right) => {
                let between = bulk.sequence_with(left);
                if between == bulk.sequence_with(right) { between } else { NO_SEQUENCE }
            }
        };
        bulk.next[client as usize].before = Before { right_origin, right, sequence };
        let log = &mut bulk.whole.logs[client as usize];
        if sequence == NO_SEQUENCE {
            log.collect(at);
            return (first..=last).for_each(|piece| bulk.pieces.mark_deleted(piece));
        }
        log.place(at, sequence);
        match block.content {
            Content::Type => {
                let owner = self.store.types.owner(sequence);
                let payload = &log.payload(at)[size_of::<TypeHandle>()..];
                let handle = self.create_type((client, block.clock), owner.of, payload);
                log.set_type(at, handle);
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
            Named::In(unit) => bulk.type_in(bulk.pieces.find(unit)),
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

    fn note_all_cuts(&mut self) {
        if !self.store.has_wide_text() {
            return;
        }
        for client in 0..self.store.clients().count() as Client {
            for at in 0..self.store.log(client).blocks().len() {
                let block = self.store.log(client).blocks()[at];
                self.note_cuts(block.origin, block.right_origin);
            }
        }
    }

    /// Deletes all but the last item of each map entry.
    fn delete_overwritten(&mut self, bulk: &mut Bulk<'_>) {
        for sequence in 0..bulk.lists.sequences() {
            let first = bulk.lists.first(sequence);
            if first == NONE || bulk.pieces.get(first).next == NONE || self.store.types.owner(sequence).key.is_none() {
                continue;
            }
            let item = |bulk: &Bulk<'_>, piece: u32| (bulk.pieces.get(piece).tag.client(), bulk.pieces.block(piece));
            let last = bulk.pieces.list(first).last().map(|piece| item(bulk, piece));
            // Others may have written into the midst of the last item.
            let mut at = first;
            while at != NONE {
                if Some(item(bulk, at)) != last {
                    self.delete_piece(bulk, at);
                }
                at = bulk.pieces.get(at).next;
            }
        }
    }

    /// Carries out the update's deletes. (Yjs: `readAndApplyDeleteSet`)
    fn delete_listed(&mut self, bulk: &mut Bulk<'_>) {
        for (client, start, end) in std::mem::take(&mut bulk.whole.deletes) {
            let first = bulk.pieces.find((client, start));
            let last = bulk.pieces.find((client, end - 1));
            if self.store.log(client).has_wide_text() {
                for (border, inside) in [(start, first), (end, last)] {
                    if !bulk.pieces.get(inside).tag.is_deleted() {
                        self.store.note_cut(client, border);
                    }
                }
            }
            (first..=last).for_each(|piece| self.delete_piece(bulk, piece));
        }
    }

    /// Deletes a piece, and everything in the type that it holds.
    #[inline]
    fn delete_piece(&mut self, bulk: &mut Bulk<'_>, piece: u32) {
        if bulk.pieces.get(piece).tag.is_deleted() {
            return;
        }
        bulk.pieces.mark_deleted(piece);
        if let Some(held) = self.type_held(bulk, piece) {
            self.delete_within(bulk, held);
        }
    }

    fn delete_within(&mut self, bulk: &mut Bulk<'_>, held: TypeHandle) {
        let mut types = vec![held];
        while let Some(handle) = types.pop() {
            let deleted = self.store.types.get_mut(handle);
            deleted.is_deleted = true;
            let sequences: Vec<Sequence> = deleted.entries.iter().copied().chain([deleted.sequence]).collect();
            for sequence in sequences {
                let mut at = bulk.lists.first(sequence);
                while at != NONE {
                    let child = bulk.pieces.get(at);
                    if !child.tag.is_deleted() {
                        bulk.pieces.mark_deleted(at);
                        types.extend(self.type_held(bulk, at));
                    }
                    at = child.next;
                }
            }
        }
    }

    fn type_held(&self, bulk: &Bulk<'_>, piece: u32) -> Option<TypeHandle> {
        self.store.log(bulk.pieces.get(piece).tag.client()).type_in(bulk.pieces.block(piece))
    }

    /// Builds trees and index from the lists, and notes what is deleted.
    fn build_order(&mut self, bulk: Bulk<'_>) {
        let Bulk { mut pieces, lists, .. } = bulk;
        let mut leaves = pieces.finish();
        for sequence in 0..lists.sequences() {
            self.store.order.build(sequence, pieces.runs(lists.first(sequence)), &mut leaves);
        }
        for client in 0..pieces.firsts().len() as Client {
            let mut deleted: Vec<(u32, u32)> = Vec::new();
            // Where clocks of the same leaf begin, and the leaf.
            let mut run = (0, leaves[pieces.firsts()[client as usize] as usize]);
            for piece in pieces.of_client(client) {
                let clocks = pieces.clocks(piece);
                let leaf = leaves[piece as usize];
                if leaf != run.1 {
                    self.store.order.index_built(client, clocks.start - run.0, run.1);
                    run = (clocks.start, leaf);
                }
                if pieces.get(piece).tag.is_deleted() {
                    if leaf != NONE {
                        self.changes.note_deleted(client, clocks.start, clocks.end);
                    }
                    push_range(&mut deleted, clocks.start, clocks.end);
                }
            }
            let end = self.store.log(client).end();
            self.store.order.index_built(client, end - run.0, run.1);
            self.store.finish_log(client, deleted);
        }
    }
}

impl<'b> Bulk<'b> {
    fn new(whole: Whole, bytes: &'b [u8]) -> Bulk<'b> {
        let pieces = Pieces::new(&whole.logs, &whole.deletes);
        let heads = whole.first_heads();
        let starts = pieces.firsts().iter().zip(heads);
        let next =
            starts.map(|(piece, head)| Next { block: 0, piece: *piece, head, before: Before::default() }).collect();
        Bulk { bytes, whole, pieces, lists: Lists::default(), next, recent_root: None }
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
