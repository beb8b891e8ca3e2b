//! Sets of attributes: formats of a text, or changes of them, where `null` takes one away.

use crate::values::{Any, sort_by_text};
use std::sync::Arc;

/// Keys and values, sorted by key (by bytes). A clone shares the set.
#[derive(Clone, Debug, Default)]
pub struct Attributes(Option<Arc<[Entry]>>);

/// A key and its value.
type Entry = (Box<str>, Any);

impl Attributes {
    /// No attributes.
    pub const NONE: Attributes = Attributes(None);

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    /// Number of keys.
    pub fn len(&self) -> usize {
        self.entries().len()
    }

    /// Keys and values, in the order of the keys.
    pub fn entries(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or_default()
    }

    /// The value of a key. O(log keys).
    pub fn value(&self, key: &str) -> Option<&Any> {
        let entries = self.entries();
        entries.binary_search_by(|(of, _)| (**of).cmp(key)).ok().map(|at| &entries[at].1)
    }

    /// The set without those whose value is `null`.
    pub fn without_nulls(&self) -> Attributes {
        if self.entries().iter().all(|(_, value)| *value != Any::Null) {
            return self.clone();
        }
        Attributes::of_sorted(self.entries().iter().filter(|(_, value)| *value != Any::Null).cloned().collect())
    }

    /// What `self` and then `next` set together. A `null` stays only with `keeps_nulls`: where something is retained, and
    /// not where it is inserted. (quill-delta: `AttributeMap.compose`)
    pub(super) fn compose(&self, next: &Attributes, keeps_nulls: bool) -> Attributes {
        match (self.is_empty(), next.is_empty()) {
            (_, true) => return self.clone(),
            (true, false) if keeps_nulls => return next.clone(),
            (true, false) => return next.without_nulls(),
            _ => {}
        }
        let stays = |(_, value): &&Entry| keeps_nulls || *value != Any::Null;
        let mine = self.entries().iter().filter(|(key, _)| next.value(key).is_none());
        let mut together: Vec<Entry> = mine.chain(next.entries().iter().filter(stays)).cloned().collect();
        sort_by_text(&mut together, |(key, _)| key, str::cmp);
        Attributes::of_sorted(together)
    }

    /// What `other` still sets once `self` was set, which is stronger if it has `priority`.
    /// (quill-delta: `AttributeMap.transform`)
    pub(super) fn transform(&self, other: &Attributes, priority: bool) -> Attributes {
        if !priority || self.is_empty() || other.is_empty() {
            return other.clone();
        }
        Attributes::of_sorted(other.entries().iter().filter(|(key, _)| self.value(key).is_none()).cloned().collect())
    }

    /// What takes `self` back where `base` was in force before. (quill-delta: `AttributeMap.invert`)
    pub(super) fn invert(&self, base: &Attributes) -> Attributes {
        let back = |(key, value): &Entry| match base.value(key) {
            // Lists and objects are two even where they are equal, as in JavaScript.
            Some(before) if before != value || matches!(before, Any::Array(_) | Any::Object(_)) => {
                Some((key.clone(), before.clone()))
            }
            Some(_) => None,
            None => (*value != Any::Undefined).then(|| (key.clone(), Any::Null)),
        };
        Attributes::of_sorted(self.entries().iter().filter_map(back).collect())
    }

    /// What has to be set to get from `self` to `target`. (quill-delta: `AttributeMap.diff`)
    pub(super) fn diff(&self, target: &Attributes) -> Attributes {
        let gone = self.entries().iter().filter(|(key, _)| target.value(key).is_none());
        let gone = gone.map(|(key, _)| (key.clone(), Any::Null));
        let set = target.entries().iter().filter(|(key, value)| self.value(key) != Some(value)).cloned();
        gone.chain(set).collect()
    }

    /// Keys come in ascending order, each once.
    pub(super) fn of_sorted(entries: Vec<Entry>) -> Attributes {
        debug_assert!(entries.is_sorted_by(|(a, _), (b, _)| a < b));
        if entries.is_empty() { Attributes::NONE } else { Attributes(Some(entries.into())) }
    }

    /// Whether both are the same set in memory: quickly known to be equal.
    pub(super) fn is_shared_with(&self, other: &Attributes) -> bool {
        match (&self.0, &other.0) {
            (Some(a), Some(b)) => Arc::ptr_eq(a, b),
            (a, b) => a.is_none() && b.is_none(),
        }
    }
}

impl PartialEq for Attributes {
    fn eq(&self, other: &Attributes) -> bool {
        self.is_shared_with(other) || self.entries() == other.entries()
    }
}

/// Of a key that comes several times the last value counts.
impl FromIterator<Entry> for Attributes {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> Attributes {
        let mut entries: Vec<Entry> = entries.into_iter().collect();
        sort_by_text(&mut entries, |(key, _)| key, str::cmp);
        entries.dedup_by(|later, before| {
            let is_same = later.0 == before.0;
            if is_same {
                core::mem::swap(later, before);
            }
            is_same
        });
        Attributes::of_sorted(entries)
    }
}
