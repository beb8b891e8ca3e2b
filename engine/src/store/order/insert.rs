//! Putting new units into a sequence; leaves and nodes that grow too large are split.

use super::super::push_large;
use super::leaf::Links;
use super::{Child, Client, Cursor, FAN_OUT, Mark, NONE, Node, Order, Place, Sequence, Span, first_of};
use crate::values::Clock;
use smallvec::SmallVec;
use std::ops::Range;

impl Order {
    /// Puts units that are new to the index at a place of a sequence (`None`: the sequence is empty). `before` is the
    /// number of visible units before the place, if it is known: the next local edit then starts from here.
    #[inline(always)]
    pub(crate) fn insert(
        &mut self,
        sequence: Sequence,
        place: Option<Place>,
        client: Client,
        len: Clock,
        mark: Mark,
        before: Option<u32>,
    ) {
        let clock = self.index[client as usize].end();
        let new = Span::new(client, clock, len, mark);
        let Some(place) = place else {
            return self.insert_first(sequence, new);
        };
        let place = self.prefer_previous_leaf(place);
        self.index[client as usize].append(len, place.leaf);
        let spans = self.leaves.spans_mut(place.leaf);
        let at = place.span as usize;
        let mut span_before = before.unwrap_or(0);
        let holder = if place.offset > 0 {
            let cut = spans[at];
            let first = cut.part(0, place.offset);
            self.leaves.cut(place.leaf, at, first, [new, cut.part(place.offset, cut.len)]);
            at + 1
        } else if at > 0 && spans[at - 1].joins(new) {
            span_before = span_before.wrapping_sub(spans[at - 1].visible_len());
            spans[at - 1].len += len;
            at - 1
        } else {
            self.leaves.insert(place.leaf, at, [new]);
            at
        };
        self.hint = (place.leaf, holder as u32);
        self.cursor = before.map(|_| Cursor { sequence, leaf: place.leaf, span: holder as u32, before: span_before });
        let overfull = self.leaves.spans(place.leaf).len() > FAN_OUT;
        if mark == Mark::Uncounted {
            self.forget_effect(place.leaf);
        }
        self.change_visible(place.leaf, new.visible_len().into());
        if overfull {
            self.split_leaf(place.leaf);
        }
    }

    /// Puts a unit of a client, new to the index, behind the last unit of a sequence that is not empty, and marks that one
    /// as deleted: returns which one it was. `None`, and nothing has changed, if that one does not stand alone behind
    /// deleted ones. No count changes.
    pub(crate) fn supersede(&mut self, sequence: Sequence, client: Client) -> Option<(Client, Clock)> {
        let leaf = self.leaves.sequences.last(sequence);
        let spans = self.leaves.spans_mut(leaf);
        let at = spans.len() - 1;
        let last = spans[at];
        let gone = last.deleted();
        let joins_previous = match at {
            0 if leaf == first_of(sequence) => false,
            0 => return None,
            _ if spans[at - 1].is_deleted() => spans[at - 1].joins(gone),
            _ => return None,
        };
        if !last.is_visible() || last.len > 1 {
            return None;
        }
        let index = &mut self.index[client as usize];
        let new = Span::new(client, index.end(), 1, Mark::Visible);
        index.append(1, leaf);
        self.cursor = None;
        if joins_previous {
            spans[at - 1].len += 1;
            spans[at] = new;
            self.hint = (leaf, at as u32);
        } else {
            self.leaves.cut(leaf, at, gone, [new]);
            self.hint = (leaf, at as u32 + 1);
            if at + 2 > FAN_OUT {
                self.split_leaf(leaf);
            }
        }
        Some((last.client(), last.clock))
    }

    /// The sequence in which the next units of a client would lengthen the visible span that was written last, and what
    /// stands after that span (`None`: nothing). O(1).
    #[inline]
    pub(crate) fn find_continued(&self, client: Client) -> Option<(Sequence, Option<(Client, Clock)>)> {
        let (id, at) = self.hint;
        let (links, spans) = self.leaves.find(id)?;
        let span = spans.get(at as usize)?;
        let goes_on = span.is_visible_of(client) && span.end() == self.index[client as usize].end();
        goes_on.then(|| {
            let after = spans.get(at as usize + 1).or_else(|| self.leaves.find(links.next)?.1.first());
            (self.leaves.sequence_of(id), after.map(|after| (after.client(), after.clock)))
        })
    }

    /// Lengthens the span that [`find_continued`](Self::find_continued) has found. O(1).
    #[inline]
    pub(crate) fn continue_span(&mut self, client: Client, len: Clock) {
        let (id, at) = self.hint;
        self.lengthen(id, at, client, len);
        self.cursor = None;
    }

    /// The unit after the cursor's span (`Some(None)`: nothing), if a client that types at `position` lengthens this
    /// span: its last unit is the last of the client and stands before that position, and no deleted units or marks
    /// follow. O(1).
    #[inline]
    pub(crate) fn find_typed(
        &self,
        sequence: Sequence,
        client: Client,
        position: u32,
    ) -> Option<Option<(Client, Clock)>> {
        let cursor = self.cursor.filter(|cursor| cursor.sequence == sequence)?;
        let (links, spans) = self.leaves.get(cursor.leaf);
        let span = spans[cursor.span as usize];
        let is_typed = span.is_visible_of(client)
            && span.end() == self.index[client as usize].end()
            && cursor.before + span.len == position;
        if !is_typed {
            return None;
        }
        let after = match spans.get(cursor.span as usize + 1) {
            Some(after) => *after,
            None if links.next == NONE => return Some(None),
            None => self.leaves.spans(links.next)[0],
        };
        after.is_visible().then_some(Some((after.client(), after.clock)))
    }

    /// Lengthens the span that [`find_typed`](Self::find_typed) has found. O(1).
    #[inline]
    pub(crate) fn lengthen_typed(&mut self, client: Client, len: Clock) {
        let Some(Cursor { leaf, span, .. }) = self.cursor else { return };
        self.hint = (leaf, span);
        self.lengthen(leaf, span, client, len);
    }

    #[inline(always)]
    fn lengthen(&mut self, leaf: u32, span: u32, client: Client, len: Clock) {
        if self.leaves.lengthen(leaf, span, len) {
            self.note_changed(leaf, len.into());
        }
        self.index[client as usize].append(len, leaf);
    }

    fn insert_first(&mut self, sequence: Sequence, new: Span) {
        let leaf = first_of(sequence);
        self.index[new.client() as usize].append(new.len, leaf);
        self.leaves.sequences.begin(sequence, &[new]);
        self.hint = (leaf, 0);
        self.cursor = Some(Cursor { sequence, leaf, span: 0, before: 0 });
    }

    /// A place at the start of a leaf is also the end of the one before it, where a run can go on.
    fn prefer_previous_leaf(&self, place: Place) -> Place {
        if place.span > 0 || place.offset > 0 {
            return place;
        }
        let leaf = self.leaves.links(place.leaf).previous;
        match self.leaves.find(leaf) {
            Some((_, spans)) => Place { leaf, span: spans.len() as u32, offset: 0 },
            None => place,
        }
    }

    /// Moves the upper half of a leaf's spans into a new leaf after it.
    pub(super) fn split_leaf(&mut self, id: u32) {
        self.split_leaf_at(id, self.leaves.spans(id).len() / 2);
    }

    /// Moves a leaf's spans from `keep` on into a new leaf after it, which is returned. If there are none, the new one is
    /// to be filled at once.
    pub(super) fn split_leaf_at(&mut self, id: u32, keep: usize) -> u32 {
        self.settle();
        self.forget_effect(id);
        let new_id = self.leaves.split(id, keep);
        let (&Links { parent, next, .. }, moved) = self.leaves.get(new_id);
        let (sequence, visible) = (self.leaves.sequence_of(new_id), self.leaves.visible(new_id));
        for (client, clocks) in runs_of(moved) {
            self.index[client as usize].relocate(clocks.start, clocks.end, new_id);
        }
        if next == NONE {
            self.leaves.sequences.planted(sequence).last = new_id;
        }
        let old_visible = self.leaves.visible(id);
        self.add_child(sequence, parent, id, old_visible, Child { id: new_id, visible }, 0);
        self.follow_split(id, keep as u32, new_id);
        new_id
    }

    /// Keeps cursor and hint on the spans that they were on.
    fn follow_split(&mut self, leaf: u32, keep: u32, new_leaf: u32) {
        if let Some(cursor) = self.cursor.as_mut().filter(|c| c.leaf == leaf && c.span >= keep) {
            cursor.leaf = new_leaf;
            cursor.span -= keep;
        }
        if self.hint.0 == leaf && self.hint.1 >= keep {
            self.hint = (new_leaf, self.hint.1 - keep);
        }
    }

    /// Hangs `new` behind its sibling `left`, whose count is now `left_visible`, under `parent`. `level` is the height
    /// of both: 0 for leaves.
    fn add_child(&mut self, sequence: Sequence, parent: u32, left: u32, left_visible: u32, new: Child, level: u32) {
        if parent == NONE {
            let root = self.nodes.len() as u32;
            push_large(&mut self.nodes, Node::of(&[Child { id: left, visible: left_visible }, new]));
            self.set_parent(left, level, root);
            self.set_parent(new.id, level, root);
            let tree = self.leaves.sequences.planted(sequence);
            (tree.root, tree.height) = (root, level + 1);
            return;
        }
        let node = &mut self.nodes[parent as usize];
        let slot = node.slot_of(left);
        node.set_visible(slot, left_visible);
        let is_full = node.insert_after(slot, new);
        self.set_parent(new.id, level, parent);
        if is_full {
            self.split_node(sequence, parent, level);
        }
    }

    fn split_node(&mut self, sequence: Sequence, id: u32, child_level: u32) {
        let new_id = self.nodes.len() as u32;
        let node = &mut self.nodes[id as usize];
        let upper = node.split();
        let parent = node.parent;
        let old_visible = node.visible().iter().sum();
        let visible = upper.visible().iter().sum();
        for child in upper.ids() {
            self.set_parent(*child, child_level, new_id);
        }
        push_large(&mut self.nodes, upper);
        self.add_child(sequence, parent, id, old_visible, Child { id: new_id, visible }, child_level + 1);
    }

    pub(super) fn set_parent(&mut self, child: u32, level: u32, parent: u32) {
        match level {
            0 => self.leaves.set_parent(child, parent),
            _ => self.nodes[child as usize].parent = parent,
        }
    }
}

/// The clocks of spans that stand in one leaf, those together that follow each other: they are in one run of the index. What
/// somebody wrote is often cut by what was written into it, or alternates with what another wrote; only the last few runs are
/// looked at for it.
fn runs_of(spans: &[Span]) -> SmallVec<[(Client, Range<Clock>); FAN_OUT]> {
    const RECENT: usize = 4;
    let mut runs: SmallVec<[(Client, Range<Clock>); FAN_OUT]> = SmallVec::new();
    for span in spans {
        let (client, start, end) = (span.client(), span.clock, span.end());
        let goes_on = runs.iter_mut().rev().take(RECENT).find_map(|(of, clocks)| match *of == client {
            true if clocks.end == start => Some((&mut clocks.end, end)),
            true if clocks.start == end => Some((&mut clocks.start, start)),
            _ => None,
        });
        match goes_on {
            Some((border, clock)) => *border = clock,
            None => runs.push((client, start..end)),
        }
    }
    runs
}
