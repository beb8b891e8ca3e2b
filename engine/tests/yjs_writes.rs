//! The same random calls on a document of ours and one of real Yjs, as the same client: each writes the same bytes.

mod edits;
mod notation;
mod oracle;
mod structs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::{Any, ClientId, Doc, Error, Options, Prelim, StateVector, Transaction, Value};
use notation::{Random, bytes, id_set, reachable, runs};
use oracle::{Oracle, authored};
use serde_json::{Value as Json, json};
use structs::same_structs;

const KEYS: [&str; 4] = ["k", "id", "ключ", ""];
const WORDS: [&str; 5] = ["a", "", "鴨の池", "🦆", "lorem"];

fn one<'w>(random: &mut Random, of: &[&'w str]) -> &'w str {
    of[random.below(of.len() as u32) as usize]
}

/// A plain value that Yjs takes as an element of a list.
fn plain(random: &mut Random) -> Json {
    match random.below(7) {
        0 => Json::Null,
        1 => json!(true),
        2 => json!(random.below(1000)),
        3 => json!({"$": "bytes", "b64": "AAEC/w=="}),
        4 => json!([1, {"$": "undefined"}, {"$": "bigint", "v": "-7"}]),
        5 => json!({"k": {"$": "bytes", "b64": ""}, "z": [null]}),
        _ => json!(one(random, &WORDS)),
    }
}

fn xml(random: &mut Random, depth: u32) -> Json {
    let children =
        |random: &mut Random| -> Json { (0..random.below(3)).map(|_| xml(random, depth.saturating_sub(1))).collect() };
    match random.below(if depth == 0 { 2 } else { 5 }) {
        0 => json!({"$": "type", "kind": "XmlText", "text": one(random, &WORDS)}),
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
        2 => json!({"$": "type", "kind": "Text", "text": one(random, &WORDS)}),
        3 => xml(random, depth),
        4 => json!({"$": "doc", "guid": one(random, &KEYS)}),
        _ => plain(random),
    }
}

/// A random call on a type.
fn call(random: &mut Random, doc: &Doc, of: &Value) -> Json {
    let key = one(random, &KEYS);
    let in_list = |random: &mut Random, len: u32, is_xml: bool| {
        let make = |random: &mut Random| if is_xml { xml(random, 2) } else { listed(random, 2) };
        let values: Json = (0..1 + random.below(3)).map(|_| make(random)).collect();
        let at = random.below(len + 1);
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
    };
    let attribute = |random: &mut Random| match random.one_in(4) {
        true => json!({"op": "removeAttr", "key": key}),
        false => json!({"op": "setAttr", "key": key, "value": value(random, 1)}),
    };
    let text = |random: &mut Random, len: u32| match random.one_in(3) {
        // The whole text: no end is inside a surrogate pair.
        true => json!({"op": "delete", "at": 0, "len": len}),
        false => json!({"op": "textInsert", "at": random.below(2) * len, "text": one(random, &WORDS)}),
    };
    match of {
        Value::Array(of) => in_list(random, of.len(doc), false),
        Value::XmlFragment(of) => in_list(random, of.len(doc), true),
        Value::XmlElement(_) if random.one_in(3) => attribute(random),
        Value::XmlElement(of) => in_list(random, of.len(doc), true),
        Value::Text(_) | Value::XmlText(_) if random.one_in(3) => attribute(random),
        Value::Text(of) => text(random, of.len(doc)),
        Value::XmlText(of) => text(random, of.len(doc)),
        _ => match random.below(8) {
            0 => json!({"op": "clear"}),
            1 | 2 => json!({"op": "unset", "key": key}),
            _ => json!({"op": "set", "key": key, "value": value(random, 2)}),
        },
    }
}

fn any(value: &Json) -> Any {
    match value {
        Json::Array(values) => Any::Array(values.iter().map(any).collect()),
        Json::Object(members) => match value["$"].as_str() {
            None => Any::Object(members.iter().map(|(key, value)| (key.as_str().into(), any(value))).collect()),
            Some("undefined") => Any::Undefined,
            Some("bigint") => Any::BigInt(value["v"].as_str().unwrap().parse().unwrap()),
            Some(_) => Any::Bytes(bytes(&value["b64"]).into()),
        },
        plain => Any::from_json(&plain.to_string()).unwrap(),
    }
}

fn prelims(values: &Json) -> Vec<Prelim> {
    values.as_array().unwrap().iter().map(prelim).collect()
}

fn entries(values: &Json) -> Vec<(String, Prelim)> {
    values.as_object().unwrap().iter().map(|(key, value)| (key.clone(), prelim(value))).collect()
}

fn prelim(value: &Json) -> Prelim {
    let text = |field: &str| value[field].as_str().unwrap().to_string();
    match (value["$"].as_str(), value["kind"].as_str()) {
        (Some("doc"), _) => Prelim::Subdoc { guid: text("guid"), options: Any::Object(Vec::new()) },
        (_, Some("Array")) => Prelim::Array(prelims(&value["v"])),
        (_, Some("Map")) => Prelim::Map(entries(&value["v"])),
        (_, Some("Text")) => Prelim::Text(text("text")),
        (_, Some("XmlText")) => Prelim::XmlText(text("text")),
        (_, Some("XmlHook")) => Prelim::XmlHook { name: text("name"), entries: entries(&value["v"]) },
        (_, Some("XmlFragment")) => Prelim::XmlFragment(prelims(&value["children"])),
        (_, Some("XmlElement")) => Prelim::XmlElement {
            name: text("name"),
            attributes: entries(&value["attrs"]),
            children: prelims(&value["children"]),
        },
        _ => Prelim::Any(any(value)),
    }
}

/// Carries a call out on a type of ours.
fn write(edit: &mut Transaction<'_>, of: &Value, op: &Json) -> Result<(), Error> {
    let number = |field: &str| op[field].as_u64().unwrap() as u32;
    let text = |field: &str| op[field].as_str().unwrap();
    macro_rules! list {
        ($of:expr) => {
            match text("op") {
                "push" => $of.push(edit, prelims(&op["values"])),
                "unshift" => $of.unshift(edit, prelims(&op["values"])),
                "delete" => $of.delete(edit, number("at"), number("len")),
                _ => $of.insert(edit, number("at"), prelims(&op["values"])),
            }
        };
    }
    macro_rules! map {
        ($of:expr) => {
            match text("op") {
                "clear" => $of.clear(edit),
                "unset" => $of.delete(edit, text("key")),
                _ => $of.set(edit, text("key"), prelim(&op["value"])),
            }
        };
    }
    macro_rules! attributes_or {
        ($of:expr, $other:expr) => {
            match text("op") {
                "setAttr" => $of.set_attribute(edit, text("key"), prelim(&op["value"])),
                "removeAttr" => $of.remove_attribute(edit, text("key")),
                _ => $other,
            }
        };
    }
    macro_rules! text {
        ($of:expr) => {
            match text("op") {
                "textInsert" => $of.insert(edit, number("at"), text("text")),
                _ => $of.delete(edit, number("at"), number("len")),
            }
        };
    }
    macro_rules! nodes {
        ($of:expr) => {
            match text("op") {
                "insertAfter" => {
                    let child = op["after"].as_u64().and_then(|at| $of.get(edit, at as u32));
                    $of.insert_after(edit, child.as_ref(), prelims(&op["values"]))
                }
                _ => list!($of),
            }
        };
    }
    match of {
        Value::Array(of) => list!(of),
        Value::Map(of) => map!(of),
        Value::XmlHook(of) => map!(of),
        Value::XmlFragment(of) => nodes!(of),
        Value::XmlElement(of) => attributes_or!(of, nodes!(of)),
        Value::Text(of) => attributes_or!(of, text!(of)),
        Value::XmlText(of) => attributes_or!(of, text!(of)),
        Value::Any(_) | Value::Subdoc(_) => unreachable!("calls are made on types"),
    }
}

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    let gc = random.one_in(2);
    oracle.ask(json!({"do": "reset"}));
    let theirs = oracle.ask(json!({"do": "open", "client": 5, "gc": gc, "undoes": false}))["doc"].clone();
    let mut options = Options::new(ClientId::from(5));
    options.gc = gc;
    let mut doc = Doc::new(options);
    let roots: Vec<(String, Value)> =
        edits::roots(&mut doc).into_iter().map(|(name, root)| (name.to_string(), root)).collect();
    for _ in 0..40 {
        let types = reachable(&doc, &roots);
        // One call a transaction: a path may lead elsewhere after the first.
        let (path, of) = &types[random.below(types.len() as u32) as usize];
        let mut op = call(random, &doc, of);
        op["path"] = path.clone();
        let mut transaction = doc.transact();
        write(&mut transaction, of, &op).unwrap();
        let ours = transaction.commit().update_v1();
        let written = authored(&oracle.ask(json!({"do": "write", "doc": theirs, "ops": [op]})));
        assert_eq!(ours.is_some(), !written.is_empty(), "{op}");
        if let Some(ours) = ours {
            assert_eq!(ours, written[0], "{op}");
        }
        doc.assert_invariants();
    }
    let state = oracle.ask(json!({"do": "state", "doc": theirs}));
    assert_eq!(id_set(&doc.delete_set()), state["deletes"]);
    let ours = doc.encode_state_as_update(&StateVector::default());
    assert_eq!(same_structs(&ours, &bytes(&state["update"])), Ok(()), "{}", STANDARD.encode(&ours));
}

#[test]
fn all_writing_calls_write_what_those_of_yjs_write() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(60) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}
