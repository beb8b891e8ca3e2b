//! Who or what a transaction comes from.

use std::sync::Arc;

/// What a transaction says of where it comes from. It is not stored and not sent; an
/// [`UndoManager`](crate::undo::UndoManager) goes by it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Origin {
    /// A name that the program gives.
    Name(Arc<str>),
    /// A number that the program gives.
    Number(u64),
    /// The undo manager with this number in its document: an undo or redo of its.
    UndoManager(u32),
}

impl From<&str> for Origin {
    fn from(name: &str) -> Origin {
        Origin::Name(name.into())
    }
}

impl From<u64> for Origin {
    fn from(number: u64) -> Origin {
        Origin::Number(number)
    }
}
