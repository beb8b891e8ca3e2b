//! The change that takes another one back.

use super::cursor::Cursor;
use super::delta::{Delta, Kind};
use crate::values::Error;

impl Delta {
    /// The change that leads from `base` with this change back to `base`. O(steps, and bytes of `base` up to the last).
    /// (quill-delta: `invert`)
    ///
    /// # Errors
    /// `InsideSurrogatePair` where this change cuts a pair of `base`.
    pub fn invert(&self, base: &Delta) -> Result<Delta, Error> {
        let (mut change, mut before) = (Cursor::new(self), Cursor::new(base));
        let mut back = Delta::new();
        while !change.is_at_end() {
            let (kind, attributes) = (change.kind(), change.attributes());
            if change.is_insert() {
                back.push_counted(Kind::Delete, change.left(), 0);
                change.take_step();
                continue;
            }
            let len = change.left().min(before.left());
            change.pass(len);
            let is_beyond = before.is_at_end();
            let piece = before.take(len)?;
            match kind {
                Kind::Delete if is_beyond => {}
                Kind::Delete => back.push_piece(&piece),
                _ if attributes.is_empty() => back.push_counted(Kind::Retain, len, 0),
                _ if is_beyond => {}
                _ => back.retain(len, &attributes.invert(piece.attributes)),
            }
        }
        back.chop();
        Ok(back)
    }
}
