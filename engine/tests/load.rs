//! A whole document goes into an empty store in one piece and into any other store item by item: both give the same.

mod notation;

use merganser::types::Prelim;
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

/// What a document holds after these updates, applied together.
fn applied(doc: &mut Doc, updates: &[&[u8]]) -> (String, Vec<u8>) {
    let text = doc.text("text");
    doc.map("map");
    doc.apply_updates(updates).unwrap();
    doc.assert_invariants();
    let known: StateVector = [(STRANGER, doc.state_vector().clock(STRANGER))].into_iter().collect();
    (text.to_string(doc), doc.encode_state_as_update(&known))
}

/// Updates applied to an empty document give what they give to one that is not empty.
fn assert_same(updates: &[&[u8]]) {
    for gc in [true, false] {
        let at_once = applied(&mut Doc::new(Options { gc, ..Options::new(STRANGER) }), updates);
        assert_eq!(at_once, applied(&mut with_a_stranger(gc), updates));
    }
}

#[test]
fn what_stands_in_something_collected_is_collected() {
    let [mut ours, mut theirs] = [1, 2].map(|client| Doc::new(Options::new(ClientId::from(client))));
    let map = ours.map("map");
    let before = "some text before, so that the update is not short ".repeat(20);
    let text = ours.text("text");
    text.insert(&mut ours.transact(), 0, &before).unwrap();
    map.set(&mut ours.transact(), "a type", Prelim::Text("duck".into())).unwrap();
    theirs.apply_update(&ours.encode_state_as_update(&StateVector::default())).unwrap();
    let map_there = theirs.map("map");
    let Some(Value::Text(nested)) = map_there.get(&theirs, "a type") else { panic!("it holds a text") };
    // Text and a type in it: both are to vanish, with their bytes.
    nested.insert(&mut theirs.transact(), 2, "\u{1f986} dives").unwrap();
    nested.insert_embed(&mut theirs.transact(), 1, Prelim::Map(vec![("key".into(), Prelim::from(1.0))]), &[]).unwrap();
    let there = theirs.encode_state_as_update(&ours.state_vector());
    map.delete(&mut ours.transact(), "a type").unwrap();
    let here = ours.encode_state_as_update(&StateVector::default());
    let merged = merganser::update::merge_updates(&[&here, &there]).unwrap();
    assert_same(&[&merged]);
    assert_same(&[&here, &there]);
}

#[test]
fn updates_that_go_on_are_as_one() {
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let (text, map) = (doc.text("text"), doc.map("map"));
    let mut updates = Vec::new();
    for number in 0..60_u32 {
        let mut transaction = doc.transact();
        text.insert(&mut transaction, number * 7 % (number + 1), "ab").unwrap();
        if number % 5 == 4 {
            text.delete(&mut transaction, number % 9, 3).unwrap();
        }
        // One key is set again and again: its values must not become one block.
        map.set(&mut transaction, "key", f64::from(number)).unwrap();
        map.set(&mut transaction, "key", f64::from(number) + 0.5).unwrap();
        updates.extend(transaction.commit().update_v1());
    }
    let updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    assert_same(&updates);
    assert_same(&[&doc.encode_state_as_update(&StateVector::default())]);
    // One is missing in the middle; two overlap.
    let without: Vec<&[u8]> = [&updates[..20], &updates[21..]].concat();
    assert_same(&without);
    let whole = doc.encode_state_as_update(&StateVector::default());
    assert_same(&[updates[0], &whole, updates[30]]);
}

#[test]
fn what_is_written_into_joined_values_of_a_key_is_overwritten() {
    // Client 2 set a key to 1, then to 2, which someone has joined; client 1 set it to 3 in between.
    let joined = [1, 2, 0, 0x28, 1, 3, b'm', b'a', b'p', 1, b'k', 2, 125, 1, 125, 2];
    let theirs = [1, 1, 0, 0x88, 2, 0, 1, 125, 3];
    assert_same(&[&[&[2][..], &joined, &theirs, &[0]].concat()]);
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
