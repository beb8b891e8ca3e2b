//! How Yjs would have cut a document into items at this moment. Undo writes items again, not units: what their
//! origins are, and so where they meet the edits of others, depends on the cut.

use crate::store::{LocalId, Sequence, Store};
use crate::values::Clock;
use smallvec::SmallVec;
use std::collections::BTreeSet;
use std::ops::Range;

/// An item as it was when it was looked up; it may have been cut since, see [`Partition::end_of`].
#[derive(Clone, Copy, Debug)]
pub(super) struct Item {
    pub(super) first: LocalId,
    /// The clock after its last unit.
    end: Clock,
    /// The block of its first unit.
    pub(super) block: usize,
    /// `NO_SEQUENCE` if it stands in none.
    pub(super) sequence: Sequence,
}

/// The cut while a transaction is open.
///
/// At its end Yjs joins whatever can be joined, so before it the items are as long as they can be (`Item#mergeWith`):
/// the common part of spans and blocks, joined again where only our storage has cut. What is cut in the
/// transaction stays so until its end; what was redone stays so for good.
#[derive(Debug, Default)]
pub(super) struct Partition {
    /// The first cuts, in any order: a step of one run makes three.
    few_cuts: SmallVec<[LocalId; FEW]>,
    more_cuts: BTreeSet<LocalId>,
}

const FEW: usize = 6;

impl Partition {
    /// Cuts before a unit. (Yjs: `getItemCleanStart`)
    pub(super) fn cut(&mut self, store: &mut Store, unit: LocalId) {
        if self.is_cut(unit) {
            return;
        }
        if self.few_cuts.len() < FEW {
            self.few_cuts.push(unit);
        } else {
            self.more_cuts.insert(unit);
        }
        store.note_cut(unit.0, unit.1);
    }

    fn is_cut(&self, unit: LocalId) -> bool {
        self.few_cuts.contains(&unit) || self.more_cuts.contains(&unit)
    }

    /// What cuts leave of a range around one of its units.
    fn part(&self, (client, clock): LocalId, range: Range<Clock>) -> Range<Clock> {
        let Range { mut start, mut end } = range;
        for cut in self.few_cuts.iter().filter(|cut| cut.0 == client) {
            if cut.1 <= clock {
                start = start.max(cut.1);
            } else {
                end = end.min(cut.1);
            }
        }
        if !self.more_cuts.is_empty() {
            let before = self.more_cuts.range((client, start)..=(client, clock)).next_back();
            let behind = self.more_cuts.range((client, clock + 1)..(client, end)).next();
            start = before.map_or(start, |cut| cut.1);
            end = behind.map_or(end, |cut| cut.1);
        }
        start..end
    }

    /// The item that begins with a unit. O(log) for each piece that it is stored in.
    pub(super) fn item(&self, store: &Store, first: LocalId) -> Item {
        let (piece, block) = self.piece(store, first);
        let end = self.join(store, first.0, piece.end);
        Item { first, end, block, sequence: store.log(first.0).blocks()[block].sequence }
    }

    /// The clock after an item: within a transaction, items only become shorter.
    pub(super) fn end_of(&self, item: Item) -> Clock {
        self.part(item.first, item.first.1..item.end).end
    }

    /// The clock after the item that holds a unit. O(log) for each piece that it is stored in.
    pub(super) fn end(&self, store: &Store, unit: LocalId) -> Clock {
        self.join(store, unit.0, self.piece(store, unit).0.end)
    }

    /// The end of the item of which a piece ends there.
    fn join(&self, store: &Store, client: u32, mut end: Clock) -> Clock {
        while end < store.log(client).end() && self.joins(store, (client, end)) {
            end = self.piece(store, (client, end)).0.end;
        }
        end
    }

    /// The first clock of the item that holds a unit.
    pub(super) fn start(&self, store: &Store, unit: LocalId) -> Clock {
        let mut start = self.piece(store, unit).0.start;
        while start > 0 && self.joins(store, (unit.0, start)) {
            start = self.piece(store, (unit.0, start - 1)).0.start;
        }
        start
    }

    /// The units around one that are in the same span, block, link, and between the same cuts; and which block it is.
    fn piece(&self, store: &Store, unit: LocalId) -> (Range<Clock>, usize) {
        let (client, clock) = unit;
        let log = store.log(client);
        let block = log.find(clock);
        let mut start = log.blocks()[block].clock;
        let mut end = log.block_end(block);
        match store.order.look_up(client, clock).and_then(|place| store.order.span_at(place)) {
            Some((span, _)) => (start, end) = (start.max(span.clock), end.min(span.end())),
            None => return (clock..end.min(store.order.end_of_unplaced(client, clock)), block),
        }
        let linked = store.redone.around(unit);
        (self.part(unit, start.max(linked.start)..end.min(linked.end)), block)
    }

    /// Whether a unit and the one before it by clock are in one item. (Yjs: `Item#mergeWith`)
    fn joins(&self, store: &Store, unit: LocalId) -> bool {
        let before = (unit.0, unit.1 - 1);
        if self.is_cut(unit) || store.redone.link(before) != store.redone.link(unit) {
            return false;
        }
        let log = store.log(unit.0);
        let (left, right) = (log.find(before.1), log.find(unit.1));
        if left != right {
            let (left, right) = (&log.blocks()[left], &log.blocks()[right]);
            let continues = left.content == right.content
                && right.content.is_run()
                && right.origin == before
                && left.right_origin == right.right_origin
                && left.sequence == right.sequence;
            if !continues {
                return false;
            }
        }
        let order = &store.order;
        let (Some(left), Some(right)) = (order.look_up(before.0, before.1), order.look_up(unit.0, unit.1)) else {
            return false;
        };
        let is_deleted = |place| order.span_at(place).map(|(span, _)| span.is_deleted());
        order.unit_before(right) == Some(before) && is_deleted(left) == is_deleted(right)
    }
}
