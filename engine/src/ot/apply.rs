//! Changes applied to contents: where a change does not fit, it is refused.

use super::delta::{Delta, Kind};
use crate::values::utf16::{self, Place};
use crate::values::{Error, ErrorKind};

impl Delta {
    /// The content after this change. O(length of both).
    ///
    /// # Errors
    /// `OutOfRange` if the change is longer than the content, `InsideSurrogatePair` if a step ends inside a pair,
    /// `WrongType` if `content` does more than insert.
    pub fn apply(&self, content: &Delta) -> Result<Delta, Error> {
        if !content.is_content() {
            return Err(ErrorKind::WrongType.into());
        }
        if self.base_len() > content.len() {
            return Err(ErrorKind::OutOfRange.into());
        }
        content.compose(self)
    }

    /// The plain text after this change. O(bytes of both).
    ///
    /// # Errors
    /// As for [`apply`](Delta::apply); `WrongType` if the change has embeds or attributes.
    pub fn apply_to_text(&self, text: &str) -> Result<String, Error> {
        if !self.is_plain() {
            return Err(ErrorKind::WrongType.into());
        }
        let mut after = String::with_capacity(text.len() + self.text.len());
        let (mut rest, mut inserted) = (text, &self.text[..]);
        for step in &self.steps {
            if step.kind == Kind::Text {
                let (now, later) = inserted.split_at(step.bytes as usize);
                after.push_str(now);
                inserted = later;
                continue;
            }
            let at = match utf16::find(rest, step.len) {
                Some(Place::Byte(byte)) => byte,
                Some(Place::InsidePair(_)) => return Err(ErrorKind::InsideSurrogatePair.into()),
                None => return Err(ErrorKind::OutOfRange.into()),
            };
            let (passed, behind) = rest.split_at(at);
            if step.kind == Kind::Retain {
                after.push_str(passed);
            }
            rest = behind;
        }
        after.push_str(rest);
        Ok(after)
    }
}
