//! The document for clients without an engine: there when one asks for it (`build.rs`), kept as long as one is there.

use super::ask::Ask;
use super::build::{Building, Hindrance};
use super::checkpoint::Checkpointing;
use crate::bridge::Bridge;
use crate::sync::close;
use crate::sync::effect::{ConnectionId, ReadToken};
use crate::sync::room::Room;
use crate::values::ClientId;
use std::collections::VecDeque;
use std::sync::Arc;

/// What a room keeps for clients without an engine. Nothing, as long as there is none.
#[derive(Debug, Default)]
pub(in crate::sync) struct Following {
    pub(super) bridge: Option<Box<Bridge>>,
    /// What is asked and not answered, in order, with the bytes that it counts.
    pub(super) asked: VecDeque<(ConnectionId, Ask, usize)>,
    pub(super) asked_bytes: usize,
    /// The document while it is being built, and
    pub(super) building: Option<Building>,
    /// while a checkpoint is made of it; then the checkpoint.
    pub(super) checkpointing: Option<Checkpointing>,
    pub(super) checkpoint: Option<Vec<u8>>,
    pub(super) hindrance: Option<Hindrance>,
    /// Bytes of the base pages that the document is made of.
    pub(super) document_bytes: usize,
    /// Bytes of the base pages that are in the stored checkpoint.
    pub(super) checkpointed_bytes: usize,
    /// The stored checkpoint was tried, and is of no use.
    pub(super) ignores_checkpoint: bool,
    pub(super) used_ms: u64,
    /// A client id of the server's that somebody else knows more of: rows have gone back in time.
    spent_author: u64,
    /// Messages with what operations authored since the last flush was begun. (Only where a window is kept: else they
    /// are gathered with all else.)
    pub(in crate::sync) authored: Vec<Arc<[u8]>>,
    /// Operations came since the last flush was begun.
    pub(in crate::sync) has_unstored_operations: bool,
}

impl Following {
    /// Whether a document is being built: the base has to stay as it is.
    pub(in crate::sync) fn is_building(&self) -> bool {
        self.building.is_some()
    }

    /// Whether it only lacks what came meanwhile, and waits until that is stored.
    pub(in crate::sync) fn is_loaded(&self) -> bool {
        self.building.as_ref().is_some_and(Building::is_loaded)
    }

    /// Whether a checkpoint is being made: the document has to stay as it is.
    pub(in crate::sync) fn is_checkpointing(&self) -> bool {
        self.checkpointing.is_some()
    }

    /// The base changes: the document is built later.
    pub(in crate::sync) fn stop_building(&mut self) {
        self.building = None;
    }

    /// Changes in the logs of revisions, and bytes that they take.
    pub(in crate::sync) fn history_size(&self) -> (usize, usize) {
        self.bridge.as_ref().map_or((0, 0), |bridge| bridge.history_size())
    }

    /// Whether there is the document, which has to be told of updates.
    pub(in crate::sync) fn has_bridge(&self) -> bool {
        self.bridge.is_some()
    }

    /// So many bytes of the base have become others.
    pub(in crate::sync) fn note_base_bytes(&mut self, before: usize, now: usize) {
        self.document_bytes = (self.document_bytes + now).saturating_sub(before);
    }

    pub(in crate::sync) fn is_read(&self, token: ReadToken) -> bool {
        self.building.as_ref().is_some_and(|building| building.is_read(token))
    }
}

impl Room {
    /// Goes on with the document, where others may wait for that.
    #[inline(never)]
    pub(in crate::sync) fn continue_document(&mut self) {
        if let Some(checkpointing) = self.following.checkpointing.take() {
            self.continue_checkpoint(checkpointing);
        }
        if self.following.is_building() {
            if self.is_awaited() {
                self.build_bridge();
            } else {
                self.following.stop_building();
            }
        }
    }

    /// Whether somebody waits for the document.
    fn is_awaited(&self) -> bool {
        let is_there = |(connection, ..): &(ConnectionId, Ask, usize)| self.connections.contains_key(connection);
        self.following.asked.iter().any(is_there) || self.is_follower_behind()
    }

    /// Goes on with what clients without an engine wait for.
    #[inline(never)]
    pub(in crate::sync) fn follow(&mut self) {
        if self.following.is_checkpointing() {
            return;
        }
        if self.following.bridge.is_none() {
            if !self.is_awaited() {
                self.following.asked_bytes = 0;
                return self.following.asked.clear();
            }
            self.build_bridge();
        }
        if self.following.bridge.is_none() {
            return;
        }
        self.answer_asked();
        self.end_waits();
        if self.followers().next().is_some() {
            self.following.used_ms = self.now_ms;
        }
        let limits = &self.config.limits;
        let is_too_large = self.following.document_bytes > limits.document_bytes;
        let is_over =
            self.following.used_ms + limits.document_kept_ms <= self.now_ms && self.followers().next().is_none();
        if !is_too_large && !is_over {
            return;
        }
        if !self.is_all_stored() || self.has_unstored_author() {
            self.gather.flush_now |= is_too_large;
            return;
        }
        if !is_too_large && self.wants_checkpoint() && self.journal.slot_count() > 0 {
            self.wants_folding = true;
            self.gather.flush_now = true;
            return;
        }
        self.following.bridge = None;
        // What comes next is told apart from what was told: so it can be told later, when the document is built again.
        self.journal.end_slots();
        if is_too_large {
            self.hinder(Hindrance::TooLarge);
        }
    }

    /// Connections that follow by revisions.
    pub(super) fn followers(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        self.connections.iter().filter(|(_, of)| of.follower.is_some()).map(|(connection, _)| *connection)
    }

    /// Whether a client has opened a root and was not told of all that is stored.
    fn is_follower_behind(&self) -> bool {
        let mut opened = self.connections.values().filter_map(|of| of.follower.as_ref()?.opened.as_ref());
        opened.any(|opened| opened.revision < self.stored_sequence)
    }

    /// Whether nothing waits to be stored, or is being stored.
    pub(super) fn is_all_stored(&self) -> bool {
        !self.journal.is_dirty() && self.writing.is_none() && self.tail_read.is_none()
    }

    /// Follows the roots of those who have all that is stored, even where a fold has taken what they were told.
    pub(super) fn follow_again(&mut self) {
        let stored = self.stored_sequence;
        let opened = self.connections.values().filter_map(|of| of.follower.as_ref()?.opened.as_ref());
        let current = opened.filter(|opened| opened.epoch == self.manifest.author && opened.revision == stored);
        let subjects: Vec<_> = current.map(|opened| opened.subject.clone()).collect();
        for subject in subjects {
            // One that holds something else by now is refused when it is told of.
            let _refused = self.root_of(&subject);
        }
    }

    /// Sees to it that the server has a client id to write under, of which nobody knows more than is stored.
    pub(super) fn take_author(&mut self) {
        let known = self.manifest.author;
        let is_usable = known != 0 && known != self.following.spent_author;
        if is_usable && self.manifest.incarnation == self.config.incarnation {
            return;
        }
        let mut drawn = self.seed;
        loop {
            // splitmix64
            drawn = drawn.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (drawn ^ (drawn >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
            let author = (mixed ^ (mixed >> 31)) >> 32;
            if author != 0 && author != known && self.known.clock(ClientId::new(author)) == 0 {
                self.seed = drawn;
                self.manifest.author = author;
                self.manifest.incarnation = self.config.incarnation;
                self.manifest_is_stored = false;
                // Clients are told of it as the epoch, and come back with it.
                self.gather.flush_now = true;
                return;
            }
        }
    }

    /// Whether the client id that the server writes under has still to be stored.
    pub(in crate::sync) fn has_unstored_author(&self) -> bool {
        !self.manifest_is_stored && self.following.bridge.is_some()
    }

    /// Somebody knows of edits under the server's client id that are not here: rows have gone back in time. It is not
    /// used any more, and revisions mean nothing any more.
    pub(in crate::sync) fn spend_author(&mut self) {
        self.following.spent_author = self.manifest.author;
        self.drop_bridge();
    }

    /// Forgets the document, and lets everybody who follows it come again.
    pub(in crate::sync) fn drop_bridge(&mut self) {
        let spent_author = self.following.spent_author;
        self.following = Following { spent_author, ..Following::default() };
        self.followers().collect::<Vec<_>>().into_iter().for_each(|of| self.close(of, close::SYNC_AGAIN));
    }

    /// Tells the document of an update of which everything is new.
    pub(in crate::sync) fn tell_bridge(&mut self, update: &[u8]) {
        let Some(bridge) = &mut self.following.bridge else { return };
        if bridge.apply(update).is_err() {
            return self.drop_bridge();
        }
        if self.followers().next().is_some() {
            self.gather.flush_now = true;
        }
    }

    /// Enters what changed into the logs, before it is stored.
    pub(in crate::sync) fn close_changes(&mut self) {
        let Some(bridge) = &mut self.following.bridge else { return };
        let mut changes = Vec::new();
        bridge.close_open(&mut || self.journal.take_revision(), &mut changes);
        let (since, count) = (self.journal.last_written(), bridge.root_count());
        if !changes.is_empty() {
            self.journal.add_changes(&changes, |out| bridge.begin_slot(since, count, out));
        }
        self.journal.tell_dirty_slots(|out| bridge.begin_slot(since, count, out));
    }

    /// The document for clients without an engine is the one that is known.
    pub(in crate::sync) fn assert_bridge(&self) {
        if let Some(bridge) = &self.following.bridge {
            bridge.assert_invariants();
            assert_eq!(bridge.state_vector(), *self.known.clocks(), "the document holds what is known");
        }
    }
}
