//! Conformance `replay`: updates that Yjs wrote, and the document that Yjs makes of them.

mod notation;
mod structs;

use merganser::update::{convert_update_v1_to_v2, convert_update_v2_to_v1};
use merganser::{ClientId, Doc, Options, Value};
use notation::{any, bytes, define, delta, id_set, joined, run_cases, state_vector, tree};
use serde_json::{Value as Json, json};
use structs::same_structs;

/// Applies the updates of a case one by one, in either format, and cleans formats up as Yjs does.
fn replayed(case: &Json, cleans: bool, in_v2: bool) -> Result<(Doc, Vec<(String, Value)>), String> {
    let mut options = Options::new(ClientId::from(1));
    options.gc = case["gc"].as_bool().unwrap();
    let mut doc = Doc::new(options);
    let roots: Vec<_> = case["roots"].as_array().unwrap().iter().map(|root| define(&mut doc, root)).collect();
    for update in case["updates"].as_array().unwrap().iter().map(bytes) {
        let mut transaction = doc.transact();
        let applied = match in_v2 {
            true => convert_update_v1_to_v2(&update).and_then(|update| transaction.apply_update_v2(&update)),
            false => transaction.apply_update(&update),
        };
        applied.map_err(|error| format!("refused{}: {error}", if in_v2 { " in v2" } else { "" }))?;
        let commit = transaction.commit();
        if cleans {
            commit.clean_up();
        }
        doc.assert_invariants();
    }
    Ok((doc, roots))
}

/// Runs a case with or without the clean-up of formats; the case says what comes of either.
fn run(case: &Json, cleans: bool) -> Result<(), String> {
    let (doc, roots) = replayed(case, cleans, false)?;
    let expect = &case["expect"];
    let same = |what: &str, ours: Json, theirs: &Json| match ours == *theirs {
        true => Ok(()),
        false => Err(format!("{what}: ours {ours}, Yjs' {theirs}")),
    };
    let is_complete = expect["pending"]["ranges"] == json!([]);
    for (name, root) in &roots {
        let expected = &expect["roots"][name];
        let is_hook = case["tags"].as_array().unwrap().contains(&json!("hook"));
        let is_cleaned = case["formatCleanup"] == json!(true) && !cleans;
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
    let has_other_state = case["formatCleanup"] == json!(true) && !cleans;
    let state = if has_other_state { &case["noCleanup"] } else { expect };
    same("state vector", state_vector(&doc.state_vector()), &expect["sv"])?;
    same("delete set", id_set(&doc.delete_set()), &state["ds"])?;
    same("pending", id_set(&doc.pending_structs()), &expect["pending"]["ranges"])?;
    same("pending deletes", id_set(doc.pending_deletes()), &expect["pending"]["ds"])?;
    if doc.encode_state_vector() != bytes(&expect["svBytes"]) {
        return Err("bytes of the state vector".into());
    }
    let encoded = doc.encode_state_as_update(&Default::default());
    same_structs(&encoded, &bytes(&state["v1"]))?;
    let encoded_v2 = doc.encode_state_as_update_v2(&Default::default());
    // Cases with clean-up of formats have no v2 without it.
    if let Some(theirs_v2) = state.get("v2").map(bytes) {
        let theirs = convert_update_v2_to_v1(&theirs_v2).map_err(|error| format!("v2 of Yjs refused: {error}"))?;
        same_structs(&encoded, &theirs)?;
        if encoded == bytes(&state["v1"]) && encoded_v2 != theirs_v2 {
            return Err("the same structs, other bytes of v2".into());
        }
    }
    let (all_in_v2, roots_in_v2) = replayed(case, cleans, true)?;
    // (Of what waits, v2 has not kept the key bit beside an origin, which says nothing.)
    same_structs(&all_in_v2.encode_state_as_update(&Default::default()), &encoded)?;
    let known =
        |doc: &Doc| (doc.state_vector(), doc.delete_set(), doc.pending_structs(), doc.pending_deletes().clone());
    if known(&all_in_v2) != known(&doc) {
        return Err("everything through v2 differs".into());
    }
    for ((name, of), (_, in_v2)) in roots.iter().zip(&roots_in_v2) {
        if tree(&all_in_v2, in_v2) != tree(&doc, of) {
            return Err(format!("{name}: everything through v2 shows something else"));
        }
    }
    let mut options = Options::new(ClientId::from(1));
    options.gc = case["gc"].as_bool().unwrap();
    let mut through_v2 = Doc::new(options);
    through_v2.apply_update_v2(&encoded_v2).map_err(|error| format!("own v2 refused: {error}"))?;
    same_structs(&encoded, &through_v2.encode_state_as_update(&Default::default()))?;
    let mut copy = Doc::new(Options::new(ClientId::from(2)));
    copy.apply_update(&encoded).map_err(|error| format!("own encoding refused: {error}"))?;
    copy.assert_invariants();
    let again = copy.encode_state_as_update(&Default::default());
    if is_complete && doc.state_vector() != copy.state_vector() || again.is_empty() {
        return Err("a copy differs".into());
    }
    Ok(())
}

fn run_all(cleans: bool) {
    run_cases("replay", |case| run(case, cleans));
}

#[test]
fn documents_are_as_yjs_makes_them() {
    run_all(true);
}

#[test]
fn a_document_that_authors_nothing_keeps_superfluous_marks() {
    run_all(false);
}
