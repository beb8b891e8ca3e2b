//! Taking back what an item of a stack holds. (Yjs: `popStackItem`)

use super::manager::{Doomed, UndoManager};
use super::partition::{Item, Partition};
use super::redo::Redoing;
use super::stack::{Popped, Ranges, Stack, StackItem};
use crate::doc::{Doc, Transaction};
use crate::origin::Origin;
use crate::store::{LocalId, NO_SEQUENCE, Store};
use crate::types::Value;
use crate::update::Content;
use smallvec::SmallVec;
use std::cell::OnceCell;

impl UndoManager {
    /// Takes back the last item of a stack that has something to take back.
    pub(super) fn pop<'d>(&mut self, doc: &'d mut Doc, from: Stack) -> Option<Popped<'d>> {
        let mut partition = Partition::default();
        let mut transaction = doc.transact_with(Origin::UndoManager(self.number));
        let mut taken = None;
        while taken.is_none()
            && let Some(item) = self.stack_mut(from).pop()
        {
            match self.take_back(&mut transaction, &mut partition, &item) {
                true => taken = Some(item),
                false => release(&mut transaction.replica().store, &item),
            }
        }
        let mut commit = transaction.commit();
        let tracked = self.record_pop(&mut commit, from);
        let item = taken?;
        release(commit.store_mut(), &item);
        Some(Popped { item, stack: from, tracked, commit })
    }

    /// Redoes what the item deleted and deletes what it inserted; `false` if there was nothing to do.
    fn take_back(&self, transaction: &mut Transaction<'_>, partition: &mut Partition, popped: &StackItem) -> bool {
        let mut doomed = items(transaction, partition, &popped.insertions);
        doomed.retain(|item| {
            let store = &mut transaction.replica().store;
            if store.redone.link(item.first).is_some() {
                let now = store.follow_redone(item.first);
                partition.cut(store, now);
                *item = partition.item(store, now);
            }
            store.is_live(item.first) && self.scope.holds(store, item.sequence)
        });
        let mut wanted = items(transaction, partition, &popped.deletions);
        let store = transaction.store();
        wanted.retain(|item| {
            self.scope.holds(store, item.sequence)
                && !popped.insertions.contains(store.id(item.first))
                && is_known(store, *item)
        });
        let mut redoing = Redoing {
            transaction,
            partition,
            popped,
            wanted: &wanted,
            wanted_set: OnceCell::new(),
            others: [self.stack(Stack::Undo), self.stack(Stack::Redo)],
            ignores_remote_map_changes: self.ignores_remote_map_changes,
        };
        let mut done = false;
        for &item in &wanted {
            done |= redoing.redo(item);
        }
        // The last first, so that what is in a type is deleted before it and the filter can look at both.
        for item in doomed.into_iter().rev() {
            let end = partition.end_of(item);
            if self.may_delete(transaction, item.first, end) {
                transaction.replica().delete_ids(item.first.0, item.first.1, end);
                done = true;
            }
        }
        done
    }

    fn may_delete(&self, doc: &Doc, item: LocalId, end: u32) -> bool {
        let Some(filter) = &self.delete_filter else { return true };
        let store = doc.store();
        let content = match store.block(item).content {
            Content::Type => store.unit(item).and_then(|unit| Value::of_unit(store, unit)),
            _ => None,
        };
        (filter.0)(doc, &Doomed { id: store.id(item), len: end - item.1, shared: content })
    }
}

/// Whether a deleted item is not gone with its type, or was redone before it went.
fn is_known(store: &Store, item: Item) -> bool {
    !store.is_collected(store.types.owner(item.sequence).of) || store.redone.link(item.first).is_some()
}

/// Lets go of what was kept for an item.
pub(super) fn release(store: &mut Store, item: &StackItem) {
    for (client, units) in &item.kept {
        store.kept.release(*client, units.clone());
    }
}

/// The items of these ranges that stand in some type, cut at the ends of the ranges. (Yjs: `iterateDeletedStructs`)
fn items(transaction: &mut Transaction<'_>, partition: &mut Partition, ranges: &Ranges) -> SmallVec<[Item; 1]> {
    let store = &mut transaction.replica().store;
    let mut items = SmallVec::new();
    for (id, range) in ranges.iter() {
        let Some(client) = store.find_client(id) else { continue };
        let end = range.end.min(store.log(client).end());
        if range.start >= end {
            continue;
        }
        partition.cut(store, (client, range.start));
        partition.cut(store, (client, end));
        let mut clock = range.start;
        while clock < end {
            let item = partition.item(store, (client, clock));
            if item.sequence != NO_SEQUENCE {
                items.push(item);
            }
            clock = partition.end_of(item);
        }
    }
    items
}
