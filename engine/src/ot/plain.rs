//! Rich deltas as they show in a plain text.

use super::{Attributes, Delta, Op};

/// What an embed is in a plain text (OBJECT REPLACEMENT CHARACTER).
const OBJECT: &str = "\u{fffc}";

impl Delta {
    /// The delta without attributes, each embed as U+FFFC: offsets stay the same. O(length).
    pub fn to_plain(&self) -> Delta {
        if self.is_plain() {
            return self.clone();
        }
        let mut plain = Delta::new();
        for op in self.ops() {
            match op {
                Op::Retain { len, .. } => plain.retain(len, &Attributes::NONE),
                Op::Insert { text, .. } => plain.insert(text, &Attributes::NONE),
                Op::Embed { .. } => plain.insert(OBJECT, &Attributes::NONE),
                Op::Delete { len } => plain.delete(len),
            }
        }
        plain.chop();
        plain
    }
}
