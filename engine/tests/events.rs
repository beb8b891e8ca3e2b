//! Conformance `events`: what each transaction tells of what it changed, and the update that it sends.

mod notation;
mod structs;

use merganser::events::{DeltaChange, Event, Inserted, KeyAction, PathStep};
use merganser::update::convert_update_v2_to_v1;
use merganser::{Any, ClientId, Doc, Error, ErrorKind, Options, Value};
use notation::{any, bytes, cases, define, ops};
use serde_json::{Value as Json, json};
use structs::same_structs;

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

fn shown_event(doc: &Doc, event: &Event) -> Json {
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

fn sorted(events: impl Iterator<Item = Json>) -> Vec<Json> {
    let mut events: Vec<Json> = events.collect();
    events.sort_by_key(|event| {
        (event["root"].to_string(), event["path"].as_array().map(Vec::len), event["path"].to_string())
    });
    events
}

fn run(case: &Json) -> Result<(), String> {
    let mut options = Options::new(ClientId::new(case["clients"][0].as_u64().unwrap()));
    options.gc = case["gc"].as_bool().unwrap();
    let mut doc = Doc::new(options);
    for root in case["roots"].as_array().unwrap() {
        define(&mut doc, root);
    }
    for (at, (step, expect)) in
        case["steps"].as_array().unwrap().iter().zip(case["expect"]["steps"].as_array().unwrap()).enumerate()
    {
        let mut transaction = doc.transact();
        if step["do"] == "local" {
            for op in step["ops"].as_array().unwrap() {
                match ops::carry_out(&mut transaction, op) {
                    // Yjs makes U+FFFD of both halves where ours refuses.
                    Err(Error { kind: ErrorKind::InsideSurrogatePair, .. }) => return Ok(()),
                    done => done.map_err(|error| format!("step {at}: {op}: {error}"))?,
                }
            }
        } else {
            transaction.apply_update(&bytes(&step["update"])).map_err(|error| format!("step {at}: {error}"))?;
        }
        let commit = transaction.commit();
        let (mut events, update, update_v2) = (commit.events(), commit.update_v1(), commit.update_v2());
        if let Some(cleaned) = commit.clean_up() {
            events.extend(cleaned.events());
        }
        doc.assert_invariants();
        let events = sorted(events.iter().map(|event| shown_event(&doc, event)));
        let expected = sorted(expect["events"].as_array().unwrap().iter().cloned());
        if events != expected {
            return Err(format!("step {at}: ours {}\nYjs' {}", json!(events), json!(expected)));
        }
        match (update, expect["v1"].get(0)) {
            (None, None) => {}
            (Some(update), Some(expected)) => {
                same_structs(&update, &bytes(expected))?;
                let v2 = bytes(&expect["v2"][0]);
                same_structs(&update, &convert_update_v2_to_v1(&v2).map_err(|error| error.to_string())?)?;
                if update == bytes(expected) && update_v2 != Some(v2) {
                    return Err(format!("step {at}: the same structs, other bytes of v2"));
                }
            }
            (ours, _) => return Err(format!("step {at}: an update: {}", ours.is_some())),
        }
    }
    Ok(())
}

#[test]
fn transactions_tell_what_yjs_tells() {
    let cases = cases("events");
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| run(case).err().map(|wrong| format!("{} {}: {wrong}", case["id"], case["tags"])))
        .collect();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    println!("{} cases", cases.len());
}
