//! The keys of maps and of formats, and the names of types, each kept once.

use super::handles::{Handles, hash_bytes};
use super::{trim, with_room};
use std::ops::Range;

/// Handle of a key within one store.
pub(crate) type Key = u32;

/// So many keys are looked through without a hash: the formats of a text.
const FEW: Key = if cfg!(debug_assertions) { 2 } else { 8 };

/// Keys by handle and handles by key. A key costs its bytes and 15 to 25 more.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// All keys one after the other.
    text: String,
    /// Where each ends.
    ends: Vec<u32>,
    handles: Handles<Box<[u8]>>,
}

impl Keys {
    pub(super) fn name(&self, key: Key) -> &str {
        name(&self.text, &self.ends, key)
    }

    pub(super) fn len(&self) -> Key {
        self.ends.len() as Key
    }

    /// O(key).
    pub(super) fn find(&self, name: &[u8]) -> Option<Key> {
        match self.are_few() {
            true => self.look_through(name),
            false => self.find_hashed(name, hash_bytes(name)),
        }
    }

    fn are_few(&self) -> bool {
        self.len() <= FEW
    }

    fn look_through(&self, name: &[u8]) -> Option<Key> {
        (0..self.len()).find(|key| self.is(*key, name))
    }

    fn find_hashed(&self, name: &[u8], hash: u32) -> Option<Key> {
        self.handles.find(name, hash, |key| self.is(key, name))
    }

    fn is(&self, key: Key, name: &[u8]) -> bool {
        self.text.as_bytes()[range(&self.ends, key)] == *name
    }

    /// The handle of a key, a new one if it was never used. O(key).
    pub(super) fn add(&mut self, added: &str) -> Key {
        if self.are_few()
            && let Some(key) = self.look_through(added.as_bytes())
        {
            return key;
        }
        let hash = hash_bytes(added.as_bytes());
        if !self.are_few()
            && let Some(key) = self.find_hashed(added.as_bytes(), hash)
        {
            return key;
        }
        let key = self.len();
        self.text.push_str(added);
        self.ends.push(u32::try_from(self.text.len()).expect("all keys together have less than 4 GiB"));
        let Keys { text, ends, handles } = self;
        handles.insert(key, hash, |key| name(text, ends, key).as_bytes().into());
        key
    }

    /// Gives back most of what grew too large.
    pub(super) fn trim(&mut self) {
        self.text.shrink_to(with_room(self.text.len()));
        trim(&mut self.ends);
    }

    /// Panics if a key is not found by its name.
    pub(super) fn assert_invariants(&self) {
        assert_eq!(self.handles.len(), self.ends.len());
        assert!((0..self.ends.len() as Key).all(|key| self.find(self.name(key).as_bytes()) == Some(key)));
    }
}

fn range(ends: &[u32], key: Key) -> Range<usize> {
    let start = key.checked_sub(1).map_or(0, |before| ends[before as usize]);
    start as usize..ends[key as usize] as usize
}

fn name<'a>(text: &'a str, ends: &[u32], key: Key) -> &'a str {
    text.get(range(ends, key)).expect("keys end where others begin")
}
