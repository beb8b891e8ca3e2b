//! The invariants of a store, composed of those of its parts.

use super::order::Span;
use super::{Mark, NO_ORIGIN, NO_SEQUENCE, Store};
use crate::update::Content;
use crate::values::Clock;

impl Store {
    /// Panics if any part of the store contradicts itself or another. O(everything); for tests and fuzzing.
    pub(crate) fn assert_invariants(&self) {
        self.logs.iter().for_each(|log| log.assert_invariants());
        self.order.assert_invariants(self.logs.iter().map(|log| log.end()));
        for (at, log) in self.logs.iter().enumerate() {
            assert_eq!(self.find_client(log.client), Some(at as u32));
            self.assert_log(at as u32);
        }
        self.assert_types();
        self.order.assert_effects(&|client, clock| self.format((client, clock)));
        self.assert_redone();
    }

    /// Every unit stands in its block's sequence, and is deleted there if and only if the log says so.
    fn assert_log(&self, client: u32) {
        let log = self.log(client);
        let deleted = log.deleted_ranges(0);
        let is_deleted = |clock: Clock| {
            let at = deleted.partition_point(|range| range.1 <= clock);
            deleted.get(at).is_some_and(|range| range.0 <= clock)
        };
        for (at, block) in log.blocks().iter().enumerate() {
            for origin in [block.origin, block.right_origin].into_iter().filter(|origin| *origin != NO_ORIGIN) {
                assert!(origin.1 < self.log(origin.0).end(), "origins are known");
            }
            let mut clock = block.clock;
            while clock < log.block_end(at) {
                let Some(place) = self.order.look_up(client, clock) else {
                    assert_eq!(block.sequence, NO_SEQUENCE);
                    assert!(is_deleted(clock));
                    clock = self.order.end_of_unplaced(client, clock).min(log.block_end(at));
                    continue;
                };
                assert_eq!(self.order.sequence_of(place), block.sequence);
                let (span, offset) = self.order.span_at(place).expect("a place found by id has a unit");
                let end = log.block_end(at).min(clock + span.len - offset);
                for unit in clock..end {
                    assert_eq!(span.is_deleted(), is_deleted(unit), "order and log agree on what is deleted");
                }
                assert_eq!(span.is_uncounted(), !span.is_deleted() && block.content == Content::Format);
                clock = end;
            }
        }
    }

    fn assert_types(&self) {
        self.types.assert_invariants();
        for handle in 0..self.types.len() as u32 {
            let shared = self.types.get(handle);
            if let Some(item) = shared.item {
                assert_eq!(self.type_of(item), Some(handle));
                let place = self.order.look_up(item.0, item.1).expect("a type stands in a sequence");
                let (span, _) = self.order.span_at(place).expect("a place found by id has a unit");
                assert_eq!(span.is_deleted(), shared.is_deleted);
            }
            let all = std::iter::once(shared.sequence).chain(shared.entries.iter());
            for sequence in all {
                let spans: Vec<_> = self.order.spans(sequence).collect();
                if shared.is_deleted {
                    assert!(spans.iter().all(|span| span.is_deleted()), "what is in a deleted type is deleted");
                }
                if self.types.owner(sequence).key.is_some() && !spans.is_empty() {
                    // The last item wins. Of a run, which no honest writer makes here, parts may stay that were cut off by
                    // items written into it: as in Yjs the next item deletes only what is directly on its left.
                    let last = spans[spans.len() - 1];
                    let block = |span: &Span| (span.client(), self.log(span.client()).find(span.clock));
                    let is_of_run = |span: &Span| {
                        let (client, at) = block(span);
                        let log = self.log(client);
                        log.block_end(at) - log.blocks()[at].clock > 1
                    };
                    let wins = |span: &Span| !last.is_deleted() && block(span) == block(&last);
                    assert!(spans.iter().all(|span| span.is_deleted() || wins(span) || is_of_run(span)));
                }
            }
        }
    }

    /// How a unit with this content is marked in its sequence while it is not deleted.
    pub(crate) fn mark_of(content: Content) -> Mark {
        match content {
            Content::Deleted | Content::Gc | Content::Skip => Mark::Deleted,
            Content::Format => Mark::Uncounted,
            _ => Mark::Visible,
        }
    }
}
