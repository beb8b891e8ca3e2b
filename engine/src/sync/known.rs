//! What a room knows of its document: how far each client has written and what is deleted; and which of it is
//! not stored yet, so that nobody is shown it too early.

use super::known_pages::KnownPages;
use crate::archive::records::Manifest;
use crate::lib0::Reader;
use crate::update::{Content, Update, decode_state_vector, read_delete_set};
use crate::values::{ClientId, Clock, Error, IdSet, StateVector};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Range;

/// State vector and delete set, and what of them is not stored.
#[derive(Debug, Default)]
pub(super) struct Known {
    clocks: StateVector,
    /// `None` as long as it is what no row says: no row of deletes was read yet.
    deletes: Option<IdSet>,
    /// What a write is under way for.
    writing: Unstored,
    /// What came after that write was begun.
    gathered: Unstored,
    /// Whether what is not stored may be shown; then it is not kept apart.
    shows_unstored: bool,
    /// How many units were deleted since this was last asked.
    deleted_units: u64,
    /// The rows that it lies in. Where some of them were not read, `clocks` and `deletes` lack what they say.
    pages: KnownPages,
}

#[derive(Debug, Default)]
struct Unstored {
    /// Clocks as they were before.
    clocks: BTreeMap<ClientId, Clock>,
    deletes: IdSet,
}

impl Known {
    pub(super) fn new(shows_unstored: bool) -> Self {
        Known { deletes: Some(IdSet::default()), shows_unstored, ..Known::default() }
    }

    /// What is stored, as a manifest says it.
    ///
    /// # Errors
    /// If it is damaged.
    pub(super) fn restore(&mut self, manifest: &Manifest) -> Result<(), Error> {
        let clocks = decode_state_vector(&manifest.state_vector)?;
        let deletes = read_delete_set(&mut Reader::new(&manifest.delete_set))?;
        self.pages = KnownPages::unread(manifest, &clocks)?;
        self.clocks = clocks;
        self.deletes = self.pages.begin_deletes(deletes);
        Ok(())
    }

    /// Notes units of a client that are stored in the journal, and follow what was stored before.
    pub(super) fn advance_stored(&mut self, client: ClientId, units: Range<Clock>) {
        let before = if self.has_clock(client) { self.clocks.clock(client) } else { units.start };
        self.clocks.advance(client, units.end);
        self.pages.note_clock(client, before, units.end);
    }

    /// Notes deletes that are stored in the journal.
    pub(super) fn delete_stored(&mut self, deletes: &IdSet) {
        self.count_deleted(deletes);
        self.note_deletes(deletes);
    }

    /// Notes what a row of a state vector says.
    pub(super) fn add_stored_clocks(&mut self, clocks: StateVector) {
        self.clocks.merge(clocks);
    }

    /// Notes what a row of a delete set says.
    pub(super) fn add_stored_deletes(&mut self, deletes: &IdSet) {
        self.all_deletes().merge(deletes);
    }

    /// Notes deletes that no row says.
    fn note_deletes(&mut self, deletes: &IdSet) {
        if let Some(all) = &mut self.deletes {
            all.merge(deletes);
        }
        self.pages.note_deletes(deletes);
    }

    /// All that is known as deleted, kept apart from now on from what no row says: more may be known than that. O(that) the
    /// first time.
    pub(super) fn all_deletes(&mut self) -> &mut IdSet {
        self.deletes.get_or_insert_with(|| self.pages.fresh_deletes().clone())
    }

    /// Takes from a base page what belongs to lost rows, or all of it where there are no rows. `false` if it needs what
    /// was not before it. O(structs, and what is deleted of the same clients).
    pub(super) fn take_base_page(&mut self, page: &Update) -> bool {
        for of in page.structs.iter().filter(|of| of.content != Content::Skip) {
            if self.pages.has_lost_clock(of.id.client) {
                if of.id.clock > self.clocks.clock(of.id.client) {
                    return false;
                }
                self.clocks.advance(of.id.client, of.end());
            }
        }
        let told: IdSet = page.deletes.iter().cloned().collect();
        let lost: Vec<_> = self.pages.lost_deletes().collect();
        for (first, end) in lost {
            self.all_deletes().merge(&told.between(first, end).collect());
        }
        true
    }

    pub(super) fn pages(&self) -> &KnownPages {
        &self.pages
    }

    pub(super) fn pages_mut(&mut self) -> &mut KnownPages {
        &mut self.pages
    }

    /// Whether all rows were read.
    pub(super) fn is_read(&self) -> bool {
        self.pages.is_read()
    }

    /// Whether how far all clients are was read.
    pub(super) fn has_clocks(&self) -> bool {
        self.pages.has_clocks()
    }

    /// Whether what is deleted was read.
    pub(super) fn has_deletes(&self) -> bool {
        self.pages.has_deletes()
    }

    /// Whether how far a client is was read.
    pub(super) fn has_clock(&self, client: ClientId) -> bool {
        self.pages.has_clock(client)
    }

    /// The same for clients that ascend. O(clients asked for and in the overlay), for all together.
    pub(super) fn has_clock_ascending(&self) -> impl FnMut(ClientId) -> bool + '_ {
        self.pages.has_clock_ascending()
    }

    pub(super) fn clock(&self, client: ClientId) -> Clock {
        self.clocks.clock(client)
    }

    pub(super) fn deletes(&self) -> &IdSet {
        self.deletes.as_ref().unwrap_or_else(|| self.pages.fresh_deletes())
    }

    pub(super) fn clocks(&self) -> &StateVector {
        &self.clocks
    }

    /// Notes that `client`'s units up to `clock` came.
    pub(super) fn advance(&mut self, client: ClientId, clock: Clock) {
        let before = self.clocks.clock(client);
        if !self.shows_unstored {
            self.gathered.clocks.entry(client).or_insert(before);
        }
        self.clocks.advance(client, clock);
        self.pages.note_clock(client, before, clock);
    }

    /// Notes that units that were not known as deleted are.
    pub(super) fn delete(&mut self, fresh: &IdSet) {
        if !self.shows_unstored {
            self.gathered.deletes.merge(fresh);
        }
        self.count_deleted(fresh);
        self.note_deletes(fresh);
    }

    fn count_deleted(&mut self, fresh: &IdSet) {
        self.deleted_units += fresh.iter().map(|(_, range)| u64::from(range.end - range.start)).sum::<u64>();
    }

    /// How many units were deleted since this was last asked, what the journal held at opening included.
    pub(super) fn take_deleted_units(&mut self) -> u64 {
        core::mem::take(&mut self.deleted_units)
    }

    /// A write of all that is known begins.
    pub(super) fn begin_write(&mut self) {
        self.writing = core::mem::take(&mut self.gathered);
    }

    /// That write succeeded.
    pub(super) fn written(&mut self) {
        self.writing = Unstored::default();
        self.rows_stored();
    }

    pub(super) fn assert_invariants(&self) {
        assert!(self.deletes.is_some() || self.pages.has_only_fresh_deletes(), "deletes of rows");
        for unstored in [&self.writing, &self.gathered] {
            assert!(!self.shows_unstored || unstored.clocks.is_empty() && unstored.deletes.is_empty());
            assert!(unstored.clocks.iter().all(|(client, clock)| *clock <= self.clocks.clock(*client)));
            assert!(unstored.deletes.difference(self.deletes()).is_empty());
        }
        let is_known = |(client, range): (ClientId, Range<Clock>)| range.end <= self.clocks.clock(client);
        let mut deletes = self.deletes().iter().filter(|(client, _)| self.has_clock(*client));
        assert!(self.pages.is_damaged() || deletes.all(is_known), "deletes are known");
        self.assert_pages();
    }

    /// Whether these units are known and not stored, some of them or all.
    pub(super) fn is_unstored(&self, client: ClientId, range: Range<Clock>) -> bool {
        self.shown_clock(client) < range.end.min(self.clocks.clock(client))
    }

    /// Whether these units are known as deleted and that is not stored, of some of them or all.
    pub(super) fn is_delete_unstored(&self, client: ClientId, range: Range<Clock>) -> bool {
        [&self.writing.deletes, &self.gathered.deletes].into_iter().any(|unstored| {
            let mut missing = 0;
            unstored.for_each_missing(client, range.clone(), |part| missing += part.end - part.start);
            missing < range.end - range.start
        })
    }

    /// Whether all that is known is stored.
    pub(super) fn is_stored(&self) -> bool {
        let is_empty = |of: &Unstored| of.clocks.is_empty() && of.deletes.is_empty();
        is_empty(&self.writing) && is_empty(&self.gathered)
    }

    /// The clock of a client as far as it may be shown.
    pub(super) fn shown_clock(&self, client: ClientId) -> Clock {
        let before = self.writing.clocks.get(&client).or_else(|| self.gathered.clocks.get(&client));
        before.copied().unwrap_or_else(|| self.clocks.clock(client))
    }

    /// How far clients that ascend may be shown to be, to who has these clocks: where it was not read, that is the same
    /// ([`rows_beside`](Known::rows_beside)). O(clients), for all together.
    pub(super) fn shown_beside(&self) -> impl FnMut(ClientId, Clock) -> Clock + '_ {
        let mut has_clock = self.has_clock_ascending();
        move |client, has| if has_clock(client) { has.min(self.shown_clock(client)) } else { has }
    }

    /// The state vector as far as it may be shown.
    pub(super) fn shown_clocks(&self) -> Cow<'_, StateVector> {
        if self.writing.clocks.is_empty() && self.gathered.clocks.is_empty() {
            return Cow::Borrowed(&self.clocks);
        }
        let mut shown = self.clocks.clone();
        let before = self.gathered.clocks.iter().chain(&self.writing.clocks);
        before.for_each(|(client, clock)| shown.set(*client, *clock));
        Cow::Owned(shown)
    }

    /// Deletes that may not be shown yet.
    pub(super) fn unstored_deletes(&self) -> IdSet {
        let mut unstored = self.writing.deletes.clone();
        unstored.merge(&self.gathered.deletes);
        unstored
    }

    /// What of these deletes, which are known, may be shown.
    pub(super) fn shown_of(&self, deletes: IdSet) -> IdSet {
        let unstored = [&self.writing.deletes, &self.gathered.deletes].into_iter().filter(|of| !of.is_empty());
        unstored.fold(deletes, |shown, unstored| shown.difference(unstored))
    }
}
