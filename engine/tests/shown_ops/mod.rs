//! Random edits chosen from what a document shows, in the notation of the conformance cases: whatever engine shows it
//! can carry them out.

use crate::notation::Random;
use serde_json::{Value as Json, json};

const WORDS: [&str; 11] = ["a", "bc", " ", "\n", "é", "ß\u{301}", "鴨の池", "🦆", "x🦆y", "lorem ipsum", "\u{0}"];
const KEYS: [&str; 5] = ["k", "id", "class", "ключ", ""];

fn one<T: Clone>(random: &mut Random, of: &[T]) -> T {
    of[random.below(of.len() as u32) as usize].clone()
}

/// Every shared type below a shown value that a path can step to.
pub fn types<'t>(path: Json, shown: &'t Json, found: &mut Vec<(Json, &'t Json)>) {
    if shown["$"] != "type" {
        return;
    }
    found.push((path.clone(), shown));
    let mut step = |step: Json, value: &'t Json| {
        let mut path = path.clone();
        path.as_array_mut().unwrap().push(step);
        types(path, value, found);
    };
    for field in ["v", "children"] {
        match &shown[field] {
            Json::Array(values) => values.iter().enumerate().for_each(|(at, value)| step(json!(at), value)),
            Json::Object(entries) => entries.iter().for_each(|(key, value)| step(json!(key), value)),
            _ => {}
        }
    }
}

/// Every shared type that can be reached, with its path.
pub fn reachable(trees: &Json) -> Vec<(Json, &Json)> {
    let mut found = Vec::new();
    trees.as_object().unwrap().iter().for_each(|(name, root)| types(json!([name]), root, &mut found));
    found
}

/// The places of a shown type that lie between characters: all but those inside surrogate pairs.
pub fn places(shown: &Json) -> Vec<u32> {
    let mut places = vec![0];
    let mut at = 0;
    let mut after = |len: usize| {
        at += len as u32;
        places.push(at);
    };
    for op in shown["delta"].as_array().into_iter().flatten() {
        match &op["insert"] {
            Json::String(text) => text.chars().for_each(|char| after(char.len_utf16())),
            _ => after(1),
        }
    }
    for field in ["v", "children"] {
        shown[field].as_array().into_iter().flatten().for_each(|_| after(1));
    }
    places
}

fn plain(random: &mut Random) -> Json {
    let small = i64::from(random.below(1_000)) - 500;
    match random.below(14) {
        0 => Json::Null,
        1 => json!(true),
        2 => json!(small),
        3 => json!((1i64 << 31) + small),
        4 => {
            let bits = (small as f64 / 8.0 + 1.0 / 16.0).to_bits();
            json!({"$": "f64", "hex": format!("{bits:016x}")})
        }
        5 => {
            let value = one(random, &[f64::INFINITY, f64::NAN, 1e300, 0.1]);
            json!({"$": "f64", "hex": format!("{:016x}", value.to_bits())})
        }
        6 => json!({"$": "undefined"}),
        7 => json!({"$": "bigint", "v": ((1i64 << 60) + 1 + 2 * small).to_string()}),
        8 => json!({"$": "bytes", "b64": "AAH/"}),
        9 => json!([one(random, &WORDS), null]),
        10 => json!({"k": one(random, &WORDS), "z": []}),
        _ => json!(one(random, &WORDS)),
    }
}

fn text(kind: &str, random: &mut Random) -> Json {
    let text = one(random, &WORDS);
    json!({"$": "type", "kind": kind, "text": text, "delta": [{"insert": text}]})
}

fn node(random: &mut Random, depth: u32) -> Json {
    if depth == 0 || random.one_in(3) {
        return text("XmlText", random);
    }
    let attributes = if random.one_in(2) { json!({one(random, &KEYS): one(random, &WORDS)}) } else { json!({}) };
    let children: Vec<Json> = (0..random.below(3)).map(|_| node(random, depth - 1)).collect();
    let name = one(random, &["p", "div", "x-é"]);
    json!({"$": "type", "kind": "XmlElement", "name": name, "attrs": attributes, "children": children})
}

fn value(random: &mut Random, depth: u32) -> Json {
    if depth == 0 || !random.one_in(3) {
        return plain(random);
    }
    match random.below(5) {
        0 => {
            let values: Vec<Json> = (0..random.below(3)).map(|_| value(random, depth - 1)).collect();
            json!({"$": "type", "kind": "Array", "v": values})
        }
        1 => json!({"$": "type", "kind": "Map", "v": {"k": value(random, depth - 1), "z": value(random, depth - 1)}}),
        2 => node(random, depth),
        3 => {
            let children: Vec<Json> = (0..random.below(3)).map(|_| node(random, depth - 1)).collect();
            json!({"$": "type", "kind": "XmlFragment", "children": children})
        }
        _ => text("Text", random),
    }
}

fn formats(random: &mut Random) -> Json {
    let mut chosen = serde_json::Map::new();
    for _ in 0..1 + random.below(2) {
        let (key, value) = match random.below(8) {
            0..3 => ("b", one(random, &[json!(true), Json::Null])),
            3..6 => ("i", one(random, &[json!(true), json!(false), Json::Null])),
            6 => ("c", one(random, &[json!("red"), json!("é🦆"), Json::Null])),
            _ => ("o", one(random, &[json!({"k": [1]}), Json::Null])),
        };
        chosen.insert(key.into(), value);
    }
    Json::Object(chosen)
}

fn embed(random: &mut Random) -> Json {
    match random.below(4) {
        0 => json!({"$": "type", "kind": "Map", "v": {"k": plain(random)}}),
        1 => json!({"$": "type", "kind": "Array", "v": [true, one(random, &WORDS)]}),
        _ => json!({"image": one(random, &WORDS)}),
    }
}

fn of_text(random: &mut Random, path: &Json, shown: &Json, (at, len): (u32, u32)) -> Json {
    let is_xml = shown["kind"] == "XmlText";
    match random.below(12) {
        0 if is_xml => json!({"op": "setAttr", "path": path, "key": one(random, &KEYS), "value": one(random, &WORDS)}),
        1 if is_xml => json!({"op": "removeAttr", "path": path, "key": one(random, &KEYS)}),
        0..3 => json!({"op": "textEmbed", "path": path, "at": at, "value": embed(random), "attrs": formats(random)}),
        3 | 4 => {
            json!({"op": "textInsert", "path": path, "at": at, "text": one(random, &WORDS), "attrs": formats(random)})
        }
        5 | 6 => json!({"op": "textFormat", "path": path, "at": at, "len": len, "attrs": formats(random)}),
        7 => {
            let delta = json!([
                {"retain": at}, {"delete": len},
                {"insert": one(random, &WORDS), "attributes": formats(random)},
                {"insert": embed(random)},
            ]);
            json!({"op": "textDelta", "path": path, "delta": delta})
        }
        8 | 9 => json!({"op": "textDelete", "path": path, "at": at, "len": len}),
        _ => json!({"op": "textInsert", "path": path, "at": at, "text": one(random, &WORDS)}),
    }
}

/// One edit of a type that is shown; with `narrow` near its start.
pub fn op(random: &mut Random, trees: &Json, narrow: bool) -> Json {
    let reachable = reachable(trees);
    let (path, shown) = match random.below(3) {
        0 => reachable.iter().find(|(path, _)| *path == json!(["t"])).unwrap(),
        _ => &reachable[random.below(reachable.len() as u32) as usize],
    };
    let places = places(shown);
    let reach = if narrow { places.len().min(4) } else { places.len() };
    let first = random.below(reach as u32) as usize;
    let last = (first + random.below(5) as usize).min(places.len() - 1);
    let (at, len) = (places[first], places[last] - places[first]);
    let values = |random: &mut Random| (0..1 + random.below(3)).map(|_| value(random, 2)).collect::<Vec<_>>();
    match shown["kind"].as_str().unwrap() {
        "Text" | "XmlText" => of_text(random, path, shown, (at, len)),
        "Array" if len > 0 && random.one_in(3) => json!({"op": "delete", "path": path, "at": at, "len": len}),
        "Array" => json!({"op": "insert", "path": path, "at": at, "values": values(random)}),
        "Map" if random.one_in(3) => json!({"op": "unset", "path": path, "key": one(random, &KEYS)}),
        "Map" => json!({"op": "set", "path": path, "key": one(random, &KEYS), "value": value(random, 2)}),
        kind => match random.below(5) {
            0 if len > 0 => json!({"op": "delete", "path": path, "at": at, "len": len}),
            1 if kind == "XmlElement" => {
                json!({"op": "setAttr", "path": path, "key": one(random, &KEYS), "value": value(random, 1)})
            }
            2 if kind == "XmlElement" => json!({"op": "removeAttr", "path": path, "key": one(random, &KEYS)}),
            _ => json!({"op": "insert", "path": path, "at": at, "values": [node(random, 2)]}),
        },
    }
}
