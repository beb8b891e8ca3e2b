//! Where an item goes among those that were written at the same place at the same time: YATA, as Yjs decides it.

use super::Replica;
use crate::store::{LocalId, NO_ORIGIN, Place, Sequence};
use crate::values::ClientId;
use std::cmp::Ordering;

impl Replica {
    /// The place of an item of `client` between its origins; `None` if the sequence is empty.
    /// O(log), unless others wrote between the same two units: then O(what they wrote there).
    pub(crate) fn place(
        &mut self,
        sequence: Sequence,
        client: ClientId,
        origin: LocalId,
        right_origin: LocalId,
    ) -> Option<Place> {
        let order = &mut self.store.order;
        let start = match origin {
            NO_ORIGIN => order.start(sequence)?,
            (of, clock) => {
                let found = order.find(of, clock)?;
                order.step(found, 1)
            }
        };
        if order.unit_after(start) == some(right_origin) {
            return Some(start);
        }
        Some(self.place_among_concurrent(client, origin, right_origin, start))
    }

    /// Looks at what stands between the origins, piece by piece. (Yjs: `Item#integrate`)
    ///
    /// A piece is what a span and a block have in common: its first unit's origin decides, the rest follow it.
    /// Yjs keeps two sets of items; both are ranges of the sequence, so two places stand for them: `start`, after
    /// which everything scanned is "before the origin", and `left`, after which everything scanned is "conflicting".
    #[cold]
    #[inline(never)]
    fn place_among_concurrent(&self, client: ClientId, origin: LocalId, right_origin: LocalId, start: Place) -> Place {
        let store = &self.store;
        let order = &store.order;
        let mut left = start;
        let mut at = start;
        // The last unit of the piece before, and whether the item goes after that piece.
        let mut previous: Option<(LocalId, bool)> = None;
        while let Some((span, offset)) = order.span_at(at) {
            let first = (span.client(), span.clock + offset);
            if Some(first) == some(right_origin) {
                break;
            }
            let log = store.log(first.0);
            let block_at = log.find(first.1);
            let block = &log.blocks()[block_at];
            let mut end = span.end().min(log.block_end(block_at));
            if right_origin.0 == first.0 && (first.1..end).contains(&right_origin.1) {
                end = right_origin.1;
            }
            let piece_origin = if first.1 > block.clock { (first.0, first.1 - 1) } else { block.origin };
            let next = order.step(at, end - first.1);
            let mut goes_after = false;
            if piece_origin == origin {
                if log.client < client {
                    goes_after = true;
                } else if block.right_origin == right_origin {
                    break;
                }
            } else if piece_origin == NO_ORIGIN {
                break;
            } else if let Some((_, after_previous)) = previous.filter(|(last, _)| *last == piece_origin) {
                goes_after = after_previous;
            } else {
                let Some(place) = order.look_up(piece_origin.0, piece_origin.1) else {
                    break;
                };
                if order.compare(place, start) == Ordering::Less {
                    break;
                }
                goes_after = order.compare(place, left) == Ordering::Less;
            }
            if goes_after {
                left = next;
            }
            previous = Some(((first.0, end - 1), goes_after));
            at = next;
        }
        left
    }
}

fn some(id: LocalId) -> Option<LocalId> {
    (id != NO_ORIGIN).then_some(id)
}
