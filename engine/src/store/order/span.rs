//! A span: units of one client with consecutive clocks that stand next to each other in a sequence.

use crate::values::Clock;
use std::ops::Range;

/// Handle of a client within one store: its position in the table of logs.
pub(crate) type Client = u32;

const DELETED: u32 = 1 << 31;
const UNCOUNTED: u32 = 1 << 30;
const FLAGS: u32 = DELETED | UNCOUNTED;

/// Whether the units of a span show, and whether they count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// They show and count in the length of their type.
    Visible,
    /// They have an effect but no length: formatting marks.
    Uncounted,
    /// They are deleted.
    Deleted,
}

/// A client's handle with a mark in its upper bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Tag(u32);

impl Tag {
    pub(crate) fn new(client: Client, mark: Mark) -> Tag {
        debug_assert!(client & FLAGS == 0);
        let flags = match mark {
            Mark::Visible => 0,
            Mark::Uncounted => UNCOUNTED,
            Mark::Deleted => DELETED,
        };
        Tag(client | flags)
    }

    #[inline]
    pub(crate) fn client(self) -> Client {
        self.0 & !FLAGS
    }

    #[inline]
    pub(crate) fn is_deleted(self) -> bool {
        self.0 & DELETED != 0
    }

    /// The same client's, deleted.
    #[inline]
    pub(crate) fn deleted(self) -> Tag {
        Tag(self.client() | DELETED)
    }
}

/// Twelve bytes: the client with the mark, the first clock, the number of units.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Span {
    tag: Tag,
    pub(crate) clock: Clock,
    pub(crate) len: Clock,
}

impl Span {
    /// In place of a span: there is none.
    pub(super) const NOTHING: Span = Span::no_units(0);

    /// In place of a span: no units, and a number for its clock.
    pub(super) const fn no_units(number: u32) -> Span {
        Span { tag: Tag(0), clock: number, len: 0 }
    }

    pub(crate) fn new(client: Client, clock: Clock, len: Clock, mark: Mark) -> Span {
        Span { tag: Tag::new(client, mark), clock, len }
    }

    /// The units between two clocks.
    #[inline]
    pub(crate) fn of(tag: Tag, clocks: Range<Clock>) -> Span {
        Span { tag, clock: clocks.start, len: clocks.end - clocks.start }
    }

    #[inline]
    pub(crate) fn client(self) -> Client {
        self.tag.client()
    }

    #[inline]
    pub(crate) fn end(self) -> Clock {
        self.clock + self.len
    }

    #[inline]
    pub(crate) fn is_deleted(self) -> bool {
        self.tag.is_deleted()
    }

    #[inline]
    pub(crate) fn is_visible(self) -> bool {
        self.tag.0 & FLAGS == 0
    }

    #[inline]
    pub(crate) fn is_visible_of(self, client: Client) -> bool {
        self.tag.0 == client
    }

    #[inline]
    pub(crate) fn is_uncounted(self) -> bool {
        self.tag.0 & UNCOUNTED != 0
    }

    /// How its units are marked.
    pub(super) fn mark(self) -> Mark {
        match self.tag.0 & FLAGS {
            0 => Mark::Visible,
            UNCOUNTED => Mark::Uncounted,
            _ => Mark::Deleted,
        }
    }

    /// How much the span counts in the length of its type.
    #[inline]
    pub(crate) fn visible_len(self) -> u32 {
        if self.is_visible() { self.len } else { 0 }
    }

    #[inline]
    pub(crate) fn contains(self, client: Client, clock: Clock) -> bool {
        clock.wrapping_sub(self.clock) < self.len && self.client() == client
    }

    /// Whether `next`, standing directly after this span, can become part of it.
    #[inline]
    pub(crate) fn joins(self, next: Span) -> bool {
        self.tag == next.tag && self.end() == next.clock
    }

    /// The units `from..to` of this span, as a span.
    pub(super) fn part(self, from: Clock, to: Clock) -> Span {
        Span { clock: self.clock + from, len: to - from, ..self }
    }

    /// The same units, deleted.
    pub(super) fn deleted(self) -> Span {
        Span { tag: self.tag.deleted(), ..self }
    }
}
