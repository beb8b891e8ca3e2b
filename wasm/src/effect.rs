//! Effects of a room as plain objects of JavaScript.

use crate::rows::{batch_to_js, key_to_js};
use js_sys::{Array, JsString, Object, Uint8Array};
use merganser::sync::{Accepted, Effect};
use std::thread::LocalKey;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** What a `Room` asks its host to do, in the order in which it is to be done. */
export type Effect =
  /** Read all rows with keys from `first` to `last`, both included, and hand them to `Room.rows` in key order. */
  | { kind: 'read', token: number, first: number, last: number }
  /** Write these rows in one atomic batch, those without bytes are deleted, and report to `Room.written`. */
  | { kind: 'write', token: number, rows: RowWrite[] }
  /** Send one binary message to each of these connections. */
  | { kind: 'send', to: number[], isText: false, message: Uint8Array<ArrayBuffer> }
  /** Send one text message to each of these connections; to a stream of server-sent events as it is. */
  | { kind: 'send', to: number[], isText: true, message: string }
  /** Answer a request over HTTP with this status and JSON. The room has forgotten it already. */
  | { kind: 'respond', connection: number, status: number, body: string }
  /** Keep these bytes (at most 15,000) with the connection, so that they outlive the room's memory. */
  | { kind: 'attach', connection: number, bytes: Uint8Array<ArrayBuffer> }
  /** Close the connection with this WebSocket close code and reason. The room has forgotten it already. */
  | { kind: 'close', connection: number, code: number, reason: string }
  /** Call `Room.tick` at this time as long as the room is in memory; without a time not any more. */
  | { kind: 'callAt', atMs: number | undefined }
  /** Call `Room.tick` at this time, even if the room has left memory by then. */
  | { kind: 'wakeAt', atMs: number }

/** What was new in an update. */
export interface Accepted {
  /** Whose update it was; `undefined` for what had waited for something missing that another one brought. */
  connection: number | undefined
  /** An update (v1). */
  update: Uint8Array<ArrayBuffer>
}
"#;

#[wasm_bindgen]
extern "C" {
    /// An object whose properties are set one by one: cheaper than going through their names.
    #[wasm_bindgen(extends = Object)]
    type Record;
    #[wasm_bindgen(method, setter)]
    fn set_kind(this: &Record, kind: &JsString);
    #[wasm_bindgen(method, setter)]
    fn set_token(this: &Record, token: f64);
    #[wasm_bindgen(method, setter)]
    fn set_first(this: &Record, key: f64);
    #[wasm_bindgen(method, setter)]
    fn set_last(this: &Record, key: f64);
    #[wasm_bindgen(method, setter)]
    fn set_rows(this: &Record, rows: &Array);
    #[wasm_bindgen(method, setter)]
    fn set_to(this: &Record, to: &Array);
    #[wasm_bindgen(method, setter)]
    fn set_message(this: &Record, message: &Uint8Array);
    #[wasm_bindgen(method, setter, js_name = message)]
    fn set_text_message(this: &Record, message: &str);
    #[wasm_bindgen(method, setter, js_name = isText)]
    fn set_is_text(this: &Record, is_text: bool);
    #[wasm_bindgen(method, setter)]
    fn set_status(this: &Record, status: u16);
    #[wasm_bindgen(method, setter)]
    fn set_body(this: &Record, body: &str);
    #[wasm_bindgen(method, setter)]
    fn set_connection(this: &Record, connection: f64);
    #[wasm_bindgen(method, setter)]
    fn set_update(this: &Record, bytes: &Uint8Array);
    #[wasm_bindgen(method, setter)]
    fn set_bytes(this: &Record, bytes: &Uint8Array);
    #[wasm_bindgen(method, setter)]
    fn set_code(this: &Record, code: u16);
    #[wasm_bindgen(method, setter)]
    fn set_reason(this: &Record, reason: &str);
    #[wasm_bindgen(method, setter, js_name = atMs)]
    fn set_at_ms(this: &Record, at_ms: Option<f64>);
}

/// Names of kinds, each made once: a string is decoded whenever it crosses the border.
mod kind {
    use js_sys::JsString;

    thread_local! {
        pub(super) static READ: JsString = "read".into();
        pub(super) static WRITE: JsString = "write".into();
        pub(super) static SEND: JsString = "send".into();
        pub(super) static RESPOND: JsString = "respond".into();
        pub(super) static ATTACH: JsString = "attach".into();
        pub(super) static CLOSE: JsString = "close".into();
        pub(super) static CALL_AT: JsString = "callAt".into();
        pub(super) static WAKE_AT: JsString = "wakeAt".into();
    }
}

fn record() -> Record {
    Object::new().unchecked_into()
}

fn record_of(kind: &'static LocalKey<JsString>) -> Record {
    let record = record();
    kind.with(|kind| record.set_kind(kind));
    record
}

/// The object for an effect. Bytes are copied out of the module's memory, which may move.
pub(crate) fn effect_to_js(effect: Effect) -> JsValue {
    let object = match effect {
        Effect::Read { token, keys } => {
            let object = record_of(&kind::READ);
            object.set_token(token.0 as f64);
            object.set_first(key_to_js(*keys.start()));
            object.set_last(key_to_js(*keys.end()));
            object
        }
        Effect::Write { token, rows } => {
            let object = record_of(&kind::WRITE);
            object.set_token(token.0 as f64);
            object.set_rows(&batch_to_js(&rows));
            object
        }
        Effect::Send { to, message, is_text } => {
            let object = record_of(&kind::SEND);
            object.set_to(&to.iter().map(|to| JsValue::from(*to as f64)).collect());
            object.set_is_text(is_text);
            match is_text {
                true => object.set_text_message(text(&message)),
                false => object.set_message(&Uint8Array::from(&*message)),
            }
            object
        }
        Effect::Respond { connection, status, body } => {
            let object = record_of(&kind::RESPOND);
            object.set_connection(connection as f64);
            object.set_status(status);
            object.set_body(text(&body));
            object
        }
        Effect::Attach { connection, bytes } => {
            let object = record_of(&kind::ATTACH);
            object.set_connection(connection as f64);
            object.set_bytes(&Uint8Array::from(&*bytes));
            object
        }
        Effect::Close { connection, code, reason } => {
            let object = record_of(&kind::CLOSE);
            object.set_connection(connection as f64);
            object.set_code(code);
            object.set_reason(reason);
            object
        }
        Effect::CallAt { at_ms } => {
            let object = record_of(&kind::CALL_AT);
            object.set_at_ms(at_ms.map(|at_ms| at_ms as f64));
            object
        }
        Effect::WakeAt { at_ms } => {
            let object = record_of(&kind::WAKE_AT);
            object.set_at_ms(Some(at_ms as f64));
            object
        }
    };
    object.into()
}

pub(crate) fn accepted_to_js(accepted: Accepted) -> JsValue {
    let object = record();
    if let Some(from) = accepted.from {
        object.set_connection(from as f64);
    }
    object.set_update(&Uint8Array::from(&*accepted.update));
    object.into()
}

/// What the engine calls text is text.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
