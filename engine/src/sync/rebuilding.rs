//! What can't be read is made anew out of the base pages: rows of state vector and delete set, and the manifest.
//!
//! All pages are read once more, from the first one on, one at a time and as far as the turn goes; what belonged to the rows is
//! added to what is known, which may be more already. Until that has ended what comes waits, as if the rows were being read; but
//! who has nothing is sent the document meanwhile. Then a fold puts what was found into new rows. Before that nothing
//! is stored: a room that is dropped begins again.
//!
//! If a page is damaged as well, what the rows said can't be found: the document can be read, but not changed.
//!
//! Without a manifest the room does not open before all was read. Which pages are in use is not known then: all that are there
//! are taken. Pages that a fold left behind, or wrote before it was cut off, have nothing that is not in the document. Nor is
//! it known what of the journal is folded: all of it is taken in again, and what is known costs nothing. Not to be found are
//! the server's client id and the sessions of clients without an engine, who begin again, and whether deleted content may be
//! collected: it is kept. If a page is damaged, the document stays closed, and its rows as they are.

use super::close;
use super::effect::{ConnectionId, ReadToken};
use super::message;
use super::opening::{Damage, MANIFEST, Rows};
use super::room::{Room, State};
use super::turn::cost;
use crate::archive::records::Manifest;
use crate::archive::{RowKey, RowKind, StoreError, open_row};
use crate::update::{encode_state_vector, write_delete_set};
use crate::values::{Error, ErrorKind};

/// No page has a higher number.
const LAST_PAGE: u32 = u32::MAX - 2;

/// What is being made anew.
#[derive(Debug, Default)]
pub(super) struct Rebuilding {
    /// Rows of state vector and delete set; none if it is the manifest.
    rows: Vec<RowKey>,
    /// Pages before this one were read.
    next_page: u32,
    /// The page that is being read, or the last one of them.
    reading: Option<(ReadToken, u32)>,
    /// Of a manifest: how many numbers without a page came last, about,
    gap: u32,
    /// whether the document's stamp is known,
    has_stamp: bool,
    /// and the rows that the room is opened from, in two parts.
    read: (Rows, Rows),
}

impl Rebuilding {
    pub(super) fn is_read(&self, token: ReadToken) -> bool {
        self.reading.is_some_and(|(of, _)| of == token)
    }
}

impl Room {
    /// A row of what is known can't be read: it is made anew, if all else can be read.
    pub(super) fn lose_known_row(&mut self, key: RowKey) {
        self.note_damage(Damage::Row(key));
        if self.base_is_damaged {
            return self.known.give_up_row(key);
        }
        self.known.lose_row(key);
        let of = self.loading.rebuilding.get_or_insert_default();
        if !of.rows.contains(&key) {
            of.rows.push(key);
        }
        // From the first page on.
        (of.next_page, of.reading) = (0, None);
    }

    /// Asks for the next page, if it is time; `true` if there is none and nothing is made anew any more.
    pub(super) fn continue_rebuilding(&mut self) -> bool {
        let Some(of) = &mut self.loading.rebuilding else { return false };
        if of.reading.is_some() || self.turn.is_over() {
            return false;
        }
        let next = match self.state {
            // Where none was there are more and more read at once: there are few reads to the end of all numbers.
            State::Opening(_) => Some((of.next_page, of.next_page.saturating_add(of.gap).min(LAST_PAGE))),
            _ if self.base_is_damaged => None,
            _ => self.manifest.find_page_from(of.next_page).map(|page| (page, page)),
        };
        if let Some((first, last)) = next.filter(|(first, _)| *first <= LAST_PAGE) {
            let token = self.read(RowKey::new(RowKind::BasePage, first)..=RowKey::new(RowKind::BasePage, last));
            self.loading.rebuilding.iter_mut().for_each(|of| of.reading = Some((token, last)));
            return false;
        }
        self.finish_rebuilding();
        true
    }

    /// Takes the pages that were read.
    pub(super) fn take_rebuilding(&mut self, rows: Result<Rows, StoreError>) {
        let is_opening = matches!(self.state, State::Opening(_));
        let rows = match rows {
            Ok(rows) => rows,
            Err(_) if is_opening => return self.refuse_opening(close::CANNOT_OPEN),
            Err(_) => return self.fail_loading(),
        };
        let Some(of) = &mut self.loading.rebuilding else { return };
        let Some((_, last)) = of.reading.take() else { return };
        of.gap = if rows.is_empty() { 2 * of.gap + 1 } else { 0 };
        of.next_page = last + 1;
        if is_opening {
            for (key, row) in &rows {
                if let Err(error) = self.take_found_page(*key, row) {
                    self.note_damage(Damage::Row(*key));
                    return self.refuse_unreadable(error);
                }
            }
        } else if let Some(body) = self.open_page(&rows, last)
            && self.take_base_page(body).is_err()
        {
            self.note_base_damage(Damage::Row(RowKey::new(RowKind::BasePage, last)));
        }
    }

    /// Adds what a base page tells to what is known.
    ///
    /// # Errors
    /// If it is none, or needs what was not before it.
    fn take_base_page(&mut self, body: &[u8]) -> Result<(), Error> {
        self.turn.spend(cost::MESSAGE + body.len() / cost::CUT_BYTES);
        let update = self.intake.update_mut();
        update.parse(body)?;
        if self.known.take_base_page(update) { Ok(()) } else { Err(ErrorKind::DamagedRow.into()) }
    }

    /// The manifest can't be read: it is made anew before the room opens.
    pub(super) fn rebuild_manifest(&mut self, main: Rows, pending: Rows) {
        self.note_damage(Damage::Row(MANIFEST));
        let others = main.iter().chain(&pending).filter(|(key, _)| key.kind != RowKind::Manifest);
        let stamp = others.filter_map(|(key, row)| open_row(*key, row).ok()).map(|row| row.stamp).next();
        let empty = Manifest::of_empty_document(stamp.unwrap_or(self.manifest.stamp));
        self.manifest = Manifest { flags: Manifest::KEEPS_HISTORY, ..empty };
        let read = (main, pending);
        self.loading.rebuilding = Some(Rebuilding { read, has_stamp: stamp.is_some(), ..Rebuilding::default() });
    }

    /// Takes a page that no manifest names.
    fn take_found_page(&mut self, key: RowKey, row: &[u8]) -> Result<(), Error> {
        let row = open_row(key, row)?;
        let Some(of) = &mut self.loading.rebuilding else { return Ok(()) };
        if !core::mem::replace(&mut of.has_stamp, true) {
            self.manifest.stamp = row.stamp;
        }
        if row.stamp != self.manifest.stamp {
            return Err(ErrorKind::DamagedRow.into());
        }
        self.take_base_page(row.body)?;
        self.manifest.next_page = key.number;
        self.manifest.add_page();
        self.manifest.tail_bytes = row.body.len() as u32;
        self.manifest.folded_sequence = self.manifest.folded_sequence.max(row.sequence);
        Ok(())
    }

    /// All pages were read, or one of them can't be.
    fn finish_rebuilding(&mut self) {
        let Some(of) = self.loading.rebuilding.take() else { return };
        if matches!(self.state, State::Opening(_)) {
            if !of.has_stamp {
                // There is nothing.
                return self.refuse_opening(close::CANNOT_OPEN);
            }
            self.manifest.state_vector = encode_state_vector(self.known.clocks());
            self.manifest.delete_set.clear();
            write_delete_set(&mut self.manifest.delete_set, self.known.deletes());
            self.known.pages_mut().is_rebuilt = true;
            self.note_damage(Damage::Rebuilt(MANIFEST));
            let (main, pending) = of.read;
            return self.finish_opening(main, pending, true);
        }
        for key in of.rows {
            if self.base_is_damaged {
                self.known.give_up_row(key);
            } else {
                self.known.end_rebuild(key);
                self.note_damage(Damage::Rebuilt(key));
            }
        }
        self.end_loading();
    }

    /// Whether a message can be handled while rows are made anew: it needs none of them, and its sender has sent nothing that
    /// does.
    pub(super) fn serves_meanwhile(&self, connection: ConnectionId, message: &[u8]) -> bool {
        let of = self.connections.get(&connection);
        let is_rebuilding = matches!(self.state, State::Open) && self.loading.rebuilding.is_some();
        is_rebuilding
            && message::needs_nothing_known(message)
            && of.is_some_and(|of| of.follower.is_none())
            && !self.has_waiting(connection)
    }
}
