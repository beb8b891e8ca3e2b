//! The invariants of trees and index, checked the slow way.

use super::{FAN_OUT, MOST_CHILDREN, NONE, Order, Place, Sequence, first_of};
use crate::values::Clock;

impl Order {
    /// Panics if a count, a link, the index or the cursor is wrong. O(everything); for tests and fuzzing.
    pub(crate) fn assert_invariants(&self, client_ends: impl Iterator<Item = Clock>) {
        self.index.iter().for_each(|index| index.assert_invariants());
        let ends: Vec<Clock> = client_ends.collect();
        assert_eq!(ends, self.index.iter().map(|index| index.end()).collect::<Vec<_>>(), "the index ends with the log");
        let sequences = &self.leaves.sequences;
        sequences.assert_invariants();
        let further: usize = (0..sequences.len()).map(|sequence| self.assert_tree(sequence as Sequence)).sum();
        assert_eq!(further, self.leaves.further_len(), "every leaf belongs to a sequence");
        self.assert_cursor();
    }

    /// Returns how many leaves a sequence has beside its first one.
    fn assert_tree(&self, sequence: Sequence) -> usize {
        let sequences = &self.leaves.sequences;
        let first = first_of(sequence);
        let (root, height) = sequences.root(sequence);
        if sequences.is_empty(sequence) {
            assert_eq!((root, height, sequences.last(sequence), sequences.visible_len(sequence)), (first, 0, first, 0));
            return 0;
        }
        let mut leaves = Vec::new();
        let visible = self.assert_subtree(root, height, NONE, &mut leaves);
        assert_eq!(visible, sequences.visible_len(sequence));
        assert_eq!((leaves.first(), leaves.last()), (Some(&first), Some(&sequences.last(sequence))));
        let mut before = 0;
        for (at, &id) in leaves.iter().enumerate() {
            let (leaf, spans) = self.leaves.get(id);
            assert_eq!(self.leaves.sequence_of(id), sequence);
            assert!(at == 0 || Some(self.leaves.tree_of(id)) == sequences.tree_number(sequence));
            assert_eq!(leaf.previous, at.checked_sub(1).map_or(NONE, |before| leaves[before]));
            assert_eq!(leaf.next, leaves.get(at + 1).copied().unwrap_or(NONE));
            for (at, span) in spans.iter().enumerate() {
                assert_eq!(self.visible_before(Place { leaf: id, span: at as u32, offset: 0 }), before);
                before += span.visible_len();
                for clock in [span.clock, span.end() - 1] {
                    let (indexed, run_end) = self.index[span.client() as usize].find(clock);
                    assert_eq!(indexed, id, "the index knows the leaf");
                    assert!(run_end >= span.end());
                }
            }
        }
        leaves.len() - 1
    }

    fn assert_subtree(&self, id: u32, height: u32, parent: u32, leaves: &mut Vec<u32>) -> u32 {
        if height == 0 {
            let (leaf, spans) = self.leaves.get(id);
            assert_eq!(leaf.parent, parent);
            assert!((1..=FAN_OUT).contains(&spans.len()));
            assert!(spans.iter().all(|span| span.len > 0));
            let visible: u32 = spans.iter().map(|span| span.visible_len()).sum();
            assert_eq!(self.leaves.visible(id), visible);
            leaves.push(id);
            return visible;
        }
        let node = &self.nodes[id as usize];
        assert_eq!(node.parent, parent);
        assert!((1..=MOST_CHILDREN).contains(&node.ids().len()));
        let mut sum = 0;
        for (child, count) in node.ids().iter().zip(node.visible()) {
            let before = leaves.len();
            let visible = self.assert_subtree(*child, height - 1, id, leaves);
            let holds_unsettled = leaves[before..].contains(&self.unsettled.leaf);
            let missing = if holds_unsettled { self.unsettled.visible } else { 0 };
            assert_eq!(i64::from(*count) + missing, i64::from(visible), "a node's count of a child");
            sum += visible;
        }
        sum
    }

    fn assert_cursor(&self) {
        let Some(cursor) = self.cursor else { return };
        let mut before = 0;
        let mut leaf = first_of(cursor.sequence);
        while leaf != cursor.leaf {
            before += self.leaves.visible(leaf);
            leaf = self.leaves.links(leaf).next;
        }
        let spans = self.leaves.spans(leaf);
        assert!((cursor.span as usize) < spans.len());
        before += spans[..cursor.span as usize].iter().map(|span| span.visible_len()).sum::<u32>();
        assert_eq!(cursor.before, before, "the cursor's distance from the start");
    }
}
