//! Documents as files, over HTTP: exported, imported, deleted, for who has the right to administer. (The engine's
//! `archive/FORMAT.md`, "Export file")

use crate::router::{App, check_name};
use crate::storage::{Outcome, Storage, StoredDocument};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{MethodRouter, get};
use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::try_unfold;
use merganser::archive::{Exporter, Importer, RowKey, RowKind, RowWrite, StoreError};
use merganser::sync::{CloseReason, close};
use std::ops::RangeInclusive;
use std::sync::Arc;
use tokio::sync::oneshot;

const PATH: &str = "/api/documents/";
/// How often an export begins again because the document was folded meanwhile.
const TRIES: usize = 8;

/// Why something is refused: status, code, reason.
type Refused = (StatusCode, &'static str, &'static str);

const FORBIDDEN: Refused = (StatusCode::FORBIDDEN, "forbidden", "this may not be asked for");
const NO_DOCUMENT: Refused = (StatusCode::NOT_FOUND, "no-document", "there is no such document");
const NOT_EMPTY: Refused = (StatusCode::CONFLICT, "not-empty", "there is a document of this name: delete it first");
const UNAVAILABLE: Refused =
    (StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the document cannot be read or changed now: try again");
const CUT_OFF: Refused = (StatusCode::BAD_REQUEST, "malformed", "the body could not be read");

struct Refusal(Refused);

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let (status, code, reason) = self.0;
        let body = format!(r#"{{"error":{{"code":"{code}","reason":"{reason}"}}}}"#);
        (status, [(CONTENT_TYPE, "application/json"), (CACHE_CONTROL, "no-store")], body).into_response()
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        tracing::error!(%error, "a document could not be moved");
        Refusal(UNAVAILABLE)
    }
}

/// The paths of all documents, and what serves them.
pub fn routes() -> [(&'static str, MethodRouter<Arc<App>>); 2] {
    let document = get(export).put(import).delete(delete);
    [("/api/documents/", document.clone()), ("/api/documents/{*name}", document)]
}

/// The document's name, for who may administer.
fn admit<'a>(app: &App, path: &'a str, headers: &HeaderMap) -> Result<&'a str, Refusal> {
    let given = headers.get(AUTHORIZATION).and_then(|value| value.as_bytes().strip_prefix(b"Bearer "));
    let is_right = |token: &String, given: &[u8]| {
        // Takes as long wherever they differ.
        token.len() == given.len()
            && token.bytes().zip(given).fold(0, |differs, (one, other)| differs | (one ^ other)) == 0
    };
    if !app.admin_token.as_ref().zip(given).is_some_and(|(token, given)| is_right(token, given)) {
        return Err(Refusal(FORBIDDEN));
    }
    let name = path.strip_prefix(PATH).unwrap_or_default();
    check_name(name).map_err(|(status, reason)| Refusal((status, "malformed", reason.trim_end())))
}

async fn export(State(app): State<Arc<App>>, request: Request) -> Result<Response, Refusal> {
    let name = admit(&app, request.uri().path(), request.headers())?;
    let document = Arc::new(StoredDocument::named(name));
    let storage = app.storage.clone();
    for _ in 0..TRIES {
        let rows = read(&storage, &document, others()).await?;
        let exporter = Exporter::new(rows).map_err(|error| damaged(&document, error))?;
        let Some(mut exporter) = exporter else { return Err(Refusal(NO_DOCUMENT)) };
        let Ok(Some(head)) = next_part(&mut exporter, &storage, &document).await? else { continue };
        tracing::info!(%document, "exported");
        let rest = try_unfold((exporter, storage, document), async |(mut exporter, storage, document)| {
            let part = next_part(&mut exporter, &storage, &document).await.map_err(|_| "the store failed")?;
            let part = part.map_err(|error| {
                tracing::error!(%document, %error, "an export ended early");
                "the document is damaged, or was deleted"
            })?;
            Ok::<_, &str>(part.map(|part| (part, (exporter, storage, document))))
        });
        let head = futures_util::stream::iter([Ok(head)]);
        let headers = [(CONTENT_TYPE, "application/octet-stream"), (CACHE_CONTROL, "no-store")];
        return Ok((headers, Body::from_stream(head.chain(rest))).into_response());
    }
    Err(Refusal(UNAVAILABLE))
}

/// The next part of a file; the inner error says that a page is damaged, or the first time of a later moment.
async fn next_part(
    exporter: &mut Exporter,
    storage: &Storage,
    document: &Arc<StoredDocument>,
) -> Outcome<Result<Option<Bytes>, merganser::Error>> {
    let page = match exporter.wanted_page() {
        Some(key) => read(storage, document, vec![key..=key]).await?.pop(),
        None => None,
    };
    Ok(exporter.next_part(page.map(|(_, row)| row)).map(|part| part.map(Bytes::from)))
}

async fn import(State(app): State<Arc<App>>, request: Request) -> Result<StatusCode, Refusal> {
    let name = admit(&app, request.uri().path(), request.headers())?.to_owned();
    let document = Arc::new(StoredDocument::named(&name));
    if !read(&app.storage, &document, others()).await?.is_empty() {
        return Err(Refusal(NOT_EMPTY));
    }
    let _taken = take_away(&app, &name, close::REPLACED).await?;
    if !read(&app.storage, &document, others()).await?.is_empty() {
        return Err(Refusal(NOT_EMPTY));
    }
    delete_rows(&app.storage, &name).await?;
    let document = Arc::new(StoredDocument::named(&name));
    let imported = read_file(&app.storage, &document, request.into_body()).await;
    match imported {
        Ok(()) => {
            tracing::info!(%document, "imported");
            Ok(StatusCode::NO_CONTENT)
        }
        Err(refusal) => {
            delete_rows(&app.storage, &name).await?;
            Err(refusal)
        }
    }
}

async fn read_file(storage: &Storage, document: &Arc<StoredDocument>, body: Body) -> Result<(), Refusal> {
    let unreadable =
        |error: merganser::Error| Refusal((StatusCode::UNPROCESSABLE_ENTITY, "malformed", error.kind.as_str()));
    let mut importer = Importer::new(storage.limits());
    let mut body = body.into_data_stream();
    while let Some(bytes) = body.next().await {
        let mut pages = Vec::new();
        importer.push(&bytes.map_err(|_| Refusal(CUT_OFF))?, &mut pages).map_err(unreadable)?;
        for batch in pages.chunks(storage.limits().batch_rows) {
            write(storage, document, batch.to_vec()).await?;
        }
    }
    Ok(write(storage, document, importer.finish().map_err(unreadable)?).await?)
}

async fn delete(State(app): State<Arc<App>>, request: Request) -> Result<StatusCode, Refusal> {
    let name = admit(&app, request.uri().path(), request.headers())?;
    let _taken = take_away(&app, name, close::DELETED).await?;
    delete_rows(&app.storage, name).await?;
    tracing::info!(document = name, "deleted");
    Ok(StatusCode::NO_CONTENT)
}

async fn take_away(app: &App, name: &str, reason: CloseReason) -> Result<crate::rooms::Taken, Refusal> {
    app.rooms.take_away(name, reason).await.ok_or(Refusal(UNAVAILABLE))
}

fn damaged(document: &StoredDocument, error: merganser::Error) -> Refusal {
    tracing::error!(%document, %error, "a damaged document is not exported");
    Refusal((StatusCode::INTERNAL_SERVER_ERROR, "damaged", error.kind.as_str()))
}

/// All rows but base pages.
fn others() -> Vec<RangeInclusive<RowKey>> {
    let kinds = |first, last| RowKey::new(first, 0)..=RowKey::new(last, u32::MAX);
    vec![kinds(RowKind::Manifest, RowKind::DeletePage), kinds(RowKind::Pending, RowKind::Version)]
}

type Rows = Vec<(RowKey, Vec<u8>)>;

async fn read(storage: &Storage, document: &Arc<StoredDocument>, keys: Vec<RangeInclusive<RowKey>>) -> Outcome<Rows> {
    ask(|answer| storage.read_ranges(document.clone(), keys, |rows| drop(answer.send(rows)))).await
}

async fn write(storage: &Storage, document: &Arc<StoredDocument>, rows: Vec<RowWrite>) -> Outcome<()> {
    ask(|answer| storage.write(document.clone(), rows, |outcome| drop(answer.send(outcome)))).await
}

async fn delete_rows(storage: &Storage, name: &str) -> Outcome<()> {
    let document = Arc::new(StoredDocument::named(name));
    ask(|answer| storage.delete(document, |outcome| drop(answer.send(outcome)))).await
}

/// Asks the storage thread and waits for its answer.
async fn ask<T>(ask: impl FnOnce(oneshot::Sender<Outcome<T>>)) -> Outcome<T> {
    let (answer, answered) = oneshot::channel();
    ask(answer);
    answered.await.unwrap_or_else(|_| Err(StoreError::Failed("the store is closed".into())))
}
