//! What arrays, texts and XML parents have in common: a list of units that is edited by position.

use super::Value;
use crate::doc::{Doc, Transaction};
use crate::store::{Place, Sequence, TypeHandle};
use crate::values::{Error, ErrorKind};
use std::ops::{Bound, RangeBounds};

impl Doc {
    /// The sequence of a type's list.
    pub(super) fn list(&self, handle: TypeHandle) -> Sequence {
        self.store().types.get(handle).sequence
    }

    /// Visible units in a type's list. O(1).
    pub(super) fn list_len(&self, handle: TypeHandle) -> u32 {
        self.store().order.visible_len(self.list(handle))
    }

    /// The element at a visible index. O(log).
    pub(super) fn list_get(&self, handle: TypeHandle, index: u32) -> Option<Value> {
        if index >= self.list_len(handle) {
            return None;
        }
        let place = self.store().order.find_visible(self.list(handle), index);
        Value::of_unit(self.store(), self.store().unit_at(place)?)
    }

    /// The elements in order.
    pub(super) fn list_values(&self, handle: TypeHandle) -> Vec<Value> {
        self.list_iter(handle).collect()
    }

    /// The elements in order, read as they are asked for.
    pub(super) fn list_iter(&self, handle: TypeHandle) -> impl Iterator<Item = Value> + '_ {
        self.store().pieces(self.list(handle)).flat_map(|piece| Value::of_piece(self.store(), piece))
    }

    /// The elements of a range of visible indexes; what lies beyond the end is cut off. O(log + elements).
    /// (Yjs: `typeListSlice`)
    pub(super) fn list_slice(&self, handle: TypeHandle, range: impl RangeBounds<u32>) -> Vec<Value> {
        let len = self.list_len(handle);
        let start = match range.start_bound() {
            Bound::Included(start) => *start,
            Bound::Excluded(before) => before.saturating_add(1),
            Bound::Unbounded => 0,
        };
        let end = match range.end_bound() {
            Bound::Included(last) => last.saturating_add(1).min(len),
            Bound::Excluded(end) => (*end).min(len),
            Bound::Unbounded => len,
        };
        let mut values = Vec::new();
        if start >= end {
            return values;
        }
        let store = self.store();
        let mut left = end - start;
        let first = store.order.find_visible(self.list(handle), start);
        for span in store.order.spans_from(first).filter(|span| span.is_visible()) {
            let units = span.len.min(left);
            for piece in store.pieces_in(span.client(), span.clock..span.clock + units) {
                values.extend(Value::of_piece(store, piece));
            }
            left -= units;
            if left == 0 {
                break;
            }
        }
        values
    }
}

impl Transaction<'_> {
    /// The place directly after the visible unit before `index`. (Yjs: `typeListInsertGenerics`)
    pub(super) fn place_after(&mut self, sequence: Sequence, index: u32) -> Result<Option<Place>, Error> {
        let (replica, _) = self.author();
        let order = &mut replica.store.order;
        if index > order.visible_len(sequence) {
            return Err(ErrorKind::OutOfRange.into());
        }
        if index == 0 {
            return Ok(order.start(sequence));
        }
        let before = order.seek(sequence, index - 1).place;
        Ok(Some(order.step(before, 1)))
    }

    /// Deletes `len` visible units from `index` on. O(log + spans touched).
    pub(super) fn delete_visible(&mut self, sequence: Sequence, index: u32, len: u32) -> Result<(), Error> {
        let visible = self.store().order.visible_len(sequence);
        if index.checked_add(len).is_none_or(|end| end > visible) {
            return Err(ErrorKind::OutOfRange.into());
        }
        self.delete_known(sequence, index, len);
        Ok(())
    }

    /// The same of units that are there.
    #[inline]
    pub(super) fn delete_known(&mut self, sequence: Sequence, index: u32, len: u32) {
        let (replica, _) = self.author();
        let mut left = len;
        while left > 0 {
            let found = replica.store.order.seek(sequence, index);
            left -= replica.delete_at(found.place, left, index);
        }
    }
}
