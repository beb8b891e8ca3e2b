//! Messages as a room sends them: whole frames, made once and shared by all who get them.

use super::message::Message;
use crate::update::Update;
use std::sync::Arc;

/// Sync step 1 with this state vector.
pub(super) fn step_1(vector: &[u8]) -> Arc<[u8]> {
    Message::Step1(vector).encode().into()
}

/// An update.
pub(super) fn update(update: &[u8]) -> Arc<[u8]> {
    Message::Update(update).encode().into()
}

/// An update that [`update`] has made a message of, read again.
pub(super) fn read_update(message: &[u8]) -> Option<(&[u8], Update)> {
    match Message::decode(message) {
        Ok(Message::Update(update)) => Some((update, Update::parse_v1(update).ok()?)),
        _ => None,
    }
}

/// Sync step 2 with nothing in it, which ends a handshake.
pub(super) fn last_step_2() -> Arc<[u8]> {
    Message::Step2(&[0, 0]).encode().into()
}

/// An awareness update.
pub(super) fn awareness(update: &[u8]) -> Arc<[u8]> {
    Message::Awareness(update).encode().into()
}

/// Asks for the awareness that the other side knows.
pub(super) fn query_awareness() -> Arc<[u8]> {
    Message::QueryAwareness.encode().into()
}

/// Says that something was refused, and why.
pub(super) fn permission_denied(reason: &str) -> Arc<[u8]> {
    Message::PermissionDenied(reason).encode().into()
}
