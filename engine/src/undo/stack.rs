//! What the stacks of an undo manager hold, and what its calls tell.

use crate::doc::Commit;
use crate::origin::Origin;
use crate::store::Client;
use crate::values::{Any, ClientId, Clock, Id, IdSet};
use std::collections::BTreeMap;
use std::ops::Range;

/// One of the two stacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stack {
    /// What can be undone.
    Undo,
    /// What was undone and can be done again.
    Redo,
}

/// What one step of undo or redo takes back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct StackItem {
    pub(super) insertions: Ranges,
    pub(super) deletions: Ranges,
    /// What is kept in the document for the sake of this item, each with its own count.
    pub(super) kept: Vec<(Client, Range<Clock>)>,
    /// Whatever the program wants to remember with it, such as where the cursor was. (Yjs: `meta`)
    pub meta: BTreeMap<Box<str>, Any>,
}

impl StackItem {
    /// The units that were inserted.
    pub fn insertions(&self) -> &IdSet {
        &self.insertions.set
    }

    /// The units that were deleted.
    pub fn deletions(&self) -> &IdSet {
        &self.deletions.set
    }

    /// Takes in what came within the capture timeout.
    pub(super) fn merge(&mut self, later: StackItem) {
        self.insertions.merge(&later.insertions);
        self.deletions.merge(&later.deletions);
        self.kept.extend(later.kept);
    }
}

/// What became of a transaction that an undo manager tracks.
#[derive(Clone, Debug, PartialEq)]
pub struct Tracked {
    /// The stack whose last item holds the transaction now.
    pub stack: Stack,
    /// Whether that item was added for it, or was there and took it in.
    pub is_new: bool,
    /// Whether the redo stack was emptied because of it.
    pub redo_cleared: bool,
    /// Where the transaction said that it comes from.
    pub origin: Option<Origin>,
}

/// What an undo or redo did.
#[derive(Debug)]
pub struct Popped<'d> {
    /// The item that was taken back; its `meta` is the program's.
    pub item: StackItem,
    /// The stack that it was on.
    pub stack: Stack,
    /// The item that the other stack gained, so that this can be taken back in turn; `None` if nothing changed after
    /// all, because other undo managers had done so already.
    pub tracked: Option<Tracked>,
    /// The transaction that did it.
    pub commit: Commit<'d>,
}

/// A set of ids that remembers in which order its clients came up: ids are given to what is redone in this order.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Ranges {
    set: IdSet,
    clients: Vec<ClientId>,
}

impl Ranges {
    pub(super) fn contains(&self, id: Id) -> bool {
        self.set.contains(id)
    }

    /// Yjs: `mergeDeleteSets`.
    fn merge(&mut self, other: &Ranges) {
        self.set.merge(&other.set);
        other.clients.iter().for_each(|client| self.note_client(*client));
    }

    fn note_client(&mut self, client: ClientId) {
        if !self.clients.contains(&client) {
            self.clients.push(client);
        }
    }

    /// The ranges, ascending within a client.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ClientId, Range<Clock>)> + '_ {
        self.clients.iter().flat_map(|client| self.set.ranges(*client).iter().map(|range| (*client, range.clone())))
    }
}

impl FromIterator<(ClientId, Range<Clock>)> for Ranges {
    fn from_iter<I: IntoIterator<Item = (ClientId, Range<Clock>)>>(ranges: I) -> Ranges {
        let mut clients = Ranges::default();
        let set = ranges.into_iter().inspect(|(client, _)| clients.note_client(*client)).collect();
        Ranges { set, ..clients }
    }
}
