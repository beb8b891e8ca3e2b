//! The materialised document: CRDT updates become changes of its texts, operations become transactions.

use super::content::{self, to_edits};
use super::log::{Change, HistoryLimits, RevisionLog};
use crate::archive::sessions::Done;
use crate::archive::{ChangeRecord, Sessions, ToldSlot, read_changes};
use crate::doc::{Doc, Options};
use crate::ot::{Delta, Op, SentOp};
use crate::types::{Text, Value};
use crate::values::{ClientId, Error, IdSet, StateVector, Steps};
use std::sync::Arc;

/// An operation is moved past changes of so many steps, its own counted each time: some milliseconds.
const MOST_STEPS: usize = 100_000;

/// A document whose texts are followed by revisions.
#[derive(Debug)]
pub(crate) struct Bridge {
    doc: Doc,
    roots: Vec<Root>,
    /// The texts of the roots, in the same order.
    texts: Vec<Text>,
    sessions: Sessions,
    limits: HistoryLimits,
}

/// A text that is followed.
#[derive(Debug)]
struct Root {
    name: Box<str>,
    log: RevisionLog,
    /// What changed since the last entry of the log.
    open: Delta,
}

/// What became of an operation.
#[derive(Debug)]
pub(crate) struct Edited {
    /// What it authored, to be taken in by the room; `None` if there was nothing left to do.
    pub(crate) update: Option<Vec<u8>>,
    /// The revision after it.
    pub(crate) revision: u64,
}

/// Why an operation was not carried out. Nothing was changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// The revisions are not kept that far back, or too much was changed in them.
    History,
    /// It is longer than the content.
    BeyondEnd,
    /// A step ends inside a surrogate pair.
    SurrogatePair,
    /// Anything else about its content.
    WrongKind,
}

impl Bridge {
    /// Loads a document from a checkpoint, if there is one, and updates of which each needs nothing but what is before it.
    /// Nobody follows it yet. The outcome is an error if something of it is damaged.
    pub(crate) fn load(
        checkpoint: Option<Vec<u8>>,
        updates: Vec<Vec<u8>>,
        limits: HistoryLimits,
    ) -> Steps<Result<Box<Bridge>, Error>> {
        Steps::new(async move |pace| {
            let updates: Vec<&[u8]> = updates.iter().map(|update| &update[..]).collect();
            let options = Options::new(ClientId::new(0));
            let doc = Doc::load_in_steps(options, checkpoint.as_deref(), &updates, &pace).await?;
            Ok(Box::new(Bridge { doc, roots: Vec::new(), texts: Vec::new(), sessions: Sessions::default(), limits }))
        })
    }

    /// Follows the texts that the slots of the journal, oldest first, say something of. The first `loaded` of them are in the
    /// document: all of which nothing was told come first among these.
    /// Slots of which nothing was told are told now: what is followed goes on without a gap.
    ///
    /// # Errors
    /// If something of it is no update.
    pub(crate) fn take_slots<'a>(
        &mut self,
        loaded: usize,
        slots: impl Iterator<Item = ToldSlot<'a>>,
        sessions: Sessions,
        author: ClientId,
    ) -> Result<(), Error> {
        self.doc.set_client_id(author);
        self.sessions = sessions;
        for (index, slot) in slots.enumerate() {
            if slot.changes.is_empty() && !self.roots.is_empty() {
                self.apply(&slot.update)?;
                self.close_open(&mut || slot.last_sequence, &mut Vec::new());
                continue;
            }
            if index >= loaded {
                self.doc.apply_update(&slot.update)?;
            }
            self.restore(slot.changes);
        }
        Ok(())
    }

    /// Makes a checkpoint of the document as it is, and gives both back.
    pub(crate) fn into_checkpoint(self: Box<Bridge>) -> Steps<(Box<Bridge>, Vec<u8>)> {
        Steps::new(async move |pace| {
            let checkpoint = self.doc.checkpoint_in_steps(&pace).await;
            (self, checkpoint)
        })
    }

    /// What is deleted.
    pub(crate) fn delete_set(&self) -> IdSet {
        self.doc.delete_set()
    }

    fn restore(&mut self, changes: &[u8]) {
        self.sessions.note_changes(changes);
        let mut in_slot = Vec::new();
        for record in read_changes(changes) {
            match record {
                ChangeRecord::Track { root, since } => {
                    let at = self.find(root).unwrap_or_else(|| self.track(root, since));
                    in_slot.push(at);
                }
                ChangeRecord::Change { root, revision, author, delta } => {
                    if let Some(at) = in_slot.get(root) {
                        let log = &mut self.roots[*at].log;
                        log.restore(revision, author.map(|(session, id)| (session.into(), id)), delta);
                        log.trim(self.limits);
                    }
                }
            }
        }
    }

    fn track(&mut self, name: &str, since: u64) -> usize {
        self.texts.push(self.doc.text(name));
        self.roots.push(Root { name: name.into(), log: RevisionLog::since(since), open: Delta::new() });
        self.roots.len() - 1
    }

    /// The number of the root of this name, if it is followed.
    pub(crate) fn find(&self, name: &str) -> Option<usize> {
        self.roots.iter().position(|root| *root.name == *name)
    }

    /// Number of roots that are followed.
    pub(crate) fn root_count(&self) -> usize {
        self.roots.len()
    }

    /// The number of the root of this name, which is followed from now on. `None` if it holds something else than text.
    /// The second part says whether it was followed already.
    pub(crate) fn follow(&mut self, name: &str, revision: u64) -> Option<(usize, bool)> {
        if let Some(at) = self.find(name) {
            return Some((at, true));
        }
        let tag = self.doc.roots().find(|(of, _)| *of == name).and_then(|(_, value)| value);
        if !matches!(tag, None | Some(Value::Text(_))) {
            return None;
        }
        let text = self.doc.text(name);
        // What is no content of a text counts, but shows in no delta.
        if content::content(&self.doc, text).len() != u64::from(text.len(&self.doc)) {
            return None;
        }
        Some((self.track(name, revision), false))
    }

    /// The state vector of the document.
    pub(crate) fn state_vector(&self) -> StateVector {
        self.doc.state_vector()
    }

    /// The content of a root. O(length).
    pub(crate) fn content(&self, root: usize) -> Delta {
        content::content(&self.doc, self.texts[root])
    }

    /// The sessions that are known.
    pub(crate) fn sessions(&self) -> &Sessions {
        &self.sessions
    }

    /// The changes of a root after a revision; `None` if they are not kept that far back.
    pub(crate) fn changes_after(&self, root: usize, revision: u64) -> Option<impl Iterator<Item = Change<'_>> + Clone> {
        self.roots[root].log.after(revision)
    }

    /// Applies a CRDT update of which everything is new.
    ///
    /// # Errors
    /// If it is no update.
    pub(crate) fn apply(&mut self, update: &[u8]) -> Result<(), Error> {
        let mut transaction = self.doc.transact();
        transaction.apply_update(update)?;
        let commit = transaction.commit();
        let changes = content::changes(&commit, commit.doc(), &self.texts)?;
        for (root, change) in self.roots.iter_mut().zip(changes) {
            if !change.is_empty() {
                root.open = root.open.compose(&change)?;
            }
        }
        Ok(())
    }

    /// Enters what changed since the last entries into the logs, under a revision of its own, and appends it to the
    /// changes that are to be stored.
    pub(crate) fn close_open(&mut self, take_revision: &mut dyn FnMut() -> u64, changes: &mut Vec<u8>) {
        let mut revision = None;
        for (at, root) in self.roots.iter_mut().enumerate() {
            if root.open.is_empty() {
                continue;
            }
            let revision = *revision.get_or_insert_with(&mut *take_revision);
            let delta = root.log.push(revision, None, &core::mem::take(&mut root.open));
            ChangeRecord::Change { root: at, revision, author: None, delta }.write_to(changes);
            root.log.trim(self.limits);
        }
    }

    /// What a slot's changes begin with: the first `count` roots.
    pub(crate) fn begin_slot(&self, since: u64, count: usize, changes: &mut Vec<u8>) {
        for root in &self.roots[..count] {
            ChangeRecord::Track { root: &root.name, since }.write_to(changes);
        }
    }

    /// Carries out an operation that was made against a revision. `is_rich`: with formats and embeds; else what it inserts
    /// takes on the formats at its place. What changed before is in the log ([`close_open`](Bridge::close_open)).
    /// O(operation * log document + changes since the revision).
    ///
    /// # Errors
    /// [`Refusal`].
    pub(crate) fn edit(
        &mut self,
        root: usize,
        is_rich: bool,
        sent: &SentOp,
        session: &Arc<str>,
        take_revision: impl FnOnce() -> u64,
        changes: &mut Vec<u8>,
    ) -> Result<Edited, Refusal> {
        debug_assert!(self.roots[root].open.is_empty(), "all that changed is in the log");
        let mut op = sent.op.clone();
        let mut work = 0;
        for change in self.changes_after(root, sent.revision).ok_or(Refusal::History)? {
            let change = change.delta().map_err(|_| Refusal::History)?;
            bound_work(&mut work, &change, &op)?;
            op = change.transform(&op, true);
        }
        if !is_rich && !op.is_plain() {
            return Err(Refusal::WrongKind);
        }
        self.check(root, &op)?;
        let (update, delta) = self.author(root, is_rich, &op)?;
        let revision = take_revision();
        self.sessions.note(session, Done { id: sent.id, revision });
        let log = &mut self.roots[root].log;
        let delta = log.push(revision, Some((session.clone(), sent.id)), &delta);
        let author = Some((&**session, sent.id));
        ChangeRecord::Change { root, revision, author, delta }.write_to(changes);
        log.trim(self.limits);
        Ok(Edited { update, revision })
    }

    /// Whether an operation fits the content.
    fn check(&self, root: usize, op: &Delta) -> Result<(), Refusal> {
        let text = self.texts[root];
        if op.base_len() > u64::from(text.len(&self.doc)) {
            return Err(Refusal::BeyondEnd);
        }
        let mut at = 0;
        for op in op.ops() {
            if let Op::Retain { len, .. } | Op::Delete { len } = op {
                at += len;
                if self.doc.is_inside_pair(text, at) {
                    return Err(Refusal::SurrogatePair);
                }
            }
        }
        Ok(())
    }

    /// Makes the transaction; gives its update, and what it changed.
    fn author(&mut self, root: usize, is_rich: bool, op: &Delta) -> Result<(Option<Vec<u8>>, Delta), Refusal> {
        let text = self.texts[root];
        let mut transaction = self.doc.transact();
        let made = if is_rich {
            text.apply_delta(&mut transaction, to_edits(op), true)
        } else {
            let mut at = 0;
            op.ops().try_for_each(|step| match step {
                Op::Retain { len, .. } => {
                    at += len;
                    Ok(())
                }
                Op::Delete { len } => text.delete(&mut transaction, at, len),
                Op::Insert { text: inserted, .. } => {
                    text.insert(&mut transaction, at, inserted)?;
                    at += step.units();
                    Ok(())
                }
                Op::Embed { .. } => Ok(()),
            })
        };
        let commit = transaction.commit();
        debug_assert!(made.is_ok(), "it was checked");
        let delta = content::changes(&commit, commit.doc(), &[text]).map_err(|_| Refusal::WrongKind)?.pop();
        Ok((commit.update_v1(), delta.unwrap_or_default()))
    }

    /// What others did since the revision that an operation was made against, up to a later one that is not counted, made to
    /// follow the operation.
    ///
    /// # Errors
    /// `History`.
    pub(crate) fn others(&self, root: usize, sent: &SentOp, until: u64) -> Result<Delta, Refusal> {
        let mut op = sent.op.clone();
        let mut others = Vec::new();
        let mut work = 0;
        let changes = self.changes_after(root, sent.revision).ok_or(Refusal::History)?;
        for change in changes.take_while(|change| change.revision < until) {
            let change = change.delta().map_err(|_| Refusal::History)?;
            bound_work(&mut work, &change, &op)?;
            others.push(op.transform(&change, false));
            op = change.transform(&op, true);
        }
        compose_all(others).map_err(|_| Refusal::History)
    }

    /// Forgets sessions beyond so many.
    pub(crate) fn shrink_sessions(&mut self, most: usize) {
        self.sessions.shrink(most);
    }

    /// Changes in the logs, and bytes that they take.
    pub(crate) fn history_size(&self) -> (usize, usize) {
        let sizes = self.roots.iter().map(|root| root.log.size());
        sizes.fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1))
    }

    /// Panics if it contradicts itself. O(document); for tests and fuzzing.
    pub(crate) fn assert_invariants(&self) {
        self.doc.assert_invariants();
        assert_eq!(self.roots.len(), self.texts.len());
        for root in &self.roots {
            root.log.assert_invariants();
            root.open.assert_invariants();
        }
    }
}

/// Counts what it takes to move an operation past a change. Too much is as if the change was not kept: who sent it gets the
/// content anew.
fn bound_work(work: &mut usize, change: &Delta, op: &Delta) -> Result<(), Refusal> {
    *work += change.step_count() + op.step_count();
    if *work > MOST_STEPS { Err(Refusal::History) } else { Ok(()) }
}

/// Changes that follow each other as one, put together in pairs: what is long is not copied for each short one.
pub(crate) fn compose_all(changes: Vec<Delta>) -> Result<Delta, Error> {
    let mut changes = changes;
    while changes.len() > 1 {
        let mut pairs = Vec::with_capacity(changes.len().div_ceil(2));
        let mut left = changes.into_iter();
        while let Some(first) = left.next() {
            pairs.push(match left.next() {
                Some(second) => first.compose(&second)?,
                None => first,
            });
        }
        changes = pairs;
    }
    Ok(changes.pop().unwrap_or_default())
}
