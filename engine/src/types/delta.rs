//! A text's content as a list of inserts with their formatting (Quill's Delta).

use super::{Attributes, Prelim, Value};
use crate::doc::Doc;
use crate::store::{TypeHandle, Unit};
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

/// One change of a text, where the one before ended. Lengths are UTF-16 code units.
#[derive(Clone, Debug, PartialEq)]
pub enum DeltaChange {
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
        let mut ops: Vec<DeltaOp> = Vec::new();
        let mut current: Vec<(Box<str>, Any)> = Vec::new();
        let mut after_mark = false;
        for piece in store.pieces(self.list(handle)) {
            match piece.content {
                Content::String => {
                    let joins = |op: &&mut DeltaOp| matches!(op.insert, DeltaInsert::Text(_)) && !after_mark;
                    let op = match ops.last_mut().filter(joins) {
                        Some(op) => op,
                        None => {
                            let insert = DeltaInsert::Text(String::new());
                            ops.push(DeltaOp { insert, attributes: current.clone() });
                            ops.last_mut().expect("an op was pushed")
                        }
                    };
                    after_mark = false;
                    if let DeltaInsert::Text(text) = &mut op.insert {
                        store.read_text(piece, |part| text.push_str(part));
                    }
                }
                Content::Format => store.read_units(piece, |unit| {
                    after_mark = true;
                    if let Unit::Format(key, value) = unit {
                        set_attribute(&mut current, key, Any::from_json(value).unwrap_or(Any::Null));
                    }
                }),
                Content::Embed | Content::Type => store.read_units(piece, |unit| {
                    let value = Value::of_unit(store, unit);
                    ops.extend(
                        value.map(|value| DeltaOp { insert: DeltaInsert::Embed(value), attributes: current.clone() }),
                    );
                }),
                _ => {}
            }
        }
        ops
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
