//! The leaves of all trees: spans in their order, and what links a leaf to the rest of its tree.

use super::super::{push_large, trim};
use super::{FAN_OUT, NONE, Sequence, Span};
use smallvec::SmallVec;

/// What a leaf has beside its spans.
#[derive(Clone, Copy, Debug)]
pub(super) struct Header {
    pub(super) sequence: Sequence,
    /// The node above, or `NONE` for a root.
    pub(super) parent: u32,
    pub(super) previous: u32,
    pub(super) next: u32,
    pub(super) visible: u32,
}

/// All leaves, by number.
///
/// Most sequences are short: the first leaf of each takes as much memory as it has spans. All others are arrays, which
/// lie beside each other: who has reached a leaf has reached its spans. The lowest bit of a number says which it is.
#[derive(Debug, Default)]
pub(super) struct Leaves {
    first: Vec<FirstLeaf>,
    further: Vec<FurtherLeaf>,
}

#[derive(Debug)]
struct FirstLeaf {
    header: Header,
    spans: SmallVec<[Span; 2]>,
}

#[derive(Debug)]
struct FurtherLeaf {
    header: Header,
    len: u32,
    spans: [Span; ROOM],
}

impl FurtherLeaf {
    #[inline]
    fn of(header: Header, spans: &[Span]) -> FurtherLeaf {
        let mut leaf = FurtherLeaf { header, len: spans.len() as u32, spans: [Span::NOTHING; ROOM] };
        leaf.spans[..spans.len()].copy_from_slice(spans);
        leaf
    }
}

/// An insert into the middle of a span adds two before the leaf is split.
const ROOM: usize = FAN_OUT + 2;

const FURTHER: u32 = 1;

impl Leaves {
    /// How many there are.
    pub(super) fn len(&self) -> usize {
        self.first.len() + self.further.len()
    }

    /// A number that is above all others.
    pub(super) fn numbers_end(&self) -> usize {
        2 * self.first.len().max(self.further.len())
    }

    /// The number of the leaf that is added next: a sequence's first one, or another one.
    pub(super) fn next_number(&self, is_first: bool) -> u32 {
        match is_first {
            true => 2 * self.first.len() as u32,
            false => 2 * self.further.len() as u32 + FURTHER,
        }
    }

    /// The leaf with this number, if there is one.
    #[inline]
    pub(super) fn find(&self, id: u32) -> Option<(&Header, &[Span])> {
        (id != NONE).then(|| self.get(id))
    }

    #[inline(always)]
    pub(super) fn get(&self, id: u32) -> (&Header, &[Span]) {
        let at = (id / 2) as usize;
        if id & FURTHER != 0 {
            let leaf = &self.further[at];
            (&leaf.header, &leaf.spans[..leaf.len as usize])
        } else {
            let leaf = &self.first[at];
            (&leaf.header, &leaf.spans)
        }
    }

    #[inline(always)]
    pub(super) fn get_mut(&mut self, id: u32) -> (&mut Header, &mut [Span]) {
        let at = (id / 2) as usize;
        if id & FURTHER != 0 {
            let leaf = &mut self.further[at];
            (&mut leaf.header, &mut leaf.spans[..leaf.len as usize])
        } else {
            let leaf = &mut self.first[at];
            (&mut leaf.header, &mut leaf.spans)
        }
    }

    #[inline(always)]
    pub(super) fn header(&self, id: u32) -> &Header {
        let at = (id / 2) as usize;
        if id & FURTHER != 0 { &self.further[at].header } else { &self.first[at].header }
    }

    #[inline(always)]
    pub(super) fn header_mut(&mut self, id: u32) -> &mut Header {
        let at = (id / 2) as usize;
        if id & FURTHER != 0 { &mut self.further[at].header } else { &mut self.first[at].header }
    }

    #[inline(always)]
    pub(super) fn spans(&self, id: u32) -> &[Span] {
        self.get(id).1
    }

    #[inline(always)]
    pub(super) fn spans_mut(&mut self, id: u32) -> &mut [Span] {
        self.get_mut(id).1
    }

    /// Adds the first leaf of a sequence, which gets `next_number(true)`.
    pub(super) fn add_first(&mut self, header: Header, spans: &[Span]) {
        self.first.push(FirstLeaf { header, spans: SmallVec::from_slice(spans) });
    }

    /// Adds another leaf, which gets `next_number(false)`.
    pub(super) fn add_further(&mut self, header: Header, spans: &[Span]) {
        push_large(&mut self.further, FurtherLeaf::of(header, spans));
    }

    /// Puts one or two spans into a leaf, which may then have more than it can keep: it has to be split.
    #[inline]
    pub(super) fn insert<const N: usize>(&mut self, id: u32, at: usize, new: [Span; N]) {
        let number = (id / 2) as usize;
        if id & FURTHER != 0 {
            let leaf = &mut self.further[number];
            leaf.spans.copy_within(at..leaf.len as usize, at + N);
            leaf.spans[at..at + N].copy_from_slice(&new);
            leaf.len += N as u32;
        } else {
            let spans = &mut self.first[number].spans;
            // Each by itself: what is inserted from a slice is not inlined.
            new.into_iter().rev().for_each(|span| spans.insert(at, span));
        }
    }

    #[inline]
    pub(super) fn remove(&mut self, id: u32, at: usize) {
        let number = (id / 2) as usize;
        if id & FURTHER != 0 {
            let leaf = &mut self.further[number];
            leaf.spans.copy_within(at + 1..leaf.len as usize, at);
            leaf.len -= 1;
        } else {
            self.first[number].spans.remove(at);
        }
    }

    /// Moves the spans from `keep` on into a new leaf after it.
    pub(super) fn split(&mut self, id: u32, keep: usize) -> u32 {
        let new_id = self.next_number(false);
        let (header, spans) = self.get_mut(id);
        let moved = &spans[keep..];
        let visible = moved.iter().map(|span| span.visible_len()).sum();
        let new = FurtherLeaf::of(Header { previous: id, visible, ..*header }, moved);
        header.visible -= visible;
        header.next = new_id;
        let at = (id / 2) as usize;
        match id & FURTHER != 0 {
            true => self.further[at].len = keep as u32,
            false => self.first[at].spans.truncate(keep),
        }
        if new.header.next != NONE {
            self.header_mut(new.header.next).previous = new_id;
        }
        push_large(&mut self.further, new);
        new_id
    }

    /// Gives back most of what grew too large while sequences were built.
    pub(super) fn trim(&mut self) {
        trim(&mut self.first);
        trim(&mut self.further);
    }
}
