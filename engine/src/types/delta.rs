//! A text's content as a list of inserts with their formatting (Quill's Delta).

use super::{Attributes, Prelim, Value};
use crate::doc::Doc;
use crate::store::{Piece, Store, TypeHandle, Unit};
use crate::update::Content;
use crate::values::Any;

/// One insert of a delta.
#[derive(Clone, Debug, PartialEq)]
pub struct DeltaOp {
    /// What is inserted.
    pub insert: DeltaInsert,
    /// Its formatting: keys and values, in the order in which they came into force.
    pub attributes: Attributes,
}

/// What a delta inserts.
#[derive(Clone, Debug, PartialEq)]
pub enum DeltaInsert {
    /// Characters.
    Text(String),
    /// An embedded value or shared type.
    Embed(Value),
}

/// One step of a delta that is applied to a text, where the one before ended. Lengths are UTF-16 code units. (What events
/// tell is an [`events::DeltaChange`](crate::events::DeltaChange).)
#[derive(Clone, Debug, PartialEq)]
pub enum DeltaEdit {
    /// Inserts a string as text, any other value or shared type as an embed of one unit.
    Insert {
        /// What is inserted.
        insert: Prelim,
        /// Its formatting, exactly.
        attributes: Attributes,
    },
    /// Goes on, and sets attributes of what it passes.
    Retain {
        /// How far.
        len: u32,
        /// What is set; `null` takes a format away.
        attributes: Attributes,
    },
    /// Deletes what comes next.
    Delete {
        /// How much.
        len: u32,
    },
}

impl Doc {
    /// The content of a text type; an op ends at each mark, also at one that changes nothing. O(spans + length).
    /// (Yjs: `YText#toDelta`)
    pub(super) fn delta(&self, handle: TypeHandle) -> Vec<DeltaOp> {
        let store = self.store();
        let mut growing = GrowingDelta::default();
        store.pieces(self.list(handle)).for_each(|piece| growing.push(store, piece));
        growing.finish()
    }
}

/// A delta that grows: characters are gathered until something ends their op.
#[derive(Default)]
pub(crate) struct GrowingDelta {
    ops: Vec<DeltaOp>,
    text: String,
    attributes: Vec<(Box<str>, Any)>,
}

impl GrowingDelta {
    /// Appends a piece of a text.
    pub(crate) fn push(&mut self, store: &Store, piece: Piece) {
        match piece.content {
            Content::String => store.read_text(piece, |part| self.text.push_str(part)),
            Content::Embed | Content::Type => store.read_units(piece, |unit| {
                self.end_op();
                let value = Value::of_unit(store, unit);
                let attributes = self.attributes.clone();
                self.ops.extend(value.map(|value| DeltaOp { insert: DeltaInsert::Embed(value), attributes }));
            }),
            Content::Format => store.read_units(piece, |unit| {
                self.end_op();
                if let Unit::Format(key, value) = unit {
                    set_attribute(&mut self.attributes, key, Any::from_json(value).unwrap_or(Any::Null));
                }
            }),
            _ => {}
        }
    }

    /// Gives what follows an attribute, `null` too, or takes it away. What was gathered before does not change by it.
    pub(crate) fn mark(&mut self, key: &str, mark: Option<Any>) {
        let current = self.attributes.iter().position(|(of, _)| **of == *key);
        if current.map(|at| &self.attributes[at].1) == mark.as_ref() {
            return;
        }
        self.end_op();
        match (current, mark) {
            (Some(at), Some(mark)) => self.attributes[at].1 = mark,
            (Some(at), None) => drop(self.attributes.remove(at)),
            (None, Some(mark)) => self.attributes.push((key.into(), mark)),
            (None, None) => {}
        }
    }

    fn end_op(&mut self) {
        if !self.text.is_empty() {
            let insert = DeltaInsert::Text(std::mem::take(&mut self.text));
            self.ops.push(DeltaOp { insert, attributes: self.attributes.clone() });
        }
    }

    pub(crate) fn finish(mut self) -> Vec<DeltaOp> {
        self.end_op();
        self.ops
    }
}

/// Puts a format into force; `null` takes it away. (Yjs: `updateCurrentAttributes`)
pub(crate) fn set_attribute(attributes: &mut Vec<(Box<str>, Any)>, key: &str, value: Any) {
    let known = attributes.iter().position(|(of, _)| **of == *key);
    match (known, value) {
        (Some(at), Any::Null) => {
            attributes.remove(at);
        }
        (None, Any::Null) => {}
        (Some(at), value) => attributes[at].1 = value,
        (None, value) => attributes.push((key.into(), value)),
    }
}
