//! Building the tree of a sequence from its finished list, leaves first.

use super::super::{push_large, trim, with_room};
use super::{Child, Client, FILL, NONE, Node, Order, Sequence, Span, first_of};
use crate::values::Clock;

/// Units that stand next to each other, with a name for whoever asks where they went.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PlacedRun {
    /// Index into the list of leaves.
    pub(crate) name: u32,
    pub(crate) span: Span,
}

/// A sequence that is being filled.
#[derive(Debug)]
pub(crate) struct Filling {
    sequence: Sequence,
    /// Leaves that are full.
    level: Vec<Child>,
    /// The last of them, and the one that is being filled.
    previous: u32,
    leaf: u32,
    /// Spans of this one that are closed lie in front; `span` is still open.
    spans: [Span; FILL],
    count: usize,
    span: Span,
}

impl Order {
    /// Makes room for the leaves of so many runs in so many sequences, and for some more. Sequences bring their first leaves along.
    pub(crate) fn reserve(&mut self, runs: usize, sequences: Sequence) {
        let leaves = runs.saturating_sub(sequences as usize) / FILL;
        self.leaves.reserve(with_room(leaves));
    }

    /// Fills an empty sequence with one run.
    pub(crate) fn fill_with_one(&mut self, sequence: Sequence, only: PlacedRun, leaves: &mut [u32]) {
        leaves[only.name as usize] = first_of(sequence);
        self.leaves.sequences.begin(sequence, &[only.span]);
    }

    /// Begins to fill an empty sequence with several runs, of which this is the first. `leaves` gets the leaf of each run. The
    /// index is told with [`index_built`](Self::index_built), in the order of clocks, once all sequences are filled.
    pub(crate) fn begin_filling(&mut self, sequence: Sequence, first: PlacedRun, leaves: &mut [u32]) -> Filling {
        debug_assert!(self.leaves.sequences.is_empty(sequence));
        let leaf = first_of(sequence);
        leaves[first.name as usize] = leaf;
        let span = first.span;
        Filling { sequence, level: Vec::new(), previous: NONE, leaf, spans: [span; FILL], count: 0, span }
    }

    /// Adds runs behind those that are there. O(runs).
    pub(crate) fn fill(&mut self, filling: &mut Filling, runs: impl Iterator<Item = PlacedRun>, leaves: &mut [u32]) {
        let Filling { sequence, level, previous, spans, .. } = filling;
        let (mut leaf, mut count, mut span) = (filling.leaf, filling.count, filling.span);
        for run in runs {
            if span.joins(run.span) {
                span.len += run.span.len;
            } else {
                spans[count] = span;
                span = run.span;
                count += 1;
                if count == FILL {
                    level.push(self.push_leaf(*sequence, *previous, leaf, spans));
                    (count, *previous, leaf) = (0, leaf, self.leaves.next_further());
                }
            }
            leaves[run.name as usize] = leaf;
        }
        (filling.leaf, filling.count, filling.span) = (leaf, count, span);
    }

    /// Builds what is above the leaves.
    pub(crate) fn end_filling(&mut self, filling: Filling) {
        let Filling { sequence, mut level, previous, leaf, mut spans, count, span } = filling;
        spans[count] = span;
        level.push(self.push_leaf(sequence, previous, leaf, &spans[..count + 1]));
        self.build_nodes(sequence, level);
    }

    /// Notes in the index that the next `len` clocks of a client are in this leaf (or in none).
    pub(crate) fn index_built(&mut self, client: Client, len: Clock, leaf: u32) {
        self.index[client as usize].append(len, leaf);
    }

    /// Gives back most of what grew too large while sequences were built.
    pub(crate) fn trim(&mut self) {
        self.leaves.trim();
        trim(&mut self.nodes);
    }

    fn push_leaf(&mut self, sequence: Sequence, previous: u32, id: u32, spans: &[Span]) -> Child {
        let visible = spans.iter().map(|span| span.visible_len()).sum();
        match previous {
            NONE => self.leaves.sequences.begin(sequence, spans),
            _ => self.leaves.add_further(sequence, previous, spans),
        }
        Child { id, visible }
    }

    /// Builds what is above these leaves, level by level.
    fn build_nodes(&mut self, sequence: Sequence, leaves: Vec<Child>) {
        let last = leaves[leaves.len() - 1].id;
        let mut level = leaves;
        let mut height = 0;
        while level.len() > 1 {
            let mut above = Vec::with_capacity(level.len().div_ceil(FILL));
            for children in level.chunks(FILL) {
                let id = self.nodes.len() as u32;
                children.iter().for_each(|child| self.set_parent(child.id, height, id));
                let visible = children.iter().map(|child| child.visible).sum();
                push_large(&mut self.nodes, Node::of(children));
                above.push(Child { id, visible });
            }
            level = above;
            height += 1;
        }
        if height > 0 {
            let tree = self.leaves.sequences.planted(sequence);
            (tree.root, tree.height, tree.last, tree.visible) = (level[0].id, height, last, level[0].visible);
        }
    }
}
