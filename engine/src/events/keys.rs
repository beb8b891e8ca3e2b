//! What changed of the keys of a map or the attributes of an XML type.

use super::extent::Extent;
use crate::store::{LocalId, Sequence, Store};
use crate::types::Value;
use crate::values::{Any, sort_by_numbers};

/// What happened to a key.
#[derive(Clone, Debug, PartialEq)]
pub struct KeyChange {
    /// The key.
    pub key: Box<str>,
    /// What happened.
    pub action: KeyAction,
}

/// What happened to a key, with its values. Of a value that was collected only `undefined` is left, of a deleted type
/// its handle.
#[derive(Clone, Debug, PartialEq)]
pub enum KeyAction {
    /// It had no value.
    Add {
        /// It has this one.
        new: Value,
    },
    /// It had another value.
    Update {
        /// It had this one.
        old: Value,
        /// It has this one.
        new: Value,
    },
    /// It has no value any more.
    Delete {
        /// It had this one.
        old: Value,
    },
}

/// What the transaction changed of these entries. O(values that each was set to in it). (Yjs: `YEvent#keys`)
pub(super) fn changes(store: &Store, extent: &Extent<'_>, entries: Vec<Sequence>) -> Vec<KeyChange> {
    let mut entries = entries;
    sort_by_numbers(&mut entries, |sequence| ((*sequence).into(), 0));
    entries.dedup();
    let change = |sequence: &Sequence| {
        let key = store.types.owner(*sequence).key?;
        let action = action(store, extent, *sequence)?;
        Some(KeyChange { key: store.types.key_name(key).into(), action })
    };
    entries.iter().filter_map(change).collect()
}

fn action(store: &Store, extent: &Extent<'_>, sequence: Sequence) -> Option<KeyAction> {
    let last = store.order.last_unit(sequence)?;
    if !extent.adds(last) {
        return extent.deletes(last).then(|| KeyAction::Delete { old: value(store, last) });
    }
    let mut before = store.unit_before(last);
    while let Some(unit) = before.filter(|unit| extent.adds(*unit)) {
        before = store.unit_before(unit);
    }
    let old = before.filter(|unit| extent.deletes(*unit)).map(|unit| value(store, unit));
    match (extent.deletes(last), old) {
        (true, old) => old.map(|old| KeyAction::Delete { old }),
        (false, Some(old)) => Some(KeyAction::Update { old, new: value(store, last) }),
        (false, None) => Some(KeyAction::Add { new: value(store, last) }),
    }
}

fn value(store: &Store, unit: LocalId) -> Value {
    let value = store.unit(unit).and_then(|unit| Value::of_unit(store, unit));
    value.unwrap_or(Value::Any(Any::Undefined))
}
