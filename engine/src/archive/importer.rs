//! Reads an export file, and checks all of it before a document is made of it.

use super::exporter::{EXPORT_VERSION, FRAME_BYTES, HEAD_BYTES, MAGIC, place};
use super::file_hash::FileHash;
use super::records::Manifest;
use super::{HostLimits, RowKey, RowKind, RowWrite, open_row, read_client_page, read_delete_page, read_slot};
use crate::lib0::Reader;
use crate::update::{decode_state_vector, read_delete_set, validate_update};
use crate::values::{Error, ErrorKind};

/// The incarnation of no host: who has it gives up the client id that the server wrote under.
const NO_INCARNATION: u64 = u64::MAX;
const HASH_BYTES: usize = 8;

/// Reads an export file of any length, piece by piece.
///
/// Base pages may be stored as they come: without a manifest they mean nothing. All other rows are kept until the
/// file has proved whole, and are then one batch.
#[derive(Debug)]
pub struct Importer {
    host: HostLimits,
    /// What has come and is no whole frame yet.
    rest: Vec<u8>,
    /// Bytes of the file before `rest`.
    offset: usize,
    head: Option<Head>,
    hash: FileHash,
    is_done: bool,
    previous: Option<RowKey>,
    pages: Vec<u32>,
    last_batch: Vec<RowWrite>,
    manifest: Vec<(RowKey, Vec<u8>)>,
}

#[derive(Debug)]
struct Head {
    stamp: u64,
    /// Rows that are still to come.
    left: u64,
}

impl Importer {
    /// Reads a file for a store with these limits.
    pub fn new(host: HostLimits) -> Importer {
        Importer {
            host,
            rest: Vec::new(),
            offset: 0,
            head: None,
            hash: FileHash::new(),
            is_done: false,
            previous: None,
            pages: Vec::new(),
            last_batch: Vec::new(),
            manifest: Vec::new(),
        }
    }

    /// Takes the next bytes of the file, and appends the base pages that are whole now to `batch`. Memory: a row, and all
    /// rows that are no base pages.
    ///
    /// # Errors
    /// `UnknownTag` if this is no export file, `NewerVersion`, `DamagedRow`, `TooLarge` for a row that the store does not
    /// take, `TrailingBytes`, or what is wrong with the update in a row; with the place in the file.
    pub fn push(&mut self, bytes: &[u8], batch: &mut Vec<RowWrite>) -> Result<(), Error> {
        self.rest.extend_from_slice(bytes);
        let rest = core::mem::take(&mut self.rest);
        let mut at = 0;
        let read = loop {
            match self.read_part(&rest[at..], batch) {
                Ok(0) => break Ok(()),
                Ok(len) => at += len,
                Err(kind) => break Err(Error::at(kind, self.offset + at)),
            }
        };
        self.rest = rest;
        self.rest.drain(..at);
        self.offset += at;
        read
    }

    /// The end of the file. Gives what is to be stored in one batch, the last one; its rows make the base pages a document.
    ///
    /// # Errors
    /// `UnexpectedEnd` if the file was cut off, `DamagedRow` if it has no manifest or lacks a page.
    pub fn finish(self) -> Result<Vec<RowWrite>, Error> {
        let damaged = Error::at(ErrorKind::DamagedRow, self.offset);
        if !self.is_done {
            return Err(Error::at(ErrorKind::UnexpectedEnd, self.offset));
        }
        let mut manifest = Manifest::read_rows(&self.manifest)?.ok_or(damaged)?;
        decode_state_vector(&manifest.state_vector)?;
        read_delete_set(&mut Reader::new(&manifest.delete_set))?;
        let is_here = |(first, count): &(u32, u32)| {
            // Ascending and each once: so many from the first one on are all, if they end with the last one.
            let here = &self.pages[self.pages.partition_point(|page| page < first)..];
            here.first() == Some(first) && here.get(*count as usize - 1) == Some(&(first + count - 1))
        };
        let has_slice =
            |key: RowKey| self.last_batch.iter().any(|row| matches!(row, RowWrite::Put(of, _) if *of == key));
        if !manifest.slice_keys().all(has_slice)
            || !manifest.live_pages.iter().all(is_here)
            || self.head.is_some_and(|head| head.stamp != manifest.stamp)
        {
            return Err(damaged);
        }
        let mut batch = self.last_batch;
        if manifest.author == 0 {
            batch.extend(self.manifest.into_iter().map(|(key, row)| RowWrite::Put(key, row)));
        } else {
            // The original may go on elsewhere, and write under this id.
            manifest.incarnation = NO_INCARNATION;
            manifest.write_rows(self.host, &mut batch);
        }
        Ok(batch)
    }

    /// Reads one part at the start of these bytes; gives its length, 0 if it is not whole yet.
    fn read_part(&mut self, bytes: &[u8], batch: &mut Vec<RowWrite>) -> Result<usize, ErrorKind> {
        let Some(head) = &mut self.head else { return self.read_head(bytes) };
        if self.is_done {
            return if bytes.is_empty() { Ok(0) } else { Err(ErrorKind::TrailingBytes) };
        }
        if head.left == 0 {
            let Some(hash) = bytes.get(..HASH_BYTES) else { return Ok(0) };
            self.is_done = hash == self.hash.to_bytes();
            return if self.is_done { Ok(HASH_BYTES) } else { Err(ErrorKind::DamagedRow) };
        }
        let Some((kind_and_number, rest)) = bytes.split_first_chunk::<5>() else { return Ok(0) };
        let Some((row_bytes, rest)) = rest.split_first_chunk::<4>() else { return Ok(0) };
        let [kind, number @ ..] = *kind_and_number;
        let integer = i64::from(kind) << 32 | i64::from(u32::from_be_bytes(number));
        let key = RowKey::from_integer(integer).ok_or(ErrorKind::UnknownTag)?;
        let row_bytes = u32::from_le_bytes(*row_bytes) as usize;
        if row_bytes > self.host.row_bytes {
            return Err(ErrorKind::TooLarge);
        }
        let Some(row) = rest.get(..row_bytes) else { return Ok(0) };
        if self.previous.is_some_and(|previous| place(previous) >= place(key)) {
            return Err(ErrorKind::DamagedRow);
        }
        check_row(key, row, head.stamp)?;
        head.left -= 1;
        self.previous = Some(key);
        self.hash.add(&bytes[..FRAME_BYTES + row_bytes]);
        match key.kind {
            RowKind::Manifest => self.manifest.push((key, row.to_vec())),
            RowKind::Checkpoint => {}
            RowKind::BasePage => {
                self.pages.push(key.number);
                batch.push(RowWrite::Put(key, row.to_vec()));
            }
            _ => self.last_batch.push(RowWrite::Put(key, row.to_vec())),
        }
        Ok(FRAME_BYTES + row_bytes)
    }

    fn read_head(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let known = bytes.len().min(MAGIC.len());
        if bytes[..known] != MAGIC[..known] {
            return Err(ErrorKind::UnknownTag);
        }
        if bytes.get(MAGIC.len()).is_some_and(|version| *version > EXPORT_VERSION) {
            return Err(ErrorKind::NewerVersion);
        }
        let Some(head) = bytes.get(..HEAD_BYTES) else { return Ok(0) };
        let number = |at: usize| head[at..at + 8].iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte));
        self.head = Some(Head { stamp: number(MAGIC.len() + 1), left: number(MAGIC.len() + 9) });
        self.hash.add(head);
        Ok(HEAD_BYTES)
    }
}

/// Checks a row as if a client had sent what is in it.
fn check_row(key: RowKey, row: &[u8], stamp: u64) -> Result<(), ErrorKind> {
    let opened = open_row(key, row).map_err(|error| error.kind)?;
    if opened.stamp != stamp {
        return Err(ErrorKind::DamagedRow);
    }
    let checked = match key.kind {
        RowKind::Journal => read_slot(opened.body).and_then(|(_, update)| validate_update(update)),
        RowKind::BasePage => validate_update(opened.body),
        RowKind::ClientPage => read_client_page(opened.body).map(|_| ()),
        RowKind::DeletePage => read_delete_page(opened.body).map(|_| ()),
        _ => Ok(()),
    };
    checked.map_err(|error| error.kind)
}
