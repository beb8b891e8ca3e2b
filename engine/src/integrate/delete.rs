//! Deleting: units by id or by place, and with a type everything that is in it.

use super::Replica;
use crate::store::{Client, Place, Sequence, TypeHandle};
use crate::update::Content;
use crate::values::Clock;

impl Replica {
    /// Deletes the units `start..end` of a client, all of which are known. What is deleted already stays so.
    /// O(log + spans touched).
    pub(crate) fn delete_ids(&mut self, client: Client, start: Clock, end: Clock) {
        let mut clock = start;
        while clock < end {
            let order = &mut self.store.order;
            let Some(place) = order.find(client, clock) else {
                clock = order.end_of_unplaced(client, clock);
                continue;
            };
            let (span, offset) = order.span_at(place).expect("a place found by id has a unit");
            let units = (span.len - offset).min(end - clock);
            if !span.is_deleted() {
                order.delete(place, units, None);
                self.after_delete(client, clock, clock + units);
            }
            clock += units;
        }
    }

    /// Deletes up to `most` visible units from a visible unit on, all in its span; `before` is the number of visible
    /// units before it. Returns how many it were.
    pub(crate) fn delete_at(&mut self, place: Place, most: u32, before: u32) -> u32 {
        let (client, start, len) = self.store.order.delete(place, most, Some(before));
        self.after_delete(client, start, start + len);
        len
    }

    /// Deletes everything in a sequence.
    pub(crate) fn delete_sequence(&mut self, sequence: Sequence) {
        let live: Vec<_> = self.store.order.spans(sequence).filter(|span| !span.is_deleted()).collect();
        for span in live {
            self.delete_ids(span.client(), span.clock, span.end());
        }
    }

    fn after_delete(&mut self, client: Client, start: Clock, end: Clock) {
        self.store.log_mut(client).note_deleted(start, end);
        self.changes.note_deleted(client, start, end);
        if self.store.types.has_nested() {
            self.delete_types_in(client, start, end);
        }
    }

    /// Deletes what is in the types that these units hold. (Yjs: `ContentType#delete`) Types in types are gone
    /// through with a list, not by recursion: input decides how deeply they are nested.
    fn delete_types_in(&mut self, client: Client, start: Clock, end: Clock) {
        let mut found = Vec::new();
        self.find_types(client, start, end, &mut found);
        while let Some(handle) = found.pop() {
            let shared = self.store.types.get_mut(handle);
            shared.is_deleted = true;
            let sequences: Vec<Sequence> = shared.entries.iter().copied().chain([shared.sequence]).collect();
            for sequence in sequences {
                let live: Vec<_> = self.store.order.spans(sequence).filter(|span| !span.is_deleted()).collect();
                for span in live {
                    let (of, start, end) = (span.client(), span.clock, span.end());
                    self.delete_plain(of, start, end);
                    self.find_types(of, start, end, &mut found);
                }
            }
        }
    }

    /// Deletes units that are all live, and nothing that is in them.
    fn delete_plain(&mut self, client: Client, start: Clock, end: Clock) {
        let mut clock = start;
        while clock < end {
            let place = self.store.order.find(client, clock).expect("live units stand in a sequence");
            let (_, first, len) = self.store.order.delete(place, end - clock, None);
            debug_assert_eq!(first, clock);
            clock += len;
        }
        self.store.log_mut(client).note_deleted(start, end);
        self.changes.note_deleted(client, start, end);
    }

    fn find_types(&self, client: Client, start: Clock, end: Clock, found: &mut Vec<TypeHandle>) {
        let log = self.store.log(client);
        let mut block = log.find(start);
        let mut clock = start;
        while clock < end {
            if log.blocks()[block].content == Content::Type {
                found.extend(self.store.type_of((client, clock)));
            }
            clock = log.block_end(block);
            block += 1;
        }
    }
}
