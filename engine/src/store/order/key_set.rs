//! A set of keys, most of which have small handles.

/// The keys of the formats of a text are among the first that a document gets, so that a word mostly holds them all.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct KeySet {
    /// A bit for each key below 64.
    low: u64,
    /// Others, ascending.
    high: Vec<u32>,
}

impl KeySet {
    #[inline]
    pub(super) fn contains(&self, key: u32) -> bool {
        if key < u64::BITS { self.low >> key & 1 == 1 } else { self.high.binary_search(&key).is_ok() }
    }

    #[inline]
    pub(super) fn insert(&mut self, key: u32) {
        if key < u64::BITS {
            self.low |= 1 << key;
        } else if let Err(at) = self.high.binary_search(&key) {
            self.high.insert(at, key);
        }
    }

    /// Adds all of another set.
    #[inline]
    pub(super) fn extend(&mut self, other: &KeySet) {
        self.low |= other.low;
        other.high.iter().for_each(|key| self.insert(*key));
    }

    #[inline]
    pub(super) fn is_empty(&self) -> bool {
        self.low == 0 && self.high.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::random::numbers;
    use std::collections::BTreeSet;

    #[test]
    fn keys_are_found_in_whatever_order_they_came() {
        let mut below = numbers(5);
        for of in [3, 64, 65, 200, u32::MAX] {
            let (mut keys, mut expected) = (KeySet::default(), BTreeSet::new());
            for _ in 0..100 {
                assert_eq!(keys.is_empty(), expected.is_empty());
                let [key, other] = [below(of), below(of)];
                assert_eq!([key, other].map(|key| keys.contains(key)), [key, other].map(|key| expected.contains(&key)));
                keys.insert(key);
                let mut others = KeySet::default();
                [other, 63, 64].into_iter().for_each(|key| others.insert(key));
                keys.extend(&others);
                expected.extend([key, other, 63, 64]);
            }
            assert!(expected.iter().all(|key| keys.contains(*key)));
        }
    }
}
