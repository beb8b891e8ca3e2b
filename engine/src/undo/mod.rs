//! Undo and redo of what one writer did, across the edits of others. (Yjs: `UndoManager`)

mod manager;
mod partition;
mod pop;
mod redo;
mod scope;
mod stack;

pub use manager::{Doomed, UndoManager, UndoOptions};
pub use stack::{Popped, Stack, StackItem, Tracked};
