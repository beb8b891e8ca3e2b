//! WebSocket close codes: 44xx are final (the same again would end the same), 45xx ask to try again. `CLOSE_CODES.md` in this
//! folder is the table of all, with what a client does about each.

/// A code with the reason that is sent beside it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// WebSocket close code.
    pub code: u16,
    /// At most 123 bytes.
    pub reason: &'static str,
}

const fn reason(code: u16, reason: &'static str) -> CloseReason {
    CloseReason { code, reason }
}

/// The server is going down or starting again.
pub const SHUTTING_DOWN: CloseReason = reason(1012, "the server is restarting");
/// A message breaks the protocol or the update format.
pub const MALFORMED: CloseReason = reason(4400, "malformed message");
/// The document was deleted while the client was connected. Who connects again begins a new one. (Sent by hosts.)
pub const DELETED: CloseReason = reason(4404, "the document was deleted");
/// A message is larger than `Limits::message_bytes`.
pub const MESSAGE_TOO_LARGE: CloseReason = reason(4413, "message too large");
/// One value, which can't be cut, is larger than a stored row.
pub const VALUE_TOO_LARGE: CloseReason = reason(4414, "a single value is too large to be stored");
/// A message names more client ids than `Limits::message_clients`.
pub const TOO_MANY_CLIENTS: CloseReason = reason(4415, "too many client ids in one message");
/// Updates that wait for missing ones would pass `Limits::pending_bytes`.
pub const PENDING_LIMIT: CloseReason = reason(4420, "too much waits for missing updates");
/// Awareness entries would pass `Limits::awareness_entries`.
pub const AWARENESS_ENTRIES: CloseReason = reason(4421, "too many awareness entries");
/// An awareness entry is larger than `Limits::awareness_entry_bytes`.
pub const AWARENESS_ENTRY_TOO_LARGE: CloseReason = reason(4422, "awareness entry too large");
/// Awareness entries would pass `Limits::awareness_bytes`.
pub const AWARENESS_BYTES: CloseReason = reason(4423, "awareness of all clients too large");
/// A client without an engine, where the feature `followers` is off.
pub const NO_FOLLOWERS: CloseReason = reason(4430, "clients without an engine are not served here");
/// The document is larger than `Limits::document_bytes`. Clients that speak the Yjs protocol go on.
pub const DOCUMENT_TOO_LARGE: CloseReason = reason(4431, "the document is too large for clients without an engine");
/// The store failed; what this connection sent last may not be stored.
pub const NOT_STORED: CloseReason = reason(4500, "the update could not be stored");
/// More connections than `Limits::connections`.
pub const TOO_MANY_CONNECTIONS: CloseReason = reason(4501, "too many connections");
/// More waits for the room's rows than `Limits::waiting_bytes`.
pub const BUSY: CloseReason = reason(4502, "too much waits for the document to be opened");
/// The handshake was lost (hibernation, a failing store): begin again.
pub const SYNC_AGAIN: CloseReason = reason(4503, "connect again to synchronise");
/// More edits wait to be stored than `Limits::unstored_bytes`.
pub const STORE_TOO_SLOW: CloseReason = reason(4504, "too much waits to be stored");
/// Another document takes this one's place. (Sent by hosts.)
pub const REPLACED: CloseReason = reason(4505, "the document is being replaced; connect again");
/// The document's rows are damaged or can't be read, so that it does not open.
pub const CANNOT_OPEN: CloseReason = reason(4510, "the stored document cannot be opened");
/// The document was stored by a later version of the program.
pub const NEWER_VERSION: CloseReason = reason(4511, "the document was stored by a newer version");
