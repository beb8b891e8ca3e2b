//! `Room`: the server side of one document. Bytes in, effects out; no clock, no store, no socket.

use super::broadcast::Broadcast;
use super::close::{self, CloseReason};
use super::comparing::Comparing;
use super::config::{Durability, Rights, RoomConfig};
use super::connections::{Connection, Unclaimed};
use super::effect::{Accepted, ConnectionId, Effect, ReadToken, WriteToken};
use super::flush::{Gather, Writing};
use super::frame;
use super::intake::Intake;
use super::known::Known;
use super::loading::Loading;
use super::meters::Meters;
use super::opening::{Damage, Opening, Waiting};
use super::ot::Following;
use super::page_cache::PageCache;
use super::pending::Pending;
use super::presence::Presence;
use super::sweep::Sweep;
use super::taking::Taking;
use super::turn::Turn;
use crate::archive::records::Manifest;
use crate::archive::{Journal, RowKey, StoreError};
use crate::values::{ClientId, SortedMap};
use std::borrow::Cow;
use std::collections::VecDeque;
use std::sync::Arc;

/// The server side of one document.
///
/// It holds no document: only the state vector, the delete set, the journal and who is connected. The host calls
/// it with what happens and carries out the effects, in order, until [`next_effect`](Room::next_effect) has none.
/// Times are milliseconds of the host's clock and never go back.
#[derive(Debug)]
pub struct Room {
    pub(super) config: RoomConfig,
    pub(super) state: State,
    pub(super) effects: VecDeque<Effect>,
    pub(super) connections: SortedMap<ConnectionId, Connection>,
    pub(super) unclaimed: Unclaimed,
    /// Connections that get live updates, ascending.
    pub(super) live: Vec<ConnectionId>,
    /// Connections whose handshake goes on.
    pub(super) joining: Vec<ConnectionId>,
    pub(super) known: Known,
    pub(super) journal: Journal,
    pub(super) manifest: Manifest,
    pub(super) manifest_is_stored: bool,
    /// Rows of folds that failed, perhaps only in name; the next fold deletes them once its manifest is written.
    pub(super) abandoned: Vec<RowKey>,
    pub(super) pending: Pending,
    /// Clients of which units have come, while what waited for them is not taken in yet.
    pub(super) advanced: Vec<ClientId>,
    pub(super) presence: Presence,
    pub(super) pages: PageCache,
    pub(super) sweep: Sweep,
    pub(super) intake: Intake,
    pub(super) gather: Gather,
    pub(super) broadcast: Broadcast,
    pub(super) writing: Option<Writing>,
    /// The read of the last base page, which a fold waits for.
    pub(super) tail_read: Option<ReadToken>,
    /// Fold at the next flush, however little there is.
    pub(super) wants_folding: bool,
    /// The reads of rows of what is known.
    pub(super) loading: Loading,
    /// Up to which sequence number all was stored when a write failed and the rows were read again.
    pub(super) stored_before: Option<u64>,
    pub(super) waiting: VecDeque<Waiting>,
    pub(super) waiting_bytes: usize,
    /// Answers whose delete sets are being compared with ours, the first one first.
    pub(super) comparing: VecDeque<Comparing>,
    /// Updates that are too much for a turn, the first one first; of a connection one at most.
    pub(super) taking: VecDeque<Taking>,
    /// When the first unstored edit came.
    pub(super) unstored_since_ms: Option<u64>,
    pub(super) failed_in_a_row: u32,
    pub(super) retry_ms: Option<u64>,
    pub(super) is_shutting_down: bool,
    pub(super) damage: Vec<Damage>,
    pub(super) base_is_damaged: bool,
    pub(super) now_ms: u64,
    pub(super) next_token: u64,
    pub(super) turn: Turn,
    /// The call that the host was asked for.
    pub(super) call_at_ms: Option<u64>,
    /// The waking that it was asked for.
    pub(super) wake_at_ms: Option<u64>,
    pub(super) meters: Meters,
    /// What was accepted and the host has not asked for yet.
    pub(super) accepted: VecDeque<Accepted>,
    /// The sequence number up to which all is stored.
    pub(super) stored_sequence: u64,
    /// For clients without an engine.
    pub(super) following: Following,
    /// Random, as it was given at opening; client ids for the server itself are drawn from it.
    pub(super) seed: u64,
}

/// How far a room is.
#[derive(Debug)]
pub(super) enum State {
    /// Its rows are being read; what comes meanwhile waits.
    Opening(Opening),
    Open,
    /// It can't be opened: whoever connects is closed with this.
    Refused(CloseReason),
}

impl Room {
    /// A room for the document whose rows its effects ask for. `stamp` is random, another one each time; it marks the rows
    /// of the document if there are none yet.
    pub fn open(config: RoomConfig, stamp: u64) -> Room {
        let mut room = Room {
            config,
            state: State::Open,
            effects: VecDeque::new(),
            connections: SortedMap::default(),
            unclaimed: Unclaimed::default(),
            live: Vec::new(),
            joining: Vec::new(),
            known: Known::new(shows_unstored(config)),
            journal: Journal::starting_at(1, config.sizes, config.host),
            manifest: Manifest::of_empty_document(stamp),
            manifest_is_stored: false,
            abandoned: Vec::new(),
            pending: Pending::default(),
            advanced: Vec::new(),
            presence: Presence::default(),
            pages: PageCache::default(),
            sweep: Sweep::default(),
            intake: Intake::default(),
            gather: Gather::default(),
            broadcast: Broadcast::default(),
            writing: None,
            tail_read: None,
            wants_folding: false,
            loading: Loading::default(),
            stored_before: None,
            waiting: VecDeque::new(),
            waiting_bytes: 0,
            comparing: VecDeque::new(),
            taking: VecDeque::new(),
            unstored_since_ms: None,
            failed_in_a_row: 0,
            retry_ms: None,
            is_shutting_down: false,
            damage: Vec::new(),
            base_is_damaged: false,
            now_ms: 0,
            next_token: 0,
            turn: Turn::default(),
            call_at_ms: None,
            wake_at_ms: None,
            meters: Meters::default(),
            accepted: VecDeque::new(),
            stored_sequence: 0,
            following: Following::default(),
            seed: stamp,
        };
        room.begin_opening();
        room
    }

    /// A client has connected. Its number is never used again.
    pub fn connect(&mut self, connection: ConnectionId, rights: Rights, now_ms: u64) {
        self.begin_turn(now_ms);
        if self.refuses(connection) {
            return;
        }
        if self.connections.len() >= self.config.limits.connections {
            return self.turn_away(connection, close::TOO_MANY_CONNECTIONS);
        }
        let unclaimed = core::mem::take(&mut self.unclaimed);
        let new = Connection {
            inherited: unclaimed.waiting,
            tail_being_written: unclaimed.being_written,
            ..Connection::new(rights)
        };
        self.connections.insert(connection, new);
        if let Some(states) = self.presence.encode() {
            self.send(connection, frame::awareness(&states));
        }
        self.settle();
    }

    /// A connection is there from before the room was last put out of memory; `attachment` is what was kept
    /// with it. To be called right after [`open`](Room::open).
    pub fn resume(&mut self, connection: ConnectionId, attachment: &[u8], now_ms: u64) {
        self.begin_turn(now_ms);
        if !self.refuses(connection) {
            self.resume_connection(connection, attachment);
            self.settle();
        }
    }

    /// A connection has sent a binary message. Given as a `Vec` it is not copied where it has to be kept.
    pub fn receive<'m>(&mut self, connection: ConnectionId, message: impl Into<Cow<'m, [u8]>>, now_ms: u64) {
        self.receive_message(connection, message.into(), now_ms);
    }

    fn receive_message(&mut self, connection: ConnectionId, message: Cow<'_, [u8]>, now_ms: u64) {
        self.begin_turn(now_ms);
        self.meters.messages_in += 1;
        self.meters.bytes_in += message.len() as u64;
        if !self.connections.contains_key(&connection) || self.is_shutting_down {
            return;
        }
        if message.len() > self.config.limits.message_bytes {
            self.meters.updates_refused += 1;
            self.close(connection, close::MESSAGE_TOO_LARGE);
        } else if self.takes_messages() || self.serves_meanwhile(connection, &message) {
            self.handle(connection, message);
        } else {
            self.keep_waiting(connection, message);
        }
        self.settle();
    }

    /// A connection is gone.
    pub fn disconnect(&mut self, connection: ConnectionId, now_ms: u64) {
        self.begin_turn(now_ms);
        if self.has_waiting(connection) {
            // It has gone in good faith: its edits are taken in once the room is open.
            self.waiting.push_back(Waiting::Disconnect { connection });
        } else if self.connections.contains_key(&connection) {
            self.part_from(connection);
            self.settle();
        }
    }

    /// The time that was asked for has come (or any other: calling it more often does no harm).
    pub fn tick(&mut self, now_ms: u64) {
        self.begin_turn(now_ms);
        // A timer may go off a little early: what still waits for its time is asked for again.
        self.call_at_ms = None;
        self.wake_at_ms = self.wake_at_ms.filter(|at| *at > now_ms);
        self.settle();
    }

    /// The rows that an effect asked to read.
    pub fn rows(&mut self, token: ReadToken, rows: Result<Vec<(RowKey, Vec<u8>)>, StoreError>, now_ms: u64) {
        self.now_ms = now_ms;
        self.meters.rows_read += rows.as_ref().map_or(0, |rows| rows.len() as u64);
        if self.loading.rebuilding.as_ref().is_some_and(|of| of.is_read(token)) {
            self.take_rebuilding(rows);
        } else if matches!(self.state, State::Opening(_)) {
            self.take_opening_rows(token, rows);
        } else if self.tail_read == Some(token) {
            self.tail_read = None;
            self.fold_into(rows.ok());
        } else if self.loading.is_read(token) {
            self.take_loaded(token, rows);
        } else if self.sweep.is_read(token) {
            self.take_swept(rows);
        } else if self.reads_compared(token) {
            self.take_compared(token, rows);
        } else if self.following.is_read(token) {
            self.take_bridge_pages(rows);
        } else {
            self.take_pages(token, rows);
        }
        self.settle();
    }

    /// The outcome of a write that an effect asked for.
    pub fn written(&mut self, token: WriteToken, outcome: Result<(), StoreError>, now_ms: u64) {
        self.now_ms = now_ms;
        if self.writing.as_ref().is_some_and(|writing| writing.token == token) {
            match outcome {
                Ok(()) => self.finish_write(),
                Err(_) => self.fail_write(),
            }
        }
        self.settle();
    }

    /// Stores what is not stored and closes everybody; no message is taken any more.
    pub fn shut_down(&mut self, now_ms: u64) {
        self.begin_turn(now_ms);
        self.is_shutting_down = true;
        self.settle();
    }

    /// Stores what is not stored yet, without waiting for the end of a window.
    pub fn flush(&mut self, now_ms: u64) {
        self.begin_turn(now_ms);
        self.gather.flush_now = true;
        self.retry_ms = None;
        self.settle();
    }

    /// What was accepted next, oldest first, if [`RoomConfig::tells_accepted`] asks for it. Taken after the effects of a
    /// call, all of it is stored once [`stored_sequence`](Room::stored_sequence) goes up.
    pub fn next_accepted(&mut self) -> Option<Accepted> {
        self.accepted.pop_front()
    }

    /// The sequence number of the last flush that is stored; all that came before it is.
    pub fn stored_sequence(&self) -> u64 {
        self.stored_sequence
    }

    /// What the host is to do next.
    pub fn next_effect(&mut self) -> Option<Effect> {
        self.effects.pop_front()
    }

    /// Whether nobody is connected and nothing waits to be stored or read: the room may be dropped.
    pub fn is_idle(&self) -> bool {
        self.connections.is_empty()
            && self.waiting.is_empty()
            && self.comparing.is_empty()
            && self.taking.is_empty()
            && self.effects.is_empty()
            && self.writing.is_none()
            && self.tail_read.is_none()
            && !self.loading.is_under_way()
            && !self.sweep.is_under_way()
            && !self.has_unstored()
    }

    /// Counters.
    pub fn meters(&self) -> Meters {
        let (history_changes, history_bytes) = self.following.history_size();
        Meters {
            history_changes,
            history_bytes,
            connections: self.connections.len(),
            awareness_entries: self.presence.len(),
            pending_bytes: self.pending.bytes(),
            units: self.turn.spent(),
            ..self.meters
        }
    }

    /// What was found damaged in the store since the room was opened.
    pub fn damage(&self) -> &[Damage] {
        &self.damage
    }

    /// Whether the connection may not be: then it is closed.
    fn refuses(&mut self, connection: ConnectionId) -> bool {
        let reason = match self.state {
            State::Refused(reason) => reason,
            _ if self.is_shutting_down => close::SHUTTING_DOWN,
            _ => return false,
        };
        self.turn_away(connection, reason);
        true
    }

    /// Closes a connection that was not taken.
    pub(super) fn turn_away(&mut self, connection: ConnectionId, reason: CloseReason) {
        self.effects.push_back(Effect::Close { connection, code: reason.code, reason: reason.reason });
    }

    /// Closes a connection; a request is answered.
    pub(super) fn end(&mut self, connection: ConnectionId, is_request: bool, reason: CloseReason) {
        match is_request {
            true => self.respond_unavailable(connection),
            false => self.turn_away(connection, reason),
        }
    }

    /// Whether edits are shown before they are stored.
    pub(super) fn keeps_window(&self) -> bool {
        shows_unstored(self.config)
    }

    /// A call of the host's that is no answer begins a turn; answers go on with it.
    pub(super) fn begin_turn(&mut self, now_ms: u64) {
        self.now_ms = now_ms;
        self.turn.begin(self.config.limits.turn_units);
    }

    pub(super) fn token(&mut self) -> u64 {
        self.next_token += 1;
        self.next_token
    }

    pub(super) fn send(&mut self, to: ConnectionId, message: Arc<[u8]>) {
        self.send_as(to, message, false);
    }

    pub(super) fn send_as(&mut self, to: ConnectionId, message: Arc<[u8]>, is_text: bool) {
        self.meters.messages_out += 1;
        self.meters.bytes_out += message.len() as u64;
        self.effects.push_back(Effect::Send { to: vec![to], message, is_text });
    }

    /// Closes a connection and forgets it.
    pub(super) fn close(&mut self, connection: ConnectionId, reason: CloseReason) {
        if let Some(of) = self.connections.get(&connection) {
            let is_request = of.is_request();
            self.end(connection, is_request, reason);
            self.forget(connection);
        }
    }

    /// Closes everybody.
    pub(super) fn close_all(&mut self, reason: CloseReason) {
        self.end_broadcast();
        for (connection, of) in core::mem::take(&mut self.connections).iter() {
            self.presence.remove(*connection);
            self.end(*connection, of.is_request(), reason);
        }
        self.live.clear();
        self.joining.clear();
        while let Some(connection) = self.comparing.front().map(Comparing::connection) {
            self.stop_comparing(connection);
        }
        while let Some(connection) = self.taking.front().map(Taking::connection) {
            self.stop_taking(connection);
        }
    }

    /// Forgets a connection and tells the others that its awareness is gone. A window ends with it.
    pub(super) fn forget(&mut self, connection: ConnectionId) {
        if self.connections.get(&connection).is_some_and(|of| of.tail_waits) {
            self.pass_on_gathered();
        }
        let gone = self.connections.remove(&connection);
        self.stop_comparing(connection);
        self.stop_taking(connection);
        self.live.retain(|of| *of != connection);
        self.joining.retain(|of| *of != connection);
        if let Some(gone) = self.presence.remove(connection) {
            self.relay(gone);
        }
        let gone = gone.filter(|gone| self.keeps_window() && gone.follower.is_none());
        self.gather.flush_now |= gone.is_some();
        if let Some(gone) = gone {
            self.hand_on(gone);
        }
    }

    /// What is not stored of a connection that is gone is kept with another one until it is: the store may fail,
    /// and the room leave memory before it has tried again.
    fn hand_on(&mut self, mut gone: Connection) {
        if !gone.tail.is_empty() {
            gone.inherited.push(gone.tail.encode());
        }
        let others = || self.connections.iter().filter(|(_, of)| of.follower.is_none()).map(|(other, _)| other);
        let heir = self.live.first().or(others().next()).copied();
        let (waiting, being_written) = match heir.and_then(|heir| self.connections.get_mut(&heir)) {
            Some(heir) => {
                heir.needs_attaching |= gone.tail_bytes() > 0;
                (&mut heir.inherited, &mut heir.tail_being_written)
            }
            None => (&mut self.unclaimed.waiting, &mut self.unclaimed.being_written),
        };
        waiting.append(&mut gone.inherited);
        being_written.append(&mut gone.tail_being_written);
    }

    /// What follows each call: edits that are due are stored, handshakes go on, the next call is asked for.
    pub(super) fn settle(&mut self) {
        self.continue_open();
        if self.continue_rebuilding() {
            self.continue_open();
        }
        self.continue_broadcast();
        if self.keeps_window() {
            self.attach_all();
        }
        self.pages.shrink(self.config.limits.page_cache_bytes, self.now_ms);
        if self.is_shutting_down && !self.is_busy() && !self.has_unstored() {
            self.close_all(close::SHUTTING_DOWN);
        }
        self.ask_for_call();
    }

    /// Each step is `inline(never)`: V8 compiles a function of a module that has become hot as a whole, and one of 20 KB costs tens
    /// of milliseconds of its threads, in the midst of whichever request that falls into.
    fn continue_open(&mut self) {
        if matches!(self.state, State::Open) {
            self.continue_retrying();
            self.continue_document();
            self.handle_waiting();
            self.continue_comparing();
            self.follow();
            self.flush_if_due();
            self.continue_handshakes();
            self.continue_taking();
            self.continue_sweep();
        }
    }

    fn is_busy(&self) -> bool {
        matches!(self.state, State::Opening(_))
            || self.writing.is_some()
            || self.tail_read.is_some()
            || self.is_reading()
            || self.following.is_building()
            || !self.waiting.is_empty()
            || !self.comparing.is_empty()
            || !self.taking.is_empty()
            || !self.advanced.is_empty()
    }

    /// Asks to be called at the earliest time that something waits for: what matters only while the room is in memory
    /// (handshakes, another try of a write) and what has to happen in any case (the end of a window).
    fn ask_for_call(&mut self) {
        let joins = self.joining.iter().filter_map(|connection| self.connections.get(connection)?.join.as_ref());
        let handshakes = joins.filter_map(|join| match (join.paused_until_ms, join.has_structs) {
            (Some(paused), _) => Some(paused),
            (None, true) => Some(join.deadline_ms),
            (None, false) => None,
        });
        // What is past and not done waits for the store as well, whose answer is a call, too.
        let later = handshakes
            .chain(self.retry_ms)
            .chain(self.wait_ends_ms())
            .chain(self.pause_ends_ms())
            .filter(|at| *at > self.now_ms);
        let next_turn = self.turn.goes_on().then_some(self.now_ms);
        let at_ms = later.chain(next_turn).min();
        if self.call_at_ms != at_ms {
            self.call_at_ms = at_ms;
            self.effects.push_back(Effect::CallAt { at_ms });
        }
        // What is unstored is known once the rows are read. An earlier waking does as well: it asks again if need be.
        let window_ends_ms = self.window_ends_ms().filter(|_| matches!(self.state, State::Open));
        if let Some(at_ms) = window_ends_ms.filter(|at| self.wake_at_ms.is_none_or(|asked| asked > *at)) {
            self.wake_at_ms = Some(at_ms);
            self.effects.push_back(Effect::WakeAt { at_ms });
        }
    }
}

pub(super) fn shows_unstored(config: RoomConfig) -> bool {
    matches!(config.durability, Durability::Window { .. })
}
