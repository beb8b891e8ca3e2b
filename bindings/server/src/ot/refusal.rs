//! What the server itself refuses of a request, before a document hears of it.

use super::json;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why a request is refused. Code and reason stand in JSON as they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Refusal {
    pub status: StatusCode,
    pub code: &'static str,
    pub reason: &'static str,
}

/// The query, a header or the body can't be read.
pub const MALFORMED: Refusal =
    Refusal { status: StatusCode::BAD_REQUEST, code: "malformed", reason: "the body could not be read" };
/// The body is larger than what a document would look at.
pub const TOO_LARGE: Refusal =
    Refusal { status: StatusCode::PAYLOAD_TOO_LARGE, code: "too-large", reason: "the body is too large" };
/// A method that means nothing here.
pub const NOT_ALLOWED: Refusal =
    Refusal { status: StatusCode::METHOD_NOT_ALLOWED, code: "malformed", reason: "the methods are GET and POST" };
/// The server is about to end, or the document is closed.
pub const UNAVAILABLE: Refusal = Refusal {
    status: StatusCode::SERVICE_UNAVAILABLE,
    code: "unavailable",
    reason: "the document cannot be read or changed now: try again",
};

impl Refusal {
    /// Something that can't be read, and what.
    pub const fn malformed(reason: &'static str) -> Refusal {
        Refusal { reason, ..MALFORMED }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let Refusal { status, code, reason } = self;
        json(status, format!(r#"{{"error":{{"code":"{code}","reason":"{reason}"}}}}"#))
    }
}
