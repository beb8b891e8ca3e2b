//! The same edits of an observed document of ours and of a Yjs document with the same client id: both call back with the
//! same, in the same order, also where observers edit in answer.

mod calls;
mod edits;
mod notation;
mod oracle;
mod structs;
mod told;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use calls::{Vocabulary, breaks_in_yjs};
use merganser::events::Event;
use merganser::observe::{ManagerId, ObservedDoc, StackEvent};
use merganser::types::Subdoc;
use merganser::undo::{Stack, UndoManager, UndoOptions};
use merganser::update::{Content, Update};
use merganser::{ClientId, Doc, Id, IdSet, Options, Origin, StateVector, Value};
use notation::{Random, ops, reachable, runs};
use oracle::Oracle;
use serde_json::{Value as Json, json};
use std::sync::{Arc, Mutex};
use structs::same_structs_except;
use told::shown_event;

type Log = Arc<Mutex<Vec<Json>>>;

fn name(origin: Option<&Origin>) -> Json {
    match origin {
        None => Json::Null,
        Some(Origin::Name(name)) => json!(**name),
        Some(_) => json!("undo manager"),
    }
}

fn without_root(doc: &Doc, event: &Event) -> Json {
    let mut shown = shown_event(doc, event);
    shown.as_object_mut().unwrap().remove("root");
    shown
}

fn guids(of: &[Subdoc]) -> Vec<&str> {
    let mut guids: Vec<&str> = of.iter().map(|subdoc| &*subdoc.guid).collect();
    guids.sort_unstable();
    guids
}

fn stack_name(stack: Stack) -> &'static str {
    if stack == Stack::Undo { "undo" } else { "redo" }
}

/// Observes everything, as `observe.js` does.
fn observe(doc: &mut ObservedDoc, roots: &[(String, Value)], manager: ManagerId, log: &Log) {
    let note = |log: &Log| {
        let log = log.clone();
        move |entry: Json| log.lock().unwrap().push(entry)
    };
    for (root, value) in roots {
        let (note_one, note_all) = (note(log), note(log));
        let (one, all) = (root.clone(), root.clone());
        doc.observe(value, move |event, reaction| {
            note_one(json!(["observe", one, without_root(reaction.doc(), event)]));
        })
        .unwrap();
        doc.observe_deep(value, move |events, reaction| {
            let events: Vec<Json> = events.iter().map(|event| without_root(reaction.doc(), event)).collect();
            note_all(json!(["deep", all, events]));
        })
        .unwrap();
    }
    let of = |name: &str| roots.iter().find(|(root, _)| root == name).unwrap().1.clone();
    let Value::Map(reactions) = of("reactions") else { panic!("it is a map") };
    let is_reaction = |origin: Option<&Origin>| origin == Some(&Origin::from("reaction"));
    doc.observe(&of("m"), move |event, reaction| {
        if event.keys.iter().any(|change| &*change.key == "k") && !is_reaction(reaction.origin()) {
            reaction.transact(Some("reaction".into()), |edit| reactions.set(edit, "k", true)).unwrap().unwrap();
        }
    })
    .unwrap();
    doc.observe_deep(&of("x"), move |_, reaction| {
        if !is_reaction(reaction.origin()) {
            reaction.transact(Some("reaction".into()), |edit| reactions.set(edit, "x", true)).unwrap().unwrap();
        }
    })
    .unwrap();
    let entry = note(log);
    doc.on_before_observer_calls(move |reaction| {
        entry(json!(["transaction", name(reaction.origin()), reaction.is_local()]));
    });
    let entry = note(log);
    doc.on_after_transaction(move |_| entry(json!(["after"])));
    let entry = note(log);
    doc.on_after_transaction_cleanup(move |_| entry(json!(["cleanup"])));
    let entry = note(log);
    doc.on_update(move |update, _| entry(json!(["update", STANDARD.encode(update)])));
    let entry = note(log);
    doc.on_update_v2(move |_, _| entry(json!(["updateV2"])));
    let entry = note(log);
    doc.on_subdocs(move |changes, _| {
        let (added, removed, loaded) = (guids(&changes.added), guids(&changes.removed), guids(&changes.loaded));
        entry(json!(["subdocs", {"added": added, "removed": removed, "loaded": loaded}]));
    });
    let entry = note(log);
    doc.on_stack(manager, move |_, event| {
        entry(match event {
            StackEvent::Added { stack, origin, .. } => {
                json!(["stack", "added", stack_name(stack), name(origin.as_ref())])
            }
            StackEvent::Updated { stack, origin, .. } => {
                json!(["stack", "updated", stack_name(stack), name(origin.as_ref())])
            }
            StackEvent::Popped { stack, .. } => json!(["stack", "popped", stack_name(stack)]),
            StackEvent::Cleared { undo, redo } => json!(["stack", "cleared", undo, redo]),
        });
    });
}

/// The log transaction by transaction. Those that nobody could see anything of are left out, since Yjs makes some for its
/// own purposes; what is in no order of its own is sorted.
fn transactions(log: Vec<Json>) -> Vec<Vec<Json>> {
    let mut groups: Vec<Vec<Json>> = Vec::new();
    for mut entry in log {
        if entry[0] == "deep" {
            let events = entry[2].as_array_mut().unwrap();
            events.sort_by_key(|event| (event["path"].as_array().unwrap().len(), event["path"].to_string()));
        }
        let begins = entry[0] == "transaction" || entry[1] == "popped" || (entry[0] == "stack" && groups.is_empty());
        match groups.last_mut() {
            Some(group) if !begins => group.push(entry),
            _ => groups.push(vec![entry]),
        }
    }
    for group in &mut groups {
        drop_ghosts(group);
    }
    // As it ends a subdocument that was removed, Yjs says once more that it was removed.
    let comes = |entry: &Json| entry[1]["added"] != json!([]) || entry[1]["loaded"] != json!([]);
    groups.retain(|group| {
        group.iter().any(|entry| match entry[0].as_str().unwrap() {
            "observe" | "deep" | "stack" => true,
            "subdocs" => comes(entry),
            _ => false,
        })
    });
    for group in &mut groups {
        let rank = |entry: &Json| match entry[0].as_str().unwrap() {
            "transaction" => 0,
            "observe" => 1,
            "deep" => 2,
            // An undo manager of Yjs is one of those who wait for the end of a transaction.
            "stack" => 3,
            "after" => 4,
            _ => 5,
        };
        group.sort_by_key(|entry| (rank(entry), if rank(entry) < 3 { entry.to_string() } else { String::new() }));
    }
    groups
}

/// Of a subdocument that came and went in one transaction, Yjs says that it is to be loaded.
fn drop_ghosts(group: &mut Vec<Json>) {
    let is_load = !group.iter().any(|entry| entry[0] == "observe" || entry[0] == "deep");
    for entry in group.iter_mut().filter(|entry| entry[0] == "subdocs" && !is_load) {
        let added = entry[1]["added"].clone();
        let stays = |guid: &Json| added.as_array().unwrap().contains(guid);
        entry[1]["loaded"].as_array_mut().unwrap().retain(stays);
    }
    let nothing = json!({"added": [], "removed": [], "loaded": []});
    group.retain(|entry| entry[0] != "subdocs" || entry[1] != nothing);
}

struct Both<'o> {
    oracle: &'o mut Oracle,
    ours: ObservedDoc,
    manager: ManagerId,
    roots: Vec<(String, Value)>,
    yjs: Json,
    log: Log,
    /// Names of subdocuments, as often as one of the name came.
    came: Vec<Json>,
    /// A document that nobody observes, which writes from elsewhere.
    writer: Doc,
}

impl<'o> Both<'o> {
    fn begin(oracle: &'o mut Oracle, gc: bool) -> Both<'o> {
        oracle.ask(json!({"do": "reset"}));
        let undoes = json!({"captureTimeout": 0, "tracked": [null, "elsewhere"]});
        let yjs = oracle.ask(json!({"do": "open", "client": 5, "gc": gc, "undoes": undoes}))["doc"].clone();
        oracle.ask(json!({"do": "observe", "doc": yjs}));
        let mut options = Options::new(ClientId::from(5));
        options.gc = gc;
        let mut ours = Doc::new(options);
        let roots: Vec<(String, Value)> =
            edits::roots(&mut ours).into_iter().map(|(name, root)| (name.to_string(), root)).collect();
        let scope: Vec<Value> = roots.iter().map(|(_, root)| root.clone()).collect();
        let tracked_origins = [None, Some("elsewhere".into())].into();
        let options = UndoOptions { capture_timeout_ms: 0, tracked_origins, ..UndoOptions::default() };
        let manager = UndoManager::new(&mut ours, &scope, options).unwrap();
        let mut ours = ObservedDoc::new(ours);
        let manager = ours.attach(manager);
        let log = Log::default();
        let reactions = ("reactions".to_string(), Value::Map(ours.doc_mut().map("reactions")));
        observe(&mut ours, &[roots.clone(), vec![reactions]].concat(), manager, &log);
        let mut writer = Doc::new(Options::new(ClientId::from(9)));
        edits::roots(&mut writer);
        Both { oracle, ours, manager, roots, yjs, log, came: Vec::new(), writer }
    }

    fn edit(&mut self, calls: &[Json], origin: &Json) {
        let mut done = Vec::new();
        let edit = |transaction: &mut merganser::Transaction<'_>| {
            for op in calls {
                if !breaks_in_yjs(transaction, op) && ops::carry_out(transaction, op).is_ok() {
                    done.push(op);
                }
            }
        };
        match origin.as_str() {
            Some(origin) => self.ours.transact_with(origin, edit),
            None => self.ours.transact(edit),
        }
        self.oracle.ask(json!({"do": "write", "doc": self.yjs, "ops": done, "origin": origin}));
    }

    /// Edits elsewhere, which arrive here.
    fn receive(&mut self, calls: &[Json]) {
        let mut transaction = self.writer.transact();
        for op in calls {
            let _refused = ops::carry_out(&mut transaction, op);
        }
        let Some(update) = transaction.commit().update_v1() else { return };
        self.ours.apply_update(&update, Some("remote".into())).unwrap();
        let update = STANDARD.encode(update);
        self.oracle.ask(json!({"do": "apply", "doc": self.yjs, "update": update, "origin": "remote"}));
    }

    /// Whether Yjs has deleted marks that ours has: there, to read the delta of an event deletes those of the transaction
    /// that set what is set already.
    fn has_deleted_marks(&mut self) -> bool {
        let request = json!({"do": "encode", "doc": self.yjs, "vector": "AA=="});
        let theirs = notation::bytes(&self.oracle.ask(request)["update"]);
        let theirs: IdSet = Update::parse_v1(&theirs).unwrap().deletes.into_iter().collect();
        let more = theirs.difference(&self.ours.delete_set());
        let ours = Update::parse_v1(&self.ours.encode_state_as_update(&StateVector::default())).unwrap();
        let is_mark = |id: Id| ours.structs.iter().any(|of| of.id == id && of.content == Content::Format);
        let mut units = more.iter().flat_map(|(client, clocks)| clocks.map(move |clock| Id::new(client, clock)));
        !more.is_empty() && units.all(is_mark)
    }

    fn compare(&mut self, what: &str) {
        self.ours.assert_invariants();
        let theirs = self.oracle.ask(json!({"do": "log", "doc": self.yjs}))["log"].as_array().unwrap().clone();
        for entry in self.log.lock().unwrap().iter().filter(|entry| entry[0] == "subdocs") {
            self.came.extend(entry[1]["added"].as_array().unwrap().iter().cloned());
        }
        let (ours, theirs) = (transactions(std::mem::take(&mut self.log.lock().unwrap())), transactions(theirs));
        let is_update = |entry: &Json| entry[0] == "update";
        let shown = |groups: &[Vec<Json>]| {
            let hidden = |entry: &Json| if is_update(entry) { json!(["update"]) } else { entry.clone() };
            groups.iter().map(|group| group.iter().map(hidden).collect()).collect::<Vec<Vec<Json>>>()
        };
        assert_eq!(shown(&ours), shown(&theirs), "{what}");
        // In Yjs the update of a transaction has what observers wrote in answer to it, too.
        if ours.len() == 1 {
            for (ours, theirs) in ours[0].iter().zip(&theirs[0]).filter(|(ours, _)| is_update(ours)) {
                let (ours, theirs) = (notation::bytes(&ours[1]), notation::bytes(&theirs[1]));
                assert_eq!(same_structs_except(&ours, &theirs, &self.ours.delete_set()), Ok(()), "{what}");
            }
        }
        let lacking = self.ours.encode_state_as_update(&self.writer.state_vector());
        self.writer.apply_update(&lacking).unwrap();
        let state = self.oracle.ask(json!({"do": "encode", "doc": self.yjs, "vector": "AA=="}));
        let ours = self.ours.encode_state_as_update(&StateVector::default());
        let theirs = notation::bytes(&state["update"]);
        assert_eq!(same_structs_except(&ours, &theirs, &self.ours.delete_set()), Ok(()), "{what}: all");
    }
}

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    let vocabulary = Vocabulary { narrow: seed.is_multiple_of(3), texts: seed.is_multiple_of(2), objects: false };
    let mut both = Both::begin(oracle, random.one_in(2));
    for step in 0..10 + random.below(30) {
        let types = reachable(&both.ours, &both.roots);
        let calls: Vec<Json> = (0..1 + random.below(3)).map(|_| vocabulary.call(random, &both.ours, &types)).collect();
        let what = match random.below(12) {
            0 | 1 => "undo",
            2 => "redo",
            3 if random.one_in(4) => "clear",
            3 => "load",
            4..7 => "receive",
            _ => "edit",
        };
        match what {
            "undo" => drop(both.ours.undo(both.manager)),
            "redo" => drop(both.ours.redo(both.manager)),
            "clear" => both.ours.clear(both.manager),
            "receive" => both.receive(&calls),
            "load" => {
                // Of several with one name Yjs loads each by itself.
                let came_once =
                    |subdoc: &Subdoc| both.came.iter().filter(|guid| **guid == json!(subdoc.guid)).count() == 1;
                if let Some(subdoc) = both.ours.subdocs().into_iter().find(came_once) {
                    both.ours.load_subdoc(&subdoc.guid);
                    both.oracle.ask(json!({"do": "load_subdoc", "doc": both.yjs, "guid": subdoc.guid}));
                }
            }
            _ => both.edit(&calls, &if random.one_in(3) { json!("elsewhere") } else { Json::Null }),
        }
        if matches!(what, "undo" | "redo" | "clear") {
            both.oracle.ask(json!({"do": "undo", "doc": both.yjs, "call": what}));
        }
        if both.has_deleted_marks() {
            return;
        }
        both.compare(&format!("step {step}, {what}: {calls:?}"));
    }
}

#[test]
fn callbacks_are_those_of_yjs() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(60) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}
