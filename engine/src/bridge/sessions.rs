//! Sessions: of each the last operation that is in the document, so that one that comes again is not carried out again.

use crate::archive::records::SessionRecord;
use crate::archive::{ChangeRecord, read_changes};
use crate::values::{sort_by_numbers, sort_by_text};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The sessions that are remembered.
#[derive(Clone, Debug, Default)]
pub(crate) struct Sessions(BTreeMap<Arc<str>, Done>);

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
        let done = |of: &SessionRecord| (Arc::from(&*of.session), Done { id: of.id, revision: of.revision });
        let mut sessions = BTreeMap::new();
        sessions.extend(records.iter().map(done));
        Sessions(sessions)
    }

    /// What a manifest remembers: at most so many, those that were not active for longest are left out.
    pub(crate) fn to_records(&self, most: usize) -> Vec<SessionRecord> {
        let record = |(session, done): (&Arc<str>, &Done)| SessionRecord {
            session: session.to_string(),
            id: done.id,
            revision: done.revision,
        };
        let mut records: Vec<SessionRecord> = self.0.iter().map(record).collect();
        if records.len() > most {
            sort_by_numbers(&mut records, |of| (u64::MAX - of.revision, 0));
            records.truncate(most);
            sort_by_text(&mut records, |of| &of.session, str::cmp);
        }
        records
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
