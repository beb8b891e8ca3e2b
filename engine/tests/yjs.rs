//! Random programs on replicas of which some are Merganser's and some real Yjs documents (in Node): after each
//! exchange of updates all of them hold the same.
//!
//! `MERGANSER_SEED` runs one seed, `MERGANSER_RUNS` so many. Needs `npm ci` in `yjs-oracle/`; without it, or without
//! Node, the test says that it skips, and fails where `MERGANSER_REQUIRE_YJS` is set.

mod edits;
mod notation;
mod oracle;
mod state;
mod structs;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edits::How;
use merganser::update::{
    Obfuscation, Update, convert_update_v1_to_v2, convert_update_v2_to_v1, decode_state_vector, diff_update,
    diff_update_v2, encode_state_vector, merge_updates, merge_updates_v2, obfuscate_update, obfuscate_update_v2,
    state_vector_of_update, state_vector_of_update_v2,
};
use merganser::{ClientId, Doc, Options};
use notation::{Random, bytes, runs};
use oracle::{Oracle, authored};
use serde_json::json;
use state::State;
use std::collections::BTreeSet;
use structs::same_structs;

enum Replica {
    Ours { doc: Box<Doc>, gc: bool },
    Yjs { number: u64, gc: bool },
}

/// Whether bytes are exchanged as v2: half of them are.
fn travels_in_v2(bytes: &[u8]) -> bool {
    bytes.iter().fold(0_u8, |sum, byte| sum ^ byte).count_ones() % 2 == 1
}

impl Replica {
    /// Applies an update, in either format; returns what the replica authored because of it.
    fn apply(&mut self, oracle: &mut Oracle, update: &[u8]) -> Vec<Vec<u8>> {
        let in_v2 = travels_in_v2(update).then(|| convert_update_v1_to_v2(update).unwrap());
        match self {
            Replica::Ours { doc, .. } => {
                let mut transaction = doc.transact();
                let applied = match &in_v2 {
                    Some(update) => transaction.apply_update_v2(update),
                    None => transaction.apply_update(update),
                };
                applied.expect("what Yjs and we write is read");
                let cleaned = transaction.commit().clean_up().and_then(|commit| commit.update_v1());
                doc.assert_invariants();
                cleaned.into_iter().collect()
            }
            Replica::Yjs { number, .. } => {
                let format = if in_v2.is_some() { 2 } else { 1 };
                let update = STANDARD.encode(in_v2.as_deref().unwrap_or(update));
                let request = json!({"do": "apply", "doc": number, "update": update, "format": format});
                authored(&oracle.ask(request))
            }
        }
    }

    fn edit(&mut self, oracle: &mut Oracle, random: &mut Random, how: How) -> Vec<Vec<u8>> {
        match self {
            Replica::Ours { doc, .. } => {
                let update = edits::edit(doc, random, how);
                doc.assert_invariants();
                update.into_iter().collect()
            }
            Replica::Yjs { number, .. } => {
                let seed = random.below(u32::MAX);
                let how = json!({"splits": how.splits, "narrow": how.narrow});
                authored(&oracle.ask(json!({"do": "edit", "doc": number, "seed": seed, "how": how})))
            }
        }
    }

    /// What a replica with this encoded state vector lacks, written in either format.
    fn encode(&mut self, oracle: &mut Oracle, vector: &[u8]) -> Vec<u8> {
        let in_v2 = travels_in_v2(vector);
        let update = match self {
            Replica::Ours { doc, .. } => {
                let known = decode_state_vector(vector).unwrap();
                if in_v2 { doc.encode_state_as_update_v2(&known) } else { doc.encode_state_as_update(&known) }
            }
            Replica::Yjs { number, .. } => {
                let format = if in_v2 { 2 } else { 1 };
                let vector = STANDARD.encode(vector);
                bytes(&oracle.ask(json!({"do": "encode", "doc": number, "vector": vector, "format": format}))["update"])
            }
        };
        if in_v2 { convert_update_v2_to_v1(&update).unwrap() } else { update }
    }

    fn state(&mut self, oracle: &mut Oracle) -> State {
        match self {
            Replica::Ours { doc, .. } => State::of(doc),
            Replica::Yjs { number, .. } => State::from(&oracle.ask(json!({"do": "state", "doc": number}))),
        }
    }

    fn gc(&self) -> bool {
        let (Replica::Ours { gc, .. } | Replica::Yjs { gc, .. }) = self;
        *gc
    }

    fn name(&self) -> &'static str {
        if matches!(self, Replica::Ours { .. }) { "ours" } else { "Yjs" }
    }
}

/// Replicas, and all that was written on any of them.
struct Program<'o> {
    oracle: &'o mut Oracle,
    replicas: Vec<Replica>,
    updates: Vec<Vec<u8>>,
    /// Which updates each replica has.
    has: Vec<BTreeSet<usize>>,
    how: How,
    /// Whether a replica got a part of another one's state, instead of updates as they were written.
    has_synchronised: bool,
}

impl<'o> Program<'o> {
    fn begin(oracle: &'o mut Oracle, random: &mut Random, how: How) -> Program<'o> {
        oracle.ask(json!({"do": "reset"}));
        let count = 2 + random.below(4);
        let mut replicas = Vec::new();
        for at in 0..count {
            let gc = !random.one_in(3);
            // Ids of all sizes, and in any order.
            let client = [1, 1 << 20, 1 << 31, 1 << 40][random.below(4) as usize]
                + u64::from(random.below(100)) * 8
                + u64::from(at);
            let is_ours = at == 0 || at > 1 && random.one_in(2);
            replicas.push(if is_ours {
                let mut options = Options::new(ClientId::new(client));
                options.gc = gc;
                let mut doc = Box::new(Doc::new(options));
                edits::roots(&mut doc);
                Replica::Ours { doc, gc }
            } else {
                let opened = oracle.ask(json!({"do": "open", "client": client, "gc": gc, "undoes": how.undoes}));
                Replica::Yjs { number: opened["doc"].as_u64().unwrap(), gc }
            });
        }
        let has = vec![BTreeSet::new(); replicas.len()];
        Program { oracle, replicas, updates: Vec::new(), has, how, has_synchronised: false }
    }

    fn note(&mut self, at: usize, authored: Vec<Vec<u8>>) {
        for update in authored {
            self.has[at].insert(self.updates.len());
            self.updates.push(update);
        }
    }

    fn edit(&mut self, random: &mut Random) {
        let at = random.below(self.replicas.len() as u32) as usize;
        let authored = self.replicas[at].edit(self.oracle, random, self.how);
        self.note(at, authored);
    }

    /// Hands a replica some of what it lacks, in any order, some of it twice, some merged.
    fn deliver(&mut self, at: usize, random: &mut Random, all: bool) {
        let lacks = (0..self.updates.len()).filter(|number| !self.has[at].contains(number));
        let mut numbers: Vec<usize> = lacks.filter(|_| all || !random.one_in(3)).collect();
        if let Some(again) = numbers.first().copied().filter(|_| random.one_in(2)) {
            numbers.push(again);
        }
        for place in (1..numbers.len()).rev() {
            numbers.swap(place, random.below(place as u32 + 1) as usize);
        }
        while !numbers.is_empty() {
            let count = if random.one_in(3) { 1 + random.below(5) as usize } else { 1 };
            let group: Vec<usize> = numbers.drain(..count.min(numbers.len())).collect();
            let parts: Vec<&[u8]> = group.iter().map(|number| self.updates[*number].as_slice()).collect();
            let update = merge_updates(&parts).unwrap();
            self.has[at].extend(group);
            let authored = self.replicas[at].apply(self.oracle, &update);
            self.note(at, authored);
        }
    }

    /// One replica gets from another what it lacks by its state vector, as in a handshake.
    fn synchronise(&mut self, random: &mut Random) {
        self.has_synchronised = true;
        let count = self.replicas.len() as u32;
        let to = random.below(count) as usize;
        let from = (to + 1 + random.below(count - 1) as usize) % self.replicas.len();
        let vector = self.replicas[to].state(self.oracle).vector;
        let update = self.replicas[from].encode(self.oracle, &vector);
        let added: Vec<usize> = self.has[from].difference(&self.has[to]).copied().collect();
        self.has[to].extend(added);
        let authored = self.replicas[to].apply(self.oracle, &update);
        self.note(to, authored);
    }

    /// Everything to everybody, until nobody authors anything because of it.
    fn exchange(&mut self, random: &mut Random) {
        while let Some(at) = self.has.iter().position(|has| has.len() < self.updates.len()) {
            self.deliver(at, random, true);
        }
    }

    fn check(&mut self, random: &mut Random) {
        let states: Vec<State> = self.replicas.iter_mut().map(|replica| replica.state(self.oracle)).collect();
        let yjs = self.replicas.iter().position(|replica| replica.name() == "Yjs").unwrap();
        let reference = &states[yjs];
        for (at, state) in states.iter().enumerate() {
            let what = format!("replica {at} ({}) and {yjs} (Yjs)", self.replicas[at].name());
            state.assert_shows(reference, self.how.splits, &what);
            assert_eq!(state.deletes, reference.deletes, "{what}: delete set");
            let (collects, reference_collects) = (self.replicas[at].gc(), self.replicas[yjs].gc());
            // A replica that collects nothing may still have got what another had collected.
            let is_comparable = collects == reference_collects && (collects || !self.has_synchronised);
            if is_comparable && !self.how.splits && !self.how.undoes {
                assert_eq!(same_structs(&state.update, &reference.update), Ok(()), "{what}: structs");
            }
        }
        self.check_copies(&states, reference, random);
        self.check_merged(reference, random);
    }

    /// What each replica encodes, loaded by the other engine.
    fn check_copies(&mut self, states: &[State], reference: &State, random: &mut Random) {
        for (at, state) in states.iter().enumerate() {
            let what = format!("a copy of replica {at} ({})", self.replicas[at].name());
            if self.replicas[at].name() == "Yjs" {
                copy_of_ours(&state.update, random, false).assert_shows(reference, self.how.splits, &what);
            } else {
                let request = json!({"do": "load", "update": STANDARD.encode(&state.update), "gc": random.one_in(2)});
                let loaded = self.oracle.ask(request);
                let copy = State::from(&loaded);
                copy.assert_shows(reference, self.how.splits, &what);
                // A fresh document takes redundant format marks for its own to delete; ours does the same.
                let cleaning = copy_of_ours(&state.update, random, true);
                assert_eq!(cleaning.deletes, copy.deletes, "{what}: delete set after clean-up");
                if authored(&loaded).is_empty() {
                    assert_eq!(copy.deletes, reference.deletes, "{what}: delete set");
                }
            }
        }
    }

    /// All updates merged into one, and some of them with what is merged or collected already: the same units as Yjs', and the
    /// same document.
    fn check_merged(&mut self, reference: &State, random: &mut Random) {
        let mut parts: Vec<&[u8]> = self.updates.iter().map(Vec::as_slice).collect();
        for place in (1..parts.len()).rev() {
            parts.swap(place, random.below(place as u32 + 1) as usize);
        }
        let theirs = self.oracle.merge(&parts);
        let merged = check_loaded(self.oracle, &parts, &theirs, random);
        let few: Vec<&[u8]> = parts.iter().copied().filter(|_| !random.one_in(4)).collect();
        let half = self.oracle.merge(&parts[..parts.len() / 2]);
        let with_known = [&few[..], &[&half, &reference.update], &few[..few.len().min(3)]].concat();
        for parts in [few, with_known] {
            let theirs = self.oracle.merge(&parts);
            check_loaded(self.oracle, &parts, &theirs, random);
        }
        let vector = state_vector_of_update(&merged).unwrap();
        let part = |(client, clock): (ClientId, u32)| (client, random.below(clock + 1));
        let some = encode_state_vector(&decode_state_vector(&vector).unwrap().iter().map(part).collect());
        let cut = json!({"do": "cut", "update": STANDARD.encode(&theirs), "vector": STANDARD.encode(&some)});
        let cut = self.oracle.ask(cut);
        assert_eq!(vector, bytes(&cut["vector"]), "state vector of all updates");
        assert_eq!(diff_update(&theirs, &some).unwrap(), bytes(&cut["update"]), "difference");
        assert_eq!(same_update(&diff_update(&merged, &some).unwrap(), &bytes(&cut["update"])), Ok(()), "difference");
        self.check_formats(&some, random);
        let copy = copy_of_ours(&merged, random, false);
        copy.assert_shows(reference, self.how.splits, "all updates merged");
        assert_eq!(copy.deletes, reference.deletes, "all updates merged: delete set");
    }
}

/// Merges updates as Yjs has, and has Yjs load both: the same structs and deletes, also of what has to wait.
fn check_loaded(oracle: &mut Oracle, parts: &[&[u8]], theirs: &[u8], random: &mut Random) -> Vec<u8> {
    let merged = merge_updates(parts).unwrap();
    assert_eq!(same_update(&merged, theirs), Ok(()), "merged updates");
    let gc = random.one_in(2);
    let mut load =
        |update: &[u8]| State::from(&oracle.ask(json!({"do": "load", "update": STANDARD.encode(update), "gc": gc})));
    let (ours, theirs) = (load(&merged), load(theirs));
    let what = "Yjs has loaded what we merged";
    assert_eq!((&ours.trees, &ours.vector), (&theirs.trees, &theirs.vector), "{what}");
    assert_eq!(
        (&ours.deletes, ours.is_waiting),
        (&theirs.deletes, theirs.is_waiting),
        "{what}: what is deleted, and waits"
    );
    assert_eq!(same_update(&ours.update, &theirs.update), Ok(()), "{what}: structs");
    merged
}

/// Whether two updates hold the same units and deletes, however they are cut into structs.
fn same_update(ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    same_structs(ours, theirs)?;
    let deletes = |update| Update::parse_v1(update).unwrap().deletes;
    if deletes(ours) == deletes(theirs) { Ok(()) } else { Err("deletes differ".into()) }
}

impl Program<'_> {
    /// All updates in v2, merged, cut, turned back and made unreadable: the same bytes as Yjs'.
    fn check_formats(&mut self, vector: &[u8], random: &mut Random) {
        let mut flags = Random(random.0);
        let what = Obfuscation { formatting: !flags.one_in(3), subdocs: !flags.one_in(3), yxml: !flags.one_in(3) };
        let updates: Vec<String> = self.updates.iter().map(|update| STANDARD.encode(update)).collect();
        let options = json!({"formatting": what.formatting, "subdocs": what.subdocs, "yxml": what.yxml});
        let request =
            json!({"do": "formats", "updates": updates, "vector": STANDARD.encode(vector), "options": options});
        let theirs = self.oracle.ask(request);
        let converted: Vec<_> = self.updates.iter().map(|update| convert_update_v1_to_v2(update).unwrap()).collect();
        for (ours, theirs) in converted.iter().zip(theirs["converted"].as_array().unwrap()) {
            assert_eq!(*ours, bytes(theirs), "an update in v2");
        }
        let merged = merge_updates_v2(&converted.iter().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
        let (their_merged, back) = (bytes(&theirs["merged"]), bytes(&theirs["back"]));
        assert_eq!(same_update(&convert_update_v2_to_v1(&merged).unwrap(), &back), Ok(()), "merged in v2");
        assert_eq!(convert_update_v2_to_v1(&their_merged).unwrap(), back, "merged in v2, back in v1");
        assert_eq!(diff_update_v2(&their_merged, vector).unwrap(), bytes(&theirs["cut"]), "difference in v2");
        let cut = convert_update_v2_to_v1(&diff_update_v2(&merged, vector).unwrap()).unwrap();
        let their_cut = convert_update_v2_to_v1(&bytes(&theirs["cut"])).unwrap();
        assert_eq!(same_update(&cut, &their_cut), Ok(()), "difference in v2");
        assert_eq!(state_vector_of_update_v2(&merged).unwrap(), bytes(&theirs["vector"]), "state vector of v2");
        assert_eq!(obfuscate_update(&back, what).unwrap(), bytes(&theirs["obfuscated"]), "obfuscated, {what:?}");
        assert_eq!(
            obfuscate_update_v2(&their_merged, what).unwrap(),
            bytes(&theirs["obfuscatedV2"]),
            "obfuscated in v2, {what:?}"
        );
    }
}

/// What a fresh document of ours makes of an update.
fn copy_of_ours(update: &[u8], random: &mut Random, cleans: bool) -> State {
    let mut options = Options::new(ClientId::from(2));
    options.gc = random.one_in(2);
    let mut doc = Doc::new(options);
    edits::roots(&mut doc);
    let mut transaction = doc.transact();
    transaction.apply_update(update).unwrap();
    let commit = transaction.commit();
    if cleans {
        commit.clean_up();
    }
    doc.assert_invariants();
    State::of(&mut doc)
}

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    let how = How { splits: seed % 8 == 7, narrow: seed.is_multiple_of(3), undoes: seed % 5 == 4 };
    let mut program = Program::begin(oracle, random, how);
    for _ in 0..3 {
        for _ in 0..4 + random.below(30) {
            if random.one_in(12) {
                program.synchronise(random);
            } else if random.one_in(4) {
                let at = random.below(program.replicas.len() as u32) as usize;
                program.deliver(at, random, false);
            } else {
                program.edit(random);
            }
        }
        program.exchange(random);
        program.check(random);
    }
}

#[test]
fn programs_on_replicas_of_both_engines_converge() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(60) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}
