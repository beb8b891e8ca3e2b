//! What happens to a document: what its task is told, by connections, requests and the storage.

use crate::outgoing::Outgoing;
use crate::storage::Outcome;
use bytes::Bytes;
use merganser::archive::RowKey;
use merganser::ot::Subject;
use merganser::sync::{CloseReason, ConnectionId, ReadToken, Request, WriteToken};
use std::sync::Arc;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

/// What happens to a document.
#[derive(Debug)]
pub enum Event {
    /// A client has connected.
    Connect {
        /// The client's connection.
        connection: ConnectionId,
        /// What it speaks.
        client: Client,
        /// Where it gets its messages from.
        outgoing: Arc<Outgoing>,
    },
    /// A connection has sent a message.
    Message {
        /// Which.
        connection: ConnectionId,
        /// What it has sent.
        bytes: Bytes,
        /// Bounds the bytes that wait here.
        permit: OwnedSemaphorePermit,
    },
    /// Something is asked over HTTP.
    Request {
        /// A number as connections have it.
        connection: ConnectionId,
        /// About which root.
        subject: Subject,
        /// What.
        asked: Asked,
        /// Where the answer goes. Dropped without one: the document can't be had now.
        answer: oneshot::Sender<Answer>,
        /// Bounds the bytes that wait here.
        permit: OwnedSemaphorePermit,
    },
    /// This connection is gone, or nobody waits for the answer to this request.
    Disconnect(ConnectionId),
    /// Rows that the room has asked for.
    Rows(ReadToken, Outcome<Vec<(RowKey, Vec<u8>)>>),
    /// What became of a write that the room has asked for.
    Written(WriteToken, Outcome<()>),
    /// The document is taken away: everybody is closed with this, and the task ends. What it holds is dropped then.
    TakeAway(CloseReason, oneshot::Sender<()>),
    /// The server is about to end.
    ShutDown,
}

/// What a connection speaks.
#[derive(Clone, Debug)]
pub enum Client {
    /// The Yjs protocol.
    Yjs,
    /// The OT protocol, over a WebSocket.
    Ot,
    /// Nothing: it listens to server-sent events.
    Listener {
        /// To which root.
        subject: Subject,
        /// Epoch and revision that it has.
        from: Option<(String, u64)>,
    },
}

/// What is asked over HTTP.
#[derive(Clone, Debug)]
pub enum Asked {
    /// The content.
    Content,
    /// What has changed.
    Changes {
        /// Since this epoch
        epoch: String,
        /// and this revision,
        since: u64,
        /// and if there is nothing, what changes within so many milliseconds.
        wait_ms: u64,
    },
    /// To carry out an operation: the body of the request.
    Edit(Bytes),
}

/// What is answered to a request.
#[derive(Debug)]
pub struct Answer {
    /// Status over HTTP.
    pub status: u16,
    /// JSON.
    pub body: Bytes,
}

impl Event {
    /// How many bytes there are to work on.
    pub fn bytes(&self) -> usize {
        match self {
            Event::Message { bytes, .. } => bytes.len(),
            Event::Request { asked, .. } => asked.bytes(),
            Event::Rows(_, Ok(rows)) => rows.iter().map(|(_, bytes)| bytes.len()).sum(),
            _ => 0,
        }
    }
}

impl Asked {
    /// How many bytes a client has sent.
    pub fn bytes(&self) -> usize {
        if let Asked::Edit(body) = self { body.len() } else { 0 }
    }

    /// As a room is asked.
    pub fn as_request(&self) -> Request<'_> {
        match self {
            Asked::Content => Request::Content,
            Asked::Changes { epoch, since, wait_ms } => Request::Changes { epoch, since: *since, wait_ms: *wait_ms },
            Asked::Edit(body) => Request::Edit(body),
        }
    }
}
