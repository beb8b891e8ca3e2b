//! Conformance `relpos`: relative positions that Yjs made, in bytes and as JSON, and where Yjs finds them later.

mod notation;

use merganser::{Any, ClientId, Doc, ErrorKind, Id, Options, PositionType, Prelim, RelativePosition, Value};
use notation::{any, bytes, define, joined, reachable, run_cases, tree};
use serde_json::{Value as Json, json};

fn found(doc: &Doc, roots: &[(String, Value)], position: &RelativePosition) -> Json {
    let Some(found) = position.to_absolute(doc) else { return Json::Null };
    let path = reachable(doc, roots).into_iter().find(|(_, of)| *of == found.of).map(|(path, _)| path);
    json!({"index": found.index, "assoc": found.assoc, "path": path})
}

fn same(what: &str, ours: &Json, theirs: &Json) -> Result<(), String> {
    if ours == theirs { Ok(()) } else { Err(format!("{what}: ours {ours}, Yjs' {theirs}")) }
}

fn run(case: &Json) -> Result<(), String> {
    let mut options = Options::new(ClientId::from(1));
    options.gc = case["gc"].as_bool().unwrap();
    let mut doc = Doc::new(options);
    let roots: Vec<_> = case["roots"].as_array().unwrap().iter().map(|root| define(&mut doc, root)).collect();
    for update in case["updates"].as_array().unwrap() {
        doc.apply_update(&bytes(update)).unwrap();
    }
    let expect = &case["expect"];
    let mut positions = Vec::new();
    let types = reachable(&doc, &roots);
    for (asked, created) in case["positions"].as_array().unwrap().iter().zip(expect["created"].as_array().unwrap()) {
        let (_, of) = types.iter().find(|(path, _)| *path == asked["path"]).unwrap();
        let index = asked["index"].as_u64().unwrap() as u32;
        let position = RelativePosition::at(&doc, of.clone(), index, asked["assoc"].as_i64().unwrap() as i32).unwrap();
        if position.encode() != bytes(&created["bytes"]) {
            return Err(format!("{asked}: bytes {:?}, Yjs' {:?}", position.encode(), bytes(&created["bytes"])));
        }
        same("json", &any(&position.to_json()), &created["json"])?;
        let text = Any::from_json(&created["json"].to_string()).unwrap();
        assert_eq!(RelativePosition::from_json(&text).as_ref(), Some(&position));
        let decoded = RelativePosition::decode(&position.encode()).unwrap();
        assert_eq!(decoded.encode(), position.encode());
        positions.push((position, decoded));
    }
    let check = |doc: &Doc, what: &str, expected: &Json| {
        for ((position, decoded), expected) in positions.iter().zip(expected.as_array().unwrap()) {
            same(what, &found(doc, &roots, position), expected)?;
            same(what, &found(doc, &roots, decoded), expected)?;
        }
        Ok::<(), String>(())
    };
    check(&doc, "at once", &expect["before"])?;
    for (at, update) in case["later"].as_array().unwrap().iter().enumerate() {
        doc.apply_update(&bytes(update)).unwrap();
        for after in expect["after"].as_array().unwrap().iter().filter(|after| after["afterLater"] == json!(at + 1)) {
            check(&doc, &format!("after {} updates", at + 1), &after["positions"])?;
        }
    }
    for (name, root) in &roots {
        same("state", &joined(&tree(&doc, root)), &joined(&expect["state"][name]["tree"]))?;
    }
    Ok(())
}

#[test]
fn positions_are_as_yjs_makes_and_finds_them() {
    run_cases("relpos", run);
}

#[test]
fn what_is_wrong_with_bytes_is_said_with_its_place() {
    let refused = |bytes: &[u8]| RelativePosition::decode(bytes).map_err(|error| (error.kind, error.offset_bytes));
    assert_eq!(refused(&[]), Err((ErrorKind::UnexpectedEnd, 0)));
    assert_eq!(refused(&[3, 0]), Err((ErrorKind::UnknownTag, 0)));
    assert_eq!(refused(&[0, 1]), Err((ErrorKind::UnexpectedEnd, 2)));
    assert_eq!(refused(&[0, 1, 2, 0, 0]), Err((ErrorKind::TrailingBytes, 4)));
    assert_eq!(refused(&[1, 9, b'a']), Err((ErrorKind::UnexpectedEnd, 2)));
    assert_eq!(refused(&[1, 1, 0xff, 0]), Err((ErrorKind::NotUtf8, 2)));
    assert_eq!(refused(&[2, 1, 0xff, 0xff, 0xff, 0xff, 0x7f]), Err((ErrorKind::ClockOverflow, 2)));
    assert_eq!(refused(&[2, 1, 1, 0xbf, 0xff, 0xff, 0xff, 0x7f]), Err((ErrorKind::NumberTooLarge, 3)));
    assert_eq!(refused(&[2, 1, 1]).map(|position| position.assoc()), Ok(0), "old positions have no assoc");
}

#[test]
fn json_that_names_no_place() {
    let read = |text: &str| RelativePosition::from_json(&Any::from_json(text).unwrap());
    for text in ["1", "{}", r#"{"assoc":0}"#, r#"{"item":{"client":1}}"#, r#"{"item":{"client":-1,"clock":0}}"#] {
        assert_eq!(read(text), None, "{text}");
    }
    for text in [r#"{"tname":"t","assoc":0.5}"#, r#"{"tname":1}"#, r#"{"type":{"client":1,"clock":4294967296}}"#] {
        assert_eq!(read(text), None, "{text}");
    }
    let position = read(r#"{"type":null,"tname":"t","item":{"client":1,"clock":2}}"#).unwrap();
    assert_eq!(position.item(), Some(Id::new(ClientId::from(1), 2)));
    assert_eq!(position.of(), Some(&PositionType::Root("t".into())));
}

#[test]
fn a_position_in_a_collected_type_is_lost_and_kept_without_collection() {
    for gc in [true, false] {
        let mut options = Options::new(ClientId::from(1));
        options.gc = gc;
        let mut doc = Doc::new(options);
        let list = doc.array("l");
        list.insert(&mut doc.transact(), 0, vec![Prelim::Text("duck".into())]).unwrap();
        let Some(Value::Text(text)) = list.get(&doc, 0) else { panic!("a text was inserted") };
        let inside = RelativePosition::at(&doc, text, 2, 0).unwrap();
        let end = RelativePosition::at(&doc, text, 9, 0).unwrap();
        let holder = RelativePosition::at(&doc, list, 1, -1).unwrap();
        list.delete(&mut doc.transact(), 0, 1).unwrap();
        let index = |of: &RelativePosition| of.to_absolute(&doc).map(|found| found.index);
        assert_eq!((index(&inside), index(&end)), if gc { (None, None) } else { (Some(0), Some(0)) });
        assert_eq!(index(&holder), Some(0));
        assert_eq!(RelativePosition::at(&doc, Value::Any(Any::Null), 0, 0).unwrap_err().kind, ErrorKind::WrongType);
    }
}
