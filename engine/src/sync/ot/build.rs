//! Building the document for clients without an engine: its checkpoint and the base pages behind that, or all of them, are
//! read part by part, as far as the budget goes.
//!
//! A checkpoint is written with a fold, while the document is in memory: only then it is what the base holds. It is
//! written after the manifest that it belongs to. Whatever is wrong with it, the pages have all that is in it: what comes
//! of it is taken only if it holds exactly what is known.

use super::refused::{DOCUMENT_TOO_LARGE, Refused, UNAVAILABLE};
use crate::archive::records::Manifest;
use crate::archive::{RowKey, RowKind, RowWrite, Sessions, StoreError, StoredCheckpoint};
use crate::bridge::{Bridge, HistoryLimits};
use crate::sync::close::{self, CloseReason};
use crate::sync::effect::ReadToken;
use crate::sync::room::Room;
use crate::update::{decode_state_vector, encode_state_vector};
use crate::values::{ClientId, StateVector};

/// Base pages that are read at a time: about a megabyte.
const PAGES_PER_READ: u32 = if cfg!(debug_assertions) { 2 } else { 16 };

/// A smaller base is built as quickly without a checkpoint.
const WORTH_BYTES: usize = if cfg!(debug_assertions) { 400 } else { 64 << 10 };

type Rows = Vec<(RowKey, Vec<u8>)>;

/// What has been read of the base. All of it is applied at once: in parts that takes three times as long, and no less memory.
#[derive(Debug)]
pub(super) struct Building {
    token: ReadToken,
    /// The first and the last page that are being read; `None` while the checkpoint is.
    range: Option<(u32, u32)>,
    base: Base,
}

/// What a document is built from, besides the journal.
#[derive(Debug, Default)]
struct Base {
    checkpoint: Option<Vec<u8>>,
    /// The pages behind it.
    pages: Vec<Vec<u8>>,
    /// Bytes of all pages.
    bytes: usize,
}

impl Building {
    pub(super) fn is_read(&self, token: ReadToken) -> bool {
        self.token == token
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
    /// Reads what the document is built from, once all is stored.
    pub(super) fn prepare_bridge(&mut self) {
        if self.following.is_reading() {
            return;
        }
        if self.base_is_damaged {
            return self.refuse_followers(Hindrance::Broken);
        }
        if let Some(hindrance) = self.following.hindrance {
            return self.refuse_followers(hindrance);
        }
        if !self.is_all_stored() {
            self.gather.flush_now = true;
            return;
        }
        // What it holds is compared with what is known.
        if !self.load_all() {
            return;
        }
        match self.manifest.find_page_from(0) {
            None => self.build_bridge(Base::default()),
            Some(page) if self.following.ignores_checkpoint => self.read_bridge_pages(page, Base::default()),
            Some(_) => {
                let token = self.read(RowKey::new(RowKind::Checkpoint, 0)..=RowKey::new(RowKind::Checkpoint, u32::MAX));
                self.following.building = Some(Building { token, range: None, base: Base::default() });
            }
        }
    }

    /// Reads pages from `page` on, behind those that are there.
    fn read_bridge_pages(&mut self, page: u32, base: Base) {
        let until = page.saturating_add(PAGES_PER_READ - 1).min(self.manifest.last_page().unwrap_or(page));
        let token = self.read(RowKey::new(RowKind::BasePage, page)..=RowKey::new(RowKind::BasePage, until));
        self.following.building = Some(Building { token, range: Some((page, until)), base });
    }

    /// Takes the checkpoint, or base pages, that the document is built from.
    pub(in crate::sync) fn take_bridge_pages(&mut self, rows: Result<Rows, StoreError>) {
        let Some(Building { range, mut base, .. }) = self.following.building.take() else { return };
        let next = match (range, rows) {
            (None, rows) => self.take_checkpoint(&rows.unwrap_or_default(), &mut base),
            (Some(_), Err(_)) => return self.refuse_followers(Hindrance::Broken),
            (Some((mut page, until)), Ok(rows)) => {
                while let Some(number) = self.manifest.find_page_from(page).filter(|number| *number <= until) {
                    page = number + 1;
                    let update = self.open_page(&rows, number).unwrap_or_default();
                    base.bytes = base.bytes.saturating_add(update.len());
                    base.pages.push(update.to_vec());
                }
                self.manifest.find_page_from(page)
            }
        };
        match next {
            _ if self.base_is_damaged => self.refuse_followers(Hindrance::Broken),
            _ if base.bytes > self.config.limits.document_bytes => self.hinder(Hindrance::TooLarge),
            Some(next) => self.read_bridge_pages(next, base),
            None => self.build_bridge(base),
        }
    }

    /// Takes the checkpoint if it is of use; gives the page to go on with.
    fn take_checkpoint(&mut self, rows: &Rows, base: &mut Base) -> Option<u32> {
        let folded = self.manifest.folded_sequence;
        let stored = StoredCheckpoint::read_rows(rows, self.manifest.stamp);
        let stored = stored.filter(|of| of.sequence <= folded && self.manifest.last_page() >= Some(of.last_page));
        let pages_from = |page: u32| {
            self.manifest.live_pages.iter().map(move |(first, count)| (first + count).saturating_sub(page.max(*first)))
        };
        let is_of_use = |of: &StoredCheckpoint| {
            // What is applied behind it takes three times as long as what is built at once.
            of.sequence == folded || pages_from(of.last_page).sum::<u32>() <= 1 + pages_from(0).sum::<u32>() / 4
        };
        let Some(stored) = stored.filter(is_of_use) else { return self.manifest.find_page_from(0) };
        self.following.checkpointed_bytes = stored.base_bytes;
        base.bytes = stored.base_bytes;
        base.checkpoint = Some(stored.checkpoint);
        if stored.sequence == folded { None } else { self.manifest.find_page_from(stored.last_page) }
    }

    fn build_bridge(&mut self, base: Base) {
        let limits = &self.config.limits;
        let history = HistoryLimits { revisions: limits.history_revisions, bytes: limits.history_bytes };
        self.take_author();
        let author = ClientId::new(self.manifest.author);
        let sessions = Sessions::restore(&self.manifest.sessions);
        let checkpoint = base.checkpoint.as_deref();
        let built = Bridge::build(checkpoint, &base.pages, self.journal.told(), sessions, author, history);
        if let (Ok(bridge), None) = (&built, checkpoint) {
            self.note_surplus(&bridge.state_vector());
        }
        match built {
            // Otherwise a clock of ours might be given out twice.
            Ok(bridge)
                if bridge.state_vector() == *self.known.clocks()
                    && (checkpoint.is_none() || bridge.delete_set() == *self.known.deletes()) =>
            {
                self.following.bridge = Some(Box::new(bridge));
                self.following.document_bytes = base.bytes;
                self.following.used_ms = self.now_ms;
                // What of the newest slot was told while it was built is not among its changes.
                self.journal.end_slots();
                self.meters.documents_built += 1;
                drop(base);
                self.follow_again();
                self.tell_followers();
                self.answer_asked();
            }
            _ if checkpoint.is_some() => {
                self.following.ignores_checkpoint = true;
                self.following.checkpointed_bytes = 0;
                self.prepare_bridge();
            }
            _ => self.hinder(Hindrance::Broken),
        }
    }

    /// A fold that was cut off may have left units in the last page that were acknowledged to nobody, and that the manifest
    /// does not know: they are known from now on, and stored with the next fold.
    fn note_surplus(&mut self, found: &StateVector) {
        let Ok(mut stored) = decode_state_vector(&self.manifest.state_vector) else { return };
        for (client, clock) in found.iter() {
            if clock > self.known.clock(client) {
                stored.advance(client, clock);
                self.known.advance_stored(client, clock);
            }
        }
        self.manifest.state_vector = encode_state_vector(&stored);
    }

    /// Whether the base has grown so much that a checkpoint pays: by an eighth. Then all that are ever written have together
    /// about ten times the bytes of the last one, and few rows.
    pub(super) fn wants_checkpoint(&self) -> bool {
        let bytes = self.following.document_bytes;
        let grown = bytes.saturating_sub(self.following.checkpointed_bytes);
        !self.base_is_damaged && grown >= (bytes / 8).max(WORTH_BYTES)
    }

    /// Appends the rows of a checkpoint to those of a fold, if it pays. The document holds all that is folded then, and
    /// nothing else.
    pub(in crate::sync) fn write_checkpoint(&mut self, manifest: &Manifest, rows: &mut Vec<RowWrite>) {
        let Some(bridge) = self.following.bridge.as_deref().filter(|_| self.wants_checkpoint()) else { return };
        let Some(last_page) = manifest.last_page() else { return };
        let base_bytes = self.following.document_bytes;
        let stored = StoredCheckpoint {
            sequence: manifest.folded_sequence,
            last_page,
            base_bytes,
            checkpoint: bridge.checkpoint(),
        };
        stored.write_rows(manifest.stamp, self.config.host, rows);
        self.following.checkpointed_bytes = base_bytes;
        self.following.ignores_checkpoint = false;
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
