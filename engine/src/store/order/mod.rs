//! The order of each sequence: a counted B-tree of spans, and the index from ids to its leaves.
//!
//! Trees only grow: a span never leaves its sequence, so a leaf never disappears. Both the order and the id index
//! change only in this folder.

mod build;
mod check;
mod delete;
mod effects;
mod insert;
mod key_set;
mod leaf;
mod node;
mod run;
mod seek;
mod span;
mod tree;
mod walk;

use super::id_index::IdIndex;
use leaf::{Leaves, first_of};
use node::{Child, MOST_CHILDREN, Node};

pub(crate) use build::{Filling, PlacedRun};
pub(crate) use effects::Format;
pub(crate) use span::{Client, Mark, Span, Tag};
pub(crate) use walk::Place;

/// Handle of a sequence.
pub(crate) type Sequence = u32;

/// No leaf, no node: the end of a chain, the leaf of ids that stand in no sequence.
pub(crate) const NONE: u32 = u32::MAX;

/// Most spans in a leaf, and room for children in a node. Small in debug builds, so that tests meet every split.
const FAN_OUT: usize = if cfg!(debug_assertions) { 4 } else { 32 };

/// How full leaves and nodes are built, so that a few inserts find room.
const FILL: usize = MOST_CHILDREN - FAN_OUT / 8;

/// On so many levels the way of a search is remembered.
const LEVELS: usize = 8;

/// A change of a leaf's visible length that its ancestors have not heard of yet.
///
/// Typing changes one leaf again and again; its ancestors' counts are brought up to date when another leaf changes.
#[derive(Debug)]
struct Unsettled {
    leaf: u32,
    visible: i64,
}

/// A span whose distance from the start of its sequence is known: where the next local edit is looked for first.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    sequence: Sequence,
    leaf: u32,
    span: u32,
    /// Visible units before the span.
    before: u32,
}

/// All sequences of a store.
#[derive(Debug)]
pub(crate) struct Order {
    leaves: Leaves,
    nodes: Vec<Node>,
    index: Vec<IdIndex>,
    unsettled: Unsettled,
    cursor: Option<Cursor>,
    /// A leaf and a span in it that an id was last found at; only a hint.
    hint: (u32, u32),
    /// The way that the last search from a root went: on each level from below the slot in the node; only a hint.
    slots: [u8; LEVELS],
    /// Whether any tree has had marks.
    has_marks: bool,
    effects: effects::Effects,
}

impl Default for Order {
    fn default() -> Self {
        Order {
            leaves: Leaves::default(),
            nodes: Vec::new(),
            index: Vec::new(),
            unsettled: Unsettled { leaf: NONE, visible: 0 },
            cursor: None,
            hint: (NONE, 0),
            slots: [0; LEVELS],
            has_marks: false,
            effects: effects::Effects::default(),
        }
    }
}

impl Order {
    /// A new, empty sequence.
    pub(crate) fn add_sequence(&mut self) -> Sequence {
        self.leaves.sequences.add()
    }

    /// Makes room in the index for the client with the next handle.
    pub(crate) fn add_client(&mut self) {
        self.index.push(IdIndex::default());
    }

    /// Visible units in a sequence. O(1).
    pub(crate) fn visible_len(&self, sequence: Sequence) -> u32 {
        self.leaves.sequences.visible_len(sequence)
    }

    /// Notes that the next `len` clocks of `client` stand in no sequence.
    pub(crate) fn append_unplaced(&mut self, client: Client, len: u32) {
        self.index[client as usize].append(len, NONE);
    }

    /// Adds `change` to the visible length of a leaf and of all that is above it.
    #[inline]
    fn change_visible(&mut self, leaf: u32, change: i64) {
        if change != 0 && self.leaves.change_visible(leaf, change) {
            self.note_changed(leaf, change);
        }
    }

    /// Notes that what is above a leaf has to hear of a change of its visible length.
    #[inline]
    fn note_changed(&mut self, leaf: u32, change: i64) {
        if self.unsettled.leaf != leaf {
            self.settle();
            self.unsettled.leaf = leaf;
        }
        self.unsettled.visible += change;
    }

    /// Brings the counts above the last changed leaf up to date. O(height * fan-out).
    fn settle(&mut self) {
        let change = std::mem::take(&mut self.unsettled.visible);
        let leaf = std::mem::replace(&mut self.unsettled.leaf, NONE);
        if change == 0 {
            return;
        }
        let mut child = leaf;
        let mut above = self.leaves.links(leaf).parent;
        let mut slots = self.slots.iter();
        while above != NONE {
            let node = &mut self.nodes[above as usize];
            let hint = slots.next().map_or(0, |slot| usize::from(*slot));
            let slot = if node.has_at(child, hint) { hint } else { node.slot_of(child) };
            node.change_visible(slot, change);
            child = above;
            above = node.parent;
        }
    }
}
