//! Taking back what an item of a stack holds. (Yjs: `popStackItem`)

use super::manager::{Doomed, UndoManager};
use super::partition::Partition;
use super::redo::Redoing;
use super::scope::sequence_of;
use super::stack::{Popped, Ranges, Stack, StackItem};
use crate::doc::{Doc, Transaction};
use crate::origin::Origin;
use crate::store::{LocalId, Store};
use crate::types::Value;
use crate::update::Content;
use std::cell::OnceCell;

impl UndoManager {
    /// Takes back the last item of a stack that has something to take back.
    pub(super) fn pop<'d>(&mut self, doc: &'d mut Doc, from: Stack) -> Option<Popped<'d>> {
        let mut partition = Partition::default();
        let mut left = Vec::new();
        let mut transaction = doc.transact_with(Origin::UndoManager(self.number));
        let mut done = false;
        while !done && let Some(item) = self.stack_mut(from).pop() {
            done = self.take_back(&mut transaction, &mut partition, &item);
            left.push(item);
        }
        let mut commit = transaction.commit();
        let tracked = self.record_pop(&mut commit, from);
        left.iter().for_each(|item| release(commit.store_mut(), item));
        let item = left.pop().filter(|_| done)?;
        Some(Popped { item, stack: from, tracked, commit })
    }

    /// Redoes what the item deleted and deletes what it inserted; `false` if there was nothing to do.
    fn take_back(&self, transaction: &mut Transaction<'_>, partition: &mut Partition, popped: &StackItem) -> bool {
        let mut doomed = Vec::new();
        for mut item in items(transaction, partition, &popped.insertions) {
            let store = &mut transaction.author().0.store;
            if store.redone.link(item).is_some() {
                item = store.follow_redone(item);
                partition.cut(store, item);
            }
            if store.is_live(item) && self.scope.holds(store, item) {
                doomed.push(item);
            }
        }
        let redone = items(transaction, partition, &popped.deletions);
        let store = transaction.store();
        let is_wanted = |item: &LocalId| {
            self.scope.holds(store, *item) && !popped.insertions.contains(store.id(*item)) && is_known(store, *item)
        };
        let wanted: Vec<LocalId> = redone.into_iter().filter(is_wanted).collect();
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
            let end = partition.end(transaction.store(), item);
            if self.may_delete(transaction, item, end) {
                transaction.author().0.delete_ids(item.0, item.1, end);
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
fn is_known(store: &Store, item: LocalId) -> bool {
    let is_collected = |sequence| store.is_collected(store.types.owner(sequence).of);
    store.redone.link(item).is_some() || !sequence_of(store, item).is_some_and(is_collected)
}

/// Lets go of what was kept for an item.
pub(super) fn release(store: &mut Store, item: &StackItem) {
    for (client, units) in &item.kept {
        store.kept.release(*client, units.clone());
    }
}

/// The items of these ranges that stand in some type, cut at the ends of the ranges. (Yjs: `iterateDeletedStructs`)
fn items(transaction: &mut Transaction<'_>, partition: &mut Partition, ranges: &Ranges) -> Vec<LocalId> {
    let store = &mut transaction.author().0.store;
    let mut items = Vec::new();
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
            let item = (client, clock);
            if sequence_of(store, item).is_some() {
                items.push(item);
            }
            clock = partition.end(store, item);
        }
    }
    items
}
