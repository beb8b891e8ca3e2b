//! Bytes in as many rows as the store's row size asks for, put together again only if all of them are there.

use super::{HostLimits, RowKey, RowKind, RowWrite, largest_update, open_row, seal_row};
use crate::lib0::{Reader, write_var_uint};
use crate::values::{Error, ErrorKind};

/// What rows of one kind hold together.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Stamp and sequence number of all of them.
    pub(crate) stamp: u64,
    pub(crate) sequence: u64,
    pub(crate) bytes: Vec<u8>,
}

impl Parts {
    /// Appends the rows, numbered from 0.
    pub(crate) fn write_rows(&self, kind: RowKind, host: HostLimits, batch: &mut Vec<RowWrite>) {
        let parts: Vec<&[u8]> = self.bytes.chunks(largest_update(host)).collect();
        for (number, part) in parts.iter().enumerate() {
            let key = RowKey::new(kind, number as u32);
            let row = seal_row(key, self.stamp, self.sequence, part.len() + 2, |out| {
                write_var_uint(out, parts.len() as u64);
                out.extend_from_slice(part);
            });
            batch.push(RowWrite::Put(key, row));
        }
    }

    /// Puts the rows together. `None` if there are none; what lies behind the last part is left over from before.
    ///
    /// # Errors
    /// `DamagedRow` if one is damaged or missing, or not of the same moment; `NewerVersion`.
    pub(crate) fn read_rows(rows: &[(RowKey, Vec<u8>)]) -> Result<Option<Parts>, Error> {
        let damaged = Error::from(ErrorKind::DamagedRow);
        let mut parts: Option<Parts> = None;
        let mut wanted = 1;
        for (number, (key, row)) in rows.iter().enumerate() {
            if number as u64 == wanted {
                break;
            }
            let row = open_row(*key, row)?;
            let mut from = Reader::new(row.body);
            wanted = from.read_var_uint().map_err(|_| damaged)?;
            let of = parts.get_or_insert(Parts { stamp: row.stamp, sequence: row.sequence, bytes: Vec::new() });
            if key.number as usize != number || (of.stamp, of.sequence) != (row.stamp, row.sequence) {
                return Err(damaged);
            }
            of.bytes.extend_from_slice(&row.body[from.offset()..]);
        }
        if !rows.is_empty() && (rows.len() as u64) < wanted { Err(damaged) } else { Ok(parts) }
    }
}
