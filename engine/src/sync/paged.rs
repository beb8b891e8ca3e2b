//! The rows of a state vector or of a delete set, each a slice of it, and what no row says yet.

use crate::archive::records::SliceRecord;
use crate::archive::{
    RowKey, RowKind, RowSizes, SliceHash, SlicePart, cut_evenly, write_client_page, write_delete_page,
};
use crate::values::{ClientId, Id, IdSet, StateVector};

/// What a fold stores of state vector and delete set besides its manifest.
#[derive(Debug, Default)]
pub(super) struct KnownRows {
    /// Rows with their bodies.
    pub(super) rows: Vec<(RowKey, Vec<u8>)>,
    /// Rows that nothing names any more.
    pub(super) dead: Vec<RowKey>,
}

/// A row, and whether what it says is known.
#[derive(Clone, Copy, Debug)]
pub(super) struct Slice {
    pub(super) record: SliceRecord,
    /// Of what the row says; 0 where nobody has taken it.
    pub(super) hash: u64,
    pub(super) is_read: bool,
    /// The row can't be read, and what it said is read out of the base; or a write that failed may have deleted it. The next fold
    /// puts it into another one.
    pub(super) is_lost: bool,
}

impl Slice {
    pub(super) fn first(&self) -> Id {
        Id::new(ClientId::new(self.record.client), self.record.clock)
    }
}

/// The rows of a state vector or of a delete set. A clock counts here as the ids below it.
#[derive(Debug, Default)]
pub(super) struct Paged {
    /// In the order of their first ids.
    pub(super) slices: Vec<Slice>,
    /// What no row says. Kept once there are rows.
    pub(super) fresh: IdSet,
    /// What the rows of a state vector say of the clients in `fresh`.
    pub(super) outdated: IdSet,
    /// While they are written: the rows as they will be, and what goes into them of what none says.
    pub(super) storing: Option<(Vec<Slice>, IdSet)>,
}

impl Paged {
    pub(super) fn unread(records: &[SliceRecord], hashes: &[u64]) -> Paged {
        // Manifests before version 5 have no hashes.
        let hashes = hashes.iter().copied().chain(core::iter::repeat(0));
        let slices = records.iter().zip(hashes);
        let slices = slices.map(|(record, hash)| Slice { record: *record, hash, is_read: false, is_lost: false });
        Paged { slices: slices.collect(), ..Paged::default() }
    }

    pub(super) fn has_rows(&self) -> bool {
        !self.slices.is_empty() || self.storing.is_some()
    }

    /// The row that an id belongs to.
    pub(super) fn index(&self, id: Id) -> Option<usize> {
        self.slices.partition_point(|of| of.first() <= id).checked_sub(1)
    }

    /// From where to where a row reaches. Where there are none, there is one without a number.
    pub(super) fn bounds(&self, index: usize) -> (Id, Option<Id>) {
        let start = Id::new(ClientId::new(0), 0);
        (self.slices.get(index).map_or(start, Slice::first), self.slices.get(index + 1).map(Slice::first))
    }

    pub(super) fn is_read(&self) -> bool {
        self.slices.iter().all(|of| of.is_read)
    }

    /// Whether an id belongs to a lost row. Without rows all do.
    pub(super) fn is_lost(&self, id: Id) -> bool {
        self.index(id).is_none_or(|index| self.slices[index].is_lost)
    }

    /// Puts what these rows say, as it is known now, into new ones. `whole` gives what is known between two ids.
    pub(super) fn spill(
        &mut self,
        kind: RowKind,
        chosen: &[(RowKind, usize)],
        whole: &dyn Fn(Id, Option<Id>) -> Vec<SlicePart>,
        sizes: RowSizes,
        next_row: &mut u32,
        stored: &mut KnownRows,
    ) {
        let mut slices = Vec::new();
        let (mut taken, mut left, mut outdated) = (IdSet::default(), IdSet::default(), IdSet::default());
        for index in 0..self.slices.len().max(1) {
            let old = self.slices.get(index).copied();
            let (first, end) = self.bounds(index);
            let is_chosen = chosen.contains(&(kind, index)) && old.is_none_or(|of| of.is_read);
            let fresh = if is_chosen { &mut taken } else { &mut left };
            self.fresh.between(first, end).for_each(|(client, range)| fresh.insert(client, range));
            if !is_chosen {
                slices.extend(old);
                self.outdated.between(first, end).for_each(|(client, range)| outdated.insert(client, range));
                continue;
            }
            // Under new numbers, and the old row is deleted after the manifest has named them: until then, what it names is
            // what it was written with.
            for (part, parts) in cut_evenly(whole(first, end), sizes.slice).into_iter().enumerate() {
                let begins = parts.first().filter(|_| part > 0).map(|(client, range)| Id::new(*client, range.start));
                let first = begins.unwrap_or(first);
                let record = SliceRecord { client: first.client.value(), clock: first.clock, row: *next_row };
                let hash = SliceHash::of(parts.iter().cloned());
                slices.push(Slice { record, hash, is_read: true, is_lost: false });
                stored.rows.push((RowKey::new(kind, *next_row), body(kind, parts)));
                *next_row += 1;
            }
            stored.dead.extend(old.map(|old| RowKey::new(kind, old.record.row)));
        }
        self.fresh = left;
        self.outdated = outdated;
        self.storing = Some((slices, taken));
    }

    /// Takes the hash of what a row says, which manifests before version 5 don't have.
    pub(super) fn note_hash(&mut self, key: RowKey, parts: impl Iterator<Item = SlicePart>) {
        let is_of_row = |of: &Slice| of.record.row == key.number && of.hash == 0;
        if self.slices.iter().any(is_of_row) {
            let hash = SliceHash::of(parts);
            self.all_slices().filter(|of| is_of_row(of)).for_each(|of| of.hash = hash);
        }
    }

    /// Notes what of a row of the state vector is out of date.
    pub(super) fn note_outdated(&mut self, clocks: &StateVector) {
        for (client, clock) in clocks.iter().filter(|(client, _)| !self.fresh.ranges(*client).is_empty()) {
            self.outdated.insert(client, 0..clock);
        }
    }

    /// The rows, and those of the write that is under way.
    pub(super) fn all_slices(&mut self) -> impl Iterator<Item = &mut Slice> {
        let storing = self.storing.as_mut().map_or(&mut [][..], |(slices, _)| slices);
        self.slices.iter_mut().chain(storing)
    }

    /// The rows and their hashes as they are after the write that is under way, for its manifest.
    pub(super) fn records(&self) -> (Vec<SliceRecord>, Vec<u64>) {
        let slices = self.storing.as_ref().map_or(&self.slices, |(slices, _)| slices);
        slices.iter().map(|of| (of.record, of.hash)).unzip()
    }

    pub(super) fn stored(&mut self) {
        if let Some((slices, _)) = self.storing.take() {
            self.slices = slices;
        }
    }

    pub(super) fn not_stored(&mut self) {
        if let Some((slices, taken)) = self.storing.take() {
            self.fresh.merge(&taken);
            let is_replaced = |of: &Slice| slices.iter().all(|new| new.record.row != of.record.row);
            self.slices.iter_mut().filter(|of| is_replaced(of)).for_each(|of| of.is_lost = true);
        }
    }
}

fn body(kind: RowKind, parts: Vec<SlicePart>) -> Vec<u8> {
    let mut body = Vec::new();
    match kind {
        RowKind::ClientPage => write_client_page(&mut body, &clocks_of(&mut parts.into_iter())),
        _ => write_delete_page(&mut body, &parts.into_iter().collect()),
    }
    body
}

pub(super) fn clocks_of(parts: &mut dyn Iterator<Item = SlicePart>) -> StateVector {
    parts.map(|(client, range)| (client, range.end)).collect()
}

pub(super) fn parts_of(clocks: &StateVector) -> IdSet {
    clocks.iter().map(|(client, clock)| (client, 0..clock)).collect()
}
