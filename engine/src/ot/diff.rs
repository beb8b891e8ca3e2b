//! The difference between two contents, as a change.

use super::cursor::Cursor;
use super::delta::{Delta, Kind};
use super::hunks::hunks;
use crate::values::{Error, ErrorKind, utf16};

/// What an embed is compared as.
const EMBED: &str = "\u{fffc}";

impl Delta {
    /// A change that leads from this content to `target`: short, but not always the shortest. Contents of more than some
    /// thousand characters are compared by lines first, then by words where these differ, then by characters
    /// (`imara-diff`, Myers and histogram), so that no content takes quadratic time. Never cuts a surrogate pair.
    /// (quill-delta: `diff`)
    ///
    /// # Errors
    /// `WrongType` if one of both does more than insert.
    pub fn diff(&self, target: &Delta) -> Result<Delta, Error> {
        if !self.is_content() || !target.is_content() {
            return Err(ErrorKind::WrongType.into());
        }
        let (before, after) = (self.as_compared(), target.as_compared());
        let mut change = Delta::new();
        let (mut mine, mut theirs) = (Cursor::new(self), Cursor::new(target));
        let mut at = 0;
        for (removed, added) in hunks(&before, &after) {
            change.push_kept(&mut mine, &mut theirs, utf16::len(&before[at..removed.start]))?;
            change.push_taken(&mut theirs, utf16::len(&after[added]))?;
            let gone = utf16::len(&before[removed.clone()]);
            pass(&mut mine, gone)?;
            change.delete(gone);
            at = removed.end;
        }
        change.push_kept(&mut mine, &mut theirs, utf16::len(&before[at..]))?;
        change.chop();
        Ok(change)
    }

    /// The characters, with one that stands for each embed. (quill-delta: a character that no text has)
    fn as_compared(&self) -> String {
        let mut text = String::with_capacity(self.text.len() + self.embeds().len() * EMBED.len());
        let mut cursor = Cursor::new(self);
        while !cursor.is_at_end() {
            let piece = cursor.take_step();
            text.push_str(if piece.kind == Kind::Embed { EMBED } else { piece.text });
        }
        text
    }

    /// What stays for `len` units: its attributes may differ, and embeds their values.
    fn push_kept(&mut self, mine: &mut Cursor<'_>, theirs: &mut Cursor<'_>, len: u32) -> Result<(), Error> {
        let mut left = len;
        while left > 0 {
            let len = left.min(mine.left()).min(theirs.left());
            let (mine, theirs) = (mine.take(len)?, theirs.take(len)?);
            if mine.kind == theirs.kind && mine.embed == theirs.embed {
                self.retain(len, &mine.attributes.diff(theirs.attributes));
            } else {
                self.push_piece(&theirs);
                self.delete(len);
            }
            left -= len;
        }
        Ok(())
    }

    /// What is inserted: the next `len` units of the target.
    fn push_taken(&mut self, theirs: &mut Cursor<'_>, len: u32) -> Result<(), Error> {
        let mut left = len;
        while left > 0 {
            let piece = theirs.take(left.min(theirs.left()))?;
            self.push_piece(&piece);
            left -= piece.len;
        }
        Ok(())
    }
}

/// Passes `len` units of what is inserted.
fn pass(cursor: &mut Cursor<'_>, len: u32) -> Result<(), Error> {
    let mut left = len;
    while left > 0 {
        left -= cursor.take(left.min(cursor.left()))?.len;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::Any;

    #[test]
    fn an_embed_is_no_character() {
        let with_embed = |value: f64| {
            let mut content = Delta::new().with_insert("a");
            content.embed(Any::Number(value), &Default::default());
            content
        };
        let change = with_embed(1.0).diff(&with_embed(2.0)).unwrap();
        assert_eq!(change.step_count(), 3, "retained, inserted, deleted: {change:?}");
        let as_character = Delta::new().with_insert("a\u{fffc}");
        for target in [with_embed(2.0), as_character] {
            let change = with_embed(1.0).diff(&target).unwrap();
            assert_eq!(with_embed(1.0).compose(&change).unwrap(), target);
        }
    }
}
