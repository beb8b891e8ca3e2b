//! Twins: a document of ours and a real Yjs document with the same client id, which do the same. Several such pairs
//! exchange their updates; after every step both of a pair hold the same, down to the ids of formatting marks.
//!
//! What they do is a *program*: a JSON object that a random test writes down while it runs, that can be run again, and
//! that is cut down to a small one where it fails.
//!
//! - `replicas`: for each `{client, gc, undo}`; `undo` is null or `{timeout, origins}`.
//! - `loose`: only contents are compared; see `Vocabulary::objects`.
//! - `steps`: `{do: "edit", on, origin?, ops}` (one transaction; ops as the conformance cases note them; what ours
//!   refuses is left out), `{do: "deliver", on, pick, v2}`, `{do: "undo" | "redo" | "stopCapturing" | "clear", on}`,
//!   `{do: "snapshot", on}`, `{do: "at", on, picks}`, `{do: "copy", on, gc}`, `{do: "positions", on, index, assoc}`.

pub mod shrink;

use crate::calls::{Vocabulary, breaks_in_yjs};
use crate::edits;
use crate::history::Both;
use crate::notation::{Random, any, bytes, id_set, joined, ops, reachable};
use crate::oracle::{Oracle, authored};
use crate::state::State;
use crate::structs::same_structs_except;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::undo::{Stack, UndoManager, UndoOptions};
use merganser::update::{Update, convert_update_v1_to_v2};
use merganser::{ClientId, Doc, IdSet, Options, Origin, RelativePosition, Snapshot, StateVector, Value};
use serde_json::{Value as Json, json};
use std::collections::BTreeSet;

/// A document of ours and a Yjs document that do the same.
struct Twin {
    ours: Doc,
    roots: Vec<(String, Value)>,
    undo: Option<UndoManager>,
    gc: bool,
    yjs: Json,
    /// Which of the updates it has; they are exchanged in one order.
    has: Vec<bool>,
    snapshots: Vec<Snapshot>,
    positions: Vec<Vec<u8>>,
}

/// A program as it runs.
pub struct Run<'o> {
    oracle: &'o mut Oracle,
    twins: Vec<Twin>,
    updates: Vec<Vec<u8>>,
    /// What the author of each update had when it wrote it.
    built_on: Vec<Vec<bool>>,
    is_loose: bool,
}

fn deletes(update: &[u8]) -> Json {
    id_set(&Update::parse_v1(update).unwrap().deletes.into_iter().collect::<IdSet>())
}

fn number(of: &Json) -> u64 {
    of.as_u64().unwrap()
}

/// Ours does not take from collected content what undo once kept, Yjs does for ever.
fn hidden(twin: &Twin) -> IdSet {
    if twin.undo.is_some() { twin.ours.delete_set() } else { IdSet::default() }
}

impl<'o> Run<'o> {
    /// A program before its first step.
    pub fn begin(oracle: &'o mut Oracle, program: &Json) -> Run<'o> {
        oracle.ask(json!({"do": "reset"}));
        let mut twins = Vec::new();
        for replica in program["replicas"].as_array().unwrap() {
            let mut options = Options::new(ClientId::new(number(&replica["client"])));
            options.gc = replica["gc"].as_bool().unwrap();
            let gc = options.gc;
            let mut ours = Doc::new(options);
            let roots: Vec<(String, Value)> =
                edits::roots(&mut ours).into_iter().map(|(name, root)| (name.to_string(), root)).collect();
            let of = &replica["undo"];
            let undo = of.is_object().then(|| {
                let options = UndoOptions {
                    capture_timeout_ms: number(&of["timeout"]),
                    tracked_origins: of["origins"].as_array().unwrap().iter().map(origin).collect(),
                    ignore_remote_map_changes: false,
                };
                let scope: Vec<Value> = roots.iter().map(|(_, root)| root.clone()).collect();
                UndoManager::new(&mut ours, &scope, options).unwrap()
            });
            let undoes = match undo {
                Some(_) => json!({"captureTimeout": of["timeout"], "tracked": of["origins"]}),
                None => json!(false),
            };
            let opened = oracle.ask(json!({"do": "open", "client": replica["client"], "gc": gc, "undoes": undoes}));
            let (has, snapshots, positions) = (Vec::new(), vec![Snapshot::default()], Vec::new());
            twins.push(Twin { ours, roots, undo, gc, yjs: opened["doc"].clone(), has, snapshots, positions });
        }
        let is_loose = program["loose"].as_bool().unwrap();
        Run { oracle, twins, updates: Vec::new(), built_on: Vec::new(), is_loose }
    }

    /// Carries out a step on both of a pair and compares them. A step for which nothing is there does nothing.
    pub fn step(&mut self, step: &Json) {
        let at = number(&step["on"]) as usize;
        let what = step["do"].as_str().unwrap();
        match what {
            "edit" => self.edit(at, step),
            "deliver" => {
                let lacking = self.lacking(at);
                if !lacking.is_empty() {
                    let update = lacking[number(&step["pick"]) as usize % lacking.len()];
                    self.deliver(at, update, step["v2"].as_bool().unwrap());
                }
            }
            "snapshot" | "at" | "copy" if self.is_loose => {}
            "snapshot" => self.snapshot(at),
            // What an undo once kept, Yjs never collects; ours does as soon as no stack needs it.
            "at" if self.twins[at].gc && self.twins[at].undo.is_some() => {}
            "at" => {
                let twin = &self.twins[at];
                let mut picks = step["picks"].as_array().unwrap().iter().map(|pick| number(pick) as usize);
                let mut pick = || twin.snapshots.get(picks.next().unwrap() % (twin.snapshots.len() + 1));
                let (snapshot, previous) = (pick(), pick());
                let types = reachable(&twin.ours, &twin.roots);
                let both = Both { ours: &twin.ours, yjs: &twin.yjs, gc: twin.gc, splits: false };
                both.compare_at(self.oracle, &types, snapshot, previous);
                if let Some(snapshot) = snapshot.filter(|_| !twin.gc) {
                    both.compare_restored(self.oracle, snapshot);
                }
            }
            "positions" => self.positions(at, number(&step["index"]) as u32, step["assoc"].as_i64().unwrap() as i32),
            "copy" => self.copy(at, step["gc"].as_bool().unwrap()),
            _ => self.call_undo(at, what),
        }
        self.compare(at, what);
    }

    fn edit(&mut self, at: usize, step: &Json) {
        let twin = &mut self.twins[at];
        let mut transaction = match origin(&step["origin"]) {
            Some(origin) => twin.ours.transact_with(origin),
            None => twin.ours.transact(),
        };
        let ops = step["ops"].as_array().unwrap().iter();
        let mut done = Vec::new();
        for op in ops {
            if !breaks_in_yjs(&transaction, op) && ops::carry_out(&mut transaction, op).is_ok() {
                done.push(op);
            }
        }
        let mut commit = transaction.commit();
        twin.undo.iter_mut().for_each(|undo| drop(undo.track(&mut commit, 1)));
        let authored_by_us = commit.update_v1();
        let request = json!({"do": "write", "doc": twin.yjs, "ops": done, "origin": step["origin"]});
        let answer = self.oracle.ask(request);
        // Where one call wrote into the run of another, ours is not cut.
        let is_alone = self.twins.len() == 1 && self.twins[0].undo.is_none();
        if is_alone && done.len() == 1 && !self.is_loose {
            assert_eq!(authored_by_us.as_slice(), authored(&answer), "edit: bytes of the update");
        }
        self.note(at, authored_by_us, authored(&answer), "edit");
    }

    /// What both of a pair authored is the same; it becomes one more update.
    fn note(&mut self, at: usize, ours: Option<Vec<u8>>, yjs: Vec<Vec<u8>>, what: &str) {
        if self.is_loose {
            return;
        }
        assert_eq!(ours.is_some(), !yjs.is_empty(), "{what}: whether something is authored");
        let Some(ours) = ours else { return };
        assert_eq!(yjs.len(), 1, "{what}: one update");
        assert_eq!(same_structs_except(&ours, &yjs[0], &hidden(&self.twins[at])), Ok(()), "{what}: the update");
        assert_eq!(deletes(&ours), deletes(&yjs[0]), "{what}: deletes of the update");
        // What Yjs writes goes to all: of what was undone it may hold more.
        self.updates.push(yjs.into_iter().next().unwrap());
        self.built_on.push(self.twins[at].has.clone());
        self.twins.iter_mut().for_each(|twin| twin.has.push(false));
        *self.twins[at].has.last_mut().unwrap() = true;
    }

    /// Updates that a pair lacks and that build on nothing else that it lacks: what Yjs shows while something waits is
    /// not what we show.
    fn lacking(&self, at: usize) -> Vec<usize> {
        let has = &self.twins[at].has;
        let is_ready = |number: &usize| self.built_on[*number].iter().zip(has).all(|(needed, has)| !needed || *has);
        (0..self.updates.len()).filter(|number| !has[*number]).filter(is_ready).collect()
    }

    /// Hands a pair an update that it lacks.
    fn deliver(&mut self, at: usize, number: usize, in_v2: bool) {
        let twin = &mut self.twins[at];
        twin.has[number] = true;
        let update = &self.updates[number];
        let mut transaction = twin.ours.transact_with("remote");
        let sent = match in_v2 {
            true => convert_update_v1_to_v2(update).unwrap(),
            false => update.clone(),
        };
        let applied = if in_v2 { transaction.apply_update_v2(&sent) } else { transaction.apply_update(&sent) };
        applied.unwrap();
        let mut commit = transaction.commit();
        twin.undo.iter_mut().for_each(|undo| drop(undo.track(&mut commit, 1)));
        let cleaned = commit.clean_up().and_then(|mut commit| {
            twin.undo.iter_mut().for_each(|undo| drop(undo.track(&mut commit, 1)));
            commit.update_v1()
        });
        let (sent, format) = (STANDARD.encode(&sent), if in_v2 { 2 } else { 1 });
        let request = json!({"do": "apply", "doc": twin.yjs, "update": sent, "format": format, "origin": "remote"});
        let answer = self.oracle.ask(request);
        self.note(at, cleaned, authored(&answer), "deliver: clean-up");
    }

    fn call_undo(&mut self, at: usize, call: &str) {
        let twin = &mut self.twins[at];
        let Some(undo) = &mut twin.undo else { return };
        let answer = self.oracle.ask(json!({"do": "undo", "doc": twin.yjs, "call": call}));
        let popped = match call {
            "undo" => undo.undo(&mut twin.ours),
            "redo" => undo.redo(&mut twin.ours),
            "clear" => return undo.clear(&mut twin.ours),
            "stopCapturing" => return undo.stop_capturing(),
            other => panic!("no such step: {other}"),
        };
        let did = popped.is_some();
        let update = popped.and_then(|popped| popped.commit.update_v1());
        let stacks = [Stack::Undo, Stack::Redo].map(|stack| undo.stack(stack).len());
        assert_eq!(json!([did, stacks]), json!([answer["did"], answer["stacks"]]), "{call}: stacks");
        self.note(at, update, authored(&answer), call);
    }

    fn snapshot(&mut self, at: usize) {
        let twin = &mut self.twins[at];
        let taken = self.oracle.ask(json!({"do": "snapshot", "doc": twin.yjs}));
        let snapshot = twin.ours.snapshot();
        assert_eq!(snapshot.encode_v1(), bytes(&taken["v1"]), "snapshot");
        assert_eq!(snapshot.encode_v2(), bytes(&taken["v2"]), "snapshot in v2");
        twin.snapshots.push(snapshot);
    }

    /// Relative positions at a place of every type are the same, and all that were made are found at the same places,
    /// with what was undone followed or not.
    fn positions(&mut self, at: usize, index: u32, assoc: i32) {
        let twin = &mut self.twins[at];
        let types = reachable(&twin.ours, &twin.roots);
        let asked: Vec<Json> =
            types.iter().map(|(path, _)| json!({"path": path, "index": index, "assoc": assoc})).collect();
        let mut ask = |make: &[Json], find: &[Vec<u8>], follows: bool| {
            let find: Vec<String> = find.iter().map(|position| STANDARD.encode(position)).collect();
            self.oracle.ask(json!({"do": "positions", "doc": twin.yjs, "make": make, "find": find, "follows": follows}))
        };
        let made = ask(&asked, &[], true)["made"].clone();
        for ((path, of), theirs) in types.iter().zip(made.as_array().unwrap()) {
            let ours = RelativePosition::at(&twin.ours, of.clone(), index, assoc).unwrap();
            assert_eq!(ours.encode(), bytes(&theirs["bytes"]), "position at {index} of {path}");
            assert_eq!(any(&ours.to_json()), theirs["json"], "position at {index} of {path}, JSON");
            twin.positions.push(ours.encode());
        }
        for follows in [true, false] {
            let found = ask(&[], &twin.positions, follows)["found"].clone();
            for (position, theirs) in twin.positions.iter().zip(found.as_array().unwrap()) {
                let position = RelativePosition::decode(position).unwrap();
                let ours = match follows {
                    true => position.to_absolute(&twin.ours),
                    false => position.to_absolute_as_written(&twin.ours),
                };
                let ours = ours.map(|found| {
                    let path = types.iter().find(|(_, of)| *of == found.of).map(|(path, _)| path);
                    json!({"index": found.index, "assoc": found.assoc, "path": path})
                });
                // What an undo once kept, Yjs never collects; ours does as soon as no stack needs it.
                let is_kept = twin.gc && twin.undo.is_some() && theirs["path"].is_null();
                if ours.is_some() || !is_kept {
                    assert_eq!(json!(ours), *theirs, "{position:?} is found, followed: {follows}");
                }
            }
        }
    }

    /// What one of a pair encodes, in either format, a new document of the other engine shows alike.
    fn copy(&mut self, at: usize, gc: bool) {
        let twin = &mut self.twins[at];
        let mut options = Options::new(ClientId::new(1 << 51));
        options.gc = gc;
        let request = json!({"do": "encode", "doc": twin.yjs, "vector": "AA==", "format": 2});
        let theirs = bytes(&self.oracle.ask(request)["update"]);
        let mut copy = Doc::new(options);
        edits::roots(&mut copy);
        copy.apply_update_v2(&theirs).unwrap();
        copy.assert_invariants();
        assert_eq!(copy.delete_set(), twin.ours.delete_set(), "copy of Yjs: delete set");
        assert_eq!(copy.state_vector(), twin.ours.state_vector(), "copy of Yjs: state vector");
        let (ours, copied) = (State::of(&mut twin.ours), State::of(&mut copy));
        assert_eq!(joined(&ours.trees), joined(&copied.trees), "copy of Yjs: contents");
        let update = STANDARD.encode(twin.ours.encode_state_as_update(&StateVector::default()));
        let loaded = self.oracle.ask(json!({"do": "load", "update": update, "gc": gc}));
        if authored(&loaded).is_empty() {
            let loaded = State::from(&loaded);
            assert_eq!(joined(&loaded.trees), joined(&ours.trees), "copy of ours: contents");
            assert_eq!(loaded.deletes, ours.deletes, "copy of ours: delete set");
        }
    }

    fn compare(&mut self, at: usize, what: &str) {
        let twin = &mut self.twins[at];
        twin.ours.assert_invariants();
        let answer = self.oracle.ask(json!({"do": "state", "doc": twin.yjs}));
        let (ours, theirs) = (State::of(&mut twin.ours), State::from(&answer));
        assert_eq!(joined(&ours.trees), joined(&theirs.trees), "{what}: contents");
        assert_eq!(ours.text, theirs.text, "{what}: text");
        let subdocs: BTreeSet<String> = twin.ours.subdocs().into_iter().map(|subdoc| subdoc.guid).collect();
        assert_eq!(json!(subdocs), answer["subdocs"], "{what}: subdocuments");
        if self.is_loose {
            return;
        }
        assert_eq!(ours.vector, theirs.vector, "{what}: state vector");
        assert_eq!(ours.deletes, theirs.deletes, "{what}: delete set");
        assert_eq!(ours.is_waiting, theirs.is_waiting, "{what}: whether something waits");
        assert_eq!(same_structs_except(&ours.update, &theirs.update, &hidden(twin)), Ok(()), "{what}: structs");
    }

    /// Everything to everybody, until nobody cleans up any more; then all hold the same.
    pub fn finish(&mut self) {
        while let Some((at, number)) = (0..self.twins.len()).find_map(|at| Some((at, *self.lacking(at).first()?))) {
            self.deliver(at, number, number % 2 == 0);
            self.compare(at, "last exchange");
        }
        let first = State::of(&mut self.twins[0].ours);
        for twin in &mut self.twins[1..] {
            let other = State::of(&mut twin.ours);
            assert_eq!(joined(&first.trees), joined(&other.trees), "all have everything: contents");
            assert_eq!(first.deletes, other.deletes, "all have everything: delete set");
        }
    }

    /// A random step.
    pub fn choose(&self, random: &mut Random, vocabulary: &Vocabulary) -> Json {
        let on = random.below(self.twins.len() as u32) as usize;
        let twin = &self.twins[on];
        if random.one_in(2) && !self.lacking(on).is_empty() {
            return json!({"do": "deliver", "on": on, "pick": random.below(8), "v2": random.one_in(2)});
        }
        match random.below(24) {
            0..4 if twin.undo.is_some() => json!({"do": "undo", "on": on}),
            4..6 if twin.undo.is_some() => json!({"do": "redo", "on": on}),
            6 if twin.undo.is_some() => {
                let call = if random.one_in(6) { "clear" } else { "stopCapturing" };
                json!({"do": call, "on": on})
            }
            7 => json!({"do": "snapshot", "on": on}),
            8 => json!({"do": "at", "on": on, "picks": [random.below(30), random.below(30)]}),
            10 => {
                let assoc = [0, -1, 1, -7][random.below(4) as usize];
                json!({"do": "positions", "on": on, "index": random.below(12), "assoc": assoc})
            }
            9 => json!({"do": "copy", "on": on, "gc": random.one_in(2)}),
            _ => {
                let types = reachable(&twin.ours, &twin.roots);
                let ops: Vec<Json> =
                    (0..1 + random.below(3)).map(|_| vocabulary.call(random, &twin.ours, &types)).collect();
                let origin = if random.one_in(4) { json!("elsewhere") } else { Json::Null };
                json!({"do": "edit", "on": on, "origin": origin, "ops": ops})
            }
        }
    }
}

fn origin(of: &Json) -> Option<Origin> {
    of.as_str().map(Origin::from)
}
