//! Random edits on replicas of Merganser and yrs that exchange updates: after each exchange they hold the same.

mod notation;

use merganser::update::{convert_update_v1_to_v2, merge_updates, merge_updates_v2};
use merganser::{ClientId, Doc, Options, Prelim, StateVector};
use notation::{Random, runs};
use yrs::updates::decoder::Decode;
use yrs::{GetString, ReadTxn, Text as _, Transact};

/// A replica that got all of this in one update: everything merged.
fn merged(updates: &[Vec<u8>]) -> Doc {
    let updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    let mut doc = replica(9);
    doc.apply_update(&merge_updates(&updates).unwrap()).unwrap();
    doc.assert_invariants();
    doc
}

/// A replica that got the same updates at once, and one that got them in the opposite order.
fn at_once(updates: &[Vec<u8>]) -> [Doc; 2] {
    let mut updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    [13, 14].map(|client| {
        let mut doc = replica(client);
        doc.apply_updates(&updates).unwrap();
        doc.assert_invariants();
        updates.reverse();
        doc
    })
}

/// A replica that got the same in v2.
fn merged_in_v2(updates: &[Vec<u8>]) -> Doc {
    let updates: Vec<Vec<u8>> = updates.iter().map(|update| convert_update_v1_to_v2(update).unwrap()).collect();
    let updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    let mut doc = replica(10);
    doc.apply_update_v2(&merge_updates_v2(&updates).unwrap()).unwrap();
    doc.assert_invariants();
    doc
}

/// A replica that got what another one encodes in v2, and one that got that again.
fn reloaded_in_v2(doc: &Doc) -> [Doc; 2] {
    let copy_of = |doc: &Doc, client| {
        let mut copy = replica(client);
        copy.apply_update_v2(&doc.encode_state_as_update_v2(&StateVector::default())).unwrap();
        copy.assert_invariants();
        copy
    };
    let copy = copy_of(doc, 11);
    let again = copy_of(&copy, 12);
    [copy, again]
}

/// What another one is after its checkpoint was opened.
fn reopened(doc: &Doc, client: u32) -> Doc {
    let options = Options { gc: client.is_multiple_of(2), ..Options::new(ClientId::from(client)) };
    let copy = Doc::open_checkpoint(options, &doc.checkpoint()).unwrap();
    copy.assert_invariants();
    copy
}

fn replica(client: u32) -> Doc {
    let mut options = Options::new(ClientId::from(client));
    options.gc = client.is_multiple_of(2);
    Doc::new(options)
}

#[test]
fn texts_written_by_both_engines_converge() {
    for seed in runs(40) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let mut ours: Vec<Doc> = (1..4).map(replica).collect();
        let theirs: Vec<yrs::Doc> = (10..12).map(yrs::Doc::with_client_id).collect();
        let their_texts: Vec<_> = theirs.iter().map(|doc| doc.get_or_insert_text("t")).collect();
        for _ in 0..150 {
            let who = random.below(5) as usize;
            let words = ["a", "bc", "def", "ghijklmnop", "\n"];
            let word = words[random.below(5) as usize];
            if who < 3 {
                let text = ours[who].text("t");
                let len = text.len(&ours[who]);
                let mut transaction = ours[who].transact();
                if random.below(3) > 0 || len == 0 {
                    text.insert(&mut transaction, random.below(len + 1), word).unwrap();
                } else {
                    let at = random.below(len);
                    text.delete(&mut transaction, at, 1 + random.below((len - at).min(6))).unwrap();
                }
                ours[who].assert_invariants();
            } else {
                let text = &their_texts[who - 3];
                let mut transaction = theirs[who - 3].transact_mut();
                let len = text.len(&transaction);
                if random.below(3) > 0 || len == 0 {
                    text.insert(&mut transaction, random.below(len + 1), word);
                } else {
                    let at = random.below(len);
                    text.remove_range(&mut transaction, at, (1 + random.below(6)).min(len - at));
                }
            }
            if who < 3 && random.one_in(20) {
                ours[who] = reopened(&ours[who], who as u32 + 1);
            }
            if random.below(4) == 0 {
                let (from, to) = (random.below(5) as usize, random.below(5) as usize);
                if from == to {
                    continue;
                }
                let update = match from {
                    0..3 if to < 3 => {
                        let known = ours[to].state_vector();
                        ours[from].encode_state_as_update(&known)
                    }
                    0..3 => ours[from].encode_state_as_update(&StateVector::default()),
                    _ => theirs[from - 3].transact().encode_state_as_update_v1(&yrs::StateVector::default()),
                };
                if to < 3 {
                    ours[to].apply_update(&update).unwrap();
                    ours[to].assert_invariants();
                } else {
                    let update = yrs::Update::decode_v1(&update).unwrap();
                    theirs[to - 3].transact_mut().apply_update(update).unwrap();
                }
            }
        }
        let mut states = Vec::new();
        for from in 0..5 {
            // What yrs and we write in v2, read by the other.
            let update = match from {
                0..3 => ours[from].encode_state_as_update_v2(&StateVector::default()),
                _ => theirs[from - 3].transact().encode_state_as_update_v2(&yrs::StateVector::default()),
            };
            ours.iter_mut().for_each(|doc| {
                doc.apply_update_v2(&update).unwrap();
                doc.assert_invariants();
            });
            for doc in &theirs {
                doc.transact_mut().apply_update(yrs::Update::decode_v2(&update).unwrap()).unwrap();
            }
        }
        for _ in 0..2 {
            for from in 0..5 {
                let update = match from {
                    0..3 => ours[from].encode_state_as_update(&StateVector::default()),
                    _ => theirs[from - 3].transact().encode_state_as_update_v1(&yrs::StateVector::default()),
                };
                ours.iter_mut().for_each(|doc| {
                    doc.apply_update(&update).unwrap();
                    doc.assert_invariants();
                });
                for doc in &theirs {
                    doc.transact_mut().apply_update(yrs::Update::decode_v1(&update).unwrap()).unwrap();
                }
                states.push(update);
            }
        }
        let expected = their_texts[0].get_string(&theirs[0].transact());
        assert_eq!(expected, their_texts[1].get_string(&theirs[1].transact()));
        ours.push(merged(&states));
        ours.push(merged_in_v2(&states));
        ours.extend(at_once(&states));
        ours.extend(reloaded_in_v2(&ours[0]));
        ours.push(reopened(&ours[1], 15));
        for doc in &mut ours {
            let text = doc.text("t");
            assert_eq!(text.to_string(doc), expected, "seed {seed}");
        }
    }
}

#[test]
fn maps_arrays_and_nested_types_converge() {
    for seed in runs(40) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let mut docs: Vec<Doc> = (1..5).map(replica).collect();
        let mut updates = Vec::new();
        for _ in 0..150 {
            let who = random.below(4) as usize;
            updates.extend(edit(&mut docs[who], random));
            docs[who].assert_invariants();
            if random.one_in(20) {
                docs[who] = reopened(&docs[who], who as u32 + 1);
            }
            if random.below(3) == 0 {
                let (from, to) = (random.below(4) as usize, random.below(4) as usize);
                let known = docs[to].state_vector();
                if random.0.is_multiple_of(2) {
                    let update = docs[from].encode_state_as_update_v2(&known);
                    docs[to].apply_update_v2(&update).unwrap();
                } else {
                    let update = docs[from].encode_state_as_update(&known);
                    docs[to].apply_update(&update).unwrap();
                }
                docs[to].assert_invariants();
            }
        }
        for _ in 0..2 {
            for from in 0..4 {
                let update = docs[from].encode_state_as_update(&StateVector::default());
                docs.iter_mut().for_each(|doc| {
                    doc.apply_update(&update).unwrap();
                });
            }
        }
        let mut fresh = replica(9);
        fresh.apply_update(&docs[0].encode_state_as_update(&StateVector::default())).unwrap();
        docs.push(fresh);
        docs.push(merged(&updates));
        docs.push(merged_in_v2(&updates));
        docs.extend(at_once(&updates));
        docs.extend(reloaded_in_v2(&docs[0]));
        docs.push(reopened(&docs[1], 15));
        let shown: Vec<_> = docs.iter_mut().map(show).collect();
        for doc in &docs {
            doc.assert_invariants();
            assert_eq!(doc.state_vector(), docs[0].state_vector());
            assert_eq!(doc.delete_set(), docs[0].delete_set(), "seed {seed}");
        }
        assert!(shown.windows(2).all(|pair| pair[0] == pair[1]), "seed {seed}: {shown:#?}");
    }
}

/// One transaction, as an update; `None` if it changed nothing.
fn edit(doc: &mut Doc, random: &mut Random) -> Option<Vec<u8>> {
    let (list, map) = (doc.array("l"), doc.map("m"));
    let nested: Vec<_> = list.values(doc);
    let len = list.len(doc);
    let mut transaction = doc.transact();
    let value = || -> Prelim { 7.into() };
    match random.below(8) {
        0 | 1 => {
            let at = random.below(len + 1);
            list.insert(&mut transaction, at, vec![value(), "x".into(), value()]).unwrap();
        }
        2 => list.push(&mut transaction, vec![Prelim::Map(vec![("k".into(), value())]), value()]).unwrap(),
        3 if len > 0 => {
            let at = random.below(len);
            list.delete(&mut transaction, at, 1 + random.below((len - at).min(3))).unwrap();
        }
        4 => map.set(&mut transaction, ["a", "b"][random.below(2) as usize], random.below(99) as i32).unwrap(),
        5 => {
            let inner = Prelim::Array(vec![Prelim::Text("in".into()), value()]);
            map.set(&mut transaction, "a", inner).unwrap();
        }
        6 => map.delete(&mut transaction, ["a", "b"][random.below(2) as usize]).unwrap(),
        _ => {
            for value in nested {
                if let merganser::Value::Map(inner) = value {
                    inner.set(&mut transaction, "k", random.below(9) as i32).unwrap();
                }
            }
        }
    }
    transaction.commit().update_v1()
}

fn show(doc: &mut Doc) -> (merganser::Any, Vec<(String, merganser::Any)>) {
    let (list, map) = (doc.array("l"), doc.map("m"));
    let list = merganser::Value::Array(list).to_json(doc);
    let mut entries: Vec<_> = map.entries(doc).map(|(key, value)| (key.to_string(), value.to_json(doc))).collect();
    entries.sort_by(|a, b| a.0.cmp(&b.0));
    (list, entries)
}
