//! The common case of applying: someone else has typed or deleted at one place, and nothing is missing.

use super::{NewItem, Replica};
use crate::store::{Client, LocalId, NO_ORIGIN};
use crate::update::{Content, Single, Text};
use crate::values::{Clock, Id};

impl Replica {
    /// Applies an update that brings one run of text to a place where nobody else wrote, or one range of deletes, or
    /// both. `false` for every other one; then nothing has changed. O(log).
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

    /// Appends a run of text that comes next of its client and goes directly between its origins.
    #[inline]
    fn append_text(&mut self, text: Text<'_>) -> Option<()> {
        let client = self.store.find_client(text.id.client)?;
        let log = self.store.log(client);
        if text.id.clock != log.end() || !log.has_room(text.len, text.text.len()) {
            return None;
        }
        let origin = self.known(text.origin, client, text.id)?;
        let right_origin = self.known(text.right_origin, client, text.id)?;
        if origin.0 == client && self.continue_text(client, origin, right_origin, (text.text, text.len)) {
            return Some(());
        }
        let order = &mut self.store.order;
        let place = if origin == NO_ORIGIN {
            order.find(right_origin.0, right_origin.1).filter(|place| order.unit_before(*place).is_none())?
        } else {
            let left = order.find(origin.0, origin.1)?;
            let place = order.step(left, 1);
            if order.unit_after(place).unwrap_or(NO_ORIGIN) != right_origin {
                return None;
            }
            place
        };
        let sequence = order.sequence_of(place);
        self.note_cuts(origin, right_origin);
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

    /// Appends text that goes on where its client wrote last. What it lengthens is visible, so its type is not
    /// deleted.
    #[inline]
    fn continue_text(&mut self, client: Client, origin: LocalId, right_origin: LocalId, text: (&[u8], Clock)) -> bool {
        let right = (right_origin != NO_ORIGIN).then_some(right_origin);
        let Some(sequence) = self.store.order.find_continued(client, right) else { return false };
        if self.store.types.owner(sequence).key.is_some() {
            return false;
        }
        let log = self.store.log(client);
        let end = log.end();
        if origin.1 + 1 != end || !log.continues_text(sequence, right_origin, text) {
            return false;
        }
        self.note_inserted_from(client, end);
        self.store.log_mut(client).append_typed(text.0, text.1);
        self.note_cuts(NO_ORIGIN, right_origin);
        self.store.order.continue_span(client, text.1);
        true
    }

    /// An origin of item `item` of `own`, if it is known.
    #[inline(always)]
    fn known(&self, id: Option<Id>, own: Client, item: Id) -> Option<LocalId> {
        match id {
            None => Some(NO_ORIGIN),
            Some(id) if id.client == item.client => Some((own, id.clock)),
            Some(id) => {
                let client = self.store.find_client(id.client)?;
                (id.clock < self.store.log(client).end()).then_some((client, id.clock))
            }
        }
    }
}
