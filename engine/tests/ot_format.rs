//! The bytes and the JSON of operations: pinned where they are right, refused with a kind where they are not.

use merganser::ot::{Attributes, Delta, MAX_ATTRIBUTES, MAX_LEN};
use merganser::{Any, ErrorKind};
use serde_json::json;

fn bold(value: Any) -> Attributes {
    [("bold".into(), value)].into_iter().collect()
}

#[test]
fn bytes_are_those_of_the_format_page() {
    let mut op = Delta::new().with_retain(5);
    op.insert("duck", &bold(Any::Bool(true)));
    op.delete(3);
    let bytes = [&[3, 0x28, 0x26, 0, 1, 4][..], b"bold", &[0x78], b"duck", &[0x19]].concat();
    assert_eq!(op.encode(), bytes);
    assert_eq!(Delta::decode(&bytes).unwrap(), op);
}

#[test]
fn a_set_is_written_once() {
    let mut op = Delta::new();
    for _ in 0..100 {
        op.retain(1, &bold(Any::Bool(true)));
        op.retain(1, &Attributes::NONE);
    }
    op.chop();
    assert!(op.encode().len() < 420, "{}", op.encode().len());
    assert_eq!(Delta::decode(&op.encode()).unwrap(), op);
}

#[test]
fn what_is_no_operation_is_refused_with_a_kind() {
    let many = [vec![1, 4, 0, MAX_ATTRIBUTES as u8 + 1], vec![0; 300]].concat();
    for (bytes, kind) in [
        (&[][..], ErrorKind::UnexpectedEnd),
        (&[1], ErrorKind::UnexpectedEnd),
        (&[0, 0], ErrorKind::TrailingBytes),
        (&[1, 0], ErrorKind::OutOfRange),
        (&[1, 2], ErrorKind::OutOfRange),
        (&[1, 0x0b], ErrorKind::UnknownTag),
        (&[1, 0x0d, 1], ErrorKind::UnknownTag),
        (&[1, 0x0c, 1], ErrorKind::UnknownTag),
        (&[1, 0x0a, 0xff], ErrorKind::NotUtf8),
        (&[1, 0x52, b'a'], ErrorKind::UnexpectedEnd),
        (&[1, 0x80, 0x80, 0x80, 0x80, 0x80, 1], ErrorKind::TooLarge),
        (&many, ErrorKind::TooLarge),
        (&[0xff, 0xff, 0xff, 0xff, 0x0f], ErrorKind::UnexpectedEnd),
    ] {
        assert_eq!(Delta::decode(bytes).map_err(|error| error.kind), Err(kind), "{bytes:x?}");
    }
}

/// A few bytes that name large sets again and again would become very many attributes.
#[test]
fn a_bomb_of_attributes_is_refused() {
    let set = |value: &str| -> Attributes {
        (0..MAX_ATTRIBUTES).map(|key| (format!("{key}").into(), Any::from(value))).collect()
    };
    let (a, b) = (set("a"), set("b"));
    let mut op = Delta::new();
    for _ in 0..1_000 {
        op.retain(1, &a);
        op.retain(1, &b);
    }
    let bytes = op.encode();
    assert!(bytes.len() < 10_000);
    assert_eq!(Delta::decode(&bytes).map_err(|error| error.kind), Err(ErrorKind::TooLarge));
}

#[test]
fn json_is_quills() {
    let text = r#"[{"retain":5},{"retain":1,"attributes":{"bold":null}},{"insert":"duck","attributes":{"a":1,"bold":true}},{"insert":{"image":"x"}},{"delete":3}]"#;
    let op: Delta = serde_json::from_str(text).unwrap();
    assert_eq!(serde_json::to_string(&op).unwrap(), text);
    let quill: Delta = serde_json::from_str(&format!(r#"{{"ops":{text}}}"#)).unwrap();
    assert_eq!(quill, op, "a Delta as Quill hands it out");
    assert_eq!(Delta::from_any(Any::from_json(text).unwrap()).unwrap(), op);
}

#[test]
fn json_that_is_no_operation_is_refused_with_a_kind() {
    let attributes: serde_json::Map<_, _> = (0..=MAX_ATTRIBUTES).map(|key| (key.to_string(), json!(1))).collect();
    for (value, kind) in [
        (json!(1), ErrorKind::UnknownTag),
        (json!({}), ErrorKind::UnknownTag),
        (json!([1]), ErrorKind::UnknownTag),
        (json!([{}]), ErrorKind::UnknownTag),
        (json!([{"insert": null}]), ErrorKind::UnknownTag),
        (json!([{"retain": "1"}]), ErrorKind::UnknownTag),
        (json!([{"retain": {"image": {}}}]), ErrorKind::UnknownTag),
        (json!([{"retain": 1, "delete": 1}]), ErrorKind::UnknownTag),
        (json!([{"retain": 1, "attributes": "bold"}]), ErrorKind::UnknownTag),
        (json!([{"retain": 0}]), ErrorKind::OutOfRange),
        (json!([{"delete": -1}]), ErrorKind::OutOfRange),
        (json!([{"delete": 1.5}]), ErrorKind::OutOfRange),
        (json!([{"delete": u64::from(MAX_LEN) + 1}]), ErrorKind::TooLarge),
        (json!([{"retain": 1e300}]), ErrorKind::TooLarge),
        (json!([{"retain": 1, "attributes": attributes}]), ErrorKind::TooLarge),
    ] {
        let value = Any::from_json(&value.to_string()).unwrap();
        assert_eq!(Delta::from_any(value.clone()).map_err(|error| error.kind), Err(kind), "{value:?}");
    }
}

#[test]
fn an_operation_that_does_not_fit_is_refused() {
    let content = Delta::new().with_insert("a\u{1f986}b");
    let refused = |op: Delta| {
        let by_text = op.apply_to_text(content.text()).map_err(|error| error.kind);
        let by_content = op.apply(&content).map_err(|error| error.kind);
        assert_eq!(by_text.err(), by_content.clone().err(), "{op:?}");
        by_content.unwrap_err()
    };
    assert_eq!(refused(Delta::new().with_retain(5)), ErrorKind::OutOfRange);
    assert_eq!(refused(Delta::new().with_retain(2).with_insert("x")), ErrorKind::InsideSurrogatePair);
    assert_eq!(refused(Delta::new().with_retain(1).with_delete(1)), ErrorKind::InsideSurrogatePair);
    assert_eq!(refused(Delta::new().with_delete(MAX_LEN)), ErrorKind::OutOfRange);
    let change = Delta::new().with_delete(1);
    assert_eq!(change.apply(&change).map_err(|error| error.kind), Err(ErrorKind::WrongType));
}

/// 100,000 steps on either side: each is passed once. (With a quadratic step this takes minutes.)
#[test]
fn long_operations_take_linear_time() {
    let steps = |count: u32, shift: u32| {
        let mut op = Delta::new();
        for at in 0..count {
            op.retain(1 + (at + shift) % 3, &Attributes::NONE);
            if at % 2 == shift { op.delete(1) } else { op.insert("\u{e9}", &bold(Any::Bool(at % 4 < 2))) }
        }
        op
    };
    let content = Delta::new().with_insert(&"a".repeat(500_000));
    let (a, b) = (steps(100_000, 0), steps(100_000, 1));
    let here = a.apply(&content).unwrap().compose(&a.transform(&b, true)).unwrap();
    let there = b.apply(&content).unwrap().compose(&b.transform(&a, false)).unwrap();
    assert!(here == there);
    let undone = here.compose(&a.compose(&a.transform(&b, true)).unwrap().invert(&content).unwrap()).unwrap();
    assert!(undone == content);
    assert!(Delta::decode(&a.encode()).unwrap() == a);
    let difference = content.diff(&here).unwrap();
    assert!(difference.apply(&content).unwrap() == here);
}
