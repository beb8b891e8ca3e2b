//! Passing on to all. Where much comes at a time, each message of it by itself would cost as many messages as there are
//! others: after a broadcast there is a pause, and what comes in it goes to all together.

use super::effect::{Accepted, ConnectionId, Effect};
use super::frame;
use super::room::Room;
use crate::awareness::{EntryWriter, read_entries};
use crate::values::{ClientId, Clock, SortedMap};
use std::sync::Arc;

/// Bytes of updates that don't wait for others, though it is a pause.
const MOST_HELD_BYTES: usize = 16 << 10;

/// When something was passed on, and what waits for the end of a pause. Updates wait in [`Gather`](super::flush::Gather).
#[derive(Debug, Default)]
pub(super) struct Broadcast {
    /// When updates were passed on last, before they were stored.
    updates_ms: Option<u64>,
    /// When awareness was.
    states_ms: Option<u64>,
    /// Awareness that waits: of each client the last.
    states: SortedMap<ClientId, (Clock, Box<str>)>,
}

impl Room {
    /// Passes on what was just gathered: where a window is kept now, or after a pause; else when it is stored. It is encoded
    /// anew and not sent as it came, so that only what this program writes reaches other clients.
    pub(super) fn pass_on(&mut self, from: Option<ConnectionId>, is_new: bool) {
        if !is_new {
            return;
        }
        if !self.keeps_window() {
            return self.gather.note(from);
        }
        self.unstored_since_ms.get_or_insert(self.now_ms);
        if !self.gather.accepted.is_empty() {
            let update = core::mem::take(&mut self.gather.accepted).encode();
            self.note_accepted(from, update);
        }
        let waits = self.is_paused(self.broadcast.updates_ms) && self.gather.page.len_bytes() <= MOST_HELD_BYTES;
        if let Some(from) = from {
            if let Some(of) = self.connections.get_mut(&from).filter(|_| waits) {
                of.tail_waits = true;
            }
            self.attach(from);
        }
        self.gather.note(from);
        if !waits {
            self.pass_on_gathered();
        }
    }

    /// Where a window is kept, passes on what was gathered; who alone has brought it is not sent it.
    pub(super) fn pass_on_gathered(&mut self) {
        if !self.keeps_window() || !self.gather.has_news() {
            return;
        }
        let (update, author) = self.gather.take_news();
        self.broadcast.updates_ms = Some(self.now_ms);
        for of in self.connections.values_mut().filter(|of| of.tail_waits) {
            (of.tail_waits, of.needs_attaching) = (false, true);
        }
        self.broadcast(frame::update(&update), author);
    }

    /// Notes what was accepted, for a host that asks for it.
    pub(super) fn note_accepted(&mut self, from: Option<ConnectionId>, update: Vec<u8>) {
        if self.config.tells_accepted {
            self.accepted.push_back(Accepted { from, update });
        }
    }

    /// Relays awareness to everybody, now or after a pause.
    pub(super) fn relay(&mut self, awareness: Vec<u8>) {
        let waits = self.is_paused(self.broadcast.states_ms);
        if !waits && self.broadcast.states.is_empty() {
            return self.relay_now(&awareness);
        }
        let entries = read_entries(&awareness, usize::MAX);
        for entry in entries.unwrap_or_else(|_| unreachable!("it was written here")) {
            self.broadcast.states.insert(entry.client, (entry.clock, entry.state.into()));
        }
        if !waits {
            self.relay_waiting();
        }
    }

    fn relay_waiting(&mut self) {
        let mut awareness = EntryWriter::default();
        for (client, (clock, state)) in core::mem::take(&mut self.broadcast.states).iter() {
            awareness.add(*client, *clock, state);
        }
        if !awareness.is_empty() {
            self.relay_now(&awareness.finish());
        }
    }

    fn relay_now(&mut self, awareness: &[u8]) {
        // A cursor may stand in what comes before it.
        self.pass_on_gathered();
        self.broadcast.states_ms = Some(self.now_ms);
        self.send_to_everybody(frame::awareness(awareness));
    }

    /// Passes on what has waited long enough.
    pub(super) fn continue_broadcast(&mut self) {
        if !self.is_paused(self.broadcast.updates_ms) {
            self.pass_on_gathered();
        }
        if !self.is_paused(self.broadcast.states_ms) {
            self.relay_waiting();
        }
    }

    /// Passes on all that waits.
    pub(super) fn end_broadcast(&mut self) {
        self.pass_on_gathered();
        self.relay_waiting();
    }

    /// When the pause ends for something that waits.
    pub(super) fn pause_ends_ms(&self) -> Option<u64> {
        let waits_updates = self.keeps_window() && self.gather.has_news();
        let updates_ms = self.broadcast.updates_ms.filter(|_| waits_updates);
        let states_ms = self.broadcast.states_ms.filter(|_| !self.broadcast.states.is_empty());
        updates_ms.into_iter().chain(states_ms).min().map(|last| last + self.config.broadcast_pause_ms)
    }

    /// Whether something that was passed on last at this time has to wait. Who is alone has nobody to wait for.
    fn is_paused(&self, last_ms: Option<u64>) -> bool {
        let ends_ms = last_ms.map_or(0, |last| last + self.config.broadcast_pause_ms);
        self.now_ms < ends_ms && self.connections.len() > 1
    }

    /// Sends to all that are live, except one.
    pub(super) fn broadcast(&mut self, message: Arc<[u8]>, except: Option<ConnectionId>) {
        let to: Vec<ConnectionId> = self.live.iter().copied().filter(|to| Some(*to) != except).collect();
        self.send_to_all(to, message);
    }

    /// Sends to everybody who speaks the Yjs protocol, whether live or not.
    fn send_to_everybody(&mut self, message: Arc<[u8]>) {
        let to = self.connections.iter().filter(|(_, of)| of.follower.is_none()).map(|(to, _)| *to).collect();
        self.send_to_all(to, message);
    }

    fn send_to_all(&mut self, to: Vec<ConnectionId>, message: Arc<[u8]>) {
        if !to.is_empty() {
            self.meters.messages_out += to.len() as u64;
            self.meters.bytes_out += (message.len() * to.len()) as u64;
            self.effects.push_back(Effect::Send { to, message, is_text: false });
        }
    }
}
