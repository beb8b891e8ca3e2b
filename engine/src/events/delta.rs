//! Deltas of changes: what is kept, inserted and deleted, from the start of a list or text on.

use crate::types::Value;
use crate::values::Any;

/// One step of a delta. Lengths are elements of a list, UTF-16 code units of a text, where an embedded value counts 1.
#[derive(Clone, Debug, PartialEq)]
pub enum DeltaChange {
    /// This much stayed.
    Retain {
        /// How much.
        len: u32,
        /// Formats that it got; `null` took one away.
        attributes: Vec<(Box<str>, Any)>,
    },
    /// This came.
    Insert {
        /// What.
        content: Inserted,
        /// Its formatting.
        attributes: Vec<(Box<str>, Any)>,
    },
    /// This much went.
    Delete {
        /// How much.
        len: u32,
    },
}

/// What was inserted.
#[derive(Clone, Debug, PartialEq)]
pub enum Inserted {
    /// Elements of a list.
    Values(Vec<Value>),
    /// Characters of a text.
    Text(String),
    /// A value or type embedded in a text.
    Embed(Value),
}

/// A delta in the making: steps of one kind that follow each other become one.
#[derive(Debug, Default)]
pub(super) struct DeltaBuilder {
    changes: Vec<DeltaChange>,
    /// Text that comes next is a step of its own.
    cuts_text: bool,
    /// What stays next is a step of its own.
    cuts_retained: bool,
}

impl DeltaBuilder {
    pub(super) fn retain(&mut self, len: u32, attributes: &[(Box<str>, Any)]) {
        if len == 0 {
            return;
        }
        let is_cut = core::mem::take(&mut self.cuts_retained);
        match self.changes.last_mut() {
            Some(DeltaChange::Retain { len: before, attributes: of }) if !is_cut && of == attributes => *before += len,
            _ => self.changes.push(DeltaChange::Retain { len, attributes: attributes.to_vec() }),
        }
    }

    pub(super) fn delete(&mut self, len: u32) {
        match self.changes.last_mut() {
            Some(DeltaChange::Delete { len: before }) => *before += len,
            _ => self.changes.push(DeltaChange::Delete { len }),
        }
    }

    /// Inserts elements of a list; `read` appends them.
    pub(super) fn insert_values(&mut self, read: impl FnOnce(&mut Vec<Value>)) {
        if let Some(DeltaChange::Insert { content: Inserted::Values(values), .. }) = self.changes.last_mut() {
            return read(values);
        }
        let mut values = Vec::new();
        read(&mut values);
        self.changes.push(DeltaChange::Insert { content: Inserted::Values(values), attributes: Vec::new() });
    }

    /// Inserts characters with this formatting; `read` appends them.
    pub(super) fn insert_text(&mut self, attributes: &[(Box<str>, Any)], read: impl FnOnce(&mut String)) {
        let is_cut = core::mem::take(&mut self.cuts_text);
        if let Some(DeltaChange::Insert { content: Inserted::Text(text), .. }) = self.changes.last_mut()
            && !is_cut
        {
            return read(text);
        }
        let mut text = String::new();
        read(&mut text);
        self.changes.push(DeltaChange::Insert { content: Inserted::Text(text), attributes: attributes.to_vec() });
    }

    pub(super) fn insert_embed(&mut self, value: Value, attributes: &[(Box<str>, Any)]) {
        self.changes.push(DeltaChange::Insert { content: Inserted::Embed(value), attributes: attributes.to_vec() });
    }

    /// A mark ends the text before it.
    pub(super) fn cut_text(&mut self) {
        self.cuts_text = true;
    }

    /// What stays from here on has got other formats than what stayed before.
    pub(super) fn cut_retained(&mut self) {
        self.cuts_retained = true;
    }

    /// The delta, without what stayed as it was at its end.
    pub(super) fn finish(mut self) -> Vec<DeltaChange> {
        while let Some(DeltaChange::Retain { attributes, .. }) = self.changes.last()
            && attributes.is_empty()
        {
            self.changes.pop();
        }
        self.changes
    }
}
