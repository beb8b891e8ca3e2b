//! A host without sense of its own: it carries out a room's effects in order, against a store that may be slow
//! and may fail.

use super::follower::content_of;
use super::stored::Stored;
use merganser::archive::{MemoryStore, RowKey, RowKind, RowWrite, Store, StoreError};
use merganser::ot::{Delta, Subject};
use merganser::sync::{ConnectionId, Effect, ReadToken, Request, Rights, Room, RoomConfig, WriteToken};
use std::collections::{BTreeMap, VecDeque};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// What a client hears.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Heard {
    Message(Arc<[u8]>),
    Close(u16),
    /// The answer to a request.
    Answer(u16, Arc<[u8]>),
}

/// How a write ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    Succeeds,
    /// It fails and changes nothing.
    Fails,
    /// It is carried out, and reported as failed.
    FailsAfterwards,
}

#[derive(Debug)]
enum Answer {
    Rows(ReadToken, Result<Vec<(RowKey, Vec<u8>)>, StoreError>),
    Written(WriteToken, Result<(), StoreError>),
}

#[derive(Debug)]
pub struct Host {
    pub room: Room,
    pub config: RoomConfig,
    pub store: MemoryStore,
    /// What was said to whom since it was last taken.
    pub said: VecDeque<(ConnectionId, Heard)>,
    pub attachments: BTreeMap<ConnectionId, Vec<u8>>,
    pub call_at_ms: Option<u64>,
    pub wake_at_ms: Option<u64>,
    pub now_ms: u64,
    /// Whether the room is checked after each call, which is slow where much waits.
    pub checks_invariants: bool,
    /// The content of the text after each write, by sequence number, read from the rows; if that is wanted.
    pub versions: Option<BTreeMap<u64, Delta>>,
    /// Every row that was written, in order; if that is wanted.
    pub history: Option<Vec<RowWrite>>,
    reads: Vec<(ReadToken, RangeInclusive<RowKey>)>,
    writes: VecDeque<(WriteToken, Vec<RowWrite>)>,
    answers: VecDeque<Answer>,
}

const STAMP: u64 = 0x5eed;

/// Whether the rows before this one have a part of a manifest of which the rest comes behind them.
pub fn is_divided(rows: &[RowWrite], at: usize) -> bool {
    matches!(rows.get(at), Some(RowWrite::Put(key, _)) if key.kind == RowKind::Manifest && key.number > 0)
}

impl Host {
    /// A host with an open, empty document.
    pub fn new(config: RoomConfig) -> Host {
        let mut host = Host::reading(config, MemoryStore::with_limits(config.host));
        host.run_store();
        host
    }

    /// A host whose room has just asked for its rows.
    pub fn reading(config: RoomConfig, store: MemoryStore) -> Host {
        let mut host = Host {
            room: Room::open(config, STAMP),
            config,
            store,
            said: VecDeque::new(),
            attachments: BTreeMap::new(),
            call_at_ms: None,
            wake_at_ms: None,
            now_ms: 1_000,
            checks_invariants: true,
            versions: None,
            history: None,
            reads: Vec::new(),
            writes: VecDeque::new(),
            answers: VecDeque::new(),
        };
        host.carry_out();
        host
    }

    /// Drops the room and all that was not carried out, and opens it again from the store.
    pub fn crash(&mut self) {
        self.room = Room::open(self.config, STAMP + 1);
        self.reads.clear();
        self.writes.clear();
        self.answers.clear();
        self.attachments.clear();
        self.call_at_ms = None;
        self.wake_at_ms = None;
        self.carry_out();
    }

    /// Drops the room and resumes all connections from what is attached to them.
    pub fn hibernate(&mut self) {
        assert!(self.rests(), "a host does not hibernate while its store or its room works");
        self.room = Room::open(self.config, STAMP + 1);
        self.call_at_ms = None;
        for (connection, attachment) in self.attachments.clone() {
            self.room.resume(connection, &attachment, self.now_ms);
        }
        self.carry_out();
    }

    pub fn connect(&mut self, connection: ConnectionId, rights: Rights) {
        self.room.connect(connection, rights, self.now_ms);
        self.carry_out();
    }

    /// A client without an engine has connected.
    pub fn connect_ot(&mut self, connection: ConnectionId, rights: Rights) {
        self.room.connect_ot(connection, rights, self.now_ms);
        self.carry_out();
    }

    /// A request over HTTP.
    pub fn request(&mut self, connection: ConnectionId, rights: Rights, subject: Subject, request: Request<'_>) {
        self.room.request(connection, rights, subject, request, self.now_ms);
        self.carry_out();
    }

    pub fn receive(&mut self, connection: ConnectionId, message: &[u8]) {
        self.room.receive(connection, message, self.now_ms);
        self.carry_out();
    }

    pub fn disconnect(&mut self, connection: ConnectionId) {
        self.attachments.remove(&connection);
        self.room.disconnect(connection, self.now_ms);
        self.carry_out();
    }

    pub fn flush(&mut self) {
        self.room.flush(self.now_ms);
        self.carry_out();
    }

    pub fn shut_down(&mut self) {
        self.room.shut_down(self.now_ms);
        self.carry_out();
    }

    /// Calls the room, whether it asked for that or not.
    pub fn tick(&mut self) {
        self.room.tick(self.now_ms);
        self.carry_out();
    }

    /// Time goes on; the room is called if it asked for that.
    pub fn pass_time(&mut self, ms: u64) {
        self.now_ms += ms;
        let is_past = |at: &mut u64| *at <= self.now_ms;
        let is_called = self.call_at_ms.take_if(is_past).is_some();
        if self.wake_at_ms.take_if(is_past).is_some() || is_called {
            self.room.tick(self.now_ms);
            self.carry_out();
        }
    }

    /// The room goes on with what was too much for its last turn; `false` if there is nothing.
    pub fn take_turn(&mut self) -> bool {
        let goes_on = self.goes_on();
        if goes_on {
            self.call_at_ms = None;
            self.room.tick(self.now_ms);
            self.carry_out();
        }
        goes_on
    }

    /// Forgets when the room asked to be called, as a host that is cut off.
    pub fn forget_calls(&mut self) {
        self.call_at_ms = None;
    }

    /// Whether a host may hibernate.
    pub fn rests(&self) -> bool {
        !self.store_is_busy() && !self.goes_on()
    }

    /// Whether the room has asked for another turn.
    fn goes_on(&self) -> bool {
        self.call_at_ms.is_some_and(|at| at <= self.now_ms)
    }

    /// Whether something was asked of the store and not answered.
    pub fn store_is_busy(&self) -> bool {
        !self.reads.is_empty() || !self.writes.is_empty() || !self.answers.is_empty()
    }

    pub fn pending_reads(&self) -> usize {
        self.reads.len()
    }

    pub fn pending_writes(&self) -> usize {
        self.writes.len()
    }

    /// Whether the write that was asked for first has base pages in it.
    pub fn writes_pages(&self) -> bool {
        self.writes_kind(RowKind::BasePage)
    }

    /// Whether the write that was asked for first has the manifest in it.
    pub fn writes_manifest(&self) -> bool {
        self.writes_kind(RowKind::Manifest)
    }

    fn writes_kind(&self, kind: RowKind) -> bool {
        let is_kind = |row: &RowWrite| matches!(row, RowWrite::Put(key, _) if key.kind == kind);
        self.writes.front().is_some_and(|(_, rows)| rows.iter().any(is_kind))
    }

    pub fn pending_answers(&self) -> usize {
        self.answers.len()
    }

    /// The store carries out the read of this number (among those that wait).
    pub fn read(&mut self, index: usize) {
        let (token, keys) = self.reads.remove(index);
        let rows = self.store.read(keys);
        self.answers.push_back(Answer::Rows(token, rows));
    }

    /// A read ends in an error.
    pub fn fail_read(&mut self, index: usize) {
        let (token, _) = self.reads.remove(index);
        self.answers.push_back(Answer::Rows(token, Err(StoreError::Failed("as ordered".into()))));
    }

    /// The store carries out the write that was asked for first.
    pub fn write(&mut self, fate: Fate) {
        let Some((token, rows)) = self.writes.pop_front() else { return };
        if fate != Fate::Fails {
            self.store.write(&rows).expect("rows and batches keep to the host's limits");
            self.history.iter_mut().for_each(|history| history.extend_from_slice(&rows));
            if let Some(versions) = &mut self.versions
                && let Some(mut stored) = Stored::read(&mut self.store)
            {
                let content = content_of(&mut stored.doc, "t");
                versions.insert(stored.sequence, content);
            }
        }
        let outcome = if fate == Fate::Succeeds { Ok(()) } else { Err(StoreError::Full("as ordered".into())) };
        self.answers.push_back(Answer::Written(token, outcome));
    }

    /// Of the write that was asked for first a store without whole batches carries out so many rows, and the program ends:
    /// nobody hears of it. Rows of a manifest stay together.
    pub fn write_part(&mut self, count: usize) {
        let Some((_, mut rows)) = self.writes.pop_front() else { return };
        let mut count = count.min(rows.len());
        while is_divided(&rows, count) {
            count += 1;
        }
        rows.truncate(count);
        self.store.write(&rows).expect("rows and batches keep to the host's limits");
        self.history.iter_mut().for_each(|history| history.extend_from_slice(&rows));
    }

    /// The room hears the answer of this number (among those that wait).
    pub fn answer(&mut self, index: usize) {
        match self.answers.remove(index) {
            Some(Answer::Rows(token, rows)) => self.room.rows(token, rows, self.now_ms),
            Some(Answer::Written(token, outcome)) => self.room.written(token, outcome, self.now_ms),
            None => return,
        }
        self.carry_out();
    }

    /// Lets the store do all that it was asked for.
    pub fn run_store(&mut self) {
        while self.store_is_busy() {
            while self.pending_reads() > 0 {
                self.read(0);
            }
            while self.pending_writes() > 0 {
                self.write(Fate::Succeeds);
            }
            while self.pending_answers() > 0 {
                self.answer(0);
            }
        }
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.room.next_effect() {
            match effect {
                Effect::Read { token, keys } => self.reads.push((token, keys)),
                Effect::Write { token, rows } => self.writes.push_back((token, rows)),
                Effect::Send { to, message, .. } => {
                    self.said.extend(to.into_iter().map(|to| (to, Heard::Message(message.clone()))));
                }
                Effect::Respond { connection, status, body } => {
                    self.said.push_back((connection, Heard::Answer(status, body)));
                }
                Effect::Attach { connection, bytes } => {
                    assert!(bytes.len() <= 16_000, "an attachment of {} bytes", bytes.len());
                    self.attachments.insert(connection, bytes);
                }
                Effect::Close { connection, code, reason } => {
                    assert!(reason.len() <= 123);
                    self.attachments.remove(&connection);
                    self.said.push_back((connection, Heard::Close(code)));
                }
                Effect::CallAt { at_ms } => self.call_at_ms = at_ms,
                Effect::WakeAt { at_ms } => self.wake_at_ms = Some(at_ms),
            }
        }
        if self.checks_invariants {
            self.room.assert_invariants();
        }
    }
}
