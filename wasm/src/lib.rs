//! The engine for JavaScript: one file for each class and one for the functions, no logic of its own.
//!
//! An edit is a transaction of its own and returns the update to be sent, `undefined` if it changed nothing. What the
//! engine refuses is thrown as an `Error`, and the document is then as it was.

mod array;
mod doc;
mod map;
mod text;
mod updates;
mod values;

pub use array::SharedArray;
pub use doc::Doc;
pub use map::SharedMap;
pub use text::SharedText;
pub use updates::{diff_update, encode_state_vector_from_update, merge_updates};
