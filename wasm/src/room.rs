//! `Room`: the server side of one document. Bytes in, effects out.

use crate::effect::{accepted_to_js, effect_to_js};
use crate::room_condition::{damage_to_js, meters_to_js};
use crate::room_options::{RoomOptions, config_from_js};
use crate::rows::rows_from_js;
use crate::subject::Subject;
use js_sys::Array;
use merganser::archive::StoreError;
use merganser::sync::{self, ReadToken, Request, Rights, WriteToken};
use wasm_bindgen::prelude::*;

/// The server side of one document, for a host that has sockets and a store.
///
/// The host calls it with what happens and carries out what `nextEffect` gives, in order, until there is nothing.
/// Connections are numbered by the host; a number is not used twice. Times (`now`) are milliseconds of the host's clock and
/// never go back.
#[wasm_bindgen]
pub struct Room(sync::Room);

#[wasm_bindgen]
impl Room {
    /// A room for the document whose rows its effects ask for. `stamp` is random: it marks the rows of the document if
    /// there are none yet.
    #[wasm_bindgen(constructor)]
    pub fn new(stamp: u64, options: &RoomOptions) -> Result<Room, JsError> {
        Ok(Room(sync::Room::open(config_from_js(options)?, stamp)))
    }

    /// A client has connected; `writable` says whether it may change the document.
    pub fn connect(&mut self, connection: f64, writable: bool, now: f64) {
        self.0.connect(connection as u64, rights(writable), now as u64);
    }

    /// A client without an engine has connected over a WebSocket of subprotocol `merganser-ot`. Its text messages go to
    /// `receive` as UTF-8.
    #[wasm_bindgen(js_name = connectOt)]
    pub fn connect_ot(&mut self, connection: f64, writable: bool, now: f64) {
        self.0.connect_ot(connection as u64, rights(writable), now as u64);
    }

    /// A client wants a stream of server-sent events: from the content on, or from an epoch and a revision. What it is sent
    /// is text.
    pub fn stream(
        &mut self,
        connection: f64,
        subject: &Subject,
        epoch: Option<String>,
        revision: Option<f64>,
        now: f64,
    ) {
        let from = epoch.as_deref().zip(revision.map(|revision| revision as u64));
        self.0.stream(connection as u64, Rights::Read, subject.into(), from, now as u64);
    }

    /// A request over HTTP for the content. It gets one `respond`, unless it is taken back with `disconnect`.
    #[wasm_bindgen(js_name = requestContent)]
    pub fn request_content(&mut self, connection: f64, subject: &Subject, now: f64) {
        self.0.request(connection as u64, Rights::Read, subject.into(), Request::Content, now as u64);
    }

    /// A request over HTTP for what changed since a revision, which waits so long until there is something. It gets one
    /// `respond`, unless it is taken back with `disconnect`.
    #[wasm_bindgen(js_name = requestChanges)]
    pub fn request_changes(
        &mut self,
        connection: f64,
        subject: &Subject,
        epoch: &str,
        since: f64,
        #[wasm_bindgen(js_name = waitMs)] wait_ms: f64,
        now: f64,
    ) {
        let request = Request::Changes { epoch, since: since as u64, wait_ms: wait_ms as u64 };
        self.0.request(connection as u64, Rights::Read, subject.into(), request, now as u64);
    }

    /// A request over HTTP to carry out the operation in its body. It gets one `respond`, unless it is taken back with
    /// `disconnect`: which may be too late for the operation.
    #[wasm_bindgen(js_name = requestEdit)]
    pub fn request_edit(&mut self, connection: f64, writable: bool, subject: &Subject, body: &[u8], now: f64) {
        self.0.request(connection as u64, rights(writable), subject.into(), Request::Edit(body), now as u64);
    }

    /// A connection is there from before the room left memory; `attachment` is what was kept with it. To be called
    /// before the room's first effect is carried out.
    pub fn resume(&mut self, connection: f64, attachment: &[u8], now: f64) {
        self.0.resume(connection as u64, attachment, now as u64);
    }

    /// A connection has sent a message.
    pub fn receive(&mut self, connection: f64, message: Vec<u8>, now: f64) {
        self.0.receive(connection as u64, message, now as u64);
    }

    /// A connection is gone.
    pub fn disconnect(&mut self, connection: f64, now: f64) {
        self.0.disconnect(connection as u64, now as u64);
    }

    /// The time of a `callAt` or `wakeAt` has come.
    pub fn tick(&mut self, now: f64) {
        self.0.tick(now as u64);
    }

    /// Stores what is not stored and closes everybody; no message is taken any more.
    #[wasm_bindgen(js_name = shutDown)]
    pub fn shut_down(&mut self, now: f64) {
        self.0.shut_down(now as u64);
    }

    /// The rows that a `read` asked for, in the order of their keys: pairs of key and bytes.
    pub fn rows(
        &mut self,
        token: f64,
        #[wasm_bindgen(unchecked_param_type = "[number, ArrayBuffer | Uint8Array][]")] rows: Array,
        now: f64,
    ) -> Result<(), JsError> {
        self.0.rows(ReadToken(token as u64), Ok(rows_from_js(&rows)?), now as u64);
        Ok(())
    }

    /// A `read` could not be carried out.
    #[wasm_bindgen(js_name = readFailed)]
    pub fn read_failed(&mut self, token: f64, reason: String, now: f64) {
        self.0.rows(ReadToken(token as u64), Err(StoreError::Failed(reason)), now as u64);
    }

    /// A `write` was carried out.
    pub fn written(&mut self, token: f64, now: f64) {
        self.0.written(WriteToken(token as u64), Ok(()), now as u64);
    }

    /// A `write` could not be carried out, or it is not known whether it was.
    #[wasm_bindgen(js_name = writeFailed)]
    pub fn write_failed(&mut self, token: f64, reason: String, now: f64) {
        self.0.written(WriteToken(token as u64), Err(StoreError::Failed(reason)), now as u64);
    }

    /// Whether nobody is connected and nothing waits to be stored or read: the room may be dropped.
    #[wasm_bindgen(getter, js_name = isIdle)]
    pub fn is_idle(&self) -> bool {
        self.0.is_idle()
    }

    /// What the room has done since it was opened, and what it holds now.
    #[wasm_bindgen(unchecked_return_type = "Meters")]
    pub fn meters(&self) -> JsValue {
        meters_to_js(&self.0.meters())
    }

    /// What was found damaged in the store since the room was opened.
    #[wasm_bindgen(unchecked_return_type = "Damage[]")]
    pub fn damage(&self) -> Array {
        self.0.damage().iter().map(damage_to_js).collect()
    }

    /// Stores what is not stored yet, without waiting for the end of a window.
    pub fn flush(&mut self, now: f64) {
        self.0.flush(now as u64);
    }

    /// The sequence number of the last flush that is stored.
    #[wasm_bindgen(getter, js_name = storedSequence)]
    pub fn stored_sequence(&self) -> f64 {
        self.0.stored_sequence() as f64
    }

    /// What was accepted next, oldest first, if `tellsAccepted` asks for it. To be taken after the effects of a call: all of
    /// it is stored once `storedSequence` goes up.
    #[wasm_bindgen(js_name = nextAccepted, unchecked_return_type = "Accepted | undefined")]
    pub fn next_accepted(&mut self) -> JsValue {
        self.0.next_accepted().map_or(JsValue::UNDEFINED, accepted_to_js)
    }

    /// What the host is to do next, `undefined` if there is nothing.
    #[wasm_bindgen(js_name = nextEffect, unchecked_return_type = "Effect | undefined")]
    pub fn next_effect(&mut self) -> JsValue {
        self.0.next_effect().map_or(JsValue::UNDEFINED, effect_to_js)
    }
}

fn rights(writable: bool) -> Rights {
    if writable { Rights::Write } else { Rights::Read }
}
