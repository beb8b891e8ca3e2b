//! Merganser: a collaboration engine that speaks the Yjs protocol. It merges concurrent edits and does no I/O.
//!
//! - [`Doc`] is one replica of a document; edits go through a [`Transaction`], updates of others through
//!   [`Doc::apply_update`].
//! - [`update`] works on updates as plain bytes, without a document: check, merge, cut to a difference.
//! - [`sync`] is the server side of a document: bytes in, effects out.
#![forbid(unsafe_code)]
// What only `bridge` asks of a document.
#![cfg_attr(not(feature = "followers"), allow(dead_code))]

pub mod archive;
pub mod awareness;
#[cfg(feature = "followers")]
mod bridge;
mod doc;
pub mod events;
pub mod history;
mod integrate;
pub mod lib0;
pub mod observe;
mod origin;
pub mod ot;
mod position;
mod store;
pub mod sync;
pub mod types;
pub mod undo;
pub mod update;
pub mod values;

pub use doc::{Commit, Doc, Options, Transaction};
pub use history::Snapshot;
pub use integrate::Applied;
pub use origin::Origin;
pub use position::{AbsolutePosition, PositionType, RelativePosition};
pub use types::{Array, Map, Prelim, Text, Value, XmlElement, XmlFragment, XmlHook, XmlText};
pub use values::{Any, ClientId, Clock, Error, ErrorKind, Id, IdSet, StateVector};

/// The code in the guide is compiled and run with the documentation's tests.
#[cfg(doctest)]
#[doc = include_str!("../FROM_YRS.md")]
pub struct FromYrs;
