//! In the place of `ot` where the feature `followers` is off: clients without an engine are turned away, and what rows say
//! of them is kept.

use super::close;
use super::config::Rights;
use super::effect::{ConnectionId, Effect, ReadToken};
use super::request::Request;
use super::room::Room;
use crate::archive::records::{FollowerRecord, Manifest};
use crate::archive::{RowKey, RowWrite, StoreError};
use crate::ot::Subject;
use std::sync::Arc;

/// The answer to a request over HTTP, with status 501.
const NOT_SERVED: &str = r#"{"error":{"code":"unavailable","reason":"clients without an engine are not served here"}}"#;

/// There is none.
#[derive(Debug)]
pub(super) enum Follower {}

impl Follower {
    pub(super) fn is_request(&self) -> bool {
        match *self {}
    }

    pub(super) fn to_record(&self) -> Option<FollowerRecord> {
        match *self {}
    }
}

#[derive(Debug, Default)]
pub(super) struct Following {
    /// Empty.
    pub(super) authored: Vec<Arc<[u8]>>,
    /// Never.
    pub(super) has_unstored_operations: bool,
}

impl Following {
    pub(super) fn is_building(&self) -> bool {
        false
    }

    pub(super) fn is_loaded(&self) -> bool {
        false
    }

    pub(super) fn is_checkpointing(&self) -> bool {
        false
    }

    pub(super) fn stop_building(&mut self) {}

    pub(super) fn history_size(&self) -> (usize, usize) {
        (0, 0)
    }

    pub(super) fn has_bridge(&self) -> bool {
        false
    }

    pub(super) fn note_base_bytes(&mut self, _before: usize, _now: usize) {}

    pub(super) fn is_read(&self, _token: ReadToken) -> bool {
        false
    }
}

impl Room {
    /// Closes the connection.
    pub fn connect_ot(&mut self, connection: ConnectionId, _rights: Rights, _now_ms: u64) {
        self.turn_away(connection, close::NO_FOLLOWERS);
    }

    /// Closes the connection.
    pub fn stream(
        &mut self,
        connection: ConnectionId,
        _rights: Rights,
        _subject: Subject,
        _from: Option<(&str, u64)>,
        _now_ms: u64,
    ) {
        self.turn_away(connection, close::NO_FOLLOWERS);
    }

    /// Answers that it is not served.
    pub fn request(
        &mut self,
        connection: ConnectionId,
        _rights: Rights,
        _subject: Subject,
        _request: Request<'_>,
        _now_ms: u64,
    ) {
        self.respond_unavailable(connection);
    }

    pub(super) fn respond_unavailable(&mut self, connection: ConnectionId) {
        self.effects.push_back(Effect::Respond { connection, status: 501, body: NOT_SERVED.as_bytes().into() });
    }

    pub(super) fn restore_follower(&mut self, connection: ConnectionId, _rights: Rights, _record: FollowerRecord) {
        self.turn_away(connection, close::NO_FOLLOWERS);
    }

    pub(super) fn handle_follower(&mut self, _connection: ConnectionId, _message: &[u8]) {}

    pub(super) fn begin_checkpoint<T>(&mut self, tail: T) -> Option<T> {
        Some(tail)
    }

    pub(super) fn write_checkpoint(&mut self, _manifest: &Manifest, _rows: &mut Vec<RowWrite>) {}

    pub(super) fn take_bridge_pages(&mut self, _rows: Result<Vec<(RowKey, Vec<u8>)>, StoreError>) {}

    pub(super) fn continue_document(&mut self) {}

    pub(super) fn follow(&mut self) {}

    pub(super) fn tell_bridge(&mut self, _update: &[u8]) {}

    pub(super) fn drop_bridge(&mut self) {}

    pub(super) fn spend_author(&mut self) {}

    pub(super) fn close_changes(&mut self) {}

    pub(super) fn tell_followers(&mut self) {}

    pub(super) fn has_unstored_author(&self) -> bool {
        false
    }

    pub(super) fn wait_ends_ms(&self) -> Option<u64> {
        None
    }

    pub(super) fn assert_bridge(&self) {}
}
