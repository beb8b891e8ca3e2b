//! Building the document for clients without an engine: its checkpoint and the base pages behind that, or all of them, are
//! read part by part, and loaded in steps, as far as turns go.
//!
//! Nobody has to wait for it: what comes meanwhile goes into the journal, which is not folded until the document is there. At
//! the end, when all of that is stored, the document gets what it lacks.

use super::refused::{DOCUMENT_TOO_LARGE, Refused, UNAVAILABLE};
use crate::archive::{RowKey, RowKind, Sessions, StoreError};
use crate::bridge::{Bridge, HistoryLimits};
use crate::sync::close::{self, CloseReason};
use crate::sync::effect::ReadToken;
use crate::sync::flush::Writing;
use crate::sync::room::Room;
use crate::sync::turn::cost;
use crate::update::{decode_state_vector, encode_state_vector};
use crate::values::{ClientId, Error, StateVector, Steps};

/// Base pages that are read at a time: about a megabyte.
const PAGES_PER_READ: u32 = if cfg!(debug_assertions) { 2 } else { 16 };

type Rows = Vec<(RowKey, Vec<u8>)>;

/// A document that is being built.
#[derive(Debug)]
pub(super) enum Building {
    /// The first and the last page that are being read; `None` while the checkpoint is.
    Reading { token: ReadToken, range: Option<(u32, u32)>, base: Base },
    /// Pages from this one on are to be read in the next turn.
    Read { next: u32, base: Base },
    /// All is read.
    Loading { steps: Steps<Result<Box<Bridge>, Error>>, of: Loading },
    /// All is loaded, but for what came meanwhile: it has to be stored first.
    Loaded { bridge: Box<Bridge>, of: Loading },
}

/// What has been read of the base. All of it is loaded together: page by page that takes three times as long, and no less memory.
#[derive(Debug, Default)]
pub(super) struct Base {
    pub(super) checkpoint: Option<Vec<u8>>,
    /// The pages behind it.
    pages: Vec<Vec<u8>>,
    /// Bytes of all pages.
    pub(super) bytes: usize,
}

/// What is loaded.
#[derive(Debug)]
pub(super) struct Loading {
    has_checkpoint: bool,
    /// Bytes of all pages.
    bytes: usize,
    /// So many slots of the journal are loaded with the base.
    slots: usize,
}

impl Building {
    pub(super) fn is_read(&self, token: ReadToken) -> bool {
        matches!(self, Building::Reading { token: of, .. } if *of == token)
    }

    /// Whether it only lacks what came meanwhile.
    pub(super) fn is_loaded(&self) -> bool {
        matches!(self, Building::Loaded { .. })
    }
}

/// Why there can't be a document.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hindrance {
    /// It can't be read, or is not what is known.
    Broken,
    /// It is larger than `Limits::document_bytes`. It stays so as long as the room is in memory, since what is stored hardly gets
    /// smaller.
    TooLarge,
}

impl Hindrance {
    fn answer(self) -> (Refused, CloseReason) {
        match self {
            Hindrance::Broken => (UNAVAILABLE, close::CANNOT_OPEN),
            Hindrance::TooLarge => (DOCUMENT_TOO_LARGE, close::DOCUMENT_TOO_LARGE),
        }
    }
}

impl Room {
    /// Begins to build the document, or goes on with it.
    pub(super) fn build_bridge(&mut self) {
        if self.base_is_damaged {
            self.following.stop_building();
            return self.refuse_followers(Hindrance::Broken);
        }
        if let Some(hindrance) = self.following.hindrance {
            return self.refuse_followers(hindrance);
        }
        match self.following.building.take() {
            None => self.begin_building(),
            Some(reading @ Building::Reading { .. }) => self.following.building = Some(reading),
            Some(Building::Read { next, base }) if !self.turn.is_over() => self.read_bridge_pages(next, base),
            Some(read @ Building::Read { .. }) => self.following.building = Some(read),
            Some(Building::Loading { steps, of }) => self.continue_loading(steps, of),
            Some(Building::Loaded { bridge, of }) if self.is_all_stored() => self.end_building(bridge, of),
            Some(loaded @ Building::Loaded { .. }) => {
                self.following.building = Some(loaded);
                self.gather.flush_now = true;
            }
        }
    }

    fn begin_building(&mut self) {
        // Rows of the base don't change from now on. What is built is compared with what is known.
        if self.tail_read.is_some() || self.writing.as_ref().is_some_and(Writing::folds) || !self.load_all() {
            return;
        }
        match self.manifest.find_page_from(0) {
            None => self.begin_loading(Base::default()),
            Some(page) if self.following.ignores_checkpoint => self.read_bridge_pages(page, Base::default()),
            Some(_) => {
                let token = self.read(RowKey::new(RowKind::Checkpoint, 0)..=RowKey::new(RowKind::Checkpoint, u32::MAX));
                self.following.building = Some(Building::Reading { token, range: None, base: Base::default() });
            }
        }
    }

    /// Reads pages from `page` on, behind those that are there.
    fn read_bridge_pages(&mut self, page: u32, base: Base) {
        let until = page.saturating_add(PAGES_PER_READ - 1).min(self.manifest.last_page().unwrap_or(page));
        let token = self.read(RowKey::new(RowKind::BasePage, page)..=RowKey::new(RowKind::BasePage, until));
        self.following.building = Some(Building::Reading { token, range: Some((page, until)), base });
    }

    /// Takes the checkpoint, or base pages, that the document is built from.
    pub(in crate::sync) fn take_bridge_pages(&mut self, rows: Result<Rows, StoreError>) {
        let Some(Building::Reading { range, mut base, .. }) = self.following.building.take() else { return };
        let next = match (range, rows) {
            (None, rows) => self.take_checkpoint(&rows.unwrap_or_default(), &mut base),
            (Some(_), Err(_)) => return self.refuse_followers(Hindrance::Broken),
            (Some((mut page, until)), Ok(rows)) => {
                let before = base.bytes;
                while let Some(number) = self.manifest.find_page_from(page).filter(|number| *number <= until) {
                    page = number + 1;
                    let update = self.open_page(&rows, number).unwrap_or_default();
                    base.bytes = base.bytes.saturating_add(update.len());
                    base.pages.push(update.to_vec());
                }
                self.turn.spend((base.bytes - before) / cost::SENT_BYTES);
                self.manifest.find_page_from(page)
            }
        };
        match next {
            _ if self.base_is_damaged => self.refuse_followers(Hindrance::Broken),
            _ if base.bytes > self.config.limits.document_bytes => self.hinder(Hindrance::TooLarge),
            Some(next) => self.following.building = Some(Building::Read { next, base }),
            None => self.begin_loading(base),
        }
    }

    /// Loads what was read, and what is stored of the journal, as far as all can be loaded together: where nothing was told of a
    /// slot behind one that was, it is told later.
    fn begin_loading(&mut self, base: Base) {
        let Base { checkpoint, pages: mut updates, bytes } = base;
        // What comes from now on goes into other slots.
        self.journal.end_slots();
        let pages = updates.len();
        let mut was_told = false;
        for (update, is_told) in self.journal.stored() {
            if was_told && !is_told {
                break;
            }
            was_told = is_told;
            updates.push(update);
        }
        let of = Loading { has_checkpoint: checkpoint.is_some(), bytes, slots: updates.len() - pages };
        let limits = &self.config.limits;
        let history = HistoryLimits { revisions: limits.history_revisions, bytes: limits.history_bytes };
        let steps = Bridge::load(checkpoint, updates, history);
        self.continue_loading(steps, of);
    }

    fn continue_loading(&mut self, steps: Steps<Result<Box<Bridge>, Error>>, of: Loading) {
        let mut steps = steps;
        match self.turn.take_steps(&mut steps) {
            None => self.following.building = Some(Building::Loading { steps, of }),
            Some(Ok(bridge)) => {
                self.following.building = Some(Building::Loaded { bridge, of });
                self.build_bridge();
            }
            Some(Err(_)) => self.give_up_building(&of),
        }
    }

    /// All is stored, and nothing is folded: gives the document what came meanwhile.
    fn end_building(&mut self, bridge: Box<Bridge>, of: Loading) {
        let mut bridge = bridge;
        self.take_author();
        let author = ClientId::new(self.manifest.author);
        let sessions = Sessions::restore(&self.manifest.sessions);
        let taken = bridge.take_slots(of.slots, self.journal.told(), sessions, author);
        if let (Ok(()), false) = (taken, of.has_checkpoint) {
            self.note_surplus(&bridge.state_vector());
        }
        match taken {
            // Otherwise a clock of ours might be given out twice.
            Ok(())
                if bridge.state_vector() == *self.known.clocks()
                    && (!of.has_checkpoint || bridge.delete_set() == *self.known.deletes()) =>
            {
                self.following.bridge = Some(bridge);
                self.following.document_bytes = of.bytes;
                self.following.used_ms = self.now_ms;
                // What of the newest slot was told while it was built is not among its changes.
                self.journal.end_slots();
                self.meters.documents_built += 1;
                self.follow_again();
                self.tell_followers();
                self.answer_asked();
            }
            _ => self.give_up_building(&of),
        }
    }

    fn give_up_building(&mut self, of: &Loading) {
        if !of.has_checkpoint {
            return self.hinder(Hindrance::Broken);
        }
        self.following.ignores_checkpoint = true;
        self.following.checkpointed_bytes = 0;
        self.build_bridge();
    }

    /// A fold that was cut off may have left units in the last page that were acknowledged to nobody, and that the manifest
    /// does not know: they are known from now on, and stored with the next fold.
    fn note_surplus(&mut self, found: &StateVector) {
        let Ok(mut stored) = decode_state_vector(&self.manifest.state_vector) else { return };
        for (client, clock) in found.iter() {
            let known = self.known.clock(client);
            if clock > known {
                stored.advance(client, clock);
                self.known.advance_stored(client, known..clock);
            }
        }
        self.manifest.state_vector = encode_state_vector(&stored);
    }

    /// There is no document from now on.
    pub(super) fn hinder(&mut self, hindrance: Hindrance) {
        self.following.hindrance = Some(hindrance);
        self.refuse_followers(hindrance);
    }

    /// Nobody can be given the document now.
    fn refuse_followers(&mut self, hindrance: Hindrance) {
        let (refused, reason) = hindrance.answer();
        self.following.asked.clear();
        self.following.asked_bytes = 0;
        for connection in self.followers().collect::<Vec<_>>() {
            self.refuse(connection, refused, 0);
            self.close(connection, reason);
        }
    }
}
