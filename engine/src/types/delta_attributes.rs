//! `DeltaAttributes`: the formatting of one op of a delta.

use super::Attributes;
use crate::values::Any;
use std::fmt;
use std::ops::Deref;
use std::sync::Arc;

/// The formatting of an op of a delta: keys and values, in the order in which they came into force. It reads as a slice;
/// [`to_vec`](slice::to_vec) makes [`Attributes`] of it. Ops that are formatted alike mostly share it, and a clone is O(1).
#[derive(Clone, Default, PartialEq)]
pub struct DeltaAttributes(Option<Arc<[Entry]>>);

/// A key and its value.
type Entry = (Box<str>, Any);

impl DeltaAttributes {
    /// No formatting.
    pub const NONE: DeltaAttributes = DeltaAttributes(None);
}

impl Deref for DeltaAttributes {
    type Target = [Entry];

    fn deref(&self) -> &[Entry] {
        self.0.as_deref().unwrap_or_default()
    }
}

impl From<Attributes> for DeltaAttributes {
    fn from(attributes: Attributes) -> DeltaAttributes {
        DeltaAttributes((!attributes.is_empty()).then(|| attributes.into()))
    }
}

impl FromIterator<Entry> for DeltaAttributes {
    fn from_iter<I: IntoIterator<Item = Entry>>(entries: I) -> DeltaAttributes {
        DeltaAttributes::from(Attributes::from_iter(entries))
    }
}

impl<const LEN: usize> PartialEq<[Entry; LEN]> for DeltaAttributes {
    fn eq(&self, other: &[Entry; LEN]) -> bool {
        **self == *other
    }
}

impl fmt::Debug for DeltaAttributes {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_list().entries(self.iter()).finish()
    }
}
