//! Conformance `events`: what each transaction tells of what it changed, and the update that it sends.

mod notation;
mod structs;
mod told;

use merganser::update::convert_update_v2_to_v1;
use merganser::{ClientId, Doc, Error, ErrorKind, Options};
use notation::{SKIPPED, bytes, define, ops, run_cases};
use serde_json::{Value as Json, json};
use structs::same_structs;
use told::{shown_event, sorted};

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
                    Err(Error { kind: ErrorKind::InsideSurrogatePair, .. }) => return Err(SKIPPED.into()),
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
    run_cases("events", run);
}
