//! What is to be told of a transaction, worked out as it was committed, so that later edits can't change it.

use super::listeners::{BeforeTransaction, Subscription, Wanted};
use super::managers::{Managed, StackNews};
use crate::doc::{Commit, Doc, Transaction};
use crate::events::{Event, SubdocChanges};
use crate::integrate::{CleanUp, to_v2};
use crate::origin::Origin;
use crate::types::Subdoc;
use std::collections::{BTreeSet, VecDeque};

/// One transaction that waits to be told.
#[derive(Debug)]
pub(super) struct Told {
    pub(super) origin: Option<Origin>,
    pub(super) is_local: bool,
    pub(super) events: Vec<Event>,
    pub(super) update_v1: Option<Vec<u8>>,
    pub(super) update_v2: Option<Vec<u8>>,
    pub(super) subdocs: SubdocChanges,
    pub(super) stacks: Vec<StackNews>,
    /// What is to be cleaned up once the observers have been called.
    pub(super) clean_up: Option<CleanUp>,
}

/// The document, and all that transactions add to while callbacks are called.
pub(super) struct Core {
    pub(super) doc: Doc,
    pub(super) notes: Notes,
}

/// What is known of transactions that are not told yet, and what that depends on.
pub(super) struct Notes {
    pub(super) before: Vec<(Subscription, Box<BeforeTransaction>)>,
    pub(super) waiting: VecDeque<Told>,
    pub(super) wanted: Wanted,
    pub(super) managers: Vec<Managed>,
    pub(super) now_ms: u64,
    /// Names of the subdocuments that are loaded.
    pub(super) loaded: BTreeSet<String>,
    pub(super) cleans_up: bool,
    /// Callbacks that were taken away while callbacks are called.
    pub(super) gone: BTreeSet<Subscription>,
}

/// A transaction that is noted when it ends, also when what edits panics: what was done stays, and is told later.
struct Noted<'c> {
    transaction: Option<Transaction<'c>>,
    notes: &'c mut Notes,
}

impl Drop for Noted<'_> {
    fn drop(&mut self) {
        if let Some(transaction) = self.transaction.take() {
            self.notes.note(&mut transaction.commit());
        }
    }
}

impl Core {
    /// Carries out a transaction and notes what is to be told of it.
    pub(super) fn transact<R>(&mut self, origin: Option<Origin>, edit: impl FnOnce(&mut Transaction<'_>) -> R) -> R {
        let mut transaction = match origin {
            Some(origin) => self.doc.transact_with(origin),
            None => self.doc.transact(),
        };
        for (subscription, before) in &mut self.notes.before {
            if !self.notes.gone.contains(subscription) {
                before(&mut transaction);
            }
        }
        let mut open = Noted { transaction: Some(transaction), notes: &mut self.notes };
        let Some(transaction) = &mut open.transaction else { unreachable!("it was just opened") };
        edit(transaction)
    }

    /// Cleans formats up, as a transaction of its own.
    pub(super) fn clean_up(&mut self, after: CleanUp) {
        if let Some(mut commit) = self.doc.clean_up(after) {
            self.notes.note(&mut commit);
        }
    }
}

impl Notes {
    /// Works out what is to be told of a transaction. O(what it changed), and what its events cost if they are wanted.
    pub(super) fn note(&mut self, commit: &mut Commit<'_>) {
        let now_ms = self.now_ms;
        let stacks = self.managers.iter_mut().filter_map(|managed| managed.track(commit, now_ms)).collect();
        let subdocs = commit.subdocs();
        let names = |of: &[Subdoc]| of.iter().map(|subdoc| subdoc.guid.clone()).collect::<Vec<_>>();
        if !subdocs.removed.is_empty() {
            let left = names(&commit.doc().subdocs());
            let gone = names(&subdocs.removed).into_iter().filter(|name| !left.contains(name));
            gone.for_each(|name| _ = self.loaded.remove(&name));
        }
        self.loaded.extend(names(&subdocs.loaded));
        let Wanted { events, update_v1, update_v2 } = self.wanted;
        let update = if update_v1 || update_v2 { commit.update_v1() } else { None };
        self.waiting.push_back(Told {
            origin: commit.origin().cloned(),
            is_local: commit.is_local(),
            events: if events { commit.events() } else { Vec::new() },
            update_v2: update.as_deref().filter(|_| update_v2).map(to_v2),
            update_v1: update,
            subdocs,
            stacks,
            clean_up: if self.cleans_up { commit.changes_to_clean_up() } else { None },
        });
    }
}
