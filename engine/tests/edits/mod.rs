//! Random edits of a document of ours: of a type that a walk from the roots comes to.

#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::notation::Random;
use merganser::types::{Attributes, DeltaEdit};
use merganser::{Any, Doc, Prelim, Transaction, Value, XmlElement, XmlFragment};

const WORDS: [&str; 16] = [
    "a",
    "bc",
    " ",
    "\n",
    "é",
    "ß\u{301}",
    "鴨の池",
    "🦆",
    "x🦆y",
    "👩‍👩‍👧",
    "🇨🇭",
    "",
    "lorem ipsum",
    "\u{0}",
    "\u{feff}",
    "\u{fffd}",
];
const KEYS: [&str; 5] = ["k", "id", "class", "ключ", ""];

/// The roots that every replica has.
pub fn roots(doc: &mut Doc) -> Vec<(&'static str, Value)> {
    vec![
        ("t", Value::Text(doc.text("t"))),
        ("l", Value::Array(doc.array("l"))),
        ("m", Value::Map(doc.map("m"))),
        ("x", Value::XmlFragment(doc.xml_fragment("x"))),
        ("e", Value::XmlElement(doc.xml_element("e"))),
        ("r", Value::XmlText(doc.xml_text("r"))),
    ]
}

type Edited = Result<(), merganser::Error>;

fn one<T: Copy>(random: &mut Random, of: &[T]) -> T {
    of[random.below(of.len() as u32) as usize]
}

fn plain(random: &mut Random) -> Any {
    let small = |random: &mut Random| f64::from(random.below(1_000)) - 500.0;
    match random.below(14) {
        0 => Any::Null,
        1 => Any::Bool(true),
        2 => Any::Number(small(random)),
        3 => Any::Number(2f64.powi(31) + small(random)),
        4 => Any::Number(small(random) / 8.0),
        5 => Any::Number(one(random, &[f64::NAN, f64::INFINITY, -0.0, 2f64.powi(53), 1e300, 0.1])),
        6 => Any::Undefined,
        7 => Any::BigInt(small(random) as i64),
        8 => Any::Bytes([random.below(256) as u8, 0, 255].into()),
        9 => Any::Array(vec![one(random, &WORDS).into(), Any::Null]),
        10 => Any::Object(vec![("k".into(), one(random, &WORDS).into()), ("z".into(), Any::Array(Vec::new()))]),
        _ => one(random, &WORDS).into(),
    }
}

fn xml(random: &mut Random, depth: u32) -> Prelim {
    if random.one_in(12) {
        let entries = vec![(one(random, &KEYS).into(), plain(random).into())];
        return Prelim::XmlHook { name: one(random, &["hook", ""]).into(), entries };
    }
    if depth == 0 || random.one_in(3) {
        return Prelim::XmlText(one(random, &WORDS).into());
    }
    let attributes = if random.one_in(2) { vec![(one(random, &KEYS).into(), value(random, 1))] } else { Vec::new() };
    let children = (0..random.below(3)).map(|_| xml(random, depth - 1)).collect();
    Prelim::XmlElement { name: one(random, &["p", "div", "x-é"]).into(), attributes, children }
}

fn value(random: &mut Random, depth: u32) -> Prelim {
    if depth == 0 || !random.one_in(3) {
        return Prelim::Any(plain(random));
    }
    match random.below(6) {
        5 => Prelim::XmlFragment((0..random.below(3)).map(|_| xml(random, depth - 1)).collect()),
        0 => Prelim::Array((0..random.below(3)).map(|_| value(random, depth - 1)).collect()),
        1 => Prelim::Map(vec![("k".into(), value(random, depth - 1)), ("z".into(), value(random, depth - 1))]),
        2 => xml(random, depth),
        3 => Prelim::Subdoc { guid: format!("doc{}", random.below(5)), options: Any::Object(Vec::new()) },
        _ => Prelim::Text(one(random, &WORDS).into()),
    }
}

fn children(doc: &Doc, of: &Value) -> Vec<Value> {
    let values = match of {
        Value::Array(of) => of.values(doc),
        Value::Map(of) => of.values(doc).collect(),
        Value::XmlHook(of) => of.values(doc).collect(),
        Value::XmlFragment(of) => of.children(doc),
        Value::XmlElement(of) => of.children(doc),
        _ => Vec::new(),
    };
    values.into_iter().filter(|value| !matches!(value, Value::Any(_) | Value::Subdoc(_))).collect()
}

fn walk(doc: &Doc, from: Value, random: &mut Random) -> Value {
    let inner = children(doc, &from);
    if inner.is_empty() || random.one_in(3) {
        return from;
    }
    walk(doc, inner[random.below(inner.len() as u32) as usize].clone(), random)
}

/// How a program's edits are chosen.
#[derive(Clone, Copy, Debug)]
pub struct How {
    /// Real Yjs may edit between the halves of surrogate pairs.
    pub splits: bool,
    /// All edits are near the start of their type, so that most of them meet.
    pub narrow: bool,
    /// Real Yjs may undo and redo; what can be undone it does not collect.
    pub undoes: bool,
}

/// One transaction of a few edits, as an update; `None` if it changed nothing. Half of the edits are of the root text.
/// Places between the halves of a surrogate pair are refused by the document, and nothing happens there.
pub fn edit(doc: &mut Doc, random: &mut Random, how: How) -> Option<Vec<u8>> {
    let roots = roots(doc);
    let mut transaction = doc.transact();
    edit_some(&mut transaction, &roots, random, how);
    transaction.commit().update_v1()
}

/// The edits of one transaction.
pub fn edit_some(transaction: &mut Transaction<'_>, roots: &[(&'static str, Value)], random: &mut Random, how: How) {
    for _ in 0..1 + random.below(3) {
        let root = if random.one_in(2) { &roots[0] } else { &roots[random.below(roots.len() as u32) as usize] };
        let target = walk(transaction, root.1.clone(), random);
        edit_one(transaction, &target, random, how);
    }
}

/// One edit of a text or XML text.
macro_rules! edit_text {
    ($edit:expr, $text:expr, $random:expr, $how:expr) => {{
        let (edit, text, random) = ($edit, $text, $random);
        let (at, len) = range(random, text.len(edit), $how);
        match random.below(12) {
            0 => text.set_attribute(edit, one(random, &KEYS), one(random, &WORDS)),
            1 => text.remove_attribute(edit, one(random, &KEYS)),
            2 => {
                let image = Any::Object(vec![("image".into(), plain_json(random))]);
                text.insert_embed(edit, at, image, &formats(random))
            }
            3 => text.insert_embed(edit, at, Prelim::Map(vec![("k".into(), value(random, 0))]), &[]),
            4 => text.insert_with_attributes(edit, at, one(random, &WORDS), &formats(random)),
            5 | 6 => text.format(edit, at, len, &formats(random)),
            7 => {
                let delta = vec![
                    DeltaEdit::Retain { len: at, attributes: Vec::new() },
                    DeltaEdit::Delete { len },
                    DeltaEdit::Insert { insert: one(random, &WORDS).into(), attributes: formats(random) },
                    DeltaEdit::Retain { len: random.below(3), attributes: formats(random) },
                ];
                text.apply_delta(edit, delta, random.one_in(2))
            }
            8 | 9 => text.delete(edit, at, len),
            _ => text.insert(edit, at, one(random, &WORDS)),
        }
    }};
}

/// The same formats as the edits of real Yjs use.
fn formats(random: &mut Random) -> Attributes {
    let (key, value) = match random.below(9) {
        0 | 1 => ("b", Any::Bool(true)),
        2 => ("b", Any::Null),
        3 => ("i", Any::Bool(true)),
        4 => ("i", Any::Null),
        5 => ("c", Any::from("red")),
        6 => ("c", Any::Null),
        7 => ("o", Any::Object(vec![("k".into(), Any::Array(vec![Any::Number(1.0)]))])),
        _ => return vec![("b".into(), Any::Bool(true)), ("i".into(), Any::Bool(true))],
    };
    vec![(key.into(), value)]
}

/// One edit of a type.
pub fn edit_one(edit: &mut Transaction<'_>, target: &Value, random: &mut Random, how: How) {
    let _refused = match target {
        Value::Text(text) => edit_text!(edit, *text, random, how),
        Value::XmlText(text) => edit_text!(edit, *text, random, how),
        Value::Array(array) => {
            let (at, len) = range(random, array.len(edit), how);
            let values: Vec<_> = (0..1 + random.below(3)).map(|_| value(random, 2)).collect();
            match random.below(5) {
                4 => array.unshift(edit, values),
                0 => array.delete(edit, at, len),
                1 => array.push(edit, values),
                _ => array.insert(edit, at, values),
            }
        }
        Value::Map(map) => {
            let key = one(random, &KEYS);
            match random.below(12) {
                0 => map.clear(edit),
                1..4 => map.delete(edit, key),
                _ => map.set(edit, key, value(random, 2)),
            }
        }
        Value::XmlFragment(fragment) => edit_fragment(edit, *fragment, random, how),
        Value::XmlElement(element) => edit_element(edit, *element, random, how),
        Value::XmlHook(hook) => hook.set(edit, one(random, &KEYS), value(random, 1)),
        Value::Any(_) | Value::Subdoc(_) => Ok(()),
    };
}

fn range(random: &mut Random, len: u32, how: How) -> (u32, u32) {
    let at = random.below(if how.narrow { len.min(3) } else { len } + 1);
    (at, (1 + random.below(4)).min(len - at))
}

fn plain_json(random: &mut Random) -> Any {
    one(random, &WORDS).into()
}

fn edit_fragment(edit: &mut Transaction<'_>, of: XmlFragment, random: &mut Random, how: How) -> Edited {
    let (at, len) = range(random, of.len(edit), how);
    let nodes = vec![xml(random, 2)];
    match random.below(8) {
        0..3 => of.delete(edit, at, len),
        3 => of.push(edit, nodes),
        4 => of.unshift(edit, nodes),
        5 => {
            let child = of.get(edit, at);
            of.insert_after(edit, child.as_ref(), nodes)
        }
        _ => of.insert(edit, at, nodes),
    }
}

fn edit_element(edit: &mut Transaction<'_>, of: XmlElement, random: &mut Random, how: How) -> Edited {
    let (at, len) = range(random, of.len(edit), how);
    match random.below(5) {
        0 => of.delete(edit, at, len),
        1 => of.set_attribute(edit, one(random, &KEYS), value(random, 1)),
        2 => of.remove_attribute(edit, one(random, &KEYS)),
        _ => of.insert(edit, at, vec![xml(random, 2)]),
    }
}
