//! A place in a text with the formatting in force there, and the edits of formatted text that move it along.
//! Each mirrors a routine of Yjs' `YText.js`, so that the same edits make the same items.

use super::Prelim;
use super::prelim::payload_of;
use crate::doc::Transaction;
use crate::integrate::{ItemRun, Replica};
use crate::lib0::write_string;
use crate::store::{Formats, LocalId, NULL, Place, Sequence, Store, equals};
use crate::update::Content;
use crate::values::{Any, Error, ErrorKind, utf16};

/// Yjs: `ItemTextListPosition`.
#[derive(Debug)]
pub(super) struct TextPosition {
    sequence: Sequence,
    place: Option<Place>,
    /// Visible units before it.
    index: u32,
    /// The formatting in force. (Yjs: `currentAttributes`)
    formats: Formats,
    /// What was inserted here last and does not stand in the sequence yet: as long as there is something, the place is
    /// before it.
    inserted: Option<ItemRun>,
}

/// What stands after a position.
enum Right {
    End,
    Deleted(u32),
    Mark(LocalId),
    Content(u32),
}

/// Attributes as marks carry them: values as JSON text, `null` for a format that is taken away.
pub(super) fn as_formats(attributes: &[(Box<str>, Any)]) -> Formats {
    let mut formats = Formats::default();
    for (key, value) in attributes {
        formats.set(key, &value.to_json());
    }
    formats
}

impl TextPosition {
    /// The start of a text.
    pub(super) fn start(store: &Store, sequence: Sequence) -> TextPosition {
        let (place, formats) = (store.order.start(sequence), Formats::default());
        TextPosition { sequence, place, index: 0, formats, inserted: None }
    }

    /// The position directly after the visible unit before `index`, which must not be beyond the end. O(log).
    /// (Yjs: `findPosition`)
    pub(super) fn find(store: &mut Store, sequence: Sequence, index: u32) -> TextPosition {
        if index == 0 {
            return TextPosition::start(store, sequence);
        }
        let before = store.order.seek(sequence, index - 1).place;
        let place = Some(store.order.step(before, 1));
        TextPosition { sequence, place, index, formats: store.formats_at(place), inserted: None }
    }

    /// Whether nothing at all stands after it, not even deleted units or marks.
    pub(super) fn is_at_end(&self, store: &Store) -> bool {
        matches!(self.right(store), Right::End)
    }

    fn right(&self, store: &Store) -> Right {
        match self.place.and_then(|place| store.order.span_at(place)) {
            None => Right::End,
            Some((span, offset)) if span.is_deleted() => Right::Deleted(span.len - offset),
            Some((span, offset)) if span.is_uncounted() => Right::Mark((span.client(), span.clock + offset)),
            Some((span, offset)) => Right::Content(span.len - offset),
        }
    }

    fn left(&self, store: &Store) -> Option<LocalId> {
        self.place.and_then(|place| store.order.unit_before(place))
    }

    /// Puts what was inserted here into the sequence. To be called before anything else than an insert at this position.
    pub(super) fn settle(&mut self, replica: &mut Replica) {
        if let Some(inserted) = self.inserted.take() {
            self.place = replica.place_run(inserted);
        }
    }

    /// Moves past units that are no live marks. (Yjs: `ItemTextListPosition#forward`)
    fn pass(&mut self, replica: &mut Replica, units: u32) {
        self.settle(replica);
        self.place = self.place.map(|place| replica.store.order.step(place, units));
    }

    fn pass_mark(&mut self, replica: &mut Replica, mark: LocalId) {
        let (key, value) = replica.store.mark(mark);
        self.formats.pass_mark(key, value);
        self.pass(replica, 1);
    }

    /// Inserts an item here and moves past it.
    fn insert_item(
        &mut self,
        transaction: &mut Transaction<'_>,
        content: Content,
        len: u32,
        payload: &[u8],
    ) -> Result<LocalId, Error> {
        let (replica, client) = transaction.author();
        if !replica.store.log(client).has_room(len, payload.len()) {
            return Err(ErrorKind::TooLarge.into());
        }
        let TextPosition { sequence, place, index, .. } = *self;
        let run = self.inserted.get_or_insert_with(|| ItemRun::at(&replica.store, sequence, place, index));
        if content.is_countable() {
            self.index += len;
        }
        Ok(replica.append_to_run(client, run, (content, len), payload))
    }

    fn insert_mark(&mut self, transaction: &mut Transaction<'_>, key: &str, value: &str) -> Result<(), Error> {
        let mut payload = transaction.replica().take_payload();
        write_string(&mut payload, key);
        write_string(&mut payload, value);
        let inserted = self.insert_item(transaction, Content::Format, 1, &payload);
        transaction.replica().keep_payload(payload);
        inserted?;
        self.formats.pass_mark(key, value);
        Ok(())
    }

    /// Moves past marks that say what is wanted anyway. (Yjs: `minimizeAttributeChanges`)
    fn minimize_changes(&mut self, replica: &mut Replica, wanted: &Formats) {
        loop {
            match self.right(&replica.store) {
                Right::Deleted(units) => self.pass(replica, units),
                Right::Mark(mark) => {
                    let (key, value) = replica.store.mark(mark);
                    if !equals(wanted.value(key), value) {
                        return;
                    }
                    self.pass_mark(replica, mark);
                }
                Right::Content(_) | Right::End => return,
            }
        }
    }

    /// Inserts marks for what is wanted and not in force; gives what is to be in force again afterwards.
    /// (Yjs: `insertAttributes`)
    fn insert_attributes(&mut self, transaction: &mut Transaction<'_>, wanted: &Formats) -> Result<Formats, Error> {
        let mut negated = Formats::default();
        for (key, value) in wanted.iter() {
            if !equals(self.formats.value(key), value) {
                negated.set(key, self.formats.value(key));
                self.insert_mark(transaction, key, value)?;
            }
        }
        Ok(negated)
    }

    /// Puts back into force what was before, but for what marks that stand here put back anyway.
    /// (Yjs: `insertNegatedAttributes`)
    fn insert_negated(&mut self, transaction: &mut Transaction<'_>, mut negated: Formats) -> Result<(), Error> {
        let replica = transaction.replica();
        loop {
            match self.right(&replica.store) {
                Right::Deleted(units) => self.pass(replica, units),
                Right::Mark(mark) => {
                    let (key, value) = replica.store.mark(mark);
                    if !negated.find(key).is_some_and(|wanted| equals(wanted, value)) {
                        break;
                    }
                    negated.remove(key);
                    self.pass_mark(replica, mark);
                }
                Right::Content(_) | Right::End => break,
            }
        }
        negated.iter().try_for_each(|(key, value)| self.insert_mark(transaction, key, value))
    }

    /// Inserts text (a string) or an embed (anything else) with exactly these attributes. (Yjs: `insertText`)
    pub(super) fn insert(
        &mut self,
        transaction: &mut Transaction<'_>,
        inserted: Prelim,
        mut wanted: Formats,
    ) -> Result<(), Error> {
        if matches!(inserted, Prelim::Subdoc { .. }) {
            return Err(ErrorKind::WrongType.into());
        }
        for (key, _) in self.formats.iter() {
            if wanted.find(key).is_none() {
                wanted.set(key, NULL);
            }
        }
        self.minimize_changes(transaction.replica(), &wanted);
        let negated = self.insert_attributes(transaction, &wanted)?;
        match &inserted {
            Prelim::Any(Any::String(text)) => {
                self.insert_item(transaction, Content::String, utf16::len(text), text.as_bytes())?;
            }
            Prelim::Any(value) => {
                self.insert_item(transaction, Content::Embed, 1, value.to_json().as_bytes())?;
            }
            shared => {
                let item = self.insert_item(transaction, Content::Type, 1, &payload_of(shared))?;
                self.settle(transaction.replica());
                let handle = transaction.store().type_of(item).expect("the item just written holds a type");
                transaction.fill(handle, inserted)?;
                self.place = transaction.replica().store.place_after(self.sequence, Some(item));
            }
        }
        self.insert_negated(transaction, negated)
    }

    /// Moves past the next `len` units without looking at what stands between; `false` if there are not so many.
    /// It ends where [`format`](Self::format) without attributes does, behind deleted units. O(log + those).
    pub(super) fn skip(&mut self, replica: &mut Replica, len: u32) -> bool {
        self.settle(replica);
        let index = self.index.saturating_add(len);
        let is_within = len > 0 && index <= replica.store.order.visible_len(self.sequence);
        if is_within {
            *self = TextPosition::find(&mut replica.store, self.sequence, index);
            while let Right::Deleted(units) = self.right(&replica.store) {
                self.pass(replica, units);
            }
        }
        is_within
    }

    /// Formats the next `len` units; where the text is shorter, newlines are appended. (Yjs: `formatText`)
    pub(super) fn format(
        &mut self,
        transaction: &mut Transaction<'_>,
        mut len: u32,
        wanted: &Formats,
    ) -> Result<(), Error> {
        self.minimize_changes(transaction.replica(), wanted);
        let mut negated = self.insert_attributes(transaction, wanted)?;
        loop {
            let right = self.right(transaction.store());
            if len == 0 && (negated.is_empty() || matches!(right, Right::Content(_))) {
                break;
            }
            match right {
                Right::End => break,
                Right::Deleted(units) => self.pass(transaction.replica(), units),
                Right::Content(units) => {
                    let units = units.min(len);
                    self.pass(transaction.replica(), units);
                    self.index += units;
                    len -= units;
                }
                Right::Mark(mark) => {
                    let replica = transaction.replica();
                    let (key, value) = replica.store.mark(mark);
                    let Some(wanted) = wanted.find(key) else {
                        self.pass_mark(replica, mark);
                        continue;
                    };
                    if equals(wanted, value) {
                        negated.remove(key);
                    } else if len == 0 {
                        break;
                    } else {
                        negated.set(key, value);
                    }
                    self.settle(replica);
                    replica.delete_ids(mark.0, mark.1, mark.1 + 1);
                    self.place = replica.store.place_after(self.sequence, Some(mark));
                }
            }
        }
        if len > 0 {
            // Quill takes for granted that a text ends with a newline, and formats it.
            let (replica, client) = transaction.author();
            if !replica.store.log(client).has_room(len, len as usize) {
                return Err(ErrorKind::TooLarge.into());
            }
            self.insert_item(transaction, Content::String, len, &vec![b'\n'; len as usize])?;
        }
        self.insert_negated(transaction, negated)
    }

    /// Deletes the next `len` units, or as many as there are, and then marks that change nothing any more.
    /// (Yjs: `deleteText`)
    pub(super) fn delete(&mut self, transaction: &mut Transaction<'_>, mut len: u32) {
        let replica = transaction.replica();
        self.settle(replica);
        if self.is_at_end(&replica.store) {
            return;
        }
        let left_of_start = self.left(&replica.store);
        let before = self.formats.clone();
        while len > 0 {
            match self.right(&replica.store) {
                Right::End => break,
                Right::Deleted(units) => self.pass(replica, units),
                Right::Mark(mark) => self.pass_mark(replica, mark),
                Right::Content(units) => {
                    let order = &replica.store.order;
                    let Some((place, (client, clock))) =
                        self.place.and_then(|place| Some((place, order.unit_after(place)?)))
                    else {
                        break;
                    };
                    let deleted = replica.delete_at(place, units.min(len), self.index);
                    len -= deleted;
                    self.place = replica.store.place_after(self.sequence, Some((client, clock + deleted - 1)));
                }
            }
        }
        let until = self.place.and_then(|place| replica.store.order.unit_after(place));
        let left = self.left(&replica.store);
        let start = replica.store.place_after(self.sequence, left_of_start);
        replica.clean_gap(start, until, &before, &mut self.formats);
        self.place = replica.store.place_after(self.sequence, left);
    }
}
