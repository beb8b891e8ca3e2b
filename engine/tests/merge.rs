//! Conformance `merge`: what Yjs makes of updates without a document. Yjs joins no structs when it merges, so that what is
//! merged is compared unit by unit; all else is done with what Yjs has merged, and is the same in bytes.

mod notation;
mod structs;

use merganser::update::{
    Content, Update, clocks_of_update, clocks_of_update_v2, convert_update_v1_to_v2, convert_update_v2_to_v1,
    diff_update, diff_update_v2, merge_updates, merge_updates_v2, state_vector_of_update, state_vector_of_update_v2,
    validate_update, validate_update_v2,
};
use merganser::values::utf16;
use merganser::{ClientId, Clock, Doc, IdSet, Options, StateVector, Transaction};
use notation::{Random, bytes, cases, define, id_set, joined, run_cases, runs, state_vector, tree};
use serde_json::{Value as Json, json};
use std::collections::BTreeMap;
use std::ops::Range;
use structs::same_structs;

fn list(field: &Json) -> Vec<Vec<u8>> {
    field.as_array().unwrap().iter().map(bytes).collect()
}

fn merge(updates: &[Vec<u8>]) -> Vec<u8> {
    merge_updates(&updates.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap()
}

fn meta(update: &[u8]) -> Json {
    meta_of(&clocks_of_update(update).unwrap())
}

fn meta_of(clocks: &BTreeMap<ClientId, Range<Clock>>) -> Json {
    let side = |of: fn(&Range<Clock>) -> Clock| -> Json {
        clocks.iter().map(|(client, range)| json!([client.value(), of(range)])).collect()
    };
    json!({"from": side(|range| range.start), "to": side(|range| range.end)})
}

fn contents(update: &[u8]) -> (IdSet, IdSet) {
    let read = Update::parse_v1(update).unwrap();
    let structs = read.structs.iter().filter(|of| of.content != Content::Skip);
    (structs.map(|of| (of.id.client, of.id.clock..of.end())).collect(), read.deletes.into_iter().collect())
}

fn run(case: &Json) -> Result<(), String> {
    let expect = &case["expect"];
    let same = |what: &str, ours: Json, theirs: &Json| match ours == *theirs {
        true => Ok(()),
        false => Err(format!("{what}: ours {ours}, Yjs' {theirs}")),
    };
    let same_bytes = |what: &str, ours: &[u8], theirs: &Json| match ours == bytes(theirs) {
        true => Ok(()),
        false => Err(format!("{what}: ours\n{ours:x?}, Yjs'\n{:x?}", bytes(theirs))),
    };
    let updates = list(&case["updates"]);
    let merged = merge(&updates);
    let (structs, deletes) = contents(&merged);
    same("ranges", id_set(&structs), &expect["ranges"])?;
    same("deletes", id_set(&deletes), &expect["ds"])?;
    let theirs = bytes(&expect["merged"]);
    same_structs(&merged, &theirs)?;
    same("meta", meta(&merged), &expect["mergedMeta"])?;
    same_bytes("state vector", &state_vector_of_update(&merged).unwrap(), &expect["sv"])?;
    for (index, update) in updates.iter().enumerate() {
        validate_update(update).unwrap();
        same("meta of one", meta(update), &expect["metas"][index])?;
        same_bytes("vector of one", &state_vector_of_update(update).unwrap(), &expect["updateSvs"][index])?;
    }
    for (index, vector) in list(&case["svs"]).iter().enumerate() {
        let diff = diff_update(&theirs, vector).unwrap();
        same_bytes(&format!("difference {index}"), &diff, &expect["diffs"][index]["v1"])?;
        let of_ours = diff_update(&merged, vector).unwrap();
        same_structs(&of_ours, &diff)?;
        same("deletes of the difference", id_set(&contents(&of_ours).1), &expect["ds"])?;
    }
    let updates_v2 = list(&expect["updatesV2"]);
    for (index, (update, update_v2)) in updates.iter().zip(&updates_v2).enumerate() {
        validate_update_v2(update_v2).unwrap();
        let touched = clocks_of_update_v2(update_v2).unwrap();
        same("meta of one in v2", meta_of(&touched), &expect["metas"][index])?;
        same_bytes("vector of one in v2", &state_vector_of_update_v2(update_v2).unwrap(), &expect["updateSvs"][index])?;
        let ours = convert_update_v1_to_v2(update).unwrap();
        if ours != *update_v2 {
            return Err(format!("converted: ours\n{ours:x?}, Yjs'\n{update_v2:x?}"));
        }
        let back = convert_update_v2_to_v1(update_v2).map_err(|error| format!("v2 refused: {error}"))?;
        same("back in v1", id_set(&contents(&back).0), &id_set(&contents(update).0))?;
        if convert_update_v1_to_v2(&back).unwrap() != *update_v2 {
            return Err("there and back again".into());
        }
    }
    let merged_v2 = merge_updates_v2(&updates_v2.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let theirs_v2 = bytes(&expect["mergedV2"]);
    let (in_v1, theirs_in_v1) =
        (convert_update_v2_to_v1(&merged_v2).unwrap(), convert_update_v2_to_v1(&theirs_v2).unwrap());
    same_bytes("merged v2, then v1", &theirs_in_v1, &expect["mergedV2ToV1"])?;
    same_bytes("merged, then v2", &convert_update_v1_to_v2(&theirs).unwrap(), &expect["mergedToV2"])?;
    same_structs(&in_v1, &theirs_in_v1)?;
    same("deletes in v2", id_set(&contents(&in_v1).1), &expect["ds"])?;
    same("meta in v2", meta_of(&clocks_of_update_v2(&merged_v2).unwrap()), &expect["mergedMetaV2"])?;
    same_bytes("state vector in v2", &state_vector_of_update_v2(&merged_v2).unwrap(), &expect["svV2"])?;
    for (index, vector) in list(&case["svs"]).iter().enumerate() {
        let diff = diff_update_v2(&theirs_v2, vector).unwrap();
        same_bytes(&format!("difference {index}, v2"), &diff, &expect["diffs"][index]["v2"])?;
        let of_ours = convert_update_v2_to_v1(&diff_update_v2(&merged_v2, vector).unwrap()).unwrap();
        same_structs(&of_ours, &convert_update_v2_to_v1(&diff).unwrap())?;
    }
    let mut options = Options::new(ClientId::from(1));
    options.gc = false;
    let mut doc = Doc::new(options);
    let roots: Vec<_> = case["roots"].as_array().unwrap().iter().map(|root| define(&mut doc, root)).collect();
    doc.apply_update(&merged).map_err(|error| format!("refused: {error}"))?;
    doc.assert_invariants();
    let state = &expect["state"];
    same("sv", state_vector(&doc.state_vector()), &state["sv"])?;
    same("ds", id_set(&doc.delete_set()), &state["ds"])?;
    same("pending", id_set(&doc.pending_structs()), &state["pending"]["ranges"])?;
    same("pending deletes", id_set(doc.pending_deletes()), &state["pending"]["ds"])?;
    for (name, root) in &roots {
        same(name, joined(&tree(&doc, root)), &joined(&state["roots"][name]["tree"]))?;
    }
    Ok(())
}

#[test]
fn updates_are_merged_and_cut_as_in_yjs() {
    run_cases("merge", run);
}

#[test]
fn no_updates_merge_into_an_empty_one() {
    assert_eq!(merge_updates(&[]).unwrap(), [0, 0]);
}

/// What somebody types is one struct, whatever updates it came in; values of a list are joined only where all or none of them
/// are deleted, and those of a map never.
#[test]
fn structs_are_joined() {
    let mut doc = Doc::new(Options::new(ClientId::from(2)));
    let (text, list, map) = (doc.text("t"), doc.array("l"), doc.map("m"));
    let mut updates = Vec::new();
    let mut edit = |edit: &dyn Fn(&mut Transaction<'_>)| {
        let mut transaction = doc.transact();
        edit(&mut transaction);
        updates.extend(transaction.commit().update_v1());
    };
    [(0, "a"), (1, "é"), (2, "😀"), (4, "d")]
        .iter()
        .for_each(|(at, letter)| edit(&|to| text.insert(to, *at, letter).unwrap()));
    (0..6).for_each(|value| edit(&|to| list.push(to, vec![value.into()]).unwrap()));
    (0..4).for_each(|value| edit(&|to| map.set(to, "k", value).unwrap()));
    edit(&|to| list.delete(to, 2, 1).unwrap());
    let merged = merge(&updates);
    let structs = Update::parse_v1(&merged).unwrap().structs;
    let lens: Vec<_> = structs.iter().map(|of| (of.content, of.len)).collect();
    let values = [2, 1, 3, 1, 1, 1, 1].map(|len| (Content::Any, len));
    assert_eq!(lens, [&[(Content::String, 5)], &values[..]].concat());
    for [a, b] in [[1, 5], [0, 13], [3, 14]] {
        updates.swap(a, b);
        assert_eq!(merge(&updates), merged, "in another order");
    }
}

#[test]
fn a_cut_inside_a_surrogate_pair_leaves_a_replacement_character() {
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let text = doc.text("t");
    let mut transaction = doc.transact();
    text.insert(&mut transaction, 0, "a😀b").unwrap();
    let update = transaction.commit().update_v1().unwrap();
    for known in 0..=4 {
        let vector: StateVector = [(ClientId::from(1), known)].into_iter().collect();
        let diff = diff_update(&update, &merganser::update::encode_state_vector(&vector)).unwrap();
        let read = Update::parse_v1(&diff).unwrap();
        let text = read.structs.first().map_or("", |of| core::str::from_utf8(of.payload.of(&diff)).unwrap());
        assert_eq!(text, ["a😀b", "😀b", "\u{FFFD}b", "b", ""][known as usize], "known up to {known}");
        assert_eq!(utf16::len(text), 4 - known);
    }
}

/// Blocks of an update in any order, a client twice: Yjs does not write that, and loses some of it when it merges.
#[test]
fn updates_whose_clients_do_not_descend_lose_nothing() {
    let gc = |client: u8, clock: u8, len: u8| [1, client, clock, 0, len];
    let ascending = [&[3][..], &gc(1, 0, 5), &gc(2, 0, 5), &gc(1, 8, 2), &[0]].concat();
    let plain = [&[1][..], &gc(1, 4, 3), &[0]].concat();
    for updates in [[&ascending[..], &plain], [&plain, &ascending]] {
        let (structs, _) = contents(&merge_updates(&updates).unwrap());
        assert_eq!(id_set(&structs), json!([[1, [[0, 7], [8, 2]]], [2, [[0, 5]]]]));
    }
}

/// Random parts of a document's history in random order, merged in random groups: nothing is lost, nothing added.
#[test]
fn merging_in_groups_holds_the_same_as_merging_at_once() {
    let cases = cases("merge");
    for seed in runs(60) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let case = &cases[random.below(cases.len() as u32) as usize];
        let mut updates = list(&case["updates"]);
        let whole = contents(&merge(&updates));
        while updates.len() > 1 {
            let first = updates.swap_remove(random.below(updates.len() as u32) as usize);
            let second = updates.swap_remove(random.below(updates.len() as u32) as usize);
            updates.push(merge(&[first, second]));
        }
        assert_eq!(contents(&updates[0]), whole, "seed {seed}");
        let cut = random.below(200);
        let vector: StateVector = whole.0.clients().map(|(client, _)| (client, cut)).collect();
        let diff = diff_update(&updates[0], &merganser::update::encode_state_vector(&vector)).unwrap();
        let mut rest = IdSet::default();
        for (client, range) in whole.0.iter() {
            rest.insert(client, range.start.max(cut)..range.end.max(cut));
        }
        assert_eq!(contents(&diff), (rest, whole.1), "seed {seed}");
    }
}

/// The example in `src/update/FORMAT.md` is what a document writes.
#[test]
fn the_drawn_update_is_the_written_one() {
    let mut doc = Doc::new(Options::new(ClientId::from(5)));
    let text = doc.text("t");
    let mut transaction = doc.transact();
    text.insert(&mut transaction, 0, "hi").unwrap();
    text.delete(&mut transaction, 1, 1).unwrap();
    transaction.commit();
    let drawing = include_str!("../src/update/FORMAT.md").rsplit("```").nth(1).unwrap();
    let is_byte = |word: &&str| word.len() == 2 && word.bytes().all(|byte| byte.is_ascii_hexdigit());
    let bytes: Vec<u8> = drawing
        .lines()
        .flat_map(|line| line.split_whitespace().take_while(is_byte))
        .map(|word| u8::from_str_radix(word, 16).unwrap())
        .collect();
    assert_eq!(doc.encode_state_as_update(&StateVector::default()), bytes);
    assert!(validate_update(&bytes).is_ok());
}
