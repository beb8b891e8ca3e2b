//! Writing deleted items again, where they were, as items of our own. (Yjs: `redoItem`)

use super::partition::{Item, Partition};
use super::scope::{item_around, sequence_of};
use super::stack::StackItem;
use crate::doc::Transaction;
use crate::integrate::NewItem;
use crate::store::{LocalId, NO_ORIGIN, Place, Sequence, Store, TypeHandle};
use crate::update::Content;
use crate::values::Clock;
use std::cell::OnceCell;
use std::collections::BTreeSet;

/// Redoing within one transaction. Items are named by their first unit.
#[derive(Debug)]
pub(super) struct Redoing<'a, 'd> {
    pub(super) transaction: &'a mut Transaction<'d>,
    pub(super) partition: &'a mut Partition,
    /// What is being taken back.
    pub(super) popped: &'a StackItem,
    /// The items that are to be redone.
    pub(super) wanted: &'a [Item],
    /// The same as a set, once that is asked for: only what lies in deleted types needs it.
    pub(super) wanted_set: OnceCell<BTreeSet<LocalId>>,
    /// Both stacks.
    pub(super) others: [&'a [StackItem]; 2],
    pub(super) ignores_remote_map_changes: bool,
}

/// Where an item goes.
#[derive(Clone, Copy, Debug)]
struct Target {
    sequence: Sequence,
    origin: LocalId,
    right_origin: LocalId,
    /// The place between them, if nothing can have come in between.
    place: Option<Place>,
}

impl Redoing<'_, '_> {
    /// Redoes an item, and before it the types around it as far as they are to be redone; `false` if it can't be.
    /// Deep nesting is input's to decide, so there is no recursion.
    pub(super) fn redo(&mut self, item: Item) -> bool {
        let Some(mut around) = self.lost_type_around(item) else { return self.redo_one(item).is_some() };
        let mut chain = vec![item];
        loop {
            if !self.is_wanted(around) {
                return false;
            }
            let item = self.partition.item(self.store(), around);
            chain.push(item);
            match self.lost_type_around(item) {
                Some(next) => around = next,
                None => break,
            }
        }
        chain.into_iter().rev().all(|item| self.redo_one(item).is_some())
    }

    fn is_wanted(&self, item: LocalId) -> bool {
        self.wanted_set.get_or_init(|| self.wanted.iter().map(|item| item.first).collect()).contains(&item)
    }

    /// The deleted item that holds an item's type, if neither is redone yet.
    fn lost_type_around(&self, item: Item) -> Option<LocalId> {
        let store = self.store();
        let around = store.types.get(store.types.owner(item.sequence).of).item?;
        let is_redone = |item| store.redone.link(item).is_some();
        (!is_redone(item.first) && !store.is_live(around) && !is_redone(around)).then_some(around)
    }

    /// Redoes an item whose type is live or redone. `None` if others have changed what it would replace, or the log is
    /// full.
    fn redo_one(&mut self, item: Item) -> Option<()> {
        if self.cut_target(item.first).is_some() {
            return Some(());
        }
        let store = self.store();
        let owner = store.types.owner(item.sequence);
        let holder = store.types.get(owner.of).item;
        let mut around = holder;
        let mut parent = owner.of;
        if let Some(mut holder) = around.filter(|holder| !store.is_live(*holder)) {
            while let Some(target) = self.cut_target(holder) {
                holder = target;
            }
            around = Some(holder);
            parent = self.store().type_of(holder)?;
        }
        let target = match owner.key {
            Some(_) => self.entry_target(item.first, around, parent)?,
            None if around == holder => self.same_target(item),
            None => self.list_target(item.first, around, parent),
        };
        self.write(item, target)
    }

    /// The same place in the list.
    fn same_target(&self, item: Item) -> Target {
        let order = &self.store().order;
        let place = order.look_up(item.first.0, item.first.1);
        let origin = place.and_then(|place| order.unit_before(place)).unwrap_or(NO_ORIGIN);
        Target { sequence: item.sequence, origin, right_origin: item.first, place }
    }

    /// In a list that has been redone, the place between what stands for the item's neighbours.
    fn list_target(&mut self, item: LocalId, around: Option<LocalId>, parent: TypeHandle) -> Target {
        let mut left = self.store().unit_before(item);
        while let Some(unit) = left.filter(|unit| item_around(self.store(), *unit) != around) {
            let start = (unit.0, self.partition.start(self.store(), unit));
            left = self.trace(start, around);
            if left.is_some() {
                break;
            }
            left = self.store().unit_before(start);
        }
        let mut right_origin = NO_ORIGIN;
        let mut right = Some(item);
        while let Some(start) = right {
            if let Some(traced) = self.trace(start, around) {
                right_origin = traced;
                break;
            }
            right = self.next(start);
        }
        // Only now: what stands on the right may have been cut off the item on the left.
        let origin = left.map_or(NO_ORIGIN, |left| self.last(left));
        Target { sequence: self.store().types.get(parent).sequence, origin, right_origin, place: None }
    }

    /// The end of the key's history, if nothing stands there that somebody else has set. `None` if it does.
    fn entry_target(&mut self, item: LocalId, around: Option<LocalId>, parent: TypeHandle) -> Option<Target> {
        let mut left = None;
        if self.next(item).is_some() && !self.ignores_remote_map_changes {
            let mut at = item;
            while let Some(right) = self.next(at) {
                if !self.is_ours(right) {
                    return None;
                }
                at = right;
                while let Some(target) = self.cut_target(at) {
                    at = target;
                }
            }
            // An origin in another type would mislead other replicas.
            left = Some(at).filter(|at| item_around(self.store(), *at) == around);
        }
        let store = self.store();
        let key = store.types.owner(sequence_of(store, item)?).key?;
        let known = store.types.entry(parent, key);
        let origin = match left {
            Some(left) => self.last(left),
            None => {
                let end = known.and_then(|sequence| store.order.end(sequence));
                end.and_then(|end| store.order.unit_before(end)).unwrap_or(NO_ORIGIN)
            }
        };
        let sequence = known.unwrap_or_else(|| {
            let name: Box<str> = self.store().types.key_name(key).into();
            self.transaction.author().0.store.entry(parent, &name)
        });
        Some(Target { sequence, origin, right_origin: NO_ORIGIN, place: None })
    }

    /// Whether an entry goes away anyhow: it was redone, it is about to be deleted, or one of the stacks has
    /// deleted it.
    fn is_ours(&self, entry: LocalId) -> bool {
        let id = self.store().id(entry);
        self.store().redone.link(entry).is_some()
            || self.popped.insertions.contains(id)
            || self.others.iter().any(|stack| stack.iter().any(|item| item.deletions.contains(id)))
    }

    /// Follows an item's links until it is in the type that `around` holds.
    fn trace(&mut self, mut item: LocalId, around: Option<LocalId>) -> Option<LocalId> {
        while item_around(self.store(), item) != around {
            item = self.cut_target(item)?;
        }
        Some(item)
    }

    /// What an item was redone as, cut so that it is an item.
    fn cut_target(&mut self, item: LocalId) -> Option<LocalId> {
        let target = self.store().redone.target(item)?;
        self.partition.cut(&mut self.transaction.author().0.store, target);
        Some(target)
    }

    /// Writes an item once more.
    fn write(&mut self, item: Item, to: Target) -> Option<()> {
        let Target { sequence, origin, right_origin, place } = to;
        let end = self.partition.end_of(item);
        let len = end - item.first.1;
        let mut payload = self.transaction.replica().take_payload();
        let content = copy(self.store(), item, end, &mut payload);
        let client_id = self.transaction.client_id();
        let (replica, client) = self.transaction.author();
        let log = replica.store.log(client);
        if !log.has_room(len, payload.len()) {
            return None;
        }
        let first = (client, log.end());
        replica.note_cuts(origin, right_origin);
        let place = place.or_else(|| replica.place(sequence, client_id, origin, right_origin));
        replica.append(
            client,
            NewItem { sequence, place, before: None, origin, right_origin, content, len, payload: &payload },
        );
        replica.keep_payload(payload);
        replica.store.add_redone(item.first, len, first);
        self.partition.cut(&mut replica.store, first);
        Some(())
    }

    fn last(&self, item: LocalId) -> LocalId {
        (item.0, self.partition.end(self.store(), item) - 1)
    }

    /// The item after an item in its list or history.
    fn next(&self, item: LocalId) -> Option<LocalId> {
        let order = &self.store().order;
        let last = self.last(item);
        let place = order.look_up(last.0, last.1)?;
        order.unit_after(order.step(place, 1))
    }

    fn store(&self) -> &Store {
        self.transaction.store()
    }
}

/// Appends what an item carries: of a type nothing that is in it, and of what was collected nothing but the length.
/// (Yjs: `copy` of the contents)
fn copy(store: &Store, item: Item, end: Clock, payload: &mut Vec<u8>) -> Content {
    let (client, start) = item.first;
    if store.collects && !store.kept.contains(item.first) && !store.is_live(item.first) {
        return Content::Deleted;
    }
    store.pieces_from(client, start..end, item.block).for_each(|piece| store.append_carried(piece, payload));
    store.log(client).blocks()[item.block].content
}
