//! Conformance `hostile`: malformed bytes give a value or an error, and an error leaves a document as it was.

mod notation;

use merganser::awareness::{Awareness, modify_update};
use merganser::sync::{Message, answer};
use merganser::update::{
    Update, clocks_of_update, convert_update_v1_to_v2, convert_update_v2_to_v1, decode_state_vector, diff_update,
    diff_update_v2, merge_updates, merge_updates_v2, state_vector_of_update, validate_update,
};
use merganser::{ClientId, Doc, ErrorKind, Options, RelativePosition, Snapshot, StateVector};
use notation::{bytes, cases, define};
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// What any of the inputs may take, in a debug build on a busy machine.
const LONGEST: Duration = Duration::from_secs(1);

fn apply(case: &Json, update: &[u8]) {
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    for root in case["roots"].as_array().unwrap() {
        define(&mut doc, root);
    }
    let text = doc.text("t");
    let mut transaction = doc.transact();
    text.insert(&mut transaction, 0, "as it was").unwrap();
    transaction.commit();
    let before = doc.encode_state_as_update(&StateVector::default());
    let applied = doc.apply_update(update);
    doc.assert_invariants();
    assert_eq!(applied.is_ok(), Update::parse_v1(update).is_ok());
    let after = doc.encode_state_as_update(&StateVector::default());
    if applied.is_err() {
        assert_eq!(before, after);
    }
    let mut copy = Doc::new(Options::new(ClientId::from(2)));
    copy.apply_update(&after).unwrap();
    copy.assert_invariants();
}

fn run(case: &Json) {
    let input = &bytes(&case["input"])[..];
    let parsed = Update::parse_v1(input).map(|_| ());
    match case["target"].as_str().unwrap() {
        "applyV1" => apply(case, input),
        "mergeV1" => assert_eq!(merge_updates(&[input, &[0, 0]]).map(|_| ()), parsed),
        "diffV1" => assert_eq!(diff_update(input, &[0]).map(|_| ()), parsed),
        "metaV1" => assert_eq!(clocks_of_update(input).map(|_| ()), parsed),
        "svV1" => assert_eq!(state_vector_of_update(input).map(|_| ()), parsed),
        "convertV1" => assert_eq!(convert_update_v1_to_v2(input).map(|_| ()), parsed),
        "applyV2" | "convertV2" | "metaV2" | "svV2" => match convert_update_v2_to_v1(input) {
            Ok(update) => apply(case, &update),
            Err(_) => {
                let mut doc = Doc::new(Options::new(ClientId::from(1)));
                assert!(doc.apply_update_v2(input).is_err());
                assert_eq!(doc.encode_state_vector(), [0]);
            }
        },
        "mergeV2" => {
            let empty = convert_update_v1_to_v2(&[0, 0]).unwrap();
            assert_eq!(merge_updates_v2(&[input, &empty]).is_ok(), convert_update_v2_to_v1(input).is_ok());
        }
        "diffV2" => assert_eq!(diff_update_v2(input, &[0]).is_ok(), convert_update_v2_to_v1(input).is_ok()),
        "stateVector" => drop(decode_state_vector(input)),
        "snapshotV1" => {
            if let Ok(snapshot) = Snapshot::decode_v1(input) {
                assert_eq!(Snapshot::decode_v1(&snapshot.encode_v1()), Ok(snapshot));
            }
        }
        "snapshotV2" => {
            if let Ok(snapshot) = Snapshot::decode_v2(input) {
                assert_eq!(Snapshot::decode_v2(&snapshot.encode_v2()), Ok(snapshot));
            }
        }
        "relpos" => {
            if let Ok(position) = RelativePosition::decode(input) {
                assert_eq!(RelativePosition::decode(&position.encode()), Ok(position));
            }
        }
        "awareness" => {
            let mut awareness = Awareness::new(ClientId::from(1), 0);
            let applied = awareness.apply_update(input, 0);
            assert_eq!(applied.is_ok(), modify_update(input, |state| state).is_ok());
            assert!(applied.is_ok() || awareness.clocks().count() == 1);
        }
        "sync" => {
            let mut doc = Doc::new(Options::new(ClientId::from(1)));
            let _refused = answer(&mut doc, &mut Awareness::new(ClientId::from(1), 0), &[&[0], input].concat(), 0);
            doc.assert_invariants();
        }
        other => panic!("an unknown target: {other}"),
    }
}

#[test]
fn malformed_bytes_are_refused_quickly() {
    for case in cases("hostile") {
        let begin = Instant::now();
        let result = std::panic::catch_unwind(|| run(&case));
        assert!(result.is_ok(), "{} {} {}", case["id"], case["target"], case["what"]);
        assert!(begin.elapsed() < LONGEST, "{} took {:?}", case["id"], begin.elapsed());
    }
}

#[test]
fn columns_that_end_early_or_never_are_refused() {
    // It hangs Yjs: a client's structs have no length, and never get to their end.
    let hanging = [
        &[0, 1, 0, 0, 0, 0, 0, 0, 0x10, 0, 1, 0, 1, 2, 0, 0, 0x16, 2, 0][..],
        &[0, 1, 0xfd, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0],
    ];
    assert!(convert_update_v2_to_v1(&hanging.concat()).is_err());
    let columns = |infos: &[u8], clients: &[u8], lengths: &[u8], rest: &[u8]| {
        let mut update = vec![0, 0];
        for column in [clients, &[], &[], infos, &[0], &[], &[], lengths] {
            merganser::lib0::write_bytes(&mut update, column);
        }
        [&update[..], rest].concat()
    };
    let one_gc = columns(&[0], &[5], &[3], &[1, 1, 0, 0]);
    assert_eq!(convert_update_v2_to_v1(&one_gc).unwrap(), [1, 1, 5, 0, 0, 3, 0]);
    let refused = |update: &[u8]| convert_update_v2_to_v1(update).unwrap_err().kind;
    assert_eq!(refused(&columns(&[0], &[], &[3], &[1, 1, 0, 0])), ErrorKind::UnexpectedEnd, "no client");
    assert_eq!(refused(&columns(&[0], &[5], &[3], &[1, 2, 0, 0])), ErrorKind::UnexpectedEnd, "one length for two");
    assert_eq!(refused(&columns(&[31], &[5], &[3], &[1, 1, 0, 0])), ErrorKind::UnknownTag);
    // The same byte, and the same length, for ever.
    let repeated = [0x41, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f];
    let endless = columns(&[0], &[5], &repeated, &[1, 0xff, 0xff, 0xff, 0xff, 0x7f, 0, 0]);
    assert_eq!(refused(&endless), ErrorKind::TooLarge);
    let overflow = columns(&[0], &[5], &[0x7f | 0x80, 0xff, 0xff, 0xff, 0x7f, 0], &[1, 2, 0, 0]);
    assert_eq!(refused(&overflow), ErrorKind::ClockOverflow);
    assert_eq!(refused(&[&one_gc[..], &[0]].concat()), ErrorKind::TrailingBytes);
    for cut in 0..one_gc.len() {
        assert!(convert_update_v2_to_v1(&one_gc[..cut]).is_err(), "cut at {cut}");
    }
}

#[test]
fn a_state_vector_that_announces_millions_is_refused_at_once() {
    assert_eq!(decode_state_vector(&[0xff, 0xff, 0xff, 0x7a]).unwrap_err().kind, ErrorKind::UnexpectedEnd);
}

#[test]
fn deep_nesting_is_refused() {
    // One struct of client 1: `any` content in the root "t", arrays in arrays.
    for depth in [100, 129, 3_000, 1_000_000] {
        let mut update = vec![1, 1, 1, 0, 8, 1, 1, b't', 1];
        update.extend(std::iter::repeat_n([117, 1], depth).flatten());
        update.extend([126, 0]);
        let refused = validate_update(&update).map_err(|error| error.kind);
        assert_eq!(refused, if depth <= 128 { Ok(()) } else { Err(ErrorKind::NestedTooDeeply) }, "{depth} levels");
    }
    for depth in [100, 127, 128, 3_000, 1_000_000] {
        let state = "[".repeat(depth) + &"]".repeat(depth);
        let mut update = vec![1, 5, 1];
        merganser::lib0::write_string(&mut update, &state);
        let mut awareness = Awareness::new(ClientId::from(1), 0);
        assert_eq!(awareness.apply_update(&update, 0).is_ok(), depth < 128, "{depth} levels of JSON");
        // One struct of client 1: an embed in the root "t".
        let mut update = vec![1, 1, 1, 0, 5, 1, 1, b't'];
        merganser::lib0::write_string(&mut update, &state);
        update.push(0);
        let refused = validate_update(&update).map_err(|error| error.kind);
        assert_eq!(refused, if depth < 128 { Ok(()) } else { Err(ErrorKind::NotJson) }, "{depth} levels of JSON");
    }
}

#[test]
fn a_frame_of_any_start_is_read_or_refused() {
    for first in 0..=u8::MAX {
        for second in 0..=u8::MAX {
            let _either = Message::decode(&[first, second, 3, 1, 2, 3]);
        }
    }
}
