//! Calling the callbacks, in the order of Yjs.

use super::listeners::{Listener, Moment, Subscription};
use super::managers;
use super::observed::ObservedDoc;
use super::reaction::Reaction;
use super::told::{Core, Told};
use crate::events::Event;
use crate::store::TypeHandle;

impl ObservedDoc {
    /// Tells all transactions that were not told yet, and those that this brings about.
    pub(super) fn tell(&mut self) {
        let (mut left, mut count) = (self.most_reactions, 0);
        while let Some(told) = self.core.notes.waiting.pop_front() {
            self.tell_one(told, &mut left);
            count += 1;
        }
        self.forget_gone();
        for (_, listener) in &mut self.listeners {
            if let Listener::AfterAll(call) = listener {
                call(&self.core.doc, count);
            }
        }
    }

    /// Yjs: `cleanupTransactions`.
    fn tell_one(&mut self, mut told: Told, left: &mut usize) {
        let clean_up = told.clean_up.take();
        let mut telling = Telling { core: &mut self.core, listeners: &mut self.listeners, told: &told, left };
        telling.moment(Moment::BeforeObserverCalls);
        telling.types();
        telling.deep();
        managers::tell(&mut telling.core.notes.managers, &telling.core.doc, &told.stacks);
        telling.moment(Moment::AfterTransaction);
        if let Some(after) = clean_up {
            telling.core.clean_up(after);
        }
        telling.moment(Moment::AfterTransactionCleanup);
        telling.updates();
        telling.subdocs();
    }
}

/// One transaction while it is told.
struct Telling<'t> {
    core: &'t mut Core,
    listeners: &'t mut [(Subscription, Listener)],
    told: &'t Told,
    left: &'t mut usize,
}

impl Telling<'_> {
    /// Hands every callback that was not taken away to `call`, with what it may do.
    fn each(&mut self, mut call: impl FnMut(&mut Listener, &Told, &mut Reaction<'_>)) {
        for (subscription, listener) in self.listeners.iter_mut() {
            if !self.core.notes.gone.contains(subscription) {
                call(listener, self.told, &mut Reaction { core: self.core, told: self.told, left: self.left });
            }
        }
    }

    fn moment(&mut self, now: Moment) {
        self.each(|listener, _, reaction| {
            if let Listener::Moment(moment, call) = listener
                && *moment == now
            {
                call(reaction);
            }
        });
    }

    fn types(&mut self) {
        for event in &self.told.events {
            self.each(|listener, _, reaction| {
                if let Listener::Type(handle, call) = listener
                    && event.target.handle() == Some(*handle)
                    && !reaction.core.is_deleted(*handle)
                {
                    call(event, reaction);
                }
            });
        }
    }

    fn deep(&mut self) {
        self.each(|listener, told, reaction| {
            let Listener::Deep(handle, call) = listener else { return };
            let events = reaction.core.events_in(*handle, &told.events);
            if !events.is_empty() {
                call(&events, reaction);
            }
        });
    }

    fn updates(&mut self) {
        self.each(|listener, told, reaction| {
            if let (Listener::UpdateV1(call), Some(update)) = (listener, &told.update_v1) {
                call(update, reaction);
            }
        });
        self.each(|listener, told, reaction| {
            if let (Listener::UpdateV2(call), Some(update)) = (listener, &told.update_v2) {
                call(update, reaction);
            }
        });
    }

    fn subdocs(&mut self) {
        if self.told.subdocs.is_empty() {
            return;
        }
        self.each(|listener, told, reaction| {
            if let Listener::Subdocs(call) = listener {
                call(&told.subdocs, reaction);
            }
        });
    }
}

impl Core {
    fn is_deleted(&self, handle: TypeHandle) -> bool {
        self.doc.store().types.get(handle).is_deleted
    }

    /// The events of a type and of what lies in it, of types that are still there, with paths that lead from it.
    fn events_in(&self, handle: TypeHandle, events: &[Event]) -> Vec<Event> {
        if self.is_deleted(handle) {
            return Vec::new();
        }
        let inside = |event: &Event| {
            let target = event.target.handle().filter(|target| !self.is_deleted(*target))?;
            let parent = |of: &TypeHandle| self.doc.parent_of(*of)?.handle();
            let steps = std::iter::successors(Some(target), parent).position(|of| of == handle)?;
            let path = event.path[event.path.len().checked_sub(steps)?..].to_vec();
            Some(Event { path, ..event.clone() })
        };
        events.iter().filter_map(inside).collect()
    }
}
