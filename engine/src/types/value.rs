//! What is read out of a shared type.

use super::{Array, Map, Text, XmlElement, XmlFragment, XmlHook, XmlText};
use crate::doc::Doc;
use crate::lib0::{Reader, read_any};
use crate::store::{Piece, Store, TypeHandle, Unit};
use crate::update::TypeTag;
use crate::values::{Any, Error, ErrorKind};

/// One element of a list, or the value of a key.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// A plain value.
    Any(Any),
    /// A text.
    Text(Text),
    /// An array.
    Array(Array),
    /// A map.
    Map(Map),
    /// An XML element.
    XmlElement(XmlElement),
    /// An XML fragment.
    XmlFragment(XmlFragment),
    /// An XML text.
    XmlText(XmlText),
    /// An XML hook.
    XmlHook(XmlHook),
    /// A subdocument.
    Subdoc(Subdoc),
}

/// A document that another one refers to.
#[derive(Clone, Debug, PartialEq)]
pub struct Subdoc {
    /// Its name, unique in the world.
    pub guid: String,
    /// Options as they were set: an object with `gc`, `autoLoad`, `meta` where they differ from the defaults.
    pub options: Any,
}

impl Subdoc {
    /// Whether its replicas leave out deleted content, as they do by default.
    pub fn gc(&self) -> bool {
        self.option("gc") != Some(&Any::Bool(false))
    }

    /// Whether it is to be loaded as soon as its parent is.
    pub fn auto_load(&self) -> bool {
        self.option("autoLoad") == Some(&Any::Bool(true))
    }

    /// What the program keeps with it; `None` if there is nothing.
    pub fn meta(&self) -> Option<&Any> {
        self.option("meta").filter(|meta| **meta != Any::Null)
    }

    fn option(&self, name: &str) -> Option<&Any> {
        let Any::Object(options) = &self.options else { return None };
        options.iter().find(|(of, _)| **of == *name).map(|(_, value)| value)
    }
}

impl Value {
    pub(crate) fn of_type(tag: TypeTag, handle: TypeHandle) -> Value {
        match tag {
            TypeTag::Array => Value::Array(Array(handle)),
            TypeTag::Map => Value::Map(Map(handle)),
            TypeTag::Text => Value::Text(Text(handle)),
            TypeTag::XmlElement => Value::XmlElement(XmlElement(handle)),
            TypeTag::XmlFragment => Value::XmlFragment(XmlFragment(handle)),
            TypeTag::XmlHook => Value::XmlHook(XmlHook(handle)),
            TypeTag::XmlText => Value::XmlText(XmlText(handle)),
        }
    }

    /// The handle of a shared type of this document.
    ///
    /// # Errors
    /// A plain value or subdocument; a handle of another document.
    pub(crate) fn known_handle(&self, doc: &Doc) -> Result<TypeHandle, Error> {
        let types = &doc.store().types;
        let known = self.handle().filter(|handle| (*handle as usize) < types.len() && types.get(*handle).tag.is_some());
        known.ok_or(ErrorKind::WrongType.into())
    }

    /// The value of a stored unit; `None` for what is no value: marks and collected content.
    pub(crate) fn of_unit(store: &Store, unit: Unit<'_>) -> Option<Value> {
        Some(match unit {
            Unit::Any(bytes) => Value::Any(any(bytes)),
            Unit::Json("undefined") => Value::Any(Any::Undefined),
            Unit::Json(text) | Unit::Embed(text) => Value::Any(Any::from_json(text).unwrap_or_default()),
            Unit::Binary(bytes) => Value::Any(Any::Bytes(bytes.into())),
            Unit::Type(handle) => Value::of_type(store.types.get(handle).tag?, handle),
            Unit::Doc(guid, options) => Value::Subdoc(Subdoc { guid: guid.into(), options: any(options) }),
            Unit::Text(cut) => {
                let mut text = Vec::new();
                cut.write_to(&mut text);
                Value::Any(Any::String(String::from_utf8_lossy(&text).into()))
            }
            Unit::Format(..) | Unit::Nothing => return None,
        })
    }

    /// The values of the units of a piece that is not text.
    pub(crate) fn of_piece(store: &Store, piece: Piece) -> Vec<Value> {
        let mut values = Vec::new();
        store.read_units(piece, |unit| values.extend(Value::of_unit(store, unit)));
        values
    }
}

/// A handle as a value, and the handle of a value.
macro_rules! shared_types {
    ($($name:ident),*) => {
        $(impl From<$name> for Value {
            fn from(shared: $name) -> Value {
                Value::$name(shared)
            }
        })*

        impl Value {
            /// The handle of a shared type; `None` for plain values and subdocuments.
            pub(crate) fn handle(&self) -> Option<TypeHandle> {
                match self {
                    Value::Any(_) | Value::Subdoc(_) => None,
                    $(Value::$name(shared) => Some(shared.0),)*
                }
            }
        }
    };
}

shared_types!(Text, Array, Map, XmlElement, XmlFragment, XmlText, XmlHook);

fn any(bytes: &[u8]) -> Any {
    read_any(&mut Reader::new(bytes)).unwrap_or_default()
}
