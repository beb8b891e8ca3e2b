//! A document out of its checkpoint is the document; damage is found; what is forged does no harm.

mod notation;

use merganser::{ClientId, Doc, ErrorKind, Options, Prelim, StateVector};
use notation::{Random, bytes, cases, define, delta, runs, tree};
use serde_json::{Value as Json, json};
use twox_hash::XxHash3_64;

const HASH_BYTES: usize = 8;

fn options(gc: bool) -> Options {
    Options { gc, ..Options::new(ClientId::from(1_000_001)) }
}

fn reopen(doc: &Doc, gc: bool) -> Doc {
    let opened = Doc::open_checkpoint(options(gc), &doc.checkpoint()).unwrap();
    opened.assert_invariants();
    opened
}

fn state(doc: &Doc) -> Vec<u8> {
    doc.encode_state_as_update(&StateVector::default())
}

/// The same bytes with a hash that fits them.
fn with_hash(content: &[u8]) -> Vec<u8> {
    [content, &XxHash3_64::oneshot(content).to_le_bytes()].concat()
}

/// All that is shown of a case's roots.
fn content(doc: &mut Doc, case: &Json) -> Vec<Json> {
    let roots: Vec<_> = case["roots"].as_array().unwrap().iter().map(|root| define(doc, root)).collect();
    let shown = roots.iter().map(|(name, root)| match root {
        merganser::Value::Text(text) => json!([name, tree(doc, root), delta(doc, &text.to_delta(doc))]),
        _ => json!([name, tree(doc, root)]),
    });
    shown.collect()
}

#[test]
fn conformance_documents_come_back() {
    let mut compared = 0;
    for case in cases("replay") {
        let gc = case["gc"].as_bool().unwrap();
        let mut doc = Doc::new(options(gc));
        doc.apply_update(&bytes(&case["expect"]["v1"])).unwrap();
        let shown = content(&mut doc, &case);
        let mut opened = reopen(&doc, gc);
        assert_eq!(content(&mut opened, &case), shown, "{}", case["id"]);
        assert!(state(&opened) == state(&doc), "{}", case["id"]);
        assert!(state(&reopen(&opened, gc)) == state(&doc), "{}", case["id"]);
        compared += 1;
    }
    assert!(compared >= 300, "only {compared} documents were compared");
}

/// A document of texts with deletes short and long, marks, values, nested types, emoji, and of several clients.
fn written(seed: u64, gc: bool) -> Doc {
    let random = &mut Random(seed);
    let mut docs: Vec<Doc> =
        (1..4).map(|client| Doc::new(Options { gc, ..Options::new(ClientId::from(client)) })).collect();
    for _ in 0..60 {
        let (who, other) = (random.below(3) as usize, random.below(3) as usize);
        let doc = &mut docs[who];
        let (text, map, list) = (doc.text("t"), doc.map("m"), doc.array("l"));
        let (len, values) = (text.len(doc), list.len(doc));
        let mut transaction = doc.transact();
        match random.below(6) {
            0..=2 => {
                let words = ["a", "bird on the water", "\u{1f986}", "\u{9d28}\u{9d28}"];
                // Inside of a surrogate pair it is refused.
                let _ = text.insert(&mut transaction, random.below(len + 1), words[random.below(4) as usize]);
            }
            3 if len > 4 => {
                let at = random.below(len);
                let _ = text.delete(&mut transaction, at, 1 + random.below((len - at).min(30)));
            }
            4 => {
                let value = [Prelim::Text("in".into()), "long enough to matter".into(), 7.into()];
                let key = ["a", "b"][random.below(2) as usize];
                map.set(&mut transaction, key, value[random.below(3) as usize].clone()).unwrap();
            }
            _ if values > 3 => list.delete(&mut transaction, random.below(values - 1), 2).unwrap(),
            _ => list.push(&mut transaction, vec![1.into(), Prelim::Map(vec![("k".into(), "v".into())])]).unwrap(),
        }
        drop(transaction);
        if random.one_in(3) {
            let update = docs[who].encode_state_as_update(&docs[other].state_vector());
            docs[other].apply_update(&update).unwrap();
        }
    }
    docs.swap_remove(0)
}

#[test]
fn an_opened_document_goes_on_as_the_one_that_was_not_closed() {
    for seed in runs(60) {
        println!("seed {seed}");
        let gc = seed % 2 == 0;
        let mut doc = written(seed, gc);
        let mut opened = reopen(&doc, gc);
        assert!(state(&opened) == state(&doc));
        opened.set_client_id(doc.client_id());
        let others = state(&written(seed + 1_000_000, gc));
        let random = &mut Random(seed);
        for _ in 0..20 {
            let updates = [&mut doc, &mut opened].map(|doc| {
                let random = &mut Random(random.0);
                let text = doc.text("t");
                let at = random.below(text.len(doc) + 1);
                let mut transaction = doc.transact();
                let _ = text.insert(&mut transaction, at, "on");
                let _ = text.delete(&mut transaction, at / 2, 1);
                let update = transaction.commit().update_v1();
                doc.assert_invariants();
                update
            });
            assert_eq!(updates[0], updates[1]);
            random.below(9);
        }
        for doc in [&mut doc, &mut opened] {
            doc.apply_update(&others).unwrap();
            doc.assert_invariants();
        }
        assert!(state(&opened) == state(&doc));
    }
}

#[test]
fn what_waits_comes_along() {
    let mut ours = Doc::new(options(true));
    let text = ours.text("t");
    let updates: Vec<Vec<u8>> = ["one", "two", "three"]
        .into_iter()
        .filter_map(|word| {
            let mut transaction = ours.transact();
            text.insert(&mut transaction, 0, word).unwrap();
            transaction.commit().update_v1()
        })
        .collect();
    let mut theirs = Doc::new(Options::new(ClientId::from(2)));
    theirs.apply_update(&updates[2]).unwrap();
    let mut opened = reopen(&theirs, true);
    assert!(!opened.pending_structs().is_empty());
    assert_eq!(opened.pending_structs(), theirs.pending_structs());
    opened.apply_update(&updates[0]).unwrap();
    opened.apply_update(&updates[1]).unwrap();
    assert_eq!(opened.text("t").to_string(&opened), "threetwoone");
}

#[test]
fn a_pair_that_was_cut_stays_cut() {
    // Client 1 writes a duck, client 2 an "x" between the two halves of its surrogate pair.
    let duck = [1, 1, 1, 0, 4, 1, 1, b't', 4, 0xf0, 0x9f, 0xa6, 0x86, 0];
    let between = [1, 1, 2, 0, 0xc4, 1, 0, 1, 1, 1, b'x', 0];
    let mut doc = Doc::new(options(true));
    doc.apply_update(&duck).unwrap();
    doc.apply_update(&between).unwrap();
    let opened = &mut reopen(&doc, true);
    assert_eq!(opened.text("t").to_string(opened), "\u{fffd}x\u{fffd}");
    assert!(state(opened) == state(&doc));
}

#[test]
fn deleted_text_is_left_out_where_garbage_is_collected() {
    let sizes = [true, false].map(|gc| {
        let mut doc = Doc::new(options(gc));
        let (text, map) = (doc.text("t"), doc.map("m"));
        let mut transaction = doc.transact();
        text.insert(&mut transaction, 0, &"duck ".repeat(1_000)).unwrap();
        text.delete(&mut transaction, 10, 4_980).unwrap();
        for _ in 0..3 {
            map.set(&mut transaction, "k", "value ".repeat(1_000)).unwrap();
        }
        drop(transaction);
        let opened = &mut reopen(&doc, gc);
        assert_eq!(opened.text("t").to_string(opened), "duck duck duck duck ");
        opened.checkpoint().len()
    });
    assert!(sizes[0] < 6_500 && sizes[1] > 23_000, "{sizes:?}");
}

#[test]
fn damage_is_found() {
    let checkpoint = written(1, true).checkpoint();
    for cut in 0..checkpoint.len() {
        let error = Doc::open_checkpoint(options(true), &checkpoint[..cut]).unwrap_err();
        assert_eq!(error.kind, ErrorKind::DamagedRow);
    }
    for bit in 0..checkpoint.len() * 8 {
        let mut damaged = checkpoint.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        let error = Doc::open_checkpoint(options(true), &damaged).unwrap_err();
        assert_eq!(error.kind, ErrorKind::DamagedRow);
    }
    let mut newer = checkpoint[..checkpoint.len() - HASH_BYTES].to_vec();
    newer[0] += 1;
    let error = Doc::open_checkpoint(options(true), &with_hash(&newer)).unwrap_err();
    assert_eq!(error.kind, ErrorKind::NewerVersion);
}

#[test]
fn what_is_forged_is_refused_or_can_be_read() {
    let mut opened = 0;
    for seed in runs(40) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let checkpoint = written(seed, seed % 2 == 0).checkpoint();
        let content = &checkpoint[..checkpoint.len() - HASH_BYTES];
        for _ in 0..300 {
            let mut forged = content.to_vec();
            for _ in 0..1 + random.below(2) {
                let at = 2 + random.below(forged.len() as u32 - 2) as usize;
                match random.below(4) {
                    0 => forged[at] = random.below(256) as u8,
                    1 => forged[at] = forged[at].wrapping_add(1),
                    2 => forged[at] ^= 1 << random.below(8),
                    _ => drop(forged.remove(at)),
                }
            }
            let Ok(mut doc) = Doc::open_checkpoint(options(true), &with_hash(&forged)) else { continue };
            let text = doc.text("t");
            let read = (text.to_string(&doc), state(&doc), doc.checkpoint(), doc.delete_set());
            let len = text.len(&doc);
            let _ = text.insert(&mut doc.transact(), len / 2, "x");
            let _ = text.delete(&mut doc.transact(), 0, len.min(3));
            assert!(!read.2.is_empty());
            opened += 1;
        }
    }
    assert!(opened > 100, "only {opened} could be opened");
}
