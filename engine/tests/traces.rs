//! Real people's editing: traces typed through documents, and what arrives elsewhere.
//!
//! The traces are those of github.com/josephg/editing-traces. They are read from the folder that `MERGANSER_TRACES`
//! names; without it these tests say that they skip.

use flate2::read::GzDecoder;
use merganser::{ClientId, Doc, Options, StateVector, Text};
use serde_json::Value as Json;
use std::path::PathBuf;

fn traces(kind: &str) -> Vec<(String, Json)> {
    let Some(folder) = std::env::var_os("MERGANSER_TRACES") else {
        println!("SKIPPED: MERGANSER_TRACES does not name a folder with editing traces");
        return Vec::new();
    };
    let folder = PathBuf::from(folder).join(kind);
    let mut files: Vec<_> = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no traces in {}", folder.display());
    let read = |path: PathBuf| {
        let file = std::fs::File::open(&path).unwrap();
        (path.display().to_string(), serde_json::from_reader(GzDecoder::new(file)).unwrap())
    };
    files.into_iter().map(read).collect()
}

fn replica(client: u64) -> (Doc, Text) {
    let mut doc = Doc::new(Options::new(ClientId::new(client)));
    let text = doc.text("text");
    (doc, text)
}

/// Makes the edits of one transaction of a trace; returns the update.
fn edit(doc: &mut Doc, text: Text, patches: &Json) -> Option<Vec<u8>> {
    let mut transaction = doc.transact();
    for patch in patches.as_array().unwrap() {
        let number = |at: usize| patch[at].as_u64().unwrap() as u32;
        let inserted = patch[2].as_str().unwrap();
        if number(1) > 0 {
            text.delete(&mut transaction, number(0), number(1)).unwrap();
        }
        if !inserted.is_empty() {
            text.insert(&mut transaction, number(0), inserted).unwrap();
        }
    }
    transaction.commit().update_v1()
}

/// The document as a whole arrives as it is here.
fn assert_loads(doc: &Doc, expected: &str) {
    let (mut copy, text) = replica(99);
    copy.apply_update(&doc.encode_state_as_update(&StateVector::default())).unwrap();
    assert_eq!(text.to_string(&copy), expected);
    assert_eq!(copy.delete_set(), doc.delete_set());
    copy.assert_invariants();
}

#[test]
fn one_writer() {
    for (name, trace) in traces("sequential") {
        println!("{name}");
        let (mut ours, text) = replica(1);
        let (mut theirs, their_text) = replica(2);
        for transaction in trace["txns"].as_array().unwrap() {
            if let Some(update) = edit(&mut ours, text, &transaction["patches"]) {
                theirs.apply_update(&update).unwrap();
            }
        }
        let expected = trace["endContent"].as_str().unwrap();
        assert_eq!(text.to_string(&ours), expected, "{name}, typed");
        assert_eq!(their_text.to_string(&theirs), expected, "{name}, received");
        theirs.assert_invariants();
        ours.assert_invariants();
        assert_loads(&ours, expected);
    }
}

/// A writer and which transactions of the trace it has.
struct Writer {
    doc: Doc,
    text: Text,
    has: Vec<bool>,
}

impl Writer {
    /// Applies the transactions that `parents` depend on and that the writer lacks, earlier ones first.
    fn catch_up(&mut self, parents: &Json, all: &[Json], updates: &[Option<Vec<u8>>]) {
        let mut missing = Vec::new();
        let mut stack: Vec<usize> = indexes(parents).collect();
        while let Some(at) = stack.pop() {
            if !std::mem::replace(&mut self.has[at], true) {
                missing.push(at);
                stack.extend(indexes(&all[at]["parents"]));
            }
        }
        missing.sort_unstable();
        for update in missing.into_iter().filter_map(|at| updates[at].as_ref()) {
            let applied = self.doc.apply_update(update).unwrap();
            assert!(!applied.pending);
        }
    }
}

fn indexes(parents: &Json) -> impl Iterator<Item = usize> + '_ {
    parents.as_array().unwrap().iter().map(|parent| parent.as_u64().unwrap() as usize)
}

#[test]
fn several_writers() {
    for (name, trace) in traces("concurrent") {
        println!("{name}");
        let all = trace["txns"].as_array().unwrap();
        let agents = trace["numAgents"].as_u64().unwrap();
        let writer = |agent| {
            let (doc, text) = replica(agent + 1);
            Writer { doc, text, has: vec![false; all.len()] }
        };
        let mut writers: Vec<Writer> = (0..agents).map(writer).collect();
        let mut updates: Vec<Option<Vec<u8>>> = Vec::new();
        for (at, transaction) in all.iter().enumerate() {
            let writer = &mut writers[transaction["agent"].as_u64().unwrap() as usize];
            writer.catch_up(&transaction["parents"], all, &updates);
            updates.push(edit(&mut writer.doc, writer.text, &transaction["patches"]));
            writer.has[at] = true;
        }
        let expected = trace["endContent"].as_str().unwrap();
        let everything = serde_json::json!((0..all.len()).collect::<Vec<_>>());
        for writer in &mut writers {
            writer.catch_up(&everything, all, &updates);
            assert_eq!(writer.text.to_string(&writer.doc), expected, "{name}");
            writer.doc.assert_invariants();
            assert_loads(&writer.doc, expected);
        }
        let (mut backwards, text) = replica(98);
        for update in updates.iter().flatten().rev() {
            backwards.apply_update(update).unwrap();
        }
        assert_eq!(text.to_string(&backwards), expected, "{name}, the last edit first");
        backwards.assert_invariants();
    }
}
