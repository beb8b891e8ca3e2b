//! Conformance `replay`: updates that Yjs wrote, and the document that Yjs makes of them.

mod notation;

use merganser::update::{Content, Struct, Update, write_struct};
use merganser::{ClientId, Clock, Doc, Options, Value};
use notation::{any, bytes, cases, define, delta, id_set, joined, state_vector, tree};
use serde_json::{Value as Json, json};
use std::collections::{BTreeMap, BTreeSet};

/// Every unit's struct in bytes, cut at the borders given: two encodings of one state are equal once both are cut at
/// the borders of both. Where a struct has an origin the key bit says nothing, and Yjs drops it when it merges updates.
fn cut_structs(
    update: &Update,
    bytes: &[u8],
    borders: &BTreeMap<ClientId, BTreeSet<Clock>>,
) -> Vec<(ClientId, Clock, Vec<u8>)> {
    let mut parts = Vec::new();
    for read in update.structs.iter().filter(|read| read.content != Content::Skip) {
        let mut from = read.id.clock;
        let inner = borders[&read.id.client].range(from + 1..read.end()).copied();
        for to in inner.chain([read.end()]) {
            let mut out = Vec::new();
            let key_bit = read.key_bit && read.origin.is_none() && read.right_origin.is_none() && from == read.id.clock;
            let read = Struct { key_bit, ..*read };
            write_struct(&mut out, &read, bytes, from - read.id.clock..to - read.id.clock);
            parts.push((read.id.client, from, out));
            from = to;
        }
    }
    parts.sort();
    parts
}

fn assert_same_state(ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    let (a, b) =
        (Update::parse_v1(ours).map_err(|e| e.to_string())?, Update::parse_v1(theirs).map_err(|e| e.to_string())?);
    let mut borders: BTreeMap<ClientId, BTreeSet<Clock>> = BTreeMap::new();
    for read in a.structs.iter().chain(&b.structs) {
        borders.entry(read.id.client).or_default().extend([read.id.clock, read.end()]);
    }
    let (a, b) = (cut_structs(&a, ours, &borders), cut_structs(&b, theirs, &borders));
    match a.iter().zip(&b).find(|(a, b)| a != b) {
        Some((a, b)) => Err(format!("structs differ: ours {a:?}, Yjs' {b:?}")),
        None if a.len() != b.len() => Err(format!("{} structs, Yjs has {}", a.len(), b.len())),
        None => Ok(()),
    }
}

fn run(case: &Json) -> Result<(), String> {
    let mut options = Options::new(ClientId::from(1));
    options.gc = case["gc"].as_bool().unwrap();
    let mut doc = Doc::new(options);
    let roots: Vec<_> = case["roots"].as_array().unwrap().iter().map(|root| define(&mut doc, root)).collect();
    for update in case["updates"].as_array().unwrap() {
        doc.apply_update(&bytes(update)).map_err(|error| format!("refused: {error}"))?;
        doc.assert_invariants();
    }
    let expect = &case["expect"];
    let same = |what: &str, ours: Json, theirs: &Json| match ours == *theirs {
        true => Ok(()),
        false => Err(format!("{what}: ours {ours}, Yjs' {theirs}")),
    };
    let is_complete = expect["pending"]["ranges"] == json!([]);
    for (name, root) in &roots {
        let expected = &expect["roots"][name];
        let is_hook = case["tags"].as_array().unwrap().contains(&json!("hook"));
        let is_cleaned = case["formatCleanup"] == json!(true);
        if !is_cleaned {
            same(&format!("{name}: tree"), joined(&tree(&doc, root)), &joined(&expected["tree"]))?;
        }
        if !is_hook && !is_cleaned && case["flavor"] != "subdoc" {
            same(&format!("{name}: json"), any(&root.to_json(&doc)), &expected["json"])?;
        }
        match root {
            Value::Text(text) => {
                same("string", json!(text.to_string(&doc)), &expected["string"])?;
                same("length", json!(text.len(&doc)), &expected["length"])?;
                let wanted = match is_cleaned {
                    true => &case["noCleanup"]["deltas"][name],
                    false => &expected["delta"],
                };
                same("delta", joined(&delta(&doc, &text.to_delta(&doc))), &joined(wanted))?;
            }
            Value::XmlFragment(xml) if !is_hook && !is_cleaned => {
                same("xml", json!(xml.to_string(&doc)), &expected["xml"])?
            }
            Value::XmlElement(xml) if !is_hook && !is_cleaned => {
                same("xml", json!(xml.to_string(&doc)), &expected["xml"])?
            }
            Value::XmlText(xml) if !is_hook && !is_cleaned => {
                same("xml", json!(xml.to_string(&doc)), &expected["xml"])?
            }
            _ => {}
        }
    }
    let state = if case["formatCleanup"] == json!(true) { &case["noCleanup"] } else { expect };
    same("state vector", state_vector(&doc.state_vector()), &expect["sv"])?;
    same("delete set", id_set(&doc.delete_set()), &state["ds"])?;
    same("pending", id_set(&doc.pending_structs()), &expect["pending"]["ranges"])?;
    same("pending deletes", id_set(doc.pending_deletes()), &expect["pending"]["ds"])?;
    if doc.encode_state_vector() != bytes(&expect["svBytes"]) {
        return Err("bytes of the state vector".into());
    }
    let encoded = doc.encode_state_as_update(&Default::default());
    assert_same_state(&encoded, &bytes(&state["v1"]))?;
    let mut copy = Doc::new(Options::new(ClientId::from(2)));
    copy.apply_update(&encoded).map_err(|error| format!("own encoding refused: {error}"))?;
    copy.assert_invariants();
    let again = copy.encode_state_as_update(&Default::default());
    if is_complete && doc.state_vector() != copy.state_vector() || again.is_empty() {
        return Err("a copy differs".into());
    }
    Ok(())
}

#[test]
fn documents_are_as_yjs_makes_them() {
    let cases = cases("replay");
    let failures: Vec<String> = cases
        .iter()
        .filter_map(|case| run(case).err().map(|wrong| format!("{} {}: {wrong}", case["id"], case["tags"])))
        .collect();
    assert!(failures.is_empty(), "{} of {} cases:\n{}", failures.len(), cases.len(), failures.join("\n"));
}
