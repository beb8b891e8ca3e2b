//! Two changes, one after the other, as one.

use super::cursor::Cursor;
use super::delta::{Delta, Kind};
use crate::values::Error;

impl Delta {
    /// The change that does what this one does, and then `next`; of a content: what it is after `next`.
    /// O(steps and inserted bytes of both). (quill-delta: `compose`)
    ///
    /// # Errors
    /// `InsideSurrogatePair` where `next` cuts a pair that this one inserts.
    pub fn compose(&self, next: &Delta) -> Result<Delta, Error> {
        let (mut first, mut second) = (Cursor::new(self), Cursor::new(next));
        let mut both = Delta::new();
        both.steps.reserve(self.steps.len() + next.steps.len());
        both.text.reserve(self.text.len() + next.text.len());
        while !second.is_at_end() {
            if second.is_insert() {
                both.push_piece(&second.take_step());
            } else if first.kind() == Kind::Delete {
                both.push_counted(Kind::Delete, first.left(), 0);
                first.pass(first.left());
            } else {
                let len = first.left().min(second.left());
                let attributes = second.attributes();
                let deletes = second.kind() == Kind::Delete;
                second.pass(len);
                if deletes {
                    // What the first one inserted and the second one deletes is in neither any more.
                    if first.take(len)?.kind == Kind::Retain {
                        both.push_counted(Kind::Delete, len, 0);
                    }
                    continue;
                }
                let mut piece = first.take(len)?;
                if attributes.is_empty() {
                    both.push_piece(&piece);
                } else {
                    let together = piece.attributes.compose(attributes, piece.kind == Kind::Retain);
                    piece.attributes = &together;
                    both.push_piece(&piece);
                }
            }
        }
        both.push_rest(&mut first);
        both.chop();
        Ok(both)
    }
}
