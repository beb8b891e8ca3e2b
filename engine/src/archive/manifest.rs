//! The manifest as rows, and the list of base pages in it.

use super::parts::Parts;
use super::records::{Manifest, SliceRecord};
use super::{HostLimits, RowKey, RowKind, RowWrite};
use crate::values::{Error, ErrorKind};

impl Manifest {
    /// The flag of documents whose deleted content is never collected.
    pub const KEEPS_HISTORY: u32 = 1;

    /// Whether deleted content is never collected.
    pub fn keeps_history(&self) -> bool {
        self.flags & Manifest::KEEPS_HISTORY != 0
    }

    /// The manifest of a document without base pages.
    pub fn of_empty_document(stamp: u64) -> Manifest {
        // An empty state vector and delete set are one byte each, in Yjs' format: no clients.
        let (state_vector, delete_set) = (vec![0], vec![0]);
        Manifest { stamp, lowest_version: super::FORMAT_VERSION, state_vector, delete_set, ..Manifest::default() }
    }

    /// The first base page in use from `number` on. O(runs of page numbers).
    pub fn find_page_from(&self, number: u32) -> Option<u32> {
        let run = self.live_pages.iter().find(|(first, count)| number < first + count)?;
        Some(number.max(run.0))
    }

    /// The last base page in use before `number`. O(runs of page numbers).
    pub fn find_page_before(&self, number: u32) -> Option<u32> {
        let run = self.live_pages.iter().rev().find(|(first, _)| *first < number)?;
        Some((number - 1).min(run.0 + run.1 - 1))
    }

    /// The last base page in use.
    pub fn last_page(&self) -> Option<u32> {
        self.live_pages.last().map(|(first, count)| first + count - 1)
    }

    /// Takes the next page number into use.
    pub fn add_page(&mut self) -> u32 {
        let number = self.next_page;
        self.next_page += 1;
        match self.live_pages.last_mut() {
            Some((first, count)) if *first + *count == number => *count += 1,
            _ => self.live_pages.push((number, 1)),
        }
        number
    }

    /// The keys of the rows that hold state vector and delete set, besides the manifest.
    pub fn slice_keys(&self) -> impl Iterator<Item = RowKey> + '_ {
        let clients = self.client_pages.iter().map(|of| RowKey::new(RowKind::ClientPage, of.row));
        clients.chain(self.delete_pages.iter().map(|of| RowKey::new(RowKind::DeletePage, of.row)))
    }

    /// Appends the rows of the manifest: one, or as many as the store's row size asks for.
    pub fn write_rows(&self, host: HostLimits, batch: &mut Vec<RowWrite>) {
        let parts = Parts { stamp: self.stamp, sequence: self.folded_sequence, bytes: self.encode() };
        parts.write_rows(RowKind::Manifest, host, batch);
    }

    /// Puts the manifest together from its rows. `None` if there are none.
    ///
    /// # Errors
    /// `DamagedRow` if one is damaged or missing, `NewerVersion`.
    pub fn read_rows(rows: &[(RowKey, Vec<u8>)]) -> Result<Option<Manifest>, Error> {
        let Some(parts) = Parts::read_rows(rows)? else { return Ok(None) };
        let manifest = Manifest::decode(&parts.bytes)?.checked()?;
        if manifest.stamp == parts.stamp { Ok(Some(manifest)) } else { Err(ErrorKind::DamagedRow.into()) }
    }

    /// Refuses page numbers that contradict each other: everything else counts on them.
    fn checked(self) -> Result<Manifest, Error> {
        let mut end = 0;
        for (first, count) in &self.live_pages {
            let run_end = first.checked_add(*count).filter(|run_end| *run_end <= self.next_page);
            match run_end {
                Some(run_end) if *first >= end && *count > 0 => end = run_end,
                _ => return Err(ErrorKind::DamagedRow.into()),
            }
        }
        let of_kinds = [(&self.client_pages, &self.client_hashes), (&self.delete_pages, &self.delete_hashes)];
        for (slices, hashes) in of_kinds {
            let first = |of: &SliceRecord| (of.client, of.clock);
            let begins = slices.first().is_none_or(|of| first(of) == (0, 0));
            let ascends = slices.windows(2).all(|two| first(&two[0]) < first(&two[1]));
            let has_hashes = hashes.is_empty() || hashes.len() == slices.len();
            if !begins || !ascends || !has_hashes || slices.iter().any(|of| of.row >= self.next_slice) {
                return Err(ErrorKind::DamagedRow.into());
            }
        }
        if self.next_page == u32::MAX || self.next_slice > u32::MAX / 2 {
            Err(ErrorKind::DamagedRow.into())
        } else {
            Ok(self)
        }
    }
}
