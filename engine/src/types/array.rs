//! `Array`: a list of values and shared types.

use super::{Prelim, Value};
use crate::doc::{Doc, Transaction};
use crate::store::TypeHandle;
use crate::update::TypeTag;
use crate::values::{Any, Error};
use std::ops::RangeBounds;

/// A shared list (`Y.Array`).
///
/// ```
/// use merganser::{Any, ClientId, Doc, Options, Prelim, Value};
///
/// let mut doc = Doc::new(Options::new(ClientId::from(1)));
/// let list = doc.array("ponds");
/// let mut transaction = doc.transact();
/// list.push(&mut transaction, vec!["mill".into(), 7.into(), Prelim::Text("reeds".into())])?;
/// list.unshift(&mut transaction, vec![Any::Null.into()])?;
/// list.delete(&mut transaction, 2, 1)?;
/// transaction.commit();
///
/// assert_eq!(list.to_json(&doc).to_json(), r#"[null,"mill","reeds"]"#);
/// assert_eq!(list.slice(&doc, 1..2), [Value::Any("mill".into())]);
/// assert!(matches!(list.iter(&doc).last(), Some(Value::Text(_))));
/// # Ok::<(), merganser::Error>(())
/// ```
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

    /// The elements one by one, read as they are asked for. (Yjs: `typeListCreateIterator`)
    pub fn iter(self, doc: &Doc) -> impl Iterator<Item = Value> + '_ {
        doc.list_iter(self.0)
    }

    /// The elements of a range of indexes; what lies beyond the end is cut off. O(log + elements).
    /// (Yjs: `typeListSlice`)
    pub fn slice(self, doc: &Doc, range: impl RangeBounds<u32>) -> Vec<Value> {
        doc.list_slice(self.0, range)
    }

    /// The elements as plain values, shared types among them with all that they hold. O(everything in it).
    /// (Yjs: `YArray#toJSON`)
    pub fn to_json(self, doc: &Doc) -> Any {
        Value::from(self).to_json(doc)
    }

    /// Inserts values, as an array or a list, before the element at `index`, directly after the one before it.
    ///
    /// # Errors
    /// An index beyond the end; a handle of another document.
    pub fn insert(
        self,
        transaction: &mut Transaction<'_>,
        index: u32,
        values: impl AsRef<[Prelim]> + IntoIterator<Item = Prelim>,
    ) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        let sequence = transaction.list(self.0);
        if transaction.lengthen_values(sequence, index, values.as_ref())? {
            return Ok(());
        }
        let place = transaction.place_after(sequence, index)?;
        transaction.author_values(sequence, place, Some(index), values)
    }

    /// Inserts values at the absolute end, after deleted elements too. (Yjs: `typeListPushGenerics`)
    ///
    /// # Errors
    /// A handle of another document.
    pub fn push(
        self,
        transaction: &mut Transaction<'_>,
        values: impl AsRef<[Prelim]> + IntoIterator<Item = Prelim>,
    ) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        let sequence = transaction.list(self.0);
        let len = self.len(transaction);
        if transaction.lengthen_values(sequence, len, values.as_ref())? {
            return Ok(());
        }
        let place = transaction.store().order.end(sequence);
        transaction.author_values(sequence, place, Some(len), values)
    }

    /// Inserts values before the first element. (Yjs: `YArray#unshift`)
    ///
    /// # Errors
    /// A handle of another document.
    pub fn unshift(
        self,
        transaction: &mut Transaction<'_>,
        values: impl AsRef<[Prelim]> + IntoIterator<Item = Prelim>,
    ) -> Result<(), Error> {
        self.insert(transaction, 0, values)
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
