//! What a callback may do.

use super::listeners::Subscription;
use super::told::{Core, Told};
use crate::doc::{Doc, Transaction};
use crate::origin::Origin;
use crate::values::{Error, ErrorKind};

/// What a callback is told of the transaction, and what it may do.
///
/// It may read the document, edit it and take callbacks away. It cannot add any, or end the document: there are no
/// calls for that.
pub struct Reaction<'a> {
    pub(super) core: &'a mut Core,
    pub(super) told: &'a Told,
    /// How many transactions callbacks may still make until the outermost one has been told.
    pub(super) left: &'a mut usize,
}

impl Reaction<'_> {
    /// The document, with all that happened since the transaction.
    pub fn doc(&self) -> &Doc {
        &self.core.doc
    }

    /// Where the transaction that is being told comes from.
    pub fn origin(&self) -> Option<&Origin> {
        self.told.origin.as_ref()
    }

    /// Whether no update of somebody else was applied in it.
    pub fn is_local(&self) -> bool {
        self.told.is_local
    }

    /// Edits the document in a transaction of its own, at once; it is told after the one that is being told now.
    ///
    /// # Errors
    /// [`TooManyReactions`](ErrorKind::TooManyReactions): callbacks answer each other without end.
    pub fn transact<R>(
        &mut self,
        origin: Option<Origin>,
        edit: impl FnOnce(&mut Transaction<'_>) -> R,
    ) -> Result<R, Error> {
        *self.left = self.left.checked_sub(1).ok_or(Error::from(ErrorKind::TooManyReactions))?;
        Ok(self.core.transact(origin, edit))
    }

    /// Takes a callback away; it is not called any more.
    pub fn unobserve(&mut self, subscription: Subscription) {
        self.core.notes.gone.insert(subscription);
    }
}
