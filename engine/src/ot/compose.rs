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
        let mut both = Delta::with_capacity(self.steps.len() + next.steps.len());
        both.text.reserve(self.text.len() + next.text.len());
        while !second.is_at_end() {
            if second.is_insert() {
                both.push_piece(&second.take_step());
                continue;
            }
            let (len, attributes) = (first.left().min(second.left()), second.attributes());
            match (first.kind(), second.kind()) {
                (Kind::Delete, _) => {
                    both.push_counted(Kind::Delete, first.left(), 0);
                    first.pass(first.left());
                    continue;
                }
                (Kind::Retain, Kind::Delete) => {
                    both.push_counted(Kind::Delete, len, 0);
                    first.pass(len);
                }
                // What the first one inserted and the second one deletes is in neither any more.
                (_, Kind::Delete) => {
                    first.take(len)?;
                }
                (Kind::Retain, _) if attributes.is_empty() && first.attributes().is_empty() => {
                    both.push_counted(Kind::Retain, len, 0);
                    first.pass(len);
                }
                _ if attributes.is_empty() => both.push_piece(&first.take(len)?),
                (kind, _) => {
                    let mut piece = first.take(len)?;
                    let together = piece.attributes.compose(attributes, kind == Kind::Retain);
                    piece.attributes = &together;
                    both.push_piece(&piece);
                }
            }
            second.pass(len);
        }
        both.push_rest(&mut first);
        both.chop();
        Ok(both)
    }
}
