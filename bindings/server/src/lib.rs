//! The native host of Merganser: WebSocket connections, HTTP requests and a store around the engine's `Room`.

pub mod clock;
mod demo;
pub mod document;
pub mod event;
pub mod metrics;
mod moving;
pub mod options;
mod ot;
pub mod outgoing;
pub mod rooms;
pub mod router;
pub mod server;
pub mod shutdown;
pub mod socket;
pub mod storage;
pub mod upgrade;
pub mod wire;
