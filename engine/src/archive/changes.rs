//! What clients that follow a document by revisions were told: kept with each journal slot, so that after waking the
//! revisions since the last fold are known, and which operations of whom are in the document.
//!
//! The deltas are opaque bytes here.

use crate::lib0::{Reader, write_bytes, write_string, write_var_uint};
use crate::values::{Error, ErrorKind};

const TRACK: u64 = 0;
const CHANGE: u64 = 1;

/// One record of a slot's changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChangeRecord<'a> {
    /// From this revision on all changes of a root are listed. Roots are numbered in the order in which they come up in
    /// the slot.
    Track {
        /// The root's name.
        root: &'a str,
        /// A revision: what follows changes the content at it.
        since: u64,
    },
    /// A root changed.
    Change {
        /// The number of the root in this slot.
        root: usize,
        /// The revision that the content has after it.
        revision: u64,
        /// Session and id of the operation that it was, if it was one.
        author: Option<(&'a str, u64)>,
        /// What changed.
        delta: &'a [u8],
    },
}

impl<'a> ChangeRecord<'a> {
    /// Appends the record.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        match *self {
            ChangeRecord::Track { root, since } => {
                write_var_uint(out, TRACK);
                write_string(out, root);
                write_var_uint(out, since);
            }
            ChangeRecord::Change { root, revision, author, delta } => {
                write_var_uint(out, CHANGE);
                write_var_uint(out, root as u64);
                write_var_uint(out, revision);
                let (session, id) = author.unwrap_or_default();
                write_string(out, session);
                if !session.is_empty() {
                    write_var_uint(out, id);
                }
                write_bytes(out, delta);
            }
        }
    }

    fn read(from: &mut Reader<'a>) -> Result<ChangeRecord<'a>, Error> {
        match from.read_var_uint()? {
            TRACK => Ok(ChangeRecord::Track { root: from.read_string()?, since: from.read_var_uint()? }),
            CHANGE => {
                let root = usize::try_from(from.read_var_uint()?).map_err(|_| from.error(ErrorKind::NumberTooLarge))?;
                let revision = from.read_var_uint()?;
                let session = from.read_string()?;
                let author = if session.is_empty() { None } else { Some((session, from.read_var_uint()?)) };
                Ok(ChangeRecord::Change { root, revision, author, delta: from.read_bytes()? })
            }
            _ => Err(from.error(ErrorKind::UnknownTag)),
        }
    }
}

/// The records of a slot, up to one that can't be read.
pub fn read_changes(bytes: &[u8]) -> impl Iterator<Item = ChangeRecord<'_>> {
    let mut from = Reader::new(bytes);
    core::iter::from_fn(move || if from.is_at_end() { None } else { ChangeRecord::read(&mut from).ok() })
}
