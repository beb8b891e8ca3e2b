//! Merganser: a collaboration engine that speaks the Yjs protocol. It merges concurrent edits and does no I/O.
#![forbid(unsafe_code)]

pub mod archive;
pub mod lib0;
pub mod sync;
pub mod update;
pub mod values;
