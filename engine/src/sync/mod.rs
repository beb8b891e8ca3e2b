//! The server side of one document: y-protocols messages, and the `Room` that turns them into effects.

mod behind;
mod broadcast;
mod causal_order;
pub mod close;
mod comparing;
mod config;
mod connections;
mod effect;
mod first_page;
mod flush;
mod frame;
mod handshake;
mod intake;
mod invariants;
mod known;
mod known_pages;
mod large_update;
mod loading;
mod message;
mod meters;
#[cfg(not(feature = "followers"))]
mod no_followers;
mod opening;
#[cfg(feature = "followers")]
mod ot;
mod page_cache;
mod paged;
mod pending;
mod presence;
mod protocol;
mod rebuilding;
mod receive;
mod request;
mod room;
mod sweep;
mod taking;
mod their_vector;
mod turn;

pub use close::CloseReason;
pub use config::{Durability, Limits, Rights, RoomConfig};
pub use effect::{Accepted, ConnectionId, Effect, ReadToken, WriteToken};
pub use message::Message;
pub use meters::Meters;
pub use opening::Damage;
pub use protocol::{Answer, answer, step_1};
pub use request::Request;
pub use room::Room;

#[cfg(not(feature = "followers"))]
use no_followers as ot;
