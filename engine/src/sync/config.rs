//! What a host decides about a room: durability and limits.

use crate::archive::{HostLimits, RowSizes};

/// When others may see an edit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Once it is stored. What one client has seen of another one is never lost.
    BeforeBroadcast,
    /// At once; it is stored within a window. Until then it is kept in its sender's attachment.
    Window {
        /// How long an edit may wait to be stored, in milliseconds; the first message after that stores it.
        ms: u64,
    },
}

/// What a room accepts. Each limit has a close code of its own (see [`close`](super::close)).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Largest message, in bytes.
    pub message_bytes: usize,
    /// Most client ids that a message may name: a state vector, an update, or a delete set. If they neither descend, as Yjs
    /// writes them, nor ascend, a quarter of that.
    pub message_clients: usize,
    /// Most connections at a time.
    pub connections: usize,
    /// Most bytes of updates that wait for what they depend on.
    pub pending_bytes: usize,
    /// Most awareness entries.
    pub awareness_entries: usize,
    /// Largest awareness entry, in bytes of its JSON.
    pub awareness_entry_bytes: usize,
    /// Most bytes of all awareness entries: who joins is sent all of them at once.
    pub awareness_bytes: usize,
    /// Most bytes of messages that wait while the room reads its rows, of large updates that are being taken in, and of what
    /// their senders send meanwhile. (What is kept of a large update besides takes about 150 bytes for each client in it.)
    pub waiting_bytes: usize,
    /// Most bytes of edits that wait to be stored: more come in only when the store keeps up. While it fails, at most 256 KiB.
    pub unstored_bytes: usize,
    /// Most bytes of base pages that are kept for the next client that joins.
    pub page_cache_bytes: usize,
    /// Most revisions of a root that are kept in memory for clients without an engine, and
    pub history_revisions: usize,
    /// most bytes of what changed in them.
    pub history_bytes: usize,
    /// Most bytes of updates of a document that is held in memory for such clients; a larger one is refused to them, while
    /// others go on. Text takes up to 7 times as much memory, 9 times while it is built; many small values in maps 11 and 13
    /// times. Of a document up to a third of this a checkpoint is made, which takes up to 15 (22) times as much meanwhile.
    pub document_bytes: usize,
    /// Largest message of a client without an engine, in bytes, and
    pub operation_bytes: usize,
    /// most steps of an operation: it is carried out at once. Clients send larger ones in parts.
    pub operation_steps: usize,
    /// How long it stays in memory after its last use, in milliseconds.
    pub document_kept_ms: u64,
    /// Most sessions of such clients that are remembered beyond the journal.
    pub sessions: usize,
    /// How much work is done in one call, in units of about a microsecond of an engine in WebAssembly: handshakes and what
    /// waits go on in another call then, which is asked for. So do updates of more than 8 bytes for each unit: they are taken in
    /// step by step. A smaller message, a base page, or a flush is not interrupted.
    pub turn_units: usize,
    /// Most roots that such clients may have open in one document.
    pub roots: usize,
}

impl Limits {
    /// Most client ids that a message may name which are not in order: they are sorted at once.
    pub(super) fn unordered_clients(&self) -> usize {
        self.message_clients / 4
    }
}

impl Default for Limits {
    fn default() -> Self {
        Limits {
            message_bytes: 16 << 20,
            message_clients: 128 << 10,
            connections: 1_000,
            pending_bytes: 1 << 20,
            awareness_entries: 1_000,
            awareness_entry_bytes: 8 << 10,
            awareness_bytes: 1 << 20,
            waiting_bytes: 32 << 20,
            unstored_bytes: 64 << 20,
            page_cache_bytes: 4 << 20,
            history_revisions: 20_000,
            history_bytes: 4 << 20,
            document_bytes: 256 << 20,
            operation_bytes: 512 << 10,
            operation_steps: 4_000,
            document_kept_ms: 60_000,
            turn_units: 5_000,
            sessions: 256,
            roots: 64,
        }
    }
}

/// How a room behaves. The default is that of a native server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RoomConfig {
    /// When others may see an edit.
    pub durability: Durability,
    /// What is accepted.
    pub limits: Limits,
    /// What the store takes.
    pub host: HostLimits,
    /// Sizes at which stored rows are begun and folded.
    pub sizes: RowSizes,
    /// Another number wherever stored rows may have gone back in time: after they were restored, copied or moved. What the
    /// server itself writes gets a new client id then. A random number for each start of the program will do.
    pub incarnation: u64,
    /// Whether all that was ever deleted is kept. Without it deleted content leaves the store by and by, as with `gc` in Yjs. A
    /// document of which a room has once kept the history goes on keeping it, wherever it is moved.
    pub keeps_history: bool,
    /// Whether the host asks which updates were accepted ([`Room::next_accepted`](super::Room::next_accepted)). Only where a
    /// window is kept.
    pub tells_accepted: bool,
    /// After a broadcast what comes within so many milliseconds is passed on together at their end: updates where a window is
    /// kept (of one that is not, what a flush stores is), and awareness. 0 passes on each message by itself.
    pub broadcast_pause_ms: u64,
}

impl Default for RoomConfig {
    fn default() -> Self {
        RoomConfig {
            durability: Durability::BeforeBroadcast,
            limits: Limits::default(),
            host: HostLimits::default(),
            sizes: RowSizes::default(),
            incarnation: 0,
            keeps_history: false,
            tells_accepted: false,
            broadcast_pause_ms: 0,
        }
    }
}

/// What a connection may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Rights {
    /// See the document and show its own awareness.
    Read,
    /// Change the document, too.
    Write,
}
