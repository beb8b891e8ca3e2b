//! What is always true of a room between two calls; for tests and fuzzing.

use super::comparing::Comparing;
use super::opening::Waiting;
use super::room::{Room, State};
use super::taking::Taking;
use crate::lib0::Reader;
use crate::update::{Update, decode_state_vector, read_delete_set};
use crate::values::IdSet;

impl Room {
    /// Panics if the room contradicts itself. O(what is known) and slow; for tests and fuzzing.
    #[doc(hidden)]
    pub fn assert_invariants(&self) {
        self.assert_connections();
        self.pending.assert_invariants();
        self.presence.assert_invariants(|owner| self.connections.contains_key(&owner));
        self.pages.assert_invariants();
        self.known.assert_invariants();
        let waiting = self.waiting.iter().map(Waiting::cost).sum::<usize>();
        let taking = self.taking.iter().map(Taking::cost).sum::<usize>();
        assert_eq!(self.waiting_bytes, waiting + taking + self.comparing.iter().map(Comparing::cost).sum::<usize>());
        let senders = self.connections.values().filter(|of| of.sends_large).count();
        assert_eq!(senders, self.taking.len(), "whose update is being taken is known");
        if matches!(self.state, State::Open) {
            self.journal.assert_invariants();
            self.assert_known();
            self.assert_following();
            let goes_on = self.call_at_ms.is_some_and(|at| at <= self.now_ms);
            if !self.is_reading() && !goes_on {
                assert!(self.waiting.is_empty(), "an open room lets nothing wait");
                assert!(!self.can_take(), "what is taken goes on");
                assert!(self.comparing.front().is_none_or(Comparing::is_reading), "what is compared goes on");
            }
        }
    }

    fn assert_connections(&self) {
        assert!(self.live.is_sorted(), "live connections ascend");
        let live = self.connections.iter().filter(|(_, of)| of.is_live).map(|(connection, _)| *connection);
        assert!(live.eq(self.live.iter().copied()), "who is live is listed once");
        for connection in &self.joining {
            let of = self.connections.get(connection).expect("who joins is connected");
            assert!(of.join.is_some(), "who joins has a handshake");
        }
        let joins = self.connections.values().filter(|of| of.join.is_some()).count();
        assert_eq!(joins, self.joining.len(), "who has a handshake joins");
    }

    fn assert_following(&self) {
        self.assert_bridge();
        let followers = self.connections.values().filter(|of| of.follower.is_some());
        assert!(followers.into_iter().all(|of| !of.is_live && of.join.is_none() && of.tail.is_empty()));
        assert!(self.stored_sequence <= self.journal.last_written());
    }

    /// What is known is what the manifest and the journal hold.
    fn assert_known(&self) {
        let manifest = &self.manifest;
        let mut clocks = decode_state_vector(&manifest.state_vector).unwrap_or_default();
        let mut deletes = read_delete_set(&mut Reader::new(&manifest.delete_set)).unwrap_or_default();
        for update in self.journal.updates() {
            let parsed = Update::parse_v1(&update).expect("what the journal holds is an update");
            parsed.structs.iter().for_each(|of| clocks.advance(of.id.client, of.end()));
            deletes.merge(&parsed.deletes.into_iter().collect::<IdSet>());
        }
        if manifest.next_slice == 0 {
            assert_eq!(*self.known.clocks(), clocks, "known clocks");
            assert_eq!(*self.known.deletes(), deletes, "known deletes");
        } else {
            // The rest is in rows, which were read or not.
            assert!(clocks.iter().all(|(client, clock)| self.known.clock(client) >= clock), "known clocks");
            assert!(deletes.difference(self.known.deletes()).is_empty(), "known deletes");
        }
    }
}
