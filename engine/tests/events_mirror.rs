//! Whoever applies the events of every transaction to a copy of the roots has what the document shows.

mod edits;
mod notation;

use edits::{How, edit_some, roots};
use merganser::events::{DeltaChange, Event, Inserted, KeyAction};
use merganser::types::{DeltaInsert, DeltaOp};
use merganser::{Any, ClientId, Commit, Doc, Options, Value};
use notation::{Random, runs};
use std::collections::BTreeMap;

/// One unit of a list or text.
#[derive(Clone, Debug, PartialEq)]
enum Unit {
    Char(u16),
    Value(Value),
}

type Formatted = (Unit, BTreeMap<Box<str>, Any>);

/// A copy of the roots that knows nothing but events.
#[derive(Default)]
struct Mirror {
    lists: BTreeMap<Box<str>, Vec<Formatted>>,
    keys: BTreeMap<(Box<str>, Box<str>), Value>,
}

fn units(content: &Inserted) -> Vec<Unit> {
    match content {
        Inserted::Text(text) => text.encode_utf16().map(Unit::Char).collect(),
        Inserted::Embed(value) => vec![Unit::Value(value.clone())],
        Inserted::Values(values) => values.iter().cloned().map(Unit::Value).collect(),
    }
}

fn attributes(of: &[(Box<str>, Any)]) -> BTreeMap<Box<str>, Any> {
    of.iter().cloned().collect()
}

impl Mirror {
    fn apply(&mut self, event: &Event) {
        if !event.path.is_empty() {
            return;
        }
        let list = self.lists.entry(event.root.clone()).or_default();
        let mut at = 0;
        for change in &event.delta {
            match change {
                DeltaChange::Retain { len, attributes } => {
                    for (_, formats) in &mut list[at..at + *len as usize] {
                        for (key, value) in attributes {
                            match value {
                                Any::Null => formats.remove(key),
                                value => formats.insert(key.clone(), value.clone()),
                            };
                        }
                    }
                    at += *len as usize;
                }
                DeltaChange::Insert { content, attributes: of } => {
                    let inserted = units(content);
                    let len = inserted.len();
                    list.splice(at..at, inserted.into_iter().map(|unit| (unit, attributes(of))));
                    at += len;
                }
                DeltaChange::Delete { len } => drop(list.drain(at..at + *len as usize)),
            }
        }
        for change in &event.keys {
            let key = (event.root.clone(), change.key.clone());
            match &change.action {
                KeyAction::Add { new } => assert_eq!(self.keys.insert(key, new.clone()), None),
                KeyAction::Update { old, new } => assert_same(self.keys.insert(key, new.clone()), old),
                KeyAction::Delete { old } => assert_same(self.keys.remove(&key), old),
            }
        }
    }

    fn check(&self, doc: &Doc, roots: &[(&'static str, Value)]) {
        for (name, root) in roots {
            let shown: Vec<Formatted> = match root {
                Value::Text(text) => text.to_delta(doc).iter().flat_map(shown).collect(),
                Value::XmlText(text) => text.to_delta(doc).iter().flat_map(shown).collect(),
                Value::Array(array) => array.values(doc).into_iter().map(plain).collect(),
                Value::XmlFragment(xml) => xml.children(doc).into_iter().map(plain).collect(),
                Value::XmlElement(xml) => xml.children(doc).into_iter().map(plain).collect(),
                _ => Vec::new(),
            };
            let mirrored = self.lists.get(*name).cloned().unwrap_or_default();
            assert_eq!(format!("{mirrored:?}"), format!("{shown:?}"), "{name}");
            let shown: BTreeMap<Box<str>, Value> = match root {
                Value::Map(map) => map.entries(doc).map(|(key, value)| (key.into(), value)).collect(),
                Value::Text(text) => text.attributes(doc).map(|(key, value)| (key.into(), value)).collect(),
                Value::XmlText(text) => text.attributes(doc).map(|(key, value)| (key.into(), value)).collect(),
                Value::XmlElement(xml) => xml.attributes(doc).map(|(key, value)| (key.into(), value)).collect(),
                _ => continue,
            };
            let mirrored = self.keys.iter().filter(|((of, _), _)| **of == **name);
            let mirrored: BTreeMap<Box<str>, Value> =
                mirrored.map(|((_, key), value)| (key.clone(), value.clone())).collect();
            assert_eq!(format!("{mirrored:?}"), format!("{shown:?}"), "{name}");
        }
    }
}

/// NaN is not equal to itself.
fn assert_same(known: Option<Value>, told: &Value) {
    assert_eq!(format!("{known:?}"), format!("{:?}", Some(told)));
}

fn plain(value: Value) -> Formatted {
    (Unit::Value(value), BTreeMap::new())
}

fn shown(op: &DeltaOp) -> Vec<Formatted> {
    let content = match &op.insert {
        DeltaInsert::Text(text) => Inserted::Text(text.to_string()),
        DeltaInsert::Embed(value) => Inserted::Embed(value.clone()),
    };
    units(&content).into_iter().map(|unit| (unit, attributes(&op.attributes))).collect()
}

fn take(mirror: &mut Mirror, commit: Commit<'_>) -> Option<Vec<u8>> {
    commit.events().iter().for_each(|event| mirror.apply(event));
    commit.update_v1()
}

#[test]
fn events_add_up_to_the_document() {
    for seed in runs(60) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let how = How { splits: false, narrow: seed % 2 == 0, undoes: false };
        let mut docs: Vec<Doc> = (1..=3).map(|client| Doc::new(Options::new(ClientId::from(client)))).collect();
        let handles: Vec<_> = docs.iter_mut().map(roots).collect();
        let mut mirrors: Vec<Mirror> = (0..3).map(|_| Mirror::default()).collect();
        let mut inboxes: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
        for _ in 0..60 {
            let at = random.below(3) as usize;
            let mut transaction = docs[at].transact();
            let authored = if random.one_in(3) && !inboxes[at].is_empty() {
                // Several updates in any order may come in one transaction.
                for _ in 0..1 + random.below(3).min(inboxes[at].len() as u32 - 1) {
                    let inbox = &mut inboxes[at];
                    let update = inbox.remove(random.below(inbox.len() as u32) as usize);
                    transaction.apply_update(&update).unwrap();
                }
                let commit = transaction.commit();
                commit.events().iter().for_each(|event| mirrors[at].apply(event));
                commit.clean_up().and_then(|commit| take(&mut mirrors[at], commit))
            } else {
                edit_some(&mut transaction, &handles[at], random, how);
                take(&mut mirrors[at], transaction.commit())
            };
            (0..3).filter(|to| *to != at).for_each(|to| inboxes[to].extend(authored.clone()));
            mirrors[at].check(&docs[at], &handles[at]);
        }
    }
}
