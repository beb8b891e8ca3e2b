//! A document as one file that can be kept or moved: its rows as they are stored, part by part, so that nobody has to
//! hold all of it. (`FORMAT.md`, "Export file")

use super::file_hash::FileHash;
use super::records::Manifest;
use super::{RowKey, RowKind, open_row};
use crate::values::{Error, ErrorKind};
use std::collections::VecDeque;

/// What an export file begins with.
pub(super) const MAGIC: &[u8; 5] = b"MGNSR";
/// Version of the files that this program writes. Later ones are refused.
pub(super) const EXPORT_VERSION: u8 = 1;
/// Bytes before the first frame.
pub(super) const HEAD_BYTES: usize = MAGIC.len() + 1 + 8 + 8;
/// Bytes of a frame before its row.
pub(super) const FRAME_BYTES: usize = 5 + 4;

/// Writes an export file.
///
/// Base pages that are full never change, but for content that goes because it was deleted meanwhile. So the file is the
/// document at one moment however long it takes to write it: only what `new` and the first call of [`next_part`](Exporter::next_part) are given has to be of one moment.
#[derive(Debug)]
pub struct Exporter {
    manifest: Manifest,
    /// Rows that are still to be written and no base pages, in the file's order.
    rows: VecDeque<(RowKey, Vec<u8>)>,
    /// Base pages from this number on are still to be written.
    next_page: u32,
    /// The last base page, which may still grow where it is stored.
    last_page: Option<Vec<u8>>,
    hash: FileHash,
    progress: Progress,
}

#[derive(Debug, PartialEq, Eq)]
enum Progress {
    Head,
    Frames,
    Done,
}

impl Exporter {
    /// Begins with all rows of the document that are no base pages, in key order. `None` if there are none: there is no
    /// document. Memory: these rows and one page.
    ///
    /// # Errors
    /// `DamagedRow` if one of them is damaged or the manifest is missing, `NewerVersion`.
    pub fn new(rows: Vec<(RowKey, Vec<u8>)>) -> Result<Option<Exporter>, Error> {
        let mut rows = rows;
        // It is made of the pages.
        rows.retain(|(key, _)| key.kind != RowKind::Checkpoint);
        let first_other = rows.partition_point(|(key, _)| key.kind == RowKind::Manifest);
        let manifest = match Manifest::read_rows(&rows[..first_other])? {
            Some(manifest) => manifest,
            None if rows.is_empty() => return Ok(None),
            None => return Err(ErrorKind::DamagedRow.into()),
        };
        let mut rows = VecDeque::from(rows);
        rows.rotate_left(first_other);
        let is_slice = |key: RowKey| matches!(key.kind, RowKind::ClientPage | RowKind::DeletePage);
        rows.retain(|(key, _)| !is_slice(*key) || manifest.slice_keys().any(|of| of == *key));
        if rows.iter().filter(|(key, _)| is_slice(*key)).count() < manifest.slice_keys().count() {
            return Err(ErrorKind::DamagedRow.into());
        }
        let exporter =
            Exporter { manifest, rows, next_page: 0, last_page: None, hash: FileHash::new(), progress: Progress::Head };
        exporter.rows.iter().try_for_each(|(key, row)| exporter.check(*key, row))?;
        Ok(Some(exporter))
    }

    /// The base page to be read for the next call of [`next_part`](Exporter::next_part). That for the first call has to be
    /// as it was when the rows were read.
    pub fn wanted_page(&self) -> Option<RowKey> {
        let last = self.manifest.last_page();
        match self.progress {
            Progress::Head => last.map(|number| RowKey::new(RowKind::BasePage, number)),
            Progress::Frames => self.page_in_turn().filter(|key| Some(key.number) != last),
            Progress::Done => None,
        }
    }

    /// The next bytes of the file, `None` at its end. `page`: the row of the page that is wanted.
    ///
    /// # Errors
    /// `DamagedRow` if the page is missing or damaged or, the first time, is of a later moment; `NewerVersion`.
    pub fn next_part(&mut self, page: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, Error> {
        let mut part = Vec::new();
        match self.progress {
            Progress::Head => {
                if let Some(key) = self.wanted_page() {
                    self.check(key, page.as_deref().ok_or(ErrorKind::DamagedRow)?)?;
                    self.last_page = page;
                }
                let pages: u64 = self.manifest.live_pages.iter().map(|(_, count)| u64::from(*count)).sum();
                part.extend_from_slice(MAGIC);
                part.push(EXPORT_VERSION);
                part.extend_from_slice(&self.manifest.stamp.to_le_bytes());
                part.extend_from_slice(&(self.rows.len() as u64 + pages).to_le_bytes());
                self.hash.add(&part);
                self.progress = Progress::Frames;
            }
            Progress::Frames => match self.next_row(page)? {
                Some((key, row)) => {
                    part.reserve_exact(FRAME_BYTES + row.len());
                    part.push(key.kind as u8);
                    part.extend_from_slice(&key.number.to_be_bytes());
                    part.extend_from_slice(&(row.len() as u32).to_le_bytes());
                    part.extend_from_slice(&row);
                    self.hash.add(&part);
                }
                None => {
                    part.extend_from_slice(&self.hash.to_bytes());
                    self.progress = Progress::Done;
                }
            },
            Progress::Done => return Ok(None),
        }
        Ok(Some(part))
    }

    /// The base page whose turn it is, if it is that of a page.
    fn page_in_turn(&self) -> Option<RowKey> {
        let before_pages = |key: RowKey| place(key) < place(RowKey::new(RowKind::BasePage, 0));
        let number = self.manifest.find_page_from(self.next_page)?;
        let is_its_turn = self.rows.front().is_none_or(|(key, _)| !before_pages(*key));
        is_its_turn.then_some(RowKey::new(RowKind::BasePage, number))
    }

    fn next_row(&mut self, page: Option<Vec<u8>>) -> Result<Option<(RowKey, Vec<u8>)>, Error> {
        let Some(key) = self.page_in_turn() else { return Ok(self.rows.pop_front()) };
        self.next_page = key.number + 1;
        let is_last = Some(key.number) == self.manifest.last_page();
        let row = if is_last { self.last_page.take() } else { page };
        let row = row.ok_or(ErrorKind::DamagedRow)?;
        self.check(key, &row)?;
        Ok(Some((key, row)))
    }

    /// Refuses a row that can't be in the file.
    fn check(&self, key: RowKey, row: &[u8]) -> Result<(), Error> {
        let opened = open_row(key, row)?;
        let is_later = key.kind == RowKind::BasePage && opened.sequence > self.manifest.folded_sequence;
        if opened.stamp != self.manifest.stamp || is_later { Err(ErrorKind::DamagedRow.into()) } else { Ok(()) }
    }
}

/// Where a row stands in the file: the manifest comes last, so that a file that was cut off has none.
pub(super) fn place(key: RowKey) -> (bool, RowKey) {
    (key.kind == RowKind::Manifest, key)
}
