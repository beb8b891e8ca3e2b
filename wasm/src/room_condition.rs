//! How a room fares: counters and damage as plain objects of JavaScript.

use js_sys::{Object, Reflect};
use merganser::sync::{Damage, Meters};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What a room has done since it was opened, and what it holds now. */
export interface Meters {
  /** Messages received. */
  messagesIn: number
  /** Bytes of messages received. */
  bytesIn: number
  /** Messages sent, once for each receiver. */
  messagesOut: number
  /** Bytes of messages sent, once for each receiver. */
  bytesOut: number
  /** Updates that brought something new. */
  updatesNew: number
  /** Updates that brought nothing new. */
  updatesKnown: number
  /** Updates of which something had to wait for what it depends on. */
  updatesPending: number
  /** Updates that were too much for a turn, and so taken step by step. */
  updatesLarge: number
  /** Updates that were refused. */
  updatesRefused: number
  /** Flushes of unstored edits. */
  flushes: number
  /** Flushes that failed. */
  failedFlushes: number
  /** Rows written, deleted ones included. */
  rowsWritten: number
  /** Bytes in rows written. */
  bytesWritten: number
  /** Rows read. */
  rowsRead: number
  /** Times that the journal was folded into the base. */
  folds: number
  /** Base pages that were written anew without what was deleted of them. */
  pagesCollected: number
  /** Connections that reached the end of their handshake. */
  joins: number
  /** Operations of clients without an engine that were carried out. */
  operations: number
  /** Times that the document was built for such clients. */
  documentsBuilt: number
  /** Units of work that were counted: about a microsecond each. */
  units: number
  /** Changes in the logs of revisions for them, now. */
  historyChanges: number
  /** Bytes that these logs take, now. */
  historyBytes: number
  /** Connections now. */
  connections: number
  /** Awareness entries now. */
  awarenessEntries: number
  /** Bytes of updates that wait for what they depend on, now. */
  pendingBytes: number
}

/** Something that could not be read from the store. */
export type Damage =
  /** This row is damaged, or belongs to another document. */
  | { kind: 'row', key: number }
  /** What this row said, which was found damaged, was found again elsewhere; it is stored anew. */
  | { kind: 'rebuilt', key: number }
  /** This base page is not there. */
  | { kind: 'missingPage', page: number }
  /** Flushes with these sequence numbers are not there. */
  | { kind: 'missingFlushes', first: number, last: number }
"#;

pub(crate) fn meters_to_js(meters: &Meters) -> JsValue {
    record(&[
        ("messagesIn", meters.messages_in as f64),
        ("bytesIn", meters.bytes_in as f64),
        ("messagesOut", meters.messages_out as f64),
        ("bytesOut", meters.bytes_out as f64),
        ("updatesNew", meters.updates_new as f64),
        ("updatesKnown", meters.updates_known as f64),
        ("updatesPending", meters.updates_pending as f64),
        ("updatesLarge", meters.updates_large as f64),
        ("updatesRefused", meters.updates_refused as f64),
        ("flushes", meters.flushes as f64),
        ("failedFlushes", meters.failed_flushes as f64),
        ("rowsWritten", meters.rows_written as f64),
        ("bytesWritten", meters.bytes_written as f64),
        ("rowsRead", meters.rows_read as f64),
        ("folds", meters.folds as f64),
        ("pagesCollected", meters.pages_collected as f64),
        ("joins", meters.joins as f64),
        ("operations", meters.operations as f64),
        ("documentsBuilt", meters.documents_built as f64),
        ("units", meters.units as f64),
        ("historyChanges", meters.history_changes as f64),
        ("historyBytes", meters.history_bytes as f64),
        ("connections", meters.connections as f64),
        ("awarenessEntries", meters.awareness_entries as f64),
        ("pendingBytes", meters.pending_bytes as f64),
    ])
    .into()
}

pub(crate) fn damage_to_js(damage: &Damage) -> JsValue {
    let (kind, object) = match damage {
        Damage::Row(key) => ("row", record(&[("key", key.to_integer() as f64)])),
        Damage::Rebuilt(key) => ("rebuilt", record(&[("key", key.to_integer() as f64)])),
        Damage::MissingPage(page) => ("missingPage", record(&[("page", f64::from(*page))])),
        Damage::MissingFlushes { first, last } => {
            ("missingFlushes", record(&[("first", *first as f64), ("last", *last as f64)]))
        }
    };
    set(&object, "kind", &kind.into());
    object.into()
}

fn record(fields: &[(&str, f64)]) -> Object {
    let object = Object::new();
    for (name, value) in fields {
        set(&object, name, &(*value).into());
    }
    object
}

fn set(object: &Object, name: &str, value: &JsValue) {
    // A plain object takes any property.
    Reflect::set(object, &name.into(), value).ok();
}
