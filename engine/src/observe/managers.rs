//! Undo managers that look after an observed document, and what is told of their stacks.

use crate::doc::{Commit, Doc};
use crate::origin::Origin;
use crate::undo::{Stack, StackItem, Tracked, UndoManager};
use crate::values::Any;
use std::collections::BTreeMap;

/// Names an undo manager of an observed document.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ManagerId(pub(super) u64);

/// What happened to a stack of an undo manager.
#[derive(Debug)]
pub enum StackEvent<'a> {
    /// A stack gained an item. (Yjs: `stack-item-added`)
    Added {
        /// Which stack.
        stack: Stack,
        /// Where the transaction came from.
        origin: Option<Origin>,
        /// What the program wants to remember with the item.
        meta: &'a mut BTreeMap<Box<str>, Any>,
    },
    /// The last item of the undo stack took in another transaction. (Yjs: `stack-item-updated`)
    Updated {
        /// Which stack.
        stack: Stack,
        /// Where the transaction came from.
        origin: Option<Origin>,
        /// What the program wants to remember with the item.
        meta: &'a mut BTreeMap<Box<str>, Any>,
    },
    /// An item was taken back. (Yjs: `stack-item-popped`)
    Popped {
        /// The stack that it was on.
        stack: Stack,
        /// The item; its `meta` is the program's.
        item: &'a StackItem,
    },
    /// Stacks that held something were emptied, because a new step came or somebody asked. (Yjs: `stack-cleared`)
    Cleared {
        /// Whether the undo stack was.
        undo: bool,
        /// Whether the redo stack was.
        redo: bool,
    },
}

type OnStack = dyn FnMut(&Doc, StackEvent<'_>) + Send;

/// An undo manager with who listens to its stacks.
pub(super) struct Managed {
    id: ManagerId,
    pub(super) manager: UndoManager,
    pub(super) listeners: Vec<Box<OnStack>>,
}

/// What became of a transaction that a manager tracks, to be told.
#[derive(Debug)]
pub(super) struct StackNews {
    manager: ManagerId,
    tracked: Tracked,
    /// Where on its stack the item lies.
    at: usize,
}

impl Managed {
    pub(super) fn new(id: ManagerId, manager: UndoManager) -> Managed {
        Managed { id, manager, listeners: Vec::new() }
    }

    pub(super) fn id(&self) -> ManagerId {
        self.id
    }

    /// Tracks a transaction, if it is not an undo or redo of this manager.
    pub(super) fn track(&mut self, commit: &mut Commit<'_>, now_ms: u64) -> Option<StackNews> {
        let tracked = self.manager.track(commit, now_ms)?;
        Some(self.news(tracked))
    }

    /// What an undo or redo of this manager added to the other stack.
    pub(super) fn news(&self, tracked: Tracked) -> StackNews {
        StackNews { manager: self.id, at: self.manager.stack(tracked.stack).len().saturating_sub(1), tracked }
    }

    fn tell(&mut self, doc: &Doc, news: &StackNews) {
        let (stack, origin) = (news.tracked.stack, &news.tracked.origin);
        for listener in &mut self.listeners {
            if news.tracked.redo_cleared {
                listener(doc, StackEvent::Cleared { undo: false, redo: true });
            }
            let Some(meta) = self.manager.meta_mut(stack, news.at) else { continue };
            let origin = origin.clone();
            listener(
                doc,
                match news.tracked.is_new {
                    true => StackEvent::Added { stack, origin, meta },
                    false => StackEvent::Updated { stack, origin, meta },
                },
            );
        }
    }

    pub(super) fn tell_popped(&mut self, doc: &Doc, stack: Stack, item: &StackItem) {
        self.listeners.iter_mut().for_each(|listener| listener(doc, StackEvent::Popped { stack, item }));
    }

    pub(super) fn clear(&mut self, doc: &mut Doc) {
        if self.manager.can_undo() || self.manager.can_redo() {
            self.manager.clear(doc);
            let cleared = || StackEvent::Cleared { undo: true, redo: true };
            self.listeners.iter_mut().for_each(|listener| listener(doc, cleared()));
        }
    }
}

/// Tells the managers' listeners what became of a transaction.
pub(super) fn tell(managers: &mut [Managed], doc: &Doc, news: &[StackNews]) {
    for news in news {
        if let Some(managed) = managers.iter_mut().find(|managed| managed.id == news.manager) {
            managed.tell(doc, news);
        }
    }
}

/// The manager of this name, if it was not taken away.
pub(super) fn find(managers: &mut [Managed], id: ManagerId) -> Option<&mut Managed> {
    managers.iter_mut().find(|managed| managed.id == id)
}
