//! HTTP: which path is what. A WebSocket upgrade is a document whatever its path.

use crate::demo;
use crate::event::Client;
use crate::metrics::Metrics;
use crate::moving;
use crate::ot;
use crate::rooms::Rooms;
use crate::socket;
use crate::storage::Storage;
use crate::upgrade::{self, Upgrade};
use crate::wire::Wire;
use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::CONTENT_TYPE;
use axum::http::{StatusCode, Uri};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// Longest name of a document, in bytes as it is in the path.
const NAME_BYTES: usize = 1_024;
/// What a message may have beyond its limit, so that it is the room that refuses it, with a reason.
pub(crate) const FRAME_SLACK_BYTES: usize = 64 << 10;
/// The WebSocket subprotocol of clients without an engine.
const OT_PROTOCOL: &str = "merganser-ot";

/// What requests need.
#[derive(Debug)]
pub struct App {
    /// The open documents.
    pub rooms: Arc<Rooms>,
    /// Where documents are stored.
    pub storage: Arc<Storage>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// Largest message of a client, in bytes.
    pub message_bytes: usize,
    /// Most bytes that may wait to be sent on one connection.
    pub outgoing_bytes: usize,
    /// Who sends it may export, import and delete documents.
    pub admin_token: Option<String>,
    /// Each connection holds a clone; its receiver ends when all are gone.
    pub alive: Sender<()>,
}

/// All that the server answers.
pub fn router(app: Arc<App>) -> Router {
    let mut router = Router::new().route("/healthz", get(health)).route("/metrics", get(metrics));
    for (path, file) in demo::routes() {
        router = router.route(path, file);
    }
    for (path, document) in ot::routes(app.message_bytes) {
        router = router.route(path, document);
    }
    for (path, document) in moving::routes() {
        router = router.route(path, document);
    }
    router.fallback(nothing_there).layer(from_fn_with_state(app.clone(), documents_first)).with_state(app)
}

/// Takes WebSocket upgrades before any path is looked at.
async fn documents_first(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    if !upgrade::is_asked_for(request.headers()) {
        return next.run(request).await;
    }
    let (mut parts, _) = request.into_parts();
    let name = match document_name(&parts.uri) {
        Ok(name) => name.to_owned(),
        Err(refusal) => return refusal.into_response(),
    };
    match Upgrade::read(&mut parts, OT_PROTOCOL) {
        Ok(upgrade) => connect(app, upgrade, name),
        Err(refusal) => refusal.into_response(),
    }
}

/// The name of the document that a path means: all after its first slash, as it came.
fn document_name(uri: &Uri) -> Result<&str, (StatusCode, &'static str)> {
    check_name(uri.path().strip_prefix('/').unwrap_or_default())
}

/// A document's name as it came, if it can be one.
pub(crate) fn check_name(name: &str) -> Result<&str, (StatusCode, &'static str)> {
    match name.len() {
        0 => Err((StatusCode::BAD_REQUEST, "the path has to name a document\n")),
        1..=NAME_BYTES => Ok(name),
        _ => Err((StatusCode::URI_TOO_LONG, "the document's name is too long\n")),
    }
}

fn connect(app: Arc<App>, upgrade: Upgrade, name: String) -> Response {
    let client = if upgrade.has_protocol() { Client::Ot } else { Client::Yjs };
    upgrade.answer(async move |upgraded| {
        let _alive = app.alive.clone();
        app.metrics.connections.increment(1);
        let wire = Wire::new(upgraded, app.message_bytes + FRAME_SLACK_BYTES).await;
        socket::serve(wire, app.rooms.clone(), &name, client, app.outgoing_bytes).await;
        app.metrics.connections.decrement(1);
    })
}

async fn health(State(app): State<Arc<App>>) -> (StatusCode, &'static str) {
    match app.storage.is_failing() {
        false => (StatusCode::OK, "ok\n"),
        true => (StatusCode::SERVICE_UNAVAILABLE, "documents cannot be stored\n"),
    }
}

async fn metrics(State(app): State<Arc<App>>) -> Response {
    ([(CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], app.metrics.render()).into_response()
}

async fn nothing_there(uri: Uri) -> Response {
    if uri.path() == "/api" || uri.path().starts_with("/api/") {
        let body = r#"{"error":"not found"}"#;
        return (StatusCode::NOT_FOUND, [(CONTENT_TYPE, "application/json")], body).into_response();
    }
    (StatusCode::NOT_FOUND, "there is nothing here; the demo is at /, documents are WebSockets\n").into_response()
}
