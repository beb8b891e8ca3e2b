//! `DeltaText`: the characters of one op of a delta.

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// Characters that an op of a delta inserts. It reads as a `str`. All that was read at once lies in one string, which
/// stays as long as one of the ops does; who keeps a few of many copies them ([`str::to_owned`]). A clone is O(1).
#[derive(Clone)]
pub struct DeltaText {
    all: Arc<String>,
    part: Range<usize>,
}

impl DeltaText {
    /// Part of a text; both ends are borders of characters.
    pub(super) fn part_of(all: &Arc<String>, part: Range<usize>) -> DeltaText {
        debug_assert!(all.get(part.clone()).is_some());
        DeltaText { all: all.clone(), part }
    }

    /// The characters.
    pub fn as_str(&self) -> &str {
        &self.all[self.part.clone()]
    }
}

impl Deref for DeltaText {
    type Target = str;

    fn deref(&self) -> &str {
        self.as_str()
    }
}

impl From<String> for DeltaText {
    fn from(text: String) -> DeltaText {
        DeltaText { part: 0..text.len(), all: Arc::new(text) }
    }
}

impl From<&str> for DeltaText {
    fn from(text: &str) -> DeltaText {
        DeltaText::from(text.to_owned())
    }
}

impl From<DeltaText> for String {
    fn from(text: DeltaText) -> String {
        text.as_str().to_owned()
    }
}

impl PartialEq for DeltaText {
    fn eq(&self, other: &DeltaText) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for DeltaText {}

impl PartialEq<str> for DeltaText {
    fn eq(&self, other: &str) -> bool {
        self.as_str() == other
    }
}

impl PartialEq<&str> for DeltaText {
    fn eq(&self, other: &&str) -> bool {
        self.as_str() == *other
    }
}

impl fmt::Debug for DeltaText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), out)
    }
}

impl fmt::Display for DeltaText {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(self)
    }
}
