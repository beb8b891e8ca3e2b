//! Where a type lies: the way to it from its root.

use crate::store::{Store, TypeHandle};

/// One step of the way from a type to one that lies in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathStep {
    /// The value of this key.
    Key(Box<str>),
    /// The element at this index; in a text, at this offset in UTF-16 code units.
    Index(u32),
}

/// The name of the root that a type lies in, and the way from there. O(depth * log). (Yjs: `getPathTo`)
pub(super) fn path_to(store: &Store, handle: TypeHandle) -> (&str, Vec<PathStep>) {
    let mut path = Vec::new();
    let mut shared = store.types.get(handle);
    while let Some(item) = shared.item {
        let Some(place) = store.order.look_up(item.0, item.1) else { break };
        let owner = store.types.owner(store.order.sequence_of(place));
        path.push(match owner.key {
            Some(key) => PathStep::Key(store.types.key_name(key).into()),
            None => PathStep::Index(store.order.visible_before(place)),
        });
        shared = store.types.get(owner.of);
    }
    path.reverse();
    (store.types.name(shared), path)
}
