//! Marking units as deleted: spans are cut at the ends of what is deleted, and deleted neighbours joined.

use super::{Client, Cursor, FAN_OUT, Order, Place};
use crate::values::Clock;

impl Order {
    /// Marks units from a place on as deleted: at most `most`, and not beyond the span at the place, which must not be
    /// deleted. `before` is the number of visible units before the place, if it is known.
    /// Returns which units they were: client, first clock, number.
    pub(crate) fn delete(&mut self, place: Place, most: u32, before: Option<u32>) -> (Client, Clock, u32) {
        let place = self.enter_span(place);
        let leaf = place.leaf;
        let spans = self.leaves.spans_mut(leaf);
        let at = place.span as usize;
        let whole = spans[at];
        debug_assert!(!whole.is_deleted());
        let from = place.offset;
        let to = whole.len.min(from.saturating_add(most));
        let gone = whole.part(from, to).deleted();
        let span_before = before.map(|units| if whole.is_visible() { units - from } else { units });
        // What is left of this span before the deleted units stays where it is, or else the span before it.
        let cursor = match (span_before, at) {
            (None, _) => None,
            (Some(before), _) if from > 0 => Some((at, before)),
            (Some(before), 0) => Some((0, before)),
            (Some(before), _) => Some((at - 1, before - spans[at - 1].visible_len())),
        };
        let joins_previous = from == 0 && at > 0 && spans[at - 1].joins(gone);
        let joins_next = to == whole.len && spans.get(at + 1).is_some_and(|next| gone.joins(*next));
        match (from > 0, to < whole.len) {
            (false, false) if joins_previous => {
                spans[at - 1].len += gone.len;
                if joins_next {
                    spans[at - 1].len += spans[at + 1].len;
                    self.leaves.remove(leaf, at + 1);
                }
                self.leaves.remove(leaf, at);
            }
            (false, false) if joins_next => {
                spans[at] = gone;
                spans[at].len += spans[at + 1].len;
                self.leaves.remove(leaf, at + 1);
            }
            (false, false) => spans[at] = gone,
            (false, true) => {
                let rest = whole.part(to, whole.len);
                if joins_previous {
                    spans[at] = rest;
                    spans[at - 1].len += gone.len;
                } else {
                    self.leaves.cut(leaf, at, gone, [rest]);
                }
            }
            (true, false) => {
                let rest = whole.part(0, from);
                if joins_next {
                    spans[at] = rest;
                    spans[at + 1].clock = gone.clock;
                    spans[at + 1].len += gone.len;
                } else {
                    self.leaves.cut(leaf, at, rest, [gone]);
                }
            }
            (true, true) => {
                self.leaves.cut(leaf, at, whole.part(0, from), [gone, whole.part(to, whole.len)]);
            }
        }
        self.cursor = cursor.map(|(span, before)| {
            let sequence = self.leaves.sequence_of(leaf);
            Cursor { sequence, leaf, span: span as u32, before }
        });
        if whole.is_visible() {
            self.change_visible(leaf, -i64::from(gone.len));
        }
        if whole.is_uncounted() {
            self.forget_effect(leaf);
        }
        if self.leaves.spans(leaf).len() > FAN_OUT {
            self.split_leaf(leaf);
        }
        (gone.client(), gone.clock, gone.len)
    }

    /// The same place, expressed by the span after it.
    fn enter_span(&self, place: Place) -> Place {
        let (links, spans) = self.leaves.get(place.leaf);
        if (place.span as usize) < spans.len() {
            return place;
        }
        Place { leaf: links.next, span: 0, offset: 0 }
    }
}
