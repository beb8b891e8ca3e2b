//! `Map`: values and shared types by key. Of concurrent sets of a key one wins, the same on every replica.

use super::{Prelim, Value, XmlHook};
use crate::doc::{Doc, Transaction};
use crate::store::{TypeHandle, Unit};
use crate::update::TypeTag;
use crate::values::{Any, Error};

/// A shared map (`Y.Map`).
///
/// ```
/// use merganser::{Any, ClientId, Doc, Options, Prelim};
///
/// let mut doc = Doc::new(Options::new(ClientId::from(1)));
/// let map = doc.map("duck");
/// let mut transaction = doc.transact();
/// map.set(&mut transaction, "wings", 2)?;
/// map.set(&mut transaction, "eggs", Prelim::Array(vec![Any::BigInt(9).into(), Any::Undefined.into()]))?;
/// map.set(&mut transaction, "wings", Any::Bytes([1, 2].into()))?;
/// transaction.commit();
///
/// assert_eq!(map.keys(&doc).collect::<Vec<_>>(), ["wings", "eggs"]);
/// assert_eq!(map.to_json(&doc).to_json(), r#"{"wings":{"0":1,"1":2},"eggs":[9,null]}"#);
/// map.clear(&mut doc.transact())?;
/// assert!(map.is_empty(&doc) && !map.has(&doc, "wings"));
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Map(pub(crate) TypeHandle);

impl Doc {
    /// The value of a key of a type.
    pub(super) fn entry_get(&self, handle: TypeHandle, key: &str) -> Option<Value> {
        let types = &self.store().types;
        let sequence = types.entry(handle, types.find_key(key)?)?;
        self.entry_value(sequence)
    }

    /// Whether a key of a type has a value.
    pub(super) fn has_entry(&self, handle: TypeHandle, key: &str) -> bool {
        let types = &self.store().types;
        let sequence = types.find_key(key).and_then(|key| types.entry(handle, key));
        sequence.is_some_and(|sequence| self.entry_value(sequence).is_some())
    }

    /// The last unit of an entry's sequence, if it is not deleted. (Yjs: `typeMapGet`)
    fn entry_unit(&self, sequence: u32) -> Option<Unit<'_>> {
        let last = self.store().order.last_span(sequence).filter(|span| !span.is_deleted())?;
        let unit = self.store().unit((last.client(), last.end() - 1))?;
        (!matches!(unit, Unit::Format(..) | Unit::Nothing)).then_some(unit)
    }

    fn entry_value(&self, sequence: u32) -> Option<Value> {
        Value::of_unit(self.store(), self.entry_unit(sequence)?)
    }

    /// The live entries of a type, in the order in which their keys first came up.
    pub(super) fn entries(&self, handle: TypeHandle) -> impl Iterator<Item = (&str, Value)> + '_ {
        self.entry_units(handle).filter_map(|(key, unit)| Some((key, Value::of_unit(self.store(), unit)?)))
    }

    /// The same as they are stored.
    pub(super) fn entry_units(&self, handle: TypeHandle) -> impl Iterator<Item = (&str, Unit<'_>)> + '_ {
        let types = &self.store().types;
        types.get(handle).entries.iter().filter_map(|sequence| {
            let key = types.owner(sequence).key?;
            Some((types.key_name(key), self.entry_unit(sequence)?))
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

    /// Deletes all entries of a type.
    fn delete_entries(&mut self, handle: TypeHandle) {
        let entries = self.store().types.get(handle).entries.clone();
        let (replica, _) = self.author();
        entries.iter().for_each(|sequence| replica.delete_sequence(sequence));
    }
}

/// What maps and XML hooks have in common.
macro_rules! map_calls {
    ($name:ident, $tag:expr) => {
        impl $name {
            const TAGS: &'static [TypeTag] = &[$tag];

            /// The value of `key`. O(log). (Yjs: `typeMapGet`)
            pub fn get(self, doc: &Doc, key: &str) -> Option<Value> {
                doc.entry_get(self.0, key)
            }

            /// Whether `key` has a value; `undefined` is one. O(log). (Yjs: `typeMapHas`)
            pub fn has(self, doc: &Doc, key: &str) -> bool {
                doc.has_entry(self.0, key)
            }

            /// Number of keys that have a value. O(keys ever used).
            pub fn len(self, doc: &Doc) -> usize {
                self.entries(doc).count()
            }

            /// Whether no key has a value.
            pub fn is_empty(self, doc: &Doc) -> bool {
                self.entries(doc).next().is_none()
            }

            /// Keys and values, in the order in which the keys first came up here, as in Yjs. Of updates that had
            /// to wait for others the keys may come up in another order than there.
            pub fn entries(self, doc: &Doc) -> impl Iterator<Item = (&str, Value)> + '_ {
                doc.entries(self.0)
            }

            /// The keys that have a value, in the order of [`entries`](Self::entries).
            pub fn keys(self, doc: &Doc) -> impl Iterator<Item = &str> + '_ {
                doc.entries(self.0).map(|(key, _)| key)
            }

            /// The values, in the order of [`entries`](Self::entries).
            pub fn values(self, doc: &Doc) -> impl Iterator<Item = Value> + '_ {
                doc.entries(self.0).map(|(_, value)| value)
            }

            /// The entries as an object of plain values, shared types among them with all that they hold.
            /// (Yjs: `YMap#toJSON`)
            pub fn to_json(self, doc: &Doc) -> Any {
                Value::from(self).to_json(doc)
            }

            /// Sets the value of `key`. (Yjs: `typeMapSet`)
            ///
            /// # Errors
            /// A handle of another document.
            pub fn set(
                self,
                transaction: &mut Transaction<'_>,
                key: &str,
                value: impl Into<Prelim>,
            ) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.author_entry(self.0, key, value.into())
            }

            /// Takes the value of `key` away; nothing happens if there is none. (Yjs: `typeMapDelete`)
            ///
            /// # Errors
            /// A handle of another document.
            pub fn delete(self, transaction: &mut Transaction<'_>, key: &str) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.delete_entry(self.0, key);
                Ok(())
            }

            /// Takes all values away. O(keys ever used). (Yjs: `YMap#clear`)
            ///
            /// # Errors
            /// A handle of another document.
            pub fn clear(self, transaction: &mut Transaction<'_>) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.delete_entries(self.0);
                Ok(())
            }
        }
    };
}

map_calls!(Map, TypeTag::Map);
map_calls!(XmlHook, TypeTag::XmlHook);
