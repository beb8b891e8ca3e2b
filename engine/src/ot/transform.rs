//! Changes and positions as they are after another change of the same content.

use super::cursor::Cursor;
use super::delta::{Delta, Kind, Step};

impl Delta {
    /// `other`, which was made beside this one, as it has to be after this one. With `priority` this one came first: what
    /// both insert at one place stands in that order, and of what both format its value stays.
    /// O(steps of both and bytes that `other` inserts). (quill-delta: `transform`)
    pub fn transform(&self, other: &Delta, priority: bool) -> Delta {
        let (mut mine, mut theirs) = (Cursor::new(self), Cursor::new(other));
        let mut after = Delta::with_capacity(self.steps.len() + other.steps.len());
        // All that is inserted still is, in the same order.
        after.text.clone_from(&other.text);
        after.append_embeds(other.embeds());
        while !theirs.is_at_end() {
            if mine.is_insert() && (priority || !theirs.is_insert()) {
                after.push_counted(Kind::Retain, mine.left(), 0);
                mine.pass_insert();
            } else if theirs.is_insert() {
                let set = after.set_of(theirs.attributes());
                after.push_insert(Step { set, ..theirs.pass_insert() });
            } else {
                let len = mine.left().min(theirs.left());
                match (mine.kind(), theirs.kind()) {
                    // It is gone already.
                    (Kind::Delete, _) => {}
                    (_, Kind::Delete) => after.push_counted(Kind::Delete, len, 0),
                    _ if theirs.attributes().is_empty() => after.push_counted(Kind::Retain, len, 0),
                    _ => after.retain(len, &mine.attributes().transform(theirs.attributes(), priority)),
                }
                mine.pass(len);
                theirs.pass(len);
            }
        }
        after.chop();
        after
    }

    /// Where a position is after this change, in UTF-16 code units. With `priority` it stays before what is inserted
    /// there. O(steps before it). (quill-delta: `transformPosition`)
    pub fn transform_position(&self, position: u32, priority: bool) -> u32 {
        let mut position = position;
        let mut at = 0_u32;
        for step in &self.steps {
            if at > position {
                break;
            }
            match step.kind {
                Kind::Delete => {
                    position -= step.len.min(position - at);
                    continue;
                }
                Kind::Text | Kind::Embed if at < position || !priority => position = position.saturating_add(step.len),
                _ => {}
            }
            at = at.saturating_add(step.len);
        }
        position
    }
}
