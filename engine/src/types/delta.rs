//! A text's content as a list of inserts with their formatting (Quill's Delta).

use super::{Attributes, DeltaAttributes, DeltaText, GrowingDelta, Prelim, Value};
use crate::doc::Doc;
use crate::store::TypeHandle;
use crate::values::Any;

/// One insert of a delta.
#[derive(Clone, Debug, PartialEq)]
pub struct DeltaOp {
    /// What is inserted.
    pub insert: DeltaInsert,
    /// Its formatting: keys and values, in the order in which they came into force.
    pub attributes: DeltaAttributes,
}

/// What a delta inserts.
#[derive(Clone, Debug, PartialEq)]
pub enum DeltaInsert {
    /// Characters.
    Text(DeltaText),
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
        let sequence = self.list(handle);
        let mut growing = GrowingDelta::with_room(store.order.visible_len(sequence));
        store.pieces(sequence).for_each(|piece| growing.push(store, piece));
        growing.finish()
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
