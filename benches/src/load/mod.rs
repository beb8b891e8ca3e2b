//! Load on a server process, and what it costs that process.

mod client;
mod joins;
mod message;
mod server;
mod typing;

pub use joins::{Joins, join};
pub use server::{Kind, Server};
pub use typing::{Crowd, Typed, type_together};
