//! The demo page, built from `bindings/browser/demo` and kept in the program.

use crate::router::App;
use axum::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, CONTENT_TYPE, X_CONTENT_TYPE_OPTIONS};
use axum::response::IntoResponse;
use axum::routing::{MethodRouter, get};
use std::sync::Arc;

/// The page needs nothing but this server; the editor makes its style sheets itself.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    connect-src 'self' ws: wss:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/// Paths of the page's files, and what serves them.
pub fn routes() -> [(&'static str, MethodRouter<Arc<App>>); 5] {
    [
        ("/", file("text/html; charset=utf-8", include_str!("../assets/index.html"))),
        ("/assets/demo.js", file("text/javascript; charset=utf-8", include_str!("../assets/demo.js"))),
        ("/assets/demo.css", file("text/css; charset=utf-8", include_str!("../assets/demo.css"))),
        ("/assets/licences.txt", file("text/plain; charset=utf-8", include_str!("../assets/licences.txt"))),
        ("/assets/icon.svg", file("image/svg+xml", include_str!("../assets/icon.svg"))),
    ]
}

fn file(kind: &'static str, content: &'static str) -> MethodRouter<Arc<App>> {
    get(move || async move {
        let headers = [
            (CONTENT_TYPE, kind),
            (CACHE_CONTROL, "no-cache"),
            (CONTENT_SECURITY_POLICY, POLICY),
            (X_CONTENT_TYPE_OPTIONS, "nosniff"),
        ];
        (headers, content).into_response()
    })
}
