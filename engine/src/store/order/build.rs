//! Building the tree of a sequence from its finished list, leaves first.

use super::super::trim;
use super::{Child, Client, FAN_OUT, Leaf, NONE, Node, Order, Sequence, Span};
use crate::values::Clock;
use smallvec::SmallVec;

/// Units that stand next to each other, with a name for whoever asks where they went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedRun {
    /// Index into the list of leaves.
    pub(crate) name: u32,
    pub(crate) span: Span,
}

/// How full leaves and nodes are built, so that a few inserts find room.
const FILL: usize = FAN_OUT - FAN_OUT / 8;

impl Order {
    /// Fills an empty sequence. `leaves` gets the leaf of each run. The index is told with
    /// [`index_built`](Self::index_built), in the order of clocks, once all sequences are built. O(runs).
    pub(crate) fn build(&mut self, sequence: Sequence, runs: impl Iterator<Item = PlacedRun>, leaves: &mut [u32]) {
        debug_assert_eq!(self.trees[sequence as usize].root, NONE);
        let first = self.leaves.len() as u32;
        let mut runs = runs;
        let Some(PlacedRun { name, mut span }) = runs.next() else { return };
        leaves[name as usize] = first;
        let Some(second) = runs.next() else {
            self.push_leaf(sequence, first, &[span]);
            return self.build_nodes(sequence, first);
        };
        // Spans that are closed lie in front; `span` is still open.
        let mut spans = [span; FILL];
        let mut count = 0;
        let mut leaf = first;
        for run in std::iter::once(second).chain(runs) {
            if span.joins(run.span) {
                span.len += run.span.len;
            } else {
                spans[count] = span;
                span = run.span;
                count += 1;
                if count == FILL {
                    self.push_leaf(sequence, first, &spans);
                    (count, leaf) = (0, leaf + 1);
                }
            }
            leaves[run.name as usize] = leaf;
        }
        spans[count] = span;
        self.push_leaf(sequence, first, &spans[..count + 1]);
        self.build_nodes(sequence, first);
    }

    /// Notes in the index that the next `len` clocks of a client are in this leaf (or in none).
    pub(crate) fn index_built(&mut self, client: Client, len: Clock, leaf: u32) {
        self.index[client as usize].append(len, leaf);
    }

    /// Gives back most of what grew too large while sequences were built.
    pub(crate) fn trim(&mut self) {
        trim(&mut self.leaves);
        trim(&mut self.nodes);
        trim(&mut self.trees);
    }

    fn push_leaf(&mut self, sequence: Sequence, first: u32, spans: &[Span]) {
        let id = self.leaves.len() as u32;
        let visible = spans.iter().map(|span| span.visible_len()).sum();
        let previous = if id == first { NONE } else { id - 1 };
        if previous != NONE {
            self.leaves[previous as usize].next = id;
        }
        let spans = SmallVec::from_slice(spans);
        self.leaves.push(Leaf { spans, sequence, parent: NONE, previous, next: NONE, visible });
    }

    /// Builds what is above the leaves from `first` on, level by level.
    fn build_nodes(&mut self, sequence: Sequence, first: u32) {
        let leaves = first..self.leaves.len() as u32;
        let last = leaves.end - 1;
        if last == first {
            let visible = self.leaves[first as usize].visible;
            let tree = &mut self.trees[sequence as usize];
            (tree.root, tree.height, tree.first, tree.last, tree.visible) = (first, 0, first, first, visible);
            return;
        }
        let mut level: Vec<Child> = leaves.map(|id| Child { id, visible: self.leaves[id as usize].visible }).collect();
        let mut height = 0;
        while level.len() > 1 {
            let mut above = Vec::with_capacity(level.len().div_ceil(FILL));
            for children in level.chunks(FILL) {
                let id = self.nodes.len() as u32;
                children.iter().for_each(|child| self.set_parent(child.id, height, id));
                let visible = children.iter().map(|child| child.visible).sum();
                self.nodes.push(Node { children: SmallVec::from_slice(children), parent: NONE });
                above.push(Child { id, visible });
            }
            level = above;
            height += 1;
        }
        let tree = &mut self.trees[sequence as usize];
        (tree.root, tree.height, tree.first, tree.last) = (level[0].id, height, first, last);
        tree.visible = level[0].visible;
    }
}
