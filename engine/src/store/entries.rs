//! The map entries of one type: their sequences, in the order in which their keys came up.

use super::order::Sequence;
use smallvec::SmallVec;

/// Sequences get their numbers as they come up, so that keys set one after the other are one range.
#[derive(Clone, Debug, Default)]
pub(crate) struct Entries {
    ranges: SmallVec<[(Sequence, Sequence); 1]>,
}

impl Entries {
    /// The sequences, oldest first.
    #[inline]
    pub(crate) fn iter(&self) -> impl Iterator<Item = Sequence> + '_ {
        self.ranges.iter().flat_map(|(start, end)| *start..*end)
    }

    /// Whether there are more than so many. O(limit).
    #[inline]
    pub(super) fn are_more_than(&self, limit: usize) -> bool {
        let counts = self.ranges.iter().take(limit + 1).map(|(start, end)| (end - start) as usize);
        counts.sum::<usize>() > limit
    }

    /// Adds a sequence, whose number is larger than those of all before it.
    pub(super) fn push(&mut self, sequence: Sequence) {
        match self.ranges.last_mut() {
            Some(last) if last.1 == sequence => last.1 = sequence + 1,
            _ => self.ranges.push((sequence, sequence + 1)),
        }
    }

    pub(super) fn trim(&mut self) {
        self.ranges.shrink_to_fit();
    }
}
