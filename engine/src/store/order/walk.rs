//! Places in a sequence: finding one by id, stepping from one to the next, comparing two.

use super::{Client, NONE, Order, Sequence, Span, first_of};
use crate::values::Clock;
use std::cmp::Ordering;

/// A place in a sequence: before the unit `offset` of span `span` of a leaf, or at the leaf's end, where `span` is
/// the number of its spans. Any change to the sequence may make it stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(super) leaf: u32,
    pub(super) span: u32,
    pub(super) offset: u32,
}

impl Order {
    /// The place before the unit with this id; `None` if it stands in no sequence. O(log).
    pub(crate) fn find(&mut self, client: Client, clock: Clock) -> Option<Place> {
        let found = self.look_up(client, clock)?;
        self.hint = (found.leaf, found.span);
        Some(found)
    }

    /// The same without remembering where it was.
    pub(crate) fn look_up(&self, client: Client, clock: Clock) -> Option<Place> {
        self.look_near_hint(client, clock).or_else(|| self.look_up_in_index(client, clock))
    }

    /// Looks into the hint's span, and the one on either side: where writing goes on, that is nearly always right.
    #[inline]
    fn look_near_hint(&self, client: Client, clock: Clock) -> Option<Place> {
        let (leaf, span) = self.hint;
        if leaf == NONE {
            return None;
        }
        let spans = self.leaves.spans(leaf);
        [span, span.wrapping_sub(1), span + 1].into_iter().find_map(|near| {
            let found = spans.get(near as usize).filter(|s| s.contains(client, clock))?;
            Some(Place { leaf, span: near, offset: clock - found.clock })
        })
    }

    fn look_up_in_index(&self, client: Client, clock: Clock) -> Option<Place> {
        let (leaf, _) = self.index[client as usize].find(clock);
        if leaf == NONE {
            return None;
        }
        let spans = self.leaves.spans(leaf);
        let span = spans.iter().position(|s| s.contains(client, clock)).expect("the index names the leaf of an id");
        Some(Place { leaf, span: span as u32, offset: clock - spans[span].clock })
    }

    /// The clock after the ids around this one that stand in no sequence, or the same clock if it stands in one.
    pub(crate) fn end_of_unplaced(&self, client: Client, clock: Clock) -> Clock {
        match self.index[client as usize].find(clock) {
            (NONE, end) => end,
            _ => clock,
        }
    }

    /// The sequence that holds a unit; `None` if it stands in none. O(log).
    pub(crate) fn sequence_with(&mut self, client: Client, clock: Clock) -> Option<Sequence> {
        self.find(client, clock).map(|place| self.sequence_of(place))
    }

    /// The sequence that a place belongs to.
    pub(crate) fn sequence_of(&self, place: Place) -> Sequence {
        self.leaves.sequence_of(place.leaf)
    }

    /// The span at a place and how many of its units stand before it; `None` at the end of the sequence.
    #[inline(always)]
    pub(crate) fn span_at(&self, place: Place) -> Option<(Span, u32)> {
        let (links, spans) = self.leaves.get(place.leaf);
        match spans.get(place.span as usize) {
            Some(span) => Some((*span, place.offset)),
            None if links.next == NONE => None,
            None => Some((self.leaves.spans(links.next)[0], 0)),
        }
    }

    /// The id of the unit after a place.
    #[inline]
    pub(crate) fn unit_after(&self, place: Place) -> Option<(Client, Clock)> {
        self.span_at(place).map(|(span, offset)| (span.client(), span.clock + offset))
    }

    /// The id of the unit before a place.
    #[inline]
    pub(crate) fn unit_before(&self, place: Place) -> Option<(Client, Clock)> {
        if place.offset > 0 {
            let span = self.leaves.spans(place.leaf)[place.span as usize];
            return Some((span.client(), span.clock + place.offset - 1));
        }
        self.span_before(place).map(|span| (span.client(), span.end() - 1))
    }

    /// The span that ends at a place (which is not inside a span).
    fn span_before(&self, place: Place) -> Option<Span> {
        debug_assert_eq!(place.offset, 0);
        let (links, spans) = self.leaves.get(place.leaf);
        if place.span > 0 {
            return Some(spans[place.span as usize - 1]);
        }
        self.leaves.find(links.previous).and_then(|(_, spans)| spans.last().copied())
    }

    /// The span before the one that a place lies in or before, and the place before its first unit.
    pub(crate) fn previous_span(&self, place: Place) -> Option<(Place, Span)> {
        let (mut leaf, mut span) = (place.leaf, place.span);
        if span == 0 {
            leaf = self.leaves.links(leaf).previous;
            span = self.leaves.find(leaf)?.1.len() as u32;
        }
        span -= 1;
        Some((Place { leaf, span, offset: 0 }, self.leaves.spans(leaf)[span as usize]))
    }

    /// What a span has directly before a place, and the place before the first of these units.
    pub(crate) fn units_before(&self, place: Place) -> Option<(Place, Span)> {
        match place.offset {
            0 => self.previous_span(place),
            offset => self.span_at(place).map(|(span, _)| (self.start_of_span(place), span.part(0, offset))),
        }
    }

    /// The place before the first unit of the span that a place lies in.
    pub(crate) fn start_of_span(&self, place: Place) -> Place {
        Place { offset: 0, ..place }
    }

    /// The place `units` further, which must not be beyond the end of the span at `place`.
    #[inline]
    pub(crate) fn step(&self, place: Place, units: u32) -> Place {
        let mut at = place;
        let (links, mut spans) = self.leaves.get(at.leaf);
        if at.span as usize == spans.len() && links.next != NONE {
            at = Place { leaf: links.next, span: 0, offset: 0 };
            spans = self.leaves.spans(at.leaf);
        }
        at.offset += units;
        if at.offset == spans[at.span as usize].len {
            at.span += 1;
            at.offset = 0;
        }
        at
    }

    /// The place before the first unit of a sequence; `None` if it is empty.
    pub(crate) fn start(&self, sequence: Sequence) -> Option<Place> {
        let is_empty = self.leaves.sequences.is_empty(sequence);
        (!is_empty).then_some(Place { leaf: first_of(sequence), span: 0, offset: 0 })
    }

    /// The place after the last unit of a sequence, deleted ones included; `None` if it is empty.
    #[inline]
    pub(crate) fn end(&self, sequence: Sequence) -> Option<Place> {
        let (leaf, spans) = self.leaves.last(sequence);
        (!spans.is_empty()).then_some(Place { leaf, span: spans.len() as u32, offset: 0 })
    }

    /// The last span of a sequence.
    #[inline]
    pub(crate) fn last_span(&self, sequence: Sequence) -> Option<Span> {
        self.leaves.last(sequence).1.last().copied()
    }

    /// The last unit of a sequence, deleted or not.
    #[inline]
    pub(crate) fn last_unit(&self, sequence: Sequence) -> Option<(Client, Clock)> {
        self.last_span(sequence).map(|last| (last.client(), last.end() - 1))
    }

    /// The spans of a sequence in order.
    pub(crate) fn spans(&self, sequence: Sequence) -> impl Iterator<Item = Span> + '_ {
        let is_empty = self.leaves.sequences.is_empty(sequence);
        self.leaves_from(if is_empty { NONE } else { first_of(sequence) }).flat_map(|spans| spans.iter().copied())
    }

    /// The spans from a place on, the first one without its units before the place.
    pub(crate) fn spans_from(&self, place: Place) -> impl Iterator<Item = Span> + '_ {
        let spans = self.leaves_from(place.leaf).flat_map(|spans| spans.iter().copied()).skip(place.span as usize);
        let mut offset = place.offset;
        spans.map(move |span| span.part(std::mem::take(&mut offset), span.len))
    }

    /// The spans of leaf after leaf.
    fn leaves_from(&self, id: u32) -> impl Iterator<Item = &[Span]> {
        let first = self.leaves.find(id);
        std::iter::successors(first, |(links, _)| self.leaves.find(links.next)).map(|(_, spans)| spans)
    }

    /// Which of two places of one sequence comes first. O(height * fan-out).
    pub(crate) fn compare(&self, a: Place, b: Place) -> Ordering {
        if a.leaf == b.leaf {
            return (a.span, a.offset).cmp(&(b.span, b.offset));
        }
        let (mut left, mut right) = (a.leaf, b.leaf);
        let mut left_parent = self.leaves.links(left).parent;
        let mut right_parent = self.leaves.links(right).parent;
        while left_parent != right_parent {
            (left, right) = (left_parent, right_parent);
            left_parent = self.nodes[left as usize].parent;
            right_parent = self.nodes[right as usize].parent;
        }
        let common = &self.nodes[left_parent as usize];
        common.slot_of(left).cmp(&common.slot_of(right))
    }
}
