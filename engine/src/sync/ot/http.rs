//! Requests over HTTP and their answers; server-sent events.

use super::refused::{MALFORMED, Refused, unreadable};
use crate::ot::protocol::{Members, content_members, number, object, op_to_any};
use crate::ot::{Delta, MAX_SESSION_BYTES, SentOp, ServerMessage};
use crate::values::Any;
use std::sync::Arc;

/// What an epoch is as a number; 0 for what is none of ours.
pub(super) fn epoch_number(epoch: &str) -> u64 {
    let digits = epoch.bytes().map(|byte| byte.is_ascii_digit().then(|| u64::from(byte - b'0')));
    let number = digits.take(17).try_fold(0, |number: u64, digit| Some(number * 10 + digit?));
    number.unwrap_or(0)
}

/// An epoch as clients see it.
pub(super) fn epoch_text(epoch: u64) -> Box<str> {
    number(epoch).to_js_string().into()
}

/// The body of a POST: epoch, session, operation.
pub(super) fn decode_post(body: &[u8]) -> Result<(u64, Arc<str>, SentOp), Refused> {
    let mut members = Members::read(body).ok_or(MALFORMED)?;
    let epoch = members.text("epoch").ok_or(MALFORMED)?;
    let session = members.text("session").filter(|of| (1..=MAX_SESSION_BYTES).contains(&of.len())).ok_or(MALFORMED)?;
    let sent = members.sent_op().map_err(unreadable)?;
    Ok((epoch_number(&epoch), session.into(), sent))
}

/// The answer to a GET of the content.
pub(super) fn content_body(epoch: &str, revision: u64, id: u64, content: &Delta, is_rich: bool) -> String {
    object(content_members(epoch, revision, id, content, is_rich)).to_json()
}

/// The answer to a POST, and to a GET of what changed.
pub(super) fn change_body(revision: u64, op: &Delta, is_rich: bool) -> String {
    object([("revision", number(revision)), ("op", op_to_any(op, is_rich))]).to_json()
}

/// The answer to what is refused; `id`: the session's last operation that was carried out.
pub(super) fn error_body(refused: Refused, id: Option<u64>) -> String {
    let error: Any = object([("code", refused.code.into()), ("reason", refused.reason.into())]);
    object([("error", error)].into_iter().chain(id.map(|id| ("id", number(id))))).to_json()
}

/// A message as a server-sent event.
pub(super) fn event(message: &ServerMessage, is_rich: bool, epoch: &str) -> String {
    let revision = match message {
        ServerMessage::Content { revision, .. }
        | ServerMessage::Op { revision, .. }
        | ServerMessage::Ack { revision, .. }
        | ServerMessage::Open { revision, .. } => number(*revision).to_js_string(),
        ServerMessage::Error { .. } => return ["data: ", &message.to_json(is_rich), "\n\n"].concat(),
    };
    ["id: ", epoch, ":", &revision, "\ndata: ", &message.to_json(is_rich), "\n\n"].concat()
}
