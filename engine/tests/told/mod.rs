//! Events in the notation of the conformance cases.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::notation::{self, any};
use merganser::events::{DeltaChange, Event, Inserted, KeyAction, PathStep};
use merganser::{Any, Doc, Value};
use serde_json::{Value as Json, json};

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Text(_) => "Text",
        Value::Array(_) => "Array",
        Value::Map(_) => "Map",
        Value::XmlElement(_) => "XmlElement",
        Value::XmlFragment(_) => "XmlFragment",
        Value::XmlText(_) => "XmlText",
        Value::XmlHook(_) => "XmlHook",
        Value::Any(_) | Value::Subdoc(_) => unreachable!("no shared type"),
    }
}

/// A value as events show it: types without their contents.
fn shown(doc: &Doc, value: &Value) -> Json {
    match value {
        Value::Any(value) => any(value),
        Value::Subdoc(_) => notation::tree(doc, value),
        Value::XmlElement(of) => json!({"$": "type", "kind": kind(value), "name": of.name(doc)}),
        Value::XmlHook(of) => json!({"$": "type", "kind": kind(value), "name": of.name(doc)}),
        _ => json!({"$": "type", "kind": kind(value)}),
    }
}

fn with_attributes(mut op: Json, attributes: &[(Box<str>, Any)]) -> Json {
    if !attributes.is_empty() {
        let attributes = attributes.iter().map(|(key, value)| (key.to_string(), any(value)));
        op["attributes"] = Json::Object(attributes.collect());
    }
    op
}

/// An event, in the conformance notation.
pub fn shown_event(doc: &Doc, event: &Event) -> Json {
    let path = event.path.iter().map(|step| match step {
        PathStep::Key(key) => json!(**key),
        PathStep::Index(index) => json!(index),
    });
    let mut shown_event = json!({"root": *event.root, "path": path.collect::<Vec<_>>(), "target": kind(&event.target)});
    let delta = event.delta.iter().map(|change| match change {
        DeltaChange::Retain { len, attributes } => with_attributes(json!({"retain": len}), attributes),
        DeltaChange::Delete { len } => json!({"delete": len}),
        DeltaChange::Insert { content, attributes } => {
            let content = match content {
                Inserted::Text(text) => json!(text),
                Inserted::Embed(value) => shown(doc, value),
                Inserted::Values(values) => values.iter().map(|value| shown(doc, value)).collect(),
            };
            with_attributes(json!({"insert": content}), attributes)
        }
    });
    if !event.delta.is_empty() {
        shown_event["delta"] = delta.collect();
    }
    let mut keys: Vec<_> = event.keys.iter().collect();
    keys.sort_by(|a, b| a.key.encode_utf16().cmp(b.key.encode_utf16()));
    let keys = keys.into_iter().map(|change| match &change.action {
        KeyAction::Add { new } => json!({"key": *change.key, "action": "add", "new": shown(doc, new)}),
        KeyAction::Delete { old } => json!({"key": *change.key, "action": "delete", "old": shown(doc, old)}),
        KeyAction::Update { old, new } => {
            json!({"key": *change.key, "action": "update", "old": shown(doc, old), "new": shown(doc, new)})
        }
    });
    if !event.keys.is_empty() {
        shown_event["keys"] = keys.collect();
    }
    shown_event
}

/// Events by root and path.
pub fn sorted(events: impl Iterator<Item = Json>) -> Vec<Json> {
    let mut events: Vec<Json> = events.collect();
    events.sort_by_key(|event| {
        (event["root"].to_string(), event["path"].as_array().map(Vec::len), event["path"].to_string())
    });
    events
}
