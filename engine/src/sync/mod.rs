//! The server side of one document: y-protocols messages, and the `Room` that turns them into effects.

pub mod close;
mod config;
mod connections;
mod effect;
mod flush;
mod frame;
mod handshake;
mod intake;
mod known;
mod meters;
mod opening;
mod page_cache;
mod pending;
mod presence;
mod receive;
mod room;

pub use close::CloseReason;
pub use config::{Durability, Limits, Rights, RoomConfig};
pub use effect::{ConnectionId, Effect, ReadToken, WriteToken};
pub use meters::Meters;
pub use opening::Damage;
pub use room::Room;
