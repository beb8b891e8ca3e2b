//! State vector and delete set in rows: which of them were read, what no row says yet, and when that goes into rows.
//!
//! A small document has no such rows: its manifest says all. With rows, the manifest only says what is not in them, its
//! overlay, and a row is read when somebody asks for what may be in it.

use super::known::Known;
use crate::archive::records::SliceRecord;
use crate::archive::{
    RowKey, RowKind, RowSizes, cut_evenly, read_client_page, read_delete_page, write_client_page, write_delete_page,
};
use crate::lib0::var_uint_len;
use crate::update::{Content, Parent, Update, encode_state_vector, write_delete_set};
use crate::values::{ClientId, Clock, Error, Id, IdSet, StateVector, sort_by_numbers};
use std::collections::BTreeSet;
use std::ops::Range;

/// Most rows that are written anew in one fold, where none has to be cut.
const MOST_SPILLED: usize = 8;

/// A row, and whether what it says is known.
#[derive(Clone, Copy, Debug)]
struct Slice {
    record: SliceRecord,
    is_read: bool,
}

impl Slice {
    fn first(&self) -> Id {
        Id::new(ClientId::new(self.record.client), self.record.clock)
    }
}

/// Rows in the order of their first ids.
#[derive(Debug, Default)]
struct Slices(Vec<Slice>);

impl Slices {
    fn unread(records: &[SliceRecord]) -> Slices {
        Slices(records.iter().map(|record| Slice { record: *record, is_read: false }).collect())
    }

    /// The row that this id belongs to.
    fn find(&self, id: Id) -> Option<&Slice> {
        self.0.get(self.index(id)?)
    }

    fn index(&self, id: Id) -> Option<usize> {
        self.0.partition_point(|of| of.first() <= id).checked_sub(1)
    }

    /// From where to where the rows reach: there is one without a number where there are none.
    fn bounds(&self, index: usize) -> (Id, Option<Id>) {
        let start = Id::new(ClientId::new(0), 0);
        (self.0.get(index).map_or(start, Slice::first), self.0.get(index + 1).map(Slice::first))
    }

    fn records(&self) -> Vec<SliceRecord> {
        self.0.iter().map(|of| of.record).collect()
    }
}

/// The rows of what a room knows.
#[derive(Debug, Default)]
pub(super) struct KnownPages {
    clients: Slices,
    deletes: Slices,
    /// Of which clients no row says how far they are. Kept once there are client pages.
    fresh_clients: BTreeSet<ClientId>,
    /// Deletes that no row has. Kept once there are delete pages.
    fresh_deletes: IdSet,
    storing: Option<Spill>,
    /// A row can't be read: what it said is not known.
    is_damaged: bool,
}

/// What goes from the overlay into rows, while that is written.
#[derive(Debug, Default)]
struct Spill {
    clients: Option<(Slices, BTreeSet<ClientId>)>,
    deletes: Option<(Slices, IdSet)>,
}

/// What a fold stores of state vector and delete set.
#[derive(Debug, Default)]
pub(super) struct KnownRows {
    /// Rows with their bodies.
    pub(super) rows: Vec<(RowKey, Vec<u8>)>,
    /// Rows that nothing names any more.
    pub(super) dead: Vec<RowKey>,
    pub(super) client_pages: Vec<SliceRecord>,
    pub(super) delete_pages: Vec<SliceRecord>,
    /// What the manifest says itself.
    pub(super) state_vector: Vec<u8>,
    pub(super) delete_set: Vec<u8>,
}

impl KnownPages {
    pub(super) fn unread(clients: &[SliceRecord], deletes: &[SliceRecord], overlay: (&StateVector, &IdSet)) -> Self {
        let mut pages =
            KnownPages { clients: Slices::unread(clients), deletes: Slices::unread(deletes), ..KnownPages::default() };
        overlay.0.iter().for_each(|(client, _)| pages.note_client(client));
        pages.note_deletes(overlay.1);
        pages
    }

    /// A client has gone on.
    pub(super) fn note_client(&mut self, client: ClientId) {
        if !self.clients.0.is_empty() || self.storing.as_ref().is_some_and(|spill| spill.clients.is_some()) {
            self.fresh_clients.insert(client);
        }
    }

    /// Something is deleted that was not.
    pub(super) fn note_deletes(&mut self, fresh: &IdSet) {
        if !self.deletes.0.is_empty() || self.storing.as_ref().is_some_and(|spill| spill.deletes.is_some()) {
            self.fresh_deletes.merge(fresh);
        }
    }

    /// Whether how far a client is doesn't depend on a row that was not read.
    pub(super) fn has_clock(&self, client: ClientId) -> bool {
        self.fresh_clients.contains(&client) || self.clients.find(Id::new(client, 0)).is_none_or(|of| of.is_read)
    }

    /// Whether a row can't be read.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// Whether all rows were read.
    pub(super) fn is_read(&self) -> bool {
        self.clients.0.iter().chain(&self.deletes.0).all(|of| of.is_read)
    }
}

/// Rows that are to be read, each once.
#[derive(Default)]
struct Wanted(BTreeSet<RowKey>);

impl Wanted {
    fn add(&mut self, kind: RowKind, slice: Option<&Slice>) {
        if let Some(of) = slice.filter(|of| !of.is_read) {
            self.0.insert(RowKey::new(kind, of.record.row));
        }
    }
}

impl Known {
    /// The rows without which an update can't be judged. O(structs and deletes) while some were not read, else O(rows).
    pub(super) fn missing_rows(&self, update: &Update) -> Vec<RowKey> {
        let pages = self.pages();
        if pages.is_read() {
            return Vec::new();
        }
        let mut wanted = Wanted::default();
        let mut last = None;
        let mut want_clock = |client: ClientId, wanted: &mut Wanted| {
            if last.replace(client) != Some(client) && !pages.has_clock(client) {
                wanted.add(RowKind::ClientPage, pages.clients.find(Id::new(client, 0)));
            }
        };
        for of in update.structs.iter().filter(|of| of.content != Content::Skip) {
            want_clock(of.id.client, &mut wanted);
            let parent = if let Parent::Item(id) = of.parent { Some(id) } else { None };
            for id in [of.origin, of.right_origin, parent].into_iter().flatten() {
                want_clock(id.client, &mut wanted);
            }
        }
        for (client, range) in &update.deletes {
            want_clock(*client, &mut wanted);
            let mut is_known = true;
            self.deletes().for_each_missing(*client, range.clone(), |_| is_known = false);
            if !is_known {
                let first = pages.deletes.index(Id::new(*client, range.start)).unwrap_or(0);
                let touched = pages.deletes.0[first.min(pages.deletes.0.len())..].iter();
                let touched = touched.take_while(|of| of.first() < Id::new(*client, range.end));
                touched.for_each(|of| wanted.add(RowKind::DeletePage, Some(of)));
            }
        }
        wanted.0.into_iter().collect()
    }

    /// All rows that were not read.
    pub(super) fn unread_rows(&self) -> Vec<RowKey> {
        let mut wanted = Wanted::default();
        let pages = self.pages();
        pages.clients.0.iter().for_each(|of| wanted.add(RowKind::ClientPage, Some(of)));
        pages.deletes.0.iter().for_each(|of| wanted.add(RowKind::DeletePage, Some(of)));
        wanted.0.into_iter().collect()
    }

    /// Takes in the body of a row.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn take_row(&mut self, key: RowKey, body: &[u8]) -> Result<(), Error> {
        match key.kind {
            RowKind::ClientPage => self.add_stored_clocks(&read_client_page(body)?),
            _ => self.add_stored_deletes(&read_delete_page(body)?),
        }
        self.end_read(key);
        Ok(())
    }

    /// A row can't be read: it is not asked for again.
    pub(super) fn lose_row(&mut self, key: RowKey) {
        self.pages_mut().is_damaged = true;
        self.end_read(key);
    }

    fn end_read(&mut self, key: RowKey) {
        let pages = self.pages_mut();
        let slices = if key.kind == RowKind::ClientPage { &mut pages.clients } else { &mut pages.deletes };
        slices.0.iter_mut().filter(|of| of.record.row == key.number).for_each(|of| of.is_read = true);
    }

    /// The rows that have to be read before the next fold: those that its overlay is to go into.
    pub(super) fn rows_to_spill(&self, sizes: RowSizes) -> Vec<RowKey> {
        let mut wanted = Wanted::default();
        for (kind, index) in self.choose_spilled(sizes) {
            let pages = self.pages();
            let slices = if kind == RowKind::ClientPage { &pages.clients } else { &pages.deletes };
            wanted.add(kind, slices.0.get(index));
        }
        wanted.0.into_iter().collect()
    }

    /// Which rows the overlay is to go into: none while it is small, else the fullest half of it.
    fn choose_spilled(&self, sizes: RowSizes) -> Vec<(RowKind, usize)> {
        let pages = self.pages();
        let mut weights: Vec<(usize, RowKind, usize)> = Vec::new();
        for index in 0..pages.clients.0.len().max(1) {
            let (first, end) = pages.clients.bounds(index);
            let bytes = if pages.clients.0.is_empty() {
                self.clocks().iter().map(|entry| clock_bytes(&entry)).sum()
            } else {
                let fresh =
                    pages.fresh_clients.range(first.client..).take_while(|of| end.is_none_or(|end| **of < end.client));
                fresh.map(|client| clock_bytes(&(*client, self.clock(*client)))).sum()
            };
            weights.push((bytes, RowKind::ClientPage, index));
        }
        for index in 0..pages.deletes.0.len().max(1) {
            let (first, end) = pages.deletes.bounds(index);
            let fresh = if pages.deletes.0.is_empty() { self.deletes() } else { &pages.fresh_deletes };
            weights.push((fresh.between(first, end).map(|part| range_bytes(&part)).sum(), RowKind::DeletePage, index));
        }
        let total: usize = weights.iter().map(|(bytes, ..)| bytes).sum();
        if total <= sizes.overlay {
            return Vec::new();
        }
        sort_by_numbers(&mut weights, |(bytes, kind, index)| {
            ((total - bytes) as u64, *kind as u64 + 8 * *index as u64)
        });
        let mut chosen = Vec::new();
        let mut bytes = 0;
        for (weight, kind, index) in weights {
            if 2 * bytes >= total || chosen.len() == MOST_SPILLED {
                break;
            }
            bytes += weight;
            chosen.push((kind, index));
        }
        chosen
    }

    /// What a fold that takes in all that is known stores of it. What goes into rows counts as stored there once
    /// [`written`](Known::written) says so. Without `may_spill`, nothing goes into rows.
    pub(super) fn rows_of_fold(&mut self, sizes: RowSizes, next_row: &mut u32, may_spill: bool) -> KnownRows {
        let chosen = if may_spill { self.choose_spilled(sizes) } else { Vec::new() };
        let of_kind = |kind| -> Vec<usize> {
            let mut of_kind: Vec<usize> =
                chosen.iter().filter(|(of, _)| *of == kind).map(|(_, index)| *index).collect();
            sort_by_numbers(&mut of_kind, |index| (*index as u64, 0));
            of_kind
        };
        let mut stored = KnownRows::default();
        let clients = self.spill_clients(&of_kind(RowKind::ClientPage), sizes, next_row, &mut stored);
        let deletes = self.spill_deletes(&of_kind(RowKind::DeletePage), sizes, next_row, &mut stored);
        let pages = self.pages();
        let slices = clients.as_ref().map_or(&pages.clients, |(slices, _)| slices);
        stored.client_pages = slices.records();
        stored.state_vector = match slices.0.is_empty() {
            true => encode_state_vector(self.clocks()),
            false => {
                let fresh = pages.fresh_clients.iter().map(|client| (*client, self.clock(*client)));
                encode_state_vector(&fresh.collect())
            }
        };
        let slices = deletes.as_ref().map_or(&pages.deletes, |(slices, _)| slices);
        stored.delete_pages = slices.records();
        let overlay = if slices.0.is_empty() { self.deletes() } else { &pages.fresh_deletes };
        write_delete_set(&mut stored.delete_set, overlay);
        self.pages_mut().storing = Some(Spill { clients, deletes });
        stored
    }

    fn spill_clients(
        &mut self,
        chosen: &[usize],
        sizes: RowSizes,
        next_row: &mut u32,
        stored: &mut KnownRows,
    ) -> Option<(Slices, BTreeSet<ClientId>)> {
        let mut slices = Vec::new();
        let mut taken = BTreeSet::new();
        let pages = self.pages();
        for index in 0..pages.clients.0.len().max(1) {
            let old = pages.clients.0.get(index).copied();
            if !chosen.contains(&index) || old.is_some_and(|of| !of.is_read) {
                slices.extend(old);
                continue;
            }
            let (first, end) = pages.clients.bounds(index);
            let end = end.map(|end| end.client);
            let entries: Vec<(ClientId, Clock)> = self.clocks().between(first.client, end).collect();
            let fresh = pages.fresh_clients.range(first.client..).take_while(|of| end.is_none_or(|end| **of < end));
            taken.extend(fresh);
            let parts = cut_evenly(entries, sizes.slice, clock_bytes);
            let places = Places { kind: RowKind::ClientPage, first, old };
            places.store(
                parts,
                next_row,
                stored,
                &mut slices,
                |(client, _)| Id::new(*client, 0),
                |part, out| {
                    write_client_page(out, &part.into_iter().collect());
                },
            );
        }
        if chosen.is_empty() {
            return None;
        }
        let pages = self.pages_mut();
        pages.fresh_clients.retain(|client| !taken.contains(client));
        Some((Slices(slices), taken))
    }

    fn spill_deletes(
        &mut self,
        chosen: &[usize],
        sizes: RowSizes,
        next_row: &mut u32,
        stored: &mut KnownRows,
    ) -> Option<(Slices, IdSet)> {
        let mut slices = Vec::new();
        let (mut taken, mut left) = (IdSet::default(), IdSet::default());
        let pages = self.pages();
        for index in 0..pages.deletes.0.len().max(1) {
            let old = pages.deletes.0.get(index).copied();
            let (first, end) = pages.deletes.bounds(index);
            let is_chosen = chosen.contains(&index) && old.is_none_or(|of| of.is_read);
            let fresh = if is_chosen { &mut taken } else { &mut left };
            pages.fresh_deletes.between(first, end).for_each(|(client, range)| fresh.insert(client, range));
            if !is_chosen {
                slices.extend(old);
                continue;
            }
            let parts = cut_evenly(self.deletes().between(first, end).collect(), sizes.slice, range_bytes);
            let places = Places { kind: RowKind::DeletePage, first, old };
            places.store(
                parts,
                next_row,
                stored,
                &mut slices,
                |(client, range)| Id::new(*client, range.start),
                |part, out| {
                    write_delete_page(out, &part.into_iter().collect());
                },
            );
        }
        if chosen.is_empty() {
            return None;
        }
        self.pages_mut().fresh_deletes = left;
        Some((Slices(slices), taken))
    }

    /// The rows of the last fold are stored.
    pub(super) fn rows_stored(&mut self) {
        let pages = self.pages_mut();
        if let Some(spill) = pages.storing.take() {
            spill.clients.into_iter().for_each(|(slices, _)| pages.clients = slices);
            spill.deletes.into_iter().for_each(|(slices, _)| pages.deletes = slices);
        }
    }

    /// They may not be: what was to go into them is in none again.
    pub(super) fn rows_not_stored(&mut self) {
        let pages = self.pages_mut();
        if let Some(spill) = pages.storing.take() {
            spill.clients.into_iter().for_each(|(_, taken)| pages.fresh_clients.extend(taken));
            spill.deletes.into_iter().for_each(|(_, taken)| pages.fresh_deletes.merge(&taken));
        }
    }

    pub(super) fn assert_pages(&self) {
        let pages = self.pages();
        for slices in [&pages.clients, &pages.deletes] {
            assert!(slices.0.windows(2).all(|two| two[0].first() < two[1].first()), "rows ascend");
        }
        assert!(pages.fresh_clients.iter().all(|client| self.clock(*client) > 0), "fresh clients are known");
        assert!(pages.fresh_deletes.difference(self.deletes()).is_empty(), "fresh deletes are known");
    }
}

/// Where the parts of a slice go.
struct Places {
    kind: RowKind,
    first: Id,
    old: Option<Slice>,
}

impl Places {
    /// All parts get new rows, and the old one is deleted after the manifest has named them: until then, what it names is what
    /// it was written with.
    fn store<T>(
        &self,
        parts: Vec<Vec<T>>,
        next_row: &mut u32,
        stored: &mut KnownRows,
        slices: &mut Vec<Slice>,
        first_of: impl Fn(&T) -> Id,
        write: impl Fn(Vec<T>, &mut Vec<u8>),
    ) {
        for (index, part) in parts.into_iter().enumerate() {
            let first = part.first().filter(|_| index > 0).map_or(self.first, &first_of);
            let row = *next_row;
            *next_row += 1;
            let mut body = Vec::new();
            write(part, &mut body);
            stored.rows.push((RowKey::new(self.kind, row), body));
            let record = SliceRecord { client: first.client.value(), clock: first.clock, row };
            slices.push(Slice { record, is_read: true });
        }
        stored.dead.extend(self.old.map(|old| RowKey::new(self.kind, old.record.row)));
    }
}

/// What an entry of a state vector takes, in bytes.
fn clock_bytes((client, clock): &(ClientId, Clock)) -> usize {
    var_uint_len(client.value()) + var_uint_len((*clock).into())
}

/// What a range of a delete set takes at most, in bytes.
fn range_bytes((client, range): &(ClientId, Range<Clock>)) -> usize {
    var_uint_len(client.value()) + 1 + var_uint_len(range.start.into()) + var_uint_len((range.end - range.start).into())
}
