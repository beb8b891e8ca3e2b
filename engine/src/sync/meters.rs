//! Counters of a room, for a host to export.

/// What a room has done since it was opened, and what it holds now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Meters {
    /// Messages received, and their bytes.
    pub messages_in: u64,
    /// Bytes of messages received.
    pub bytes_in: u64,
    /// Messages sent, once for each receiver.
    pub messages_out: u64,
    /// Bytes of messages sent, once for each receiver.
    pub bytes_out: u64,
    /// Updates that brought something new.
    pub updates_new: u64,
    /// Updates that brought nothing new.
    pub updates_known: u64,
    /// Updates of which something had to wait for what it depends on.
    pub updates_pending: u64,
    /// Updates that were too much for a turn, and so taken step by step.
    pub updates_large: u64,
    /// Updates that were refused: malformed, too large, without the right to write.
    pub updates_refused: u64,
    /// Flushes of unstored edits.
    pub flushes: u64,
    /// Flushes that failed.
    pub failed_flushes: u64,
    /// Rows written, deleted ones included.
    pub rows_written: u64,
    /// Bytes in rows written.
    pub bytes_written: u64,
    /// Rows read.
    pub rows_read: u64,
    /// Times that the journal was folded into the base.
    pub folds: u64,
    /// Base pages that were written anew without what was deleted of them.
    pub pages_collected: u64,
    /// Connections that reached the end of their handshake.
    pub joins: u64,
    /// Operations of clients without an engine that were carried out.
    pub operations: u64,
    /// Times that the document was built for such clients.
    pub documents_built: u64,
    /// Units of work that were counted: about a microsecond each, of an engine in WebAssembly.
    pub units: u64,
    /// Changes in the logs of revisions for them, now.
    pub history_changes: usize,
    /// Bytes that these logs take, now.
    pub history_bytes: usize,
    /// Connections now.
    pub connections: usize,
    /// Awareness entries now.
    pub awareness_entries: usize,
    /// Bytes of updates that wait for what they depend on, now.
    pub pending_bytes: usize,
}
