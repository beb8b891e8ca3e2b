//! Snapshots: what a document held at a time, and what changed between two.

mod delta;
mod encode;
mod lists;
mod maps;
mod users;

use crate::doc::{Doc, Options};
use crate::lib0::write_var_uint;
use crate::store::{Client, Span, Store};
use crate::update::{Update, convert_update_v2_to_v1, write_delete_set};
use crate::values::{ClientId, Clock, Error, ErrorKind, IdSet, StateVector};
use std::ops::Range;

pub use delta::Change;
pub use users::UserData;

/// What a document held at a time: how much of each client's writing, and what of it was deleted. It holds no
/// content; a document that keeps deleted content ([`Options::gc`] off) can show what was there.
/// (Yjs: `Snapshot`; equal as by `equalSnapshots`)
///
/// ```
/// use merganser::{ClientId, Doc, Options};
///
/// let mut options = Options::new(ClientId::from(1));
/// options.gc = false;
/// let mut doc = Doc::new(options.clone());
/// let text = doc.text("note");
/// text.insert(&mut doc.transact(), 0, "a duck")?;
/// let snapshot = doc.snapshot();
/// text.delete(&mut doc.transact(), 2, 4)?;
///
/// let mut then = doc.restore(&snapshot, options)?;
/// let text = then.text("note");
/// assert_eq!(text.to_string(&then), "a duck");
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Snapshot {
    state: StateVector,
    deletes: IdSet,
}

impl Snapshot {
    /// The snapshot of these parts. (Yjs: `createSnapshot`)
    pub fn new(state: StateVector, deletes: IdSet) -> Snapshot {
        Snapshot { state, deletes }
    }

    /// How much of each client's writing was there.
    pub fn state_vector(&self) -> &StateVector {
        &self.state
    }

    /// Which units were deleted.
    pub fn delete_set(&self) -> &IdSet {
        &self.deletes
    }

    /// Whether a document in this state has all that an update v1 brings. A gap in the update counts as something that
    /// it brings, as in Yjs. O(update). (Yjs: `snapshotContainsUpdate`)
    ///
    /// # Errors
    /// A malformed update.
    pub fn contains_update(&self, update: &[u8]) -> Result<bool, Error> {
        let update = Update::parse_v1(update)?;
        let has_structs = update.structs.iter().all(|read| read.end() <= self.state.clock(read.id.client));
        let deletes: IdSet = update.deletes.into_iter().collect();
        Ok(has_structs && deletes.difference(&self.deletes).is_empty())
    }

    /// The same for an update v2. (Yjs: `snapshotContainsUpdateV2`)
    ///
    /// # Errors
    /// As [`convert_update_v2_to_v1`].
    pub fn contains_update_v2(&self, update: &[u8]) -> Result<bool, Error> {
        self.contains_update(&convert_update_v2_to_v1(update)?)
    }

    /// Whether the unit was there and not deleted, and the clock up to which that is so of the units that follow.
    /// O(log ranges). (Yjs: `isVisible`)
    fn is_visible(&self, client: ClientId, clock: Clock) -> (bool, Clock) {
        let end = self.state.clock(client);
        if clock >= end {
            return (false, Clock::MAX);
        }
        let ranges = self.deletes.ranges(client);
        match ranges.get(ranges.partition_point(|range| range.end <= clock)) {
            Some(range) if range.start <= clock => (false, range.end),
            Some(range) => (true, range.start.min(end)),
            None => (true, end),
        }
    }
}

/// Whether a unit of a span is visible at a snapshot, or now where there is none; and up to which clock.
fn is_visible_at(store: &Store, span: Span, clock: Clock, snapshot: Option<&Snapshot>) -> (bool, Clock) {
    match snapshot {
        Some(snapshot) => snapshot.is_visible(store.log(span.client()).client, clock),
        None => (!span.is_deleted(), Clock::MAX),
    }
}

/// Units of one client that stand next to each other and are visible alike.
#[derive(Clone, Debug)]
struct VisibleRun {
    client: Client,
    clocks: Range<Clock>,
    /// Whether the units are visible at the one snapshot, and at the other.
    visible: [bool; 2],
}

impl Doc {
    /// What the document holds now; what waits doesn't count. O(clients + deleted ranges). (Yjs: `snapshot`)
    pub fn snapshot(&self) -> Snapshot {
        Snapshot { state: self.state_vector(), deletes: self.delete_set() }
    }

    /// A document as this one was at a snapshot. Its roots get their kinds when they are named.
    /// O(the document then). (Yjs: `createDocFromSnapshot`)
    ///
    /// # Errors
    /// This document leaves deleted content out ([`Options::gc`]), or has not got all that the snapshot shows.
    pub fn restore(&self, snapshot: &Snapshot, options: Options) -> Result<Doc, Error> {
        let store = self.store();
        let is_there = |(client, clock): (ClientId, Clock)| store.clock(client) >= clock;
        if store.collects || !snapshot.state.iter().all(is_there) {
            return Err(ErrorKind::SnapshotUnavailable.into());
        }
        let mut update = Vec::new();
        write_var_uint(&mut update, snapshot.state.len() as u64);
        for (client, clock) in snapshot.state.iter().rev() {
            let mut structs = Vec::new();
            let handle = store.find_client(client).ok_or(Error::from(ErrorKind::SnapshotUnavailable))?;
            let count = store.write_structs_in(&mut structs, handle, 0..clock);
            write_var_uint(&mut update, count);
            write_var_uint(&mut update, client.value());
            write_var_uint(&mut update, 0);
            update.append(&mut structs);
        }
        write_delete_set(&mut update, &snapshot.deletes);
        let mut restored = Doc::new(options);
        restored.apply_update(&update)?;
        Ok(restored)
    }

    /// The units of a sequence that are visible at one of two snapshots (`None`: now), in order. Deleted content that
    /// is left out of what is encoded counts as collected: it is visible at none.
    fn visible_runs<'d>(
        &'d self,
        sequence: u32,
        snapshots: [Option<&'d Snapshot>; 2],
    ) -> impl Iterator<Item = VisibleRun> + 'd {
        let store = self.store();
        let kept = store.order.spans(sequence).filter(|span| !(store.collects && span.is_deleted()));
        kept.flat_map(move |span| {
            let mut clock = span.clock;
            std::iter::from_fn(move || {
                while clock < span.end() {
                    let [(one, until), (other, other_until)] =
                        snapshots.map(|snapshot| is_visible_at(store, span, clock, snapshot));
                    let end = until.min(other_until).min(span.end());
                    let run = VisibleRun { client: span.client(), clocks: clock..end, visible: [one, other] };
                    clock = end;
                    if one || other {
                        return Some(run);
                    }
                }
                None
            })
        })
    }
}
