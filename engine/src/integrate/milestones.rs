//! Milestones of the scan for an item's place: what was once scanned is not scanned again.

use crate::store::{LocalId, Sequence};
use crate::values::ClientId;
use std::collections::BTreeMap;

/// Items that were placed by a long scan, each with what decided it.
///
/// Items with the same origin and the same right origin stand in the order of their clients. So a scan for another one
/// passes all of them that have a smaller client, whatever stands between, and may begin at the greatest of these.
/// That needs only some of them: one for every [`LONG_SCAN`] is noted.
///
/// Where right origins differ, it still holds that what stands between an item and its right origin, with the same
/// origin, has a greater client. (Else take the two that were first to contradict: the one with the smaller client came
/// to stand behind the other one by passing a third, which contradicts, too.) So a scan passes, and may begin at, the
/// last item before the right origin that has the same origin and a smaller client: the scans look back for it a little.
///
/// Both need that nothing stands between which a scan ends at: see [`give_up`](Milestones::give_up).
#[derive(Debug)]
pub(super) struct Milestones<Item> {
    items: BTreeMap<(Sequence, LocalId, LocalId, ClientId), Item>,
    has_given_up: bool,
}

/// So many pieces are scanned before a milestone is set, or looked at on the way back.
pub(super) const LONG_SCAN: u32 = if cfg!(debug_assertions) { 2 } else { 8 };

impl<Item> Default for Milestones<Item> {
    fn default() -> Self {
        Milestones { items: BTreeMap::new(), has_given_up: false }
    }
}

impl<Item: Copy> Milestones<Item> {
    /// The last known item between these origins whose client is smaller. O(log milestones).
    pub(super) fn before(
        &self,
        sequence: Sequence,
        (origin, right_origin): (LocalId, LocalId),
        client: ClientId,
    ) -> Option<Item> {
        if self.items.is_empty() {
            return None;
        }
        let group = |client| (sequence, origin, right_origin, client);
        self.items.range(group(ClientId::new(0))..group(client)).next_back().map(|(_, item)| *item)
    }

    /// From now on scans begin where those of Yjs do.
    ///
    /// An item may have come to stand in the midst of what descends from something behind its origin, because its right
    /// origin stands there. Who writes between two units that stand beside each other can't do that, but who undoes can.
    /// Yjs ends a scan at such an item, and ours must not begin behind it.
    pub(super) fn give_up(&mut self) {
        *self = Milestones { items: BTreeMap::new(), has_given_up: true };
    }

    /// Whether scans may begin further on at all.
    pub(super) fn has_given_up(&self) -> bool {
        self.has_given_up
    }

    /// Notes where an item of a client between these origins has come to stand, if it took a scan of `scanned` pieces
    /// that was long.
    pub(super) fn note(
        &mut self,
        sequence: Sequence,
        (origin, right_origin): (LocalId, LocalId),
        client: ClientId,
        item: Item,
        scanned: u32,
    ) {
        if scanned >= LONG_SCAN && !self.has_given_up {
            self.items.entry((sequence, origin, right_origin, client)).or_insert(item);
        }
    }

    /// What is noted: sequence, origins, client, item.
    pub(super) fn iter(&self) -> impl Iterator<Item = ((Sequence, LocalId, LocalId, ClientId), Item)> + '_ {
        self.items.iter().map(|(of, item)| (*of, *item))
    }
}
