//! The revisions of one text: what changed from each to the next, as far back as the limits allow.

use crate::lib0::Reader;
use crate::ot::Delta;
use crate::values::Error;
use std::collections::VecDeque;
use std::sync::Arc;

/// How far back revisions are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct HistoryLimits {
    pub(crate) revisions: usize,
    pub(crate) bytes: usize,
}

/// The log of one text. Deltas lie behind each other in one buffer, as they are stored.
#[derive(Clone, Debug, Default)]
pub(crate) struct RevisionLog {
    /// The oldest revision from which all changes are here.
    since: u64,
    entries: VecDeque<Entry>,
    bytes: Vec<u8>,
    /// Bytes at the front of the buffer whose entries are forgotten.
    dead: usize,
}

#[derive(Clone, Debug)]
struct Entry {
    revision: u64,
    len: u32,
    author: Option<(Arc<str>, u64)>,
}

/// One change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Change<'a> {
    /// The revision that the content has after it.
    pub(crate) revision: u64,
    /// Session and id of the operation that it was.
    pub(crate) author: Option<(&'a str, u64)>,
    delta: &'a [u8],
}

impl Change<'_> {
    /// What changed.
    ///
    /// # Errors
    /// If the stored bytes are no delta.
    pub(crate) fn delta(&self) -> Result<Delta, Error> {
        Delta::read_from(&mut Reader::new(self.delta))
    }
}

impl RevisionLog {
    /// An empty log that begins at a revision.
    pub(crate) fn since(revision: u64) -> RevisionLog {
        RevisionLog { since: revision, ..RevisionLog::default() }
    }

    /// Appends a change; its bytes are returned.
    pub(crate) fn push(&mut self, revision: u64, author: Option<(Arc<str>, u64)>, delta: &Delta) -> &[u8] {
        let start = self.bytes.len();
        delta.write_to(&mut self.bytes);
        self.entries.push_back(Entry { revision, len: (self.bytes.len() - start) as u32, author });
        &self.bytes[start..]
    }

    /// Takes back a change as it is stored.
    pub(crate) fn restore(&mut self, revision: u64, author: Option<(Arc<str>, u64)>, delta: &[u8]) {
        self.bytes.extend_from_slice(delta);
        self.entries.push_back(Entry { revision, len: delta.len() as u32, author });
    }

    /// Forgets the oldest revisions beyond the limits. O(1) amortised.
    pub(crate) fn trim(&mut self, limits: HistoryLimits) {
        while self.entries.len() > limits.revisions || self.bytes.len() - self.dead > limits.bytes {
            let Some(gone) = self.entries.pop_front() else { break };
            self.since = gone.revision;
            self.dead += gone.len as usize;
        }
        if self.dead > self.bytes.len() / 2 {
            self.bytes.drain(..self.dead);
            self.dead = 0;
        }
    }

    /// The changes after a revision, oldest first; `None` if they are not kept that far back. O(log + changes).
    pub(crate) fn after(&self, revision: u64) -> Option<impl Iterator<Item = Change<'_>> + Clone> {
        if revision < self.since {
            return None;
        }
        let first = self.entries.partition_point(|entry| entry.revision <= revision);
        let later: usize = self.entries.range(first..).map(|entry| entry.len as usize).sum();
        let mut rest = &self.bytes[self.bytes.len() - later..];
        Some(self.entries.range(first..).map(move |entry| {
            let (delta, behind) = rest.split_at(entry.len as usize);
            rest = behind;
            Change { revision: entry.revision, author: entry.author.as_ref().map(|(of, id)| (&**of, *id)), delta }
        }))
    }

    /// Number of changes, and bytes that they take.
    pub(crate) fn size(&self) -> (usize, usize) {
        (self.entries.len(), self.bytes.capacity() + self.entries.capacity() * size_of::<Entry>())
    }

    pub(crate) fn assert_invariants(&self) {
        let bytes: usize = self.entries.iter().map(|entry| entry.len as usize).sum();
        assert_eq!(bytes + self.dead, self.bytes.len(), "each change has its bytes");
        let revisions = || self.entries.iter().map(|entry| entry.revision);
        assert!(revisions().is_sorted_by(|a, b| a < b), "revisions ascend");
        assert!(revisions().next().is_none_or(|first| first > self.since));
    }
}
