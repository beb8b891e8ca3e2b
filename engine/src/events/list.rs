//! What changed in a list: arrays, the children of XML types, and texts that have no formatting marks.

use super::delta::{DeltaBuilder, DeltaChange};
use super::extent::{Parts, Units};
use crate::store::{Place, Store};
use crate::types::Value;

/// A run of units that stand next to each other in a sequence.
#[derive(Clone, Copy, Debug)]
pub(super) struct Changed {
    place: Place,
    pub(super) units: Units,
    pub(super) is_added: bool,
}

/// What the transaction changed of a list. O(changes * log). (Yjs: `YEvent#changes`)
pub(super) fn delta(store: &Store, parts: &Parts) -> Vec<DeltaChange> {
    let mut delta = DeltaBuilder::default();
    each_change(store, parts, |retained, change| {
        delta.retain(retained, &[]);
        let Units { client, start, end } = change.units;
        if !change.is_added {
            return delta.delete(end - start);
        }
        delta.insert_values(|values| {
            for piece in store.pieces_in(client, start..end) {
                values.extend(Value::of_piece(store, piece));
            }
        });
    });
    delta.finish()
}

/// Goes through the runs of units that were added and are live, and of those that were deleted and had been there
/// before, in document order; each with how many visible units stand between it and the one before it.
pub(super) fn each_change(store: &Store, parts: &Parts, mut each: impl FnMut(u32, Changed)) {
    let mut passed = 0;
    for change in changes_in_order(store, parts) {
        let before = store.order.visible_before(change.place);
        each(before - passed, change);
        passed = before + if change.is_added { change.units.end - change.units.start } else { 0 };
    }
}

fn changes_in_order(store: &Store, parts: &Parts) -> Vec<Changed> {
    let mut changes = Vec::new();
    parts.added.iter().for_each(|units| place_runs(store, *units, true, &mut changes));
    parts.deleted.iter().for_each(|units| place_runs(store, *units, false, &mut changes));
    changes.sort_unstable_by(|a, b| store.order.compare(a.place, b.place));
    changes
}

/// Finds where units stand now: those that were added as far as they are live, deleted ones all.
fn place_runs(store: &Store, units: Units, is_added: bool, changes: &mut Vec<Changed>) {
    let mut start = units.start;
    while start < units.end {
        let found = store.order.look_up(units.client, start);
        let Some((place, (span, offset))) = found.and_then(|place| Some((place, store.order.span_at(place)?))) else {
            return;
        };
        let end = units.end.min(start + span.len - offset);
        if span.is_deleted() != is_added {
            changes.push(Changed { place, units: Units { start, end, ..units }, is_added });
        }
        start = end;
    }
}
