//! Building the document for clients without an engine: base pages are read part by part, as far as the budget goes.

use super::refused::{DOCUMENT_TOO_LARGE, Refused, UNAVAILABLE};
use crate::archive::{RowKey, RowKind, Sessions, StoreError};
use crate::bridge::{Bridge, HistoryLimits};
use crate::sync::close::{self, CloseReason};
use crate::sync::effect::ReadToken;
use crate::sync::room::Room;
use crate::values::ClientId;

/// Base pages that are read at a time: about a megabyte.
const PAGES_PER_READ: u32 = if cfg!(debug_assertions) { 2 } else { 16 };

/// What has been read of the base. All of it is applied at once: in parts that takes three times as long, and no less memory.
#[derive(Debug)]
pub(super) struct Building {
    token: ReadToken,
    /// The first and the last page that are being read.
    first: u32,
    until: u32,
    pages: Vec<Vec<u8>>,
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
    /// It is larger than `Limits::document_bytes`. As what is stored never gets smaller, it stays so.
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
            None => self.build_bridge(Vec::new(), 0),
            Some(page) => self.read_bridge_pages(page, Vec::new(), 0),
        }
    }

    /// Reads pages from `page` on, behind those that are there.
    fn read_bridge_pages(&mut self, page: u32, pages: Vec<Vec<u8>>, bytes: usize) {
        let until = page.saturating_add(PAGES_PER_READ - 1).min(self.manifest.last_page().unwrap_or(page));
        let token = self.read(RowKey::new(RowKind::BasePage, page)..=RowKey::new(RowKind::BasePage, until));
        self.following.building = Some(Building { token, first: page, until, pages, bytes });
    }

    /// Takes base pages that the document is built from.
    pub(in crate::sync) fn take_bridge_pages(&mut self, rows: Result<Vec<(RowKey, Vec<u8>)>, StoreError>) {
        let Some(Building { first, until, mut pages, mut bytes, .. }) = self.following.building.take() else { return };
        let mut page = first;
        match rows {
            Err(_) => self.refuse_followers(Hindrance::Broken),
            Ok(rows) => {
                while let Some(number) = self.manifest.find_page_from(page).filter(|number| *number <= until) {
                    page = number + 1;
                    let update = self.open_page(&rows, number).unwrap_or_default();
                    bytes += update.len();
                    pages.push(update.to_vec());
                }
                match self.manifest.find_page_from(page) {
                    _ if self.base_is_damaged => self.refuse_followers(Hindrance::Broken),
                    _ if bytes > self.config.limits.document_bytes => self.hinder(Hindrance::TooLarge),
                    Some(next) => return self.read_bridge_pages(next, pages, bytes),
                    None => self.build_bridge(pages, bytes),
                }
            }
        }
        self.handle_waiting();
    }

    fn build_bridge(&mut self, pages: Vec<Vec<u8>>, bytes: usize) {
        let limits = &self.config.limits;
        let history = HistoryLimits { revisions: limits.history_revisions, bytes: limits.history_bytes };
        self.take_author();
        let author = ClientId::new(self.manifest.author);
        let sessions = Sessions::restore(&self.manifest.sessions);
        match Bridge::build(&pages, self.journal.told(), sessions, author, history) {
            // Otherwise a clock of ours might be given out twice.
            Ok(bridge) if bridge.state_vector() == *self.known.clocks() => {
                self.following.bridge = Some(Box::new(bridge));
                self.following.document_bytes = bytes;
                self.following.used_ms = self.now_ms;
                // What of the newest slot was told while it was built is not among its changes.
                self.journal.end_slots();
                self.meters.documents_built += 1;
                drop(pages);
                self.follow_again();
                self.tell_followers();
                self.answer_asked();
            }
            _ => self.hinder(Hindrance::Broken),
        }
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
