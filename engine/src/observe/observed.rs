//! `ObservedDoc`: transactions go through it, and whoever listens is told.

use super::listeners::{Listener, Moment, Subscription, Wanted};
use super::managers::{self, Managed, ManagerId, StackEvent};
use super::reaction::Reaction;
use super::told::{Core, Notes};
use crate::doc::{Doc, Transaction};
use crate::events::{Event, SubdocChanges};
use crate::integrate::Applied;
use crate::origin::Origin;
use crate::types::{Subdoc, Value};
use crate::undo::{Popped, Stack, UndoManager};
use crate::values::Error;
use std::collections::{BTreeSet, VecDeque};
use std::fmt;
use std::ops::Deref;

/// How an observed document is set up.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ObservedOptions {
    /// Whether formats are cleaned up after transactions with updates of others, as Yjs does; see
    /// [`Commit::clean_up`](crate::Commit::clean_up). On by default. Listen to updates then, and send them.
    pub cleans_up: bool,
    /// How many transactions callbacks may make in answer to one from outside, all together. 1,000 by default.
    pub most_reactions: usize,
}

impl Default for ObservedOptions {
    fn default() -> ObservedOptions {
        ObservedOptions { cleans_up: true, most_reactions: 1_000 }
    }
}

/// A document whose transactions are told to callbacks, in the order in which Yjs calls them.
///
/// All edits go through [`transact`](Self::transact) and its kin; reading goes through the [`Doc`] itself. Edits that
/// belong to a transaction that is open (Yjs: nested `transact`) are functions that take its `&mut Transaction`.
///
/// After a transaction these are called, each if somebody listens: `before observer calls`; the observers of each type
/// that changed; deep observers; undo managers and `after transaction`; then formats are cleaned up, a transaction of
/// its own; `after transaction cleanup`; updates, v1 and v2; subdocuments. What callbacks did meanwhile is told next,
/// transaction by transaction, and `after all transactions` ends it. A callback is given a [`Reaction`].
///
/// A callback that panics leaves the document as it is, whole; what was not told yet is told with the next transaction,
/// but for the rest of the one during which it panicked.
///
/// ```
/// use merganser::observe::ObservedDoc;
/// use merganser::{ClientId, Doc, Options, Value};
/// use std::sync::mpsc;
///
/// let mut doc = Doc::new(Options::new(ClientId::from(1)));
/// let (text, map) = (doc.text("note"), doc.map("counts"));
/// let mut doc = ObservedDoc::new(doc);
///
/// let (to_others, sent) = mpsc::channel();
/// doc.on_update(move |update, _| to_others.send(update.to_vec()).unwrap());
/// // Whenever the note changes, its length is noted, in a transaction of its own.
/// doc.observe(&Value::Text(text), move |_event, reaction| {
///     let len = text.len(reaction.doc());
///     let noted = reaction.transact(None, |transaction| map.set(transaction, "length", f64::from(len)));
///     noted.expect("once for each edit").unwrap();
/// })?;
///
/// doc.transact(|transaction| text.insert(transaction, 0, "a duck"))?;
/// assert_eq!(map.to_json(&doc).to_json(), r#"{"length":6}"#);
/// assert_eq!(sent.try_iter().count(), 2);
/// # Ok::<(), merganser::Error>(())
/// ```
pub struct ObservedDoc {
    pub(super) core: Core,
    pub(super) listeners: Vec<(Subscription, Listener)>,
    pub(super) most_reactions: usize,
    /// How many subscriptions and managers there have been.
    count: u64,
}

impl ObservedDoc {
    /// A document that nobody listens to yet.
    pub fn new(doc: Doc) -> ObservedDoc {
        ObservedDoc::with_options(doc, ObservedOptions::default())
    }

    /// The same, set up differently.
    pub fn with_options(doc: Doc, options: ObservedOptions) -> ObservedDoc {
        let loaded = doc.subdocs().into_iter().filter(Subdoc::auto_load).map(|subdoc| subdoc.guid).collect();
        let notes = Notes {
            before: Vec::new(),
            waiting: VecDeque::new(),
            wanted: Wanted::default(),
            managers: Vec::new(),
            now_ms: 0,
            loaded,
            cleans_up: options.cleans_up,
            gone: BTreeSet::new(),
        };
        let core = Core { doc, notes };
        ObservedDoc { core, listeners: Vec::new(), most_reactions: options.most_reactions, count: 0 }
    }

    /// The document itself, to define roots and set options; edits made with it are told to nobody.
    pub fn doc_mut(&mut self) -> &mut Doc {
        &mut self.core.doc
    }

    /// Edits the document in one transaction, and tells what changed. What `edit` returns is returned; what it did
    /// before it failed stays and is told, as in Yjs.
    pub fn transact<R>(&mut self, edit: impl FnOnce(&mut Transaction<'_>) -> R) -> R {
        self.transact_from(None, edit)
    }

    /// The same for a transaction that says where it comes from.
    pub fn transact_with<R>(&mut self, origin: impl Into<Origin>, edit: impl FnOnce(&mut Transaction<'_>) -> R) -> R {
        self.transact_from(Some(origin.into()), edit)
    }

    fn transact_from<R>(&mut self, origin: Option<Origin>, edit: impl FnOnce(&mut Transaction<'_>) -> R) -> R {
        let result = self.core.transact(origin, edit);
        self.tell();
        result
    }

    /// Applies an update v1 of somebody else; see [`Doc::apply_update`].
    ///
    /// # Errors
    /// A malformed update, or more waiting than the limit; the document is then as it was.
    pub fn apply_update(&mut self, update: &[u8], origin: Option<Origin>) -> Result<Applied, Error> {
        self.transact_from(origin, |transaction| transaction.apply_update(update))
    }

    /// Applies an update v2 of somebody else; see [`Doc::apply_update_v2`].
    ///
    /// # Errors
    /// The same.
    pub fn apply_update_v2(&mut self, update: &[u8], origin: Option<Origin>) -> Result<Applied, Error> {
        self.transact_from(origin, |transaction| transaction.apply_update_v2(update))
    }

    /// Ends the document: tells it to those who wait for that, and gives the document back. (Yjs: `destroy`)
    pub fn destroy(mut self) -> Doc {
        for (_, listener) in &mut self.listeners {
            if let Listener::Destroy(call) = listener {
                call(&self.core.doc);
            }
        }
        self.core.doc
    }
}

/// Listening.
impl ObservedDoc {
    /// Calls back with what changed in a shared type itself. (Yjs: `observe`)
    ///
    /// # Errors
    /// A value that is no shared type, or one of another document.
    pub fn observe(
        &mut self,
        target: &Value,
        call: impl FnMut(&Event, &mut Reaction<'_>) + Send + 'static,
    ) -> Result<Subscription, Error> {
        let handle = target.known_handle(&self.core.doc)?;
        Ok(self.listen(Listener::Type(handle, Box::new(call))))
    }

    /// Calls back with what changed in a shared type and in all that lies in it, what is nearer first; paths lead from
    /// that type. (Yjs: `observeDeep`)
    ///
    /// # Errors
    /// A value that is no shared type, or one of another document.
    pub fn observe_deep(
        &mut self,
        target: &Value,
        call: impl FnMut(&[Event], &mut Reaction<'_>) + Send + 'static,
    ) -> Result<Subscription, Error> {
        let handle = target.known_handle(&self.core.doc)?;
        Ok(self.listen(Listener::Deep(handle, Box::new(call))))
    }

    /// Calls back as a transaction begins, also one that a callback makes; edits become part of it.
    /// (Yjs: `beforeTransaction`)
    pub fn on_before_transaction(&mut self, call: impl FnMut(&mut Transaction<'_>) + Send + 'static) -> Subscription {
        let subscription = self.number();
        self.core.notes.before.push((subscription, Box::new(call)));
        subscription
    }

    /// Calls back before the observers of types are called. (Yjs: `beforeObserverCalls`)
    pub fn on_before_observer_calls(&mut self, call: impl FnMut(&mut Reaction<'_>) + Send + 'static) -> Subscription {
        self.listen(Listener::Moment(Moment::BeforeObserverCalls, Box::new(call)))
    }

    /// Calls back after the observers of types were called. (Yjs: `afterTransaction`)
    pub fn on_after_transaction(&mut self, call: impl FnMut(&mut Reaction<'_>) + Send + 'static) -> Subscription {
        self.listen(Listener::Moment(Moment::AfterTransaction, Box::new(call)))
    }

    /// Calls back after formats were cleaned up. (Yjs: `afterTransactionCleanup`)
    pub fn on_after_transaction_cleanup(
        &mut self,
        call: impl FnMut(&mut Reaction<'_>) + Send + 'static,
    ) -> Subscription {
        self.listen(Listener::Moment(Moment::AfterTransactionCleanup, Box::new(call)))
    }

    /// Calls back with the update v1 of each transaction that changed something, remote ones too. (Yjs: `update`)
    pub fn on_update(&mut self, call: impl FnMut(&[u8], &mut Reaction<'_>) + Send + 'static) -> Subscription {
        self.listen(Listener::UpdateV1(Box::new(call)))
    }

    /// The same with updates v2. (Yjs: `updateV2`)
    pub fn on_update_v2(&mut self, call: impl FnMut(&[u8], &mut Reaction<'_>) + Send + 'static) -> Subscription {
        self.listen(Listener::UpdateV2(Box::new(call)))
    }

    /// Calls back when subdocuments came, went or are to be loaded. (Yjs: `subdocs`)
    pub fn on_subdocs(&mut self, call: impl FnMut(&SubdocChanges, &mut Reaction<'_>) + Send + 'static) -> Subscription {
        self.listen(Listener::Subdocs(Box::new(call)))
    }

    /// Calls back with the number of transactions when one from outside and all that callbacks made in answer to it have
    /// been told. (Yjs: `afterAllTransactions`)
    pub fn on_after_all_transactions(&mut self, call: impl FnMut(&Doc, usize) + Send + 'static) -> Subscription {
        self.listen(Listener::AfterAll(Box::new(call)))
    }

    /// Calls back when the document is ended with [`destroy`](Self::destroy). (Yjs: `destroy`)
    pub fn on_destroy(&mut self, call: impl FnMut(&Doc) + Send + 'static) -> Subscription {
        self.listen(Listener::Destroy(Box::new(call)))
    }

    /// Takes a callback away; `false` if it was not there. (Yjs: `unobserve`, `off`)
    pub fn unobserve(&mut self, subscription: Subscription) -> bool {
        let count = self.listeners.len() + self.core.notes.before.len();
        self.core.notes.gone.insert(subscription);
        self.forget_gone();
        self.listeners.len() + self.core.notes.before.len() < count
    }

    fn number(&mut self) -> Subscription {
        self.count += 1;
        Subscription(self.count)
    }

    fn listen(&mut self, listener: Listener) -> Subscription {
        let subscription = self.number();
        self.listeners.push((subscription, listener));
        self.core.notes.wanted = Wanted::by(&self.listeners);
        subscription
    }

    /// Drops the callbacks that were taken away.
    pub(super) fn forget_gone(&mut self) {
        let gone = std::mem::take(&mut self.core.notes.gone);
        if gone.is_empty() {
            return;
        }
        self.listeners.retain(|(subscription, _)| !gone.contains(subscription));
        self.core.notes.before.retain(|(subscription, _)| !gone.contains(subscription));
        self.core.notes.wanted = Wanted::by(&self.listeners);
    }
}

/// Undo.
impl ObservedDoc {
    /// Lets an undo manager, made for this document, look after it: it tracks every transaction from now on.
    pub fn attach(&mut self, manager: UndoManager) -> ManagerId {
        let id = ManagerId(self.number().0);
        self.core.notes.managers.push(Managed::new(id, manager));
        id
    }

    /// Takes an undo manager away again.
    pub fn detach(&mut self, id: ManagerId) -> Option<UndoManager> {
        let at = self.core.notes.managers.iter().position(|managed| managed.id() == id)?;
        Some(self.core.notes.managers.remove(at).manager)
    }

    /// An undo manager, to change its options or to look at its stacks.
    pub fn manager(&mut self, id: ManagerId) -> Option<&mut UndoManager> {
        managers::find(&mut self.core.notes.managers, id).map(|managed| &mut managed.manager)
    }

    /// Says what time it is, in milliseconds from any start: undo managers join what follows each other soon.
    pub fn set_now(&mut self, now_ms: u64) {
        self.core.notes.now_ms = now_ms;
    }

    /// Calls back with what happens to the stacks of an undo manager; `false` if there is none of this name.
    pub fn on_stack(&mut self, id: ManagerId, call: impl FnMut(&Doc, StackEvent<'_>) + Send + 'static) -> bool {
        let managed = managers::find(&mut self.core.notes.managers, id);
        managed.map(|managed| managed.listeners.push(Box::new(call))).is_some()
    }

    /// Takes back the last step; `false` if there was none. (Yjs: `UndoManager#undo`)
    pub fn undo(&mut self, id: ManagerId) -> bool {
        self.pop(id, Stack::Undo)
    }

    /// Takes back the last undo; `false` if there was none. (Yjs: `UndoManager#redo`)
    pub fn redo(&mut self, id: ManagerId) -> bool {
        self.pop(id, Stack::Redo)
    }

    /// Empties both stacks of an undo manager. (Yjs: `UndoManager#clear`)
    pub fn clear(&mut self, id: ManagerId) {
        if let Some(managed) = managers::find(&mut self.core.notes.managers, id) {
            managed.clear(&mut self.core.doc);
        }
    }

    fn pop(&mut self, id: ManagerId, stack: Stack) -> bool {
        let Core { doc, notes } = &mut self.core;
        let Some(at) = notes.managers.iter().position(|managed| managed.id() == id) else { return false };
        let manager = &mut notes.managers[at].manager;
        let popped = match stack {
            Stack::Undo => manager.undo(doc),
            Stack::Redo => manager.redo(doc),
        };
        let Some(Popped { item, tracked, mut commit, .. }) = popped else { return false };
        // The others track what it did; itself knows already.
        notes.note(&mut commit);
        let news = tracked.map(|tracked| notes.managers[at].news(tracked));
        if let Some(told) = notes.waiting.back_mut() {
            told.stacks.extend(news);
        }
        self.tell();
        if let Some(managed) = managers::find(&mut self.core.notes.managers, id) {
            managed.tell_popped(&self.core.doc, stack, &item);
        }
        true
    }
}

/// Subdocuments.
impl ObservedDoc {
    /// The names of the subdocuments that are loaded: that said so when they came, or that somebody asked for. What
    /// "loaded" means is the program's affair: it keeps a [`Doc`] for each of them and synchronises it.
    pub fn loaded_subdocs(&self) -> impl Iterator<Item = &str> + '_ {
        self.core.notes.loaded.iter().map(String::as_str)
    }

    /// Asks for a subdocument, which is told to those who listen to subdocuments, unless it is loaded already; `false`
    /// if there is none of this name. O(blocks). (Yjs: `Doc#load`)
    pub fn load_subdoc(&mut self, guid: &str) -> bool {
        let Some(subdoc) = self.core.doc.subdocs().into_iter().find(|subdoc| subdoc.guid == guid) else { return false };
        if self.core.notes.loaded.insert(subdoc.guid.clone()) {
            self.core.transact(None, |_| ());
            if let Some(told) = self.core.notes.waiting.back_mut() {
                told.subdocs.loaded.push(subdoc);
            }
            self.tell();
        }
        true
    }
}

impl Deref for ObservedDoc {
    type Target = Doc;

    fn deref(&self) -> &Doc {
        &self.core.doc
    }
}

impl fmt::Debug for ObservedDoc {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let listeners = self.listeners.len() + self.core.notes.before.len();
        out.debug_struct("ObservedDoc").field("doc", &self.core.doc).field("listeners", &listeners).finish()
    }
}
