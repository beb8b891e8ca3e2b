//! Applying a whole document to an empty store at once.
//!
//! Into an empty store nothing needs to be inserted into trees item by item. The items are put into linked lists,
//! deletes are marked there, and the trees are built from the finished lists. What comes out is what applying one by
//! one gives; an update that is not simply a whole document goes that way.

mod list;
mod pieces;

use super::Replica;
use super::item::NewItem;
use crate::store::{Client, LocalId, Mark, NO_ORIGIN, PlacedRun, Sequence, Store, TypeHandle};
use crate::update::{Content, Update};
use crate::values::{ClientId, Clock, Id, IdSet, sort_by_numbers};
use list::{Lists, Newcomer, Origins};
use pieces::{NONE, Pieces};
use std::ops::Range;

/// With fewer structs, one by one is as fast.
const FEW_STRUCTS: usize = if cfg!(debug_assertions) { 2 } else { 64 };

/// A whole document on its way into a store. A client's handle is its position in the update.
struct Bulk<'u> {
    update: &'u Update,
    bytes: &'u [u8],
    /// The client of each struct.
    clients: Vec<Client>,
    /// Origin and right origin of each struct.
    origins: Vec<(LocalId, LocalId)>,
    /// Where each struct went; `None`: nowhere, it is GC.
    sequences: Vec<Option<Sequence>>,
    pieces: Pieces,
    lists: Lists,
}

impl Replica {
    /// Applies an update that is a whole document to an empty store; `ready` is the order in which its structs can be
    /// integrated, and nothing of it waits. `false` if update or store is not so; then nothing has changed.
    /// O(update).
    pub(super) fn apply_bulk(&mut self, update: &Update, bytes: &[u8], ready: &[u32]) -> bool {
        let is_empty = self.store.is_empty() && self.pending.is_empty();
        if update.structs.len() < FEW_STRUCTS || !is_empty || !is_whole(update, bytes.len()) {
            return false;
        }
        for listed in &update.clients {
            self.store.client(listed.client);
        }
        let mut bulk = Bulk::new(&self.store, update, bytes);
        for &at in ready {
            self.place_in_list(&mut bulk, at);
        }
        if bulk.lists.milestones.has_given_up() {
            self.milestones.give_up();
        }
        self.note_all_cuts(&bulk);
        self.delete_overwritten(&mut bulk);
        self.delete_listed(&mut bulk);
        self.build_order(&bulk);
        self.store.trim();
        true
    }

    /// Appends a struct to its client's log and puts it into its list.
    fn place_in_list(&mut self, bulk: &mut Bulk<'_>, at: u32) {
        let read = &bulk.update.structs[at as usize];
        let client = bulk.clients[at as usize];
        let (origin, right_origin) = bulk.origins[at as usize];
        let sequence = match read.content {
            Content::Gc => None,
            _ => {
                let (left, right) = (bulk.sequence_with(origin), bulk.sequence_with(right_origin));
                self.sequence_between(read, bulk.bytes, left, right)
            }
        };
        bulk.sequences[at as usize] = sequence;
        let first = bulk.pieces.find((client, read.id.clock));
        let last = bulk.pieces.find((client, read.end() - 1));
        let Some(sequence) = sequence else {
            (first..=last).for_each(|piece| bulk.pieces.mark_deleted(piece));
            return self.log_gc(client, read.len);
        };
        let (content, len, payload) = (read.content, read.len, read.payload.of(bulk.bytes));
        let item = NewItem { sequence, place: None, before: None, origin, right_origin, content, len, payload };
        let owner = self.store.types.owner(sequence);
        self.log_item(client, &item, owner);
        let structs = &bulk.update.structs;
        let newcomer = Newcomer { sequence, first, last, at };
        bulk.lists.insert(newcomer, &bulk.pieces, Origins { structs, origins: &bulk.origins });
    }

    fn note_all_cuts(&mut self, bulk: &Bulk<'_>) {
        if !self.store.has_wide_text() {
            return;
        }
        for (at, &(origin, right_origin)) in bulk.origins.iter().enumerate() {
            if bulk.sequences[at].is_some() {
                self.note_cuts(origin, right_origin);
            }
        }
    }

    /// Deletes all but the last item of each map entry.
    fn delete_overwritten(&mut self, bulk: &mut Bulk<'_>) {
        for sequence in 0..bulk.lists.sequences() {
            if self.store.types.owner(sequence).key.is_some() {
                let entries: Vec<u32> = bulk.lists.iter(sequence).collect();
                let last = entries.last().map(|piece| bulk.pieces.get(*piece).of);
                for piece in entries {
                    if Some(bulk.pieces.get(piece).of) != last {
                        self.delete_piece(bulk, piece);
                    }
                }
            }
        }
    }

    /// Carries out the update's deletes. (Yjs: `readAndApplyDeleteSet`)
    fn delete_listed(&mut self, bulk: &mut Bulk<'_>) {
        let joined: IdSet = bulk.update.deletes.iter().cloned().collect();
        for (of, range) in joined.iter() {
            let Some(client) = self.store.find_client(of) else { continue };
            let first = bulk.pieces.find((client, range.start));
            let last = bulk.pieces.find((client, range.end - 1));
            if self.store.log(client).has_wide_text() {
                for (border, inside) in [(range.start, first), (range.end, last)] {
                    if !bulk.pieces.get(inside).is_deleted {
                        self.store.note_cut(client, border);
                    }
                }
            }
            for piece in first..=last {
                self.delete_piece(bulk, piece);
            }
        }
    }

    /// Deletes a piece, and everything in the type that it holds.
    fn delete_piece(&mut self, bulk: &mut Bulk<'_>, piece: u32) {
        let mut types = Vec::new();
        self.mark_deleted(bulk, piece, &mut types);
        while let Some(handle) = types.pop() {
            let deleted = self.store.types.get_mut(handle);
            deleted.is_deleted = true;
            let sequences: Vec<Sequence> = deleted.entries.iter().copied().chain([deleted.sequence]).collect();
            for sequence in sequences {
                let children: Vec<u32> = bulk.lists.iter(sequence).collect();
                children.into_iter().for_each(|child| self.mark_deleted(bulk, child, &mut types));
            }
        }
    }

    fn mark_deleted(&mut self, bulk: &mut Bulk<'_>, piece: u32, types: &mut Vec<TypeHandle>) {
        let found = bulk.pieces.get(piece);
        if found.is_deleted {
            return;
        }
        bulk.pieces.mark_deleted(piece);
        self.store.log_mut(found.client).note_deleted(found.clock, found.end());
        self.changes.note_deleted(found.client, found.clock, found.end());
        if bulk.update.structs[found.of as usize].content == Content::Type {
            types.extend(self.store.type_of((found.client, found.clock)));
        }
    }

    fn build_order(&mut self, bulk: &Bulk<'_>) {
        let mut leaves = vec![NONE; bulk.pieces.len()];
        for sequence in 0..bulk.lists.sequences() {
            let runs = bulk.lists.iter(sequence).map(|at| {
                let piece = bulk.pieces.get(at);
                let mark = match piece.is_deleted {
                    true => Mark::Deleted,
                    false => Store::mark_of(bulk.update.structs[piece.of as usize].content),
                };
                PlacedRun { name: at, client: piece.client, clock: piece.clock, len: piece.len, mark }
            });
            self.store.order.build(sequence, runs, &mut leaves);
        }
        for (piece, leaf) in bulk.pieces.iter().zip(&leaves) {
            self.store.order.index_built(piece.client, piece.len, *leaf);
        }
    }
}

impl<'u> Bulk<'u> {
    fn new(store: &Store, update: &'u Update, bytes: &'u [u8]) -> Bulk<'u> {
        let local = |id: Option<Id>| match id {
            None => NO_ORIGIN,
            Some(id) => (store.find_client(id.client).unwrap_or(NO_ORIGIN.0), id.clock),
        };
        let ends = update.clients.iter().map(|listed| update.structs[listed.structs.end - 1].end());
        let mut pieces = Pieces::new(ends);
        let mut clients = Vec::with_capacity(update.structs.len());
        let mut origins = Vec::with_capacity(update.structs.len());
        for (handle, listed) in update.clients.iter().enumerate() {
            for read in &update.structs[listed.structs.clone()] {
                let (origin, right_origin) = (local(read.origin), local(read.right_origin));
                pieces.cut(handle as Client, read.id.clock);
                if origin != NO_ORIGIN {
                    pieces.cut(origin.0, origin.1 + 1);
                }
                if right_origin != NO_ORIGIN {
                    pieces.cut(right_origin.0, right_origin.1);
                }
                clients.push(handle as Client);
                origins.push((origin, right_origin));
            }
        }
        for (of, range) in &update.deletes {
            if let Some(client) = store.find_client(*of) {
                pieces.cut(client, range.start);
                pieces.cut(client, range.end);
            }
        }
        pieces.make(&update.structs, |at| clients[at]);
        let lists = Lists::new(pieces.len());
        let sequences = vec![None; update.structs.len()];
        Bulk { update, bytes, clients, origins, sequences, pieces, lists }
    }

    /// The sequence of a unit: `None` if there is no unit, `Some(None)` if it stands in none.
    fn sequence_with(&self, unit: LocalId) -> Option<Option<Sequence>> {
        (unit != NO_ORIGIN).then(|| self.sequences[self.pieces.get(self.pieces.find(unit)).of as usize])
    }
}

/// Whether an update holds each of its clients once, from clock 0 on and without gaps, deletes only what it holds, and
/// is not a few bytes that stand for very many ids.
fn is_whole(update: &Update, bytes: usize) -> bool {
    const MOST_UNITS_PER_BYTE: u64 = 64;
    let mut units = 0;
    for listed in &update.clients {
        let mut clock = 0;
        for read in &update.structs[listed.structs.clone()] {
            if read.id.clock != clock || read.content == Content::Skip {
                return false;
            }
            clock = read.end();
        }
        units += u64::from(clock);
    }
    let mut clients: Vec<(ClientId, Clock)> =
        update.clients.iter().map(|listed| (listed.client, update.structs[listed.structs.end - 1].end())).collect();
    sort_by_numbers(&mut clients, |(client, _)| (client.value(), 0));
    let holds = |(of, range): &(ClientId, Range<Clock>)| {
        clients.binary_search_by_key(of, |known| known.0).is_ok_and(|at| range.end <= clients[at].1)
    };
    units <= MOST_UNITS_PER_BYTE * bytes as u64
        && clients.windows(2).all(|pair| pair[0].0 != pair[1].0)
        && update.deletes.iter().all(holds)
}
