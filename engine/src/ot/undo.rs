//! Undo and redo of one's own changes, whatever others do in between.

use super::Delta;
use crate::values::Error;

/// Two stacks of changes. Each entry is made against the content that is there once all entries above it are carried out.
///
/// ```
/// use merganser::ot::{Delta, UndoStack};
///
/// let mut undo = UndoStack::default();
/// let mut content = Delta::new().with_insert("a duck");
/// let mine = Delta::new().with_retain(6).with_insert(" dives");
/// undo.note(&mine, &content, false)?;
/// content = mine.apply(&content)?;
///
/// let theirs = Delta::new().with_insert("Look: ");
/// undo.note_remote(&theirs);
/// content = theirs.apply(&content)?;
///
/// let back = undo.undo(&content)?.expect("there is something to undo");
/// content = back.apply(&content)?;
/// assert_eq!(content.text(), "Look: a duck");
/// let again = undo.redo(&content)?.expect("there is something to redo");
/// assert_eq!(again.apply(&content)?.text(), "Look: a duck dives");
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Clone, Debug, Default)]
pub struct UndoStack {
    undo: Vec<Delta>,
    redo: Vec<Delta>,
}

impl UndoStack {
    /// Notes a change by the user, with the content before it. `joins`: it is undone together with the one before, as
    /// when both were typed within a moment. O(change, and content up to its end).
    ///
    /// # Errors
    /// A change that does not fit the content.
    pub fn note(&mut self, op: &Delta, before: &Delta, joins: bool) -> Result<(), Error> {
        let back = op.invert(before)?;
        let joined = if joins { self.undo.pop() } else { None };
        self.undo.push(match joined {
            Some(earlier) => back.compose(&earlier)?,
            None => back,
        });
        self.redo.clear();
        Ok(())
    }

    /// Notes what somebody else changed. O(stacks).
    pub fn note_remote(&mut self, op: &Delta) {
        for stack in [&mut self.undo, &mut self.redo] {
            let mut op = op.clone();
            for entry in stack.iter_mut().rev() {
                let moved = op.transform(entry, true);
                op = entry.transform(&op, false);
                *entry = moved;
            }
            stack.retain(|entry| !entry.is_empty());
        }
    }

    /// What undoes the last change, to be applied to the content and sent; `None` if there is nothing to undo.
    ///
    /// # Errors
    /// If `content` is not what the stack was told of.
    pub fn undo(&mut self, content: &Delta) -> Result<Option<Delta>, Error> {
        step(&mut self.undo, &mut self.redo, content)
    }

    /// What does again what was undone last; `None` if there is nothing.
    ///
    /// # Errors
    /// As for [`undo`](UndoStack::undo).
    pub fn redo(&mut self, content: &Delta) -> Result<Option<Delta>, Error> {
        step(&mut self.redo, &mut self.undo, content)
    }

    /// Forgets the oldest changes beyond so many.
    pub fn shrink(&mut self, most: usize) {
        self.undo.drain(..self.undo.len().saturating_sub(most));
    }
}

fn step(from: &mut Vec<Delta>, to: &mut Vec<Delta>, content: &Delta) -> Result<Option<Delta>, Error> {
    let Some(op) = from.pop() else { return Ok(None) };
    to.push(op.invert(content)?);
    Ok(Some(op))
}
