//! The keys of maps and of formats, each kept once.

use super::handles::{Handles, hash_bytes};
use super::trim;

/// Handle of a key within one store.
pub(crate) type Key = u32;

/// So many keys are looked through without a hash: the formats of a text.
const FEW: Key = if cfg!(debug_assertions) { 2 } else { 8 };

/// Keys by handle and handles by key. A key costs its bytes and 20 to 40 more.
#[derive(Debug, Default)]
pub(super) struct Keys {
    /// All keys one after the other.
    text: String,
    /// Where each ends.
    ends: Vec<usize>,
    handles: Handles<Box<str>>,
}

impl Keys {
    pub(super) fn name(&self, key: Key) -> &str {
        name(&self.text, &self.ends, key)
    }

    pub(super) fn len(&self) -> Key {
        self.ends.len() as Key
    }

    /// O(key).
    pub(super) fn find(&self, name: &str) -> Option<Key> {
        let keys = self.len();
        match keys <= FEW {
            true => (0..keys).find(|key| self.is(*key, name)),
            false => self.handles.find(name, hash_bytes(name.as_bytes()), |key| self.is(key, name)),
        }
    }

    fn is(&self, key: Key, name: &str) -> bool {
        self.text.as_bytes()[start(&self.ends, key)..self.ends[key as usize]] == *name.as_bytes()
    }

    /// The handle of a key, a new one if it was never used. O(key).
    pub(super) fn add(&mut self, added: &str) -> Key {
        if let Some(key) = self.find(added) {
            return key;
        }
        let hash = hash_bytes(added.as_bytes());
        let key = self.len();
        self.text.push_str(added);
        self.ends.push(self.text.len());
        let Keys { text, ends, handles } = self;
        handles.insert(key, hash, |key| name(text, ends, key).into());
        key
    }

    /// Gives back most of what grew too large.
    pub(super) fn trim(&mut self) {
        self.text.shrink_to(self.text.len() + self.text.len() / 8);
        trim(&mut self.ends);
    }

    /// Panics if a key is not found by its name.
    pub(super) fn assert_invariants(&self) {
        assert_eq!(self.handles.len(), self.ends.len());
        assert!((0..self.ends.len() as Key).all(|key| self.find(self.name(key)) == Some(key)));
    }
}

fn start(ends: &[usize], key: Key) -> usize {
    key.checked_sub(1).map_or(0, |before| ends[before as usize])
}

fn name<'a>(text: &'a str, ends: &[usize], key: Key) -> &'a str {
    text.get(start(ends, key)..ends[key as usize]).expect("keys end where others begin")
}
