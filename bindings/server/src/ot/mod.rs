//! HTTP for clients without an engine: content, what changed, operations, server-sent events. What there is to decide,
//! the document's room decides.

mod events;
mod query;
mod refusal;

use crate::event::{Answer, Asked, Client};
use crate::outgoing::Outgoing;
use crate::router::{App, FRAME_SLACK_BYTES, check_name};
use axum::body::{Body, Bytes};
use axum::extract::rejection::BytesRejection;
use axum::extract::{DefaultBodyLimit, State};
use axum::http::header::{ACCEPT, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode, Uri};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use merganser::ot::Subject;
use query::{Query, last_event};
use refusal::{MALFORMED, NOT_ALLOWED, Refusal, TOO_LARGE, UNAVAILABLE};
use std::sync::Arc;

/// Where documents are, before their names.
const PATH: &str = "/api/ot/";

/// The paths of all documents, and what serves them.
pub fn routes(message_bytes: usize) -> [(&'static str, MethodRouter<Arc<App>>); 2] {
    // As for a frame: it is the room that refuses what is somewhat too large, with a reason.
    let most = DefaultBodyLimit::max(message_bytes + FRAME_SLACK_BYTES);
    let document = get(look).post(edit).fallback(|| async { NOT_ALLOWED }).layer(most);
    // A wildcard is never empty; a path without a name is refused with a reason, too.
    [("/api/ot/", document.clone()), ("/api/ot/{*name}", document)]
}

async fn look(State(app): State<Arc<App>>, uri: Uri, headers: HeaderMap) -> Result<Response, Refusal> {
    let name = document_name(&uri)?;
    let Query { subject, from, wait_ms } = Query::read(uri.query().unwrap_or_default())?;
    if wants_events(&headers) {
        let from = last_event(&headers)?.or(from);
        return listen(&app, name, subject, from);
    }
    let asked = match from {
        Some((epoch, since)) => Asked::Changes { epoch, since, wait_ms },
        None => Asked::Content,
    };
    ask(&app, name, subject, asked).await
}

async fn edit(State(app): State<Arc<App>>, uri: Uri, body: Result<Bytes, BytesRejection>) -> Result<Response, Refusal> {
    let name = document_name(&uri)?;
    let Query { subject, .. } = Query::read(uri.query().unwrap_or_default())?;
    let is_too_large = |rejection: &BytesRejection| rejection.status() == StatusCode::PAYLOAD_TOO_LARGE;
    let body = body.map_err(|rejection| if is_too_large(&rejection) { TOO_LARGE } else { MALFORMED })?;
    ask(&app, name, subject, Asked::Edit(body)).await
}

/// The name of the document that a path means, as it came.
fn document_name(uri: &Uri) -> Result<&str, Refusal> {
    let name = uri.path().strip_prefix(PATH).unwrap_or_default();
    check_name(name).map_err(|(status, reason)| Refusal { status, reason: reason.trim_end(), ..MALFORMED })
}

fn wants_events(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT).into_iter().filter_map(|value| value.to_str().ok());
    let mut kinds = accepted.flat_map(|value| value.split(',')).filter_map(|kind| kind.split(';').next());
    kinds.any(|kind| kind.trim().eq_ignore_ascii_case("text/event-stream"))
}

async fn ask(app: &App, name: &str, subject: Subject, asked: Asked) -> Result<Response, Refusal> {
    // If the client goes away, this is dropped, and the document told.
    let Answer { status, body } = app.rooms.request(name, subject, asked).await.ok_or(UNAVAILABLE)?;
    let status = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    Ok(json(status, body))
}

fn listen(app: &App, name: &str, subject: Subject, from: Option<(String, u64)>) -> Result<Response, Refusal> {
    let outgoing = Arc::new(Outgoing::new(app.outgoing_bytes));
    let client = Client::Listener { subject, from };
    let seat = app.rooms.connect(name, client, outgoing.clone()).map_err(|_| UNAVAILABLE)?;
    let headers = [(CONTENT_TYPE, "text/event-stream"), (CACHE_CONTROL, "no-cache")];
    Ok((headers, events::body(seat, outgoing)).into_response())
}

fn json(status: StatusCode, body: impl Into<Body>) -> Response {
    let headers = [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")];
    (status, headers, body.into()).into_response()
}
