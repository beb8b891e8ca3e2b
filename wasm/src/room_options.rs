//! What a host decides about a room, read from a plain object.

use merganser::sync::{Durability, RoomConfig};
use wasm_bindgen::prelude::*;

/// Thirteen times this are 82 MB of an isolate's 128.
const DOCUMENT_BYTES: usize = 6 << 20;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What a host decides about a room; what is left out is as in the native server. */
export interface RoomOptions {
  /** How long an edit may be shown before it is stored, in milliseconds. Without it an edit is stored first. */
  windowMs?: number
  /** Largest message, in bytes (16 MiB). */
  messageBytes?: number
  /** Most client ids that a message may name (131,072; a quarter of that, if they are not in order). */
  messageClients?: number
  /** Most connections at a time (1,000). */
  connections?: number
  /** Most bytes of updates that wait for what they depend on (1 MiB). */
  pendingBytes?: number
  /** Most awareness entries (1,000). */
  awarenessEntries?: number
  /** Largest awareness entry, in bytes of its JSON (8 KiB). */
  awarenessEntryBytes?: number
  /** Most bytes of all awareness entries: who joins is sent all of them at once (1 MiB). */
  awarenessBytes?: number
  /** Most bytes of messages that wait while the room reads its rows (32 MiB). */
  waitingBytes?: number
  /** Most bytes of edits that wait to be stored (64 MiB). */
  unstoredBytes?: number
  /** Most bytes of base pages that are kept for the next client that joins (4 MiB). */
  pageCacheBytes?: number
  /** Most revisions of a root that are kept in memory for clients without an engine (20,000). */
  historyRevisions?: number
  /** Most bytes of what changed in them (4 MiB). */
  historyBytes?: number
  /**
   * Most bytes of updates of a document that is held in memory for such clients (6 MiB, less than in the native server: it
   * takes up to 9 times as much while it is built, many small values up to 13 times). A larger one is refused to them, while
   * others go on.
   */
  documentBytes?: number
  /** Largest message of such a client, in bytes (512 KiB). */
  operationBytes?: number
  /** Most steps of an operation (4,000). */
  operationSteps?: number
  /** How long it stays in memory after its last use, in milliseconds (60,000). */
  documentKeptMs?: number
  /** Most sessions of such clients that are remembered beyond the journal (256). */
  sessions?: number
  /** Most roots that such clients may have open in one document (64). */
  roots?: number
  /** Another whole number wherever stored rows may have gone back in time: after they were restored, copied or moved (0). */
  incarnation?: number
  /** Whether all that was ever deleted is kept (not). A document of which it was once kept goes on keeping it. */
  keepsHistory?: boolean
  /** Whether `Room.nextAccepted` tells of updates (not). Only with `windowMs`. */
  tellsAccepted?: boolean
  /**
   * After a broadcast what comes within so many milliseconds is passed on together at their end (0: each message by itself):
   * updates, with `windowMs`, and awareness.
   */
  broadcastPauseMs?: number
  /** Largest row that the store takes, in bytes (1,900,000). */
  rowBytes?: number
  /** Most rows that the store takes in one batch (1,000). */
  batchRows?: number
}
"#;

#[wasm_bindgen]
extern "C" {
    /// See the TypeScript declaration.
    #[wasm_bindgen(typescript_type = "RoomOptions")]
    pub type RoomOptions;
    #[wasm_bindgen(method, getter, structural, js_name = windowMs)]
    fn window_ms(this: &RoomOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter, structural, js_name = messageBytes)]
    fn message_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = messageClients)]
    fn message_clients(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural)]
    fn connections(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = pendingBytes)]
    fn pending_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = awarenessEntries)]
    fn awareness_entries(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = awarenessEntryBytes)]
    fn awareness_entry_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = awarenessBytes)]
    fn awareness_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = waitingBytes)]
    fn waiting_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = unstoredBytes)]
    fn unstored_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = pageCacheBytes)]
    fn page_cache_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = historyRevisions)]
    fn history_revisions(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = historyBytes)]
    fn history_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = documentBytes)]
    fn document_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = operationBytes)]
    fn operation_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = operationSteps)]
    fn operation_steps(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = documentKeptMs)]
    fn document_kept_ms(this: &RoomOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter, structural)]
    fn sessions(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural)]
    fn roots(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural)]
    fn incarnation(this: &RoomOptions) -> Option<f64>;
    #[wasm_bindgen(method, getter, structural, js_name = keepsHistory)]
    fn keeps_history(this: &RoomOptions) -> Option<bool>;
    #[wasm_bindgen(method, getter, structural, js_name = tellsAccepted)]
    fn tells_accepted(this: &RoomOptions) -> Option<bool>;
    #[wasm_bindgen(method, getter, structural, js_name = broadcastPauseMs)]
    fn broadcast_pause_ms(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = rowBytes)]
    fn row_bytes(this: &RoomOptions) -> Option<u32>;
    #[wasm_bindgen(method, getter, structural, js_name = batchRows)]
    fn batch_rows(this: &RoomOptions) -> Option<u32>;
}

pub(crate) fn config_from_js(options: &RoomOptions) -> Result<RoomConfig, JsError> {
    let mut config = RoomConfig::default();
    if let Some(ms) = options.window_ms() {
        config.durability = Durability::Window { ms: ms as u64 };
    }
    config.incarnation = options.incarnation().map_or(0, |given| given as u64);
    config.keeps_history = options.keeps_history().unwrap_or(false);
    config.tells_accepted = options.tells_accepted().unwrap_or(false);
    config.broadcast_pause_ms = options.broadcast_pause_ms().map_or(0, u64::from);
    let limits = &mut config.limits;
    limits.document_bytes = DOCUMENT_BYTES;
    limits.document_kept_ms = options.document_kept_ms().map_or(limits.document_kept_ms, |given| given as u64);
    for (place, given) in [
        (&mut limits.message_bytes, options.message_bytes()),
        (&mut limits.message_clients, options.message_clients()),
        (&mut limits.connections, options.connections()),
        (&mut limits.pending_bytes, options.pending_bytes()),
        (&mut limits.awareness_entries, options.awareness_entries()),
        (&mut limits.awareness_entry_bytes, options.awareness_entry_bytes()),
        (&mut limits.awareness_bytes, options.awareness_bytes()),
        (&mut limits.waiting_bytes, options.waiting_bytes()),
        (&mut limits.unstored_bytes, options.unstored_bytes()),
        (&mut limits.page_cache_bytes, options.page_cache_bytes()),
        (&mut limits.history_revisions, options.history_revisions()),
        (&mut limits.history_bytes, options.history_bytes()),
        (&mut limits.document_bytes, options.document_bytes()),
        (&mut limits.operation_bytes, options.operation_bytes()),
        (&mut limits.operation_steps, options.operation_steps()),
        (&mut limits.sessions, options.sessions()),
        (&mut limits.roots, options.roots()),
        (&mut config.host.row_bytes, options.row_bytes()),
        (&mut config.host.batch_rows, options.batch_rows()),
    ] {
        *place = given.map_or(*place, |given| given as usize);
    }
    if config.host.row_bytes < 1 << 10 || config.host.batch_rows < 4 {
        return Err(JsError::new("rows of less than 1,024 bytes or batches of less than 4 rows hold nothing"));
    }
    Ok(config)
}
