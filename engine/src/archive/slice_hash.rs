//! The hash of what a row of a state vector or of a delete set says: whoever has the same need not read the row to know it.

use super::SlicePart;
use crate::values::{ClientId, Clock};
use std::ops::Range;
use twox_hash::XxHash3_64;

/// Bytes that are hashed at a time.
const BLOCK: usize = 64 * PART;
/// Bytes of a part.
const PART: usize = 16;

/// XXH3 with 64 bits over the parts of a slice, in blocks, each seeded with the hash of those before it. Parts that touch are
/// one: the hash is that of a set of ids, however it is told.
#[derive(Debug, Default)]
pub struct SliceHash {
    hash: u64,
    block: Vec<u8>,
    last: Option<SlicePart>,
}

impl SliceHash {
    /// The hash of these parts, ascending. O(parts).
    pub fn of(parts: impl IntoIterator<Item = SlicePart>) -> u64 {
        let mut hash = SliceHash::default();
        parts.into_iter().for_each(|(client, range)| hash.add(client, range));
        hash.finish()
    }

    /// Adds a part behind all others.
    #[inline]
    pub fn add(&mut self, client: ClientId, range: Range<Clock>) {
        match &mut self.last {
            Some((of, last)) if *of == client && last.end == range.start => last.end = range.end,
            last => {
                if let Some(before) = last.replace((client, range)) {
                    self.take(before);
                }
            }
        }
    }

    #[inline]
    fn take(&mut self, (client, range): SlicePart) {
        if self.block.len() == BLOCK {
            self.end_block();
        }
        let part = u128::from(client.value()) | u128::from(range.start) << 64 | u128::from(range.end) << 96;
        self.block.extend_from_slice(&part.to_le_bytes());
    }

    fn end_block(&mut self) {
        self.hash = XxHash3_64::oneshot_with_seed(self.hash, &self.block);
        self.block.clear();
    }

    /// The hash of all that was added. Never 0, which is what a manifest says of a row whose hash nobody has taken.
    pub fn finish(mut self) -> u64 {
        if let Some(last) = self.last.take() {
            self.take(last);
        }
        self.end_block();
        self.hash.max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::IdSet;
    use proptest::prelude::*;

    proptest! {
        /// It tells sets apart, and not how they are cut.
        #[test]
        fn it_is_that_of_the_set(
            parts in prop::collection::vec((0_u64..3, 0_u32..40, 1_u32..9), 0..200),
            cut in 0_u32..40,
            changed in (0_u64..3, 0_u32..40),
        ) {
            let set: IdSet = parts.into_iter().map(|(client, at, len)| (ClientId::new(client), at..at + len)).collect();
            let hash = SliceHash::of(set.iter());
            let cut = set.iter().flat_map(|(client, range)| {
                let at = cut.clamp(range.start, range.end);
                [(client, range.start..at), (client, at..range.end)].into_iter().filter(|(_, part)| !part.is_empty())
            });
            prop_assert_eq!(SliceHash::of(cut), hash);
            let mut other = set.clone();
            let (client, clock) = (ClientId::new(changed.0), changed.1);
            other.insert(client, clock..clock + 1);
            if other == set {
                other.remove(client, clock..clock + 1);
            }
            prop_assert_ne!(SliceHash::of(other.iter()), hash);
        }
    }
}
