//! `UndoManager`: which transactions can be taken back, and in which steps.

use super::pop::release;
use super::scope::Scope;
use super::stack::{Popped, Stack, StackItem, Tracked};
use crate::doc::{Commit, Doc};
use crate::origin::Origin;
use crate::store::Store;
use crate::types::Value;
use crate::values::{Any, Error, Id};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// How an undo manager is set up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UndoOptions {
    /// Transactions that follow each other within so many milliseconds are taken back together. 500 by default;
    /// with 0 each is a step of its own.
    pub capture_timeout_ms: u64,
    /// The origins whose transactions are tracked; `None` stands for local transactions that name none, and is all
    /// that is tracked by default. The manager's own undos and redos always are.
    pub tracked_origins: BTreeSet<Option<Origin>>,
    /// Whether the value of a key is restored even where somebody else has set the key since.
    pub ignore_remote_map_changes: bool,
}

impl Default for UndoOptions {
    fn default() -> UndoOptions {
        UndoOptions {
            capture_timeout_ms: 500,
            tracked_origins: BTreeSet::from([None]),
            ignore_remote_map_changes: false,
        }
    }
}

/// What an undo is about to delete; see [`UndoManager::set_delete_filter`].
#[derive(Clone, Debug, PartialEq)]
pub struct Doomed {
    /// The first unit.
    pub id: Id,
    /// The number of units.
    pub len: u32,
    /// The shared type, if it is one.
    pub shared: Option<Value>,
}

type Decide = dyn Fn(&Doc, &Doomed) -> bool + Send + Sync;

/// Whether an undo may delete something.
pub(super) struct DeleteFilter(pub(super) Box<Decide>);

impl fmt::Debug for DeleteFilter {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("DeleteFilter")
    }
}

/// Undo and redo of the tracked transactions of one document, as Yjs does it: what they deleted is written again, what
/// they inserted is deleted, and edits of others stay. (Yjs: `UndoManager`)
///
/// It stands beside its document: the program tells it of every commit with [`track`](Self::track). It means
/// something only with the document that it was made for. What the stacks can bring back is encoded by the
/// document as content and not as collected; call [`clear`](Self::clear) before a manager is dropped, or that
/// stays so.
///
/// ```
/// use merganser::undo::{UndoManager, UndoOptions};
/// use merganser::{ClientId, Doc, Options, Value};
///
/// let mut doc = Doc::new(Options::new(ClientId::from(1)));
/// let text = doc.text("note");
/// let mut undo = UndoManager::new(&mut doc, &[Value::Text(text)], UndoOptions::default())?;
///
/// let mut transaction = doc.transact();
/// text.insert(&mut transaction, 0, "duck")?;
/// undo.track(&mut transaction.commit(), 1_000);
/// let mut transaction = doc.transact();
/// text.delete(&mut transaction, 0, 4)?;
/// undo.track(&mut transaction.commit(), 9_000);
///
/// let update = undo.undo(&mut doc).and_then(|popped| popped.commit.update_v1());
/// assert!(update.is_some(), "an undo is an edit like others");
/// assert_eq!(text.to_string(&doc), "duck");
/// undo.undo(&mut doc);
/// assert_eq!(text.to_string(&doc), "");
/// undo.redo(&mut doc);
/// assert_eq!(text.to_string(&doc), "duck");
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Debug)]
pub struct UndoManager {
    /// Unique in its document: the origin of what it does.
    pub(super) number: u32,
    pub(super) scope: Scope,
    undo_stack: Vec<StackItem>,
    redo_stack: Vec<StackItem>,
    tracked_origins: BTreeSet<Option<Origin>>,
    capture_timeout_ms: u64,
    pub(super) ignores_remote_map_changes: bool,
    pub(super) delete_filter: Option<DeleteFilter>,
    /// When the last transaction was tracked, unless the next one begins a new step anyhow.
    last_change_ms: Option<u64>,
}

impl UndoManager {
    /// A manager for what happens in these shared types of a document; for all of it see
    /// [`add_document_to_scope`](Self::add_document_to_scope).
    ///
    /// # Errors
    /// A value that is no shared type, or one of another document.
    pub fn new(doc: &mut Doc, scope: &[Value], options: UndoOptions) -> Result<UndoManager, Error> {
        let mut manager = UndoManager {
            number: doc.number_undo_manager(),
            scope: Scope::default(),
            undo_stack: Vec::new(),
            redo_stack: Vec::new(),
            tracked_origins: options.tracked_origins,
            capture_timeout_ms: options.capture_timeout_ms,
            ignores_remote_map_changes: options.ignore_remote_map_changes,
            delete_filter: None,
            last_change_ms: None,
        };
        scope.iter().try_for_each(|value| manager.add_to_scope(doc, value))?;
        Ok(manager)
    }

    /// Adds a shared type, with everything in it. (Yjs: `addToScope`)
    ///
    /// # Errors
    /// A value that is no shared type, or one of another document.
    pub fn add_to_scope(&mut self, doc: &Doc, value: &Value) -> Result<(), Error> {
        let handle = value.known_handle(doc)?;
        self.scope.add(handle);
        Ok(())
    }

    /// Adds all of the document, with the roots that will be named later. (Yjs: `addToScope` of a document, where then
    /// every transaction is a step and empties the redo stack, also one that changed nothing)
    pub fn add_document_to_scope(&mut self) {
        self.scope.add_all();
    }

    /// The origin of this manager's own undos and redos.
    pub fn origin(&self) -> Origin {
        Origin::UndoManager(self.number)
    }

    /// Tracks transactions of this origin, too; `None` stands for local ones that name none.
    pub fn add_tracked_origin(&mut self, origin: Option<Origin>) {
        self.tracked_origins.insert(origin);
    }

    /// Tracks transactions of this origin no longer.
    pub fn remove_tracked_origin(&mut self, origin: Option<&Origin>) {
        self.tracked_origins.retain(|tracked| tracked.as_ref() != origin);
    }

    /// Sets what decides whether an undo may delete something. An editor protects with it what it needs, such as the
    /// paragraph that somebody else has written into. (Yjs: `deleteFilter`)
    pub fn set_delete_filter(&mut self, filter: impl Fn(&Doc, &Doomed) -> bool + Send + Sync + 'static) {
        self.delete_filter = Some(DeleteFilter(Box::new(filter)));
    }

    /// Takes in a transaction that was committed at `now_ms`, if its origin is tracked and it changed something in
    /// the scope: as a step of its own, or as part of the last one. What was undone can then not be redone any more.
    /// Its own undos and redos the manager knows already.
    ///
    /// Call it before the update is taken from the commit: what it deletes is kept from here on.
    /// O(changes * (log document + depth)), and when it empties the redo stack, what that keeps.
    pub fn track(&mut self, commit: &mut Commit<'_>, now_ms: u64) -> Option<Tracked> {
        let is_tracked = match commit.origin() {
            // What has no name comes first.
            None => !commit.begins_with_update() && self.tracked_origins.first() == Some(&None),
            origin => self.tracked_origins.contains(&origin.cloned()),
        };
        if !is_tracked || commit.origin() == Some(&self.origin()) || !self.scope.is_touched_by(commit) {
            return None;
        }
        let redo_cleared = !self.redo_stack.is_empty();
        if redo_cleared {
            self.clear_stack(commit.store_mut(), Stack::Redo);
        }
        let item = self.scope.record(commit);
        let is_soon = self.last_change_ms.is_some_and(|last| now_ms.saturating_sub(last) < self.capture_timeout_ms);
        self.last_change_ms = Some(now_ms);
        let is_new = match self.undo_stack.last_mut() {
            Some(last) if is_soon => {
                last.merge(item);
                false
            }
            _ => {
                self.undo_stack.push(item);
                true
            }
        };
        Some(Tracked { stack: Stack::Undo, is_new, redo_cleared, origin: commit.origin().cloned() })
    }

    /// The next transaction begins a new step, however soon it comes. (Yjs: `stopCapturing`)
    pub fn stop_capturing(&mut self) {
        self.last_change_ms = None;
    }

    /// Takes back the last step that still has something to take back; `None` if there is none. Steps that have
    /// nothing are dropped. Where others have changed the value of a key since, it stays as it is.
    ///
    /// O(step * log document); what was in a type that is written again also costs its neighbours there.
    pub fn undo<'d>(&mut self, doc: &'d mut Doc) -> Option<Popped<'d>> {
        self.pop(doc, Stack::Undo)
    }

    /// Takes back the last undo; as [`undo`](Self::undo).
    pub fn redo<'d>(&mut self, doc: &'d mut Doc) -> Option<Popped<'d>> {
        self.pop(doc, Stack::Redo)
    }

    /// Whether there is something on the undo stack.
    pub fn can_undo(&self) -> bool {
        !self.undo_stack.is_empty()
    }

    /// Whether there is something on the redo stack.
    pub fn can_redo(&self) -> bool {
        !self.redo_stack.is_empty()
    }

    /// The items of a stack, the next to be taken back last.
    pub fn stack(&self, stack: Stack) -> &[StackItem] {
        match stack {
            Stack::Undo => &self.undo_stack,
            Stack::Redo => &self.redo_stack,
        }
    }

    /// What the program remembers with the last item of a stack.
    pub fn last_meta(&mut self, stack: Stack) -> Option<&mut BTreeMap<Box<str>, Any>> {
        self.stack_mut(stack).last_mut().map(|item| &mut item.meta)
    }

    /// What the program remembers with an item of a stack.
    pub(crate) fn meta_mut(&mut self, stack: Stack, at: usize) -> Option<&mut BTreeMap<Box<str>, Any>> {
        self.stack_mut(stack).get_mut(at).map(|item| &mut item.meta)
    }

    /// Empties both stacks. What only they needed is collected.
    pub fn clear(&mut self, doc: &mut Doc) {
        self.clear_one(doc, Stack::Undo);
        self.clear_one(doc, Stack::Redo);
    }

    /// Empties one stack.
    pub fn clear_one(&mut self, doc: &mut Doc, stack: Stack) {
        self.clear_stack(doc.store_mut(), stack);
    }

    fn clear_stack(&mut self, store: &mut Store, stack: Stack) {
        self.stack_mut(stack).drain(..).for_each(|item| release(store, &item));
    }

    pub(super) fn stack_mut(&mut self, stack: Stack) -> &mut Vec<StackItem> {
        match stack {
            Stack::Undo => &mut self.undo_stack,
            Stack::Redo => &mut self.redo_stack,
        }
    }

    /// Takes in an undo or redo of this manager: as a step of its own on the other stack.
    pub(super) fn record_pop(&mut self, commit: &mut Commit<'_>, from: Stack) -> Option<Tracked> {
        if !self.scope.is_touched_by(commit) {
            return None;
        }
        let item = self.scope.record(commit);
        let to = match from {
            Stack::Undo => {
                self.stop_capturing();
                Stack::Redo
            }
            Stack::Redo => Stack::Undo,
        };
        self.stack_mut(to).push(item);
        Some(Tracked { stack: to, is_new: true, redo_cleared: false, origin: commit.origin().cloned() })
    }
}
