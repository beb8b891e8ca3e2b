//! Storing what came: when a flush is due, what it writes, and what follows from its outcome.

use super::close;
use super::config::Durability;
use super::effect::{ConnectionId, Effect, WriteToken};
use super::frame;
use super::opening::Damage;
use super::room::Room;
use crate::archive::records::Manifest;
use crate::archive::{PageBuilder, RowKey, RowKind, RowWrite, Sessions, fold, seal_row};
use std::collections::VecDeque;
use std::sync::Arc;

/// Where no client beats, unstored edits wait at most this long for their flush, in milliseconds.
const LONGEST_WINDOW_MS: u64 = 60_000;
/// A failed flush is tried again after this time, doubled each time, where a window is kept; one whose read failed, too.
pub(super) const RETRY_MS: u64 = 1_000;
/// While flushes fail, no more edits than this wait, in bytes: all of them are folded at once.
const MOST_WHILE_FAILING: usize = 256 << 10;
/// So many failed flushes in a row end the connections.
const MOST_FAILURES: u32 = 5;

/// What came since the last flush was begun.
#[derive(Debug, Default)]
pub(super) struct Gather {
    /// All that is new, to be passed on.
    pub(super) page: PageBuilder,
    /// What is new in what was taken last, if the host is told of it.
    pub(super) accepted: PageBuilder,
    /// Who brought news; with `None` for news out of what waited.
    authors: Vec<Option<ConnectionId>>,
    /// Who sent what is not stored, even if another one had brought it: if the flush fails, it is lost.
    touched: Vec<ConnectionId>,
    /// Flush without waiting for the end of the window.
    pub(super) flush_now: bool,
}

impl Gather {
    /// Notes news.
    pub(super) fn note(&mut self, from: Option<ConnectionId>) {
        if !self.authors.contains(&from) {
            self.authors.push(from);
        }
    }

    /// Whether there are news.
    pub(super) fn has_news(&self) -> bool {
        !self.authors.is_empty()
    }

    /// The news as an update, and who has brought it if that is one alone.
    pub(super) fn take_news(&mut self) -> (Vec<u8>, Option<ConnectionId>) {
        let author = match core::mem::take(&mut self.authors)[..] {
            [only] => only,
            _ => None,
        };
        (core::mem::take(&mut self.page).encode(), author)
    }

    /// Notes that a connection sent what is not stored.
    pub(super) fn touch(&mut self, connection: ConnectionId) {
        if !self.touched.contains(&connection) {
            self.touched.push(connection);
        }
    }
}

/// A flush that is under way.
#[derive(Debug)]
pub(super) struct Writing {
    pub(super) token: WriteToken,
    /// What is still to be written after the batch that is.
    batches: VecDeque<Vec<RowWrite>>,
    /// What is passed on once it is stored, and to whom not.
    message: Option<(Arc<[u8]>, Option<ConnectionId>)>,
    touched: Vec<ConnectionId>,
    /// What the server itself has written, passed on as well. (Only where a window is kept.)
    authored: Vec<Arc<[u8]>>,
    /// The sequence number up to which all is stored then.
    sequence: u64,
    /// The manifest that it writes, and how many slots it folds.
    manifest: Option<(Manifest, usize)>,
    since_ms: Option<u64>,
}

impl Writing {
    /// Whether it writes base pages.
    pub(super) fn folds(&self) -> bool {
        self.manifest.is_some()
    }

    /// Whether it stores what the server itself has written, and nobody was shown.
    pub(super) fn has_authored(&self) -> bool {
        !self.authored.is_empty()
    }
}

impl Room {
    /// Whether something waits to be stored that no write is under way for.
    pub(super) fn has_unstored(&self) -> bool {
        self.journal.is_dirty()
            || self.pending.is_dirty()
            || !self.following.is_building()
                && (self.wants_folding && self.journal.slot_count() > 0 || self.stores_rebuilt())
            || self.has_unstored_author()
            || self.sweep.has_collected()
    }

    /// Whether not so much waits to be stored that nothing more is taken.
    pub(super) fn store_keeps_up(&self) -> bool {
        let most = if self.failed_in_a_row > 0 { MOST_WHILE_FAILING } else { usize::MAX };
        self.journal.unstored_bytes() <= self.config.limits.unstored_bytes.min(most)
    }

    /// Whether what was found in the base is to be stored by itself. After a failure it waits for something else.
    fn stores_rebuilt(&self) -> bool {
        self.known.is_rebuilt() && !self.base_is_damaged && self.failed_in_a_row == 0
    }

    /// When a window ends without a message: only asked for where no client will send one by itself.
    pub(super) fn window_ends_ms(&self) -> Option<u64> {
        let Durability::Window { ms } = self.config.durability else { return None };
        let beats = self.connections.values().any(|of| of.beats);
        self.unstored_since_ms
            .filter(|_| !beats && self.writing.is_none())
            .map(|since| since + ms.max(LONGEST_WINDOW_MS))
    }

    /// Begins a flush if there is something to store and it is time, and no other one is under way.
    #[inline(never)]
    pub(super) fn flush_if_due(&mut self) {
        if self.writing.is_some()
            || self.tail_read.is_some()
            || self.loading.is_under_way()
            || self.following.is_checkpointing()
            || self.has_stored_waiting()
        {
            return;
        }
        if !self.has_unstored() {
            // Whoever asked for a flush asked for one of what there was.
            self.gather.flush_now = false;
            self.unstored_since_ms = None;
            return;
        }
        if self.retry_ms.is_some_and(|at| at > self.now_ms) {
            return;
        }
        let is_due = match self.config.durability {
            Durability::BeforeBroadcast => true,
            Durability::Window { ms } => {
                self.gather.flush_now
                    || self.is_shutting_down
                    || self.pending.is_dirty()
                    || self.sweep.has_collected()
                    || self.journal.wants_folding()
                    || self.unstored_since_ms.is_none_or(|since| since + ms <= self.now_ms)
            }
        };
        if is_due {
            self.begin_flush();
        }
    }

    fn begin_flush(&mut self) {
        self.retry_ms = None;
        self.close_changes();
        let wants_folding = self.journal.wants_folding() || self.wants_folding || self.known.is_rebuilt();
        // An operation is stored in one row with what it authored. Folded, both might come into several batches. And a
        // document is built from a base that stays as it is.
        let comes_first =
            (self.following.has_unstored_operations || self.following.is_building()) && self.journal.fits_ring();
        if !wants_folding || comes_first {
            self.wants_folding |= wants_folding;
            let mut rows = Vec::new();
            if !self.manifest_is_stored {
                self.manifest.write_rows(self.config.host, &mut rows);
            }
            self.journal.write_rows(self.manifest.stamp, &mut rows);
            self.write_collected(&mut rows);
            return self.begin_write(rows, None);
        }
        self.following.stop_building();
        // What goes into rows of state vector and delete set has to be read before.
        if !self.base_is_damaged && !self.load(self.known.rows_to_spill(self.config.sizes.fitting(self.config.host))) {
            return;
        }
        // What a large update brings is enough for pages of its own: they are not to be read and written again at each step.
        let grows = self.taking.is_empty()
            && (self.manifest.tail_bytes as usize) < self.config.sizes.fitting(self.config.host).grow_below;
        match self.manifest.last_page().filter(|_| grows && !self.base_is_damaged) {
            Some(page) => {
                let key = RowKey::new(RowKind::BasePage, page);
                self.tail_read = Some(self.read(key..=key));
            }
            None => self.fold_into(None),
        }
    }

    /// Folds the journal into the base: behind the last page, whose row this is, or into pages of their own.
    pub(super) fn fold_into(&mut self, tail: Option<Vec<(RowKey, Vec<u8>)>>) {
        self.close_changes();
        let Some(tail) = self.begin_checkpoint(tail) else { return };
        let last_page = self.manifest.last_page();
        let tail_update = last_page
            .zip(tail.as_deref())
            .and_then(|(page, rows)| self.find_row(RowKey::new(RowKind::BasePage, page), rows));
        let slots = self.journal.updates();
        let slot_count = self.journal.slot_count();
        let mut manifest = self.manifest.clone();
        if self.config.keeps_history {
            manifest.flags |= Manifest::KEEPS_HISTORY;
        }
        let stored = (!manifest.keeps_history()).then(|| self.journal.stored_count());
        self.journal.begin_fold();
        let (sizes, host) = (self.config.sizes, self.config.host);
        let folded = tail_update.and_then(|tail| fold(Some(tail), &slots, stored, sizes, host).ok());
        let grows = folded.is_some();
        let pages = folded.unwrap_or_else(|| {
            let folded = fold(None, &slots, stored, sizes, host);
            folded.unwrap_or_else(|_| unreachable!("the journal holds what was checked when it came"))
        });
        if let (false, Some(page), Some(_)) = (grows, last_page, tail) {
            self.note_base_damage(Damage::Row(RowKey::new(RowKind::BasePage, page)));
        }
        let tail_bytes = if grows { self.manifest.tail_bytes as usize } else { 0 };
        self.following.note_base_bytes(tail_bytes, pages.iter().map(Vec::len).sum());
        manifest.folded_sequence = self.journal.take_sequence();
        let mut rows = Vec::with_capacity(pages.len() + 1);
        for (index, page) in pages.iter().enumerate() {
            let number = match last_page.filter(|_| grows && index == 0) {
                Some(tail) => tail,
                None => manifest.add_page(),
            };
            let key = RowKey::new(RowKind::BasePage, number);
            let row =
                seal_row(key, manifest.stamp, manifest.folded_sequence, page.len(), |out| out.extend_from_slice(page));
            rows.push(RowWrite::Put(key, row));
            manifest.tail_bytes = page.len() as u32;
        }
        self.plan_sweep(&mut manifest);
        let dead = self.store_known(&mut manifest, &mut rows);
        let mut sessions = Sessions::restore(&manifest.sessions);
        self.journal.changes().for_each(|changes| sessions.note_changes(changes));
        manifest.sessions = sessions.to_records(self.config.limits.sessions);
        manifest.write_rows(self.config.host, &mut rows);
        rows.extend(self.abandoned.iter().copied().chain(dead).map(RowWrite::Delete));
        self.write_checkpoint(&manifest, &mut rows);
        self.wants_folding = false;
        self.begin_write(rows, Some((manifest, slot_count)));
    }

    /// Puts what is known into the manifest, and into rows of its own where that is too much; gives the rows that are not in
    /// use any more.
    fn store_known(&mut self, manifest: &mut Manifest, rows: &mut Vec<RowWrite>) -> Vec<RowKey> {
        let sizes = self.config.sizes.fitting(self.config.host);
        let known = self.known.rows_of_fold(sizes, manifest, !self.base_is_damaged);
        for (key, body) in known.rows {
            let row =
                seal_row(key, manifest.stamp, manifest.folded_sequence, body.len(), |out| out.extend_from_slice(&body));
            rows.push(RowWrite::Put(key, row));
        }
        known.dead
    }

    pub(super) fn note_base_damage(&mut self, damage: Damage) {
        self.base_is_damaged = true;
        self.note_damage(damage);
    }

    pub(super) fn note_damage(&mut self, damage: Damage) {
        if !self.damage.contains(&damage) {
            self.damage.push(damage);
        }
    }

    fn begin_write(&mut self, rows: Vec<RowWrite>, manifest: Option<(Manifest, usize)>) {
        let mut rows = rows;
        let folded_sequence = manifest.as_ref().map_or(self.manifest.folded_sequence, |(of, _)| of.folded_sequence);
        self.pending.write_rows(self.manifest.stamp, folded_sequence, self.config.host, &mut rows);
        self.known.begin_write();
        self.pass_on_gathered();
        let mut gather = core::mem::take(&mut self.gather);
        let message = gather.has_news().then(|| gather.take_news());
        let message = message.map(|(update, author)| (frame::update(&update), author));
        self.unclaimed.being_written.append(&mut self.unclaimed.waiting);
        for of in self.connections.values_mut() {
            of.tail_being_written.append(&mut of.inherited);
            if !of.tail.is_empty() {
                of.tail_being_written.push(core::mem::take(&mut of.tail).encode());
            }
        }
        self.meters.flushes += 1;
        self.following.has_unstored_operations = false;
        let batches = cut_into_batches(rows, self.config.host.batch_rows);
        self.writing = Some(Writing {
            token: WriteToken(0),
            batches,
            message,
            touched: gather.touched,
            authored: core::mem::take(&mut self.following.authored),
            sequence: self.journal.last_written(),
            manifest,
            since_ms: self.unstored_since_ms.take(),
        });
        self.write_next_batch();
    }

    /// Asks for the next batch of the flush to be written; `false` if there is none left.
    fn write_next_batch(&mut self) -> bool {
        let token = WriteToken(self.token());
        let Some(writing) = &mut self.writing else { return false };
        let Some(rows) = writing.batches.pop_front() else { return false };
        writing.token = token;
        self.meters.rows_written += rows.len() as u64;
        let size = |row: &RowWrite| if let RowWrite::Put(_, bytes) = row { bytes.len() as u64 } else { 0 };
        self.meters.bytes_written += rows.iter().map(size).sum::<u64>();
        self.effects.push_back(Effect::Write { token, rows });
        true
    }

    /// A batch was written; if it was the last one, what waited for it is passed on.
    pub(super) fn finish_write(&mut self) {
        if self.write_next_batch() {
            return;
        }
        let Some(writing) = self.writing.take() else { return };
        if core::mem::take(&mut self.failed_in_a_row) > 0 && writing.has_authored() {
            self.connections.values_mut().for_each(|of| of.needs_attaching = true);
        }
        self.manifest_is_stored = true;
        self.journal.flushed();
        self.pending.flushed();
        self.known.written();
        if let Some((manifest, slots)) = writing.manifest {
            self.meters.folds += 1;
            self.abandoned.clear();
            self.journal.forget_first(slots);
            self.sweep.begin();
            if let Some(tail) = self.manifest.last_page() {
                self.pages.forget(tail);
            }
            let taken_meanwhile = (self.manifest.author, self.manifest.incarnation);
            self.manifest = manifest;
            self.manifest_is_stored = taken_meanwhile == (self.manifest.author, self.manifest.incarnation);
            (self.manifest.author, self.manifest.incarnation) = taken_meanwhile;
        }
        self.stored_sequence = writing.sequence;
        self.unclaimed.being_written.clear();
        for of in self.connections.values_mut().filter(|of| !of.tail_being_written.is_empty()) {
            of.tail_being_written.clear();
            of.needs_attaching = true;
        }
        if let Some((message, except)) = writing.message {
            self.broadcast(message, except);
        }
        writing.authored.into_iter().for_each(|message| self.broadcast(message, None));
        self.tell_followers();
        // What came while it was under way may be due as well.
        self.flush_if_due();
    }

    /// A write failed: with or without effect, nobody knows.
    pub(super) fn fail_write(&mut self) {
        let Some(writing) = self.writing.take() else { return };
        self.meters.failed_flushes += 1;
        self.failed_in_a_row += 1;
        if self.keeps_window() && self.failed_in_a_row < MOST_FAILURES && !self.is_shutting_down {
            // Others have seen these edits: they are kept, and written again.
            self.journal.not_flushed();
            self.pending.not_flushed();
            self.known.rows_not_stored();
            if !writing.authored.is_empty() {
                // It may be stored, and nobody was sent it: who is there when the room wakes has to begin again.
                self.following.authored.splice(..0, writing.authored);
                self.connections.values_mut().for_each(|of| of.needs_attaching = true);
            }
            self.unstored_since_ms = writing.since_ms.or(self.unstored_since_ms);
            if let Some((manifest, _)) = writing.manifest {
                // It may be stored, and its pages be in use: the next fold leaves them alone until it has replaced it.
                self.wants_folding = true;
                let pages = self.manifest.next_page..manifest.next_page;
                self.abandoned.extend(pages.map(|page| RowKey::new(RowKind::BasePage, page)));
                let first_slice = self.manifest.next_slice;
                self.abandoned.extend(manifest.slice_keys().filter(|key| key.number >= first_slice));
                self.manifest.next_page = manifest.next_page;
                self.manifest.next_slice = manifest.next_slice;
            }
            self.retry_ms = Some(self.now_ms + (RETRY_MS << self.failed_in_a_row));
            return;
        }
        if self.keeps_window() {
            self.close_all(close::NOT_STORED);
        }
        let mut touched = writing.touched;
        touched.append(&mut self.gather.touched);
        if touched.is_empty() {
            // Nobody will send it again, but it is found again: not at once.
            self.retry_ms = Some(self.now_ms + (RETRY_MS << self.failed_in_a_row.min(8)));
        }
        touched.into_iter().for_each(|connection| self.close(connection, close::NOT_STORED));
        for connection in self.joining.clone() {
            self.close(connection, close::SYNC_AGAIN);
        }
        self.drop_bridge();
        self.unstored_since_ms = None;
        self.stored_before = Some(self.stored_sequence);
        self.open_again();
    }
}

/// Most often this is one batch. Where it has to be several, each leaves the rows before it usable: pages, then the
/// manifest that names them, then journal slots, then what no longer waits. A manifest is never cut, journal slots only
/// where there are more than fit.
fn cut_into_batches(rows: Vec<RowWrite>, most: usize) -> VecDeque<Vec<RowWrite>> {
    let of_kind = |row: &RowWrite, kind| matches!(row, RowWrite::Put(key, _) if key.kind == kind);
    let count = |kind| rows.iter().filter(|row| of_kind(row, kind)).count();
    let (mut manifest_rows, mut journal_rows) = (count(RowKind::Manifest), count(RowKind::Journal));
    let mut batches = VecDeque::new();
    let mut batch: Vec<RowWrite> = Vec::new();
    for row in rows {
        let together = match &row {
            row if of_kind(row, RowKind::Manifest) => core::mem::take(&mut manifest_rows),
            row if of_kind(row, RowKind::Journal) => core::mem::take(&mut journal_rows).max(1),
            _ => 1,
        };
        if !batch.is_empty() && batch.len() + together > most {
            batches.push_back(core::mem::take(&mut batch));
        }
        batch.push(row);
    }
    batches.push_back(batch);
    batches
}
