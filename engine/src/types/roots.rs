//! The roots of a document: the shared types that everything else lies in, by name.

use super::{Array, Map, Text, Value, XmlElement, XmlFragment, XmlText};
use crate::doc::Doc;
use crate::store::TypeHandle;
use crate::update::TypeTag;

impl Doc {
    /// The root text of this name. Roots exist as soon as they are named; the first kind that one is named as stays.
    pub fn text(&mut self, name: &str) -> Text {
        Text(self.root(name, TypeTag::Text))
    }

    /// The root array of this name.
    pub fn array(&mut self, name: &str) -> Array {
        Array(self.root(name, TypeTag::Array))
    }

    /// The root map of this name.
    pub fn map(&mut self, name: &str) -> Map {
        Map(self.root(name, TypeTag::Map))
    }

    /// The root XML fragment of this name.
    pub fn xml_fragment(&mut self, name: &str) -> XmlFragment {
        XmlFragment(self.root(name, TypeTag::XmlFragment))
    }

    /// The root XML element of this name; its node name is `UNDEFINED`, as in Yjs.
    pub fn xml_element(&mut self, name: &str) -> XmlElement {
        XmlElement(self.root(name, TypeTag::XmlElement))
    }

    /// The root XML text of this name.
    pub fn xml_text(&mut self, name: &str) -> XmlText {
        XmlText(self.root(name, TypeTag::XmlText))
    }

    /// The roots that have been named or that content has arrived for, by name. `None`: nobody has named the kind.
    pub fn roots(&self) -> impl Iterator<Item = (&str, Option<Value>)> + '_ {
        let types = &self.store().types;
        types.roots().map(|(name, handle)| (name, types.get(handle).tag.map(|tag| Value::of_type(tag, handle))))
    }

    fn root(&mut self, name: &str, tag: TypeTag) -> TypeHandle {
        let handle = self.store_mut().root(name);
        self.store_mut().types.get_mut(handle).tag.get_or_insert(tag);
        handle
    }
}
