//! Collecting in a room, under random programs of documents of ours and of real Yjs: all types, formats, embeds, undo, clients
//! that are offline and come back, readers that never answer, fresh ones. In the end all show the same, and the same as one
//! who joins a room that was told everything and keeps history.
//!
//! `MERGANSER_SEED` runs one seed, `MERGANSER_RUNS` so many. Without Node (see `yjs.rs`) all documents are ours.

mod edits;
mod notation;
mod oracle;
mod state;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edits::{How, edit_some, roots};
use merganser::archive::{HostLimits, MemoryStore, RowKey, RowKind, RowSizes, Store, open_row};
use merganser::sync::{ConnectionId, Durability, Effect, Limits, Message, Rights, Room, RoomConfig};
use merganser::undo::{UndoManager, UndoOptions};
use merganser::update::{Content, Update, decode_state_vector};
use merganser::{ClientId, Doc, IdSet, Options, Value};
use notation::{Random, bytes, runs};
use oracle::{Oracle, authored};
use serde_json::json;
use state::State;
use std::collections::VecDeque;

enum Engine {
    Ours { doc: Box<Doc>, roots: Vec<(&'static str, Value)>, undo: Option<Box<UndoManager>> },
    Yjs(u64),
}

struct Replica {
    engine: Engine,
    /// One that doesn't write and doesn't answer. One of ours: Yjs cleans formats up, and is the only one to know of it then.
    reads: bool,
    connection: Option<ConnectionId>,
    inbox: VecDeque<Vec<u8>>,
}

fn ours(client: u64, gc: bool, undoes: bool) -> Engine {
    let mut doc = Box::new(Doc::new(Options { gc, ..Options::new(ClientId::new(client)) }));
    let roots = roots(&mut doc);
    let scope: Vec<Value> = roots.iter().map(|(_, root)| root.clone()).collect();
    let options = UndoOptions { capture_timeout_ms: 0, ..UndoOptions::default() };
    let undo = undoes.then(|| Box::new(UndoManager::new(&mut doc, &scope, options).unwrap()));
    Engine::Ours { doc, roots, undo }
}

impl Engine {
    /// Applies an update; what it authors because of that.
    fn apply(&mut self, oracle: &mut Option<Oracle>, update: &[u8], reads: bool) -> Vec<Vec<u8>> {
        match self {
            Engine::Ours { doc, undo, .. } => {
                let mut transaction = doc.transact();
                transaction.apply_update(update).expect("what a server sends is read");
                let mut commit = transaction.commit();
                undo.iter_mut().for_each(|undo| drop(undo.track(&mut commit, 0)));
                let cleaned = if reads { None } else { commit.clean_up() };
                cleaned
                    .and_then(|mut commit| {
                        undo.iter_mut().for_each(|undo| drop(undo.track(&mut commit, 0)));
                        commit.update_v1()
                    })
                    .into_iter()
                    .collect()
            }
            Engine::Yjs(number) => {
                let update = STANDARD.encode(update);
                authored(&oracle.as_mut().unwrap().ask(json!({"do": "apply", "doc": number, "update": update})))
            }
        }
    }

    fn edit(&mut self, oracle: &mut Option<Oracle>, random: &mut Random, how: How) -> Vec<Vec<u8>> {
        match self {
            Engine::Ours { doc, roots, undo } => {
                let way = random.below(10);
                if let Some(undo) = undo.as_mut().filter(|_| way < 3) {
                    let popped = if way < 2 { undo.undo(doc) } else { undo.redo(doc) };
                    return popped.and_then(|popped| popped.commit.update_v1()).into_iter().collect();
                }
                let mut transaction = doc.transact();
                if let (Value::Text(text), 3 | 4) = (&roots[0].1, way) {
                    let len = text.len(&transaction);
                    // A place inside a pair is refused.
                    let _refused = match way {
                        3 => text.delete(&mut transaction, random.below(len / 2 + 1), len / 2),
                        _ => text.insert(&mut transaction, random.below(len + 1), &"a longer piece ".repeat(4)),
                    };
                } else {
                    edit_some(&mut transaction, roots, random, how);
                }
                let mut commit = transaction.commit();
                undo.iter_mut().for_each(|undo| drop(undo.track(&mut commit, 0)));
                commit.update_v1().into_iter().collect()
            }
            Engine::Yjs(number) => {
                let how = json!({"splits": how.splits, "narrow": how.narrow});
                let request = json!({"do": "edit", "doc": number, "seed": random.below(u32::MAX), "how": how});
                authored(&oracle.as_mut().unwrap().ask(request))
            }
        }
    }

    fn state(&mut self, oracle: &mut Option<Oracle>) -> State {
        match self {
            Engine::Ours { doc, .. } => State::of(doc),
            Engine::Yjs(number) => State::from(&oracle.as_mut().unwrap().ask(json!({"do": "state", "doc": number}))),
        }
    }

    /// What one with this state vector lacks.
    fn encode(&mut self, oracle: &mut Option<Oracle>, vector: &[u8]) -> Vec<u8> {
        match self {
            Engine::Ours { doc, .. } => doc.encode_state_as_update(&decode_state_vector(vector).unwrap()),
            Engine::Yjs(number) => {
                let request = json!({"do": "encode", "doc": number, "vector": STANDARD.encode(vector), "format": 1});
                bytes(&oracle.as_mut().unwrap().ask(request)["update"])
            }
        }
    }
}

/// A room with its store, which answers at once.
struct Server {
    config: RoomConfig,
    room: Room,
    store: MemoryStore,
    said: Vec<(ConnectionId, Vec<u8>)>,
    now_ms: u64,
    next_connection: ConnectionId,
}

impl Server {
    fn open(config: RoomConfig) -> Server {
        let store = MemoryStore::with_limits(config.host);
        let room = Room::open(config, 7);
        let mut server = Server { config, room, store, said: Vec::new(), now_ms: 0, next_connection: 1 };
        server.carry_out();
        server
    }

    /// Ends and begins again with what is stored. All connections are gone.
    fn reopen(&mut self) {
        self.room.flush(self.now_ms);
        self.carry_out();
        self.room = Room::open(self.config, 8);
        self.said.clear();
        self.carry_out();
    }

    fn connect(&mut self, rights: Rights) -> ConnectionId {
        self.next_connection += 1;
        self.room.connect(self.next_connection, rights, self.now_ms);
        self.carry_out();
        self.next_connection
    }

    fn receive(&mut self, connection: ConnectionId, message: Message<'_>) {
        self.room.receive(connection, message.encode(), self.now_ms);
        self.carry_out();
    }

    fn pass_time(&mut self, ms: u64) {
        self.now_ms += ms;
        self.room.tick(self.now_ms);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        loop {
            let mut calls_now = false;
            while let Some(effect) = self.room.next_effect() {
                match effect {
                    Effect::Read { token, keys } => self.room.rows(token, self.store.read(keys), self.now_ms),
                    Effect::Write { token, rows } => {
                        let outcome = self.store.write(&rows);
                        assert!(outcome.is_ok(), "{outcome:?}");
                        self.room.written(token, outcome, self.now_ms);
                    }
                    Effect::Send { to, message, .. } => {
                        self.said.extend(to.into_iter().map(|to| (to, message.to_vec())))
                    }
                    Effect::CallAt { at_ms } => calls_now = at_ms.is_some_and(|at| at <= self.now_ms),
                    Effect::Close { code, reason, .. } => panic!("closed with {code}: {reason}"),
                    _ => {}
                }
            }
            self.room.assert_invariants();
            assert_eq!(self.room.damage(), []);
            if !calls_now {
                return;
            }
            self.room.tick(self.now_ms);
        }
    }

    /// All bytes of updates that are stored, and the units in structs of a kind.
    fn stored(&mut self, kind: Content) -> (usize, IdSet) {
        let pages = RowKey::new(RowKind::BasePage, 0)..=RowKey::new(RowKind::BasePage, u32::MAX);
        let (mut size, mut units) = (0, IdSet::default());
        for (key, row) in self.store.read(pages).unwrap() {
            let body = open_row(key, &row).unwrap().body;
            size += body.len();
            for of in Update::parse_v1(body).unwrap().structs.iter().filter(|of| of.content == kind) {
                units.insert(of.id.client, of.id.clock..of.end());
            }
        }
        (size, units)
    }

    /// What one who joins now is given: a document of ours.
    fn joiner(&mut self) -> State {
        let connection = self.connect(Rights::Read);
        self.receive(connection, Message::Step1(&[0]));
        let mut engine = ours(1 << 50, false, false);
        for (_, message) in self.said.extract_if(.., |(to, _)| *to == connection) {
            if let Ok(Message::Update(update) | Message::Step2(update)) = Message::decode(&message) {
                assert_eq!(engine.apply(&mut None, update, true), [[0; 0]; 0]);
            }
        }
        self.room.disconnect(connection, self.now_ms);
        self.carry_out();
        engine.state(&mut None)
    }
}

struct Program {
    oracle: Option<Oracle>,
    collecting: Server,
    /// Keeps history, and is told everything when it is written.
    control: Server,
    feed: ConnectionId,
    replicas: Vec<Replica>,
    how: How,
    next_client: u64,
    /// Units of which some client has sent a GC struct.
    gc: IdSet,
}

fn config(random: &mut Random) -> RoomConfig {
    let sizes = match random.below(3) {
        0 => RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 },
        1 => RowSizes { slot: 200, fold: 900, grow_below: 600, page: 900, overlay: 150, slice: 60 },
        _ => RowSizes { slot: 100, fold: 200, grow_below: 1_500, page: 2_000, overlay: 300, slice: 100 },
    };
    let host = HostLimits {
        row_bytes: [1 << 10, 1_900_000][random.below(2) as usize],
        batch_rows: [4, 1_000][random.below(2) as usize],
    };
    let limits = Limits { turn_units: [1, 30, 5_000][random.below(3) as usize], ..Limits::default() };
    let window = Durability::Window { ms: 20_000 };
    let durability = if random.one_in(3) { window } else { Durability::BeforeBroadcast };
    RoomConfig { durability, limits, host, sizes, ..RoomConfig::default() }
}

impl Program {
    fn begin(oracle: Option<Oracle>, random: &mut Random, how: How) -> Program {
        let config = config(random);
        let mut control = Server::open(RoomConfig { keeps_history: true, ..config });
        let feed = control.connect(Rights::Write);
        let collecting = Server::open(config);
        let mut program = Program {
            oracle,
            collecting,
            control,
            feed,
            replicas: Vec::new(),
            how,
            next_client: 0,
            gc: IdSet::default(),
        };
        if let Some(oracle) = &mut program.oracle {
            oracle.ask(json!({"do": "reset"}));
        }
        for _ in 0..2 + random.below(3) {
            program.add(random);
        }
        program
    }

    fn add(&mut self, random: &mut Random) {
        self.next_client += 1;
        let client = [1, 1 << 20, 1 << 31, 1 << 40][random.below(4) as usize] + u64::from(random.below(100)) * 64;
        let client = client + self.next_client;
        let (gc, undoes, reads) = (!random.one_in(3), self.how.undoes && random.one_in(2), random.one_in(5));
        let engine = match &mut self.oracle {
            Some(oracle) if !reads && random.one_in(2) => {
                let opened = oracle.ask(json!({"do": "open", "client": client, "gc": gc, "undoes": undoes}));
                Engine::Yjs(opened["doc"].as_u64().unwrap())
            }
            _ => ours(client, gc, undoes),
        };
        self.replicas.push(Replica { engine, reads, connection: None, inbox: VecDeque::new() });
    }

    /// What a replica has authored goes to both rooms; to the collecting one if it is connected.
    fn tell(&mut self, at: usize, authored: Vec<Vec<u8>>) {
        for update in authored {
            let parsed = Update::parse_v1(&update).unwrap();
            let gc = parsed.structs.iter().filter(|of| of.content == Content::Gc);
            gc.for_each(|of| self.gc.insert(of.id.client, of.id.clock..of.end()));
            self.control.receive(self.feed, Message::Update(&update));
            self.control.said.clear();
            if let Some(connection) = self.replicas[at].connection {
                self.collecting.receive(connection, Message::Update(&update));
            }
        }
        self.collect_said();
    }

    fn collect_said(&mut self) {
        for (to, message) in self.collecting.said.drain(..) {
            if let Some(replica) = self.replicas.iter_mut().find(|of| of.connection == Some(to)) {
                replica.inbox.push_back(message);
            }
        }
    }

    fn connect(&mut self, at: usize) {
        let replica = &mut self.replicas[at];
        let vector = replica.engine.state(&mut self.oracle).vector;
        let rights = if replica.reads { Rights::Read } else { Rights::Write };
        let connection = self.collecting.connect(rights);
        replica.connection = Some(connection);
        self.collecting.receive(connection, Message::Step1(&vector));
        self.collect_said();
    }

    fn disconnect(&mut self, at: usize) {
        self.replicas[at].inbox.clear();
        if let Some(connection) = self.replicas[at].connection.take() {
            self.collecting.room.disconnect(connection, self.collecting.now_ms);
            self.collecting.carry_out();
            self.collect_said();
        }
    }

    /// A replica hears the next message; `false` if there is none.
    fn hear(&mut self, at: usize) -> bool {
        let replica = &mut self.replicas[at];
        let Some(message) = replica.inbox.pop_front() else { return false };
        let connection = replica.connection.unwrap();
        match Message::decode(&message).unwrap() {
            Message::Step1(vector) if !replica.reads => {
                let answer = replica.engine.encode(&mut self.oracle, vector);
                let parsed = Update::parse_v1(&answer).unwrap();
                let gc = parsed.structs.iter().filter(|of| of.content == Content::Gc);
                gc.for_each(|of| self.gc.insert(of.id.client, of.id.clock..of.end()));
                self.collecting.receive(connection, Message::Step2(&answer));
                self.collect_said();
            }
            Message::Update(update) | Message::Step2(update) => {
                let authored = replica.engine.apply(&mut self.oracle, update, replica.reads);
                self.tell(at, authored);
            }
            Message::QueryAwareness => self.collecting.receive(connection, Message::Awareness(&[0])),
            _ => {}
        }
        true
    }

    fn step(&mut self, random: &mut Random) {
        let at = random.below(self.replicas.len() as u32) as usize;
        let is_connected = self.replicas[at].connection.is_some();
        match random.below(20) {
            0..8 if !self.replicas[at].reads => {
                let authored = self.replicas[at].engine.edit(&mut self.oracle, random, self.how);
                self.tell(at, authored);
            }
            8..11 if !is_connected => self.connect(at),
            11 if is_connected && random.one_in(2) => self.disconnect(at),
            12 => {
                self.collecting.pass_time([500, 6_000, 21_000][random.below(3) as usize]);
                self.collect_said();
            }
            13 if random.one_in(4) => {
                self.collecting.reopen();
                self.replicas.iter_mut().for_each(|replica| {
                    replica.connection = None;
                    replica.inbox.clear();
                });
            }
            14 if random.one_in(8) && self.replicas.len() < 8 => self.add(random),
            _ => while self.hear(at) && !random.one_in(6) {},
        }
    }

    /// Everybody connects and hears everything.
    fn exchange(&mut self) {
        for at in 0..self.replicas.len() {
            if self.replicas[at].connection.is_none() {
                self.connect(at);
            }
        }
        for _ in 0..4 {
            while (0..self.replicas.len()).any(|at| self.hear(at)) {}
            self.collecting.pass_time(6_000);
            self.collect_said();
        }
    }

    fn check(&mut self, what: &str) -> usize {
        self.collecting.room.flush(self.collecting.now_ms);
        self.collecting.carry_out();
        let control = self.control.joiner();
        let joiner = self.collecting.joiner();
        joiner.assert_shows(
            &control,
            false,
            &format!("{what}: one who joins, and one who joins a room that keeps history"),
        );
        assert_eq!(joiner.deletes, control.deletes, "{what}: delete set of who joins");
        for at in 0..self.replicas.len() {
            let state = self.replicas[at].engine.state(&mut self.oracle);
            let what = format!("{what}: replica {at} (reads: {})", self.replicas[at].reads);
            state.assert_shows(&control, false, &what);
            assert_eq!(state.deletes, control.deletes, "{what}: delete set");
        }
        let (_, made) = self.collecting.stored(Content::Gc);
        assert!(made.difference(&self.gc).is_empty(), "{what}: the server made GC structs");
        let (size, collected) = self.collecting.stored(Content::Deleted);
        let (whole, _) = self.control.stored(Content::Deleted);
        let pages = self.collecting.room.meters().pages_collected;
        println!("{size} bytes instead of {whole}, {pages} pages written anew");
        collected.iter().map(|(_, range)| range.len()).sum()
    }
}

#[test]
fn all_show_what_a_room_shows_that_keeps_history() {
    let mut oracle = Oracle::start();
    let mut collected = 0;
    for seed in runs(20) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let how = How { splits: false, narrow: seed.is_multiple_of(3), undoes: seed.is_multiple_of(2) };
        let mut program = Program::begin(oracle.take(), random, how);
        for round in 0..2 {
            for _ in 0..60 + random.below(200) {
                program.step(random);
            }
            program.exchange();
            collected += program.check(&format!("seed {seed}, round {round}"));
        }
        oracle = program.oracle;
    }
    assert!(std::env::var_os("MERGANSER_SEED").is_some() || collected > 1_000, "{collected} units were collected");
    println!("{collected} units collected");
}

#[test]
fn history_that_was_once_kept_stays() {
    let sizes = RowSizes { slot: 60, fold: 100, ..RowSizes::default() };
    for keeps_history in [false, true] {
        let mut server = Server::open(RoomConfig { sizes, keeps_history, ..RoomConfig::default() });
        let mut doc = Doc::new(Options::new(ClientId::from(5)));
        let text = doc.text("t");
        for round in 0..10 {
            let connection = server.connect(Rights::Write);
            let mut transaction = doc.transact();
            text.insert(&mut transaction, 0, &"words ".repeat(10)).unwrap();
            let update = transaction.commit().update_v1().unwrap();
            server.receive(connection, Message::Update(&update));
            let mut transaction = doc.transact();
            text.delete(&mut transaction, 0, 60).unwrap();
            let update = transaction.commit().update_v1().unwrap();
            server.receive(connection, Message::Update(&update));
            if round == 2 {
                // It comes to a host that was not told.
                server.config.keeps_history = false;
                server.reopen();
            }
        }
        let (_, collected) = server.stored(Content::Deleted);
        assert_eq!(collected.is_empty(), keeps_history);
    }
}

#[test]
fn old_pages_lose_what_is_deleted_of_them() {
    let sizes = RowSizes { slot: 200, fold: 900, grow_below: 600, page: 900, overlay: 150, slice: 60 };
    let mut server = Server::open(RoomConfig { sizes, ..RoomConfig::default() });
    let mut doc = Doc::new(Options { gc: false, ..Options::new(ClientId::from(5)) });
    let text = doc.text("t");
    let mut connection = server.connect(Rights::Write);
    let mut edit = |server: &mut Server, connection, client, at, deleted, inserted: &str| {
        doc.set_client_id(ClientId::from(client));
        let mut transaction = doc.transact();
        text.delete(&mut transaction, at, deleted).unwrap();
        text.insert(&mut transaction, at, inserted).unwrap();
        let update = transaction.commit().update_v1().unwrap();
        server.receive(connection, Message::Update(&update));
    };
    for client in 100..180 {
        edit(&mut server, connection, client, 0, 0, &format!("written by client {client} ").repeat(8));
    }
    let (before, _) = server.stored(Content::Deleted);
    // What is known of it lies in rows that are not read yet.
    server.reopen();
    connection = server.connect(Rights::Write);
    for client in 300..340 {
        edit(&mut server, connection, client, 0, 320, &"new ".repeat(40));
    }
    assert!(server.room.meters().pages_collected > 5, "{:?}", server.room.meters());
    let (after, collected) = server.stored(Content::Deleted);
    assert!(after < before * 3 / 4 && collected.range_count() > 20, "{before} bytes, then {after}");
    let joiner = server.joiner();
    assert_eq!(joiner.text, json!(text.to_string(&doc)));
    assert_eq!((joiner.vector, joiner.is_waiting), (doc.encode_state_vector(), false));
}
