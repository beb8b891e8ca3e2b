//! Putting new units into a sequence; leaves and nodes that grow too large are split.

use super::{Child, Client, Cursor, FAN_OUT, Leaf, Mark, NONE, Node, Order, Place, Sequence, Span, slot_of};
use crate::values::Clock;
use smallvec::{SmallVec, smallvec};

impl Order {
    /// Puts units that are new to the index at a place of a sequence (`None`: the sequence is empty). `before` is the
    /// number of visible units before the place, if it is known: the next local edit then starts from here.
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
        let spans = &mut self.leaves[place.leaf as usize].spans;
        let at = place.span as usize;
        let mut span_before = before.unwrap_or(0);
        let holder = if place.offset > 0 {
            let cut = spans[at];
            spans[at] = cut.part(0, place.offset);
            spans.insert_many(at + 1, [new, cut.part(place.offset, cut.len)]);
            at + 1
        } else if at > 0 && spans[at - 1].joins(new) {
            span_before = span_before.wrapping_sub(spans[at - 1].visible_len());
            spans[at - 1].len += len;
            at - 1
        } else {
            spans.insert(at, new);
            at
        };
        self.hint = (place.leaf, holder as u32);
        self.cursor = before.map(|_| Cursor { sequence, leaf: place.leaf, span: holder as u32, before: span_before });
        let overfull = spans.len() > FAN_OUT;
        if mark == Mark::Uncounted {
            self.forget_effect(place.leaf);
        }
        self.change_visible(place.leaf, new.visible_len().into());
        if overfull {
            self.split_leaf(place.leaf);
        }
    }

    /// The sequence in which the next units of a client would lengthen the visible span that was written last, if
    /// `right` (`None`: nothing) is what stands after that span. O(1).
    #[inline]
    pub(crate) fn find_continued(&self, client: Client, right: Option<(Client, Clock)>) -> Option<Sequence> {
        let (id, at) = self.hint;
        let leaf = self.leaves.get(id as usize)?;
        let span = leaf.spans.get(at as usize)?;
        let goes_on = span.is_visible_of(client) && span.end() == self.index[client as usize].end();
        let after = Place { leaf: id, span: at + 1, offset: 0 };
        (goes_on && self.unit_after(after) == right).then_some(leaf.sequence)
    }

    /// Lengthens the span that [`find_continued`](Self::find_continued) has found. O(1).
    #[inline]
    pub(crate) fn continue_span(&mut self, client: Client, len: Clock) {
        let (id, at) = self.hint;
        self.leaves[id as usize].spans[at as usize].len += len;
        self.index[client as usize].append(len, id);
        self.cursor = None;
        self.change_visible(id, len.into());
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
        let leaf = &self.leaves[cursor.leaf as usize];
        let span = leaf.spans[cursor.span as usize];
        let is_typed = span.is_visible_of(client)
            && span.end() == self.index[client as usize].end()
            && cursor.before + span.len == position;
        if !is_typed {
            return None;
        }
        let after = match leaf.spans.get(cursor.span as usize + 1) {
            Some(after) => *after,
            None if leaf.next == NONE => return Some(None),
            None => self.leaves[leaf.next as usize].spans[0],
        };
        after.is_visible().then_some(Some((after.client(), after.clock)))
    }

    /// Lengthens the span that [`find_typed`](Self::find_typed) has found. O(1).
    #[inline]
    pub(crate) fn lengthen_typed(&mut self, client: Client, len: Clock) {
        let Some(Cursor { leaf, span, .. }) = self.cursor else { return };
        self.leaves[leaf as usize].spans[span as usize].len += len;
        self.index[client as usize].append(len, leaf);
        self.hint = (leaf, span);
        self.change_visible(leaf, len.into());
    }

    fn insert_first(&mut self, sequence: Sequence, new: Span) {
        let leaf = self.leaves.len() as u32;
        self.index[new.client() as usize].append(new.len, leaf);
        self.leaves.push(Leaf {
            spans: smallvec![new],
            sequence,
            parent: NONE,
            previous: NONE,
            next: NONE,
            visible: 0,
        });
        let tree = &mut self.trees[sequence as usize];
        debug_assert_eq!(tree.root, NONE);
        (tree.root, tree.first, tree.last) = (leaf, leaf, leaf);
        self.hint = (leaf, 0);
        self.cursor = Some(Cursor { sequence, leaf, span: 0, before: 0 });
        self.change_visible(leaf, new.visible_len().into());
    }

    /// A place at the start of a leaf is also the end of the one before it, where a run can go on.
    fn prefer_previous_leaf(&self, place: Place) -> Place {
        let leaf = &self.leaves[place.leaf as usize];
        if place.span > 0 || place.offset > 0 || leaf.previous == NONE {
            return place;
        }
        let span = self.leaves[leaf.previous as usize].spans.len() as u32;
        Place { leaf: leaf.previous, span, offset: 0 }
    }

    /// Moves the upper half of a leaf's spans into a new leaf after it.
    pub(super) fn split_leaf(&mut self, id: u32) {
        self.settle();
        self.forget_effect(id);
        let new_id = self.leaves.len() as u32;
        let leaf = &mut self.leaves[id as usize];
        let keep = leaf.spans.len() / 2;
        let moved: SmallVec<[Span; 2]> = {
            let mut moved = SmallVec::with_capacity(FAN_OUT + 2);
            moved.extend_from_slice(&leaf.spans[keep..]);
            moved
        };
        leaf.spans.truncate(keep);
        let visible = moved.iter().map(|span| span.visible_len()).sum();
        leaf.visible -= visible;
        let (sequence, parent, next) = (leaf.sequence, leaf.parent, leaf.next);
        leaf.next = new_id;
        for span in &moved {
            self.index[span.client() as usize].relocate(span.clock, span.end(), new_id);
        }
        self.leaves.push(Leaf { spans: moved, sequence, parent, previous: id, next, visible });
        match next {
            NONE => self.trees[sequence as usize].last = new_id,
            next => self.leaves[next as usize].previous = new_id,
        }
        let old_visible = self.leaves[id as usize].visible;
        self.add_child(sequence, parent, id, old_visible, Child { id: new_id, visible }, 0);
        self.follow_split(id, keep as u32, new_id);
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
            let children = [Child { id: left, visible: left_visible }, new].into_iter().collect();
            self.nodes.push(Node { children, parent: NONE });
            self.set_parent(left, level, root);
            self.set_parent(new.id, level, root);
            let tree = &mut self.trees[sequence as usize];
            (tree.root, tree.height) = (root, level + 1);
            return;
        }
        let node = &mut self.nodes[parent as usize];
        let slot = slot_of(node, left);
        node.children[slot].visible = left_visible;
        node.children.insert(slot + 1, new);
        self.set_parent(new.id, level, parent);
        if self.nodes[parent as usize].children.len() > FAN_OUT {
            self.split_node(sequence, parent, level);
        }
    }

    fn split_node(&mut self, sequence: Sequence, id: u32, child_level: u32) {
        let new_id = self.nodes.len() as u32;
        let node = &mut self.nodes[id as usize];
        let keep = node.children.len() / 2;
        let moved: SmallVec<[Child; FAN_OUT + 1]> = SmallVec::from_slice(&node.children[keep..]);
        node.children.truncate(keep);
        let old_visible = node.children.iter().map(|child| child.visible).sum();
        let visible = moved.iter().map(|child| child.visible).sum();
        let parent = node.parent;
        for child in &moved {
            self.set_parent(child.id, child_level, new_id);
        }
        self.nodes.push(Node { children: moved, parent });
        self.add_child(sequence, parent, id, old_visible, Child { id: new_id, visible }, child_level + 1);
    }

    pub(super) fn set_parent(&mut self, child: u32, level: u32, parent: u32) {
        match level {
            0 => self.leaves[child as usize].parent = parent,
            _ => self.nodes[child as usize].parent = parent,
        }
    }
}
