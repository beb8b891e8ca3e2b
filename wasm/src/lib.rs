//! The engine for JavaScript: one file for each class, no logic of its own.
//!
//! An edit is a transaction of its own and returns the update to be sent, `undefined` if it changed nothing. What the
//! engine refuses is thrown as an `Error`, and the document is then as it was.

mod array;
mod doc;
mod map;
mod text;
mod values;

pub use array::SharedArray;
pub use doc::Doc;
pub use map::SharedMap;
pub use text::SharedText;
