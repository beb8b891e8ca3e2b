//! Conformance `undo`: what undo and redo do to a document, step by step, and the stacks.

mod notation;
mod structs;

use merganser::undo::{Stack, UndoManager, UndoOptions};
use merganser::{ClientId, Doc, Error, ErrorKind, Options, Origin, StateVector, Value};
use notation::{SKIPPED, bytes, define, id_set, joined, ops, run_cases, state_vector, tree};
use serde_json::{Value as Json, json};
use structs::same_structs_except;

fn origin(of: &Json) -> Option<Origin> {
    of.as_str().map(Origin::from)
}

fn options(config: &Json) -> UndoOptions {
    UndoOptions {
        capture_timeout_ms: config["captureTimeout"].as_u64().unwrap_or(u64::MAX),
        tracked_origins: config["trackedOrigins"].as_array().unwrap().iter().map(origin).collect(),
        ignore_remote_map_changes: config["ignoreRemoteMapChanges"].as_bool().unwrap(),
    }
}

fn run(case: &Json) -> Result<(), String> {
    let mut doc = Doc::new(Options::new(ClientId::new(case["clients"][0].as_u64().unwrap())));
    let roots: Vec<(String, Value)> =
        case["roots"].as_array().unwrap().iter().map(|root| define(&mut doc, root)).collect();
    let config = &case["config"];
    let in_scope = |name: &String| config["scope"].as_array().unwrap().iter().any(|of| of == name);
    let scope: Vec<Value> = roots.iter().filter(|(name, _)| in_scope(name)).map(|(_, value)| value.clone()).collect();
    let mut undo = UndoManager::new(&mut doc, &scope, options(config)).map_err(|error| error.to_string())?;
    let steps = case["steps"].as_array().unwrap().iter().zip(case["expect"]["steps"].as_array().unwrap());
    for (at, (step, expect)) in steps.enumerate() {
        let mut did = None;
        match step["do"].as_str().unwrap() {
            "local" => {
                let mut transaction = match origin(&step["origin"]) {
                    Some(origin) => doc.transact_with(origin),
                    None => doc.transact(),
                };
                for op in step["ops"].as_array().unwrap() {
                    match ops::carry_out(&mut transaction, op) {
                        Err(Error { kind: ErrorKind::InsideSurrogatePair, .. }) => return Err(SKIPPED.into()),
                        done => done.map_err(|error| format!("step {at}: {op}: {error}"))?,
                    }
                }
                undo.track(&mut transaction.commit(), at as u64);
            }
            "remote" => {
                let mut transaction = doc.transact_with("remote");
                transaction.apply_update(&bytes(&step["update"])).map_err(|error| error.to_string())?;
                let mut commit = transaction.commit();
                undo.track(&mut commit, at as u64);
                if let Some(mut cleaned) = commit.clean_up() {
                    undo.track(&mut cleaned, at as u64);
                }
            }
            "undo" => did = Some(undo.undo(&mut doc).is_some()),
            "redo" => did = Some(undo.redo(&mut doc).is_some()),
            "stop" => undo.stop_capturing(),
            "clear" => undo.clear(&mut doc),
            other => panic!("no such step: {other}"),
        }
        doc.assert_invariants();
        let trees = Json::Object(roots.iter().map(|(name, root)| (name.clone(), tree(&doc, root))).collect());
        let stacks = [Stack::Undo, Stack::Redo].map(|stack| undo.stack(stack).len());
        let shown = json!([joined(&trees), stacks, did]);
        let expected = json!([joined(&expect["trees"]), [expect["undo"], expect["redo"]], expect.get("did")]);
        if shown != expected {
            return Err(format!("step {at}, {}:\nours {shown}\nYjs' {expected}", step["do"]));
        }
    }
    let expect = &case["expect"];
    let shown = json!([state_vector(&doc.state_vector()), id_set(&doc.delete_set())]);
    let expected = json!([expect["sv"], expect["ds"]]);
    if shown != expected {
        return Err(format!("at the end:\nours {shown}\nYjs' {expected}"));
    }
    let update = doc.encode_state_as_update(&StateVector::default());
    same_structs_except(&update, &bytes(&expect["v1"]), &doc.delete_set())
}

#[test]
fn undo_and_redo_do_what_they_do_in_yjs() {
    run_cases("undo", run);
}
