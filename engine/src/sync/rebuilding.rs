//! Rows of state vector and delete set that can't be read are made anew out of the base pages.
//!
//! All pages are read once more, from the first one on, one at a time and as far as the turn goes; what belonged to the rows is
//! added to what is known, which may be more already. Until that has ended what comes waits, as if the rows were being read; but
//! who has nothing is sent the document meanwhile. Then a fold puts what was found into new rows. Before that nothing
//! is stored: a room that is dropped begins again.
//!
//! If a page is damaged as well, what the rows said can't be found: the document can be read, but not changed.

use super::effect::{ConnectionId, ReadToken};
use super::message::Message;
use super::opening::Damage;
use super::room::{Room, State};
use super::turn::cost;
use crate::archive::{RowKey, RowKind, StoreError};

/// What is being made anew.
#[derive(Debug, Default)]
pub(super) struct Rebuilding {
    rows: Vec<RowKey>,
    /// Pages before this one were read.
    next_page: u32,
    /// The page that is being read.
    reading: Option<(ReadToken, u32)>,
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
        if let Some(page) = self.manifest.find_page_from(of.next_page).filter(|_| !self.base_is_damaged) {
            let key = RowKey::new(RowKind::BasePage, page);
            let token = self.read(key..=key);
            self.loading.rebuilding.iter_mut().for_each(|of| of.reading = Some((token, page)));
            return false;
        }
        self.finish_rebuilding();
        true
    }

    /// Takes the page that was read.
    pub(super) fn take_rebuilding(&mut self, rows: Result<Vec<(RowKey, Vec<u8>)>, StoreError>) {
        let Ok(rows) = rows else { return self.fail_loading() };
        let Some(of) = &mut self.loading.rebuilding else { return };
        let Some((_, page)) = of.reading.take() else { return };
        of.next_page = page + 1;
        let Some(body) = self.open_page(&rows, page) else { return };
        self.turn.spend(cost::MESSAGE + body.len() / cost::CUT_BYTES);
        let update = self.intake.update_mut();
        if update.parse(body).is_err() || !self.known.take_base_page(update) {
            self.note_base_damage(Damage::Row(RowKey::new(RowKind::BasePage, page)));
        }
    }

    /// All pages were read, or one of them can't be.
    fn finish_rebuilding(&mut self) {
        let Some(of) = self.loading.rebuilding.take() else { return };
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
            && of.is_some_and(|of| of.follower.is_none())
            && !self.has_waiting(connection)
            && matches!(
                Message::decode(message),
                Ok(Message::Step1([0]) | Message::Awareness(_) | Message::QueryAwareness)
            )
    }
}
