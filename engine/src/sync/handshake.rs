//! The handshake: a client gets all that it lacks as updates, page by page, and a small step 2 last.
//!
//! Where both sides are told what the other has only by state vectors, deletes are what they don't tell. A
//! stock client sends its whole delete set with its answer to our step 1; what it lacks is seen from that
//! (`comparing.rs`). One that does not answer gets all deletes.

use super::close::{self, CloseReason};
use super::comparing::below;
use super::config::Rights;
use super::connections::{Connection, Join};
use super::effect::{ConnectionId, ReadToken};
use super::flush::Writing;
use super::frame;
use super::opening::Damage;
use super::receive::too_many_or_malformed;
use super::room::Room;
use super::their_vector::TheirVector;
use super::turn::cost;
use crate::archive::{PageBuilder, RowKey, RowKind, ShownSlot, StoreError};
use crate::update::{Content, Update};
use crate::values::{ClientId, IdSet};
use std::ops::RangeInclusive;
use std::sync::Arc;

/// How long a client's answer to our step 1 is waited for, in milliseconds.
const ANSWER_MS: u64 = 5_000;
/// Base pages that are read at a time.
const PAGES_PER_READ: u32 = 16;
/// Bytes that are sent before a client has to show that it keeps up.
const PACED_BYTES: usize = 1 << 20;
/// How long such a sign is waited for, in milliseconds.
const PACE_MS: u64 = 2_000;

impl Room {
    /// A client tells what it has (sync step 1). `false` if rows are being read first without which nobody knows what it lacks.
    pub(super) fn begin_join(&mut self, connection: ConnectionId, vector: &[u8]) -> Result<bool, CloseReason> {
        let read = TheirVector::read(vector, &self.config.limits);
        let mut theirs = read.map_err(too_many_or_malformed)?;
        if let Some(theirs) = &mut theirs {
            if !self.load_clocks_beside(theirs) {
                return Ok(false);
            }
            let author = ClientId::new(self.manifest.author);
            if self.known.has_clock(author) && theirs.clock(author) > self.known.clock(author) {
                self.spend_author();
            }
            theirs.retain_known(&self.known);
        }
        let Some(rights) = self.connections.get(&connection).map(|of| of.rights) else { return Ok(true) };
        self.send(connection, self.echo(vector, theirs.as_ref(), rights));
        let join = Join {
            theirs,
            search: None,
            next_page: None,
            has_structs: false,
            lacks: None,
            // What is stored only after it was compared, and before it is live.
            later: self.known.unstored_deletes(),
            deadline_ms: 0,
            unpaced_bytes: 0,
            paused_until_ms: None,
        };
        if let Some(of) = self.connections.get_mut(&connection) {
            of.join = Some(join);
            of.needs_attaching |= of.is_live;
        }
        if !self.joining.contains(&connection) {
            self.joining.push(connection);
        }
        Ok(true)
    }

    /// Our step 1: our state vector as far as it concerns a client with this one. It answers with what we lack, and we
    /// need not list all clients that there ever were. From a client that may not write nothing is asked.
    fn echo(&self, vector: &[u8], theirs: Option<&TheirVector>, rights: Rights) -> Arc<[u8]> {
        match theirs.filter(|_| rights == Rights::Write) {
            Some(theirs) => frame::step_1(&theirs.encode_lowered(self.known.shown_beside())),
            None if rights == Rights::Write => frame::step_1(&[0]),
            None => frame::step_1(vector),
        }
    }

    /// Goes on with all handshakes as far as they get.
    #[inline(never)]
    pub(super) fn continue_handshakes(&mut self) {
        // What the server itself has written is shown to nobody before it is stored.
        let is_unstored =
            !self.following.authored.is_empty() || self.writing.as_ref().is_some_and(Writing::has_authored);
        if self.joining.is_empty() || is_unstored {
            return;
        }
        for connection in self.joining.clone() {
            let Some(of) = self.connections.get_mut(&connection) else { continue };
            let Some(mut join) = of.join.take() else { continue };
            let is_done = self.continue_join(connection, &mut join);
            if is_done {
                self.meters.joins += 1;
                self.joining.retain(|of| *of != connection);
                if let Some(of) = self.connections.get_mut(&connection) {
                    of.needs_attaching = true;
                }
            } else if let Some(of) = self.connections.get_mut(&connection) {
                of.join = Some(join);
            }
        }
    }

    /// Sends a joining client what can be sent now; `true` when its handshake has ended.
    fn continue_join(&mut self, connection: ConnectionId, join: &mut Join) -> bool {
        if !join.has_structs {
            if join.next_page.is_none() {
                join.next_page = self.find_first_page(join);
            }
            let Some(next_page) = join.next_page else { return false };
            if !self.send_pages(connection, join, next_page) {
                return false;
            }
            // No pause from the last page on: what is in neither the base nor the journal reaches it live.
            self.send_journal(connection, join);
            join.has_structs = true;
            join.deadline_ms = self.now_ms + ANSWER_MS;
            self.make_live(connection);
        }
        if let Some(theirs) = &join.theirs {
            let Some(mut lacks) = join.lacks.take() else { return false };
            let later = below(join.later.iter(), theirs);
            later.into_iter().for_each(|(client, range)| lacks.insert(client, range));
            let lacks = self.known.shown_of(lacks);
            self.send_deletes(connection, &lacks);
        }
        self.send(connection, frame::last_step_2());
        true
    }

    fn make_live(&mut self, connection: ConnectionId) {
        if let Some(of) = self.connections.get_mut(&connection)
            && !core::mem::replace(&mut of.is_live, true)
        {
            self.list_live(connection);
        }
    }

    /// Lists a connection among those that get live updates.
    pub(super) fn list_live(&mut self, connection: ConnectionId) {
        let at = self.live.partition_point(|of| *of < connection);
        self.live.insert(at, connection);
    }

    /// Sends base pages; `true` when there are no more.
    fn send_pages(&mut self, connection: ConnectionId, join: &mut Join, next_page: u32) -> bool {
        let mut next_page = next_page;
        while let Some(page) = self.manifest.find_page_from(next_page) {
            if join.paused_until_ms.is_some_and(|until| until > self.now_ms) {
                return false;
            }
            join.paused_until_ms = None;
            if join.unpaced_bytes >= PACED_BYTES {
                join.unpaced_bytes = 0;
                join.paused_until_ms = Some(self.now_ms + PACE_MS);
                self.send(connection, frame::query_awareness());
                continue;
            }
            if self.turn.is_over() {
                return false;
            }
            let Some(message) = self.pages.find(page, self.now_ms) else {
                self.read_pages(page);
                return false;
            };
            next_page = page + 1;
            join.next_page = Some(next_page);
            let bytes = message.as_ref().map_or(0, |message| message.len());
            self.turn
                .spend(cost::MESSAGE + bytes / if join.theirs.is_some() { cost::CUT_BYTES } else { cost::SENT_BYTES });
            let message = match &join.theirs {
                None => message,
                Some(theirs) => message.and_then(|message| cut(&message, theirs)),
            };
            if let Some(message) = message {
                join.unpaced_bytes += message.len();
                self.send(connection, message);
            }
        }
        true
    }

    /// Sends what the journal holds, as it is: a client drops what it has.
    fn send_journal(&mut self, connection: ConnectionId, join: &Join) {
        for slot in self.journal.shown(self.keeps_window()) {
            if join.theirs.as_ref().is_none_or(|theirs| lacks_of(&slot, theirs)) {
                self.send(connection, frame::update(&slot.update));
            }
        }
    }

    /// Asks for pages from `page` on, unless pages are being read.
    fn read_pages(&mut self, page: u32) {
        let last = page.saturating_add(PAGES_PER_READ - 1).min(self.manifest.last_page().unwrap_or(page));
        self.read_page_range(page..=last);
    }

    /// Asks for pages up to `page`, unless pages are being read.
    pub(super) fn read_pages_up_to(&mut self, page: u32) {
        self.read_page_range(page.saturating_sub(PAGES_PER_READ - 1)..=page);
    }

    /// While a fold is being written no page is read: what they hold then is not known.
    fn read_page_range(&mut self, pages: RangeInclusive<u32>) {
        let folds = self.writing.as_ref().is_some_and(Writing::folds);
        if self.pages.reading.is_none() && !folds {
            let (first, last) = (*pages.start(), *pages.end());
            let token = self.read(RowKey::new(RowKind::BasePage, first)..=RowKey::new(RowKind::BasePage, last));
            self.pages.reading = Some((token, pages));
        }
    }

    /// Takes the pages that were read.
    pub(super) fn take_pages(&mut self, token: ReadToken, rows: Result<Vec<(RowKey, Vec<u8>)>, StoreError>) {
        let Some((_, range)) = self.pages.reading.take_if(|(of, _)| *of == token) else { return };
        let Ok(rows) = rows else {
            // Whoever waits for these pages has to come again.
            for connection in self.joining.clone() {
                let waits = |of: &Connection| of.join.as_ref().is_some_and(|join| !join.has_structs);
                if self.connections.get(&connection).is_some_and(waits) {
                    self.close(connection, close::SYNC_AGAIN);
                }
            }
            return;
        };
        let mut page = *range.start();
        while let Some(number) = self.manifest.find_page_from(page).filter(|number| range.contains(number)) {
            page = number + 1;
            let update = self.open_page(&rows, number).map(frame::update);
            self.pages.insert(number, update);
        }
    }

    /// The update of a base page among rows that were read; `None`, and noted, if it is damaged or missing.
    pub(super) fn open_page<'r>(&mut self, rows: &'r [(RowKey, Vec<u8>)], number: u32) -> Option<&'r [u8]> {
        let key = RowKey::new(RowKind::BasePage, number);
        match self.find_row(key, rows) {
            Some(body) => return Some(body),
            None if rows.iter().any(|(of, _)| *of == key) => self.note_base_damage(Damage::Row(key)),
            None => self.note_base_damage(Damage::MissingPage(number)),
        }
        None
    }
}

/// What a client with this state vector lacks of a page, with the page's deletes of it.
fn cut(page: &[u8], theirs: &TheirVector) -> Option<Arc<[u8]>> {
    let (update, parsed) = frame::read_update(page)?;
    let deletes: IdSet = parsed.deletes.iter().cloned().collect();
    let mut rest = PageBuilder::default();
    for of in parsed.structs.iter().filter(|of| of.content != Content::Skip) {
        let has = theirs.clock(of.id.client);
        if of.end() > has {
            rest.add_struct(of, update, has.saturating_sub(of.id.clock)..of.len, &deletes);
        }
    }
    for (client, range) in &parsed.deletes {
        let start = range.start.max(theirs.clock(*client));
        if start < range.end {
            rest.add_delete(*client, start..range.end);
        }
    }
    (!rest.is_empty()).then(|| frame::update(&rest.encode()))
}

/// Whether a client with this state vector lacks structs of a slot, or deletes of what it lacks.
fn lacks_of(slot: &ShownSlot, theirs: &TheirVector) -> bool {
    slot.clients.iter().any(|(client, _, end)| theirs.clock(ClientId::new(*client)) < *end)
        || Update::parse_v1(&slot.update)
            .is_ok_and(|update| update.deletes.iter().any(|(client, range)| theirs.clock(*client) < range.end))
}
