//! Targets for rooms: whatever clients send, what was shown is stored; whatever is stored, a room can be opened.

use super::Script;
use super::rows::key;
use merganser::archive::{HostLimits, MemoryStore, RowSizes, Store, seal_row};
use merganser::ot::{Form, ServerMessage, form_of};
use merganser::sync::{ConnectionId, Durability, Effect, Limits, Message, Rights, Room, RoomConfig};
use merganser::{ClientId, Doc, Options};
use std::collections::{BTreeMap, BTreeSet};

/// A host with a store in memory and clients that only listen.
struct Host {
    room: Room,
    config: RoomConfig,
    store: MemoryStore,
    attachments: BTreeMap<ConnectionId, Vec<u8>>,
    connected: BTreeSet<ConnectionId>,
    /// Those that have left, whose last messages the room may still be taking in.
    gone: BTreeSet<ConnectionId>,
    call_at_ms: Option<u64>,
    /// Those that follow by revisions.
    without_engine: BTreeSet<ConnectionId>,
    /// All that anybody was shown.
    shown: Doc,
    now_ms: u64,
    /// The last write failed: edits of those who left since are in memory only.
    is_failing: bool,
}

impl Host {
    fn open(config: RoomConfig, store: MemoryStore) -> Host {
        let mut host = Host {
            room: Room::open(config, 77),
            config,
            store,
            attachments: BTreeMap::new(),
            connected: BTreeSet::new(),
            gone: BTreeSet::new(),
            call_at_ms: None,
            without_engine: BTreeSet::new(),
            shown: Doc::new(Options::new(ClientId::from(1))),
            now_ms: 1,
            is_failing: false,
        };
        host.carry_out();
        host
    }

    fn carry_out(&mut self) {
        let mut left = 20_000;
        while let Some(effect) = self.room.next_effect() {
            left -= 1;
            assert!(left > 0, "the room never comes to rest");
            match effect {
                Effect::Read { token, keys } => {
                    let rows = self.store.read(keys);
                    self.room.rows(token, rows, self.now_ms);
                }
                Effect::Write { token, rows } => {
                    let outcome = self.store.write(&rows);
                    self.is_failing = outcome.is_err();
                    self.room.written(token, outcome, self.now_ms);
                }
                Effect::Send { to, message, is_text } => {
                    let is_there = |to| self.connected.contains(to) || self.gone.contains(to);
                    assert!(to.iter().all(is_there), "nobody is sent to who is not there");
                    if is_text || to.iter().any(|to| self.without_engine.contains(to)) {
                        let told = ServerMessage::decode(&message).expect("what a room sends is a message");
                        assert_eq!(form_of(&message) == Form::Json, is_text, "{told:?}");
                    } else if let Message::Step2(update) | Message::Update(update) = Message::decode(&message).unwrap()
                    {
                        self.shown.apply_update(update).expect("what a room sends is an update");
                    }
                }
                Effect::Attach { connection, bytes } => {
                    assert!(bytes.len() <= 16_000);
                    self.attachments.insert(connection, bytes);
                }
                Effect::Close { connection, .. } => {
                    self.connected.remove(&connection);
                    self.attachments.remove(&connection);
                }
                Effect::CallAt { at_ms } => self.call_at_ms = at_ms,
                Effect::WakeAt { .. } | Effect::Respond { .. } => {}
            }
        }
    }

    fn connect(&mut self, connection: ConnectionId, rights: Rights) {
        self.connected.insert(connection);
        self.room.connect(connection, rights, self.now_ms);
        self.carry_out();
    }

    /// A client without an engine.
    fn connect_ot(&mut self, connection: ConnectionId, rights: Rights) {
        self.connected.insert(connection);
        self.without_engine.insert(connection);
        self.room.connect_ot(connection, rights, self.now_ms);
        self.carry_out();
    }

    fn receive(&mut self, connection: ConnectionId, message: &[u8]) {
        self.room.receive(connection, message, self.now_ms);
        self.carry_out();
    }

    fn later(&mut self, ms: u64) {
        self.now_ms += ms;
        self.room.tick(self.now_ms);
        self.carry_out();
        self.take_turns(usize::MAX);
    }

    /// The room goes on with what was too much for a turn, for so many turns or until nothing is left.
    fn take_turns(&mut self, most: usize) {
        let mut turns = 0;
        while turns < most && self.call_at_ms.take_if(|at| *at <= self.now_ms).is_some() {
            turns += 1;
            assert!(turns < 20_000, "the room never comes to rest");
            self.room.tick(self.now_ms);
            self.carry_out();
        }
    }

    /// The room is put out of memory without a word and opened again from its rows, but not while its store is broken.
    fn reopen(&mut self) {
        if self.is_failing {
            self.store.fail_writes(0);
            self.later(60_000);
        }
        self.room = Room::open(self.config, 78);
        self.call_at_ms = None;
        for (connection, attachment) in &self.attachments {
            self.room.resume(*connection, attachment, self.now_ms);
        }
        self.connected.retain(|connection| self.attachments.contains_key(connection));
        self.carry_out();
    }
}

/// A client that comes later gets all that was shown before.
fn assert_nothing_is_lost(mut host: Host) {
    let shown = std::mem::replace(&mut host.shown, Doc::new(Options::new(ClientId::from(1))));
    host.reopen();
    host.later(60_000);
    let late = 1_000_000;
    host.connect(late, Rights::Read);
    host.receive(late, &Message::Step1(&[0]).encode());
    for _ in 0..4 {
        host.later(10_000);
    }
    assert!(host.room.damage().is_empty(), "{:?}", host.room.damage());
    for (client, clock) in shown.state_vector().iter() {
        assert!(host.shown.state_vector().clock(client) >= clock, "structs of {client} are lost");
    }
    assert!(shown.delete_set().difference(&host.shown.delete_set()).is_empty(), "deletes are lost");
}

fn small_config(script: &mut Script<'_>) -> RoomConfig {
    let kind = script.below(4);
    let durability = match kind % 2 {
        0 => Durability::BeforeBroadcast,
        _ => Durability::Window { ms: 1_000 },
    };
    let broadcast_pause_ms = if kind < 2 { 0 } else { 100 };
    let sizes = RowSizes { slot: 64, fold: 512, grow_below: 256, page: 512, overlay: 48, slice: 32 };
    let host = HostLimits { row_bytes: 16 << 10, ..HostLimits::default() };
    let turn_units = [1, 20, 5_000][script.below(3) as usize];
    let limits = Limits { turn_units, ..Limits::default() };
    RoomConfig { durability, host, sizes, limits, broadcast_pause_ms, ..RoomConfig::default() }
}

/// Clients come, send anything, go; writes fail, the room is forgotten and opened again.
pub fn room(input: &[u8]) {
    let mut script = Script(input);
    let config = small_config(&mut script);
    let mut host = Host::open(config, MemoryStore::with_limits(config.host));
    let mut next_connection = 0;
    for _ in 0..64 {
        let Some(step) = script.byte() else { break };
        let connection = u64::from(step / 16) % next_connection.max(1);
        match step % 16 {
            0 | 1 => {
                let rights = if step >= 224 { Rights::Read } else { Rights::Write };
                match step {
                    128..192 => host.connect_ot(next_connection, rights),
                    _ => host.connect(next_connection, rights),
                }
                next_connection += 1;
            }
            2 => {
                host.connected.remove(&connection);
                host.gone.insert(connection);
                host.attachments.remove(&connection);
                host.room.disconnect(connection, host.now_ms);
                host.carry_out();
            }
            3 => host.later(u64::from(step) * 100),
            4 => host.store.fail_writes(u32::from(step / 64)),
            5 => host.reopen(),
            6 | 7 => host.receive(connection, script.piece().unwrap_or_default()),
            8 | 9 => {
                let update = script.piece().unwrap_or_default();
                host.receive(connection, &Message::Step2(update).encode());
            }
            10 => host.receive(connection, &Message::Step1(script.piece().unwrap_or_default()).encode()),
            11 => host.receive(connection, &Message::Awareness(script.piece().unwrap_or_default()).encode()),
            _ => {
                let update = script.piece().unwrap_or_default();
                host.receive(connection, &Message::Update(update).encode());
            }
        }
        host.take_turns(usize::from(step) % 5);
    }
    host.store.fail_writes(0);
    assert_nothing_is_lost(host);
}

/// Rows whose hashes are right and whose bodies are anything: the room opens, or says what is wrong.
pub fn stored(input: &[u8]) {
    let mut script = Script(input);
    let config = small_config(&mut script);
    let mut store = MemoryStore::with_limits(config.host);
    for _ in 0..script.below(20) {
        let key = key(&mut script);
        let (stamp, sequence) = (u64::from(script.below(2)), u64::from(script.below(40)));
        let body = script.piece().unwrap_or_default();
        store.rows_mut().insert(key, seal_row(key, stamp, sequence, body.len(), |out| out.extend_from_slice(body)));
    }
    let mut host = Host::open(config, store);
    host.connect(1, Rights::Write);
    host.receive(1, &Message::Step1(script.piece().unwrap_or(&[0])).encode());
    host.later(10_000);
    for update in script.pieces() {
        host.receive(1, &Message::Update(update).encode());
    }
    host.later(60_000);
    host.connect(2, Rights::Read);
    host.receive(2, &Message::Step1(&[0]).encode());
    host.later(10_000);
}
