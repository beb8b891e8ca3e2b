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
        let mut up = std::iter::successors(Some(handle), |handle| parent(store, *handle));
        up.any(|handle| self.types.contains(&handle))
    }

    /// Whether a unit is in a type of the scope. (Yjs: `isParentOf`)
    pub(super) fn holds(&self, store: &Store, unit: LocalId) -> bool {
        sequence_of(store, unit).is_some_and(|sequence| self.holds_type(store, store.types.owner(sequence).of))
    }

    /// Whether a transaction changed something in a type that was there before it and still is, and that lies in the
    /// scope or is of it. (Yjs: `changedParentTypes`)
    pub(super) fn is_touched_by(&self, commit: &Commit<'_>) -> bool {
        let replica = &commit.doc().replica;
        let store = &replica.store;
        let mut seen = BTreeSet::new();
        let touches = |handle: TypeHandle| {
            let shared = store.types.get(handle);
            let is_added = shared.item.is_some_and(|(client, clock)| {
                store.log(client).changed_from.is_some_and(|changed_from| clock >= changed_from)
            });
            !is_added && !shared.is_deleted && self.holds_type(store, handle)
        };
        let mut changed = replica.inserted().chain(replica.deleted());
        changed.any(|(client, range)| {
            let mut pieces = store.pieces_in(client, range).filter_map(|piece| sequence_of(store, piece.first));
            pieces.any(|sequence| {
                let handle = store.types.owner(sequence).of;
                // Mostly the first one is it, and nothing has to be remembered.
                !seen.contains(&handle) && (touches(handle) || !seen.insert(handle))
            })
        })
    }

    /// A transaction as an item of a stack. What it deleted in the scope is kept from now on, and the types around it.
    pub(super) fn record(&self, commit: &mut Commit<'_>) -> StackItem {
        let replica = &commit.doc().replica;
        let id = |(client, range): (Client, Range<Clock>)| (replica.store.log(client).client, range);
        let kept = if replica.store.collects { self.needed(replica) } else { KeptUnits::new() };
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
        let mut around = BTreeSet::new();
        for (client, range) in replica.deleted() {
            for piece in store.pieces_in(client, range).filter(|piece| self.holds(store, piece.first)) {
                let (start, end) = (piece.first.1, piece.first.1 + piece.len);
                match needed.last_mut().filter(|(of, last)| *of == client && last.end == start) {
                    Some((_, last)) => last.end = end,
                    None => needed.push((client, start..end)),
                }
                let mut unit = piece.first;
                while let Some(item) = item_around(store, unit).filter(|item| around.insert(*item)) {
                    unit = item;
                }
            }
        }
        needed.extend(around.into_iter().map(|(client, clock)| (client, clock..clock + 1)));
        needed
    }
}

/// The unit that holds the type that a unit lies in; `None` in a root.
pub(super) fn item_around(store: &Store, unit: LocalId) -> Option<LocalId> {
    store.types.get(store.types.owner(sequence_of(store, unit)?).of).item
}
