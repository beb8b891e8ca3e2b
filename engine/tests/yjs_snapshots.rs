//! Random programs on a document of ours and one of real Yjs: snapshots are the same bytes, and both read the same at
//! them and between them.

mod edits;
mod notation;
mod oracle;
mod pair;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edits::How;
use merganser::{ClientId, Doc, Options, Snapshot, Value};
use notation::{Random, bytes, delta, halved, joined, runs, tree};
use oracle::Oracle;
use pair::Pair;
use serde_json::{Value as Json, json};

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

/// Compares what both hold at one snapshot, and what changed since another.
fn compare(pair: &mut Pair<'_>, snapshot: Option<&Snapshot>, previous: Option<&Snapshot>) {
    let encoded = |snapshot: Option<&Snapshot>| snapshot.map(|of| STANDARD.encode(of.encode_v1()));
    let request = json!({"do": "at", "snapshot": encoded(snapshot), "previous": encoded(previous)});
    let theirs = pair.ask(request)["types"].clone();
    let types = pair.types();
    let mut ours: Json = types.iter().map(|(path, of)| held(&pair.ours, of, snapshot, previous, path)).collect();
    for of in ours.as_array_mut().unwrap().iter_mut().filter(|_| pair.gc) {
        // In Yjs a value that was collected reads like one that is undefined.
        if let Some(entries) = of.get_mut("entries").and_then(Json::as_object_mut) {
            entries.retain(|_, value| *value != json!({"$": "undefined"}));
        }
    }
    let (ours, theirs) = (by_path(ours), by_path(theirs));
    assert_eq!(ours.len(), theirs.len());
    for (ours, theirs) in ours.iter().zip(&theirs) {
        assert_eq!(shown(pair, ours), shown(pair, theirs), "{snapshot:?} {previous:?}");
    }
}

fn by_path(types: Json) -> Vec<Json> {
    let mut types = types.as_array().unwrap().clone();
    types.sort_by_key(|of| of["path"].to_string());
    types
}

fn restore(pair: &mut Pair<'_>, snapshot: &Snapshot) {
    let request = json!({"do": "restored", "snapshot": STANDARD.encode(snapshot.encode_v1())});
    let theirs = pair.ask(request)["trees"].clone();
    let mut options = Options::new(ClientId::from(9));
    options.gc = false;
    let mut restored = pair.ours.restore(snapshot, options).unwrap();
    restored.assert_invariants();
    let roots = edits::roots(&mut restored);
    let ours = Json::Object(roots.iter().map(|(name, root)| (name.to_string(), tree(&restored, root))).collect());
    assert_eq!(shown(pair, &ours), shown(pair, &theirs));
}

/// Where pairs were split, a pair counts as its halves: reading at a snapshot may split one in Yjs.
fn shown(pair: &Pair<'_>, value: &Json) -> Json {
    if pair.how.splits { halved(&joined(value)) } else { joined(value) }
}

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    let how = How { splits: seed % 8 == 7, narrow: seed.is_multiple_of(3), undoes: false };
    let gc = random.one_in(4);
    let mut pair = Pair::begin(oracle, gc, how);
    let mut snapshots: Vec<Snapshot> = vec![Snapshot::default()];
    let mut updates: Vec<Vec<u8>> = Vec::new();
    for _ in 0..6 {
        updates.extend(pair.edit(random));
        let taken = pair.ask(json!({"do": "snapshot"}));
        let snapshot = pair.ours.snapshot();
        assert_eq!(snapshot.encode_v1(), bytes(&taken["v1"]));
        assert_eq!(snapshot.encode_v2(), bytes(&taken["v2"]));
        assert_eq!(Snapshot::decode_v2(&bytes(&taken["v2"])).as_ref(), Ok(&snapshot));
        snapshots.push(snapshot);
        for _ in 0..3 {
            let mut any = || random.below(snapshots.len() as u32 + 2) as usize;
            let (snapshot, previous) = (any(), any());
            compare(&mut pair, snapshots.get(snapshot), snapshots.get(previous));
        }
        // The deletes of one time with the writing of another, as editors mix them.
        let mut any = || &snapshots[random.below(snapshots.len() as u32) as usize];
        let mixed = Snapshot::new(any().state_vector().clone(), any().delete_set().clone());
        compare(&mut pair, Some(&mixed), None);
    }
    for snapshot in &snapshots {
        if !gc {
            restore(&mut pair, snapshot);
        }
        let encoded: Vec<String> = updates.iter().map(|update| STANDARD.encode(update)).collect();
        let request = json!({"do": "contains", "snapshot": STANDARD.encode(snapshot.encode_v1()), "updates": encoded});
        let ours: Vec<bool> = updates.iter().map(|update| snapshot.contains_update(update).unwrap()).collect();
        assert_eq!(json!(ours), pair.ask(request)["contains"]);
    }
}

#[test]
fn both_engines_read_the_same_at_snapshots() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(40) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}
