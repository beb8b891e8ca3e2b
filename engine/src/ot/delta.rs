//! `Delta`: a change of a content, or a content, as steps in normal form.

use super::Attributes;
use super::cursor::{Cursor, Piece};
use crate::values::{Any, Error, utf16};
use compact_str::CompactString;
use core::fmt;

/// A change of a content: what is retained, inserted and deleted, from its start on. What follows the last step stays.
///
/// It is kept in **normal form** as steps are appended: none is empty; neighbours that can be one are one; what is
/// inserted where something is deleted comes first. All lengths are UTF-16 code units; an embed is 1.
///
/// Characters of all inserts lie in one string, sets of attributes are shared: a plain change is two allocations,
/// whatever its length, and one where little is inserted. At most 4 GiB of text.
#[derive(Clone, Default)]
pub struct Delta {
    pub(super) steps: Vec<Step>,
    /// The characters of all inserts, in order.
    pub(super) text: CompactString,
    /// What plain changes don't have.
    rich: Option<Box<Rich>>,
}

#[derive(Clone, Default)]
struct Rich {
    /// All embeds, in order.
    embeds: Vec<Any>,
    /// The sets of attributes that steps refer to.
    sets: Vec<Attributes>,
}

/// One step as it is stored; what it inserts comes from the lists of the delta.
#[derive(Clone, Copy, Debug)]
pub(super) struct Step {
    pub(super) kind: Kind,
    /// UTF-16 code units.
    pub(super) len: u32,
    /// Of inserted text: UTF-8.
    pub(super) bytes: u32,
    /// 1 + place in the delta's sets; 0 if it has none.
    pub(super) set: u32,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Retain,
    Delete,
    Text,
    Embed,
}

/// One step of a [`Delta`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Op<'a> {
    /// Goes on.
    Retain {
        /// How far, in UTF-16 code units.
        len: u32,
        /// What is set; `null` takes a format away.
        attributes: &'a Attributes,
    },
    /// Inserts characters.
    Insert {
        /// What.
        text: &'a str,
        /// Their formatting.
        attributes: &'a Attributes,
    },
    /// Inserts a value as one unit.
    Embed {
        /// What.
        value: &'a Any,
        /// Its formatting.
        attributes: &'a Attributes,
    },
    /// Deletes what comes next.
    Delete {
        /// How much, in UTF-16 code units.
        len: u32,
    },
}

impl Op<'_> {
    /// Length in UTF-16 code units.
    pub fn units(&self) -> u32 {
        match self {
            Op::Retain { len, .. } | Op::Delete { len } => *len,
            Op::Insert { text, .. } => utf16::len(text),
            Op::Embed { .. } => 1,
        }
    }
}

impl Delta {
    /// A change that changes nothing; an empty content.
    pub fn new() -> Delta {
        Delta::default()
    }

    /// One with room for so many steps.
    pub(super) fn with_capacity(steps: usize) -> Delta {
        Delta { steps: Vec::with_capacity(steps), ..Delta::default() }
    }

    /// The same with characters inserted.
    pub fn with_insert(mut self, text: &str) -> Delta {
        self.insert(text, &Attributes::NONE);
        self
    }

    /// The same with `len` units retained.
    pub fn with_retain(mut self, len: u32) -> Delta {
        self.retain(len, &Attributes::NONE);
        self
    }

    /// The same with `len` units deleted.
    pub fn with_delete(mut self, len: u32) -> Delta {
        self.delete(len);
        self
    }

    /// Appends characters to be inserted.
    pub fn insert(&mut self, text: &str, attributes: &Attributes) {
        let set = self.set_of(attributes);
        self.push_text(text, utf16::len(text), set);
    }

    /// Appends an embed.
    pub fn embed(&mut self, value: Any, attributes: &Attributes) {
        let set = self.set_of(attributes);
        self.rich_mut().embeds.push(value);
        self.push_insert(Step { kind: Kind::Embed, len: 1, bytes: 0, set });
    }

    /// Appends that `len` units stay, and get these attributes.
    pub fn retain(&mut self, len: u32, attributes: &Attributes) {
        let set = self.set_of(attributes);
        self.push_counted(Kind::Retain, len, set);
    }

    /// Appends that `len` units are deleted.
    pub fn delete(&mut self, len: u32) {
        self.push_counted(Kind::Delete, len, 0);
    }

    /// Appends a step.
    pub fn push(&mut self, op: Op<'_>) {
        match op {
            Op::Retain { len, attributes } => self.retain(len, attributes),
            Op::Insert { text, attributes } => self.insert(text, attributes),
            Op::Embed { value, attributes } => self.embed(value.clone(), attributes),
            Op::Delete { len } => self.delete(len),
        }
    }

    /// The steps.
    pub fn ops(&self) -> impl Iterator<Item = Op<'_>> + '_ {
        let mut cursor = Cursor::new(self);
        core::iter::from_fn(move || (!cursor.is_at_end()).then(|| cursor.take_step().as_op()))
    }

    /// Number of steps.
    pub fn step_count(&self) -> usize {
        self.steps.len()
    }

    /// Whether there is no step.
    pub fn is_empty(&self) -> bool {
        self.steps.is_empty()
    }

    /// Whether it only inserts: then it is a content.
    pub fn is_content(&self) -> bool {
        self.steps.iter().all(|step| matches!(step.kind, Kind::Text | Kind::Embed))
    }

    /// Whether it has neither embeds nor attributes.
    pub fn is_plain(&self) -> bool {
        self.steps.iter().all(|step| step.set == 0 && step.kind != Kind::Embed)
    }

    /// The inserted characters, one behind the other, without embeds.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Sum of the lengths of all steps, in UTF-16 code units: of a content, its length. O(steps).
    pub fn len(&self) -> u64 {
        self.steps.iter().map(|step| u64::from(step.len)).sum()
    }

    /// By how much it makes a content longer, in UTF-16 code units. O(steps). (quill-delta: `changeLength`)
    pub fn change_len(&self) -> i64 {
        let change = |step: &Step| match step.kind {
            Kind::Retain => 0,
            Kind::Delete => -i64::from(step.len),
            Kind::Text | Kind::Embed => i64::from(step.len),
        };
        self.steps.iter().map(change).sum()
    }

    /// How long a content has to be for it, in UTF-16 code units. O(steps).
    pub fn base_len(&self) -> u64 {
        let counted = self.steps.iter().filter(|step| matches!(step.kind, Kind::Retain | Kind::Delete));
        counted.map(|step| u64::from(step.len)).sum()
    }

    /// Takes away what is retained at the end without attributes: it says nothing.
    pub fn chop(&mut self) {
        while self.steps.last().is_some_and(|step| step.kind == Kind::Retain && step.set == 0) {
            self.steps.pop();
        }
    }

    /// Appends the steps of another one. O(its length).
    pub fn concat(&mut self, other: &Delta) {
        self.push_rest(&mut Cursor::new(other));
    }

    /// Takes a change apart into two that do the same one after the other. The first one has at most so many steps, at least
    /// two, and inserts at most so many UTF-16 code units, or one more where that would be half a pair. O(length).
    pub fn split(&self, most_steps: usize, most_units: u32) -> (Delta, Delta) {
        let (mut first, mut rest) = (Delta::new(), Delta::new());
        let (mut steps, mut left) = (most_steps, most_units);
        let mut after = 0_u32;
        for op in self.ops() {
            let inserts = matches!(op, Op::Insert { .. } | Op::Embed { .. });
            if !rest.is_empty() || steps == 0 || inserts && left == 0 {
                if rest.is_empty() {
                    rest.retain(after, &Attributes::NONE);
                }
                rest.push(op);
                continue;
            }
            steps -= 1;
            match op {
                Op::Insert { text, attributes } if utf16::len(text) > left => {
                    let at = match utf16::find(text, left) {
                        Some(utf16::Place::Byte(at)) => at,
                        // A pair is four bytes.
                        Some(utf16::Place::InsidePair(at)) => at + 4,
                        None => text.len(),
                    };
                    let (front, behind) = text.split_at(at);
                    first.insert(front, attributes);
                    rest.retain(after + utf16::len(front), &Attributes::NONE);
                    rest.insert(behind, attributes);
                    continue;
                }
                _ => first.push(op),
            }
            if inserts {
                left -= op.units();
            }
            if !matches!(op, Op::Delete { .. }) {
                after += op.units();
            }
        }
        (first, rest)
    }

    /// The steps between two places, counted in their lengths, cut where the ends are. O(length).
    ///
    /// # Errors
    /// `InsideSurrogatePair` if an end is.
    pub fn slice(&self, start: u64, end: u64) -> Result<Delta, Error> {
        let mut slice = Delta::new();
        let mut cursor = Cursor::new(self);
        let mut at = 0;
        while at < end && !cursor.is_at_end() {
            let rest = if at < start { start.min(end) - at } else { end - at };
            let piece = cursor.take(cursor.left().min(u32::try_from(rest).unwrap_or(u32::MAX)))?;
            if at >= start {
                slice.push_piece(&piece);
            }
            at += u64::from(piece.len);
        }
        Ok(slice)
    }

    /// All embeds, in order.
    #[inline]
    pub(super) fn embeds(&self) -> &[Any] {
        self.rich.as_ref().map_or(&[], |rich| &rich.embeds)
    }

    /// The sets of attributes that steps refer to.
    #[inline]
    pub(super) fn sets(&self) -> &[Attributes] {
        self.rich.as_ref().map_or(&[], |rich| &rich.sets)
    }

    fn rich_mut(&mut self) -> &mut Rich {
        self.rich.get_or_insert_default()
    }

    /// Adds embeds that steps still to be appended insert.
    pub(super) fn append_embeds(&mut self, embeds: &[Any]) {
        if !embeds.is_empty() {
            self.rich_mut().embeds.extend_from_slice(embeds);
        }
    }

    /// The place of these attributes among the sets.
    #[inline]
    pub(super) fn set_of(&mut self, attributes: &Attributes) -> u32 {
        if attributes.is_empty() {
            return 0;
        }
        let sets = &mut self.rich_mut().sets;
        if !sets.last().is_some_and(|last| last.is_shared_with(attributes)) {
            sets.push(attributes.clone());
        }
        sets.len() as u32
    }

    #[inline]
    fn are_equal_sets(&self, a: u32, b: u32) -> bool {
        a == b || a != 0 && b != 0 && self.sets()[a as usize - 1] == self.sets()[b as usize - 1]
    }

    /// Where an insert goes that is appended: before a delete at the end.
    #[inline]
    fn place_of_insert(&self) -> usize {
        let ends_with_delete = self.steps.last().is_some_and(|step| step.kind == Kind::Delete);
        self.steps.len() - usize::from(ends_with_delete)
    }

    /// Appends text of `len` units.
    #[inline]
    pub(super) fn push_text(&mut self, text: &str, len: u32, set: u32) {
        if !text.is_empty() {
            self.text.push_str(text);
            self.push_insert(Step { kind: Kind::Text, len, bytes: text.len() as u32, set });
        }
    }

    /// Appends the step of an insert, whose text or embed is in the lists already.
    #[inline]
    pub(super) fn push_insert(&mut self, step: Step) {
        let at = self.place_of_insert();
        if step.kind == Kind::Text
            && let Some(before) = at.checked_sub(1).map(|before| self.steps[before])
            && before.kind == Kind::Text
            && self.are_equal_sets(before.set, step.set)
        {
            let before = &mut self.steps[at - 1];
            before.len += step.len;
            before.bytes += step.bytes;
        } else if at == self.steps.len() {
            self.steps.push(step);
        } else {
            self.steps.insert(at, step);
        }
    }

    /// Appends a retain or a delete.
    #[inline]
    pub(super) fn push_counted(&mut self, kind: Kind, len: u32, set: u32) {
        if len == 0 {
            return;
        }
        let is_more = self.steps.last().is_some_and(|last| last.kind == kind && self.are_equal_sets(last.set, set));
        if is_more
            && let Some(last) = self.steps.last_mut()
            && let Some(sum) = last.len.checked_add(len)
        {
            last.len = sum;
        } else {
            self.steps.push(Step { kind, len, bytes: 0, set });
        }
    }

    /// Appends a piece of another delta.
    #[inline]
    pub(super) fn push_piece(&mut self, piece: &Piece<'_>) {
        let set = self.set_of(piece.attributes);
        match piece.kind {
            Kind::Text => self.push_text(piece.text, piece.len, set),
            Kind::Embed => self.embed(piece.embed.clone(), piece.attributes),
            kind => self.push_counted(kind, piece.len, set),
        }
    }

    /// Appends all that a cursor has not passed yet, in bulk.
    pub(super) fn push_rest(&mut self, cursor: &mut Cursor<'_>) {
        // What goes before a delete at our end, or becomes one with a step of ours, is appended by itself.
        loop {
            if cursor.is_at_end() {
                return;
            }
            let piece = cursor.take_step();
            self.push_piece(&piece);
            if piece.kind == Kind::Delete || self.steps.last().is_some_and(|last| last.kind != Kind::Delete) {
                break;
            }
        }
        let (steps, text, embeds, sets) = cursor.rest();
        self.text.push_str(text);
        self.append_embeds(embeds);
        let first_set = self.sets().len() as u32;
        let refers = steps.iter().any(|step| step.set != 0);
        if refers {
            self.rich_mut().sets.extend_from_slice(sets);
        }
        let moved = |step: &Step| Step { set: if step.set == 0 { 0 } else { step.set + first_set }, ..*step };
        self.steps.extend(steps.iter().map(moved));
    }

    /// Panics if it is not in normal form or its lists contradict each other. O(length); for tests and fuzzing.
    pub fn assert_invariants(&self) {
        let bytes: usize = self.steps.iter().map(|step| step.bytes as usize).sum();
        assert_eq!(bytes, self.text.len(), "all text is inserted");
        let embeds = self.steps.iter().filter(|step| step.kind == Kind::Embed).count();
        assert_eq!(embeds, self.embeds().len(), "all embeds are");
        assert!(self.sets().iter().all(|set| !set.is_empty()), "no set is empty");
        let mut at = 0;
        for step in &self.steps {
            assert!(step.len > 0, "a step does something");
            assert!(step.set as usize <= self.sets().len() && (step.set == 0 || step.kind != Kind::Delete));
            assert!(step.kind == Kind::Text || step.bytes == 0);
            let end = at + step.bytes as usize;
            assert!(step.kind != Kind::Text || utf16::len(&self.text[at..end]) == step.len, "lengths agree");
            at = end;
        }
        for pair in self.steps.windows(2) {
            let is_insert = matches!(pair[1].kind, Kind::Text | Kind::Embed);
            assert!(pair[0].kind != Kind::Delete || !is_insert, "inserts come before deletes");
            let can_be_one = pair[0].kind == pair[1].kind && pair[0].kind != Kind::Embed;
            let fits = pair[0].len.checked_add(pair[1].len).is_some();
            assert!(!(can_be_one && fits && self.are_equal_sets(pair[0].set, pair[1].set)), "neighbours differ");
        }
    }
}

impl PartialEq for Delta {
    fn eq(&self, other: &Delta) -> bool {
        let set = |of: &Delta, step: &Step| {
            if step.set == 0 { Attributes::NONE } else { of.sets()[step.set as usize - 1].clone() }
        };
        self.steps.len() == other.steps.len()
            && self.text == other.text
            && self.embeds() == other.embeds()
            && self.steps.iter().zip(&other.steps).all(|(a, b)| {
                (a.kind, a.len, a.bytes) == (b.kind, b.len, b.bytes)
                    && (a.set == 0) == (b.set == 0)
                    && (a.set == 0 || set(self, a) == set(other, b))
            })
    }
}

impl fmt::Debug for Delta {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.ops()).finish()
    }
}

impl<'a> FromIterator<Op<'a>> for Delta {
    fn from_iter<I: IntoIterator<Item = Op<'a>>>(ops: I) -> Delta {
        let mut delta = Delta::new();
        ops.into_iter().for_each(|op| delta.push(op));
        delta
    }
}
