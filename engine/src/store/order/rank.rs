//! From a place to its position: how many visible units stand before it.

use super::{NONE, Order, Place, slot_of};

impl Order {
    /// Visible units before a place. O(height * fan-out).
    pub(crate) fn visible_before(&self, place: Place) -> u32 {
        let leaf = &self.leaves[place.leaf as usize];
        let whole = leaf.spans[..place.span as usize].iter().map(|span| span.visible_len()).sum::<u32>();
        let part = leaf.spans.get(place.span as usize).filter(|span| span.is_visible()).map_or(0, |_| place.offset);
        let unsettled = self.unsettled_path();
        let mut before = whole + part;
        let (mut child, mut above) = (place.leaf, leaf.parent);
        while above != NONE {
            let node = &self.nodes[above as usize];
            let slot = slot_of(node, child);
            before += node.children[..slot].iter().map(|child| child.visible).sum::<u32>();
            if let Some((_, _, change)) = unsettled.iter().find(|(of, at, _)| *of == above && *at < slot) {
                before = (i64::from(before) + change) as u32;
            }
            (child, above) = (above, node.parent);
        }
        before
    }
}
