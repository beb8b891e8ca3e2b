//! Where a shared type lies: its parent, and the nodes beside an XML node.

use super::{Array, Map, Text, Value, XmlElement, XmlFragment, XmlHook, XmlText};
use crate::doc::{Doc, Transaction};
use crate::store::{LocalId, Place, Sequence, TypeHandle};
use crate::values::{Error, ErrorKind};

macro_rules! parents {
    ($($name:ident),*) => {
        $(impl $name {
            /// The shared type that it lies in; `None` for a root, and in a root that nobody has named the kind of.
            /// O(log). (Yjs: `AbstractType#parent`)
            pub fn parent(self, doc: &Doc) -> Option<Value> {
                doc.parent_of(self.0)
            }
        })*
    };
}

parents!(Text, Array, Map, XmlElement, XmlFragment, XmlText, XmlHook);

macro_rules! siblings {
    ($($name:ident),*) => {
        $(impl $name {
            /// The node after it; `None` for a root, at the end, and before something that is no shared type.
            /// O(log + deleted spans between). (Yjs: `nextSibling`)
            pub fn next_sibling(self, doc: &Doc) -> Option<Value> {
                doc.next_of(self.0)
            }

            /// The node before it; `None` for a root, at the start, and after something that is no shared type.
            /// O((1 + deleted spans between) * log). (Yjs: `prevSibling`)
            pub fn prev_sibling(self, doc: &Doc) -> Option<Value> {
                doc.previous_of(self.0)
            }
        })*
    };
}

siblings!(XmlElement, XmlText);

impl Doc {
    fn place_of(&self, unit: LocalId) -> Option<Place> {
        self.store().order.look_up(unit.0, unit.1)
    }

    pub(crate) fn parent_of(&self, handle: TypeHandle) -> Option<Value> {
        let store = self.store();
        let place = self.place_of(store.types.get(handle).item?)?;
        let parent = store.types.owner(store.order.sequence_of(place)).of;
        Some(Value::of_type(store.types.get(parent).tag?, parent))
    }

    fn type_in(&self, unit: LocalId) -> Option<Value> {
        let handle = self.store().type_of(unit)?;
        Some(Value::of_type(self.store().types.get(handle).tag?, handle))
    }

    fn next_of(&self, handle: TypeHandle) -> Option<Value> {
        let order = &self.store().order;
        let after = order.step(self.place_of(self.store().types.get(handle).item?)?, 1);
        let next = order.spans_from(after).find(|span| !span.is_deleted())?;
        self.type_in((next.client(), next.clock))
    }

    fn previous_of(&self, handle: TypeHandle) -> Option<Value> {
        let order = &self.store().order;
        let mut place = self.place_of(self.store().types.get(handle).item?)?;
        loop {
            let unit = order.unit_before(place)?;
            let (span, _) = order.span_at(self.place_of(unit)?)?;
            if !span.is_deleted() {
                return self.type_in(unit);
            }
            place = self.place_of((span.client(), span.clock))?;
        }
    }
}

impl Transaction<'_> {
    /// The place directly after the unit that holds a child of a sequence.
    pub(super) fn place_after_child(&self, sequence: Sequence, child: &Value) -> Result<Place, Error> {
        let store = self.store();
        let known = child.handle().filter(|handle| (*handle as usize) < store.types.len());
        let item = known.and_then(|handle| store.types.get(handle).item);
        let place = item.and_then(|item| self.place_of(item));
        let inside = place.filter(|place| store.order.sequence_of(*place) == sequence);
        inside.map(|place| store.order.step(place, 1)).ok_or(ErrorKind::WrongType.into())
    }
}
