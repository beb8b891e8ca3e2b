//! Texts of a document and what changes in them, as deltas; and rich deltas as plain ones.

use crate::doc::{Commit, Doc};
use crate::events::{DeltaChange, Inserted};
use crate::ot::{Attributes, Delta, Op};
use crate::types::{DeltaEdit, DeltaInsert, Prelim, Text, Value};
use crate::values::{Any, Error, sort_by_numbers};

/// What each half of a surrogate pair is that somebody cut apart.
const HALF: &str = "\u{fffd}";

/// The content of a text. O(spans + length).
pub(crate) fn content(doc: &Doc, text: Text) -> Delta {
    let mut content = Delta::new();
    for op in text.to_delta(doc) {
        let attributes: Attributes = op.attributes.iter().cloned().collect();
        match op.insert {
            DeltaInsert::Text(text) => content.insert(&text, &attributes),
            DeltaInsert::Embed(value) => content.embed(embed(value), &attributes),
        }
    }
    content
}

/// What a transaction changed in these texts.
pub(crate) fn changes(commit: &Commit<'_>, doc: &Doc, texts: &[Text]) -> Result<Vec<Delta>, Error> {
    let changes = commit.text_changes(texts);
    changes.into_iter().zip(texts).map(|(change, text)| whole(delta(change), doc, *text)).collect()
}

fn delta(changes: Vec<DeltaChange>) -> Delta {
    let mut delta = Delta::new();
    for change in changes {
        match change {
            DeltaChange::Retain { len, attributes } => delta.retain(len, &attributes.into_iter().collect()),
            DeltaChange::Delete { len } => delta.delete(len),
            DeltaChange::Insert { content, attributes } => {
                let attributes = attributes.into_iter().collect();
                match content {
                    Inserted::Text(text) => delta.insert(&text, &attributes),
                    Inserted::Embed(value) => delta.embed(embed(value), &attributes),
                    // Of lists only.
                    Inserted::Values(_) => {}
                }
            }
        }
    }
    delta
}

/// An embedded value as plain value. A shared type is told as an object that names its kind; it can be moved past and
/// deleted.
fn embed(value: Value) -> Any {
    let kind = match value {
        Value::Any(any) => return any,
        Value::Text(_) => "Text",
        Value::Array(_) => "Array",
        Value::Map(_) => "Map",
        Value::XmlElement(_) => "XmlElement",
        Value::XmlFragment(_) => "XmlFragment",
        Value::XmlText(_) => "XmlText",
        Value::XmlHook(_) => "XmlHook",
        Value::Subdoc(_) => "Doc",
    };
    Any::Object(vec![("type".into(), Any::from(kind))])
}

/// A change whose steps end in no surrogate pair of the content before it: a pair that it cuts apart is taken away whole,
/// and what is left of it put there as what it is now, U+FFFD.
fn whole(change: Delta, doc: &Doc, text: Text) -> Result<Delta, Error> {
    if change.is_empty() || !doc.has_cut_pairs() {
        return Ok(change);
    }
    let mut halves = Vec::new();
    let mut at = 0_u32;
    let mut look = |border: u32| {
        let beside = [border.checked_sub(1), Some(border)].into_iter().flatten();
        halves.extend(beside.filter(|at| doc.is_half_of_pair(text, *at)));
    };
    for op in change.ops() {
        look(at);
        if !matches!(op, Op::Delete { .. }) {
            at += op.units();
        }
        look(at);
    }
    sort_by_numbers(&mut halves, |half| ((*half).into(), 0));
    halves.dedup();
    if halves.is_empty() {
        return Ok(change);
    }
    let now = content(doc, text);
    let mut again = Delta::new();
    let mut end = 0;
    for half in halves {
        again.retain(half - end, &Attributes::NONE);
        let before = now.slice(u64::from(half), u64::from(half) + 1)?;
        for op in before.ops() {
            if let Op::Insert { attributes, .. } = op {
                again.insert(HALF, attributes);
            }
        }
        again.delete(1);
        end = half + 1;
    }
    change.compose(&again)
}

/// A delta as edits of a text.
pub(super) fn to_edits(delta: &Delta) -> Vec<DeltaEdit> {
    let list = |attributes: &Attributes| attributes.entries().to_vec();
    let edit = |op: Op<'_>| match op {
        Op::Retain { len, attributes } => DeltaEdit::Retain { len, attributes: list(attributes) },
        Op::Delete { len } => DeltaEdit::Delete { len },
        Op::Insert { text, attributes } => {
            DeltaEdit::Insert { insert: Prelim::Any(Any::from(text)), attributes: list(attributes) }
        }
        Op::Embed { value, attributes } => {
            DeltaEdit::Insert { insert: Prelim::Any(value.clone()), attributes: list(attributes) }
        }
    };
    delta.ops().map(edit).collect()
}
