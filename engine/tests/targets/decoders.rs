//! Targets for what reads bytes without a document: whatever is read is written again and means the same.

use super::Script;
use merganser::awareness::{Awareness, modify_update};
use merganser::lib0::{Reader, check_json, read_any, skip_any, write_any};
use merganser::ot::{ClientMessage, Delta, ServerMessage, form_of};
use merganser::sync::Message;
use merganser::update::{
    Content, Update, clocks_of_update, convert_update_v1_to_v2, convert_update_v2_to_v1, decode_state_vector,
    diff_update, encode_state_vector, merge_updates, read_delete_set, state_vector_of_update, validate_update,
    write_delete_set, write_struct,
};
use merganser::{Any, ClientId, Doc, IdSet, Options, RelativePosition, Snapshot, StateVector};

/// The ids that an update has content for, and those that it deletes.
pub(super) fn ids(update: &[u8]) -> (IdSet, IdSet) {
    let read = Update::parse_v1(update).expect("what was written is read");
    let structs = read.structs.iter().filter(|of| of.content != Content::Skip);
    (structs.map(|of| (of.id.client, of.id.clock..of.end())).collect(), read.deletes.into_iter().collect())
}

pub(super) fn union(a: &IdSet, b: &IdSet) -> IdSet {
    let mut all = a.clone();
    all.merge(b);
    all
}

/// Reads an update v2, or else v1, as the other; nothing is lost on the way there and back.
pub fn update_v2(input: &[u8]) {
    let Ok(update) = convert_update_v2_to_v1(input).or_else(|_| validate_update(input).map(|()| input.to_vec())) else {
        return;
    };
    let v2 = convert_update_v1_to_v2(&update).expect("an update v1 is written as v2");
    let back = convert_update_v2_to_v1(&v2).expect("what was written is read");
    assert_eq!(ids(&back), ids(&update));
    assert_eq!(convert_update_v1_to_v2(&back), Ok(v2));
}

/// Reads an update in all ways there are; each accepts the same. Each struct can be written whole and cut.
pub fn update(input: &[u8]) {
    let parsed = Update::parse_v1(input);
    assert_eq!(validate_update(input).err(), parsed.as_ref().err().copied());
    assert_eq!(clocks_of_update(input).err(), parsed.as_ref().err().copied());
    assert_eq!(state_vector_of_update(input).err(), parsed.as_ref().err().copied());
    let Ok(parsed) = parsed else { return };
    for of in &parsed.structs {
        let mut out = Vec::new();
        write_struct(&mut out, of, input, 0..of.len);
        if of.content.is_run() && of.len > 1 {
            write_struct(&mut out, of, input, 0..of.len / 2);
            write_struct(&mut out, of, input, of.len / 2..of.len);
        }
    }
    let vector = decode_state_vector(&state_vector_of_update(input).unwrap()).unwrap();
    let (structs, _) = ids(input);
    for (client, clock) in vector.iter() {
        assert!(structs.ranges(client).first().is_some_and(|range| range.start == 0 && range.end >= clock));
    }
}

/// Reads an operation and messages around operations, in both forms; what is read is written again and means the same.
/// Applied to a content, an operation is refused or fits.
pub fn operation(input: &[u8]) {
    if let Ok(op) = Delta::decode(input) {
        op.assert_invariants();
        assert_eq!(Delta::decode(&op.encode()).as_ref().map(Delta::encode), Ok(op.encode()));
        let content = Delta::new().with_insert("a\u{1f986}b\u{e9} some more text");
        if let Ok(after) = op.apply(&content) {
            after.assert_invariants();
            let back = op.invert(&content).expect("what could be applied can be taken back");
            assert_eq!(after.compose(&back).map(|content| content.len()), Ok(content.len()));
        }
        op.transform(&op, true).assert_invariants();
        op.to_plain().assert_invariants();
    }
    if let Ok(message) = ClientMessage::decode(input) {
        let bytes = message.encode(form_of(input));
        assert_eq!(ClientMessage::decode(&bytes).map(|message| message.encode(form_of(input))), Ok(bytes));
    }
    if let Ok(message) = ServerMessage::decode(input) {
        let bytes = message.encode(form_of(input), true);
        assert_eq!(ServerMessage::decode(&bytes).map(|message| message.encode(form_of(input), true)), Ok(bytes));
    }
}

/// Reads a state vector.
pub fn state_vector(input: &[u8]) {
    if let Ok(vector) = decode_state_vector(input) {
        assert_eq!(decode_state_vector(&encode_state_vector(&vector)), Ok(vector));
    }
}

/// Reads a relative position, and looks for it in a document.
pub fn position(input: &[u8]) {
    let Ok(position) = RelativePosition::decode(input) else { return };
    assert_eq!(RelativePosition::decode(&position.encode()).as_ref(), Ok(&position));
    let from_json = RelativePosition::from_json(&position.to_json());
    // JSON leaves the empty name of a root out.
    assert!(from_json.is_none_or(|read| read == position));
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let (text, list) = (doc.text("t"), doc.array("l"));
    let mut transaction = doc.transact();
    text.insert(&mut transaction, 0, "a duck 🦆").expect("the place exists");
    text.delete(&mut transaction, 2, 3).expect("the range exists");
    list.push(&mut transaction, vec![true.into()]).expect("the list exists");
    transaction.commit();
    if let Some(found) = position.to_absolute(&doc) {
        assert!(found.index <= text.len(&doc).max(list.len(&doc)));
    }
}

/// Reads a snapshot in both formats, and a document at it.
pub fn snapshot(input: &[u8]) {
    let mut options = Options::new(ClientId::from(1));
    options.gc = false;
    let mut doc = Doc::new(options.clone());
    let (text, list, map) = (doc.text("t"), doc.array("l"), doc.map("m"));
    let mut transaction = doc.transact();
    text.insert(&mut transaction, 0, "a duck 🦆").expect("the place exists");
    text.delete(&mut transaction, 2, 3).expect("the range exists");
    list.push(&mut transaction, vec![true.into(), 1.into()]).expect("the list exists");
    map.set(&mut transaction, "k", 1).and_then(|()| map.set(&mut transaction, "k", 2)).expect("the map exists");
    transaction.commit();
    let now = doc.snapshot();
    for decoded in [Snapshot::decode_v1(input), Snapshot::decode_v2(input)].into_iter().flatten() {
        assert_eq!(Snapshot::decode_v1(&decoded.encode_v1()).as_ref(), Ok(&decoded));
        assert_eq!(Snapshot::decode_v2(&decoded.encode_v2()).as_ref(), Ok(&decoded));
        text.to_delta_between(&doc, Some(&decoded), Some(&now));
        text.to_delta_between(&doc, None, Some(&decoded));
        let (values, entries) = (list.values_at(&doc, &decoded), map.entries_at(&doc, &decoded).count());
        if let Ok(mut restored) = doc.restore(&decoded, options.clone()) {
            restored.assert_invariants();
            let (list, map) = (restored.array("l"), restored.map("m"));
            assert_eq!(list.values(&restored), values);
            assert_eq!(map.entries(&restored).count(), entries);
        }
    }
}

/// Reads a delete set.
pub fn delete_set(input: &[u8]) {
    if let Ok(set) = read_delete_set(&mut Reader::new(input)) {
        let mut out = Vec::new();
        write_delete_set(&mut out, &set);
        assert_eq!(read_delete_set(&mut Reader::new(&out)), Ok(set));
    }
}

/// Reads an `any` value.
pub fn any(input: &[u8]) {
    let (mut from, mut past) = (Reader::new(input), Reader::new(input));
    let value = read_any(&mut from);
    assert_eq!(skip_any(&mut past), value.as_ref().map(|_| ()).map_err(|error| *error));
    if let Ok(value) = value {
        assert_eq!(from.offset(), past.offset());
        let mut out = Vec::new();
        write_any(&mut out, &value);
        let again = read_any(&mut Reader::new(&out)).expect("what was written is read");
        let mut twice = Vec::new();
        write_any(&mut twice, &again);
        assert_eq!(out, twice);
        let _shown = value.to_js_string();
        let json = value.to_json();
        let deepest = || json.bytes().filter(|byte| matches!(byte, b'[' | b'{')).count();
        assert!(Any::from_json(&json).is_some() || deepest() > 100);
    }
}

/// Reads JSON text.
pub fn json(input: &[u8]) {
    let Ok(text) = core::str::from_utf8(input) else { return };
    let value = Any::from_json(text);
    let checked = check_json(text, &Reader::starting_at(input, input.len()));
    assert_eq!(checked.is_ok(), value.is_some());
    if let Some(value) = value {
        let again = Any::from_json(&value.to_json()).expect("what was written is read");
        assert_eq!(again.to_json(), value.to_json());
    }
}

/// Merges updates: nothing is lost, nothing added, and grouping them otherwise changes neither.
pub fn merge(input: &[u8]) {
    let updates = Script(input).pieces();
    let Ok(merged) = merge_updates(&updates) else {
        assert!(updates.iter().any(|update| Update::parse_v1(update).is_err()));
        return;
    };
    let all = ids(&merged);
    let mut expected = <(IdSet, IdSet)>::default();
    for update in &updates {
        let one = ids(update);
        expected = (union(&expected.0, &one.0), union(&expected.1, &one.1));
    }
    assert_eq!(all, expected);
    let (first, rest) = updates.split_at(updates.len() / 2);
    let (first, rest) = (merge_updates(first).unwrap(), merge_updates(rest).unwrap());
    assert_eq!(ids(&merge_updates(&[&first, &rest]).unwrap()), expected);
}

/// Cuts an update to a difference: what is left is what the state vector does not cover.
pub fn diff(input: &[u8]) {
    let mut script = Script(input);
    let vector = script.piece().unwrap_or_default();
    let update = script.0;
    let Ok(diff) = diff_update(update, vector) else {
        assert!(decode_state_vector(vector).is_err() || Update::parse_v1(update).is_err());
        return;
    };
    let known = decode_state_vector(vector).unwrap();
    let (structs, deletes) = ids(update);
    let above = |(client, range): (ClientId, core::ops::Range<u32>)| {
        let clock = known.clock(client);
        (client, range.start.max(clock)..range.end.max(clock))
    };
    let lacking: IdSet = structs.iter().map(above).collect();
    let (kept, kept_deletes) = ids(&diff);
    assert_eq!(kept_deletes, deletes);
    assert_eq!(lacking.difference(&kept), IdSet::default());
    assert_eq!(kept.difference(&structs), IdSet::default());
    let first_of_each = clocks_of_update(update).unwrap();
    let descends = Update::parse_v1(update).unwrap().clients.windows(2).all(|of| of[0].client > of[1].client);
    if descends {
        assert_eq!(kept, lacking);
    }
    let everything: StateVector = first_of_each.iter().map(|(client, clocks)| (*client, clocks.end)).collect();
    let nothing = diff_update(update, &encode_state_vector(&everything)).unwrap();
    assert!(ids(&nothing).0.is_empty());
}

/// Reads a message.
pub fn message(input: &[u8]) {
    if let Ok(message) = Message::decode(input) {
        let frame = message.encode();
        // Of a message that is not known only the number is kept.
        if !matches!(message, Message::Other(_)) {
            assert!(frame.len() <= input.len());
            assert_eq!(Message::decode(&frame), Ok(message));
        }
    }
}

/// Applies awareness updates.
pub fn awareness(input: &[u8]) {
    let mut awareness = Awareness::new(ClientId::from(1), 0);
    for (now_ms, update) in Script(input).pieces().into_iter().enumerate() {
        let before: Vec<_> = awareness.clocks().collect();
        match awareness.apply_update(update, now_ms as u64 * 9_000) {
            Ok(changes) => {
                for (client, clock) in before {
                    assert!(awareness.clocks().any(|now| now.0 == client && now.1 >= clock));
                }
                assert!(changes.changed.iter().all(|client| changes.updated.contains(client)));
                modify_update(update, |state| state).expect("what was applied is read");
            }
            Err(error) => {
                assert_eq!(modify_update(update, |state| state), Err(error));
                assert_eq!(before, awareness.clocks().collect::<Vec<_>>());
            }
        }
        awareness.tick(now_ms as u64 * 9_000);
    }
    let mut copy = Awareness::new(ClientId::from(2), 0);
    let all: Vec<ClientId> = awareness.clocks().map(|(client, _)| client).collect();
    copy.apply_update(&awareness.encode_update(all), 0).expect("what was written is read");
}
