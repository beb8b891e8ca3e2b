//! Targets for documents: hostile updates leave them whole, honest ones make all replicas equal.

use super::Script;
use merganser::types::DeltaInsert;
use merganser::update::{Update, merge_updates};
use merganser::{Any, ClientId, Doc, Options, Prelim, StateVector, Value};
use twox_hash::XxHash3_64;

fn replica(client: u32, gc: bool) -> Doc {
    let mut options = Options::new(ClientId::from(client));
    options.gc = gc;
    let mut doc = Doc::new(options);
    doc.text("t");
    doc.array("l");
    doc.map("m");
    doc.xml_fragment("x");
    doc.xml_element("e");
    doc
}

/// Checks a document inside, unit by unit; not one whose collected runs are millions of units long.
fn check(doc: &Doc) {
    let units: u64 = doc.state_vector().iter().map(|(_, clock)| u64::from(clock)).sum();
    if units < 1 << 16 {
        doc.assert_invariants();
    }
}

/// A document that has applied these updates.
pub(super) fn loaded(updates: &[&[u8]], gc: bool) -> Doc {
    let mut doc = replica(1000, gc);
    for update in updates {
        doc.apply_update(update).expect("what was written is read");
        check(&doc);
    }
    doc
}

fn encoded(doc: &Doc) -> Vec<u8> {
    doc.encode_state_as_update(&StateVector::default())
}

/// What a document's checkpoint opens as.
fn reopened(doc: &Doc, gc: bool) -> Doc {
    let options = Options { gc, ..Options::new(ClientId::from(6)) };
    Doc::open_checkpoint(options, &doc.checkpoint()).expect("what was written is opened")
}

/// Opens what may be a forged checkpoint, without its hash and behind a byte: refused, or a document to read and write.
pub fn checkpoint(input: &[u8]) {
    let mut script = Script(input);
    let gc = script.below(2) == 0;
    let content = script.0;
    let forged = [content, &XxHash3_64::oneshot(content).to_le_bytes()].concat();
    let Ok(mut doc) = Doc::open_checkpoint(Options { gc, ..Options::new(ClientId::from(1)) }, &forged) else { return };
    let text = doc.text("t");
    let shown = contents(&mut doc);
    let mut copy = replica(2, gc);
    copy.apply_update(&encoded(&doc)).expect("what was written is read");
    assert_eq!(shown, contents(&mut reopened(&doc, gc)));
    let len = text.len(&doc);
    let mut transaction = doc.transact();
    // Inside of a surrogate pair it is refused.
    let _ = text.insert(&mut transaction, len / 2, "x");
    let _ = text.delete(&mut transaction, 0, len.min(3));
}

/// What every root holds, as JSON.
fn contents(doc: &mut Doc) -> Vec<String> {
    let (text, array, map) = (doc.text("t"), doc.array("l"), doc.map("m"));
    let (fragment, element) = (doc.xml_fragment("x"), doc.xml_element("e"));
    let roots = [
        Value::Text(text),
        Value::Array(array),
        Value::Map(map),
        Value::XmlFragment(fragment),
        Value::XmlElement(element),
    ];
    let mut contents: Vec<String> = roots.iter().map(|root| sorted(root.to_json(doc)).to_json()).collect();
    let shown = |insert: &DeltaInsert| match insert {
        DeltaInsert::Text(text) => text.clone(),
        DeltaInsert::Embed(value) => sorted(value.to_json(doc)).to_json(),
    };
    contents.extend(text.to_delta(doc).iter().map(|op| format!("{} {:?}", shown(&op.insert), op.attributes)));
    contents
}

/// The keys of objects have no order.
fn sorted(value: Any) -> Any {
    match value {
        Any::Object(entries) => {
            let mut entries: Vec<_> = entries.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            entries.sort_by(|a, b| a.0.cmp(&b.0));
            Any::Object(entries)
        }
        Any::Array(values) => Any::Array(values.into_iter().map(sorted).collect()),
        other => other,
    }
}

/// Applies updates as they come: one that is refused changes nothing, and what is encoded loads as the same.
pub fn apply(input: &[u8]) {
    let mut script = Script(input);
    let gc = script.below(2) == 0;
    let mut doc = replica(1, gc);
    let mut accepted = Vec::new();
    for update in script.pieces() {
        let before = (encoded(&doc), contents(&mut doc));
        match doc.apply_update(update) {
            Ok(_) => accepted.push(update),
            Err(_) => assert_eq!(before, (encoded(&doc), contents(&mut doc))),
        }
        assert_eq!(accepted.last() == Some(&update), Update::parse_v1(update).is_ok());
        check(&doc);
        // (Where other content waits under the same ids, the second time may bring what the first could not.)
        let (after, waits) = (encoded(&doc), !doc.pending_structs().is_empty());
        if doc.apply_update(update).is_ok() && !waits {
            assert_eq!(encoded(&doc), after, "a second time changes nothing");
        }
    }
    let whole = encoded(&doc);
    let mut copy = replica(2, gc);
    copy.apply_update(&whole).expect("what was written is read");
    check(&copy);
    // What waits is cut where it is known already, and a part may then wait for less than the whole did.
    let waits = !doc.pending_structs().is_empty();
    assert!(waits || copy.pending_structs().is_empty());
    for (client, clock) in doc.state_vector().iter() {
        assert!(copy.state_vector().clock(client) >= clock);
    }
    let merged = merge_updates(&accepted).expect("what was accepted is merged");
    let mut others = [replica(3, gc), replica(4, gc)];
    others[0].apply_update(&merged).expect("what was merged is read");
    let opened = reopened(&doc, gc);
    check(&opened);
    assert_eq!(encoded(&opened), whole, "a checkpoint holds all, and what waits");
    let mut at_once = replica(5, gc);
    at_once.apply_updates(&accepted).expect("what was accepted is read");
    check(&at_once);
    for update in accepted.iter().rev() {
        others[1].apply_update(update).expect("it was accepted before");
    }
    if waits {
        return;
    }
    assert_eq!(encoded(&at_once), encoded(&others[0]));
    assert_eq!(copy.state_vector(), doc.state_vector());
    assert_eq!(copy.pending_deletes(), doc.pending_deletes());
    // Origins that no writer can have seen put items into an order that depends on when they come, in Yjs as well.
    if others.iter_mut().all(|other| contents(other) == contents(&mut doc)) {
        assert_eq!(contents(&mut copy), contents(&mut doc));
        assert_eq!(copy.delete_set(), doc.delete_set());
        assert_eq!(encoded(&copy), whole);
    }
}

/// Honest edits on three replicas, exchanged as the bytes say: all end equal, whatever the order.
pub fn program(input: &[u8]) {
    let mut script = Script(input);
    let mut docs: Vec<Doc> = (0..3).map(|at| replica(at * 7 + 1, at != 1)).collect();
    let mut updates: Vec<Vec<u8>> = Vec::new();
    let mut is_delivered = [0; 3];
    for _ in 0..200 {
        let Some(step) = script.byte() else { break };
        let at = usize::from(step % 3);
        if step / 3 % 5 == 0 {
            let target = (at + 1) % 3;
            let order = script.below(2);
            let waiting = &updates[is_delivered[target]..];
            let apply = |update: &Vec<u8>| {
                docs[target].apply_update(update).expect("what was written is read");
            };
            if order == 0 {
                waiting.iter().for_each(apply)
            } else {
                waiting.iter().rev().for_each(apply)
            }
            is_delivered[target] = updates.len();
            check(&docs[target]);
        } else if let Some(update) = edit(&mut docs[at], &mut script) {
            check(&docs[at]);
            updates.push(update);
        }
    }
    let merged = merge_updates(&updates.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("updates are merged");
    for doc in &mut docs {
        doc.apply_update(&merged).expect("what was merged is read");
        check(doc);
    }
    docs.push(loaded(&[&merged], true));
    docs.push(loaded(&[&merged], false));
    let mut at_once = replica(1000, true);
    at_once.apply_updates(&updates.iter().map(Vec::as_slice).collect::<Vec<_>>()).expect("updates are read");
    docs.push(at_once);
    let reloaded = encoded(&docs[0]);
    docs.push(loaded(&[&reloaded], true));
    let expected = contents(&mut docs[0]);
    let (vector, deletes) = (docs[0].state_vector(), docs[0].delete_set());
    for doc in &mut docs {
        assert!(doc.pending_structs().is_empty() && doc.pending_deletes().is_empty());
        assert_eq!(contents(doc), expected);
        assert_eq!((doc.state_vector(), doc.delete_set()), (vector.clone(), deletes.clone()));
    }
}

const WORDS: [&str; 8] = ["a", "bc", "é", "鴨", "🦆", "a🦆b", "\u{0}\n", "lorem ipsum"];
const KEYS: [&str; 4] = ["k", "id", "", "ключ"];

fn edit(doc: &mut Doc, script: &mut Script<'_>) -> Option<Vec<u8>> {
    let (text, array, map, fragment) = (doc.text("t"), doc.array("l"), doc.map("m"), doc.xml_fragment("x"));
    let word = WORDS[script.below(8) as usize];
    let key = KEYS[script.below(4) as usize];
    let kind = script.below(12);
    let (place, len) = (script.below(256), 1 + script.below(4));
    let mut transaction = doc.transact();
    let edit = &mut transaction;
    // Places inside a surrogate pair are refused; that is part of the game.
    let _refused = match kind {
        0..=3 => {
            let at = place % (text.len(edit) + 1);
            text.insert(edit, at, word)
        }
        4 | 5 => {
            let at = place % (text.len(edit) + 1);
            let len = len.min(text.len(edit) - at);
            text.delete(edit, at, len)
        }
        6 => {
            let at = place % (array.len(edit) + 1);
            array.insert(edit, at, vec![word.into(), Prelim::Text(word.into()), (place as i32).into()])
        }
        7 => {
            let at = place % (array.len(edit) + 1);
            let len = len.min(array.len(edit) - at);
            array.delete(edit, at, len)
        }
        8 => map.set(edit, key, word),
        9 => map.set(edit, key, Prelim::Array(vec![word.into(), Prelim::Map(vec![(key.into(), word.into())])])),
        10 => map.delete(edit, key),
        _ => {
            let at = place % (fragment.len(edit) + 1);
            let child = Prelim::XmlElement {
                name: "p".into(),
                attributes: vec![(key.into(), word.into())],
                children: vec![Prelim::XmlText(word.into())],
            };
            if len == 1 && at < fragment.len(edit) {
                fragment.delete(edit, at, 1)
            } else {
                fragment.insert(edit, at, vec![child])
            }
        }
    };
    transaction.commit().update_v1()
}
