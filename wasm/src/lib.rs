//! The engine for JavaScript: one file for each class and one for the functions, no logic of its own.
//!
//! `Doc` is a replica of a document, `Room` the server side of one. An edit is a transaction of its own and returns the update to be sent, `undefined` if it changed nothing. What the
//! engine refuses is thrown as an `Error`, and the document is then as it was.

#[cfg(feature = "room")]
mod archive_file;
#[cfg(feature = "doc")]
mod array;
#[cfg(feature = "contract")]
mod contract;
#[cfg(feature = "doc")]
mod doc;
#[cfg(feature = "room")]
mod effect;
#[cfg(feature = "doc")]
mod map;
#[cfg(feature = "room")]
mod room;
#[cfg(feature = "room")]
mod room_condition;
#[cfg(feature = "room")]
mod room_options;
#[cfg(any(feature = "room", feature = "contract"))]
mod rows;
#[cfg(feature = "room")]
mod subject;
#[cfg(feature = "doc")]
mod text;
#[cfg(feature = "doc")]
mod updates;
#[cfg(feature = "doc")]
mod values;

#[cfg(feature = "room")]
pub use archive_file::{Exporter, Importer};
#[cfg(feature = "doc")]
pub use array::SharedArray;
#[cfg(feature = "contract")]
pub use contract::Contract;
#[cfg(feature = "doc")]
pub use doc::Doc;
#[cfg(feature = "doc")]
pub use map::SharedMap;
#[cfg(feature = "room")]
pub use room::Room;
#[cfg(feature = "doc")]
pub use text::SharedText;
#[cfg(feature = "doc")]
pub use updates::{
    convert_update_format_v1_to_v2, convert_update_format_v2_to_v1, diff_update, diff_update_v2,
    encode_state_vector_from_update, merge_updates, merge_updates_v2,
};
