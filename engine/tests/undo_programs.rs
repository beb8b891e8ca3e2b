//! Random programs with undo and redo. Of a single writer they lead exactly back and forth. Against a real Yjs
//! document that takes in the same tracked and other updates, every undo writes the same.
//!
//! `MERGANSER_SEED` runs one seed, `MERGANSER_RUNS` so many; for the part with real Yjs see `yjs.rs`.

mod edits;
mod notation;
mod oracle;
mod structs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edits::{How, edit_one, edit_some, roots};
use merganser::undo::{Stack, UndoManager, UndoOptions};
use merganser::{ClientId, Doc, Options, StateVector, Value};
use notation::{Random, bytes, id_set, joined, runs, tree};
use oracle::Oracle;
use serde_json::{Value as Json, json};
use structs::same_structs_except;

fn trees(doc: &Doc, roots: &[(&str, Value)]) -> Json {
    joined(&Json::Object(roots.iter().map(|(name, root)| (name.to_string(), tree(doc, root))).collect()))
}

fn manager(doc: &mut Doc, options: UndoOptions) -> UndoManager {
    let scope: Vec<Value> = roots(doc).into_iter().map(|(_, root)| root).collect();
    UndoManager::new(doc, &scope, options).unwrap()
}

fn doc(client: u32, gc: bool) -> Doc {
    let mut options = Options::new(ClientId::from(client));
    options.gc = gc;
    Doc::new(options)
}

/// Undoes (or redoes) everything; the states on the way, the first one included.
fn walk(doc: &mut Doc, undo: &mut UndoManager, stack: Stack, roots: &[(&str, Value)]) -> Vec<Json> {
    let mut states = vec![trees(doc, roots)];
    loop {
        let popped = if stack == Stack::Undo { undo.undo(doc) } else { undo.redo(doc) };
        if popped.is_none() {
            return states;
        }
        drop(popped);
        doc.assert_invariants();
        states.push(trees(doc, roots));
    }
}

#[test]
fn a_single_writer_is_led_back_and_forth() {
    for seed in runs(100) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let how = How { splits: false, narrow: seed % 3 == 0, undoes: false };
        // Steps that set a key twice, or write into types of other steps, don't always lead back exactly in Yjs either.
        let is_exact = seed % 2 == 0;
        let mut doc = doc(1, seed % 4 != 3);
        let roots = roots(&mut doc);
        let capture_timeout_ms = if is_exact { 0 } else { 10 };
        let mut undo = manager(&mut doc, UndoOptions { capture_timeout_ms, ..UndoOptions::default() });
        let mut states = vec![trees(&doc, &roots)];
        let mut now_ms = 0;
        for _ in 0..5 + random.below(40) {
            now_ms += u64::from(random.below(15));
            let mut transaction = doc.transact();
            if is_exact {
                let root = &roots[random.below(roots.len() as u32) as usize].1;
                edit_one(&mut transaction, root, random, how);
            } else {
                edit_some(&mut transaction, &roots, random, how);
            }
            let tracked = undo.track(&mut transaction.commit(), now_ms);
            if tracked.is_some_and(|tracked| !tracked.is_new) {
                states.pop();
            }
            // What changes nothing in the scope is no step.
            if undo.stack(Stack::Undo).len() == states.len() {
                states.push(trees(&doc, &roots));
            }
        }
        for _ in 0..2 {
            let back = walk(&mut doc, &mut undo, Stack::Undo, &roots);
            assert_eq!(back.last(), states.first(), "seed {seed}: all undone");
            let forth = walk(&mut doc, &mut undo, Stack::Redo, &roots);
            if is_exact {
                assert_eq!(back.len(), states.len(), "seed {seed}");
                for at in 0..states.len() {
                    assert_eq!(back[back.len() - 1 - at], states[at], "seed {seed}: undone to step {at}");
                    assert_eq!(forth[at], states[at], "seed {seed}: redone to step {at}");
                }
            }
        }
        let mut copy = self::doc(2, true);
        copy.apply_update(&doc.encode_state_as_update(&StateVector::default())).unwrap();
        assert_eq!(copy.delete_set(), doc.delete_set());
        let copied = self::roots(&mut copy);
        assert_eq!(trees(&copy, &copied), trees(&doc, &roots));
        undo.clear(&mut doc);
        doc.assert_invariants();
    }
}

#[test]
fn writers_who_undo_among_others_converge() {
    for seed in runs(100) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let how = How { splits: false, narrow: seed % 2 == 0, undoes: false };
        let mut docs: Vec<Doc> = (1..=3).map(|client| doc(client, seed % 3 != 0)).collect();
        let handles: Vec<_> = docs.iter_mut().map(roots).collect();
        let options = || UndoOptions {
            capture_timeout_ms: 3,
            ignore_remote_map_changes: seed % 5 == 0,
            ..UndoOptions::default()
        };
        // Two managers on each document, of which the second looks after the root text only.
        let mut undos: Vec<[UndoManager; 2]> = docs
            .iter_mut()
            .map(|doc| {
                let text = Value::Text(doc.text("t"));
                [manager(doc, options()), UndoManager::new(doc, &[text], options()).unwrap()]
            })
            .collect();
        let mut inboxes: Vec<Vec<Vec<u8>>> = vec![Vec::new(); 3];
        for now_ms in 0..80 {
            let at = random.below(3) as usize;
            let (doc, undo) = (&mut docs[at], &mut undos[at]);
            let mut commit = None;
            match random.below(8) {
                0 | 1 if !inboxes[at].is_empty() => {
                    let mut transaction = doc.transact();
                    for update in inboxes[at].drain(..) {
                        transaction.apply_update(&update).unwrap();
                    }
                    commit = Some(transaction.commit());
                }
                2 => commit = undo[random.below(2) as usize].undo(doc).map(|popped| popped.commit),
                3 => commit = undo[random.below(2) as usize].redo(doc).map(|popped| popped.commit),
                4 if random.one_in(8) => undo[random.below(2) as usize].clear(doc),
                _ => {
                    let mut transaction = doc.transact();
                    edit_some(&mut transaction, &handles[at], random, how);
                    commit = Some(transaction.commit());
                }
            }
            if let Some(mut commit) = commit {
                undo.iter_mut().for_each(|undo| drop(undo.track(&mut commit, now_ms)));
                if !commit.is_local() {
                    let Some(mut cleaned) = commit.clean_up() else { continue };
                    undo.iter_mut().for_each(|undo| drop(undo.track(&mut cleaned, now_ms)));
                    commit = cleaned;
                }
                let update = commit.update_v1();
                (0..3).filter(|to| *to != at).for_each(|to| inboxes[to].extend(update.clone()));
            }
            docs[at].assert_invariants();
        }
        for at in 0..3 {
            inboxes[at].drain(..).for_each(|update| assert!(docs[at].apply_update(&update).is_ok()));
            undos[at].iter_mut().for_each(|undo| undo.clear(&mut docs[at]));
            docs[at].assert_invariants();
        }
        let shown: Vec<Json> = docs.iter().zip(&handles).map(|(doc, roots)| trees(doc, roots)).collect();
        assert!(shown.iter().all(|of| *of == shown[0]), "seed {seed}");
        assert!(docs.iter().all(|doc| doc.delete_set() == docs[0].delete_set()), "seed {seed}");
    }
}

/// A Yjs document and ours of the same client, which take in the same updates and are undone alike; and two Yjs
/// documents that write, one of which is tracked.
struct Twins<'o> {
    oracle: &'o mut Oracle,
    ours: Doc,
    undo: UndoManager,
    tracked: Json,
    yjs: u64,
    writers: [u64; 2],
    splits: bool,
}

impl<'o> Twins<'o> {
    fn begin(oracle: &'o mut Oracle, seed: u64) -> Twins<'o> {
        oracle.ask(json!({"do": "reset"}));
        let (merges, ignores, splits) = (seed.is_multiple_of(2), seed.is_multiple_of(5), seed % 7 == 6);
        // The twins' client id lies before, between and after those of the writers.
        let client = [5, 15, 25][seed as usize % 3];
        let timeout = if merges { 1_u64 << 40 } else { 0 };
        let undoes = json!({"tracked": ["tracked"], "captureTimeout": timeout, "ignoreRemoteMapChanges": ignores});
        let mut open = |client: u32, undoes: Json| {
            let opened = oracle.ask(json!({"do": "open", "client": client, "gc": true, "undoes": undoes}));
            opened["doc"].as_u64().unwrap()
        };
        let (yjs, writers) = (open(client, undoes), [open(10, json!(false)), open(20, json!(false))]);
        let mut ours = doc(client, true);
        let options = UndoOptions {
            capture_timeout_ms: timeout,
            tracked_origins: [Some("tracked".into())].into(),
            ignore_remote_map_changes: ignores,
        };
        let undo = manager(&mut ours, options);
        Twins { oracle, ours, undo, tracked: json!("tracked"), yjs, writers, splits }
    }

    /// A transaction of one of the writers, to everybody.
    fn edit(&mut self, writer: usize, random: &mut Random, narrow: bool) {
        let how = json!({"splits": self.splits, "narrow": narrow});
        let request = json!({"do": "edit", "doc": self.writers[writer], "seed": random.below(u32::MAX), "how": how});
        for update in authored(&self.oracle.ask(request)) {
            self.spread(&update, Some(writer));
        }
    }

    /// Hands an update to all but its writer, and what they author because of it to all others.
    fn spread(&mut self, update: &[u8], writer: Option<usize>) {
        let is_tracked = writer == Some(0);
        let origin = if is_tracked { &self.tracked } else { &Json::Null };
        let request = json!({"do": "apply", "doc": self.yjs, "update": STANDARD.encode(update), "origin": origin});
        let mut more = authored(&self.oracle.ask(request));
        let mut transaction = if is_tracked { self.ours.transact_with("tracked") } else { self.ours.transact() };
        transaction.apply_update(update).unwrap();
        let mut commit = transaction.commit();
        self.undo.track(&mut commit, 1);
        let cleaned = commit.clean_up().and_then(|mut commit| {
            self.undo.track(&mut commit, 1);
            commit.update_v1()
        });
        assert_eq!(cleaned.as_slice(), more, "what was cleaned up");
        for at in (0..2).filter(|at| Some(*at) != writer) {
            let request = json!({"do": "apply", "doc": self.writers[at], "update": STANDARD.encode(update)});
            more.extend(authored(&self.oracle.ask(request)));
        }
        // What format marks were taken away by the clean-up of one, the others have taken away, too.
        for update in more {
            for number in [self.yjs, self.writers[0], self.writers[1]] {
                self.oracle.ask(json!({"do": "apply", "doc": number, "update": STANDARD.encode(&update)}));
            }
            self.ours.apply_update(&update).unwrap();
        }
    }

    fn call(&mut self, call: &str) {
        let answer = self.oracle.ask(json!({"do": "undo", "doc": self.yjs, "call": call}));
        let popped = match call {
            "undo" => self.undo.undo(&mut self.ours),
            "redo" => self.undo.redo(&mut self.ours),
            "clear" => return self.undo.clear(&mut self.ours),
            _ => return self.undo.stop_capturing(),
        };
        let did = popped.is_some();
        let update = popped.and_then(|popped| popped.commit.update_v1());
        self.ours.assert_invariants();
        let stacks = [Stack::Undo, Stack::Redo].map(|stack| self.undo.stack(stack).len());
        assert_eq!(json!([did, stacks]), json!([answer["did"], answer["stacks"]]), "{call}");
        let theirs = authored(&answer);
        assert_eq!(update.is_some(), !theirs.is_empty(), "{call}: an update");
        for (ours, theirs) in update.iter().zip(&theirs) {
            if !self.splits {
                assert_eq!(same_structs_except(ours, theirs, &self.ours.delete_set()), Ok(()), "{call}");
            }
            for number in self.writers {
                self.oracle.ask(json!({"do": "apply", "doc": number, "update": STANDARD.encode(theirs)}));
            }
        }
    }

    fn check(&mut self, step: u32) {
        self.ours.assert_invariants();
        let roots = roots(&mut self.ours);
        let state = self.oracle.ask(json!({"do": "state", "doc": self.yjs}));
        assert_eq!(id_set(&self.ours.delete_set()), state["deletes"], "step {step}: delete set");
        assert_eq!(self.ours.encode_state_vector(), bytes(&state["vector"]), "step {step}: state vector");
        if !self.splits {
            assert_eq!(trees(&self.ours, &roots), joined(&state["trees"]), "step {step}: contents");
        }
    }
}

fn authored(answer: &Json) -> Vec<Vec<u8>> {
    answer["authored"].as_array().unwrap().iter().map(bytes).collect()
}

#[test]
fn a_yjs_document_that_takes_in_the_same_is_undone_alike() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(40) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let mut twins = Twins::begin(&mut oracle, seed);
        let narrow = seed % 3 == 0;
        for step in 0..30 + random.below(40) {
            match random.below(12) {
                0..=2 => twins.call("undo"),
                3 | 4 => twins.call("redo"),
                5 => twins.call("stopCapturing"),
                6 if random.one_in(6) => twins.call("clear"),
                6..=8 => twins.edit(1, random, narrow),
                _ => twins.edit(0, random, narrow),
            }
            twins.check(step);
        }
    }
}
