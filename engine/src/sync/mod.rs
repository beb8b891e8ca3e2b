//! The server side of one document: y-protocols messages, and the `Room` that turns them into effects.

mod effect;

pub use effect::{ConnectionId, Effect, ReadToken, WriteToken};
