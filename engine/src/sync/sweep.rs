//! Sweeping: old base pages are looked at in turn, and those of which much was deleted are written anew without it.
//!
//! Nothing says in which page something lies that is deleted. But as much as is deleted, so many pages are looked at: one for
//! each eighth of a page. So all of them have been once as much as an eighth of the base is deleted, and of what is deleted
//! never more is stored than that and the quarter of each page that is not worth it.

use super::effect::ReadToken;
use super::room::Room;
use super::turn::cost;
use crate::archive::records::Manifest;
use crate::archive::{RowKey, RowKind, RowWrite, StoreError, collect, open_row, seal_row};
use crate::update::Update;

/// A page is looked at when a part of a page was deleted: this one of its size, a unit counting as a byte.
const PACE: usize = 8;
/// It is written anew if at least this part of it goes.
const WORTH: usize = if cfg!(debug_assertions) { 50 } else { 4 };
/// Most pages that are looked at after a fold.
const MOST_PAGES: usize = 8;

/// Pages that are looked at.
#[derive(Debug, Default)]
pub(super) struct Sweep {
    /// From which page on, and how many: those that the manifest of the fold under way counts as looked at. If that is lost on
    /// the way, their turn comes again.
    planned: (u32, usize),
    /// Those that come next.
    pages: (u32, usize),
    reading: Option<ReadToken>,
    /// The row of the page that is looked at.
    row: Option<(RowKey, Vec<u8>)>,
    /// A page as it is to be written, and how many bytes smaller that is.
    collected: Option<(RowKey, Vec<u8>, usize)>,
}

impl Sweep {
    pub(super) fn is_read(&self, token: ReadToken) -> bool {
        self.reading == Some(token)
    }

    /// Whether something is being read or waits to be written.
    pub(super) fn is_under_way(&self) -> bool {
        self.reading.is_some() || self.collected.is_some()
    }

    /// Whether a page waits to be written.
    pub(super) fn has_collected(&self) -> bool {
        self.collected.is_some()
    }

    /// The fold is stored that counts what was planned as looked at.
    pub(super) fn begin(&mut self) {
        self.pages = core::mem::take(&mut self.planned);
    }
}

impl Room {
    /// Counts in the manifest of a fold what was deleted, and chooses the pages that are looked at for that.
    pub(super) fn plan_sweep(&mut self, manifest: &mut Manifest) {
        let deleted = self.known.take_deleted_units();
        self.sweep.planned = (manifest.next_swept, 0);
        if manifest.keeps_history() || manifest.live_pages.is_empty() {
            return;
        }
        let pace = (self.config.sizes.fitting(self.config.host).page / PACE).max(1) as u64;
        let others = manifest.live_pages.iter().map(|(_, count)| u64::from(*count)).sum::<u64>() - 1;
        manifest.deleted_units = manifest.deleted_units.saturating_add(deleted).min(others * pace);
        while manifest.deleted_units >= pace && self.sweep.planned.1 < MOST_PAGES {
            self.sweep.planned.1 += 1;
            manifest.next_swept = next_page(manifest, manifest.next_swept) + 1;
            manifest.deleted_units -= pace;
        }
    }

    /// Goes on with the pages that are looked at, as far as the turn goes.
    #[inline(never)]
    pub(super) fn continue_sweep(&mut self) {
        if self.base_is_damaged || self.is_shutting_down {
            self.sweep = Sweep::default();
        }
        while !self.sweep.is_under_way()
            && (self.sweep.row.is_some() || self.sweep.pages.1 > 0)
            && self.takes_waiting()
            && !self.turn.is_over()
        {
            match self.sweep.row.take() {
                Some((key, row)) => self.look_at_page(key, row),
                None => {
                    let page = next_page(&self.manifest, self.sweep.pages.0);
                    self.sweep.pages = (page + 1, self.sweep.pages.1 - 1);
                    let key = RowKey::new(RowKind::BasePage, page);
                    self.sweep.reading = Some(self.read(key..=key));
                }
            }
        }
        if self.sweep.has_collected() {
            self.flush_if_due();
        }
    }

    /// Takes a page that was read. One that can't be read is left to who needs it.
    pub(super) fn take_swept(&mut self, rows: Result<Vec<(RowKey, Vec<u8>)>, StoreError>) {
        self.sweep.reading = None;
        self.sweep.row = rows.ok().and_then(|rows| rows.into_iter().next());
    }

    /// Collects what is deleted of a page, once it is known what is.
    fn look_at_page(&mut self, key: RowKey, bytes: Vec<u8>) {
        let stamp = self.manifest.stamp;
        let Some(row) = open_row(key, &bytes).ok().filter(|row| row.stamp == stamp) else { return };
        let unread = self.unread_rows_for(row.body);
        if !unread.is_empty() {
            self.load(unread);
            self.sweep.row = Some((key, bytes));
            return;
        }
        self.turn.spend(cost::MESSAGE + row.body.len() / cost::CUT_BYTES);
        let deletes = self.known.deletes();
        if let Some(page) = collect(row.body, deletes, deletes, row.body.len() / WORTH) {
            // It holds what it held, and says so.
            let collected = seal_row(key, row.stamp, row.sequence, page.len(), |out| out.extend_from_slice(&page));
            self.sweep.collected = Some((key, collected, row.body.len() - page.len()));
        }
    }

    /// Appends the page that is to be written to the rows of a flush, behind all that this stores: so what is deleted is in the
    /// store when its content goes. If the flush fails, the page's turn comes again.
    pub(super) fn write_collected(&mut self, rows: &mut Vec<RowWrite>) {
        if let Some((key, row, saved)) = self.sweep.collected.take() {
            rows.push(RowWrite::Put(key, row));
            self.pages.forget(key.number);
            self.meters.pages_collected += 1;
            self.following.note_base_bytes(saved, 0);
        }
    }

    /// The rows without which it is not known what is deleted of a page.
    fn unread_rows_for(&self, page: &[u8]) -> Vec<RowKey> {
        match Update::parse_v1(page) {
            Ok(update) if !self.known.has_deletes() => self.known.unread_deletes_of(&update),
            _ => Vec::new(),
        }
    }
}

/// The page from a number on that is looked at next. The last one is not: folds see to it.
fn next_page(manifest: &Manifest, from: u32) -> u32 {
    let next = manifest.find_page_from(from).filter(|page| Some(*page) != manifest.last_page());
    next.or(manifest.find_page_from(0)).unwrap_or_default()
}
