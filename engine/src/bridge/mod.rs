//! A document for clients without an engine: revisions of its texts, and operations that become transactions.
//!
//! Nothing of it knows connections; `sync/ot` does.

mod content;
mod document;
mod log;

pub(crate) use document::{Bridge, Edited, Refusal, compose_all};
pub(crate) use log::HistoryLimits;
