//! The server side of one document: y-protocols messages, and the `Room` that turns them into effects.

pub mod close;
mod config;
mod effect;
mod meters;

pub use config::{Durability, Limits, Rights, RoomConfig};
pub use effect::{ConnectionId, Effect, ReadToken, WriteToken};
pub use meters::Meters;
