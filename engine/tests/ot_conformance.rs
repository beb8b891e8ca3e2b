//! Conformance `delta-ot`: what quill-delta makes of deltas; and `text-unicode`, plain-text operations of the diamond-types
//! project over Unicode, which are read from the folder that `MERGANSER_TEXT_UNICODE` names.

mod notation;

use flate2::read::GzDecoder;
use merganser::ot::Delta;
use merganser::values::utf16;
use notation::run_cases;
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader};
use std::path::PathBuf;

fn delta(ops: &Json) -> Delta {
    let delta: Delta = serde_json::from_value(ops.clone()).unwrap_or_else(|error| panic!("{error}: {ops}"));
    delta.assert_invariants();
    delta
}

fn expect(what: &str, found: &Delta, expected: &Json) -> Result<(), String> {
    found.assert_invariants();
    if *found == delta(expected) { Ok(()) } else { Err(format!("{what}: {}, not {expected}", json!(found))) }
}

fn run(case: &Json) -> Result<(), String> {
    let of = |name: &str| delta(&case[name]);
    let (doc, a, b, next, doc2) = (of("doc"), of("a"), of("b"), of("next"), of("doc2"));
    let expected = &case["expect"];
    let with_a = doc.compose(&a).unwrap();
    expect("docA", &with_a, &expected["docA"])?;
    expect("aThenNext", &a.compose(&next).unwrap(), &expected["aThenNext"])?;
    expect("transformFirst", &b.transform(&a, true), &expected["transformFirst"])?;
    expect("transformSecond", &b.transform(&a, false), &expected["transformSecond"])?;
    expect("transformAB", &a.transform(&b, true), &expected["transformAB"])?;
    expect("transformAB2", &a.transform(&b, false), &expected["transformAB2"])?;
    for (position, expected) in
        case["positions"].as_array().unwrap().iter().zip(expected["positions"].as_array().unwrap())
    {
        let position = position.as_u64().unwrap() as u32;
        let found = json!([a.transform_position(position, true), a.transform_position(position, false)]);
        if found != *expected {
            return Err(format!("position {position}: {found}, not {expected}"));
        }
    }
    let inverted = a.invert(&doc).unwrap();
    expect("inverted", &inverted, &expected["inverted"])?;
    expect("undone", &with_a.compose(&inverted).unwrap(), &expected["undone"])?;
    let difference = doc.diff(&doc2).unwrap();
    difference.assert_invariants();
    expect("diff", &doc.compose(&difference).unwrap(), &case["doc2"])?;
    if (json!(a.len()), json!(a.change_len())) != (expected["length"].clone(), expected["changeLength"].clone()) {
        return Err(format!("lengths {} and {}", a.len(), a.change_len()));
    }
    let read = Delta::decode(&a.encode()).map_err(|error| error.to_string())?;
    if read == a { Ok(()) } else { Err("bytes".into()) }
}

#[test]
fn deltas_behave_as_quills() {
    run_cases("delta-ot", run);
}

fn unicode_cases(file: &str) -> Vec<Json> {
    let Some(folder) = std::env::var_os("MERGANSER_TEXT_UNICODE") else {
        println!("SKIPPED: MERGANSER_TEXT_UNICODE does not name the folder with {file}");
        return Vec::new();
    };
    let file = std::fs::File::open(PathBuf::from(folder).join(file)).unwrap();
    let lines = BufReader::new(GzDecoder::new(file)).lines();
    let cases: Vec<Json> = lines.map(|line| serde_json::from_str(&line.unwrap()).unwrap()).collect();
    assert!(!cases.is_empty());
    println!("{} cases", cases.len());
    cases
}

/// What an operation of theirs takes from a text: its parts are counted in code points. `base` is that text, as far as
/// it is known; where it is not, everything counts one unit.
fn from_theirs(op: &Json, base: &str) -> Delta {
    let mut chars = base.chars();
    let mut units = |count: &Json| -> u32 {
        let count = count.as_u64().unwrap();
        (0..count).map(|_| chars.next().map_or(1, |char| char.len_utf16() as u32)).sum()
    };
    let mut delta = Delta::new();
    for part in op.as_array().unwrap() {
        delta = match part {
            Json::String(text) => delta.with_insert(text),
            Json::Number(_) => delta.with_retain(units(part)),
            part => delta.with_delete(units(&part["d"])),
        };
    }
    delta.chop();
    delta
}

/// A text that both operations fit on: characters of one and of two units in turn, so that an offset that is
/// counted wrongly is found.
fn base_for(ops: &[&Json]) -> String {
    let passed = |op: &Json| -> u64 {
        let part = |part: &Json| part.as_u64().or_else(|| part["d"].as_u64()).unwrap_or(0);
        op.as_array().unwrap().iter().map(part).sum()
    };
    let len = ops.iter().map(|op| passed(op)).max().unwrap();
    (0..len).map(|at| if at % 3 == 1 { '\u{1f986}' } else { 'b' }).collect()
}

#[test]
fn texts_are_changed_as_in_diamond_types() {
    for case in unicode_cases("apply.json.gz") {
        let text = case["str"].as_str().unwrap();
        let op = from_theirs(&case["op"], text);
        assert_eq!(op.apply_to_text(text).unwrap(), case["result"].as_str().unwrap(), "{case}");
        let content = Delta::new().with_insert(text);
        assert_eq!(op.apply(&content).unwrap().text(), case["result"].as_str().unwrap(), "{case}");
    }
}

/// Theirs keep the order in which deletes and inserts at one place came; ours is normal: what they do is compared.
#[test]
fn operations_are_composed_as_in_diamond_types() {
    for case in unicode_cases("compose.json.gz") {
        let text = base_for(&[&case["op1"], &case["result"]]);
        let first = from_theirs(&case["op1"], &text);
        let between = first.apply_to_text(&text).unwrap();
        let second = from_theirs(&case["op2"], &between);
        // The second one may go beyond what the first one shows of the text.
        let (text, between) = match second.base_len() > u64::from(utf16::len(&between)) {
            true => (text.clone() + &"b".repeat(1000), between + &"b".repeat(1000)),
            false => (text, between),
        };
        let both = first.compose(&second).unwrap();
        both.assert_invariants();
        let expected = from_theirs(&case["result"], &text);
        let after = second.apply_to_text(&between).unwrap();
        assert_eq!(both.apply_to_text(&text).unwrap(), after, "{case}");
        assert_eq!(expected.apply_to_text(&text).unwrap(), after, "{case}");
    }
}

/// An operation of theirs in two: all that it inserts, and then all that it deletes. A normal form like ours puts an insert
/// before a delete at its place; theirs remember where in a deleted range something was inserted, and so do these two.
fn inserts_then_deletes(op: &Json, base: &str) -> (Delta, Delta) {
    let (mut inserts, mut deletes) = (Delta::new(), Delta::new());
    for part in op.as_array().unwrap() {
        match part {
            Json::String(text) => {
                inserts = inserts.with_insert(text);
                deletes = deletes.with_retain(utf16::len(text));
            }
            part => {
                let count = part.as_u64().or_else(|| part["d"].as_u64()).unwrap() as usize;
                let passed = inserts.base_len() as u32;
                let at = utf16::cut(base, 0, passed).text.chars().count();
                let units: usize = base.chars().skip(at).take(count).map(char::len_utf16).sum();
                inserts = inserts.with_retain(units as u32);
                deletes = if part.is_number() {
                    deletes.with_retain(units as u32)
                } else {
                    deletes.with_delete(units as u32)
                };
            }
        }
    }
    inserts.chop();
    (inserts, deletes)
}

#[test]
fn operations_are_transformed_as_in_diamond_types() {
    for case in unicode_cases("transform.json.gz") {
        let text = base_for(&[&case["op"], &case["otherOp"]]);
        let is_second = case["side"] == "right";
        let (inserts, deletes) = inserts_then_deletes(&case["op"], &text);
        let (other_inserts, other_deletes) = inserts_then_deletes(&case["otherOp"], &text);
        let other = other_inserts.compose(&other_deletes).unwrap();
        let after_other = other.apply_to_text(&text).unwrap();
        // Past what the other one inserts, then past what it deletes; and the same for our deletes.
        let inserts_1 = other_inserts.transform(&inserts, is_second);
        let other_inserts_1 = inserts.transform(&other_inserts, !is_second);
        let other_deletes_1 = inserts_1.transform(&other_deletes, !is_second);
        let inserts_2 = other_deletes.transform(&inserts_1, is_second);
        let deletes_1 = other_inserts_1.transform(&deletes, is_second);
        let deletes_2 = other_deletes_1.transform(&deletes_1, is_second);
        let transformed = inserts_2.compose(&deletes_2).unwrap();
        [&inserts_2, &deletes_2, &transformed].into_iter().for_each(Delta::assert_invariants);
        let expected = from_theirs(&case["result"], &after_other);
        let found = transformed.apply_to_text(&after_other).unwrap();
        assert_eq!(found, expected.apply_to_text(&after_other).unwrap(), "{case}: {transformed:?}");
    }
}
