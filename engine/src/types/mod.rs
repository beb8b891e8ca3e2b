//! The shared types: small `Copy` handles that read from a document and write through a transaction.

mod array;
mod copy;
mod delta;
mod delta_attributes;
mod delta_text;
mod family;
mod growing_delta;
mod json;
mod list;
mod map;
mod position;
mod prelim;
mod roots;
mod text;
mod value;
mod xml;
mod xml_string;
mod xml_tree;

pub use array::Array;
pub(crate) use delta::set_attribute;
pub use delta::{DeltaEdit, DeltaInsert, DeltaOp};
pub use delta_attributes::DeltaAttributes;
pub use delta_text::DeltaText;
pub(crate) use growing_delta::GrowingDelta;
pub use map::Map;
pub use prelim::Prelim;
pub use text::{Attributes, Text};
pub use value::{Subdoc, Value};
pub use xml::{XmlElement, XmlFragment, XmlHook, XmlText};
pub use xml_tree::XmlTreeWalker;

/// How deeply types may lie in each other to be shown; what is deeper shows as `null`, or as nothing in XML.
const MAX_SHOWN_DEPTH: u32 = 256;
