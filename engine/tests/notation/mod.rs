//! The notation of the conformance cases: gzipped JSON lines, bytes in base64, values that JSON lacks as objects;
//! and what random tests share: a generator and the choice of seeds.
#![allow(dead_code, reason = "each test file uses a part of it")]

pub mod ops;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::types::{DeltaInsert, DeltaOp};
use merganser::{Any, Clock, Doc, IdSet, StateVector, Value, XmlElement};
use serde_json::{Value as Json, json};
use std::io::Read;
use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// The cases of a file in `conformance/`.
pub fn cases(file: &str) -> Vec<Json> {
    let path = format!("{}/tests/conformance/{file}.jsonl.gz", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    let packed = std::fs::File::open(&path).unwrap_or_else(|error| panic!("{path}: {error}"));
    flate2::read::GzDecoder::new(packed).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

/// Why a case is skipped: ours refuses what Yjs makes U+FFFD of, both halves of a pair.
pub const SKIPPED: &str = "a local cut inside a surrogate pair";

/// Runs all cases of a file, and fails with what is wrong with each one that fails.
pub fn run_cases(file: &str, run: impl Fn(&Json) -> Result<(), String>) {
    let cases = cases(file);
    let (mut failures, mut skipped) = (Vec::new(), 0);
    for case in &cases {
        match catch_unwind(AssertUnwindSafe(|| run(case))).unwrap_or(Err("panicked".into())) {
            Err(wrong) if wrong == SKIPPED => skipped += 1,
            Err(wrong) => failures.push(format!("{} {}: {wrong}", case["id"], case["tags"])),
            Ok(()) => {}
        }
    }
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
    println!("{file}: {} cases, and {skipped}: {SKIPPED}", cases.len() - skipped);
}

/// Bytes in base64.
pub fn bytes(field: &Json) -> Vec<u8> {
    STANDARD.decode(field.as_str().expect("bytes are a string")).unwrap()
}

/// A root of a case, `[name, kind]`, in a document of ours.
pub fn define(doc: &mut Doc, root: &Json) -> (String, Value) {
    let name = root[0].as_str().unwrap();
    let value = match root[1].as_str().unwrap() {
        "Text" => Value::Text(doc.text(name)),
        "Array" => Value::Array(doc.array(name)),
        "Map" => Value::Map(doc.map(name)),
        "XmlFragment" => Value::XmlFragment(doc.xml_fragment(name)),
        "XmlElement" => Value::XmlElement(doc.xml_element(name)),
        "XmlText" => Value::XmlText(doc.xml_text(name)),
        other => panic!("unknown kind {other}"),
    };
    (name.to_string(), value)
}

/// A state vector as `[[client, clock], ...]`.
pub fn state_vector(vector: &StateVector) -> Json {
    vector.iter().map(|(client, clock)| json!([client.value(), clock])).collect()
}

/// A set of ids as `[[client, [[clock, length], ...]], ...]`.
pub fn id_set(set: &IdSet) -> Json {
    let range = |range: &Range<Clock>| json!([range.start, range.end - range.start]);
    set.clients()
        .map(|(client, ranges)| json!([client.value(), ranges.iter().map(range).collect::<Vec<_>>()]))
        .collect()
}

/// A plain value.
pub fn any(value: &Any) -> Json {
    match value {
        Any::Undefined => json!({"$": "undefined"}),
        Any::Null => Json::Null,
        Any::Bool(value) => json!(value),
        Any::Number(value) if is_safe_integer(*value) => json!(*value as i64),
        Any::Number(value) => json!({"$": "f64", "hex": format!("{:016x}", canonical_bits(*value))}),
        Any::BigInt(value) => json!({"$": "bigint", "v": value.to_string()}),
        Any::String(value) => json!(**value),
        Any::Bytes(value) => json!({"$": "bytes", "b64": STANDARD.encode(value)}),
        Any::Array(values) => values.iter().map(any).collect(),
        Any::Object(entries) => {
            Json::Object(entries.iter().map(|(key, value)| (key.to_string(), any(value))).collect())
        }
    }
}

fn is_safe_integer(value: f64) -> bool {
    value.fract() == 0.0 && value.abs() <= 9_007_199_254_740_991.0 && !(value == 0.0 && value.is_sign_negative())
}

fn canonical_bits(value: f64) -> u64 {
    if value.is_nan() { f64::NAN.to_bits() } else { value.to_bits() }
}

/// A value with its shared types, as `tree` has it.
pub fn tree(doc: &Doc, value: &Value) -> Json {
    let object = |entries: Vec<(String, Json)>| Json::Object(entries.into_iter().collect());
    let map = |entries: Vec<(&str, Value)>| {
        object(entries.iter().map(|(key, value)| (key.to_string(), tree(doc, value))).collect())
    };
    match value {
        Value::Any(value) => any(value),
        Value::Subdoc(subdoc) => {
            let option = |key: &str| match &subdoc.options {
                Any::Object(options) => options.iter().find(|(of, _)| **of == *key).map(|(_, value)| value.clone()),
                _ => None,
            };
            let flag = |key: &str, default: bool| option(key).map_or(default, |value| value == Any::Bool(true));
            let mut shown =
                json!({"$": "doc", "guid": subdoc.guid, "gc": flag("gc", true), "autoLoad": flag("autoLoad", false)});
            if let Some(meta) = option("meta").filter(|meta| *meta != Any::Null) {
                shown["meta"] = any(&meta);
            }
            shown
        }
        Value::Array(array) => {
            let values: Vec<Json> = array.values(doc).iter().map(|value| tree(doc, value)).collect();
            json!({"$": "type", "kind": "Array", "v": values})
        }
        Value::Map(of) => json!({"$": "type", "kind": "Map", "v": map(of.entries(doc).collect())}),
        Value::XmlHook(of) => {
            json!({"$": "type", "kind": "XmlHook", "name": of.name(doc), "v": map(of.entries(doc).collect())})
        }
        Value::Text(text) => text_tree("Text", delta(doc, &text.to_delta(doc)), map(text.attributes(doc).collect())),
        Value::XmlText(text) => {
            text_tree("XmlText", delta(doc, &text.to_delta(doc)), map(text.attributes(doc).collect()))
        }
        Value::XmlFragment(fragment) => {
            let children: Vec<Json> = fragment.children(doc).iter().map(|child| tree(doc, child)).collect();
            json!({"$": "type", "kind": "XmlFragment", "children": children})
        }
        Value::XmlElement(element) => element_tree(doc, *element, map(element.attributes(doc).collect())),
    }
}

fn text_tree(kind: &str, delta: Json, attributes: Json) -> Json {
    let mut shown = json!({"$": "type", "kind": kind, "delta": delta});
    if attributes != json!({}) {
        shown["attrs"] = attributes;
    }
    shown
}

fn element_tree(doc: &Doc, element: XmlElement, attributes: Json) -> Json {
    let children: Vec<Json> = element.children(doc).iter().map(|child| tree(doc, child)).collect();
    json!({"$": "type", "kind": "XmlElement", "name": element.name(doc), "attrs": attributes, "children": children})
}

/// A delta.
pub fn delta(doc: &Doc, ops: &[DeltaOp]) -> Json {
    let op = |op: &DeltaOp| {
        let insert = match &op.insert {
            DeltaInsert::Text(text) => json!(text.as_str()),
            DeltaInsert::Embed(value) => tree(doc, value),
        };
        if op.attributes.is_empty() {
            return json!({"insert": insert});
        }
        let attributes = op.attributes.iter().map(|(key, value)| (key.to_string(), any(value)));
        json!({"insert": insert, "attributes": Json::Object(attributes.collect())})
    };
    ops.iter().map(op).collect()
}

/// The types inside a type that a path can step into, each with its step.
fn steps(doc: &Doc, of: &Value) -> Vec<(Json, Value)> {
    let listed = |values: Vec<Value>| values.into_iter().enumerate().map(|(at, value)| (json!(at), value)).collect();
    match of {
        Value::Array(of) => listed(of.values(doc)),
        Value::XmlFragment(of) => listed(of.children(doc)),
        Value::XmlElement(of) => listed(of.children(doc)),
        Value::Map(of) => of.entries(doc).map(|(key, value)| (json!(key), value)).collect(),
        Value::XmlHook(of) => of.entries(doc).map(|(key, value)| (json!(key), value)).collect(),
        _ => Vec::new(),
    }
}

/// Every shared type that can be reached from the roots, with its path.
pub fn reachable(doc: &Doc, roots: &[(String, Value)]) -> Vec<(Json, Value)> {
    let mut found: Vec<(Json, Value)> = roots.iter().map(|(name, root)| (json!([name]), root.clone())).collect();
    let mut at = 0;
    while at < found.len() {
        let (path, of) = found[at].clone();
        for (step, value) in steps(doc, &of) {
            if !matches!(value, Value::Any(_) | Value::Subdoc(_)) {
                let mut path = path.clone();
                path.as_array_mut().unwrap().push(step);
                found.push((path, value));
            }
        }
        at += 1;
    }
    found
}

/// Joins neighbouring text inserts with equal attributes, everywhere in a value: how Yjs cuts them depends on marks
/// that change nothing.
pub fn joined(value: &Json) -> Json {
    match value {
        Json::Array(values) => {
            let mut out: Vec<Json> = Vec::new();
            for value in values {
                let value = joined(value);
                let joins = out.last().is_some_and(|last| {
                    last["insert"].is_string()
                        && value["insert"].is_string()
                        && last.get("attributes") == value.get("attributes")
                });
                match out.last_mut() {
                    Some(last) if joins => {
                        last["insert"] =
                            json!(format!("{}{}", last["insert"].as_str().unwrap(), value["insert"].as_str().unwrap()));
                    }
                    _ => out.push(value),
                }
            }
            Json::Array(out)
        }
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), joined(value))).collect(),
        other => other.clone(),
    }
}

/// Every character of two UTF-16 units as two U+FFFD: what its halves read as where it is split.
pub fn halved(value: &Json) -> Json {
    match value {
        Json::String(text) => json!(text.replace(|char: char| char.len_utf16() == 2, "\u{FFFD}\u{FFFD}")),
        Json::Array(values) => values.iter().map(halved).collect(),
        Json::Object(entries) => entries.iter().map(|(key, value)| (key.clone(), halved(value))).collect(),
        other => other.clone(),
    }
}

/// A small generator of our own, so that a seed means the same for ever (splitmix64).
pub struct Random(pub u64);

impl Random {
    /// A number below `limit`, 0 where there is none.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % u64::from(limit.max(1))) as u32
    }

    /// Whether something happens that does so once in `times`.
    pub fn one_in(&mut self, times: u32) -> bool {
        self.below(times) == 0
    }
}

/// The seeds of a random test: the one in `MERGANSER_SEED`, else the first `MERGANSER_RUNS`, else `count`.
pub fn runs(count: u64) -> Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().expect("a number"));
    match number("MERGANSER_SEED") {
        Some(seed) => seed..seed + number("MERGANSER_RUNS").unwrap_or(1),
        None => 0..number("MERGANSER_RUNS").unwrap_or(count),
    }
}
