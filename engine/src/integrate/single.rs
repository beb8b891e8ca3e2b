//! The common case of applying: someone else has typed or deleted at one place, and nothing is missing.

use super::{NewItem, Replica};
use crate::store::{Client, LocalId, NO_ORIGIN, Place, Sequence};
use crate::update::{Content, Single, Text};
use crate::values::{ClientId, Id};

impl Replica {
    /// Applies an update that brings one run of text that names its neighbours, or one range of deletes, or both.
    /// `false` for every other one; then nothing has changed. O(log), and what [`place`](Self::place) costs.
    #[inline]
    pub(super) fn apply_single(&mut self, bytes: &[u8]) -> bool {
        if !self.pending.is_empty() {
            return false;
        }
        let Some(single) = Single::read(bytes) else { return false };
        let deleted = match single.deleted {
            None => None,
            Some((of, start, end)) => match self.store.find_client(of) {
                Some(client) if end <= self.store.log(client).end() => Some((client, start, end)),
                _ => return false,
            },
        };
        if single.text.is_some_and(|text| self.append_text(text).is_none()) {
            return false;
        }
        if let Some((client, start, end)) = deleted {
            self.delete_cut(client, start, end);
        }
        true
    }

    /// Appends a run of text that comes next of its client. `None` if something is missing, or if it is not for its
    /// origins alone to say where it goes; then nothing has changed.
    #[inline]
    fn append_text(&mut self, text: Text<'_>) -> Option<()> {
        let client = self.store.find_client(text.id.client);
        if client.is_some_and(|client| self.continue_text(client, &text)) {
            return Some(());
        }
        let has_room = match client.map(|client| self.store.log(client)) {
            Some(log) => text.id.clock == log.end() && log.has_room(text.len, text.text.len()),
            None => text.id.clock == 0,
        };
        if !has_room {
            return None;
        }
        let origin = self.known(text.origin, client, text.id)?;
        let right_origin = self.known(text.right_origin, client, text.id)?;
        let (sequence, place) = self.place_text(text.id.client, origin, right_origin)?;
        self.note_cuts(origin, right_origin);
        let client = client.unwrap_or_else(|| self.store.client(text.id.client));
        self.append(
            client,
            NewItem {
                sequence,
                place: Some(place),
                before: None,
                origin,
                right_origin,
                content: Content::String,
                len: text.len,
                payload: text.text,
            },
        );
        Some(())
    }

    /// Where text goes, and in which sequence.
    #[inline]
    fn place_text(&mut self, client: ClientId, origin: LocalId, right_origin: LocalId) -> Option<(Sequence, Place)> {
        let order = &mut self.store.order;
        let (sequence, start, end);
        if origin == NO_ORIGIN {
            let right = order.find(right_origin.0, right_origin.1)?;
            sequence = order.sequence_of(right);
            if order.unit_before(right).is_none() {
                return Some((sequence, right));
            }
            (start, end) = (order.start(sequence)?, right);
        } else {
            let left = order.find(origin.0, origin.1)?;
            sequence = order.sequence_of(left);
            start = order.step(left, 1);
            if order.unit_after(start).unwrap_or(NO_ORIGIN) == right_origin {
                return Some((sequence, start));
            }
            end = match right_origin {
                NO_ORIGIN => order.end(sequence)?,
                (of, clock) => order.look_up(of, clock).filter(|right| order.sequence_of(*right) == sequence)?,
            };
        }
        let origins = (origin, right_origin);
        Some((sequence, self.place_among_concurrent(sequence, client, origins, start, Some(end))))
    }

    /// Appends text that goes on where its client wrote last. What it lengthens is visible, so its type is not
    /// deleted.
    #[inline]
    fn continue_text(&mut self, client: Client, text: &Text<'_>) -> bool {
        let Some((sequence, right)) = self.store.order.find_continued(client) else { return false };
        let right_origin = right.unwrap_or(NO_ORIGIN);
        if text.right_origin != right.map(|unit| self.store.id(unit)) || self.store.types.owner(sequence).key.is_some()
        {
            return false;
        }
        let log = self.store.log_mut(client);
        let goes_on = text.id.clock == log.end()
            && text.origin == Some(Id::new(text.id.client, log.end().wrapping_sub(1)))
            && log.continues_text(sequence, right_origin, (text.text, text.len))
            && log.has_room(text.len, text.text.len());
        if goes_on {
            self.changes.note_inserted(client, log);
            log.append_typed(text.text, text.len);
            self.note_cuts(NO_ORIGIN, right_origin);
            self.store.order.continue_span(client, text.len);
        }
        goes_on
    }

    /// An origin of item `item` of `own`, if it is known.
    #[inline(always)]
    fn known(&self, id: Option<Id>, own: Option<Client>, item: Id) -> Option<LocalId> {
        match id {
            None => Some(NO_ORIGIN),
            Some(id) if id.client == item.client => Some((own?, id.clock)),
            Some(id) => {
                let client = self.store.find_client(id.client)?;
                (id.clock < self.store.log(client).end()).then_some((client, id.clock))
            }
        }
    }
}
