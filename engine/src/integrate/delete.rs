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

    pub(super) fn after_delete(&mut self, client: Client, start: Clock, end: Clock) {
        self.store.log_mut(client).note_deleted(start, end);
        self.changes.note_deleted(client, start, end);
        if self.store.types.has_nested() {
            self.delete_types_in(client, start, end);
        }
    }

    /// Deletes what is in the types that these units hold. (Yjs: `ContentType#delete`) Types in types are gone
    /// through with a list, not by recursion: input decides how deeply they are nested. The contents of each type
    /// follow it at once, as in Yjs: an undo writes clients again in the order in which they came up.
    fn delete_types_in(&mut self, client: Client, start: Clock, end: Clock) {
        let mut found = Vec::new();
        let mut clock = start;
        while let Some((at, handle)) = self.find_type(client, clock, end) {
            found.push(handle);
            clock = at + 1;
        }
        // Live units, those that come next at the end.
        let mut doomed = Vec::new();
        found.into_iter().rev().for_each(|handle| self.doom_contents(handle, &mut doomed));
        while let Some((of, start, end)) = doomed.pop() {
            let inner = self.find_type(of, start, end);
            let stop = inner.map_or(end, |(at, _)| at + 1);
            self.delete_plain(of, start, stop);
            if stop < end {
                doomed.push((of, stop, end));
            }
            if let Some((_, handle)) = inner {
                self.doom_contents(handle, &mut doomed);
            }
        }
    }

    /// Marks a type as deleted and lists what is live in it, the last first.
    fn doom_contents(&mut self, handle: TypeHandle, doomed: &mut Vec<(Client, Clock, Clock)>) {
        let shared = self.store.types.get_mut(handle);
        shared.is_deleted = true;
        let sequences: Vec<Sequence> = std::iter::once(shared.sequence).chain(shared.entries.iter()).collect();
        let listed = doomed.len();
        for sequence in sequences {
            let live = self.store.order.spans(sequence).filter(|span| !span.is_deleted());
            doomed.extend(live.map(|span| (span.client(), span.clock, span.end())));
        }
        doomed[listed..].reverse();
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

    /// The first of these units that holds a type.
    fn find_type(&self, client: Client, start: Clock, end: Clock) -> Option<(Clock, TypeHandle)> {
        if start >= end {
            return None;
        }
        let log = self.store.log(client);
        let mut block = log.find(start);
        let mut clock = start;
        while clock < end {
            if log.blocks()[block].content == Content::Type {
                return Some((clock, self.store.type_of((client, clock))?));
            }
            clock = log.block_end(block);
            block += 1;
        }
        None
    }
}
