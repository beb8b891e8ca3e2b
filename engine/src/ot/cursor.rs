//! A cursor over a delta that can stop inside of steps. (quill-delta: `OpIterator`)

use super::Attributes;
use super::delta::{Delta, Kind, Op, Step};
use crate::values::utf16::{self, Place};
use crate::values::{Any, Error, ErrorKind};

/// Where one is in a delta. Behind its end lies a retain without end.
pub(super) struct Cursor<'a> {
    delta: &'a Delta,
    /// The step that comes next, or what is left of it.
    step: Step,
    is_at_end: bool,
    /// The steps after it.
    later: &'a [Step],
    /// What comes next of the inserted characters and embeds.
    text: &'a str,
    embeds: &'a [Any],
}

const END: Step = Step { kind: Kind::Retain, len: u32::MAX, bytes: 0, set: 0 };

/// A step, or a part of one.
pub(super) struct Piece<'a> {
    pub(super) kind: Kind,
    pub(super) len: u32,
    pub(super) text: &'a str,
    pub(super) embed: &'a Any,
    pub(super) attributes: &'a Attributes,
}

impl<'a> Piece<'a> {
    pub(super) fn as_op(&self) -> Op<'a> {
        let attributes = self.attributes;
        match self.kind {
            Kind::Retain => Op::Retain { len: self.len, attributes },
            Kind::Delete => Op::Delete { len: self.len },
            Kind::Text => Op::Insert { text: self.text, attributes },
            Kind::Embed => Op::Embed { value: self.embed, attributes },
        }
    }
}

impl<'a> Cursor<'a> {
    #[inline]
    pub(super) fn new(delta: &'a Delta) -> Self {
        let (later, text, embeds) = (&delta.steps[..], &delta.text[..], delta.embeds());
        let mut cursor = Cursor { delta, step: END, is_at_end: false, later, text, embeds };
        cursor.enter();
        cursor
    }

    #[inline]
    fn enter(&mut self) {
        match self.later.split_first() {
            Some((step, later)) => (self.step, self.later) = (*step, later),
            None => (self.step, self.is_at_end) = (END, true),
        }
    }

    #[inline]
    pub(super) fn is_at_end(&self) -> bool {
        self.is_at_end
    }

    /// What kind of step comes next.
    #[inline]
    pub(super) fn kind(&self) -> Kind {
        self.step.kind
    }

    /// What is left of the step that comes next.
    #[inline]
    pub(super) fn left(&self) -> u32 {
        self.step.len
    }

    /// The attributes of the step that comes next.
    #[inline]
    pub(super) fn attributes(&self) -> &'a Attributes {
        match self.step.set {
            0 => &Attributes::NONE,
            set => &self.delta.sets()[set as usize - 1],
        }
    }

    #[inline]
    pub(super) fn is_insert(&self) -> bool {
        matches!(self.step.kind, Kind::Text | Kind::Embed)
    }

    /// Passes a step that inserts and was not begun, and leaves what it inserts: for who takes all that is inserted at once.
    #[inline]
    pub(super) fn pass_insert(&mut self) -> Step {
        let step = self.step;
        self.enter();
        step
    }

    /// Takes the whole rest of the step that comes next.
    #[inline]
    pub(super) fn take_step(&mut self) -> Piece<'a> {
        let Step { kind, len, bytes, .. } = self.step;
        let mut piece = Piece { kind, len, text: "", embed: &Any::Null, attributes: self.attributes() };
        match kind {
            Kind::Text => (piece.text, self.text) = self.text.split_at(bytes as usize),
            Kind::Embed => {
                piece.embed = &self.embeds[0];
                self.embeds = &self.embeds[1..];
            }
            Kind::Retain | Kind::Delete => {}
        }
        self.enter();
        piece
    }

    /// Takes `len` units, at most what is left of the step.
    #[inline]
    pub(super) fn take(&mut self, len: u32) -> Result<Piece<'a>, Error> {
        if len == self.step.len && !self.is_at_end {
            return Ok(self.take_step());
        }
        let kind = self.step.kind;
        let mut piece = Piece { kind, len, text: "", embed: &Any::Null, attributes: self.attributes() };
        if kind == Kind::Text {
            let end = match self.step.len == self.step.bytes {
                true => len as usize,
                false => match utf16::find(&self.text[..self.step.bytes as usize], len) {
                    Some(Place::Byte(byte)) => byte,
                    _ => return Err(ErrorKind::InsideSurrogatePair.into()),
                },
            };
            (piece.text, self.text) = self.text.split_at(end);
            self.step.bytes -= end as u32;
        }
        self.pass_part(len);
        Ok(piece)
    }

    /// Passes `len` units of a retain or a delete, at most what is left of the step.
    #[inline]
    pub(super) fn pass(&mut self, len: u32) {
        if len == self.step.len && !self.is_at_end {
            self.enter();
        } else {
            self.pass_part(len);
        }
    }

    #[inline]
    fn pass_part(&mut self, len: u32) {
        if !self.is_at_end {
            self.step.len -= len;
        }
    }

    /// All from here on, which is the start of a step: steps, characters, embeds, and the sets of all.
    pub(super) fn rest(&self) -> (&'a [Step], &'a str, &'a [Any], &'a [Attributes]) {
        let passed = self.delta.steps.len() - self.later.len() - usize::from(!self.is_at_end);
        let steps = &self.delta.steps[passed..];
        debug_assert!(steps.first().is_none_or(|step| self.step.len == step.len), "at the start of a step");
        (steps, self.text, self.embeds, self.delta.sets())
    }
}
