//! Operational transformation: changes of texts as Quill's deltas, for clients without an engine. It knows nothing of
//! documents and stores.
//!
//! A [`Delta`] is a list of steps from the start of a content on. A content itself is one that only inserts.
//! Plain-text operations are deltas without attributes and embeds, and pay for neither.
//!
//! ```
//! use merganser::ot::Delta;
//!
//! let note = Delta::new().with_insert("a duck");
//! let mine = Delta::new().with_retain(2).with_insert("diving ");
//! let theirs = Delta::new().with_retain(6).with_insert("s");
//!
//! // Both orders lead to the same text, because each side gets the other's change as it has to be there.
//! let here = note.compose(&mine)?.compose(&mine.transform(&theirs, true))?;
//! let there = note.compose(&theirs)?.compose(&theirs.transform(&mine, false))?;
//! assert_eq!(here, there);
//! assert_eq!(here.text(), "a diving ducks");
//! # Ok::<(), merganser::Error>(())
//! ```
//!
//! Semantics and the order of steps are those of `quill-delta` 5.1 (github.com/slab/delta), but for three things: a
//! boundary inside a surrogate pair is an error, `retain` takes no objects (embeds have no changes of their own), and
//! results are always in normal form.

mod apply;
mod attributes;
mod client;
mod compose;
mod cursor;
mod delta;
mod diff;
mod encode;
mod hunks;
mod invert;
mod json;
mod plain;
pub(crate) mod protocol;
mod transform;
mod undo;

pub use attributes::Attributes;
pub use client::Client;
pub use delta::{Delta, Op};
pub use encode::{MAX_ATTRIBUTES, MAX_LEN};
pub use protocol::{
    ClientMessage, Form, MAX_ROOT_BYTES, MAX_SESSION_BYTES, SentOp, ServerMessage, Subject, Unreadable, form_of,
};
pub use undo::UndoStack;
