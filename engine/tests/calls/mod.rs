//! Random calls on random types, as the conformance cases note them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::notation::{Random, ops};
use merganser::types::{DeltaInsert, DeltaOp};
use merganser::{Doc, Value};
use serde_json::{Value as Json, json};

const KEYS: [&str; 4] = ["k", "id", "ключ", ""];
const WORDS: [&str; 9] = ["a", "", "bc", "\n", "é", "鴨の池", "🦆", "lorem ipsum\n", "x🦆y"];

/// What the calls of a program are made of.
pub struct Vocabulary {
    /// All edits are near the start of their type, so that most of them meet.
    pub narrow: bool,
    /// Every other call is on a text.
    pub texts: bool,
    /// Formats may be objects. Yjs asks whether two of them are one in memory, which a mark that was written to restore
    /// a format shares with the mark that set it: only the replica that wrote both knows.
    pub objects: bool,
}

fn one<'w>(random: &mut Random, of: &[&'w str]) -> &'w str {
    of[random.below(of.len() as u32) as usize]
}

fn pick(random: &mut Random, of: Json) -> Json {
    let of = of.as_array().unwrap();
    of[random.below(of.len() as u32) as usize].clone()
}

/// A plain value that Yjs takes as an element of a list.
fn plain(random: &mut Random) -> Json {
    match random.below(8) {
        0 => Json::Null,
        1 => json!(true),
        2 => json!(random.below(1000)),
        3 => json!({"$": "bytes", "b64": "AAEC/w=="}),
        4 => json!([1, {"$": "undefined"}, {"$": "bigint", "v": "-7"}]),
        5 => json!({"k": {"$": "bytes", "b64": ""}, "z": [null]}),
        6 => json!({"$": "f64", "hex": one(random, &["3fb999999999999a", "7ff0000000000000", "8000000000000000"])}),
        _ => json!(one(random, &WORDS)),
    }
}

/// A text, every other one formatted.
fn text(random: &mut Random, kind: &str) -> Json {
    if random.one_in(2) {
        return json!({"$": "type", "kind": kind, "text": one(random, &WORDS)});
    }
    let formats = [json!({}), json!({"b": true}), json!({"b": true, "i": 1}), json!({"c": "red"}), json!({"b": null})];
    let insert = |random: &mut Random| {
        let inserted = match random.below(5) {
            0 => json!({"image": "x"}),
            1 => json!({"$": "type", "kind": "Map", "v": {"k": 1}}),
            _ => json!(one(random, &WORDS)),
        };
        json!({"insert": inserted, "attributes": formats[random.below(5) as usize]})
    };
    let delta: Json = (0..random.below(4)).map(|_| insert(random)).collect();
    let attrs = if random.one_in(4) { json!({"id": 1, "k": {"$": "undefined"}}) } else { json!({}) };
    json!({"$": "type", "kind": kind, "delta": delta, "attrs": attrs})
}

/// Whether Yjs clones a type with all that it holds, and leaves what it holds where it is.
fn is_cloned_whole(doc: &Doc, of: &Value) -> bool {
    let all = |values: Vec<Value>| values.iter().all(|value| is_cloned_whole(doc, value));
    let plain = |entries: Vec<Value>| entries.iter().all(|value| matches!(value, Value::Any(_)));
    let plain_delta = |delta: Vec<DeltaOp>| {
        delta.iter().all(|op| matches!(op.insert, DeltaInsert::Text(_) | DeltaInsert::Embed(Value::Any(_))))
    };
    match of {
        Value::Any(_) => true,
        Value::Subdoc(_) => false,
        Value::Array(of) => all(of.values(doc)),
        Value::Map(of) => all(of.values(doc).collect()),
        Value::XmlFragment(of) => all(of.children(doc)),
        Value::XmlElement(of) => all(of.children(doc)) && plain(of.attributes(doc).map(|(_, value)| value).collect()),
        Value::XmlHook(of) => plain(of.values(doc).collect()),
        Value::Text(of) => of.attributes(doc).next().is_none() && plain_delta(of.to_delta(doc)),
        Value::XmlText(of) => of.attributes(doc).next().is_none() && plain_delta(of.to_delta(doc)),
    }
}

fn xml(random: &mut Random, depth: u32) -> Json {
    let children =
        |random: &mut Random| -> Json { (0..random.below(3)).map(|_| xml(random, depth.saturating_sub(1))).collect() };
    match random.below(if depth == 0 { 2 } else { 5 }) {
        0 => text(random, "XmlText"),
        1 => json!({"$": "type", "kind": "XmlHook", "name": one(random, &KEYS), "v": {"z": value(random, 0), "a": 1}}),
        2 => json!({"$": "type", "kind": "XmlFragment", "children": children(random)}),
        _ => {
            let attrs = json!({"id": value(random, 0), one(random, &KEYS): one(random, &WORDS)});
            json!({"$": "type", "kind": "XmlElement", "name": "p", "attrs": attrs, "children": children(random)})
        }
    }
}

/// A value for an entry of a map.
fn value(random: &mut Random, depth: u32) -> Json {
    match random.below(12) {
        0 => json!({"$": "undefined"}),
        1 => json!({"$": "bigint", "v": "9007199254740993"}),
        _ => listed(random, depth),
    }
}

/// A value for a list.
fn listed(random: &mut Random, depth: u32) -> Json {
    if depth == 0 {
        return plain(random);
    }
    match random.below(10) {
        0 => {
            let v: Json = (0..random.below(4)).map(|_| listed(random, depth - 1)).collect();
            json!({"$": "type", "kind": "Array", "v": v})
        }
        1 => json!({"$": "type", "kind": "Map", "v": {"z": value(random, depth - 1), "a": value(random, depth - 1)}}),
        2 => text(random, "Text"),
        3 => xml(random, depth),
        4 => json!({"$": "doc", "guid": one(random, &KEYS)}),
        _ => plain(random),
    }
}

fn embed(random: &mut Random) -> Json {
    match random.below(5) {
        0 => json!({"$": "type", "kind": "Text", "text": "nested"}),
        1 => json!({"$": "type", "kind": "Map", "v": {"k": 1}}),
        2 => json!({"$": "type", "kind": "Array", "v": [true, "x"]}),
        _ => json!({"image": one(random, &WORDS)}),
    }
}

impl Vocabulary {
    fn attributes(&self, random: &mut Random) -> Json {
        let mut chosen = json!({});
        for _ in 0..1 + random.below(3) {
            let (key, value) = match random.below(if self.objects { 12 } else { 9 }) {
                0..3 => ("b", json!([true, null])),
                3..6 => ("i", json!([true, false, null])),
                6 => ("c", json!(["red", "blue", null])),
                7 => ("n", json!([0.5, 1000, null])),
                8 => ("h", json!(["", "é🦆", null])),
                _ => ("o", json!([{"k": 1}, null])),
            };
            chosen[key] = pick(random, value);
        }
        chosen
    }

    fn text_call(&self, random: &mut Random, len: u32) -> Json {
        let reach = if self.narrow { len.min(4) } else { len };
        let at = random.below(reach + 1);
        let count = random.below(5).min(len - at);
        match random.below(16) {
            0..4 => json!({"op": "textInsert", "at": at, "text": one(random, &WORDS)}),
            4 | 5 => {
                json!({"op": "textInsert", "at": at, "text": one(random, &WORDS), "attrs": self.attributes(random)})
            }
            6 => match random.below(4) {
                0 => json!({"op": "textEmbed", "at": at, "value": embed(random)}),
                1 => json!({"op": "textEmbed", "at": at, "value": embed(random), "attrs": {}}),
                _ => json!({"op": "textEmbed", "at": at, "value": embed(random), "attrs": self.attributes(random)}),
            },
            7 | 8 => json!({"op": "textDelete", "at": at, "len": count}),
            9..12 => {
                let len = if random.one_in(12) { count + 2 } else { count };
                json!({"op": "textFormat", "at": at, "len": len, "attrs": self.attributes(random)})
            }
            12 | 13 => {
                let mut delta = vec![json!({"retain": at})];
                for _ in 0..random.below(4) {
                    delta.push(match random.below(4) {
                        0 => json!({"retain": 1 + random.below(3), "attributes": self.attributes(random)}),
                        // In a text that never held anything Yjs throws.
                        1 if len > 0 => json!({"delete": 1 + random.below(3)}),
                        2 => json!({"insert": embed(random), "attributes": self.attributes(random)}),
                        3 => json!({"insert": one(random, &WORDS), "attributes": {}}),
                        _ => json!({"insert": one(random, &WORDS), "attributes": self.attributes(random)}),
                    });
                }
                json!({"op": "textDelta", "delta": delta, "sanitize": random.one_in(2)})
            }
            _ => attribute(random),
        }
    }

    fn list_call(&self, random: &mut Random, len: u32, is_xml: bool) -> Json {
        let make = |random: &mut Random| if is_xml { xml(random, 2) } else { listed(random, 2) };
        let values: Json = (0..1 + random.below(3)).map(|_| make(random)).collect();
        let at = random.below(if self.narrow { len.min(3) } else { len } + 1);
        match random.below(8) {
            0 => json!({"op": "push", "values": values}),
            1 => json!({"op": "unshift", "values": values}),
            2 | 3 => json!({"op": "delete", "at": at, "len": random.below(3).min(len - at)}),
            4 if is_xml => {
                let after = if at == len { Json::Null } else { json!(at) };
                json!({"op": "insertAfter", "after": after, "values": values})
            }
            _ => json!({"op": "insert", "at": at, "values": values}),
        }
    }

    /// A random call on one of the types, of which each comes with its path.
    pub fn call(&self, random: &mut Random, doc: &Doc, types: &[(Json, Value)]) -> Json {
        let is_text = |of: &&(Json, Value)| matches!(of.1, Value::Text(_) | Value::XmlText(_));
        let texts: Vec<&(Json, Value)> = types.iter().filter(is_text).collect();
        let (path, of) = match self.texts && random.one_in(2) {
            true => texts[random.below(texts.len().min(3) as u32) as usize],
            false => &types[random.below(types.len() as u32) as usize],
        };
        let key = one(random, &KEYS);
        if random.one_in(12)
            && types.len() < 40
            && let Some(op) = clone(random, doc, types, of)
        {
            let mut op = op;
            op["path"] = path.clone();
            op["key"] = json!(key);
            return op;
        }
        let mut op = match of {
            Value::Array(of) => self.list_call(random, of.len(doc), false),
            Value::XmlFragment(of) => self.list_call(random, of.len(doc), true),
            Value::XmlElement(_) if random.one_in(3) => attribute(random),
            Value::XmlElement(of) => self.list_call(random, of.len(doc), true),
            Value::Text(of) => self.text_call(random, of.len(doc)),
            Value::XmlText(of) => self.text_call(random, of.len(doc)),
            _ => match random.below(8) {
                0 => json!({"op": "clear"}),
                1 | 2 => json!({"op": "unset", "key": key}),
                _ => json!({"op": "set", "key": key, "value": value(random, 2)}),
            },
        };
        op["path"] = path.clone();
        op
    }
}

/// A copy of one of the types into another one.
fn clone(random: &mut Random, doc: &Doc, types: &[(Json, Value)], into: &Value) -> Option<Json> {
    let (from, of) = &types[random.below(types.len() as u32) as usize];
    let is_xml = !matches!(of, Value::Array(_) | Value::Map(_) | Value::Text(_));
    let len = match into {
        Value::Array(into) => into.len(doc),
        Value::Text(into) => into.len(doc),
        Value::XmlText(into) => into.len(doc),
        Value::XmlFragment(into) if is_xml => into.len(doc),
        Value::XmlElement(into) if is_xml => into.len(doc),
        Value::Map(_) | Value::XmlHook(_) => 0,
        _ => return None,
    };
    Some(json!({"op": "clone", "from": from, "at": random.below(len + 1)}))
}

fn attribute(random: &mut Random) -> Json {
    let key = one(random, &KEYS);
    match random.one_in(4) {
        true => json!({"op": "removeAttr", "key": key}),
        false => json!({"op": "setAttr", "key": key, "value": value(random, 1)}),
    }
}

/// Yjs throws where a delta deletes in a text that never held anything, and breaks what it does not clone.
pub fn breaks_in_yjs(doc: &Doc, op: &Json) -> bool {
    if op["op"] == "clone" {
        return !ops::find(doc, &op["from"]).is_some_and(|of| is_cloned_whole(doc, &of));
    }
    let is_empty = match ops::find(doc, &op["path"]) {
        Some(Value::Text(of)) => of.is_empty(doc),
        Some(Value::XmlText(of)) => of.is_empty(doc),
        _ => false,
    };
    let deletes =
        |delta: &Json| delta.as_array().is_some_and(|delta| delta.iter().any(|op| op.get("delete").is_some()));
    is_empty && deletes(&op["delta"])
}
