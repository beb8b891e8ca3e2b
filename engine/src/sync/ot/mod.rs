//! Clients without an engine: they follow a text by revisions. `ot/PROTOCOL.md` is for who writes one.

mod ask;
mod build;
mod checkpoint;
mod follow;
mod follower;
mod http;
mod refused;
mod tell;

pub(super) use follow::Following;
pub(super) use follower::Follower;
