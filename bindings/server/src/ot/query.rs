//! The query of a request: which root, how it is seen, by whom, and since when.

use super::refusal::Refusal;
use axum::http::HeaderMap;
use merganser::ot::{MAX_ROOT_BYTES, MAX_SESSION_BYTES, Subject};
use percent_encoding::percent_decode;

/// Longest time to wait for a change, in seconds.
const MOST_WAIT: u64 = 60;

const ENCODING: Refusal = Refusal::malformed("the query is not encoded UTF-8");
const ROOT: Refusal = Refusal::malformed("the root's name is too long");
const KIND: Refusal = Refusal::malformed("kind is text or delta");
const SESSION: Refusal = Refusal::malformed("the session is too long");
const FROM: Refusal = Refusal::malformed("epoch and since go together");
const NUMBER: Refusal = Refusal::malformed("since and wait are whole numbers");
const LAST_EVENT: Refusal = Refusal::malformed("Last-Event-ID is an epoch, a colon and a revision");

/// What a query says.
#[derive(Debug, PartialEq, Eq)]
pub struct Query {
    /// What it is about.
    pub subject: Subject,
    /// Epoch and revision that the client has.
    pub from: Option<(String, u64)>,
    /// How long to wait for something to happen after them, in milliseconds.
    pub wait_ms: u64,
}

impl Query {
    /// Reads a query as forms encode it. Parameters of other names are left alone.
    pub fn read(text: &str) -> Result<Query, Refusal> {
        let (mut root, mut session, mut is_rich) = (String::new(), String::new(), false);
        let (mut epoch, mut since, mut wait) = (None, None, 0);
        for part in text.split('&') {
            let (name, value) = part.split_once('=').unwrap_or((part, ""));
            let value = decode(value)?;
            match name {
                "root" => root = value,
                "session" => session = value,
                "kind" => is_rich = is_rich_kind(&value)?,
                "epoch" => epoch = Some(value),
                "since" => since = Some(whole_number(&value).ok_or(NUMBER)?),
                "wait" => wait = whole_number(&value).ok_or(NUMBER)?,
                _ => {}
            }
        }
        if root.len() > MAX_ROOT_BYTES {
            return Err(ROOT);
        }
        if session.len() > MAX_SESSION_BYTES {
            return Err(SESSION);
        }
        let from = match (epoch, since) {
            (Some(epoch), Some(since)) => Some((epoch, since)),
            (None, None) => None,
            _ => return Err(FROM),
        };
        let subject = Subject { root: root.into(), is_rich, session: session.into() };
        Ok(Query { subject, from, wait_ms: wait.min(MOST_WAIT) * 1_000 })
    }
}

/// Where a stream of events was cut off: what a browser says when it connects again by itself.
pub fn last_event(headers: &HeaderMap) -> Result<Option<(String, u64)>, Refusal> {
    let Some(id) = headers.get("last-event-id").filter(|id| !id.is_empty()) else { return Ok(None) };
    let (epoch, revision) = id.to_str().ok().and_then(|id| id.rsplit_once(':')).ok_or(LAST_EVENT)?;
    Ok(Some((epoch.to_owned(), whole_number(revision).ok_or(LAST_EVENT)?)))
}

fn decode(value: &str) -> Result<String, Refusal> {
    let spaced = value.replace('+', " ");
    Ok(percent_decode(spaced.as_bytes()).decode_utf8().map_err(|_| ENCODING)?.into_owned())
}

fn is_rich_kind(kind: &str) -> Result<bool, Refusal> {
    match kind {
        "text" => Ok(false),
        "delta" => Ok(true),
        _ => Err(KIND),
    }
}

/// A number of digits alone: no sign, no space.
fn whole_number(text: &str) -> Option<u64> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    #[test]
    fn everything_has_a_default() {
        let subject = Subject { root: "".into(), is_rich: false, session: "".into() };
        let query = Query { subject, from: None, wait_ms: 0 };
        assert_eq!(Query::read(""), Ok(query));
    }

    #[test]
    fn a_query_is_read() {
        let query = Query::read("root=a+b%2Bc%C3%A9&kind=delta&session=s%26&epoch=12&since=7&wait=99&_=1");
        let subject = Subject { root: "a b+cé".into(), is_rich: true, session: "s&".into() };
        assert_eq!(query, Ok(Query { subject, from: Some(("12".into(), 7)), wait_ms: 60_000 }));
    }

    #[test]
    fn what_is_malformed_is_refused() {
        let long_root = format!("root={}", "x".repeat(MAX_ROOT_BYTES + 1));
        let long_session = format!("session={}", "x".repeat(MAX_SESSION_BYTES + 1));
        for (text, refusal) in [
            ("kind=json", KIND),
            ("kind", KIND),
            ("since=3", FROM),
            ("epoch=3", FROM),
            ("epoch=1&since=-3", NUMBER),
            ("epoch=1&since=%2B3", NUMBER),
            ("epoch=1&since=", NUMBER),
            ("epoch=1&since=99999999999999999999", NUMBER),
            ("wait=1.5", NUMBER),
            ("root=%FF", ENCODING),
            (&long_root, ROOT),
            (&long_session, SESSION),
        ] {
            assert_eq!(Query::read(text), Err(refusal), "{text}");
        }
    }

    #[test]
    fn the_last_event_says_where_a_stream_was_cut_off() {
        let read = |id: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            headers.extend(
                id.map(|id| (axum::http::HeaderName::from_static("last-event-id"), HeaderValue::from_static(id))),
            );
            last_event(&headers)
        };
        assert_eq!(read(None), Ok(None));
        assert_eq!(read(Some("")), Ok(None));
        assert_eq!(read(Some("123:45")), Ok(Some(("123".into(), 45))));
        for id in ["123", "123:", "123:x", ":-1"] {
            assert_eq!(read(Some(id)), Err(LAST_EVENT), "{id}");
        }
    }
}
