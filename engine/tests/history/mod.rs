//! What a document of ours and a Yjs document held at snapshots, compared.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::edits;
use crate::notation::{delta, halved, joined, tree};
use crate::oracle::Oracle;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::{ClientId, Doc, Options, Snapshot, Value};
use serde_json::{Value as Json, json};

/// A document of ours and one of Yjs that hold the same.
pub struct Both<'a> {
    pub ours: &'a Doc,
    pub yjs: &'a Json,
    pub gc: bool,
    /// Where pairs were split, a pair counts as its halves: reading at a snapshot may split one in Yjs.
    pub splits: bool,
}

/// What a type held at a snapshot, as the oracle says it.
fn held(doc: &Doc, of: &Value, snapshot: Option<&Snapshot>, previous: Option<&Snapshot>, path: &Json) -> Json {
    let mut held = json!({"path": path});
    let shown = |values: Vec<Value>| -> Json { values.iter().map(|value| tree(doc, value)).collect() };
    match of {
        Value::Text(text) => held["delta"] = delta(doc, &text.to_delta_between(doc, snapshot, previous)),
        Value::XmlText(text) => held["delta"] = delta(doc, &text.to_delta_between(doc, snapshot, previous)),
        _ => {}
    }
    let Some(snapshot) = snapshot else { return held };
    match of {
        Value::Array(of) => held["list"] = shown(of.values_at(doc, snapshot)),
        Value::XmlFragment(of) => held["list"] = shown(of.children_at(doc, snapshot)),
        Value::XmlElement(of) => held["list"] = shown(of.children_at(doc, snapshot)),
        _ => {}
    }
    let entries: Vec<(&str, Value)> = match of {
        Value::Map(of) => {
            let entries: Vec<_> = of.entries_at(doc, snapshot).collect();
            for (key, value) in &entries {
                assert_eq!(tree(doc, &of.get_at(doc, key, snapshot).unwrap()), tree(doc, value));
            }
            entries
        }
        Value::XmlHook(of) => of.entries_at(doc, snapshot).collect(),
        Value::XmlElement(of) => of.attributes_at(doc, snapshot).collect(),
        _ => Vec::new(),
    };
    if !matches!(of, Value::Text(_) | Value::XmlText(_)) {
        let entries = entries.iter().map(|(key, value)| (key.to_string(), tree(doc, value)));
        held["entries"] = Json::Object(entries.collect());
    }
    held
}

impl Both<'_> {
    /// Compares what these types hold at one snapshot, and what changed since another.
    pub fn compare_at(
        &self,
        oracle: &mut Oracle,
        types: &[(Json, Value)],
        snapshot: Option<&Snapshot>,
        previous: Option<&Snapshot>,
    ) {
        let encoded = |snapshot: Option<&Snapshot>| snapshot.map(|of| STANDARD.encode(of.encode_v1()));
        let (at, since) = (encoded(snapshot), encoded(previous));
        let answer = oracle.ask(json!({"do": "at", "doc": self.yjs, "snapshot": at, "previous": since}));
        let mut ours: Json = types.iter().map(|(path, of)| held(self.ours, of, snapshot, previous, path)).collect();
        for of in ours.as_array_mut().unwrap().iter_mut().filter(|_| self.gc) {
            // In Yjs a value that was collected reads like one that is undefined.
            if let Some(entries) = of.get_mut("entries").and_then(Json::as_object_mut) {
                entries.retain(|_, value| *value != json!({"$": "undefined"}));
            }
        }
        let (ours, theirs) = (by_path(&ours), by_path(&answer["types"]));
        assert_eq!(ours.len(), theirs.len());
        for (ours, theirs) in ours.iter().zip(&theirs) {
            assert_eq!(self.shown(ours), self.shown(theirs), "{snapshot:?} {previous:?}");
        }
    }

    /// Compares the documents that are made from a snapshot.
    pub fn compare_restored(&self, oracle: &mut Oracle, snapshot: &Snapshot) {
        let encoded = STANDARD.encode(snapshot.encode_v1());
        let answer = oracle.ask(json!({"do": "restored", "doc": self.yjs, "snapshot": encoded}));
        let mut options = Options::new(ClientId::from(9));
        options.gc = false;
        let mut restored = self.ours.restore(snapshot, options).unwrap();
        restored.assert_invariants();
        let roots = edits::roots(&mut restored);
        let ours = Json::Object(roots.iter().map(|(name, root)| (name.to_string(), tree(&restored, root))).collect());
        assert_eq!(self.shown(&ours), self.shown(&answer["trees"]));
    }

    fn shown(&self, value: &Json) -> Json {
        if self.splits { halved(&joined(value)) } else { joined(value) }
    }
}

fn by_path(types: &Json) -> Vec<Json> {
    let mut types = types.as_array().unwrap().clone();
    types.sort_by_key(|of| of["path"].to_string());
    types
}
