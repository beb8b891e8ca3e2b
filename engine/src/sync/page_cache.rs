//! Base pages as messages, kept for a while and within a bound, so that many clients that join at once cost one
//! read and share the bytes.

use super::effect::ReadToken;
use crate::values::SortedMap;
use std::ops::RangeInclusive;
use std::sync::Arc;

/// How long pages are kept after they were last used, in milliseconds.
const KEPT_MS: u64 = 10_000;

/// Pages by number.
#[derive(Debug, Default)]
pub(super) struct PageCache {
    /// Absent messages are pages that can't be read.
    messages: SortedMap<u32, Option<Arc<[u8]>>>,
    bytes: usize,
    used_ms: u64,
    /// The read that is under way.
    pub(super) reading: Option<(ReadToken, RangeInclusive<u32>)>,
}

impl PageCache {
    /// The page's message; the inner `None` is a page that can't be read.
    pub(super) fn find(&mut self, page: u32, now_ms: u64) -> Option<Option<Arc<[u8]>>> {
        self.used_ms = now_ms;
        self.messages.get(&page).cloned()
    }

    pub(super) fn insert(&mut self, page: u32, message: Option<Arc<[u8]>>) {
        self.remove(page);
        self.bytes += message.as_ref().map_or(0, |message| message.len());
        self.messages.insert(page, message);
    }

    /// Forgets a page that is written anew; what is being read may still have it as it was, and will be read again.
    pub(super) fn forget(&mut self, page: u32) {
        self.remove(page);
        self.reading.take_if(|(_, pages)| pages.contains(&page));
    }

    fn remove(&mut self, page: u32) {
        if let Some(Some(message)) = self.messages.remove(&page) {
            self.bytes -= message.len();
        }
    }

    pub(super) fn assert_invariants(&self) {
        let bytes: usize = self.messages.values().flatten().map(|message| message.len()).sum();
        assert_eq!(bytes, self.bytes, "bytes of kept pages");
    }

    /// Lets go of what is above `limit` bytes, and of everything after some time without use.
    pub(super) fn shrink(&mut self, limit: usize, now_ms: u64) {
        if self.used_ms + KEPT_MS < now_ms {
            self.messages.clear();
            self.bytes = 0;
        }
        while self.bytes > limit {
            let Some(first) = self.messages.keys().next().copied() else { break };
            self.remove(first);
        }
    }
}
