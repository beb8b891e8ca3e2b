//! `Map`: values and shared types by key. Of concurrent sets of a key one wins, the same on every replica.

use super::{Prelim, Value};
use crate::doc::{Doc, Transaction};
use crate::store::TypeHandle;
use crate::update::TypeTag;
use crate::values::Error;

/// A shared map (`Y.Map`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Map(pub(crate) TypeHandle);

impl Doc {
    /// The value of a key of a type.
    pub(super) fn entry_get(&self, handle: TypeHandle, key: &str) -> Option<Value> {
        let types = &self.store().types;
        let sequence = types.entry(handle, types.find_key(key)?)?;
        self.entry_value(sequence)
    }

    /// The last unit of an entry's sequence, if it is not deleted. (Yjs: `typeMapGet`)
    fn entry_value(&self, sequence: u32) -> Option<Value> {
        let order = &self.store().order;
        if order.visible_len(sequence) == 0 {
            return None;
        }
        let last = order.unit_before(order.end(sequence)?)?;
        Value::of_unit(self.store(), self.store().unit(last)?)
    }

    /// The live entries of a type, in the order in which their keys first came up.
    pub(super) fn entries(&self, handle: TypeHandle) -> impl Iterator<Item = (&str, Value)> + '_ {
        let types = &self.store().types;
        types.get(handle).entries.iter().filter_map(|sequence| {
            let key = types.owner(*sequence).key?;
            Some((types.key_name(key), self.entry_value(*sequence)?))
        })
    }
}

impl Transaction<'_> {
    /// Deletes the entry of a key, if there is one. (Yjs: `typeMapDelete`)
    pub(super) fn delete_entry(&mut self, handle: TypeHandle, key: &str) {
        let types = &self.store().types;
        if let Some(sequence) = types.find_key(key).and_then(|key| types.entry(handle, key)) {
            let (replica, _) = self.author();
            replica.delete_sequence(sequence);
        }
    }
}

impl Map {
    const TAGS: &'static [TypeTag] = &[TypeTag::Map];

    /// The value of `key`. O(log).
    pub fn get(self, doc: &Doc, key: &str) -> Option<Value> {
        doc.entry_get(self.0, key)
    }

    /// Number of keys that have a value. O(keys ever used).
    pub fn len(self, doc: &Doc) -> usize {
        self.entries(doc).count()
    }

    /// Whether no key has a value.
    pub fn is_empty(self, doc: &Doc) -> bool {
        self.entries(doc).next().is_none()
    }

    /// Keys and values, in the order in which the keys first came up here.
    pub fn entries(self, doc: &Doc) -> impl Iterator<Item = (&str, Value)> + '_ {
        doc.entries(self.0)
    }

    /// Sets the value of `key`.
    ///
    /// # Errors
    /// A handle of another document.
    pub fn set(self, transaction: &mut Transaction<'_>, key: &str, value: impl Into<Prelim>) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        transaction.author_entry(self.0, key, value.into())
    }

    /// Takes the value of `key` away; nothing happens if there is none.
    ///
    /// # Errors
    /// A handle of another document.
    pub fn delete(self, transaction: &mut Transaction<'_>, key: &str) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        transaction.delete_entry(self.0, key);
        Ok(())
    }
}
