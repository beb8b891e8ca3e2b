//! `Array`: a list of values and shared types.

use super::{Prelim, Value};
use crate::doc::{Doc, Transaction};
use crate::store::TypeHandle;
use crate::update::TypeTag;
use crate::values::Error;

/// A shared list (`Y.Array`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Array(pub(crate) TypeHandle);

impl Array {
    const TAGS: &'static [TypeTag] = &[TypeTag::Array];

    /// Number of elements. O(1).
    pub fn len(self, doc: &Doc) -> u32 {
        doc.list_len(self.0)
    }

    /// Whether it has no elements.
    pub fn is_empty(self, doc: &Doc) -> bool {
        self.len(doc) == 0
    }

    /// The element at `index`. O(log).
    pub fn get(self, doc: &Doc, index: u32) -> Option<Value> {
        doc.list_get(self.0, index)
    }

    /// All elements. O(elements).
    pub fn values(self, doc: &Doc) -> Vec<Value> {
        doc.list_values(self.0)
    }

    /// Inserts values before the element at `index`, directly after the one before it.
    ///
    /// # Errors
    /// An index beyond the end; a handle of another document.
    pub fn insert(self, transaction: &mut Transaction<'_>, index: u32, values: Vec<Prelim>) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        let sequence = transaction.list(self.0);
        let place = transaction.place_after(sequence, index)?;
        transaction.author_values(sequence, place, Some(index), values)
    }

    /// Inserts values at the absolute end, after deleted elements too. (Yjs: `typeListPushGenerics`)
    ///
    /// # Errors
    /// A handle of another document.
    pub fn push(self, transaction: &mut Transaction<'_>, values: Vec<Prelim>) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        let sequence = transaction.list(self.0);
        let place = transaction.store().order.end(sequence);
        let len = self.len(transaction);
        transaction.author_values(sequence, place, Some(len), values)
    }

    /// Deletes `len` elements from `index` on.
    ///
    /// # Errors
    /// A range beyond the end; a handle of another document.
    pub fn delete(self, transaction: &mut Transaction<'_>, index: u32, len: u32) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        let sequence = transaction.list(self.0);
        transaction.delete_visible(sequence, index, len)
    }
}
