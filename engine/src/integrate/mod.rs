//! Every change to a store passes here: where an item goes, what it deletes, what has to wait.

mod apply;
mod bulk;
mod checkpoint;
mod clean_up;
mod delete;
mod encode;
mod item;
mod milestones;
mod pending;
mod place;
mod plan;
mod run;
mod single;

use crate::store::{Client, LocalId, Log, NO_ORIGIN, Store};
use crate::update::Update;
use crate::values::{ClientId, Clock};
use std::ops::Range;

pub use apply::Applied;
pub(crate) use clean_up::CleanUp;
pub(crate) use encode::to_v2;
pub(crate) use item::NewItem;
pub(crate) use pending::Pending;
pub(crate) use run::ItemRun;

/// What the open transaction has changed so far.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    /// Clients that gained units. From which clock on, their logs know.
    pub(crate) inserted: Vec<Client>,
    /// Units that were deleted: client, first clock, clock after the last; in the order of deletion.
    pub(crate) deleted: Vec<(Client, Clock, Clock)>,
}

impl Changes {
    pub(crate) fn is_empty(&self) -> bool {
        self.inserted.is_empty() && self.deleted.is_empty()
    }

    /// Notes that what a client appends now is new, unless something before it is already.
    #[inline]
    fn note_inserted(&mut self, client: Client, log: &mut Log) {
        let end = log.end();
        self.note_inserted_from(client, log, end);
    }

    /// The same of its units from a clock on.
    #[inline]
    fn note_inserted_from(&mut self, client: Client, log: &mut Log, start: Clock) {
        if log.changed_from.is_none() {
            log.changed_from = Some(start);
            self.inserted.push(client);
        }
    }

    fn note_deleted(&mut self, client: Client, start: Clock, end: Clock) {
        match self.deleted.last_mut() {
            Some(last) if last.0 == client && last.2 == start => last.2 = end,
            Some(last) if last.0 == client && last.1 == end => last.1 = start,
            _ => self.deleted.push((client, start, end)),
        }
    }
}

/// A store together with what changes in it and what waits to come into it.
#[derive(Debug)]
pub(crate) struct Replica {
    pub(crate) store: Store,
    pub(crate) changes: Changes,
    pub(crate) pending: Pending,
    milestones: milestones::Milestones<LocalId>,
    /// The update that was read last; kept for its memory.
    incoming: Update,
    plan: plan::Plan,
    /// Room for payloads of values that are written here; kept for its memory.
    payload: Vec<u8>,
}

impl Replica {
    pub(crate) fn new(collects: bool, pending_limit_bytes: usize) -> Replica {
        Replica {
            store: Store::new(collects),
            changes: Changes::default(),
            pending: Pending::new(pending_limit_bytes),
            milestones: milestones::Milestones::default(),
            incoming: Update::default(),
            plan: plan::Plan::default(),
            payload: Vec::new(),
        }
    }

    /// An empty buffer, which is to be handed back.
    pub(crate) fn take_payload(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.payload)
    }

    /// Keeps a buffer, unless it has grown large.
    pub(crate) fn keep_payload(&mut self, mut payload: Vec<u8>) {
        const MOST_KEPT_BYTES: usize = 4_096;
        if payload.capacity() <= MOST_KEPT_BYTES {
            payload.clear();
            self.payload = payload;
        }
    }

    /// Forgets what the last transaction changed.
    pub(crate) fn begin(&mut self) {
        for client in &self.changes.inserted {
            self.store.log_mut(*client).changed_from = None;
        }
        self.changes.inserted.clear();
        self.changes.deleted.clear();
    }

    /// The units that the last transaction added.
    pub(crate) fn inserted(&self) -> impl Iterator<Item = (Client, Range<Clock>)> + '_ {
        self.changes.inserted.iter().filter_map(|client| {
            let log = self.store.log(*client);
            Some((*client, log.changed_from?..log.end()))
        })
    }

    /// The units that the last transaction deleted, in the order in which it did; of its own additions too.
    pub(crate) fn deleted(&self) -> impl Iterator<Item = (Client, Range<Clock>)> + '_ {
        self.changes.deleted.iter().map(|(client, start, end)| (*client, *start..*end))
    }

    /// The clients that the open transaction added units of.
    fn advanced_clients(&self) -> Vec<ClientId> {
        self.changes.inserted.iter().map(|client| self.store.log(*client).client).collect()
    }

    /// Panics if the store contradicts itself. For tests and fuzzing.
    pub(crate) fn assert_invariants(&self) {
        self.store.assert_invariants();
        self.pending.assert_invariants(&self.store);
        self.assert_milestones();
    }

    /// Milestones name items between the origins that they say, in the order of their clients.
    fn assert_milestones(&self) {
        let mut last = None;
        for ((sequence, origin, right_origin, client), unit) in self.milestones.iter() {
            let block = self.store.block(unit);
            assert_eq!((block.sequence, block.origin_of(unit), block.right_origin), (sequence, origin, right_origin));
            assert_eq!(self.store.log(unit.0).client, client);
            let group = (sequence, origin, right_origin);
            let place = self.store.order.look_up(unit.0, unit.1).expect("a milestone stands in its sequence");
            if let Some((before, place_before)) = last {
                assert!(before != group || self.store.order.compare(place_before, place).is_lt());
            }
            if origin != NO_ORIGIN {
                let origin = self.store.order.look_up(origin.0, origin.1).expect("an origin stands in its sequence");
                assert!(self.store.order.compare(origin, place).is_lt());
            }
            last = Some((group, place));
        }
    }
}
