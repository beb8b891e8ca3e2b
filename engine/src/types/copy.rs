//! The content of a shared type as content that can be inserted elsewhere.

use super::{Array, DeltaEdit, DeltaInsert, Map, Prelim, Text, Value, XmlElement, XmlFragment, XmlHook, XmlText};
use crate::doc::Doc;
use crate::store::TypeHandle;
use crate::values::{Any, Error, ErrorKind};

impl Value {
    /// The value with all that it holds now, to be inserted elsewhere, in this document or another one.
    /// O(what it holds). (Yjs: `clone`)
    ///
    /// Here everything is copied. In Yjs attributes of a text are left out, and shared types that are embedded in a
    /// text or are attributes or entries of a hook are not cloned but moved, which breaks them.
    ///
    /// # Errors
    /// [`NestedTooDeeply`](ErrorKind::NestedTooDeeply): types lie in each other more than 256 deep.
    pub fn to_prelim(&self, doc: &Doc) -> Result<Prelim, Error> {
        doc.prelim_of(self, 0)
    }
}

macro_rules! copied {
    ($($name:ident),*) => {
        $(impl $name {
            /// Its content, to be inserted elsewhere; see [`Value::to_prelim`]. (Yjs: `clone`)
            ///
            /// # Errors
            /// [`NestedTooDeeply`](ErrorKind::NestedTooDeeply): types lie in each other more than 256 deep.
            pub fn to_prelim(self, doc: &Doc) -> Result<Prelim, Error> {
                Value::from(self).to_prelim(doc)
            }
        })*
    };
}

copied!(Text, Array, Map, XmlElement, XmlFragment, XmlText, XmlHook);

impl Doc {
    fn prelim_of(&self, value: &Value, depth: u32) -> Result<Prelim, Error> {
        if depth > super::MAX_SHOWN_DEPTH {
            return Err(ErrorKind::NestedTooDeeply.into());
        }
        let list = |values: Vec<Value>| -> Result<Vec<Prelim>, Error> {
            values.iter().map(|value| self.prelim_of(value, depth + 1)).collect()
        };
        Ok(match value {
            Value::Any(value) => Prelim::Any(value.clone()),
            Value::Subdoc(subdoc) => Prelim::Subdoc { guid: subdoc.guid.clone(), options: subdoc.options.clone() },
            Value::Array(of) => Prelim::Array(list(of.values(self))?),
            Value::Map(of) => Prelim::Map(self.prelim_entries(of.0, depth)?),
            Value::Text(of) => match self.prelim_text(of.0, depth)? {
                Content::Plain(text) => Prelim::Text(text),
                Content::Formatted(delta, attributes) => Prelim::FormattedText { delta, attributes },
            },
            Value::XmlText(of) => match self.prelim_text(of.0, depth)? {
                Content::Plain(text) => Prelim::XmlText(text),
                Content::Formatted(delta, attributes) => Prelim::FormattedXmlText { delta, attributes },
            },
            Value::XmlElement(of) => Prelim::XmlElement {
                name: of.name(self).into(),
                attributes: self.prelim_entries(of.0, depth)?,
                children: list(of.children(self))?,
            },
            Value::XmlFragment(of) => Prelim::XmlFragment(list(of.children(self))?),
            Value::XmlHook(of) => {
                Prelim::XmlHook { name: of.name(self).into(), entries: self.prelim_entries(of.0, depth)? }
            }
        })
    }

    fn prelim_entries(&self, handle: TypeHandle, depth: u32) -> Result<Vec<(String, Prelim)>, Error> {
        self.entries(handle).map(|(key, value)| Ok((key.into(), self.prelim_of(&value, depth + 1)?))).collect()
    }

    fn prelim_text(&self, handle: TypeHandle, depth: u32) -> Result<Content, Error> {
        let attributes = self.prelim_entries(handle, depth)?;
        let mut is_plain = attributes.is_empty();
        let mut delta = Vec::new();
        for op in self.delta(handle) {
            is_plain &= op.attributes.is_empty() && matches!(op.insert, DeltaInsert::Text(_));
            let insert = match op.insert {
                DeltaInsert::Text(text) => Prelim::Any(Any::from(&*text)),
                DeltaInsert::Embed(value) => self.prelim_of(&value, depth + 1)?,
            };
            delta.push(DeltaEdit::Insert { insert, attributes: op.attributes.to_vec() });
        }
        // Several inserts of plain text are several items.
        Ok(if is_plain && delta.len() <= 1 {
            Content::Plain(self.plain_text(handle))
        } else {
            Content::Formatted(delta, attributes)
        })
    }
}

/// The content of a text; plain where it has neither formats, embeds nor attributes.
enum Content {
    Plain(String),
    Formatted(Vec<DeltaEdit>, Vec<(String, Prelim)>),
}
