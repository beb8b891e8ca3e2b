//! What a client without an engine is refused, with its code and the status of the answer to a request.

use crate::ot::{ServerMessage, Unreadable};
use crate::values::ErrorKind;

/// Why something is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) code: &'static str,
    pub(super) reason: &'static str,
    /// Status over HTTP.
    pub(super) status: u16,
}

const fn refused(status: u16, code: &'static str, reason: &'static str) -> Refused {
    Refused { code, reason, status }
}

pub(super) const MALFORMED: Refused =
    refused(400, "malformed", "this is no message of the protocol, or a number in it is none");
pub(super) const TOO_LARGE: Refused = refused(413, "too-large", "more steps, attributes or bytes than are taken");
pub(super) const BEYOND_END: Refused = refused(422, "beyond-end", "the operation is longer than the content");
pub(super) const SURROGATE_PAIR: Refused = refused(422, "surrogate-pair", "a step ends inside a surrogate pair");
pub(super) const WRONG_KIND: Refused =
    refused(422, "wrong-kind", "attributes or embeds in a plain text, or a root that holds something else than text");
pub(super) const REVISION: Refused = refused(422, "revision", "there has not been such a revision");
pub(super) const ID: Refused = refused(422, "id", "the session has sent a later operation already");
pub(super) const NOT_OPEN: Refused = refused(422, "not-open", "open a root first, once");
pub(super) const READ_ONLY: Refused = refused(403, "read-only", "this client may not change the document");
pub(super) const ROOTS: Refused = refused(422, "roots", "too many roots are followed");
pub(super) const HISTORY: Refused = refused(410, "history", "revisions are not kept that far back: get the content");
pub(super) const UNAVAILABLE: Refused =
    refused(503, "unavailable", "the document cannot be read or changed now: try again");
pub(super) const DOCUMENT_TOO_LARGE: Refused =
    refused(413, "document-too-large", "the document is too large for clients without an engine");

/// What is answered to a message that can't be read.
pub(super) fn unreadable(of: Unreadable) -> Refused {
    if of.kind == ErrorKind::TooLarge { TOO_LARGE } else { MALFORMED }
}

impl Refused {
    pub(super) fn message(self, id: u64) -> ServerMessage {
        ServerMessage::Error { code: self.code.into(), reason: self.reason.into(), id }
    }
}
