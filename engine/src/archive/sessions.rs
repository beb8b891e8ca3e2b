//! Sessions: of each the last operation that is in the document, so that one that comes again is not carried out again.

use super::records::SessionRecord;
use super::{ChangeRecord, read_changes};
use crate::values::{SortedMap, sort_by_numbers};
use std::sync::Arc;

/// The sessions that are remembered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(SortedMap<Arc<str>, Done>);

/// The last operation of a session that is in the document.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Done {
    pub(crate) id: u64,
    /// The revision after it.
    pub(crate) revision: u64,
}

impl Sessions {
    /// Those of a manifest.
    pub(crate) fn restore(records: &[SessionRecord]) -> Sessions {
        let mut sessions = Sessions::default();
        for of in records {
            sessions.note(&Arc::from(&*of.session), Done { id: of.id, revision: of.revision });
        }
        sessions
    }

    /// What a manifest remembers: at most so many, those that were not active for longest are left out.
    pub(crate) fn to_records(&self, most: usize) -> Vec<SessionRecord> {
        let record = |(session, done): (&Arc<str>, &Done)| SessionRecord {
            session: session.to_string(),
            id: done.id,
            revision: done.revision,
        };
        let first_kept = self.first_of_last(most);
        self.0.iter().filter(|(_, done)| done.revision >= first_kept).map(record).collect()
    }

    /// The first one of the last `most` revisions that sessions came to; each has come to another one.
    fn first_of_last(&self, most: usize) -> u64 {
        let Some(left_out) = self.0.len().checked_sub(most) else { return 0 };
        let mut revisions: Vec<u64> = self.0.values().map(|done| done.revision).collect();
        sort_by_numbers(&mut revisions, |revision| (*revision, 0));
        revisions.get(left_out).copied().unwrap_or(u64::MAX)
    }

    /// The last operation of a session; nothing was done if it is not known.
    pub(crate) fn find(&self, session: &str) -> Done {
        self.0.get(session).copied().unwrap_or_default()
    }

    /// Notes an operation.
    pub(crate) fn note(&mut self, session: &Arc<str>, done: Done) {
        self.0.insert(session.clone(), done);
    }

    /// Notes the operations that are listed with a journal slot.
    pub(crate) fn note_changes(&mut self, changes: &[u8]) {
        for record in read_changes(changes) {
            if let ChangeRecord::Change { revision, author: Some((session, id)), .. } = record {
                self.note(&Arc::from(session), Done { id, revision });
            }
        }
    }

    /// Forgets those that were not active for longest, once there are twice as many as `most`.
    pub(crate) fn shrink(&mut self, most: usize) {
        if self.0.len() > 2 * most {
            *self = Sessions::restore(&self.to_records(most));
        }
    }
}
