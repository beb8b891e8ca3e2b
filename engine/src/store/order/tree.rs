//! Sequences: of each its only span, or its tree with the first leaf.

use super::leaf::{Links, first_of};
use super::{NONE, Sequence, Span};
use smallvec::SmallVec;

/// The record of a sequence. Most sequences are the histories of map keys, and most of these have one span: of them
/// nothing else is kept.
#[derive(Clone, Copy, Debug)]
struct Root {
    /// The only span. If it has no units, its clock is the number of the sequence's tree, or `NONE`.
    span: Span,
}

/// A sequence that has had more than one span, or marks.
#[derive(Debug)]
pub(super) struct Tree {
    /// A leaf if `height` is 0, else a node.
    pub(super) root: u32,
    pub(super) height: u32,
    pub(super) last: u32,
    pub(super) visible: u32,
    /// Whether formatting marks ever stood in it.
    pub(super) has_marks: bool,
    pub(super) first: FirstLeaf,
}

/// The first leaf of a tree. It takes as much memory as it has spans; without any the sequence is empty.
#[derive(Debug)]
pub(super) struct FirstLeaf {
    pub(super) links: Links,
    pub(super) visible: u32,
    pub(super) spans: SmallVec<[Span; 2]>,
}

/// All sequences, by handle.
#[derive(Debug, Default)]
pub(super) struct Sequences {
    roots: Vec<Root>,
    trees: Vec<Tree>,
}

impl Sequences {
    /// Adds an empty sequence.
    pub(super) fn add(&mut self) -> Sequence {
        self.roots.push(Root { span: Span::no_units(NONE) });
        self.roots.len() as Sequence - 1
    }

    pub(super) fn len(&self) -> usize {
        self.roots.len()
    }

    /// All trees.
    pub(super) fn trees(&self) -> &[Tree] {
        &self.trees
    }

    /// The tree of a sequence, if it has one.
    #[inline(always)]
    pub(super) fn tree(&self, of: Sequence) -> Option<&Tree> {
        let Span { clock, len, .. } = self.roots[of as usize].span;
        if len > 0 { None } else { self.trees.get(clock as usize) }
    }

    #[inline(always)]
    pub(super) fn tree_mut(&mut self, of: Sequence) -> Option<&mut Tree> {
        let Span { clock, len, .. } = self.roots[of as usize].span;
        if len > 0 { None } else { self.trees.get_mut(clock as usize) }
    }

    #[inline(always)]
    pub(super) fn tree_at(&mut self, number: u32) -> &mut Tree {
        &mut self.trees[number as usize]
    }

    /// The number of a sequence's tree, which is planted if there is none yet. The number of the first leaf stays the same.
    #[inline]
    pub(super) fn plant(&mut self, of: Sequence) -> u32 {
        let Span { clock, len, .. } = self.roots[of as usize].span;
        if len > 0 || clock == NONE { self.plant_tree(of) } else { clock }
    }

    /// The same if there is one.
    pub(super) fn tree_number(&self, of: Sequence) -> Option<u32> {
        let Span { clock, len, .. } = self.roots[of as usize].span;
        (len == 0 && clock != NONE).then_some(clock)
    }

    /// The tree of a sequence, planted if there is none yet.
    pub(super) fn planted(&mut self, of: Sequence) -> &mut Tree {
        let number = self.plant(of);
        self.tree_at(number)
    }

    #[inline(never)]
    fn plant_tree(&mut self, of: Sequence) -> u32 {
        let number = self.trees.len() as u32;
        let only = std::mem::replace(&mut self.roots[of as usize].span, Span::no_units(number));
        let visible = only.visible_len();
        let spans = (only.len > 0).then_some(only).into_iter().collect();
        let leaf = first_of(of);
        let first = FirstLeaf { links: Links::NONE, visible, spans };
        self.trees.push(Tree { root: leaf, height: 0, last: leaf, visible, has_marks: false, first });
        number
    }

    /// Gives an empty sequence the spans of its first leaf, one at least.
    pub(super) fn begin(&mut self, of: Sequence, spans: &[Span]) {
        debug_assert!(self.is_empty(of));
        if let ([only], None) = (spans, self.tree(of)) {
            self.roots[of as usize].span = *only;
            return;
        }
        let tree = self.planted(of);
        tree.visible = spans.iter().map(|span| span.visible_len()).sum();
        tree.first.visible = tree.visible;
        tree.first.spans = SmallVec::from_slice(spans);
    }

    #[inline]
    pub(super) fn is_empty(&self, of: Sequence) -> bool {
        let root = self.roots[of as usize].span;
        root.len == 0 && self.trees.get(root.clock as usize).is_none_or(|tree| tree.first.spans.is_empty())
    }

    /// The only span of a sequence without a tree, if it has one.
    #[inline]
    pub(super) fn only(&self, of: Sequence) -> &[Span] {
        let span = &self.roots[of as usize].span;
        if span.len > 0 { std::slice::from_ref(span) } else { &[] }
    }

    /// Visible units of a sequence.
    #[inline]
    pub(super) fn visible_len(&self, of: Sequence) -> u32 {
        let root = self.roots[of as usize].span;
        if root.len > 0 {
            return root.visible_len();
        }
        self.trees.get(root.clock as usize).map_or(0, |tree| tree.visible)
    }

    /// The root of a sequence that is not empty: a leaf or node, and its height.
    #[inline]
    pub(super) fn root(&self, of: Sequence) -> (u32, u32) {
        self.tree(of).map_or((first_of(of), 0), |tree| (tree.root, tree.height))
    }

    /// The last leaf of a sequence that is not empty.
    pub(super) fn last(&self, of: Sequence) -> u32 {
        self.tree(of).map_or(first_of(of), |tree| tree.last)
    }

    /// The first leaf of a sequence that is not empty.
    #[inline(always)]
    pub(super) fn first(&self, of: Sequence) -> (&Links, &[Span]) {
        let root = &self.roots[of as usize].span;
        if root.len > 0 {
            return (&Links::NONE, std::slice::from_ref(root));
        }
        let first = &self.trees[root.clock as usize].first;
        (&first.links, &first.spans)
    }

    #[inline(always)]
    pub(super) fn first_visible(&self, of: Sequence) -> u32 {
        let root = self.roots[of as usize].span;
        if root.len > 0 {
            return root.visible_len();
        }
        self.trees[root.clock as usize].first.visible
    }

    #[inline(always)]
    pub(super) fn first_spans_mut(&mut self, of: Sequence) -> &mut [Span] {
        let root = &mut self.roots[of as usize].span;
        if root.len > 0 {
            return std::slice::from_mut(root);
        }
        &mut self.trees[root.clock as usize].first.spans
    }

    /// Lengthens a visible span of the first leaf. Says whether the sequence has a tree.
    #[inline(always)]
    pub(super) fn lengthen_first(&mut self, of: Sequence, span: u32, len: u32) -> bool {
        let root = &mut self.roots[of as usize].span;
        if root.len > 0 {
            root.len += len;
            return false;
        }
        let tree = &mut self.trees[root.clock as usize];
        tree.first.spans[span as usize].len += len;
        tree.first.visible += len;
        tree.visible += len;
        true
    }

    /// The first leaf of a sequence that has a tree.
    #[inline]
    pub(super) fn first_mut(&mut self, of: Sequence) -> &mut FirstLeaf {
        &mut self.tree_mut(of).expect("a leaf has one span, or is a tree's").first
    }

    pub(super) fn trim(&mut self) {
        super::super::trim(&mut self.roots);
        super::super::trim(&mut self.trees);
    }

    /// Panics if a tree belongs to no sequence, or to two.
    pub(super) fn assert_invariants(&self) {
        let planted = self.roots.iter().map(|root| root.span).filter(|span| span.len == 0 && span.clock != NONE);
        let mut numbers: Vec<u32> = planted.map(|span| span.clock).collect();
        numbers.sort_unstable();
        assert!(numbers.into_iter().eq(0..self.trees.len() as u32));
    }
}
