//! From a visible position to a place, by the cursor if it is near, else down from the root; and back.

use super::{Cursor, NONE, Order, Place, Sequence};

/// How many spans the cursor is walked before the search starts at the root instead.
const NEAR: u32 = 48;

/// How many times as far as its leaf is long the cursor may be for a walk to be tried.
const NEAR_LEAVES: u32 = 2;

/// The visible unit at a position.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Found {
    /// The place before the unit; its span is visible.
    pub(crate) place: Place,
    /// Visible units before the span that holds it.
    before_span: u32,
}

impl Order {
    /// Finds the visible unit at `position`, which must be below the sequence's visible length, and remembers where.
    /// O(1) near the last edit, else O(log).
    pub(crate) fn seek(&mut self, sequence: Sequence, position: u32) -> Found {
        debug_assert!(position < self.visible_len(sequence));
        let found = self.seek_from_cursor(sequence, position).unwrap_or_else(|| {
            // The edit for which the place is sought would do that anyway.
            self.settle();
            let mut slots = self.slots;
            let found = self.seek_from_root(sequence, position, |level, slot| {
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
        found.unwrap_or_else(|| self.seek_from_root(sequence, position, |_, _| {})).place
    }

    fn seek_from_cursor(&self, sequence: Sequence, position: u32) -> Option<Found> {
        let Cursor { leaf, span, mut before, .. } = self.cursor.filter(|c| c.sequence == sequence)?;
        if position.abs_diff(before) / NEAR_LEAVES > self.leaves[leaf as usize].visible {
            return None;
        }
        let mut id = leaf;
        let mut at = span as usize;
        let mut spans = &self.leaves[id as usize].spans;
        let mut steps = 0;
        while position < before {
            steps += 1;
            if steps > NEAR {
                return None;
            }
            if at == 0 {
                id = self.leaves[id as usize].previous;
                spans = &self.leaves[id as usize].spans;
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
            } else {
                id = self.leaves[id as usize].next;
                spans = &self.leaves[id as usize].spans;
                at = 0;
            }
            steps += 1;
            if steps > NEAR {
                return None;
            }
        }
    }

    /// `went` is told the level, from below, and the slot of each step down.
    fn seek_from_root(&self, sequence: Sequence, position: u32, mut went: impl FnMut(usize, usize)) -> Found {
        let tree = &self.trees[sequence as usize];
        let unsettled = self.unsettled_path();
        let mut id = tree.root;
        let mut before = 0;
        for level in (0..tree.height as usize).rev() {
            let children = &self.nodes[id as usize].children;
            let missing = unsettled.iter().find(|step| step.0 == id);
            let (changed, change) = missing.map_or((usize::MAX, 0), |step| (step.1, step.2 as u32));
            let mut slot = 0;
            loop {
                let visible = children[slot].visible.wrapping_add(if slot == changed { change } else { 0 });
                if position - before < visible {
                    break;
                }
                before += visible;
                slot += 1;
            }
            went(level, slot);
            id = children[slot].id;
        }
        let spans = &self.leaves[id as usize].spans;
        for (at, span) in spans.iter().enumerate() {
            let visible = span.visible_len();
            if position - before < visible {
                let place = Place { leaf: id, span: at as u32, offset: position - before };
                return Found { place, before_span: before };
            }
            before += visible;
        }
        unreachable!("a leaf's count is the sum of its spans'")
    }

    /// Visible units before a place. O(height * fan-out).
    pub(crate) fn visible_before(&self, place: Place) -> u32 {
        let leaf = &self.leaves[place.leaf as usize];
        let (at, offset) = (place.span as usize, place.offset);
        let mut before: u32 = leaf.spans[..at].iter().map(|span| span.visible_len()).sum();
        if leaf.spans.get(at).is_some_and(|span| span.is_visible()) {
            before += offset;
        }
        let unsettled = self.unsettled_path();
        let (mut child, mut above) = (place.leaf, leaf.parent);
        while above != NONE {
            let node = &self.nodes[above as usize];
            let slot = super::slot_of(node, child);
            before += node.children[..slot].iter().map(|child| child.visible).sum::<u32>();
            if let Some((_, _, change)) = unsettled.iter().find(|step| step.0 == above && step.1 < slot) {
                before = (i64::from(before) + change) as u32;
            }
            (child, above) = (above, node.parent);
        }
        before
    }

    /// The way up from the leaf whose ancestors are not up to date: node, slot in it, what is missing there.
    fn unsettled_path(&self) -> smallvec::SmallVec<[(u32, usize, i64); 8]> {
        let mut path = smallvec::SmallVec::new();
        if self.unsettled.visible != 0 {
            let mut child = self.unsettled.leaf;
            let mut above = self.leaves[child as usize].parent;
            while above != NONE {
                let node = &self.nodes[above as usize];
                path.push((above, super::slot_of(node, child), self.unsettled.visible));
                child = above;
                above = node.parent;
            }
        }
        path
    }
}
