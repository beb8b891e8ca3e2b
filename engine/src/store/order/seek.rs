//! From a visible position to a place, by the cursor if it is near, else down from the root; and back.

use super::{Cursor, NONE, Order, Place, Sequence};
use smallvec::SmallVec;

/// Into how many other leaves the cursor is followed before the search starts at the root instead.
const NEAR: u32 = 4;

/// How many times as far as its leaf is long the cursor may be for that to be tried.
const NEAR_LEAVES: u32 = 2;

/// The visible unit at a position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The place before the unit; its span is visible.
    pub(crate) place: Place,
    /// Visible units before the span that holds it.
    before_span: u32,
}

/// A node, a slot in it, and what its count of that child misses.
type UnsettledStep = (u32, usize, i64);

impl Order {
    /// Finds the visible unit at `position`, which must be below the sequence's visible length, and remembers where.
    /// O(1) near the last edit, else O(log).
    pub(crate) fn seek(&mut self, sequence: Sequence, position: u32) -> Found {
        debug_assert!(position < self.visible_len(sequence));
        let found = self.seek_from_cursor(sequence, position).unwrap_or_else(|| {
            // The edit for which the place is sought would do that anyway.
            self.settle();
            let mut slots = self.slots;
            let found = self.seek_from_root(sequence, position, &[], |level, slot| {
                if let Some(remembered) = slots.get_mut(level) {
                    *remembered = slot as u8;
                }
            });
            self.slots = slots;
            found
        });
        let Place { leaf, span, .. } = found.place;
        self.cursor = Some(Cursor { sequence, leaf, span, before: found.before_span });
        found
    }

    /// The same without remembering: for readers.
    pub(crate) fn find_visible(&self, sequence: Sequence, position: u32) -> Place {
        let found = self.seek_from_cursor(sequence, position);
        found.unwrap_or_else(|| self.seek_from_root(sequence, position, &self.unsettled_path(), |_, _| {})).place
    }

    /// Leaves between the cursor's and the one that is sought are passed as a whole.
    fn seek_from_cursor(&self, sequence: Sequence, position: u32) -> Option<Found> {
        let Cursor { leaf: mut id, span, mut before, .. } = self.cursor.filter(|c| c.sequence == sequence)?;
        let (mut links, mut spans) = self.leaves.get(id);
        if position.abs_diff(before) / NEAR_LEAVES > self.leaves.visible(id) {
            return None;
        }
        let mut at = span as usize;
        let mut entered = 0;
        while position < before {
            if at == 0 {
                id = links.previous;
                (links, spans) = self.leaves.get(id);
                entered += 1;
                if entered > NEAR {
                    return None;
                }
                let visible = self.leaves.visible(id);
                if before - position > visible {
                    before -= visible;
                    continue;
                }
                at = spans.len();
            }
            at -= 1;
            before -= spans[at].visible_len();
        }
        loop {
            if let Some(span) = spans.get(at) {
                let visible = span.visible_len();
                if position - before < visible {
                    let place = Place { leaf: id, span: at as u32, offset: position - before };
                    return Some(Found { place, before_span: before });
                }
                before += visible;
                at += 1;
                continue;
            }
            id = links.next;
            (links, spans) = self.leaves.get(id);
            entered += 1;
            if entered > NEAR {
                return None;
            }
            at = 0;
            let visible = self.leaves.visible(id);
            if position - before >= visible {
                before += visible;
                at = spans.len();
            }
        }
    }

    /// `unsettled` is the way up from the leaf whose ancestors are not up to date. `went` is told the level, from below,
    /// and the slot of each step down.
    #[inline]
    fn seek_from_root(
        &self,
        sequence: Sequence,
        position: u32,
        unsettled: &[UnsettledStep],
        mut went: impl FnMut(usize, usize),
    ) -> Found {
        let (mut id, height) = self.leaves.sequences.root(sequence);
        let mut left = position;
        for level in (0..height as usize).rev() {
            let node = &self.nodes[id as usize];
            let slot;
            (slot, left) = match unsettled.iter().find(|step| step.0 == id) {
                None => node.find(left),
                Some((_, changed, change)) => {
                    let mut settled = node.clone();
                    settled.change_visible(*changed, *change);
                    settled.find(left)
                }
            };
            went(level, slot);
            id = node.ids()[slot];
        }
        let spans = self.leaves.spans(id);
        let mut at = 0;
        while left >= spans[at].visible_len() {
            left -= spans[at].visible_len();
            at += 1;
        }
        Found { place: Place { leaf: id, span: at as u32, offset: left }, before_span: position - left }
    }

    /// Visible units before a place. O(height * fan-out).
    pub(crate) fn visible_before(&self, place: Place) -> u32 {
        let (links, spans) = self.leaves.get(place.leaf);
        let (at, offset) = (place.span as usize, place.offset);
        let mut before: u32 = spans[..at].iter().map(|span| span.visible_len()).sum();
        if spans.get(at).is_some_and(|span| span.is_visible()) {
            before += offset;
        }
        let unsettled = self.unsettled_path();
        let (mut child, mut above) = (place.leaf, links.parent);
        while above != NONE {
            let node = &self.nodes[above as usize];
            let slot = node.slot_of(child);
            before += node.visible()[..slot].iter().sum::<u32>();
            if let Some((_, _, change)) = unsettled.iter().find(|step| step.0 == above && step.1 < slot) {
                before = (i64::from(before) + change) as u32;
            }
            (child, above) = (above, node.parent);
        }
        before
    }

    /// The way up from the leaf whose ancestors are not up to date.
    fn unsettled_path(&self) -> SmallVec<[UnsettledStep; 8]> {
        let mut path = SmallVec::new();
        if self.unsettled.visible != 0 {
            let mut child = self.unsettled.leaf;
            let mut above = self.leaves.links(child).parent;
            while above != NONE {
                let node = &self.nodes[above as usize];
                path.push((above, node.slot_of(child), self.unsettled.visible));
                child = above;
                above = node.parent;
            }
        }
        path
    }
}
