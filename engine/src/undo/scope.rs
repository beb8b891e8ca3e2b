//! The shared types that an undo manager looks after, and what of a transaction concerns them.

use super::stack::{KeptUnits, Ranges, StackItem};
use crate::doc::Commit;
use crate::integrate::Replica;
use crate::store::{Client, LocalId, NO_SEQUENCE, Sequence, Store, TypeHandle};
use crate::values::Clock;
use std::collections::BTreeSet;
use std::ops::Range;

/// Shared types, with everything in them; or all there is.
#[derive(Clone, Debug, Default)]
pub(super) struct Scope {
    types: Vec<TypeHandle>,
    is_whole: bool,
}

/// The sequence of the type that a unit lies in; `None` for what stands in no sequence.
pub(super) fn sequence_of(store: &Store, unit: LocalId) -> Option<Sequence> {
    let sequence = store.block(unit).sequence;
    (sequence != NO_SEQUENCE).then_some(sequence)
}

/// The type that a type lies in.
fn parent(store: &Store, handle: TypeHandle) -> Option<TypeHandle> {
    let item = store.types.get(handle).item?;
    Some(store.types.owner(sequence_of(store, item)?).of)
}

impl Scope {
    pub(super) fn add(&mut self, handle: TypeHandle) {
        if !self.types.contains(&handle) {
            self.types.push(handle);
        }
    }

    /// Takes in the whole document.
    pub(super) fn add_all(&mut self) {
        self.is_whole = true;
    }

    /// Whether a type is of the scope or in it. O(depth).
    fn holds_type(&self, store: &Store, handle: TypeHandle) -> bool {
        if self.is_whole {
            return true;
        }
        let mut up = Some(handle);
        while let Some(handle) = up {
            if self.types.contains(&handle) {
                return true;
            }
            up = parent(store, handle);
        }
        false
    }

    /// Whether what stands in a sequence is in a type of the scope. (Yjs: `isParentOf`)
    pub(super) fn holds(&self, store: &Store, sequence: Sequence) -> bool {
        self.holds_type(store, store.types.owner(sequence).of)
    }

    /// Whether a transaction changed something in a type that was there before it and still is, and that lies in the
    /// scope or is of it. (Yjs: `changedParentTypes`)
    pub(super) fn is_touched_by(&self, commit: &Commit<'_>) -> bool {
        let replica = &commit.doc().replica;
        let store = &replica.store;
        let touches = |handle: TypeHandle| {
            let shared = store.types.get(handle);
            let is_added = shared.item.is_some_and(|(client, clock)| {
                store.log(client).changed_from.is_some_and(|changed_from| clock >= changed_from)
            });
            !is_added && !shared.is_deleted && self.holds_type(store, handle)
        };
        let first = replica.inserted().chain(replica.deleted()).find(|(_, range)| !range.is_empty());
        let Some((client, range)) = first else { return false };
        // Mostly the first type is it, and nothing has to be remembered.
        let sequence = sequence_of(store, (client, range.start));
        if sequence.is_some_and(|sequence| touches(store.types.owner(sequence).of)) {
            return true;
        }
        let mut seen = BTreeSet::new();
        let mut changed = replica.inserted().chain(replica.deleted());
        changed.any(|(client, range)| {
            let mut placed = store.placed_pieces_in(client, range);
            placed.any(|(sequence, _)| {
                let handle = store.types.owner(sequence).of;
                seen.insert(handle) && touches(handle)
            })
        })
    }

    /// A transaction as an item of a stack. What it deleted in the scope is kept from now on, and the types around it.
    pub(super) fn record(&self, commit: &mut Commit<'_>) -> StackItem {
        let replica = &commit.doc().replica;
        let id = |(client, range): (Client, Range<Clock>)| (replica.store.log(client).client, range);
        let keeps = replica.store.collects && !replica.changes.deleted.is_empty();
        let kept = if keeps { self.needed(replica) } else { KeptUnits::new() };
        let item = StackItem {
            insertions: replica.inserted().map(id).collect::<Ranges>(),
            deletions: replica.deleted().map(id).collect::<Ranges>(),
            kept,
            meta: Default::default(),
        };
        for (client, units) in &item.kept {
            commit.store_mut().kept.keep(*client, units.clone());
        }
        item
    }

    /// What has to be kept of a transaction. (Yjs: `keepItem`)
    fn needed(&self, replica: &Replica) -> KeptUnits {
        let store = &replica.store;
        let mut needed = KeptUnits::new();
        // The types around, if there are any.
        let mut around: Option<BTreeSet<_>> = None;
        for (client, range) in replica.deleted() {
            let placed = store.placed_pieces_in(client, range);
            for (sequence, piece) in placed.filter(|(sequence, _)| self.holds(store, *sequence)) {
                let (start, end) = (piece.first.1, piece.first.1 + piece.len);
                match needed.last_mut().filter(|(of, last)| *of == client && last.end == start) {
                    Some((_, last)) => last.end = end,
                    None => needed.push((client, start..end)),
                }
                let mut item = store.types.get(store.types.owner(sequence).of).item;
                while let Some(holder) = item.filter(|holder| around.get_or_insert_default().insert(*holder)) {
                    item = item_around(store, holder);
                }
            }
        }
        if let Some(around) = around {
            needed.extend(around.into_iter().map(|(client, clock)| (client, clock..clock + 1)));
        }
        needed
    }
}

/// The unit that holds the type that a unit lies in; `None` in a root.
pub(super) fn item_around(store: &Store, unit: LocalId) -> Option<LocalId> {
    store.types.get(store.types.owner(sequence_of(store, unit)?).of).item
}
