//! A whole document goes into an empty store in one piece and into any other store item by item: both give the same.

mod notation;

use merganser::{ClientId, Doc, Options, StateVector, Value};
use notation::{bytes, cases, define, delta, tree};
use serde_json::{Value as Json, json};

const STRANGER: ClientId = ClientId::new(0x1b_0000_0000_0007);

/// A document with one unit that nothing else refers to.
fn with_a_stranger(gc: bool) -> Doc {
    let mut doc = Doc::new(Options { gc, ..Options::new(STRANGER) });
    let text = doc.text("a root that no case has");
    text.insert(&mut doc.transact(), 0, "x").unwrap();
    doc
}

fn content(doc: &mut Doc, case: &Json, update: &[u8]) -> Result<(Vec<Json>, Vec<u8>), String> {
    let roots: Vec<_> = case["roots"].as_array().unwrap().iter().map(|root| define(doc, root)).collect();
    doc.apply_update(update).map_err(|error| format!("refused: {error}"))?;
    doc.assert_invariants();
    let shown = roots.iter().map(|(name, root)| {
        let delta = match root {
            Value::Text(text) => delta(doc, &text.to_delta(doc)),
            _ => Json::Null,
        };
        json!([name, tree(doc, root), delta])
    });
    let shown = shown.collect();
    let known: StateVector = [(STRANGER, doc.state_vector().clock(STRANGER))].into_iter().collect();
    Ok((shown, doc.encode_state_as_update(&known)))
}

#[test]
fn at_once_is_as_one_by_one() {
    let mut compared = 0;
    for case in cases("replay") {
        let gc = case["gc"].as_bool().unwrap();
        for state in [&case["expect"]["v1"], &case["noCleanup"]["v1"]].into_iter().filter(|state| !state.is_null()) {
            let update = bytes(state);
            let at_once = content(&mut Doc::new(Options { gc, ..Options::new(STRANGER) }), &case, &update);
            let one_by_one = content(&mut with_a_stranger(gc), &case, &update);
            assert_eq!(at_once, one_by_one, "{} {}", case["id"], case["tags"]);
            compared += 1;
        }
    }
    assert!(compared >= 600, "only {compared} states were compared");
}

#[test]
fn few_bytes_that_stand_for_many_ids_take_no_memory() {
    // Client 1 from clock 0: a GC of 4,000,000,000 ids, then one of 1 id.
    let update = [1, 2, 1, 0, 0, 0x80, 0xd0, 0xac, 0xf3, 0x0e, 0, 1, 0];
    let mut doc = Doc::new(Options::new(STRANGER));
    doc.apply_update(&update).unwrap();
    assert_eq!(doc.state_vector().clock(ClientId::from(1)), 4_000_000_001);
    doc.assert_invariants();
}
