//! Where an item goes among those that were written at the same place at the same time: YATA, as Yjs decides it.

use super::Replica;
use super::milestones::LONG_SCAN;
use crate::store::{LocalId, NO_ORIGIN, Place, Sequence};
use crate::values::ClientId;
use std::cmp::Ordering;

impl Replica {
    /// The place of an item of `client` between its origins; `None` if the sequence is empty.
    /// O(log), unless others wrote between the same two units: see `milestones.rs`.
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
        let end = match right_origin {
            NO_ORIGIN => order.end(sequence),
            (of, clock) => order.look_up(of, clock),
        };
        Some(self.place_among_concurrent(sequence, client, (origin, right_origin), start, end))
    }

    /// The same where the right origin does not stand directly behind the origin: between the place behind that and the one
    /// before the right origin, if that stands in the sequence.
    #[cold]
    #[inline(never)]
    pub(super) fn place_among_concurrent(
        &mut self,
        sequence: Sequence,
        client: ClientId,
        origins: (LocalId, LocalId),
        start: Place,
        end: Option<Place>,
    ) -> Place {
        let milestone = self.milestones.before(sequence, origins, client);
        // Who comes in the order of the clients has his place at the end.
        let reach = if milestone.is_some() { 1 } else { LONG_SCAN };
        let look_back = || self.look_back(client, origins.0, end?, reach);
        let from = look_back().or_else(|| milestone.and_then(|unit| self.store.order.look_up(unit.0, unit.1)));
        let scan = self.scan(client, origins, start, from.unwrap_or(start));
        debug_assert_eq!(
            scan.place,
            self.scan(client, origins, start, start).place,
            "a milestone shortens the way only"
        );
        if scan.is_irregular {
            self.milestones.give_up();
        } else {
            let handle = self.store.client(client);
            let unit = (handle, self.store.log(handle).end());
            self.milestones.note(sequence, origins, client, unit, scan.pieces);
        }
        scan.place
    }

    /// The place before the last item in front of the right origin, which stands at `end`, that has the same origin and a
    /// smaller client, if it is among so many pieces there. (See `milestones.rs`.)
    fn look_back(&self, client: ClientId, origin: LocalId, end: Place, reach: u32) -> Option<Place> {
        let order = &self.store.order;
        if self.milestones.has_given_up() {
            return None;
        }
        let mut at = end;
        for _ in 0..reach {
            let (span_place, span) = order.units_before(at)?;
            let log = self.store.log(span.client());
            let block = &log.blocks()[log.find(span.end() - 1)];
            let first = span.clock.max(block.clock);
            if origin.0 == span.client() && (first..span.end()).contains(&origin.1) {
                return None;
            }
            let piece_origin = block.origin_of((span.client(), first));
            at = order.step(span_place, first - span.clock);
            if piece_origin == origin && log.client < client {
                return Some(at);
            }
        }
        None
    }

    /// Looks at what stands between the origins, piece by piece. (Yjs: `Item#integrate`)
    ///
    /// A piece is what a span and a block have in common: its first unit's origin decides, the rest follow it.
    /// Yjs keeps two sets of items; both are ranges of the sequence, so two places stand for them: `start`, after
    /// which everything scanned is "before the origin", and `left`, after which everything scanned is "conflicting".
    ///
    /// It begins at `from`: `start`, or before an item further on that it would pass.
    fn scan(&self, client: ClientId, (origin, right_origin): (LocalId, LocalId), start: Place, from: Place) -> Scan {
        let store = &self.store;
        let order = &store.order;
        let mut left = from;
        let mut at = from;
        let mut pieces = 0;
        let mut is_irregular = false;
        // The last unit of the piece before, and whether the item goes after that piece.
        let mut previous: Option<(LocalId, bool)> = None;
        while let Some((span, offset)) = order.span_at(at) {
            let first = (span.client(), span.clock + offset);
            let log = store.log(first.0);
            let block_at = log.find(first.1);
            let block = &log.blocks()[block_at];
            let piece_origin = block.origin_of(first);
            if Some(first) == some(right_origin) {
                is_irregular = left == at
                    && at != start
                    && ![origin, NO_ORIGIN].contains(&piece_origin)
                    && order
                        .look_up(piece_origin.0, piece_origin.1)
                        .is_some_and(|place| order.compare(place, start).is_ge());
                break;
            }
            pieces += 1;
            let mut end = span.end().min(log.block_end(block_at));
            if right_origin.0 == first.0 && (first.1..end).contains(&right_origin.1) {
                end = right_origin.1;
            }
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
        Scan { place: left, pieces, is_irregular }
    }
}

/// What a scan has found.
struct Scan {
    place: Place,
    /// How many pieces it has looked at.
    pieces: u32,
    /// Whether the item goes into the midst of what descends from something behind its origin, because its right origin
    /// stands there.
    is_irregular: bool,
}

fn some(id: LocalId) -> Option<LocalId> {
    (id != NO_ORIGIN).then_some(id)
}
