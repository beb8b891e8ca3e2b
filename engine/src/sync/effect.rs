//! What a `Room` asks its host to do. The host carries effects out in order and decides nothing.

use crate::archive::{RowKey, RowWrite};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// A connection, numbered by the host; a number is not used twice in a room's life.
pub type ConnectionId = u64;

/// Names a read, so that its rows can be handed in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ReadToken(pub u64);

/// Names a write, so that its outcome can be reported.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct WriteToken(pub u64);

/// What a room has taken in of an update: what was new in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accepted {
    /// Whose update it was. Absent for what had waited for something missing that another one brought.
    pub from: Option<ConnectionId>,
    /// An update (v1).
    pub update: Vec<u8>,
}

/// One thing for the host to do.
#[derive(Clone, Debug, PartialEq)]
pub enum Effect {
    /// Read all rows with keys in this range and hand them to `Room::rows` in key order.
    Read {
        /// To be handed back with the rows.
        token: ReadToken,
        /// Which rows.
        keys: RangeInclusive<RowKey>,
    },
    /// Write these rows in one atomic batch and report to `Room::written`. Several writes may be under way;
    /// they must take effect in the order in which they were asked for.
    Write {
        /// To be handed back with the outcome.
        token: WriteToken,
        /// The batch.
        rows: Vec<RowWrite>,
    },
    /// Send one message to each of these connections.
    Send {
        /// Who gets it.
        to: Vec<ConnectionId>,
        /// One whole protocol message.
        message: Arc<[u8]>,
        /// Whether it is text (UTF-8): a text frame of a WebSocket, or a part of a stream of server-sent events as it is.
        /// Else it is a binary frame.
        is_text: bool,
    },
    /// Answer a request over HTTP. The room has forgotten it already: no `disconnect` needs to follow.
    Respond {
        /// Which.
        connection: ConnectionId,
        /// Status.
        status: u16,
        /// JSON.
        body: Arc<[u8]>,
    },
    /// Keep these bytes with the connection, so that they outlive the room's memory (hibernation); they replace
    /// what was kept. Hosts whose rooms live as long as their connections may ignore it.
    Attach {
        /// Whose.
        connection: ConnectionId,
        /// At most 15,000 bytes.
        bytes: Vec<u8>,
    },
    /// Close the connection with this WebSocket close code (44xx: final, 45xx: try again) and reason.
    /// The room has forgotten it already: no `disconnect` needs to follow.
    Close {
        /// Which.
        connection: ConnectionId,
        /// WebSocket close code.
        code: u16,
        /// Why, in at most 123 bytes.
        reason: &'static str,
    },
    /// Call `Room::tick` at this time (milliseconds, the host's clock), as long as the room is in memory. Replaces an
    /// earlier request.
    CallAt {
        /// When; absent if nothing waits for a call any more.
        at_ms: Option<u64>,
    },
    /// Call `Room::tick` at this time even if the room has left memory by then: open it again. Replaces an earlier
    /// request; rare, since it may cost the host a stored row.
    WakeAt {
        /// When.
        at_ms: u64,
    },
}
