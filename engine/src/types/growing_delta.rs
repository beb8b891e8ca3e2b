//! A delta that is put together piece by piece.

use super::delta::{DeltaInsert, DeltaOp};
use super::{DeltaAttributes, DeltaText, Value};
use crate::lib0::Reader;
use crate::store::{Key, Piece, Store, hash_bytes};
use crate::update::Content;
use crate::values::Any;
use smallvec::SmallVec;
use std::sync::Arc;

/// Marks are found again in so many slots, by a hash.
const SLOTS: usize = if cfg!(debug_assertions) { 4 } else { 64 };

/// So many slots are looked at. A mark that is in none of them is read again, and takes the place of another one.
const REACH: usize = if cfg!(debug_assertions) { 2 } else { 4 };

/// So many sets that came last are compared with what is in force. What is not found among them is made again.
const SETS: usize = if cfg!(debug_assertions) { 2 } else { 16 };

/// A delta that grows: characters are gathered until something ends their op. Characters of all ops lie in one string, and
/// what is in force several times is made once, so that an op without an embed allocates nothing of its own.
pub(crate) struct GrowingDelta<'a> {
    ops: Vec<Op>,
    /// UTF-8.
    text: Vec<u8>,
    /// Where the text of the last op that is finished ends.
    end: usize,
    marks: Vec<Mark<'a>>,
    /// Marks by hash; 1 + the place in `marks`, or 0.
    slots: [u32; SLOTS],
    /// The marks in force, by their place in `marks`, in the order in which they came into force.
    in_force: Marks,
    /// What was in force for some op.
    sets: Vec<(Marks, DeltaAttributes)>,
}

/// Some marks, by their place among all.
type Marks = SmallVec<[u32; 4]>;

/// What marks with these bytes do.
struct Mark<'a> {
    /// Empty for one that does not lie in the text.
    payload: &'a [u8],
    name: &'a str,
    /// What the store calls its key.
    key: Option<Key>,
    /// `None` takes the format away.
    value: Option<Any>,
}

struct Op {
    inserted: Inserted,
    attributes: DeltaAttributes,
}

enum Inserted {
    /// Text, up to this byte.
    Text(usize),
    Embed(Value),
}

impl<'a> GrowingDelta<'a> {
    /// One with room for the characters of so many units.
    pub(crate) fn with_room(units: u32) -> GrowingDelta<'a> {
        GrowingDelta {
            ops: Vec::new(),
            text: Vec::with_capacity(units as usize),
            end: 0,
            marks: Vec::new(),
            slots: [0; SLOTS],
            in_force: Marks::new(),
            sets: Vec::new(),
        }
    }

    /// Appends a piece of a text.
    pub(crate) fn push(&mut self, store: &'a Store, piece: Piece) {
        match piece.content {
            Content::String => store.append_carried(piece, &mut self.text),
            Content::Embed | Content::Type => store.read_units(piece, |unit| {
                self.end_op();
                if let Some(value) = Value::of_unit(store, unit) {
                    let attributes = self.attributes();
                    self.ops.push(Op { inserted: Inserted::Embed(value), attributes });
                }
            }),
            Content::Format => {
                self.end_op();
                if let Some(mark) = self.mark_of(store, store.log(piece.first.0).payload(piece.block)) {
                    self.pass(mark);
                }
            }
            _ => {}
        }
    }

    /// The mark with these bytes.
    fn mark_of(&mut self, store: &Store, payload: &'a [u8]) -> Option<u32> {
        let first = hash_bytes(payload) as usize % SLOTS;
        let slots = || (first..first + REACH).map(|slot| slot % SLOTS);
        let marks = slots().map_while(|slot| self.slots[slot].checked_sub(1));
        if let Some(known) = marks.into_iter().find(|mark| self.marks[*mark as usize].payload == payload) {
            return Some(known);
        }
        let mut from = Reader::new(payload);
        let (name, json) = (from.read_string().ok()?, from.read_string().ok()?);
        let value = Any::from_json(json).filter(|value| *value != Any::Null);
        let mark = self.add(Mark { payload, name, key: store.types.find_key(name), value });
        let free = slots().find(|slot| self.slots[*slot] == 0);
        self.slots[free.unwrap_or(first)] = mark + 1;
        Some(mark)
    }

    fn add(&mut self, mark: Mark<'a>) -> u32 {
        self.marks.push(mark);
        (self.marks.len() - 1) as u32
    }

    /// Puts a mark into force, or takes its format away. (Yjs: `updateCurrentAttributes`)
    fn pass(&mut self, mark: u32) {
        let Mark { key, value, .. } = &self.marks[mark as usize];
        match (self.position(*key), value) {
            (Some(at), Some(_)) => self.in_force[at] = mark,
            (Some(at), None) => drop(self.in_force.remove(at)),
            (None, Some(_)) => self.in_force.push(mark),
            (None, None) => {}
        }
    }

    fn position(&self, key: Option<Key>) -> Option<usize> {
        self.in_force.iter().position(|mark| self.marks[*mark as usize].key == key)
    }

    /// Gives what follows an attribute, `null` too, or takes it away. What was gathered before does not change by it.
    pub(crate) fn mark(&mut self, store: &Store, name: &'a str, value: Option<Any>) {
        let key = store.types.find_key(name);
        let current = self.position(key).and_then(|at| self.marks[self.in_force[at] as usize].value.as_ref());
        if current != value.as_ref() {
            self.end_op();
            let mark = self.add(Mark { payload: &[], name, key, value });
            self.pass(mark);
        }
    }

    /// What is in force, to be kept.
    fn attributes(&mut self) -> DeltaAttributes {
        if self.in_force.is_empty() {
            return DeltaAttributes::NONE;
        }
        if let Some((_, known)) = self.sets.iter().rev().take(SETS).find(|(marks, _)| *marks == self.in_force) {
            return known.clone();
        }
        let mark = |mark: &u32| &self.marks[*mark as usize];
        let attributes: DeltaAttributes =
            (self.in_force.iter().map(mark)).filter_map(|mark| Some((mark.name.into(), mark.value.clone()?))).collect();
        self.sets.push((self.in_force.clone(), attributes.clone()));
        attributes
    }

    fn end_op(&mut self) {
        if self.text.len() > self.end {
            self.end = self.text.len();
            let attributes = self.attributes();
            self.ops.push(Op { inserted: Inserted::Text(self.end), attributes });
        }
    }

    pub(crate) fn finish(mut self) -> Vec<DeltaOp> {
        self.end_op();
        let text = String::from_utf8(self.text).expect("text is checked before it is appended");
        let (text, mut start) = (Arc::new(text), 0);
        let op = |Op { inserted, attributes }| {
            let insert = match inserted {
                Inserted::Text(end) => {
                    DeltaInsert::Text(DeltaText::part_of(&text, std::mem::replace(&mut start, end)..end))
                }
                Inserted::Embed(value) => DeltaInsert::Embed(value),
            };
            DeltaOp { insert, attributes }
        };
        self.ops.into_iter().map(op).collect()
    }
}
