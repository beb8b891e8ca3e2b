//! The leaves of all trees: spans in their order, and what links a leaf to the rest of its tree.

use super::super::{push_large, trim};
use super::tree::Sequences;
use super::{FAN_OUT, NONE, Sequence, Span};

/// What links a leaf to the rest of its tree.
#[derive(Clone, Copy, Debug)]
pub(super) struct Links {
    /// The node above, or `NONE` for a root.
    pub(super) parent: u32,
    pub(super) previous: u32,
    pub(super) next: u32,
}

impl Links {
    /// Of a leaf that is all of its tree.
    pub(super) const NONE: Links = Links { parent: NONE, previous: NONE, next: NONE };
}

/// All leaves, by number.
///
/// Most sequences are short: the first leaf of each lies with the sequence, in as much memory as it has spans. All others
/// are arrays, which lie beside each other: who has reached a leaf has reached its spans. The lowest bit of a number says
/// which it is.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    pub(super) sequences: Sequences,
    further: Vec<FurtherLeaf>,
}

/// The number of a sequence's first leaf.
#[inline(always)]
pub(super) fn first_of(sequence: Sequence) -> u32 {
    2 * sequence
}

#[derive(Debug)]
struct FurtherLeaf {
    links: Links,
    sequence: Sequence,
    /// The number of its tree.
    tree: u32,
    visible: u32,
    len: u32,
    spans: [Span; ROOM],
}

/// An insert into the middle of a span adds two before the leaf is split.
const ROOM: usize = FAN_OUT + 2;

const FURTHER: u32 = 1;

impl Leaves {
    /// How many there are that are not the first ones of their sequences.
    pub(super) fn further_len(&self) -> usize {
        self.further.len()
    }

    /// A number that is above all others.
    pub(super) fn numbers_end(&self) -> usize {
        2 * self.sequences.len().max(self.further.len())
    }

    /// The number of the further leaf that is added next.
    pub(super) fn next_further(&self) -> u32 {
        2 * self.further.len() as u32 + FURTHER
    }

    /// The leaf with this number, if there is one.
    #[inline]
    pub(super) fn find(&self, id: u32) -> Option<(&Links, &[Span])> {
        (id != NONE).then(|| self.get(id))
    }

    #[inline(always)]
    pub(super) fn get(&self, id: u32) -> (&Links, &[Span]) {
        if id & FURTHER != 0 {
            let leaf = &self.further[(id / 2) as usize];
            (&leaf.links, &leaf.spans[..leaf.len as usize])
        } else {
            self.sequences.first(id / 2)
        }
    }

    /// The last leaf of a sequence with its spans; of an empty sequence without any.
    #[inline]
    pub(super) fn last(&self, of: Sequence) -> (u32, &[Span]) {
        match self.sequences.tree(of) {
            Some(tree) if tree.last & FURTHER != 0 => (tree.last, self.spans(tree.last)),
            Some(tree) => (tree.last, &tree.first.spans),
            None => (first_of(of), self.sequences.only(of)),
        }
    }

    #[inline(always)]
    pub(super) fn links(&self, id: u32) -> &Links {
        self.get(id).0
    }

    /// The sequence that a leaf belongs to.
    #[inline(always)]
    pub(super) fn sequence_of(&self, id: u32) -> Sequence {
        match id & FURTHER != 0 {
            true => self.further[(id / 2) as usize].sequence,
            false => id / 2,
        }
    }

    /// The number of the tree that a further leaf names.
    pub(super) fn tree_of(&self, id: u32) -> u32 {
        self.further[(id / 2) as usize].tree
    }

    /// Visible units in a leaf.
    #[inline(always)]
    pub(super) fn visible(&self, id: u32) -> u32 {
        match id & FURTHER != 0 {
            true => self.further[(id / 2) as usize].visible,
            false => self.sequences.first_visible(id / 2),
        }
    }

    #[inline(always)]
    pub(super) fn spans(&self, id: u32) -> &[Span] {
        self.get(id).1
    }

    #[inline(always)]
    pub(super) fn spans_mut(&mut self, id: u32) -> &mut [Span] {
        if id & FURTHER != 0 {
            let leaf = &mut self.further[(id / 2) as usize];
            &mut leaf.spans[..leaf.len as usize]
        } else {
            self.sequences.first_spans_mut(id / 2)
        }
    }

    /// Adds to the visible length of a leaf and of its sequence. Says whether there may be something above the leaf.
    #[inline(always)]
    pub(super) fn change_visible(&mut self, id: u32, change: i64) -> bool {
        let add = |visible: &mut u32| *visible = (i64::from(*visible) + change) as u32;
        if id & FURTHER != 0 {
            let leaf = &mut self.further[(id / 2) as usize];
            add(&mut leaf.visible);
            add(&mut self.sequences.tree_at(leaf.tree).visible);
            return true;
        }
        // An only span is counted by itself.
        let Some(tree) = self.sequences.tree_mut(id / 2) else { return false };
        add(&mut tree.first.visible);
        add(&mut tree.visible);
        true
    }

    /// Lengthens a visible span. Says whether there may be something above the leaf.
    #[inline(always)]
    pub(super) fn lengthen(&mut self, id: u32, span: u32, len: u32) -> bool {
        if id & FURTHER == 0 {
            return self.sequences.lengthen_first(id / 2, span, len);
        }
        let leaf = &mut self.further[(id / 2) as usize];
        leaf.spans[span as usize].len += len;
        leaf.visible += len;
        self.sequences.tree_at(leaf.tree).visible += len;
        true
    }

    pub(super) fn set_parent(&mut self, id: u32, parent: u32) {
        self.links_mut(id).parent = parent;
    }

    /// The links of a leaf in a sequence that has a tree.
    fn links_mut(&mut self, id: u32) -> &mut Links {
        match id & FURTHER != 0 {
            true => &mut self.further[(id / 2) as usize].links,
            false => &mut self.sequences.first_mut(id / 2).links,
        }
    }

    /// Adds a further leaf, which gets `next_further`, behind the last one of its sequence.
    pub(super) fn add_further(&mut self, sequence: Sequence, previous: u32, spans: &[Span]) {
        self.links_mut(previous).next = self.next_further();
        let tree = self.sequences.plant(sequence);
        self.push_further((sequence, tree), Links { previous, ..Links::NONE }, spans);
    }

    fn push_further(&mut self, (sequence, tree): (Sequence, u32), links: Links, of: &[Span]) {
        let mut spans = [Span::NOTHING; ROOM];
        spans[..of.len()].copy_from_slice(of);
        let visible = of.iter().map(|span| span.visible_len()).sum();
        push_large(&mut self.further, FurtherLeaf { links, sequence, tree, visible, len: of.len() as u32, spans });
    }

    /// Puts one or two spans into a leaf, which may then have more than it can keep: it has to be split.
    #[inline]
    pub(super) fn insert<const N: usize>(&mut self, id: u32, at: usize, new: [Span; N]) {
        if id & FURTHER != 0 {
            let leaf = &mut self.further[(id / 2) as usize];
            leaf.spans.copy_within(at..leaf.len as usize, at + N);
            leaf.spans[at..at + N].copy_from_slice(&new);
            leaf.len += N as u32;
        } else {
            let spans = &mut self.sequences.planted(id / 2).first.spans;
            // Each by itself: what is inserted from a slice is not inlined.
            new.into_iter().rev().for_each(|span| spans.insert(at, span));
        }
    }

    /// Puts spans into a leaf that has room for them.
    pub(super) fn insert_all(&mut self, id: u32, at: usize, new: &[Span]) {
        if id & FURTHER != 0 {
            let leaf = &mut self.further[(id / 2) as usize];
            leaf.spans.copy_within(at..leaf.len as usize, at + new.len());
            leaf.spans[at..at + new.len()].copy_from_slice(new);
            leaf.len += new.len() as u32;
        } else {
            self.sequences.planted(id / 2).first.spans.insert_from_slice(at, new);
        }
    }

    /// Puts one or two spans behind one that becomes another one, of which they are parts.
    #[inline]
    pub(super) fn cut<const N: usize>(&mut self, id: u32, at: usize, first: Span, new: [Span; N]) {
        self.insert(id, at + 1, new);
        self.spans_mut(id)[at] = first;
    }

    /// Takes one of several spans out of a leaf.
    #[inline]
    pub(super) fn remove(&mut self, id: u32, at: usize) {
        if id & FURTHER != 0 {
            let leaf = &mut self.further[(id / 2) as usize];
            leaf.spans.copy_within(at + 1..leaf.len as usize, at);
            leaf.len -= 1;
        } else {
            self.sequences.first_mut(id / 2).spans.remove(at);
        }
    }

    /// Moves the spans from `keep` on into a new leaf after it.
    pub(super) fn split(&mut self, id: u32, keep: usize) -> u32 {
        let new_id = self.next_further();
        let links = *self.links(id);
        let mut moved = [Span::NOTHING; ROOM];
        let spans = self.spans(id);
        let count = spans.len() - keep;
        moved[..count].copy_from_slice(&spans[keep..]);
        let moved = &moved[..count];
        let visible: u32 = moved.iter().map(|span| span.visible_len()).sum();
        let of = if id & FURTHER != 0 {
            let leaf = &mut self.further[(id / 2) as usize];
            leaf.visible -= visible;
            leaf.len = keep as u32;
            (leaf.sequence, leaf.tree)
        } else {
            let leaf = self.sequences.first_mut(id / 2);
            leaf.visible -= visible;
            leaf.spans.truncate(keep);
            (id / 2, self.sequences.plant(id / 2))
        };
        self.links_mut(id).next = new_id;
        if links.next != NONE {
            self.links_mut(links.next).previous = new_id;
        }
        self.push_further(of, Links { previous: id, ..links }, moved);
        new_id
    }

    /// Makes room for so many further leaves.
    pub(super) fn reserve(&mut self, count: usize) {
        self.further.reserve_exact(count);
    }

    /// Gives back most of what grew too large while sequences were built.
    pub(super) fn trim(&mut self) {
        self.sequences.trim();
        trim(&mut self.further);
    }
}
