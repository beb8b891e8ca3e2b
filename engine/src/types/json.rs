//! Shared types as plain values.

use super::{Array, MAX_SHOWN_DEPTH, Map, Text, Value, XmlElement, XmlFragment, XmlHook, XmlText};
use crate::doc::Doc;
use crate::values::Any;

impl Doc {
    /// All roots that somebody has named the kind of, by name, as plain values. O(document). (Yjs: `Doc#toJSON`)
    pub fn to_json(&self) -> Any {
        Any::Object(self.roots().filter_map(|(name, root)| Some((name.into(), root?.to_json(self)))).collect())
    }
}

impl Value {
    /// The value with everything in it as a plain value: texts as strings, XML as its text. (Yjs: `toJSON`)
    pub fn to_json(&self, doc: &Doc) -> Any {
        let too_deep = |handle: u32| doc.store().types.get(handle).depth > MAX_SHOWN_DEPTH;
        match self {
            Value::Any(any) => any.clone(),
            Value::Text(Text(handle)) => doc.plain_text(*handle).into(),
            Value::Array(Array(handle)) | Value::Map(Map(handle)) | Value::XmlHook(XmlHook(handle))
                if too_deep(*handle) =>
            {
                Any::Null
            }
            Value::Array(array) => Any::Array(array.values(doc).iter().map(|value| value.to_json(doc)).collect()),
            Value::Map(Map(handle)) | Value::XmlHook(XmlHook(handle)) => {
                Any::Object(doc.entries(*handle).map(|(key, value)| (key.into(), value.to_json(doc))).collect())
            }
            Value::XmlElement(XmlElement(handle))
            | Value::XmlFragment(XmlFragment(handle))
            | Value::XmlText(XmlText(handle)) => doc.xml_string(*handle).into(),
            Value::Subdoc(subdoc) => Any::Object(vec![
                ("guid".into(), Any::from(subdoc.guid.as_str())),
                ("options".into(), subdoc.options.clone()),
            ]),
        }
    }
}
