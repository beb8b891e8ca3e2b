//! How Yjs would have cut a document into items at this moment. Undo writes items again, not units: what their
//! origins are, and so where they meet the edits of others, depends on the cut.

use crate::store::{LocalId, Store};
use crate::values::Clock;
use std::collections::BTreeSet;
use std::ops::Range;

/// The cut while a transaction is open.
///
/// At its end Yjs joins whatever can be joined, so before it the items are as long as they can be (`Item#mergeWith`):
/// the common part of spans and blocks, joined again where only our storage has cut. What is cut in the
/// transaction stays so until its end; what was redone stays so for good.
#[derive(Debug, Default)]
pub(super) struct Partition {
    cuts: BTreeSet<LocalId>,
}

impl Partition {
    /// Cuts before a unit. (Yjs: `getItemCleanStart`)
    pub(super) fn cut(&mut self, store: &mut Store, unit: LocalId) {
        self.cuts.insert(unit);
        store.note_cut(unit.0, unit.1);
    }

    /// The clock after the item that holds a unit. O(log) for each piece that it is stored in.
    pub(super) fn end(&self, store: &Store, unit: LocalId) -> Clock {
        let mut end = self.piece(store, unit).end;
        while end < store.log(unit.0).end() && self.joins(store, (unit.0, end)) {
            end = self.piece(store, (unit.0, end)).end;
        }
        end
    }

    /// The first clock of the item that holds a unit.
    pub(super) fn start(&self, store: &Store, unit: LocalId) -> Clock {
        let mut start = self.piece(store, unit).start;
        while start > 0 && self.joins(store, (unit.0, start)) {
            start = self.piece(store, (unit.0, start - 1)).start;
        }
        start
    }

    /// The units around one that are in the same span, block, link, and between the same cuts.
    fn piece(&self, store: &Store, unit: LocalId) -> Range<Clock> {
        let (client, clock) = unit;
        let log = store.log(client);
        let block = log.find(clock);
        let mut start = log.blocks()[block].clock;
        let mut end = log.block_end(block);
        match store.order.look_up(client, clock).and_then(|place| store.order.span_at(place)) {
            Some((span, _)) => (start, end) = (start.max(span.clock), end.min(span.end())),
            None => return clock..end.min(store.order.end_of_unplaced(client, clock)),
        }
        let linked = store.redone.around(unit);
        (start, end) = (start.max(linked.start), end.min(linked.end));
        if let Some((_, cut)) = self.cuts.range((client, start)..=unit).next_back() {
            start = start.max(*cut);
        }
        if let Some((_, cut)) = self.cuts.range((client, clock + 1)..(client, end)).next() {
            end = end.min(*cut);
        }
        start..end
    }

    /// Whether a unit and the one before it by clock are in one item. (Yjs: `Item#mergeWith`)
    fn joins(&self, store: &Store, unit: LocalId) -> bool {
        let before = (unit.0, unit.1 - 1);
        if self.cuts.contains(&unit) || store.redone.link(before) != store.redone.link(unit) {
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
