//! What the stacks of an undo manager hold, and what its calls tell.

use crate::doc::Commit;
use crate::origin::Origin;
use crate::store::Client;
use crate::values::{Any, ClientId, Clock, Id, IdSet};
use smallvec::SmallVec;
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
    pub(super) kept: KeptUnits,
    /// Whatever the program wants to remember with it, such as where the cursor was. (Yjs: `meta`)
    pub meta: BTreeMap<Box<str>, Any>,
}

/// Ranges of units that are kept; mostly one.
pub(super) type KeptUnits = SmallVec<[(Client, Range<Clock>); 1]>;

impl StackItem {
    /// The units that were inserted. O(ranges).
    pub fn insertions(&self) -> IdSet {
        self.insertions.iter().collect()
    }

    /// The units that were deleted. O(ranges).
    pub fn deletions(&self) -> IdSet {
        self.deletions.iter().collect()
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
#[derive(Clone, Debug, Default)]
pub(super) enum Ranges {
    #[default]
    None,
    /// What most steps are: one run, typed or deleted.
    One(ClientId, Range<Clock>),
    Many(Box<Many>),
}

/// Any ranges.
#[derive(Clone, Debug, Default)]
pub(super) struct Many {
    set: IdSet,
    clients: Vec<ClientId>,
}

impl Ranges {
    pub(super) fn contains(&self, id: Id) -> bool {
        match self {
            Ranges::None => false,
            Ranges::One(client, range) => *client == id.client && range.contains(&id.clock),
            Ranges::Many(many) => many.set.contains(id),
        }
    }

    /// Yjs: `mergeDeleteSets`.
    fn merge(&mut self, other: &Ranges) {
        match (&mut *self, other) {
            (_, Ranges::None) => {}
            (Ranges::None, _) => *self = other.clone(),
            (Ranges::One(client, range), Ranges::One(later, more)) if client == later && range.end == more.start => {
                range.end = more.end;
            }
            (Ranges::One(client, range), Ranges::One(later, more)) if client == later && range.start == more.end => {
                range.start = more.start;
            }
            (Ranges::Many(many), Ranges::Many(others)) => many.merge(others),
            (Ranges::Many(many), Ranges::One(client, range)) => many.insert(*client, range.clone()),
            (Ranges::One(..), _) => *self = self.iter().chain(other.iter()).collect(),
        }
    }

    /// The ranges, ascending within a client.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ClientId, Range<Clock>)> + '_ {
        let one = match self {
            Ranges::One(client, range) => Some((*client, range.clone())),
            _ => None,
        };
        let many = match self {
            Ranges::Many(many) => Some(many),
            _ => None,
        };
        one.into_iter().chain(many.into_iter().flat_map(|many| many.iter()))
    }
}

impl Many {
    fn insert(&mut self, client: ClientId, range: Range<Clock>) {
        self.set.insert(client, range);
        self.note_client(client);
    }

    fn merge(&mut self, other: &Many) {
        self.set.merge(&other.set);
        other.clients.iter().for_each(|client| self.note_client(*client));
    }

    fn note_client(&mut self, client: ClientId) {
        if !self.clients.contains(&client) {
            self.clients.push(client);
        }
    }

    fn iter(&self) -> impl Iterator<Item = (ClientId, Range<Clock>)> + '_ {
        self.clients.iter().flat_map(|client| self.set.ranges(*client).iter().map(|range| (*client, range.clone())))
    }
}

impl PartialEq for Ranges {
    fn eq(&self, other: &Ranges) -> bool {
        self.iter().eq(other.iter())
    }
}

impl FromIterator<(ClientId, Range<Clock>)> for Ranges {
    fn from_iter<I: IntoIterator<Item = (ClientId, Range<Clock>)>>(ranges: I) -> Ranges {
        let mut ranges = ranges.into_iter();
        match (ranges.next(), ranges.next()) {
            (None, _) => Ranges::None,
            (Some((client, range)), None) => Ranges::One(client, range),
            (first, second) => {
                let ranges = first.into_iter().chain(second).chain(ranges);
                let mut clients = Many::default();
                let set = ranges.inspect(|(client, _)| clients.note_client(*client)).collect();
                Ranges::Many(Box::new(Many { set, ..clients }))
            }
        }
    }
}
