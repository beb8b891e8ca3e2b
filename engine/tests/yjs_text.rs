//! The same edits of formatted text on a replica of ours and on a real Yjs document with the same client id, several
//! such pairs that exchange their updates: after every step both of a pair hold the same, down to the ids of the marks.
//!
//! `MERGANSER_SEED` runs one seed, `MERGANSER_RUNS` so many; see `yjs.rs` for what it needs.

mod edits;
mod notation;
mod oracle;
mod state;
mod structs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::types::{Attributes, DeltaChange};
use merganser::update::Update;
use merganser::{Any, ClientId, Doc, Error, IdSet, Options, Prelim, Text, Transaction, XmlText};
use notation::{Random, any, id_set, joined, runs};
use oracle::{Oracle, authored};
use serde_json::{Value as Json, json};
use state::State;
use structs::same_structs;

const WORDS: [&str; 8] = ["a", "bc", "def", "\n", "é", "鴨の池", "🦆", "lorem ipsum\n"];

/// A replica of ours and a Yjs document that do the same.
struct Pair {
    ours: Doc,
    yjs: usize,
    /// How many of the updates it has; they are exchanged in one order.
    has: Vec<bool>,
}

/// One edit of a text.
#[derive(Clone, Debug)]
enum Op {
    Insert { at: u32, text: &'static str, attributes: Option<Attributes> },
    Embed { at: u32, value: Prelim, attributes: Option<Attributes> },
    Delete { at: u32, len: u32 },
    Format { at: u32, len: u32, attributes: Attributes },
    Delta { delta: Vec<DeltaChange>, sanitize: bool },
    SetAttribute(&'static str, Any),
    RemoveAttribute(&'static str),
}

fn one<T: Clone>(random: &mut Random, of: &[T]) -> T {
    of[random.below(of.len() as u32) as usize].clone()
}

/// Attributes; with `objects` also objects as values. Yjs asks whether two of them are one in memory, which a mark that
/// was written to restore a format shares with the mark that set it: only the replica that wrote both knows.
fn attributes(random: &mut Random, objects: bool) -> Attributes {
    let mut chosen: Attributes = Vec::new();
    for _ in 0..1 + random.below(3) {
        let (key, value) = match random.below(if objects { 12 } else { 9 }) {
            0..3 => ("b", one(random, &[Any::Bool(true), Any::Null])),
            3..6 => ("i", one(random, &[Any::Bool(true), Any::Bool(false), Any::Null])),
            6 => ("c", one(random, &["red".into(), "blue".into(), Any::Null])),
            7 => ("n", one(random, &[Any::Number(0.5), Any::Number(1000.0), Any::Null])),
            8 => ("h", one(random, &["".into(), "é🦆".into(), Any::Null])),
            _ => ("o", one(random, &[Any::Object(vec![("k".into(), Any::Number(1.0))]), Any::Null])),
        };
        if chosen.iter().all(|(of, _)| **of != *key) {
            chosen.push((key.into(), value));
        }
    }
    chosen
}

fn maybe(random: &mut Random, objects: bool) -> Option<Attributes> {
    match random.below(4) {
        0 => None,
        1 => Some(Vec::new()),
        _ => Some(attributes(random, objects)),
    }
}

fn embed(random: &mut Random) -> Prelim {
    match random.below(5) {
        0 => Prelim::Text("nested".into()),
        1 => Prelim::Map(vec![("k".into(), Prelim::Any(Any::Number(1.0)))]),
        2 => Prelim::Array(vec![Prelim::Any(true.into()), Prelim::Any("x".into())]),
        _ => Prelim::Any(Any::Object(vec![("image".into(), one(random, &WORDS).into())])),
    }
}

fn op(random: &mut Random, len: u32, narrow: bool, objects: bool) -> Op {
    let reach = if narrow { len.min(4) } else { len };
    let at = random.below(reach + 1);
    let count = random.below(5).min(len - at);
    match random.below(16) {
        0..4 => Op::Insert { at, text: one(random, &WORDS), attributes: None },
        4 | 5 => Op::Insert { at, text: one(random, &WORDS), attributes: Some(attributes(random, objects)) },
        6 => Op::Embed { at, value: embed(random), attributes: maybe(random, objects) },
        7 | 8 => Op::Delete { at, len: count },
        9..12 => {
            let len = if random.one_in(12) { count + 2 } else { count };
            Op::Format { at, len, attributes: attributes(random, objects) }
        }
        12 | 13 => {
            let mut delta = vec![DeltaChange::Retain { len: at, attributes: Vec::new() }];
            for _ in 0..random.below(4) {
                delta.push(match random.below(4) {
                    0 => DeltaChange::Retain { len: random.below(4), attributes: attributes(random, objects) },
                    // In a text that never held anything Yjs throws.
                    1 if len > 0 => DeltaChange::Delete { len: random.below(3) },
                    2 => DeltaChange::Insert { insert: embed(random), attributes: attributes(random, objects) },
                    _ => DeltaChange::Insert {
                        insert: one(random, &WORDS).into(),
                        attributes: maybe(random, objects).unwrap_or_default(),
                    },
                });
            }
            Op::Delta { delta, sanitize: random.one_in(2) }
        }
        14 => Op::SetAttribute(one(random, &["x", "y"]), one(random, &WORDS).into()),
        _ => Op::RemoveAttribute(one(random, &["x", "y"])),
    }
}

fn object(attributes: &Attributes) -> Json {
    Json::Object(attributes.iter().map(|(key, value)| (key.to_string(), any(value))).collect())
}

fn prelim(value: &Prelim) -> Json {
    match value {
        Prelim::Any(Any::Number(number)) => json!(number),
        Prelim::Any(value) => any(value),
        Prelim::Text(text) => json!({"$": "type", "kind": "Text", "text": text}),
        Prelim::Array(values) => {
            json!({"$": "type", "kind": "Array", "v": values.iter().map(prelim).collect::<Vec<_>>()})
        }
        Prelim::Map(entries) => {
            let entries = entries.iter().map(|(key, value)| (key.clone(), prelim(value)));
            json!({"$": "type", "kind": "Map", "v": Json::Object(entries.collect())})
        }
        other => panic!("no embed of these programs: {other:?}"),
    }
}

fn numbers(attributes: &Attributes) -> Json {
    let plain = |value: &Any| match value {
        Any::Number(number) if number.fract() != 0.0 => json!(number),
        other => any(other),
    };
    match object(attributes) {
        Json::Object(_) => {
            Json::Object(attributes.iter().map(|(key, value)| (key.to_string(), plain(value))).collect())
        }
        other => other,
    }
}

impl Op {
    fn to_json(&self, root: &str) -> Json {
        let with = |mut op: Json, attributes: &Option<Attributes>| {
            if let Some(attributes) = attributes {
                op["attrs"] = numbers(attributes);
            }
            op
        };
        match self {
            Op::Insert { at, text, attributes } => {
                with(json!({"op": "textInsert", "path": [root], "at": at, "text": text}), attributes)
            }
            Op::Embed { at, value, attributes } => {
                with(json!({"op": "textEmbed", "path": [root], "at": at, "value": prelim(value)}), attributes)
            }
            Op::Delete { at, len } => json!({"op": "textDelete", "path": [root], "at": at, "len": len}),
            Op::Format { at, len, attributes } => {
                json!({"op": "textFormat", "path": [root], "at": at, "len": len, "attrs": numbers(attributes)})
            }
            Op::Delta { delta, sanitize } => {
                let change = |change: &DeltaChange| match change {
                    DeltaChange::Retain { len, attributes } if attributes.is_empty() => json!({"retain": len}),
                    DeltaChange::Retain { len, attributes } => {
                        json!({"retain": len, "attributes": numbers(attributes)})
                    }
                    DeltaChange::Delete { len } => json!({"delete": len}),
                    DeltaChange::Insert { insert, attributes } => {
                        json!({"insert": prelim(insert), "attributes": numbers(attributes)})
                    }
                };
                let changes: Vec<Json> = delta.iter().map(change).collect();
                json!({"op": "textDelta", "path": [root], "delta": changes, "sanitize": sanitize})
            }
            Op::SetAttribute(key, value) => json!({"op": "setAttr", "path": [root], "key": key, "value": any(value)}),
            Op::RemoveAttribute(key) => json!({"op": "removeAttr", "path": [root], "key": key}),
        }
    }
}

macro_rules! perform {
    ($text:expr, $transaction:expr, $op:expr) => {{
        let (text, transaction) = ($text, $transaction);
        match $op.clone() {
            Op::Insert { at, text: inserted, attributes: None } => text.insert(transaction, at, inserted),
            Op::Insert { at, text: inserted, attributes: Some(attributes) } => {
                text.insert_with_attributes(transaction, at, inserted, &attributes)
            }
            Op::Embed { at, value, attributes } => {
                text.insert_embed(transaction, at, value, &attributes.unwrap_or_default())
            }
            Op::Delete { at, len } => text.delete(transaction, at, len),
            Op::Format { at, len, attributes } => text.format(transaction, at, len, &attributes),
            Op::Delta { delta, sanitize } => text.apply_delta(transaction, delta, sanitize),
            Op::SetAttribute(key, value) => text.set_attribute(transaction, key, value),
            Op::RemoveAttribute(key) => text.remove_attribute(transaction, key),
        }
    }};
}

fn perform(transaction: &mut Transaction<'_>, roots: (Text, XmlText), is_xml: bool, op: &Op) -> Result<(), Error> {
    match is_xml {
        true => perform!(roots.1, transaction, op),
        false => perform!(roots.0, transaction, op),
    }
}

fn deletes(update: &[u8]) -> Json {
    id_set(&Update::parse_v1(update).unwrap().deletes.into_iter().collect::<IdSet>())
}

struct Program<'o> {
    oracle: &'o mut Oracle,
    pairs: Vec<Pair>,
    updates: Vec<Vec<u8>>,
    /// What the author of each update had when it wrote it.
    built_on: Vec<Vec<bool>>,
    /// Whether values may be objects; see `attributes`.
    objects: bool,
}

impl Program<'_> {
    /// What both of a pair authored is the same; it becomes one more update.
    fn note(&mut self, at: usize, ours: Option<Vec<u8>>, yjs: Vec<Vec<u8>>, what: &str) {
        if self.objects {
            return;
        }
        assert_eq!(ours.is_some(), !yjs.is_empty(), "{what}: whether something is authored");
        let Some(ours) = ours else { return };
        assert_eq!(yjs.len(), 1, "{what}: one update");
        assert_eq!(same_structs(&ours, &yjs[0]), Ok(()), "{what}: structs of the update");
        assert_eq!(deletes(&ours), deletes(&yjs[0]), "{what}: deletes of the update");
        self.updates.push(ours);
        self.built_on.push(self.pairs[at].has.clone());
        self.pairs.iter_mut().for_each(|pair| pair.has.push(false));
        *self.pairs[at].has.last_mut().unwrap() = true;
    }

    fn edit(&mut self, random: &mut Random, narrow: bool, objects: bool) {
        let at = random.below(self.pairs.len() as u32) as usize;
        let pair = &mut self.pairs[at];
        let texts = (pair.ours.text("t"), pair.ours.xml_text("r"));
        let mut done = Vec::new();
        let mut transaction = pair.ours.transact();
        for _ in 0..1 + random.below(3) {
            let is_xml = random.one_in(3);
            let len = if is_xml { texts.1.len(&transaction) } else { texts.0.len(&transaction) };
            let op = op(random, len, narrow, objects);
            // What ends inside a surrogate pair is refused and has changed nothing, so that Yjs does not get to see it.
            if perform(&mut transaction, texts, is_xml, &op).is_ok() {
                done.push(op.to_json(if is_xml { "r" } else { "t" }));
            }
        }
        let authored_by_us = transaction.commit().update_v1();
        pair.ours.assert_invariants();
        let answer = self.oracle.ask(json!({"do": "write", "doc": pair.yjs, "ops": done}));
        let what = format!("pair {at} after {done:?}");
        self.note(at, authored_by_us, authored(&answer), &what);
        self.compare(at, &what);
    }

    /// Hands a pair an update that it lacks.
    fn deliver(&mut self, at: usize, number: usize) {
        let pair = &mut self.pairs[at];
        pair.has[number] = true;
        let update = &self.updates[number];
        let mut transaction = pair.ours.transact();
        transaction.apply_update(update).unwrap();
        let cleaned = transaction.commit().clean_up().and_then(|commit| commit.update_v1());
        pair.ours.assert_invariants();
        let request = json!({"do": "apply", "doc": pair.yjs, "update": STANDARD.encode(update)});
        let answer = self.oracle.ask(request);
        let what = format!("pair {at} after update {number}");
        self.note(at, cleaned, authored(&answer), &what);
        self.compare(at, &what);
    }

    /// Updates that a pair lacks and that build on nothing else that it lacks: what Yjs shows while something waits is
    /// not what we show.
    fn lacking(&self, at: usize) -> Vec<usize> {
        let has = &self.pairs[at].has;
        let is_ready = |number: &usize| self.built_on[*number].iter().zip(has).all(|(needed, has)| !needed || *has);
        (0..self.updates.len()).filter(|number| !has[*number]).filter(is_ready).collect()
    }

    fn compare(&mut self, at: usize, what: &str) {
        let pair = &mut self.pairs[at];
        let theirs = State::from(&self.oracle.ask(json!({"do": "state", "doc": pair.yjs})));
        let ours = State::of(&mut pair.ours);
        assert_eq!(joined(&ours.trees), joined(&theirs.trees), "{what}: contents");
        assert_eq!(ours.text, theirs.text, "{what}: text");
        if self.objects {
            return;
        }
        assert_eq!(ours.vector, theirs.vector, "{what}: state vector");
        assert_eq!(ours.deletes, theirs.deletes, "{what}: delete set");
        assert_eq!(ours.is_waiting, theirs.is_waiting, "{what}: whether something waits");
        if !ours.is_waiting {
            assert_eq!(same_structs(&ours.update, &theirs.update), Ok(()), "{what}: structs");
        }
    }
}

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    let (narrow, objects) = (seed.is_multiple_of(3), seed % 7 == 6);
    oracle.ask(json!({"do": "reset"}));
    let count = if objects { 1 } else { 1 + random.below(4) };
    let mut pairs = Vec::new();
    for at in 0..count {
        let client = [1, 1 << 20, 1 << 40][random.below(3) as usize] + u64::from(random.below(100)) * 8 + u64::from(at);
        let mut options = Options::new(ClientId::new(client));
        options.gc = !random.one_in(3);
        let gc = options.gc;
        let mut ours = Doc::new(options);
        edits::roots(&mut ours);
        let opened = oracle.ask(json!({"do": "open", "client": client, "gc": gc, "undoes": false}));
        pairs.push(Pair { ours, yjs: opened["doc"].as_u64().unwrap() as usize, has: Vec::new() });
    }
    let mut program = Program { oracle, pairs, updates: Vec::new(), built_on: Vec::new(), objects };
    for _ in 0..12 + random.below(40) {
        let at = random.below(count) as usize;
        let lacking = program.lacking(at);
        if lacking.is_empty() || random.one_in(2) {
            program.edit(random, narrow, objects);
        } else {
            program.deliver(at, one(random, &lacking));
        }
    }
    // Everything to everybody, until nobody cleans up any more.
    while let Some((at, number)) = (0..count as usize).find_map(|at| Some((at, *program.lacking(at).first()?))) {
        program.deliver(at, number);
    }
    let first = State::of(&mut program.pairs[0].ours);
    for pair in &mut program.pairs[1..] {
        let other = State::of(&mut pair.ours);
        assert_eq!(joined(&first.trees), joined(&other.trees), "all have everything: contents");
        assert_eq!(first.deletes, other.deletes, "all have everything: delete set");
    }
}

#[test]
fn pairs_do_the_same() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(250) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}
