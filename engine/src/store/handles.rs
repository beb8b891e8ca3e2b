//! Handles by what they stand for: a hash table of numbers that keeps no keys of its own.

use std::borrow::Borrow;
use std::collections::BTreeMap;
use twox_hash::XxHash3_64;

/// Open addressing: 10 to 20 bytes a handle.
///
/// Others choose the names in a document, and could choose them so that their hashes meet. So nothing is looked for
/// further than `REACH` slots from where it belongs: what finds no room there goes into a tree, where a look-up is O(log).
#[derive(Debug)]
pub(super) struct Handles<K> {
    /// A power of two of them, or none.
    slots: Vec<Slot>,
    len: usize,
    crowded: BTreeMap<K, Slot>,
}

#[derive(Clone, Copy, Debug)]
struct Slot {
    hash: u32,
    /// `EMPTY`: there is none.
    handle: u32,
}

const EMPTY: u32 = u32::MAX;
const FEWEST_SLOTS: usize = 16;
const REACH: usize = if cfg!(debug_assertions) { 2 } else { 64 };

impl<K> Default for Handles<K> {
    fn default() -> Self {
        Handles { slots: Vec::new(), len: 0, crowded: BTreeMap::new() }
    }
}

impl<K: Ord> Handles<K> {
    /// The handle of a key with this hash; `is_it` tells whether a handle is. O(1), at worst O(log).
    pub(super) fn find<Q>(&self, key: &Q, hash: u32, is_it: impl Fn(u32) -> bool) -> Option<u32>
    where
        K: Borrow<Q>,
        Q: Ord + ?Sized,
    {
        for at in reach(self.slots.len(), hash) {
            let slot = self.slots[at];
            if slot.handle == EMPTY {
                return None;
            }
            if slot.hash == hash && is_it(slot.handle) {
                return Some(slot.handle);
            }
        }
        self.crowded.get(key).map(|slot| slot.handle)
    }

    /// Adds a handle whose key has none yet; `key_of` tells the key of a handle. O(1) in the long run, at worst O(log).
    pub(super) fn insert(&mut self, handle: u32, hash: u32, key_of: impl Fn(u32) -> K) {
        self.len += 1;
        if self.len > self.slots.len() / 16 * 13 {
            let larger = vec![Slot { hash: 0, handle: EMPTY }; (self.slots.len() * 2).max(FEWEST_SLOTS)];
            let all = std::mem::replace(&mut self.slots, larger);
            let crowded = std::mem::take(&mut self.crowded).into_values();
            all.into_iter().filter(|slot| slot.handle != EMPTY).chain(crowded).for_each(|slot| self.put(slot, &key_of));
        }
        self.put(Slot { hash, handle }, &key_of);
    }

    fn put(&mut self, slot: Slot, key_of: &impl Fn(u32) -> K) {
        match reach(self.slots.len(), slot.hash).find(|at| self.slots[*at].handle == EMPTY) {
            Some(at) => self.slots[at] = slot,
            None => drop(self.crowded.insert(key_of(slot.handle), slot)),
        }
    }

    /// How many handles there are.
    pub(super) fn len(&self) -> usize {
        self.len
    }
}

/// The slots in which a hash is looked for; none if there are no slots.
fn reach(slots: usize, hash: u32) -> impl Iterator<Item = usize> {
    (0..REACH.min(slots)).map(move |step| (hash as usize + step) & (slots - 1))
}

/// A hash of two numbers.
pub(super) fn hash_pair(a: u32, b: u32) -> u32 {
    hash_bytes(&(u64::from(a) << 32 | u64::from(b)).to_le_bytes())
}

/// A hash of bytes. It doesn't hold against someone who wants it to meet another one.
pub(crate) fn hash_bytes(bytes: &[u8]) -> u32 {
    XxHash3_64::oneshot(bytes) as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn handles_are_found_however_their_hashes_meet() {
        for hashes in [1, 2, 8, 1_000] {
            let mut handles = Handles::<u32>::default();
            for handle in 0..1_000 {
                assert_eq!(handles.find(&handle, handle % hashes, |found| found == handle), None);
                handles.insert(handle, handle % hashes, |handle| handle);
            }
            for handle in 0..1_000 {
                assert_eq!(handles.find(&handle, handle % hashes, |found| found == handle), Some(handle));
            }
            assert_eq!(handles.len(), 1_000);
        }
    }

    #[test]
    fn names_that_differ_a_little_have_other_hashes() {
        let names = ["", "\0", "a", "b", "\0a", "a\0", "key 1", "key 2", "key 10", "key 100000", "key 100001"];
        let mut hashes: Vec<u32> = names.iter().map(|name| hash_bytes(name.as_bytes())).collect();
        hashes.sort_unstable();
        hashes.dedup();
        assert_eq!(hashes.len(), names.len());
    }
}
