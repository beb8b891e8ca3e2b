//! One open document: the task that drives its `Room` and carries out what it asks for. It decides nothing.

use crate::clock::Clock;
use crate::event::{Answer, Client, Event};
use crate::metrics::Metrics;
use crate::outgoing::{Frame, Outgoing};
use crate::rooms::Rooms;
use crate::storage::{Storage, StoredDocument};
use bytes::Bytes;
use merganser::archive::{RowKey, RowWrite};
use merganser::sync::{
    CloseReason, ConnectionId, Damage, Effect, Meters, ReadToken, Rights, Room, RoomConfig, WriteToken,
};
use std::collections::HashMap;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender};
use tokio::sync::oneshot;

/// Most events that are taken out of the inbox at once.
const EVENTS: usize = 64;
/// Work on more bytes than this may take so long that other tasks are first moved to another thread.
const LONG_WORK_BYTES: usize = 128 << 10;
/// The program has a defect that this document ran into; the others go on.
const FAILED: CloseReason = CloseReason { code: 1011, reason: "the document failed; connect again" };

/// What all documents share.
#[derive(Clone, Debug)]
pub struct Surroundings {
    /// How rooms behave.
    pub config: RoomConfig,
    /// Where their rows are.
    pub storage: Arc<Storage>,
    /// What is counted.
    pub metrics: Arc<Metrics>,
    /// The time.
    pub clock: Clock,
}

/// The task of one document.
pub struct Document {
    room: Room,
    stored: Arc<StoredDocument>,
    connections: HashMap<ConnectionId, Arc<Outgoing>>,
    /// Who waits for an answer.
    requests: HashMap<ConnectionId, oneshot::Sender<Answer>>,
    around: Surroundings,
    rooms: Arc<Rooms>,
    inbox: UnboundedReceiver<Event>,
    /// Handed to the storage, for its answers.
    answers: UnboundedSender<Event>,
    call_at: Option<Instant>,
    wake_at: Option<Instant>,
    counted: Meters,
    damage_told: usize,
}

impl Document {
    /// The document of this name, which gets its events from `inbox`.
    pub fn open(
        name: &str,
        rooms: Arc<Rooms>,
        around: Surroundings,
        inbox: UnboundedReceiver<Event>,
        answers: UnboundedSender<Event>,
    ) -> Self {
        around.metrics.documents_open.increment(1);
        Document {
            room: Room::open(around.config, rand::random()),
            stored: Arc::new(StoredDocument::named(name)),
            connections: HashMap::new(),
            requests: HashMap::new(),
            around,
            rooms,
            inbox,
            answers,
            call_at: None,
            wake_at: None,
            counted: Meters::default(),
            damage_told: 0,
        }
    }

    /// Runs until nobody is connected any more and all is stored.
    pub async fn run(mut self) {
        let mut events = Vec::new();
        loop {
            self.carry_out_effects();
            self.report();
            if self.room.is_idle() && self.rooms.remove_idle(self.stored.name(), &self.inbox) {
                return;
            }
            match self.call_at.into_iter().chain(self.wake_at).min() {
                Some(at) => tokio::select! {
                    _ = self.inbox.recv_many(&mut events, EVENTS) => {}
                    () = tokio::time::sleep_until(at.into()) => {
                        self.call_at.take_if(|of| *of <= at);
                        self.wake_at.take_if(|of| *of <= at);
                        self.turn(|document| document.room.tick(document.around.clock.now_ms()));
                    }
                },
                None => {
                    self.inbox.recv_many(&mut events, EVENTS).await;
                }
            }
            for event in events.drain(..) {
                if let Event::TakeAway(reason, _done) = event {
                    self.connections.values().for_each(|outgoing| outgoing.close(reason));
                    return;
                }
                if event.bytes() > LONG_WORK_BYTES {
                    tokio::task::block_in_place(|| self.turn(|document| document.take(event)));
                } else {
                    self.turn(|document| document.take(event));
                }
            }
        }
    }

    /// Does a step of the room and what follows from it.
    fn turn(&mut self, step: impl FnOnce(&mut Self)) {
        let started = Instant::now();
        step(self);
        self.carry_out_effects();
        self.around.metrics.turn_seconds.record(started.elapsed());
    }

    fn take(&mut self, event: Event) {
        let now_ms = self.around.clock.now_ms();
        match event {
            Event::Connect { connection, client, outgoing } => {
                self.connections.insert(connection, outgoing);
                self.connect(connection, client, now_ms);
            }
            Event::Message { connection, bytes, permit } => {
                self.room.receive(connection, &*bytes, now_ms);
                drop(permit);
            }
            Event::Request { connection, subject, asked, answer, permit } => {
                self.requests.insert(connection, answer);
                self.room.request(connection, Rights::Write, subject, asked.as_request(), now_ms);
                drop(permit);
            }
            Event::Disconnect(connection) => {
                self.connections.remove(&connection);
                self.requests.remove(&connection);
                self.room.disconnect(connection, now_ms);
            }
            Event::Rows(token, rows) => self.room.rows(token, rows, now_ms),
            Event::Written(token, outcome) => self.room.written(token, outcome, now_ms),
            Event::TakeAway(..) => {}
            Event::ShutDown => self.room.shut_down(now_ms),
        }
    }

    fn connect(&mut self, connection: ConnectionId, client: Client, now_ms: u64) {
        match client {
            Client::Yjs => self.room.connect(connection, Rights::Write, now_ms),
            Client::Ot => self.room.connect_ot(connection, Rights::Write, now_ms),
            Client::Listener { subject, from } => {
                let from = from.as_ref().map(|(epoch, revision)| (epoch.as_str(), *revision));
                self.room.stream(connection, Rights::Write, subject, from, now_ms);
            }
        }
    }

    fn carry_out_effects(&mut self) {
        while let Some(effect) = self.room.next_effect() {
            match effect {
                Effect::Read { token, keys } => self.read(token, keys),
                Effect::Write { token, rows } => self.write(token, rows),
                Effect::Send { to, message, is_text } => self.send(&to, message, is_text),
                Effect::Respond { connection, status, body } => {
                    if let Some(answer) = self.requests.remove(&connection) {
                        // Who has gone needs no answer.
                        answer.send(Answer { status, body: Bytes::from_owner(body) }).ok();
                    }
                }
                // The room lives as long as its connections: nothing has to outlive it.
                Effect::Attach { .. } => {}
                Effect::Close { connection, code, reason } => {
                    self.requests.remove(&connection);
                    if let Some(outgoing) = self.connections.remove(&connection) {
                        outgoing.close(CloseReason { code, reason });
                    }
                }
                Effect::CallAt { at_ms } => self.call_at = at_ms.map(|at_ms| self.around.clock.instant_of(at_ms)),
                // The room stays in memory as long as something waits to be stored.
                Effect::WakeAt { at_ms } => self.wake_at = Some(self.around.clock.instant_of(at_ms)),
            }
        }
    }

    fn read(&self, token: ReadToken, keys: RangeInclusive<RowKey>) {
        let answers = self.answers.clone();
        self.around.storage.read(self.stored.clone(), keys, move |rows| {
            // Nobody is there to answer only if the task has failed.
            answers.send(Event::Rows(token, rows)).ok();
        });
    }

    fn write(&self, token: WriteToken, rows: Vec<RowWrite>) {
        let answers = self.answers.clone();
        self.around.storage.write(self.stored.clone(), rows, move |outcome| {
            answers.send(Event::Written(token, outcome)).ok();
        });
    }

    fn send(&self, to: &[ConnectionId], message: Arc<[u8]>, is_text: bool) {
        let frame = Frame { bytes: Bytes::from_owner(message), is_text };
        for connection in to {
            if let Some(outgoing) = self.connections.get(connection) {
                outgoing.push(frame.clone());
            }
        }
    }

    /// Adds what the room has done to the server's counters, and tells of damage.
    fn report(&mut self) {
        let now = self.room.meters();
        self.around.metrics.add(&self.counted, &now);
        self.counted = now;
        for damage in &self.room.damage()[self.damage_told..] {
            match damage {
                Damage::Rebuilt(row) => tracing::warn!(document = %self.stored, ?row, "a damaged row was rebuilt"),
                _ => tracing::error!(document = %self.stored, ?damage, "the stored document is damaged"),
            }
        }
        self.damage_told = self.room.damage().len();
    }
}

impl Drop for Document {
    fn drop(&mut self) {
        self.around.metrics.documents_open.decrement(1);
        if std::thread::panicking() {
            tracing::error!(document = %self.stored, "the document's task has failed");
            self.rooms.remove_failed(self.stored.name(), &self.answers);
            self.connections.values().for_each(|outgoing| outgoing.close(FAILED));
            while let Ok(event) = self.inbox.try_recv() {
                if let Event::Connect { outgoing, .. } = event {
                    outgoing.close(FAILED);
                }
            }
        }
    }
}
