//! A cursor over a delta that can stop inside of steps. (quill-delta: `OpIterator`)

use super::Attributes;
use super::delta::{Delta, Kind, Op, Step};
use crate::values::utf16::{self, Place};
use crate::values::{Any, Error, ErrorKind};

/// Where one is in a delta. Behind its end lies a retain without end.
pub(super) struct Cursor<'a> {
    delta: &'a Delta,
    /// The step that comes next, or its rest.
    at: usize,
    /// What is left of it.
    len: u32,
    bytes: u32,
    /// What comes next of the inserted characters and embeds.
    text_at: usize,
    embed_at: usize,
}

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
    pub(super) fn new(delta: &'a Delta) -> Self {
        let mut cursor = Cursor { delta, at: 0, len: 0, bytes: 0, text_at: 0, embed_at: 0 };
        cursor.enter();
        cursor
    }

    #[inline]
    fn enter(&mut self) {
        (self.len, self.bytes) = match self.delta.steps.get(self.at) {
            Some(step) => (step.len, step.bytes),
            None => (u32::MAX, 0),
        };
    }

    #[inline]
    pub(super) fn is_at_end(&self) -> bool {
        self.at >= self.delta.steps.len()
    }

    /// What kind of step comes next.
    #[inline]
    pub(super) fn kind(&self) -> Kind {
        self.delta.steps.get(self.at).map_or(Kind::Retain, |step| step.kind)
    }

    /// What is left of the step that comes next.
    #[inline]
    pub(super) fn left(&self) -> u32 {
        self.len
    }

    /// The attributes of the step that comes next.
    #[inline]
    pub(super) fn attributes(&self) -> &'a Attributes {
        match self.delta.steps.get(self.at) {
            Some(Step { set: 1.., .. }) => &self.delta.sets[self.delta.steps[self.at].set as usize - 1],
            _ => &Attributes::NONE,
        }
    }

    #[inline]
    pub(super) fn is_insert(&self) -> bool {
        matches!(self.kind(), Kind::Text | Kind::Embed)
    }

    /// Takes the whole rest of the step that comes next.
    #[inline]
    pub(super) fn take_step(&mut self) -> Piece<'a> {
        let kind = self.kind();
        let mut piece = Piece { kind, len: self.len, text: "", embed: &Any::Null, attributes: self.attributes() };
        match kind {
            Kind::Text => {
                let end = self.text_at + self.bytes as usize;
                piece.text = &self.delta.text[self.text_at..end];
                self.text_at = end;
            }
            Kind::Embed => {
                piece.embed = &self.delta.embeds[self.embed_at];
                self.embed_at += 1;
            }
            Kind::Retain | Kind::Delete => {}
        }
        self.at += 1;
        self.enter();
        piece
    }

    /// Takes `len` units, at most what is left of the step.
    #[inline]
    pub(super) fn take(&mut self, len: u32) -> Result<Piece<'a>, Error> {
        if len == self.len && !self.is_at_end() {
            return Ok(self.take_step());
        }
        let kind = self.kind();
        let mut piece = Piece { kind, len, text: "", embed: &Any::Null, attributes: self.attributes() };
        if kind == Kind::Text {
            let rest = &self.delta.text[self.text_at..self.text_at + self.bytes as usize];
            let end = match self.len == self.bytes {
                true => len as usize,
                false => match utf16::find(rest, len) {
                    Some(Place::Byte(byte)) => byte,
                    _ => return Err(ErrorKind::InsideSurrogatePair.into()),
                },
            };
            piece.text = &rest[..end];
            self.text_at += end;
            self.bytes -= end as u32;
        }
        self.pass_part(len);
        Ok(piece)
    }

    /// Passes `len` units of a retain or a delete, at most what is left of the step.
    #[inline]
    pub(super) fn pass(&mut self, len: u32) {
        if len == self.len && !self.is_at_end() {
            self.at += 1;
            self.enter();
        } else {
            self.pass_part(len);
        }
    }

    #[inline]
    fn pass_part(&mut self, len: u32) {
        if !self.is_at_end() {
            self.len -= len;
        }
    }

    /// What comes next, from the start of a step on: steps, characters, embeds, and the sets of all.
    pub(super) fn rest(&self) -> (&'a [Step], &'a str, &'a [Any], &'a [Attributes]) {
        let Delta { steps, text, embeds, sets } = self.delta;
        debug_assert!(self.is_at_end() || self.len == steps[self.at].len, "at the start of a step");
        (&steps[self.at..], &text[self.text_at..], &embeds[self.embed_at..], sets)
    }
}
