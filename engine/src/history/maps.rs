//! Maps and attributes at a snapshot.

use super::Snapshot;
use crate::doc::Doc;
use crate::store::{LocalId, Sequence, TypeHandle};
use crate::types::{Map, Value, XmlElement, XmlHook, XmlText};

impl Doc {
    /// The value of an entry at a snapshot: the last one that was there, if it was not deleted.
    /// O(values that the key ever had). (Yjs: `typeMapGetSnapshot`)
    fn entry_value_at(&self, sequence: Sequence, snapshot: &Snapshot) -> Option<Value> {
        let store = self.store();
        let mut last: Option<(LocalId, bool)> = None;
        for span in store.order.spans(sequence) {
            let known = snapshot.state.clock(store.log(span.client()).client).min(span.end());
            if known > span.clock {
                last = Some(((span.client(), known - 1), span.is_deleted()));
            }
        }
        let (unit, _) = last.filter(|(_, is_deleted)| !(store.collects && *is_deleted))?;
        let id = store.id(unit);
        let is_visible = snapshot.is_visible(id.client, id.clock).0;
        is_visible.then(|| Value::of_unit(store, store.unit(unit)?))?
    }

    fn entry_at(&self, handle: TypeHandle, key: &str, snapshot: &Snapshot) -> Option<Value> {
        let types = &self.store().types;
        self.entry_value_at(types.entry(handle, types.find_key(key)?)?, snapshot)
    }

    fn entries_at<'d>(
        &'d self,
        handle: TypeHandle,
        snapshot: &'d Snapshot,
    ) -> impl Iterator<Item = (&'d str, Value)> + 'd {
        let types = &self.store().types;
        types.get(handle).entries.iter().filter_map(move |sequence| {
            let key = types.owner(sequence).key?;
            Some((types.key_name(key), self.entry_value_at(sequence, snapshot)?))
        })
    }
}

macro_rules! entries_at_snapshots {
    ($name:ident) => {
        impl $name {
            /// The value of `key` at a snapshot. In a document that leaves deleted content out, a value that was
            /// replaced since is gone. O(values that the key ever had). (Yjs: `typeMapGetSnapshot`)
            pub fn get_at(self, doc: &Doc, key: &str, snapshot: &Snapshot) -> Option<Value> {
                doc.entry_at(self.0, key, snapshot)
            }

            /// Keys and values at a snapshot. (Yjs: `typeMapGetAllSnapshot`, which lists keys whose value is gone, too)
            pub fn entries_at<'d>(
                self,
                doc: &'d Doc,
                snapshot: &'d Snapshot,
            ) -> impl Iterator<Item = (&'d str, Value)> + 'd {
                doc.entries_at(self.0, snapshot)
            }
        }
    };
}

entries_at_snapshots!(Map);
entries_at_snapshots!(XmlHook);

macro_rules! attributes_at_snapshots {
    ($name:ident) => {
        impl $name {
            /// The value of an attribute at a snapshot; see [`Map::get_at`].
            pub fn attribute_at(self, doc: &Doc, key: &str, snapshot: &Snapshot) -> Option<Value> {
                doc.entry_at(self.0, key, snapshot)
            }

            /// All attributes at a snapshot. (Yjs: `getAttributes(snapshot)`)
            pub fn attributes_at<'d>(
                self,
                doc: &'d Doc,
                snapshot: &'d Snapshot,
            ) -> impl Iterator<Item = (&'d str, Value)> + 'd {
                doc.entries_at(self.0, snapshot)
            }
        }
    };
}

attributes_at_snapshots!(XmlElement);
attributes_at_snapshots!(XmlText);
