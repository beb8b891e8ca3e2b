//! Conformance `snapshot`: snapshots in bytes, documents restored from them, and deltas between them.

mod notation;

use merganser::history::Change;
use merganser::types::{DeltaInsert, DeltaOp};
use merganser::update::convert_update_v1_to_v2;
use merganser::{Any, ClientId, Doc, ErrorKind, Options, Snapshot, StateVector, Value};
use notation::{any, bytes, define, delta, id_set, joined, run_cases, state_vector, tree};
use serde_json::{Value as Json, json};

fn same(what: &str, ours: &Json, theirs: &Json) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: ours {ours}, Yjs' {theirs}")) }
}

fn keeping(client: u32) -> Options {
    let mut options = Options::new(ClientId::from(client));
    options.gc = false;
    options
}

fn define_all(doc: &mut Doc, case: &Json) -> Vec<(String, Value)> {
    case["roots"].as_array().unwrap().iter().map(|root| define(doc, root)).collect()
}

fn same_roots(what: &str, doc: &mut Doc, case: &Json, expected: &Json) -> Result<(), String> {
    for (name, root) in define_all(doc, case) {
        let expected = &expected[&name];
        same(&format!("{what}: {name}: tree"), &joined(&tree(doc, &root)), &joined(&expected["tree"]))?;
        same(&format!("{what}: {name}: json"), &any(&root.to_json(doc)), &expected["json"])?;
    }
    Ok(())
}

fn run(case: &Json) -> Result<(), String> {
    let mut doc = Doc::new(keeping(1));
    let roots = define_all(&mut doc, case);
    for update in case["updates"].as_array().unwrap() {
        doc.apply_update(&bytes(update)).map_err(|error| format!("refused: {error}"))?;
    }
    let expect = &case["expect"];
    let mut snapshots = Vec::new();
    for (at, encoded) in case["snapshots"].as_array().unwrap().iter().enumerate() {
        let expected = &expect["snapshots"][at];
        let snapshot = Snapshot::decode_v1(&bytes(encoded)).map_err(|error| error.to_string())?;
        assert_eq!(snapshot.encode_v1(), bytes(&expected["v1"]), "bytes v1");
        assert_eq!(snapshot.encode_v2(), bytes(&expected["v2"]), "bytes v2");
        assert_eq!(Snapshot::decode_v2(&bytes(&expected["v2"])).as_ref(), Ok(&snapshot));
        same("state vector", &state_vector(snapshot.state_vector()), &expected["sv"])?;
        same("delete set", &id_set(snapshot.delete_set()), &expected["ds"])?;
        let mut restored = doc.restore(&snapshot, keeping(2)).map_err(|error| error.to_string())?;
        restored.assert_invariants();
        same_roots(&format!("snapshot {at}"), &mut restored, case, &expected["roots"])?;
        if restored.pending_structs().is_empty() {
            assert_eq!(restored.snapshot(), snapshot);
        }
        snapshots.push(snapshot);
    }
    for expected in expect["deltas"].as_array().unwrap() {
        let (_, root) = roots.iter().find(|(name, _)| expected["root"] == json!(name)).unwrap();
        let pair = [0, 1].map(|at| expected["pair"][at].as_u64().map(|at| &snapshots[at as usize]));
        let ours = match root {
            Value::Text(text) => text.to_delta_between(&doc, pair[0], pair[1]),
            Value::XmlText(text) => text.to_delta_between(&doc, pair[0], pair[1]),
            other => panic!("no text: {other:?}"),
        };
        let what = format!("delta of {}, {}", expected["root"], expected["pair"]);
        same(&what, &joined(&delta(&doc, &ours)), &joined(&expected["delta"]))?;
    }
    let tests: Vec<Vec<u8>> = case["testUpdates"].as_array().unwrap().iter().map(bytes).collect();
    for (at, snapshot) in snapshots.iter().enumerate() {
        let contains: Vec<bool> = tests.iter().map(|update| snapshot.contains_update(update).unwrap()).collect();
        same("contains", &json!(contains), &expect["contains"][at])?;
        let in_v2 = tests.iter().map(|update| convert_update_v1_to_v2(update).unwrap());
        let contains: Vec<bool> = in_v2.map(|update| snapshot.contains_update_v2(&update).unwrap()).collect();
        same("contains, v2", &json!(contains), &expect["contains"][at])?;
        let equal: Vec<bool> = snapshots.iter().map(|other| other == snapshot).collect();
        same("equal", &json!(equal), &expect["equal"][at])?;
    }
    assert_eq!(doc.snapshot().encode_v1(), bytes(&expect["current"]["v1"]), "bytes v1 of now");
    assert_eq!(doc.snapshot().encode_v2(), bytes(&expect["current"]["v2"]), "bytes v2 of now");
    same_roots("now", &mut doc, case, &expect["state"]["roots"])
}

#[test]
fn snapshots_are_as_yjs_reads_them() {
    run_cases("snapshot", run);
}

#[test]
fn what_is_wrong_with_bytes_is_said_with_its_place() {
    let v1 = |bytes: &[u8]| Snapshot::decode_v1(bytes).map_err(|error| (error.kind, error.offset_bytes));
    let v2 = |bytes: &[u8]| Snapshot::decode_v2(bytes).map_err(|error| (error.kind, error.offset_bytes));
    assert_eq!(v1(&[0, 0]), Ok(Snapshot::default()));
    assert_eq!(v2(&[0, 0]), Ok(Snapshot::default()));
    for read in [v1, v2] {
        assert_eq!(read(&[]), Err((ErrorKind::UnexpectedEnd, 0)));
        assert_eq!(read(&[0]), Err((ErrorKind::UnexpectedEnd, 1)));
        assert_eq!(read(&[0, 0, 0]), Err((ErrorKind::TrailingBytes, 2)));
        assert_eq!(read(&[0, 1, 5, 0xff, 0xff, 0xff, 0xff, 0x7f]), Err((ErrorKind::ClockOverflow, 3)));
        assert_eq!(read(&[0xff, 0xff, 0xff, 0x7f]), Err((ErrorKind::UnexpectedEnd, 0)));
    }
    let beyond = [1, 1, 2, 0xff, 0xff, 0xff, 0xff, 0x0e, 9, 0xff, 0xff, 0xff, 0xff, 0x0e, 0, 0];
    assert_eq!(v2(&beyond).unwrap_err().0, ErrorKind::ClockOverflow);
}

#[test]
fn a_document_that_lacks_content_is_not_restored() {
    let mut doc = Doc::new(keeping(1));
    let text = doc.text("t");
    text.insert(&mut doc.transact(), 0, "duck").unwrap();
    let later = doc.snapshot();
    let mut collecting = Doc::new(Options::new(ClientId::from(2)));
    collecting.apply_update(&doc.encode_state_as_update(&StateVector::default())).unwrap();
    let refused = |doc: &Doc, snapshot: &Snapshot| doc.restore(snapshot, keeping(3)).map_err(|error| error.kind).err();
    assert_eq!(refused(&collecting, &later), Some(ErrorKind::SnapshotUnavailable));
    assert_eq!(refused(&Doc::new(keeping(2)), &later), Some(ErrorKind::SnapshotUnavailable));
    assert_eq!(refused(&Doc::new(keeping(2)), &Snapshot::default()), None);
    assert_eq!(refused(&doc, &later), None);
}

#[test]
fn marks_of_the_callers_own() {
    let mut doc = Doc::new(keeping(1));
    let text = doc.text("t");
    text.insert(&mut doc.transact(), 0, "a wet duck").unwrap();
    let before = doc.snapshot();
    text.delete(&mut doc.transact(), 2, 4).unwrap();
    text.insert(&mut doc.transact(), 6, "!").unwrap();
    let now = doc.snapshot();
    let marked = text.to_delta_marked(&doc, Some(&now), Some(&before), |change, id| {
        Any::String(format!("{change:?} {id:?}").into())
    });
    let op = |text: &str, mark: Option<&str>| DeltaOp {
        insert: DeltaInsert::Text(text.into()),
        attributes: mark.map(|mark| ("ychange".into(), mark.into())).into_iter().collect(),
    };
    let expected = [op("a ", None), op("wet ", Some("Removed 2@1")), op("duck", None), op("!", Some("Added 10@1"))];
    assert_eq!(marked, expected);
    assert_eq!(text.to_delta_at(&doc, &before), [op("a wet duck", None)]);
    assert_ne!(Change::Added, Change::Removed);
}
