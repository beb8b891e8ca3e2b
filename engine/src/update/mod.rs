//! The Yjs update format as plain values: read, check, merge and cut updates without a document.
//!
//! `FORMAT.md` in this folder draws the format byte by byte.

mod delete_set;
mod parse;
mod state_vector;
mod structs;
mod write;

pub use delete_set::{read_delete_set, write_delete_set};
pub(crate) use parse::parse_struct;
pub use parse::{ClientStructs, Update};
pub use state_vector::{decode_state_vector, encode_state_vector, write_state_vector};
pub use structs::{ByteRange, Content, Parent, Struct, TypeTag};
pub(crate) use write::units_of;
pub use write::{StructPart, WrittenParent, write_struct};
