//! What a transaction added and deleted, unit by unit, and which types that concerns.

use crate::integrate::Replica;
use crate::store::{Client, LocalId, Sequence, Store, TypeHandle};
use crate::values::{Clock, sort_by_numbers};
use std::collections::BTreeMap;
use std::ops::Range;

/// The units that a transaction added and deleted.
pub(super) struct Extent<'r> {
    store: &'r Store,
    /// Units that were added, clients ascending.
    added: Vec<(Client, Range<Clock>)>,
    /// Deleted units: client, clocks; ascending, neither touching nor overlapping.
    deleted: Vec<(Client, Range<Clock>)>,
}

/// What changed of a type.
#[derive(Clone, Debug, Default)]
pub(super) struct Parts {
    /// Units of its list or text that were added, some of which may be deleted again.
    pub(super) added: Vec<Units>,
    /// Units of its list or text that were deleted, and had been there before.
    pub(super) deleted: Vec<Units>,
    /// The sequences of keys that were touched; some twice.
    pub(super) entries: Vec<Sequence>,
}

/// Some units with consecutive clocks of one client.
#[derive(Clone, Copy, Debug)]
pub(super) struct Units {
    pub(super) client: Client,
    pub(super) start: Clock,
    pub(super) end: Clock,
}

impl<'r> Extent<'r> {
    pub(super) fn of(replica: &'r Replica) -> Extent<'r> {
        let store = &replica.store;
        let mut added: Vec<_> = replica.inserted().collect();
        sort_by_numbers(&mut added, |(client, _)| ((*client).into(), 0));
        let mut deleted: Vec<_> = replica.changes.deleted.clone();
        sort_by_numbers(&mut deleted, |(client, start, _)| ((*client).into(), (*start).into()));
        deleted.dedup_by(|next, kept| {
            let touches = next.0 == kept.0 && next.1 <= kept.2;
            if touches {
                kept.2 = kept.2.max(next.2);
            }
            touches
        });
        let deleted = deleted.into_iter().map(|(client, start, end)| (client, start..end)).collect();
        Extent { store, added, deleted }
    }

    /// From which clock on the units of a client were added.
    pub(super) fn added_from(&self, client: Client) -> Clock {
        self.store.log(client).changed_from.unwrap_or(Clock::MAX)
    }

    /// Whether the transaction added a unit. (Yjs: `YEvent#adds`)
    pub(super) fn adds(&self, unit: LocalId) -> bool {
        unit.1 >= self.added_from(unit.0)
    }

    /// Whether the transaction deleted a unit, one that it added perhaps. (Yjs: `YEvent#deletes`)
    pub(super) fn deletes(&self, unit: LocalId) -> bool {
        self.deleted_in(unit.0, unit.1, unit.1 + 1).next().is_some()
    }

    /// Which of these units the transaction deleted.
    pub(super) fn deleted_in(
        &self,
        client: Client,
        start: Clock,
        end: Clock,
    ) -> impl Iterator<Item = Range<Clock>> + '_ {
        let first = self.deleted.partition_point(|(of, range)| (*of, range.end) <= (client, start));
        let inside = self.deleted[first..].iter().take_while(move |(of, range)| *of == client && range.start < end);
        inside.map(move |(_, range)| range.start.max(start)..range.end.min(end))
    }

    /// The units that were added, block by block.
    pub(super) fn added_units(&self) -> impl Iterator<Item = (Sequence, Units)> + '_ {
        self.added.iter().flat_map(|(client, range)| self.in_blocks(*client, range.clone()))
    }

    /// The units that were deleted and had been there before, block by block.
    pub(super) fn deleted_units(&self) -> impl Iterator<Item = (Sequence, Units)> + '_ {
        self.deleted.iter().flat_map(|(client, range)| {
            let end = range.end.min(self.added_from(*client));
            self.in_blocks(*client, range.start..end)
        })
    }

    /// Cuts units at the borders of blocks, and tells the sequence that each part stands in.
    fn in_blocks(&self, client: Client, range: Range<Clock>) -> impl Iterator<Item = (Sequence, Units)> + '_ {
        let parts = self.store.placed_pieces_in(client, range);
        parts.map(move |(sequence, piece)| {
            let start = piece.first.1;
            (sequence, Units { client, start, end: start + piece.len })
        })
    }

    /// The types that changed and were there before, in the order in which they came up, and what of them did.
    /// O(blocks touched * log types).
    pub(super) fn changed(&self) -> impl Iterator<Item = (TypeHandle, Parts)> {
        let mut changed: BTreeMap<TypeHandle, Parts> = BTreeMap::new();
        let added = self.added_units().map(|(sequence, units)| (sequence, units, true));
        let deleted = self.deleted_units().map(|(sequence, units)| (sequence, units, false));
        for (sequence, units, is_added) in added.chain(deleted) {
            let owner = self.store.types.owner(sequence);
            if self.store.types.get(owner.of).item.is_some_and(|item| self.adds(item)) {
                continue;
            }
            let parts = changed.entry(owner.of).or_default();
            match (owner.key, is_added) {
                (Some(_), _) => parts.entries.push(sequence),
                (None, true) => parts.added.push(units),
                (None, false) => parts.deleted.push(units),
            }
        }
        changed.into_iter()
    }
}
