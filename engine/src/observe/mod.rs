//! Callbacks: a document that tells whoever listens what its transactions change.
//!
//! Everything here is built from what a [`Commit`](crate::Commit) tells as values; a program that likes those better
//! needs none of it.

mod listeners;
mod managers;
mod observed;
mod reaction;
mod telling;
mod told;

pub use listeners::Subscription;
pub use managers::{ManagerId, StackEvent};
pub use observed::{ObservedDoc, ObservedOptions};
pub use reaction::Reaction;
