//! The shared types of a document, by handle, and the sequences that belong to each.

use super::log::LocalId;
use super::order::Sequence;
use crate::update::TypeTag;
use std::collections::BTreeMap;

/// Handle of a shared type within one store.
pub(crate) type TypeHandle = u32;

/// Handle of a map key within one store.
pub(crate) type Key = u32;

/// One shared type.
#[derive(Debug)]
pub(crate) struct SharedType {
    /// Its kind; `None` for a root that content has arrived for, but that nobody has named the kind of.
    pub(crate) tag: Option<TypeTag>,
    /// A root's name, an element's node name, a hook's name.
    pub(crate) name: Box<str>,
    /// The unit that holds it; `None` for a root.
    pub(crate) item: Option<LocalId>,
    /// Its list of children or text.
    pub(crate) sequence: Sequence,
    /// Its map entries in the order in which their keys came up; each is a little sequence whose last unit counts.
    pub(crate) entries: Vec<Sequence>,
    /// Whether the unit that holds it is deleted, and so everything in it.
    pub(crate) is_deleted: bool,
    /// How many types it lies in.
    pub(crate) depth: u32,
}

/// What a sequence belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Owner {
    pub(crate) of: TypeHandle,
    /// The key, if the sequence is a map entry.
    pub(crate) key: Option<Key>,
}

/// The table of types, keys and owners.
#[derive(Debug, Default)]
pub(crate) struct Types {
    types: Vec<SharedType>,
    roots: BTreeMap<Box<str>, TypeHandle>,
    owners: Vec<Owner>,
    keys: Vec<Box<str>>,
    key_handles: BTreeMap<Box<str>, Key>,
    entries: BTreeMap<(TypeHandle, Key), Sequence>,
}

impl Types {
    pub(crate) fn get(&self, handle: TypeHandle) -> &SharedType {
        &self.types[handle as usize]
    }

    pub(crate) fn get_mut(&mut self, handle: TypeHandle) -> &mut SharedType {
        &mut self.types[handle as usize]
    }

    /// Number of types; handles are below it.
    pub(crate) fn len(&self) -> usize {
        self.types.len()
    }

    /// Whether there are types inside others.
    pub(crate) fn has_nested(&self) -> bool {
        self.types.len() > self.roots.len()
    }

    pub(crate) fn root(&self, name: &str) -> Option<TypeHandle> {
        self.roots.get(name).copied()
    }

    /// The roots by name, in the order of their names.
    pub(crate) fn roots(&self) -> impl Iterator<Item = (&str, TypeHandle)> + '_ {
        self.roots.iter().map(|(name, handle)| (&**name, *handle))
    }

    /// Adds a type whose list is `sequence`, the next sequence of the order.
    pub(crate) fn add(
        &mut self,
        tag: Option<TypeTag>,
        name: &str,
        item: Option<LocalId>,
        parent: Option<TypeHandle>,
        sequence: Sequence,
    ) -> TypeHandle {
        let handle = self.types.len() as TypeHandle;
        let depth = parent.map_or(0, |parent| self.get(parent).depth + 1);
        self.add_owner(sequence, Owner { of: handle, key: None });
        if item.is_none() {
            self.roots.insert(name.into(), handle);
        }
        let entries = Vec::new();
        self.types.push(SharedType { tag, name: name.into(), item, sequence, entries, is_deleted: false, depth });
        handle
    }

    /// Adds the entry of a key whose sequence is the next of the order.
    pub(crate) fn add_entry(&mut self, of: TypeHandle, key: Key, sequence: Sequence) {
        self.add_owner(sequence, Owner { of, key: Some(key) });
        self.entries.insert((of, key), sequence);
        self.get_mut(of).entries.push(sequence);
    }

    fn add_owner(&mut self, sequence: Sequence, owner: Owner) {
        debug_assert_eq!(sequence as usize, self.owners.len());
        self.owners.push(owner);
    }

    pub(crate) fn owner(&self, sequence: Sequence) -> Owner {
        self.owners[sequence as usize]
    }

    pub(crate) fn entry(&self, of: TypeHandle, key: Key) -> Option<Sequence> {
        self.entries.get(&(of, key)).copied()
    }

    pub(crate) fn key_name(&self, key: Key) -> &str {
        &self.keys[key as usize]
    }

    pub(crate) fn find_key(&self, name: &str) -> Option<Key> {
        self.key_handles.get(name).copied()
    }

    /// The handle of a key, a new one if it was never used.
    pub(crate) fn key(&mut self, name: &str) -> Key {
        if let Some(key) = self.find_key(name) {
            return key;
        }
        let key = self.keys.len() as Key;
        self.keys.push(name.into());
        self.key_handles.insert(name.into(), key);
        key
    }
}
