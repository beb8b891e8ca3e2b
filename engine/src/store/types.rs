//! The shared types of a document, by handle, and the sequences that belong to each.

use super::entries::Entries;
use super::handles::{Handles, hash_pair};
use super::keys::{Key, Keys};
use super::log::{LocalId, NO_SEQUENCE};
use super::order::Sequence;
use super::trim;
use crate::update::TypeTag;
use std::collections::BTreeMap;

/// Handle of a shared type within one store.
pub(crate) type TypeHandle = u32;

/// One shared type.
#[derive(Debug)]
pub(crate) struct SharedType {
    /// Its kind; `None` for a root that content has arrived for, but that nobody has named the kind of.
    pub(crate) tag: Option<TypeTag>,
    /// A root's name, an element's node name, a hook's name: its number among the names, or `NO_KEY`.
    name: Key,
    /// The unit that holds it; `None` for a root.
    pub(crate) item: Option<LocalId>,
    /// Its list of children or text.
    pub(crate) sequence: Sequence,
    /// Its map entries in the order in which their keys came up; each is a little sequence whose last unit counts.
    pub(crate) entries: Entries,
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
    /// The type of each sequence, and the key or `NO_KEY`.
    owners: Vec<(TypeHandle, Key)>,
    keys: Keys,
    /// The names of types, each kept once.
    names: Keys,
    /// The entry that each key was first used for, in whichever type; `NO_SEQUENCE` if for none, or not yet.
    first_uses: Vec<Sequence>,
    /// The other entries of types that have more than a `FEW`.
    further_uses: Handles<(TypeHandle, Key)>,
}

const NO_KEY: Key = Key::MAX;

/// So many entries of one type are looked through.
const FEW: usize = if cfg!(debug_assertions) { 2 } else { 8 };

impl Types {
    pub(crate) fn get(&self, handle: TypeHandle) -> &SharedType {
        &self.types[handle as usize]
    }

    pub(crate) fn get_mut(&mut self, handle: TypeHandle) -> &mut SharedType {
        &mut self.types[handle as usize]
    }

    /// A root's name, an element's node name, a hook's name; of other types it is empty.
    pub(crate) fn name(&self, of: &SharedType) -> &str {
        if of.name == NO_KEY { "" } else { self.names.name(of.name) }
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

    /// Makes room for so many more types.
    pub(crate) fn reserve(&mut self, types: usize) {
        self.types.reserve_exact(types);
        self.owners.reserve(types);
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
        let name = if name.is_empty() { NO_KEY } else { self.names.add(name) };
        let entries = Entries::default();
        self.types.push(SharedType { tag, name, item, sequence, entries, is_deleted: false, depth });
        handle
    }

    /// Adds the entry of a key whose sequence is the next of the order.
    pub(crate) fn add_entry(&mut self, of: TypeHandle, key: Key, sequence: Sequence) {
        self.add_owner(sequence, Owner { of, key: Some(key) });
        let is_first = self.note_first_use(key, sequence);
        let Types { types, owners, first_uses, further_uses, .. } = self;
        let entries = &mut types[of as usize].entries;
        let had_many = entries.are_more_than(FEW);
        entries.push(sequence);
        let owner = |sequence: Sequence| owners[sequence as usize];
        let mut add = |sequence: Sequence| {
            let (of, key) = owner(sequence);
            further_uses.insert(sequence, hash_pair(of, key), owner);
        };
        if had_many {
            if !is_first {
                add(sequence);
            }
        } else if entries.are_more_than(FEW) {
            entries.iter().filter(|entry| first_uses[owner(*entry).1 as usize] != *entry).for_each(add);
        }
    }

    /// Whether an entry is the first one that its key is used for; then it is found by the key.
    fn note_first_use(&mut self, key: Key, sequence: Sequence) -> bool {
        if self.first_uses.len() <= key as usize {
            self.first_uses.resize(key as usize + 1, NO_SEQUENCE);
        }
        let first = &mut self.first_uses[key as usize];
        let is_first = *first == NO_SEQUENCE;
        if is_first {
            *first = sequence;
        }
        is_first
    }

    fn add_owner(&mut self, sequence: Sequence, owner: Owner) {
        debug_assert_eq!(sequence as usize, self.owners.len());
        self.owners.push((owner.of, owner.key.unwrap_or(NO_KEY)));
    }

    pub(crate) fn owner(&self, sequence: Sequence) -> Owner {
        let (of, key) = self.owners[sequence as usize];
        Owner { of, key: (key != NO_KEY).then_some(key) }
    }

    /// The sequence of a key of a type. O(1).
    pub(crate) fn entry(&self, of: TypeHandle, key: Key) -> Option<Sequence> {
        let owner = (of, key);
        let is_it = |sequence: Sequence| self.owners[sequence as usize] == owner;
        let first = self.first_uses.get(key as usize).copied().filter(|first| *first != NO_SEQUENCE)?;
        if is_it(first) {
            return Some(first);
        }
        let entries = &self.get(of).entries;
        match entries.are_more_than(FEW) {
            false => entries.iter().find(|sequence| is_it(*sequence)),
            true => self.further_uses.find(&owner, hash_pair(of, key), is_it),
        }
    }

    /// Number of sequences that belong to a type; handles are below it.
    pub(crate) fn sequence_count(&self) -> Sequence {
        self.owners.len() as Sequence
    }

    /// Number of keys; handles are below it.
    pub(crate) fn key_count(&self) -> Key {
        self.keys.len()
    }

    pub(crate) fn key_name(&self, key: Key) -> &str {
        self.keys.name(key)
    }

    pub(crate) fn find_key(&self, name: impl AsRef<[u8]>) -> Option<Key> {
        self.keys.find(name.as_ref())
    }

    /// The handle of a key, a new one if it was never used.
    pub(crate) fn key(&mut self, name: &str) -> Key {
        self.keys.add(name)
    }

    /// Gives back most of what grew too large while a document was read.
    pub(crate) fn trim(&mut self) {
        trim(&mut self.types);
        trim(&mut self.owners);
        trim(&mut self.first_uses);
        self.types.iter_mut().for_each(|shared| shared.entries.trim());
        self.keys.trim();
        self.names.trim();
    }

    /// Panics if a key or an entry is not found where it should be.
    pub(crate) fn assert_invariants(&self) {
        self.keys.assert_invariants();
        self.names.assert_invariants();
        let is_first = |sequence: &Sequence| self.first_uses[self.owners[*sequence as usize].1 as usize] == *sequence;
        let many = self.types.iter().map(|shared| &shared.entries).filter(|entries| entries.are_more_than(FEW));
        let further = many.flat_map(Entries::iter).filter(|sequence| !is_first(sequence));
        assert_eq!(self.further_uses.len(), further.count());
        let first_uses = (0..).zip(&self.first_uses).filter(|(_, first)| **first != NO_SEQUENCE);
        first_uses.for_each(|(key, first)| assert_eq!(self.owner(*first).key, Some(key)));
        for (of, shared) in (0..).zip(&self.types) {
            assert_eq!(self.owner(shared.sequence), Owner { of, key: None });
            for sequence in shared.entries.iter() {
                let key = self.owner(sequence).key.expect("an entry has a key");
                assert_eq!(self.entry(of, key), Some(sequence));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    #[test]
    fn types_that_share_keys_keep_their_entries_apart() {
        let mut types = Types::default();
        let maps: Vec<TypeHandle> =
            ["a", "b", "c"].into_iter().zip(0..).map(|(name, of)| types.add(None, name, None, None, of)).collect();
        let mut expected: BTreeMap<(TypeHandle, Key), Sequence> = BTreeMap::new();
        for number in 0..1_000_u32 {
            let of = maps[(number / 5 % 3) as usize];
            let key = types.key(&(number * number % 127).to_string());
            assert_eq!(types.entry(of, key), expected.get(&(of, key)).copied());
            let sequence = types.sequence_count();
            expected.entry((of, key)).or_insert_with(|| {
                types.add_entry(of, key, sequence);
                sequence
            });
            types.assert_invariants();
        }
        for of in maps {
            let mut listed: Vec<Sequence> = expected.range((of, 0)..(of + 1, 0)).map(|(_, entry)| *entry).collect();
            listed.sort_unstable();
            assert!(types.get(of).entries.iter().eq(listed));
        }
    }
}
