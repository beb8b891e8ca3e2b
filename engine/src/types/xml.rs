//! The XML types: fragment, element, text, hook.

use super::{Prelim, Text, Value};
use crate::doc::{Doc, Transaction};
use crate::store::TypeHandle;
use crate::update::TypeTag;
use crate::values::Error;
use std::ops::RangeBounds;

/// A list of XML nodes (`Y.XmlFragment`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct XmlFragment(pub(crate) TypeHandle);

/// A node with a name, attributes and children (`Y.XmlElement`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct XmlElement(pub(crate) TypeHandle);

/// Text between nodes, formatted like a `Text` (`Y.XmlText`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct XmlText(pub(crate) TypeHandle);

/// A named map among XML nodes (`Y.XmlHook`). Its text is `[object Object]`, as in Yjs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct XmlHook(pub(crate) TypeHandle);

/// What fragments and elements have in common.
macro_rules! xml_parent {
    ($name:ident, $tag:expr) => {
        impl $name {
            const TAGS: &'static [TypeTag] = &[$tag];

            /// Number of children. O(1).
            pub fn len(self, doc: &Doc) -> u32 {
                doc.list_len(self.0)
            }

            /// Whether it has no children.
            pub fn is_empty(self, doc: &Doc) -> bool {
                self.len(doc) == 0
            }

            /// The child at `index`. O(log).
            pub fn get(self, doc: &Doc, index: u32) -> Option<Value> {
                doc.list_get(self.0, index)
            }

            /// All children.
            pub fn children(self, doc: &Doc) -> Vec<Value> {
                doc.list_values(self.0)
            }

            /// The children one by one, read as they are asked for.
            pub fn iter(self, doc: &Doc) -> impl Iterator<Item = Value> + '_ {
                doc.list_iter(self.0)
            }

            /// The children of a range of indexes; what lies beyond the end is cut off. O(log + children).
            /// (Yjs: `typeListSlice`)
            pub fn slice(self, doc: &Doc, range: impl RangeBounds<u32>) -> Vec<Value> {
                doc.list_slice(self.0, range)
            }

            /// The first child. O(log). (Yjs: `YXmlFragment#firstChild`)
            pub fn first_child(self, doc: &Doc) -> Option<Value> {
                doc.list_get(self.0, 0)
            }

            /// Inserts children before the one at `index`.
            ///
            /// # Errors
            /// An index beyond the end; a handle of another document.
            pub fn insert(
                self,
                transaction: &mut Transaction<'_>,
                index: u32,
                nodes: Vec<Prelim>,
            ) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                let sequence = transaction.list(self.0);
                let place = transaction.place_after(sequence, index)?;
                transaction.author_values(sequence, place, Some(index), nodes)
            }

            /// Inserts children directly after another one, which may be deleted; `None`: at the start.
            /// (Yjs: `YXmlFragment#insertAfter`)
            ///
            /// # Errors
            /// A reference that is no child of this one; a handle of another document.
            pub fn insert_after(
                self,
                transaction: &mut Transaction<'_>,
                reference: Option<&Value>,
                nodes: Vec<Prelim>,
            ) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                let sequence = transaction.list(self.0);
                let place = match reference {
                    None => transaction.store().order.start(sequence),
                    Some(child) => Some(transaction.place_after_child(sequence, child)?),
                };
                transaction.author_values(sequence, place, None, nodes)
            }

            /// Inserts children after the last one. (Yjs: `YXmlFragment#push`)
            ///
            /// # Errors
            /// A handle of another document.
            pub fn push(self, transaction: &mut Transaction<'_>, nodes: Vec<Prelim>) -> Result<(), Error> {
                let len = doc_len(transaction, self.0, Self::TAGS)?;
                self.insert(transaction, len, nodes)
            }

            /// Inserts children before the first one. (Yjs: `YXmlFragment#unshift`)
            ///
            /// # Errors
            /// A handle of another document.
            pub fn unshift(self, transaction: &mut Transaction<'_>, nodes: Vec<Prelim>) -> Result<(), Error> {
                self.insert(transaction, 0, nodes)
            }

            /// Deletes `len` children from `index` on.
            ///
            /// # Errors
            /// A range beyond the end; a handle of another document.
            pub fn delete(self, transaction: &mut Transaction<'_>, index: u32, len: u32) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                let sequence = transaction.list(self.0);
                transaction.delete_visible(sequence, index, len)
            }

            /// The nodes as text; not escaped, attributes by name, as in Yjs.
            pub fn to_string(self, doc: &Doc) -> String {
                doc.xml_string(self.0)
            }
        }
    };
}

/// The length of a list whose handle is not checked yet.
fn doc_len(doc: &Doc, handle: TypeHandle, tags: &[TypeTag]) -> Result<u32, Error> {
    doc.check_type(handle, tags)?;
    Ok(doc.list_len(handle))
}

xml_parent!(XmlFragment, TypeTag::XmlFragment);
xml_parent!(XmlElement, TypeTag::XmlElement);

/// What elements and texts have in common: attributes of the whole.
macro_rules! xml_attributes {
    ($name:ident) => {
        impl $name {
            /// The value of an attribute.
            pub fn attribute(self, doc: &Doc, key: &str) -> Option<Value> {
                doc.entry_get(self.0, key)
            }

            /// Whether there is an attribute of this name.
            pub fn has_attribute(self, doc: &Doc, key: &str) -> bool {
                doc.has_entry(self.0, key)
            }

            /// All attributes, in the order in which their names first came up here.
            pub fn attributes(self, doc: &Doc) -> impl Iterator<Item = (&str, Value)> + '_ {
                doc.entries(self.0)
            }

            /// Sets an attribute.
            ///
            /// # Errors
            /// A handle of another document.
            pub fn set_attribute(
                self,
                transaction: &mut Transaction<'_>,
                key: &str,
                value: impl Into<Prelim>,
            ) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.author_entry(self.0, key, value.into())
            }

            /// Takes an attribute away; nothing happens if there is none.
            ///
            /// # Errors
            /// A handle of another document.
            pub fn remove_attribute(self, transaction: &mut Transaction<'_>, key: &str) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.delete_entry(self.0, key);
                Ok(())
            }
        }
    };
}

xml_attributes!(XmlElement);
xml_attributes!(XmlText);
xml_attributes!(Text);

impl XmlElement {
    /// Its node name; of a root element `UNDEFINED`, as in Yjs.
    pub fn name(self, doc: &Doc) -> &str {
        doc.store().node_name(self.0)
    }
}

impl XmlHook {
    /// Its hook name.
    pub fn name(self, doc: &Doc) -> &str {
        doc.store().node_name(self.0)
    }
}

impl XmlText {
    /// The characters with their formatting as XML nodes; not escaped, as in Yjs.
    pub fn to_string(self, doc: &Doc) -> String {
        doc.xml_string(self.0)
    }
}
