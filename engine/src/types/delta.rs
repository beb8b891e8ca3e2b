//! A text's content as a list of inserts with their formatting (Quill's Delta).

use super::{Attributes, Prelim, Value};
use crate::doc::Doc;
use crate::store::{Piece, Store, TypeHandle, Unit};
use crate::update::Content;
use crate::values::{Any, plain_string};

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
pub(crate) struct GrowingDelta<'a> {
    ops: Vec<DeltaOp>,
    text: String,
    attributes: Vec<(&'a str, InForce<'a>)>,
}

/// A value in force. Most are strings, which are copied for the ops that show them and for nothing else.
enum InForce<'a> {
    Text(&'a str),
    Other(Any),
}

impl InForce<'_> {
    fn to_any(&self) -> Any {
        match self {
            InForce::Text(text) => Any::from(*text),
            InForce::Other(value) => value.clone(),
        }
    }
}

impl<'a> GrowingDelta<'a> {
    /// Appends a piece of a text.
    pub(crate) fn push(&mut self, store: &'a Store, piece: Piece) {
        match piece.content {
            Content::String => store.read_text(piece, |part| self.text.push_str(part)),
            Content::Embed | Content::Type => store.read_units(piece, |unit| {
                self.end_op();
                let value = Value::of_unit(store, unit);
                let attributes = self.attributes();
                self.ops.extend(value.map(|value| DeltaOp { insert: DeltaInsert::Embed(value), attributes }));
            }),
            Content::Format => store.read_units(piece, |unit| {
                self.end_op();
                if let Unit::Format(key, value) = unit {
                    self.pass_mark(key, value);
                }
            }),
            _ => {}
        }
    }

    /// Puts a format into force; `null` takes it away. (Yjs: `updateCurrentAttributes`)
    fn pass_mark(&mut self, key: &'a str, json: &'a str) {
        let value = match plain_string(json) {
            Some(text) => Some(InForce::Text(text)),
            None => Any::from_json(json).filter(|value| *value != Any::Null).map(InForce::Other),
        };
        self.set(key, value);
    }

    fn set(&mut self, key: &'a str, value: Option<InForce<'a>>) {
        match (self.position(key), value) {
            (Some(at), Some(value)) => self.attributes[at].1 = value,
            (Some(at), None) => drop(self.attributes.remove(at)),
            (None, Some(value)) => self.attributes.push((key, value)),
            (None, None) => {}
        }
    }

    fn position(&self, key: &str) -> Option<usize> {
        self.attributes.iter().position(|(of, _)| *of == key)
    }

    /// Gives what follows an attribute, `null` too, or takes it away. What was gathered before does not change by it.
    pub(crate) fn mark(&mut self, key: &'a str, mark: Option<Any>) {
        let current = self.position(key).map(|at| self.attributes[at].1.to_any());
        if current != mark {
            self.end_op();
            self.set(key, mark.map(InForce::Other));
        }
    }

    /// What is in force, to be kept.
    fn attributes(&self) -> Attributes {
        self.attributes.iter().map(|(key, value)| ((*key).into(), value.to_any())).collect()
    }

    fn end_op(&mut self) {
        if !self.text.is_empty() {
            let insert = DeltaInsert::Text(std::mem::take(&mut self.text));
            self.ops.push(DeltaOp { insert, attributes: self.attributes() });
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
