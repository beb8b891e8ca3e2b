//! The WebSocket handshake (RFC 6455, 4.2), on the server's side.

use axum::body::Body;
use axum::http::header::{
    CONNECTION, HeaderName, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION,
    UPGRADE,
};
use axum::http::request::Parts;
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode};
use axum::response::{IntoResponse, Response};
use hyper::upgrade::{OnUpgrade, Upgraded};
use std::fmt;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

const WEBSOCKET: &str = "websocket";

/// A request to become a WebSocket, which is in order.
pub struct Upgrade {
    on_upgrade: OnUpgrade,
    accept: HeaderValue,
    /// The subprotocol that was offered and is spoken.
    protocol: Option<&'static str>,
}

/// Why a request can't become one.
pub type Refusal = (StatusCode, &'static str);

impl fmt::Debug for Upgrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Upgrade").field("protocol", &self.protocol).finish_non_exhaustive()
    }
}

/// Whether the request asks to become a WebSocket.
pub fn is_asked_for(headers: &HeaderMap) -> bool {
    lists(headers, &UPGRADE, WEBSOCKET)
}

impl Upgrade {
    /// Reads the request. `protocol` is spoken if it is offered.
    ///
    /// # Errors
    /// Something of what the handshake needs is missing.
    pub fn read(parts: &mut Parts, protocol: &'static str) -> Result<Self, Refusal> {
        let headers = &parts.headers;
        if parts.method != Method::GET {
            return Err((StatusCode::METHOD_NOT_ALLOWED, "a WebSocket is asked for by GET\n"));
        }
        if !lists(headers, &CONNECTION, "upgrade") {
            return Err((StatusCode::BAD_REQUEST, "the header Connection has to say upgrade\n"));
        }
        if headers.get(SEC_WEBSOCKET_VERSION).is_none_or(|version| version != "13") {
            return Err((StatusCode::BAD_REQUEST, "the header Sec-WebSocket-Version has to be 13\n"));
        }
        let Some(key) = headers.get(SEC_WEBSOCKET_KEY) else {
            return Err((StatusCode::BAD_REQUEST, "the header Sec-WebSocket-Key is missing\n"));
        };
        let accept = HeaderValue::try_from(derive_accept_key(key.as_bytes()));
        let accept = accept.map_err(|_| (StatusCode::INTERNAL_SERVER_ERROR, "the handshake failed\n"))?;
        // HTTP/1.0 has none.
        let Some(on_upgrade) = parts.extensions.remove::<OnUpgrade>() else {
            return Err((StatusCode::UPGRADE_REQUIRED, "this connection can't become a WebSocket\n"));
        };
        // Whatever else is offered is no reason to refuse a client.
        let is_offered = lists(&parts.headers, &SEC_WEBSOCKET_PROTOCOL, protocol);
        Ok(Upgrade { on_upgrade, accept, protocol: is_offered.then_some(protocol) })
    }

    /// Whether the subprotocol is spoken.
    pub fn has_protocol(&self) -> bool {
        self.protocol.is_some()
    }

    /// Answers the request; `serve` gets the connection once the answer is sent.
    pub fn answer<Served>(self, serve: impl FnOnce(Upgraded) -> Served + Send + 'static) -> Response
    where
        Served: Future<Output = ()> + Send,
    {
        tokio::spawn(async move {
            // Otherwise the client has gone already.
            if let Ok(upgraded) = self.on_upgrade.await {
                serve(upgraded).await;
            }
        });
        let headers = [
            (CONNECTION, HeaderValue::from_static("upgrade")),
            (UPGRADE, HeaderValue::from_static(WEBSOCKET)),
            (SEC_WEBSOCKET_ACCEPT, self.accept),
        ];
        let mut response = (StatusCode::SWITCHING_PROTOCOLS, headers, Body::empty()).into_response();
        if let Some(protocol) = self.protocol {
            response.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(protocol));
        }
        response
    }
}

/// Whether a header with a list of words has this one, in whatever case.
fn lists(headers: &HeaderMap, name: &HeaderName, word: &str) -> bool {
    let words = headers.get_all(name).into_iter().flat_map(|value| value.as_bytes().split(|byte| *byte == b','));
    words.into_iter().any(|of| of.trim_ascii().eq_ignore_ascii_case(word.as_bytes()))
}
