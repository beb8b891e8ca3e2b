//! The envelope of every stored row: what it is, whose it is, and a hash that finds damage and misplaced rows.

use super::RowKey;
use crate::values::{Error, ErrorKind};
use twox_hash::XxHash3_64;

/// Version of the rows that this program writes. Rows of earlier versions are read, rows of later ones refused.
pub const FORMAT_VERSION: u8 = 1;

/// Bytes that the envelope adds to a body.
pub const ENVELOPE_BYTES: usize = HEAD_BYTES + HASH_BYTES;

const HEAD_BYTES: usize = 24;
const HASH_BYTES: usize = 8;

/// A row that was opened: its hash is right.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Row<'a> {
    /// Stamp of the document that the row belongs to.
    pub stamp: u64,
    /// Journal rows: their sequence number; others: the folded sequence number when they were written.
    pub sequence: u64,
    /// What the row holds.
    pub body: &'a [u8],
}

/// Wraps a body, which `write_body` appends, into the envelope of the row `key`. One allocation if
/// `body_bytes` is a good guess.
pub fn seal_row(
    key: RowKey,
    stamp: u64,
    sequence: u64,
    body_bytes: usize,
    write_body: impl FnOnce(&mut Vec<u8>),
) -> Vec<u8> {
    let mut row = Vec::with_capacity(ENVELOPE_BYTES + body_bytes);
    row.extend_from_slice(&[FORMAT_VERSION, key.kind as u8, 0, 0, 0, 0, 0, 0]);
    row.extend_from_slice(&stamp.to_le_bytes());
    row.extend_from_slice(&sequence.to_le_bytes());
    write_body(&mut row);
    let body_bytes = (row.len() - HEAD_BYTES) as u32;
    row[4..8].copy_from_slice(&body_bytes.to_le_bytes());
    let hash = hash_row(key, &row);
    row.extend_from_slice(&hash.to_le_bytes());
    row
}

/// Opens the row that was found under `key`.
///
/// # Errors
/// `DamagedRow` if the bytes are not those that were stored under this key; `NewerVersion` if they are, but a
/// later program stored them.
pub fn open_row(key: RowKey, row: &[u8]) -> Result<Row<'_>, Error> {
    let damaged = Error::from(ErrorKind::DamagedRow);
    let head_and_body = row.len().checked_sub(HASH_BYTES).ok_or(damaged)?;
    let (content, hash) = row.split_at(head_and_body);
    if content.len() < HEAD_BYTES || hash != hash_row(key, content).to_le_bytes() {
        return Err(damaged);
    }
    if content[0] > FORMAT_VERSION {
        return Err(ErrorKind::NewerVersion.into());
    }
    let body = &content[HEAD_BYTES..];
    if content[1] != key.kind as u8 || content[4..8] != (body.len() as u32).to_le_bytes() {
        return Err(damaged);
    }
    Ok(Row { stamp: number(&content[8..16]), sequence: number(&content[16..24]), body })
}

/// XXH3 (64 bits) of header and body, seeded with the key as an integer: a row under another key has another hash.
fn hash_row(key: RowKey, content: &[u8]) -> u64 {
    XxHash3_64::oneshot_with_seed(key.to_integer() as u64, content)
}

fn number(bytes: &[u8]) -> u64 {
    bytes.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte))
}
