//! One item into the store: appended to the log, put into its sequence, and what follows from it.

use super::Replica;
use crate::lib0::Reader;
use crate::store::{Client, Entry, LocalId, Mark, NO_ORIGIN, NO_SEQUENCE, Owner, Place, Sequence, Store, TypeHandle};
use crate::update::{Content, Parent, Struct, read_type, units_of};
use crate::values::{Clock, Id, utf16};

/// An item whose place is decided.
#[derive(Clone, Copy, Debug)]
pub(crate) struct NewItem<'a> {
    pub(crate) sequence: Sequence,
    /// Where it goes; `None` if the sequence is empty.
    pub(crate) place: Option<Place>,
    /// Visible units before the place, if known.
    pub(crate) before: Option<u32>,
    pub(crate) origin: LocalId,
    pub(crate) right_origin: LocalId,
    pub(crate) content: Content,
    pub(crate) len: Clock,
    pub(crate) payload: &'a [u8],
}

impl Replica {
    /// Appends an item to a client's log and puts it into its sequence. A type that it holds is created.
    pub(crate) fn append(&mut self, client: Client, item: NewItem<'_>) {
        let first = (client, self.store.log(client).end());
        let owner = self.store.types.owner(item.sequence);
        // Of a map entry only the last item counts. (Yjs: `Item#integrate`)
        let is_entry = owner.key.is_some();
        let is_last = is_entry && item.place.is_none_or(|place| self.store.order.unit_after(place).is_none());
        let mark = Store::mark_of(item.content);
        let order = &mut self.store.order;
        // Nearly always there is one item before it, with one unit as this one has.
        let is_single = is_last && item.place.is_some() && item.len == 1 && mark == Mark::Visible;
        let superseded = if is_single { order.supersede(item.sequence, client) } else { None };
        if superseded.is_none() {
            order.insert(item.sequence, item.place, client, item.len, mark, item.before);
        }
        self.log_item(client, &item, owner);
        let end = first.1 + item.len;
        match superseded {
            Some((of, clock)) => self.after_delete(of, clock, clock + 1),
            None if is_last && item.place.is_some() => self.delete_before(first),
            None => {}
        }
        if self.store.types.get(owner.of).is_deleted || (is_entry && !is_last) {
            self.delete_ids(client, first.1, end);
        }
    }

    /// Appends text of so many units at a position where its client goes on writing, directly behind what it wrote
    /// last, at the cursor. `false` if it is not so; then nothing has changed. O(1).
    #[inline]
    pub(crate) fn append_typed(
        &mut self,
        client: Client,
        sequence: Sequence,
        position: u32,
        (text, len): (&[u8], Clock),
    ) -> bool {
        let Some(right) = self.store.order.find_typed(sequence, client, position) else { return false };
        let log = self.store.log(client);
        // What it lengthens is visible, so the type is not deleted; and where the block ends nobody cuts a pair, or the
        // block's own right origin has cut it.
        if !log.continues_text(sequence, right.unwrap_or(NO_ORIGIN), (text, len)) || !log.has_room(len, text.len()) {
            return false;
        }
        self.lengthen(client, text, len);
        true
    }

    /// Whether so many plain values of a client, inserted before a list's visible unit `position`, lengthen what it wrote
    /// last. O(1).
    pub(crate) fn lengthens_values(&self, client: Client, sequence: Sequence, position: u32, len: Clock) -> bool {
        let right = self.store.order.find_typed(sequence, client, position);
        let log = self.store.log(client);
        right.is_some_and(|right| log.continues_values(sequence, right.unwrap_or(NO_ORIGIN), len))
    }

    /// Appends text or [values](Self::lengthens_values) that lengthen what their client wrote last, at the cursor. O(1).
    #[inline(always)]
    pub(crate) fn lengthen(&mut self, client: Client, payload: &[u8], len: Clock) {
        let log = self.store.log_mut(client);
        self.changes.note_inserted(client, log);
        log.append_typed(payload, len);
        self.store.order.lengthen_typed(client, len);
    }

    /// Appends an item to a client's log only.
    #[inline(always)]
    pub(super) fn log_item(&mut self, client: Client, item: &NewItem<'_>, owner: Owner) {
        self.changes.note_inserted(client, self.store.log_mut(client));
        let start = self.store.log(client).end();
        let is_type = item.content == Content::Type;
        let holds = is_type.then(|| self.create_type((client, start), owner.of, item.payload));
        if item.content == Content::Format {
            self.note_mark(item.sequence, item.payload);
        }
        let entry = Entry {
            content: item.content,
            len: item.len,
            origin: item.origin,
            right_origin: item.right_origin,
            sequence: item.sequence,
            is_joinable: owner.key.is_none(),
            holds,
            payload: item.payload,
        };
        self.store.append_to_log(client, entry);
        if item.content == Content::Deleted {
            let end = start + item.len;
            self.store.log_mut(client).note_deleted(start, end);
            self.changes.note_deleted(client, start, end);
        }
    }

    /// Notes the key of a formatting mark, and that its sequence has marks. (Yjs: `ContentFormat#integrate`)
    pub(super) fn note_mark(&mut self, sequence: Sequence, payload: &[u8]) {
        let key = Reader::new(payload).read_string().unwrap_or_default();
        self.store.types.key(key);
        self.store.order.note_marks(sequence);
    }

    /// Deletes the live units that stand directly before a unit.
    fn delete_before(&mut self, mut unit: LocalId) {
        loop {
            let order = &mut self.store.order;
            let before = order.find(unit.0, unit.1).and_then(|place| order.units_before(place));
            let Some((place, live)) = before else { return };
            if live.is_deleted() {
                return;
            }
            // Places are stale once something is deleted; nearly always it is all that there was.
            let goes_on = order.previous_span(place).is_some_and(|(_, span)| !span.is_deleted());
            let (client, start, len) = order.delete(place, live.len, None);
            self.after_delete(client, start, start + len);
            if !goes_on {
                return;
            }
            unit = (client, start);
        }
    }

    pub(super) fn create_type(&mut self, item: LocalId, parent: TypeHandle, payload: &[u8]) -> TypeHandle {
        let read = read_type(&mut Reader::new(payload)).ok();
        let (tag, name) = read.expect("payloads are checked when they are read");
        self.store.add_type(tag, name, item, parent)
    }

    /// Integrates a struct whose dependencies are all known, from the first unit on that is not known yet.
    pub(super) fn integrate(&mut self, read: &Struct, bytes: &[u8]) {
        let client = self.store.client(read.id.client);
        let known = self.store.log(client).end();
        debug_assert!(read.id.clock <= known && known < read.end());
        let skip = known - read.id.clock;
        let len = read.len - skip;
        let origin = if skip > 0 { Some(Id::new(read.id.client, known - 1)) } else { read.origin };
        let origin = self.local(origin);
        let right_origin = self.local(read.right_origin);
        let (left, right) = (self.sequence_with(origin), self.sequence_with(right_origin));
        let sequence = if read.content == Content::Gc { None } else { self.sequence_between(read, bytes, left, right) };
        let Some(sequence) = sequence else {
            return self.append_gc(client, len);
        };
        self.note_cuts(origin, right_origin);
        let place = self.place(sequence, read.id.client, origin, right_origin);
        let payload = read.payload.of(bytes);
        let rest;
        let payload = match skip {
            0 => payload,
            _ => {
                rest = payload_after(read.content, payload, skip, read.len);
                &rest
            }
        };
        let content = read.content;
        self.append(client, NewItem { sequence, place, before: None, origin, right_origin, content, len, payload });
    }

    /// Notes that an item refers to the borders after its origin and before its right origin.
    #[inline(always)]
    pub(crate) fn note_cuts(&mut self, origin: LocalId, right_origin: LocalId) {
        // One border has two names where both origins stand beside each other in a run.
        if origin != NO_ORIGIN && (origin.0, origin.1 + 1) != right_origin {
            self.store.note_cut(origin.0, origin.1 + 1);
        }
        if right_origin != NO_ORIGIN {
            self.store.note_cut(right_origin.0, right_origin.1);
        }
    }

    fn append_gc(&mut self, client: Client, len: Clock) {
        self.store.order.append_unplaced(client, len);
        self.log_gc(client, len);
    }

    /// Appends ids that stand in no sequence to a client's log only.
    fn log_gc(&mut self, client: Client, len: Clock) {
        self.changes.note_inserted(client, self.store.log_mut(client));
        let log = self.store.log_mut(client);
        let start = log.end();
        let entry = Entry {
            content: Content::Gc,
            len,
            origin: NO_ORIGIN,
            right_origin: NO_ORIGIN,
            sequence: NO_SEQUENCE,
            is_joinable: true,
            holds: None,
            payload: &[],
        };
        log.append(entry, client);
        log.note_deleted(start, start + len);
    }

    fn local(&self, id: Option<Id>) -> LocalId {
        id.map_or(NO_ORIGIN, |id| {
            let client = self.store.find_client(id.client).expect("dependencies are known");
            (client, id.clock)
        })
    }

    fn sequence_with(&mut self, unit: LocalId) -> Option<Option<Sequence>> {
        (unit != NO_ORIGIN).then(|| self.store.order.sequence_with(unit.0, unit.1))
    }

    /// The sequence that an item belongs to, given those of its origins (`Some(None)`: the origin stands in none).
    /// `None` if there is none any more, or the origins contradict each other: it then becomes GC.
    /// (Yjs: `Item#getMissing`)
    fn sequence_between(
        &mut self,
        read: &Struct,
        bytes: &[u8],
        left: Option<Option<Sequence>>,
        right: Option<Option<Sequence>>,
    ) -> Option<Sequence> {
        if left == Some(None) || right == Some(None) {
            return None;
        }
        let parent = match read.parent {
            Parent::Inherited => {
                return match (left, right) {
                    (Some(left), Some(right)) if left != right => None,
                    _ => left.or(right).flatten(),
                };
            }
            // A continued item knows its parent from its origin.
            _ if left.is_some() => return left.flatten(),
            Parent::Root(name) => self.store.root(text(name.of(bytes))),
            Parent::Item(id) => {
                let item = self.local(Some(id));
                self.store.type_of(item)?
            }
        };
        Some(match read.key {
            Some(key) => self.store.entry(parent, text(key.of(bytes))),
            None => self.store.types.get(parent).sequence,
        })
    }
}

pub(super) fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).expect("names are checked when they are read")
}

/// What is left of a payload of `len` units after its first `skip`.
fn payload_after(content: Content, payload: &[u8], skip: Clock, len: Clock) -> Vec<u8> {
    match content {
        Content::String => {
            let mut rest = Vec::new();
            utf16::cut(text(payload), skip, len).write_to(&mut rest);
            rest
        }
        Content::Any | Content::Json => units_of(content, payload, skip..len).of(payload).to_vec(),
        _ => Vec::new(),
    }
}
