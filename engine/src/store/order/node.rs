//! A node above leaves or other nodes: what is below it, and how much of that is visible.

use super::{FAN_OUT, NONE};

/// Numbers and counts stand apart, so that a search reads counts only.
#[derive(Clone, Debug)]
pub(super) struct Node {
    pub(super) parent: u32,
    len: u32,
    /// Visible units below each child; 0 where there is none.
    visible: [u32; FAN_OUT],
    /// Leaves on the lowest level, else nodes.
    ids: [u32; FAN_OUT],
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Child {
    pub(super) id: u32,
    pub(super) visible: u32,
}

/// Most children of a node: one less than it has room for, so that it is split when it is full.
pub(super) const MOST_CHILDREN: usize = FAN_OUT - 1;

/// Counts that are added up at a time.
const GROUP: usize = if FAN_OUT < 8 { FAN_OUT } else { 8 };

impl Node {
    pub(super) fn of(children: &[Child]) -> Node {
        let mut node = Node { parent: NONE, len: children.len() as u32, visible: [0; FAN_OUT], ids: [NONE; FAN_OUT] };
        for (slot, child) in children.iter().enumerate() {
            (node.ids[slot], node.visible[slot]) = (child.id, child.visible);
        }
        node
    }

    pub(super) fn ids(&self) -> &[u32] {
        &self.ids[..self.len as usize]
    }

    pub(super) fn visible(&self) -> &[u32] {
        &self.visible[..self.len as usize]
    }

    /// Whether this child stands in this slot.
    pub(super) fn has_at(&self, child: u32, slot: usize) -> bool {
        slot < self.len as usize && self.ids[slot] == child
    }

    pub(super) fn slot_of(&self, child: u32) -> usize {
        self.ids().iter().position(|id| *id == child).expect("a child stands in its parent")
    }

    #[inline]
    pub(super) fn change_visible(&mut self, slot: usize, change: i64) {
        self.visible[slot] = (i64::from(self.visible[slot]) + change) as u32;
    }

    /// The slot below which the visible unit at `position` stands, and which one it is there.
    #[inline]
    pub(super) fn find(&self, mut position: u32) -> (usize, u32) {
        let mut slot = 0;
        for group in self.visible.chunks_exact(GROUP) {
            let visible = group.iter().sum::<u32>();
            if position < visible {
                break;
            }
            position -= visible;
            slot += GROUP;
        }
        while position >= self.visible[slot] {
            position -= self.visible[slot];
            slot += 1;
        }
        (slot, position)
    }

    /// Adds a child behind the one in `slot`. Says whether the node has to be split now.
    pub(super) fn insert_after(&mut self, slot: usize, new: Child) -> bool {
        let len = self.len as usize;
        self.ids.copy_within(slot + 1..len, slot + 2);
        self.visible.copy_within(slot + 1..len, slot + 2);
        (self.ids[slot + 1], self.visible[slot + 1]) = (new.id, new.visible);
        self.len += 1;
        self.len as usize > MOST_CHILDREN
    }

    pub(super) fn set_visible(&mut self, slot: usize, visible: u32) {
        self.visible[slot] = visible;
    }

    /// Takes the upper half of the children away into a new node with the same parent.
    pub(super) fn split(&mut self) -> Node {
        let keep = self.len as usize / 2;
        let mut upper = Node { len: self.len - keep as u32, ..Node::of(&[]) };
        upper.parent = self.parent;
        let moved = upper.len as usize;
        upper.ids[..moved].copy_from_slice(&self.ids[keep..][..moved]);
        upper.visible[..moved].copy_from_slice(&self.visible[keep..][..moved]);
        self.visible[keep..].fill(0);
        self.len = keep as u32;
        upper
    }
}
