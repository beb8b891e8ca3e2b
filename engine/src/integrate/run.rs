//! Items that one client writes one behind the other at one place, as most of a delta is: each goes into the log at once, all
//! of them into their sequence together.

use super::{NewItem, Replica};
use crate::store::{Client, LocalId, NO_ORIGIN, Place, Sequence, Span, Store};
use crate::update::Content;
use crate::values::Clock;
use smallvec::SmallVec;

/// A place of a sequence, and items that were written there and do not stand in the sequence yet. As long as there are any,
/// nothing else may be written: they end with [`place_run`](Replica::place_run).
#[derive(Debug)]
pub(crate) struct ItemRun {
    sequence: Sequence,
    /// Before the items; `None` if the sequence is empty.
    place: Option<Place>,
    /// Visible units before the place.
    before: u32,
    /// What the next item stands between: behind the place or the last item, and before what follows the place.
    origin: LocalId,
    right_origin: LocalId,
    /// The items.
    spans: SmallVec<[Span; 4]>,
}

impl ItemRun {
    /// No items at a place, before which so many visible units stand. O(1).
    pub(crate) fn at(store: &Store, sequence: Sequence, place: Option<Place>, before: u32) -> ItemRun {
        let origin = place.and_then(|place| store.order.unit_before(place)).unwrap_or(NO_ORIGIN);
        let right_origin = place.and_then(|place| store.order.unit_after(place)).unwrap_or(NO_ORIGIN);
        ItemRun { sequence, place, before, origin, right_origin, spans: SmallVec::new() }
    }
}

impl Replica {
    /// Appends an item to a client's log, as the last one of a run: returns its first unit. The log must have room. O(1).
    pub(crate) fn append_to_run(
        &mut self,
        client: Client,
        run: &mut ItemRun,
        (content, len): (Content, Clock),
        payload: &[u8],
    ) -> LocalId {
        let ItemRun { sequence, place, origin, right_origin, .. } = *run;
        let first = self.store.log(client).end();
        let item = NewItem { sequence, place, before: None, origin, right_origin, content, len, payload };
        self.log_item(client, &item, self.store.types.owner(sequence));
        run.origin = (client, first + len - 1);
        let span = Span::new(client, first, len, Store::mark_of(content));
        match run.spans.last_mut() {
            Some(last) if last.joins(span) => last.len += len,
            _ => run.spans.push(span),
        }
        (client, first)
    }

    /// Puts the items of a run into their sequence; returns the place behind them. O(log + items).
    pub(crate) fn place_run(&mut self, run: ItemRun) -> Option<Place> {
        let ItemRun { sequence, place, before, spans, .. } = run;
        let (Some(first), Some(last)) = (spans.first(), spans.last()) else { return place };
        let behind = self.store.order.insert_run(sequence, place, &spans, before);
        if !self.store.types.get(self.store.types.owner(sequence).of).is_deleted {
            return behind;
        }
        let last = (last.client(), last.end() - 1);
        self.delete_ids(last.0, first.clock, last.1 + 1);
        self.store.place_after(sequence, Some(last))
    }
}
