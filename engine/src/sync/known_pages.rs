//! State vector and delete set in rows: which of them were read, what no row says yet, and when that goes into rows.
//!
//! A small document has no such rows: its manifest says all. With rows, the manifest only says what is not in them, its
//! overlay, and a row is read when somebody asks for what may be in it.

use super::known::Known;
use super::paged::{KnownRows, Paged, Slice, clocks_of, parts_of};
use super::their_vector::TheirVector;
use crate::archive::records::Manifest;
use crate::archive::{RowKey, RowKind, RowSizes, SliceHash, SlicePart, part_bytes, read_client_page, read_delete_page};
use crate::update::{Content, Parent, Update, decode_state_vector, encode_state_vector, write_delete_set};
use crate::values::{ClientId, Clock, Error, Id, IdSet, StateVector, sort_by_numbers};
use std::ops::Range;

/// Most rows that are replaced in one fold.
const MOST_SPILLED: usize = 8;

/// A row of the delete set that was not read.
#[derive(Clone, Copy, Debug)]
pub(super) struct UnreadDeletes {
    pub(super) row: RowKey,
    /// Where its slice begins.
    pub(super) first: Id,
    /// The hash of what it says; 0 where nobody has taken it.
    pub(super) hash: u64,
}

/// The rows of what a room knows.
#[derive(Debug, Default)]
pub(super) struct KnownPages {
    clients: Paged,
    deletes: Paged,
    /// A row can't be read, nor what it said be found in the base: that is not known.
    is_damaged: bool,
    /// Something was found in the base that no row says.
    pub(super) is_rebuilt: bool,
}

impl KnownPages {
    /// # Errors
    /// If the manifest is damaged.
    pub(super) fn unread(manifest: &Manifest, clocks: &StateVector) -> Result<Self, Error> {
        let mut clients = Paged::unread(&manifest.client_pages, &manifest.client_hashes);
        if clients.has_rows() {
            clients.fresh = parts_of(clocks);
            if !manifest.paged_clocks.is_empty() {
                clients.outdated = parts_of(&decode_state_vector(&manifest.paged_clocks)?);
            }
        }
        let deletes = Paged::unread(&manifest.delete_pages, &manifest.delete_hashes);
        Ok(KnownPages { clients, deletes, is_damaged: false, is_rebuilt: false })
    }

    /// What a manifest says of deletes: with rows, this is what none of them says. Without, it is given back.
    pub(super) fn begin_deletes(&mut self, deletes: IdSet) -> Option<IdSet> {
        if !self.deletes.has_rows() {
            return Some(deletes);
        }
        self.deletes.fresh = deletes;
        None
    }

    /// What is deleted and no row says.
    pub(super) fn fresh_deletes(&self) -> &IdSet {
        &self.deletes.fresh
    }

    /// Whether there are rows of deletes, and none was read.
    pub(super) fn has_only_fresh_deletes(&self) -> bool {
        self.deletes.has_rows() && self.deletes.storing.is_none() && self.deletes.slices.iter().all(|of| !of.is_read)
    }

    /// A client has gone on, from a clock to another one.
    pub(super) fn note_clock(&mut self, client: ClientId, before: u32, clock: u32) {
        if self.clients.has_rows() {
            if self.clients.fresh.ranges(client).is_empty() {
                self.clients.outdated.insert(client, 0..before);
            }
            self.clients.fresh.insert(client, 0..clock);
        }
    }

    /// Something is deleted that was not.
    pub(super) fn note_deletes(&mut self, fresh: &IdSet) {
        if self.deletes.has_rows() {
            self.deletes.fresh.merge(fresh);
        }
    }

    /// Whether how far a client is doesn't depend on a row that was not read.
    pub(super) fn has_clock(&self, client: ClientId) -> bool {
        let slice = self.clients.index(Id::new(client, 0)).map(|index| &self.clients.slices[index]);
        slice.is_none_or(|of| of.is_read) || !self.clients.fresh.ranges(client).is_empty()
    }

    /// The same for clients that ascend. O(clients asked for and in the overlay), for all together.
    pub(super) fn has_clock_ascending(&self) -> impl FnMut(ClientId) -> bool + '_ {
        let mut slices = self.clients.slices.iter().peekable();
        let mut is_in_fresh = among(self.clients.fresh.clients().map(|(client, _)| client));
        let mut is_read = true;
        move |client| {
            while let Some(slice) = slices.next_if(|of| of.first() <= Id::new(client, 0)) {
                is_read = slice.is_read;
            }
            is_read || is_in_fresh(client)
        }
    }

    /// Whether how far a client is was in a row that is lost, or is not in rows.
    pub(super) fn has_lost_clock(&self, client: ClientId) -> bool {
        self.clients.is_lost(Id::new(client, 0))
    }

    /// From where to where lost rows of the delete set reach. Without rows that is from the first id on.
    pub(super) fn lost_deletes(&self) -> impl Iterator<Item = (Id, Option<Id>)> + '_ {
        let is_lost = |index: &usize| self.deletes.slices.get(*index).is_none_or(|of| of.is_lost);
        (0..self.deletes.slices.len().max(1)).filter(is_lost).map(|index| self.deletes.bounds(index))
    }

    /// Whether a row can't be read.
    pub(super) fn is_damaged(&self) -> bool {
        self.is_damaged
    }

    /// Whether all rows were read.
    pub(super) fn is_read(&self) -> bool {
        self.clients.is_read() && self.deletes.is_read()
    }

    /// Whether how far all clients are was read.
    pub(super) fn has_clocks(&self) -> bool {
        self.clients.is_read()
    }

    /// Whether what is deleted was read.
    pub(super) fn has_deletes(&self) -> bool {
        self.deletes.is_read()
    }

    fn of_kind(&self, kind: RowKind) -> &Paged {
        if kind == RowKind::ClientPage { &self.clients } else { &self.deletes }
    }

    fn of_kind_mut(&mut self, kind: RowKind) -> &mut Paged {
        if kind == RowKind::ClientPage { &mut self.clients } else { &mut self.deletes }
    }
}

/// Rows that are to be read.
#[derive(Default)]
struct Wanted(Vec<RowKey>);

impl Wanted {
    fn add(&mut self, kind: RowKind, slice: Option<&Slice>) {
        if let Some(of) = slice.filter(|of| !of.is_read) {
            self.0.push(RowKey::new(kind, of.record.row));
        }
    }

    /// In order, each once.
    fn into_rows(mut self) -> Vec<RowKey> {
        sort_by_numbers(&mut self.0, |key| (key.to_integer() as u64, 0));
        self.0.dedup();
        self.0
    }
}

const KINDS: [RowKind; 2] = [RowKind::ClientPage, RowKind::DeletePage];

impl Known {
    /// The rows without which an update can't be judged. O(structs and deletes) while some were not read, else O(rows).
    pub(super) fn missing_rows(&self, update: &Update) -> Vec<RowKey> {
        let pages = self.pages();
        let mut wanted = Wanted::default();
        if pages.is_read() {
            return wanted.0;
        }
        let mut last = None;
        let mut want_clock = |client: ClientId, wanted: &mut Wanted| {
            if last.replace(client) != Some(client) && !pages.has_clock(client) {
                let index = pages.clients.index(Id::new(client, 0));
                wanted.add(RowKind::ClientPage, index.and_then(|index| pages.clients.slices.get(index)));
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
            self.want_deletes(*client, range.clone(), &mut wanted);
        }
        wanted.into_rows()
    }

    /// The rows without which it is not known what is deleted of an update's structs. O(structs).
    pub(super) fn unread_deletes_of(&self, update: &Update) -> Vec<RowKey> {
        let mut wanted = Wanted::default();
        for of in update.structs.iter().filter(|of| of.content != Content::Skip) {
            self.want_deletes(of.id.client, of.id.clock..of.end(), &mut wanted);
        }
        wanted.into_rows()
    }

    fn want_deletes(&self, client: ClientId, range: Range<u32>, wanted: &mut Wanted) {
        let mut is_known = true;
        self.deletes().for_each_missing(client, range.clone(), |_| is_known = false);
        let deletes = &self.pages().deletes;
        let first = deletes.index(Id::new(client, range.start)).filter(|_| !is_known);
        let touched = first.map_or(&[][..], |first| &deletes.slices[first..]);
        let touched = touched.iter().take_while(|of| of.first() < Id::new(client, range.end));
        touched.for_each(|of| wanted.add(RowKind::DeletePage, Some(of)));
    }

    /// All rows that were not read.
    pub(super) fn unread_rows(&self) -> Vec<RowKey> {
        KINDS.into_iter().flat_map(|kind| self.unread_rows_of(kind)).collect()
    }

    /// All rows of a kind that were not read.
    pub(super) fn unread_rows_of(&self, kind: RowKind) -> Vec<RowKey> {
        let mut wanted = Wanted::default();
        self.pages().of_kind(kind).slices.iter().for_each(|of| wanted.add(kind, Some(of)));
        wanted.into_rows()
    }

    /// Where the slice of the delete set ends that `id` belongs to, and its row if it was not read.
    pub(super) fn delete_slice(&self, id: Id) -> (Option<Id>, Option<UnreadDeletes>) {
        let deletes = &self.pages().deletes;
        let Some(index) = deletes.index(id) else { return (None, None) };
        let (first, end) = deletes.bounds(index);
        let Slice { record, hash, is_read, .. } = deletes.slices[index];
        let row = RowKey::new(RowKind::DeletePage, record.row);
        (end, (!is_read).then_some(UnreadDeletes { row, first, hash }))
    }

    /// The rows of the state vector that were not read and that may say something else than a client with this one. Of the
    /// clients in the others it is known how far they are: as far as in that vector. O(clients in it).
    pub(super) fn rows_beside(&self, theirs: &TheirVector) -> Vec<RowKey> {
        let clients = &self.pages().clients;
        let mut wanted = Wanted::default();
        for (index, slice) in clients.slices.iter().enumerate().filter(|(_, of)| !of.is_read) {
            let told = told_of_row(clients, index, theirs);
            let mut told: Vec<SlicePart> = told.map(|(client, clock)| (client, 0..clock)).collect();
            let unchanged = told.len();
            let (first, end) = clients.bounds(index);
            told.extend(clients.outdated.between(first, end));
            if told.len() > unchanged {
                sort_by_numbers(&mut told, |(client, _)| (client.value(), 0));
            }
            if slice.hash == 0 || SliceHash::of(told) != slice.hash {
                wanted.add(RowKind::ClientPage, Some(slice));
            }
        }
        wanted.into_rows()
    }

    /// What is deleted between two ids and may be shown, with what a row of it says.
    pub(super) fn shown_deletes(&self, first: Id, end: Option<Id>, row: Option<&IdSet>) -> IdSet {
        let known = self.shown_of(self.deletes().between(first, end).collect());
        match row {
            None => known,
            Some(row) => {
                let mut shown: IdSet = row.between(first, end).collect();
                shown.merge(&known);
                shown
            }
        }
    }

    /// How many units a client has of those in rows that were not read. O(its clients).
    pub(super) fn units_beside(&self, theirs: &TheirVector) -> u64 {
        let clients = &self.pages().clients;
        let unread = (0..clients.slices.len()).filter(|index| !clients.slices[*index].is_read);
        unread.flat_map(|index| told_of_row(clients, index, theirs)).map(|(_, clock)| u64::from(clock)).sum()
    }

    /// Takes in the body of a row.
    ///
    /// # Errors
    /// If it is none.
    pub(super) fn take_row(&mut self, key: RowKey, body: &[u8]) -> Result<(), Error> {
        match key.kind {
            RowKind::ClientPage => {
                let clocks = read_client_page(body)?;
                let clients = &mut self.pages_mut().clients;
                clients.note_hash(key, clocks.iter().map(|(client, clock)| (client, 0..clock)));
                clients.note_outdated(&clocks);
                self.add_stored_clocks(clocks);
            }
            _ => {
                let deletes = read_delete_page(body)?;
                self.pages_mut().deletes.note_hash(key, deletes.iter());
                self.add_stored_deletes(&deletes);
            }
        }
        self.end_read(key);
        Ok(())
    }

    /// A row can't be read: it is to be made anew.
    pub(super) fn lose_row(&mut self, key: RowKey) {
        self.mark(key, |of| of.is_lost = true);
    }

    /// What a lost row said was found in the base pages.
    pub(super) fn end_rebuild(&mut self, key: RowKey) {
        self.pages_mut().is_rebuilt = true;
        self.end_read(key);
    }

    /// A row can't be made anew: it is not asked for again.
    pub(super) fn give_up_row(&mut self, key: RowKey) {
        self.pages_mut().is_damaged = true;
        self.end_read(key);
    }

    /// Whether something that was found in the base is to be stored.
    pub(super) fn is_rebuilt(&self) -> bool {
        self.pages().is_rebuilt
    }

    fn end_read(&mut self, key: RowKey) {
        self.mark(key, |of| of.is_read = true);
    }

    /// Notes something of a row, and of how it will be after the write that is under way.
    fn mark(&mut self, key: RowKey, note: fn(&mut Slice)) {
        let paged = self.pages_mut().of_kind_mut(key.kind);
        paged.all_slices().filter(|of| of.record.row == key.number).for_each(note);
    }

    /// What is known between two ids: of a state vector, or of a delete set.
    fn parts_between(&self, kind: RowKind, first: Id, end: Option<Id>) -> Vec<SlicePart> {
        match kind {
            RowKind::ClientPage => {
                let entries = self.clocks().between(first.client, end.map(|end| end.client));
                entries.map(|(client, clock)| (client, 0..clock)).collect()
            }
            _ => self.deletes().between(first, end).collect(),
        }
    }

    /// The rows that have to be read before the next fold: those that its overlay is to go into.
    pub(super) fn rows_to_spill(&self, sizes: RowSizes) -> Vec<RowKey> {
        let mut wanted = Wanted::default();
        for (kind, index) in self.choose_spilled(sizes) {
            wanted.add(kind, self.pages().of_kind(kind).slices.get(index));
        }
        wanted.into_rows()
    }

    /// Which rows are to be replaced: those that were lost, and as long as the overlay is small no others, else the fullest
    /// half of it.
    fn choose_spilled(&self, sizes: RowSizes) -> Vec<(RowKind, usize)> {
        let mut chosen = Vec::new();
        for kind in KINDS {
            let slices = self.pages().of_kind(kind).slices.iter().enumerate();
            chosen.extend(slices.filter(|(_, of)| of.is_lost && of.is_read).map(|(index, _)| (kind, index)));
        }
        chosen.truncate(MOST_SPILLED);
        let mut weights: Vec<(usize, RowKind, usize)> = Vec::new();
        for kind in KINDS {
            let paged = self.pages().of_kind(kind);
            for index in 0..paged.slices.len().max(1) {
                let (first, end) = paged.bounds(index);
                let fresh = match paged.slices.is_empty() {
                    true => self.parts_between(kind, first, end),
                    false => paged.fresh.between(first, end).collect(),
                };
                weights.push((fresh.iter().map(part_bytes).sum(), kind, index));
            }
        }
        let total: usize = weights.iter().map(|(bytes, ..)| bytes).sum();
        if total <= sizes.overlay {
            return chosen;
        }
        sort_by_numbers(&mut weights, |(bytes, kind, index)| {
            ((total - bytes) as u64, (*index * 8 + *kind as usize) as u64)
        });
        let mut bytes = 0;
        for (weight, kind, index) in weights {
            if 2 * bytes >= total || chosen.len() == MOST_SPILLED {
                break;
            }
            bytes += weight;
            if !chosen.contains(&(kind, index)) {
                chosen.push((kind, index));
            }
        }
        chosen
    }

    /// What a fold that takes in all that is known stores of it: in its manifest, and in rows. What goes into rows counts as stored there once
    /// [`written`](Known::written) says so. Without `may_spill`, nothing goes into rows.
    pub(super) fn rows_of_fold(&mut self, sizes: RowSizes, manifest: &mut Manifest, may_spill: bool) -> KnownRows {
        let chosen = if may_spill { self.choose_spilled(sizes) } else { Vec::new() };
        let mut stored = KnownRows::default();
        for kind in KINDS {
            if chosen.iter().any(|(of, _)| *of == kind) {
                if kind == RowKind::DeletePage {
                    // Rows will say a part of it.
                    self.all_deletes();
                }
                let mut paged = core::mem::take(self.pages_mut().of_kind_mut(kind));
                let whole = |first, end| self.parts_between(kind, first, end);
                paged.spill(kind, &chosen, &whole, sizes, &mut manifest.next_slice, &mut stored);
                *self.pages_mut().of_kind_mut(kind) = paged;
            }
        }
        let KnownPages { clients, deletes, .. } = self.pages();
        (manifest.client_pages, manifest.client_hashes) = clients.records();
        manifest.state_vector = match manifest.client_pages.is_empty() {
            true => encode_state_vector(self.clocks()),
            false => encode_state_vector(&clocks_of(&mut clients.fresh.iter())),
        };
        manifest.paged_clocks = match clients.outdated.is_empty() {
            true => Vec::new(),
            false => encode_state_vector(&clocks_of(&mut clients.outdated.iter())),
        };
        (manifest.delete_pages, manifest.delete_hashes) = deletes.records();
        let overlay = if manifest.delete_pages.is_empty() { self.deletes() } else { &deletes.fresh };
        manifest.delete_set.clear();
        write_delete_set(&mut manifest.delete_set, overlay);
        stored
    }

    /// The rows of the last fold are stored.
    pub(super) fn rows_stored(&mut self) {
        KINDS.into_iter().for_each(|kind| self.pages_mut().of_kind_mut(kind).stored());
        if self.is_rebuilt() {
            let pages = self.pages_mut();
            pages.is_rebuilt = pages.clients.slices.iter().chain(&pages.deletes.slices).any(|of| of.is_lost);
        }
    }

    /// They may not be: what was to go into them is in none again.
    pub(super) fn rows_not_stored(&mut self) {
        KINDS.into_iter().for_each(|kind| self.pages_mut().of_kind_mut(kind).not_stored());
    }

    pub(super) fn assert_pages(&self) {
        let pages = self.pages();
        for kind in KINDS {
            let slices = &pages.of_kind(kind).slices;
            assert!(slices.windows(2).all(|two| two[0].first() < two[1].first()), "rows ascend");
        }
        let of_fresh = |(client, range): SlicePart| {
            !range.is_empty() && pages.clients.fresh.ranges(client).iter().all(|fresh| range.end <= fresh.end)
        };
        assert!(pages.clients.outdated.iter().all(of_fresh), "clocks that are out of date");
        let clocks_are_known = pages.clients.fresh.iter().all(|(client, range)| self.clock(client) >= range.end);
        assert!(clocks_are_known, "clocks that no row has");
        assert!(pages.deletes.fresh.difference(self.deletes()).is_empty(), "deletes that no row has");
    }
}

/// What a client with this state vector tells of those whom a row tells of, but for those whom the overlay tells of.
fn told_of_row<'t>(
    clients: &'t Paged,
    index: usize,
    theirs: &'t TheirVector,
) -> impl Iterator<Item = (ClientId, Clock)> + 't {
    let (first, end) = clients.bounds(index);
    let mut is_in_fresh = among(clients.fresh.between(first, end).map(|(client, _)| client));
    theirs.between(first.client, end.map(|end| end.client)).filter(move |(client, _)| !is_in_fresh(*client))
}

/// Whether clients that ascend are among these, which ascend too. O(both), for all together.
fn among(clients: impl Iterator<Item = ClientId>) -> impl FnMut(ClientId) -> bool {
    let mut clients = clients.peekable();
    move |client| {
        while clients.next_if(|of| *of < client).is_some() {}
        clients.peek() == Some(&client)
    }
}
