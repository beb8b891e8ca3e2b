//! A document's memory: the log of each client, the order of each sequence, the id index, the table of types.
//!
//! Nothing here decides where an item goes; that is `integrate`.

mod block_finder;
mod check;
mod checkpoint;
mod entries;
mod export;
mod formats;
mod handles;
mod id_index;
mod kept;
mod keys;
mod log;
mod order;
mod read;
mod redone;
mod types;

use crate::update::TypeTag;
use crate::values::{ClientId, Clock, Id, IdSet, StateVector};
use kept::Kept;
use order::Order;
use redone::Redone;
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use types::Types;

pub(crate) use block_finder::BlockFinder;
pub(crate) use formats::{Formats, NULL, equals, is_identical};
pub(crate) use handles::hash_bytes;
pub(crate) use keys::Key;
pub(crate) use log::{Block, Entry, LocalId, Log, NO_ORIGIN, NO_SEQUENCE, push_range};
pub(crate) use order::{Client, Filling, Mark, Place, PlacedRun, Sequence, Span, Tag};
pub(crate) use read::{Piece, Unit};
pub(crate) use types::{Owner, TypeHandle};

/// Logs, order and types of one document.
#[derive(Debug)]
pub(crate) struct Store {
    logs: Vec<Log>,
    /// Whether some text is not ASCII.
    has_wide_text: bool,
    handles: BTreeMap<ClientId, Client>,
    /// The client that was last looked up.
    recent: (ClientId, Client),
    pub(crate) order: Order,
    pub(crate) types: Types,
    /// First halves of surrogate pairs that someone has cut: both halves read as U+FFFD (Yjs: `ContentString#splice`).
    cut_pairs: BTreeSet<LocalId>,
    /// Whether deleted content is left out of what is written (Yjs: `doc.gc`).
    pub(crate) collects: bool,
    /// Deleted content that is written in spite of that.
    pub(crate) kept: Kept,
    /// What deleted units were written again as.
    pub(crate) redone: Redone,
}

impl Store {
    pub(crate) fn new(collects: bool) -> Store {
        Store {
            logs: Vec::new(),
            has_wide_text: false,
            handles: BTreeMap::new(),
            recent: (ClientId::MAX, Client::MAX),
            order: Order::default(),
            types: Types::default(),
            cut_pairs: BTreeSet::new(),
            collects,
            kept: Kept::default(),
            redone: Redone::default(),
        }
    }

    /// Gives back most of the memory that lists grew into while a whole document was read. O(1) for what fits.
    pub(crate) fn trim(&mut self) {
        self.logs.iter_mut().for_each(Log::trim);
        self.order.trim();
        self.types.trim();
    }

    /// Whether no client is known.
    pub(crate) fn is_empty(&self) -> bool {
        self.logs.is_empty()
    }

    /// Whether some text is not ASCII.
    #[inline]
    pub(crate) fn has_wide_text(&self) -> bool {
        self.has_wide_text
    }

    /// Appends units at the end of a client's log.
    pub(crate) fn append_to_log(&mut self, client: Client, entry: Entry<'_>) {
        let log = &mut self.logs[client as usize];
        log.append(entry, client);
        self.has_wide_text |= log.has_wide_text();
    }

    /// The handle of a client, if it has written.
    #[inline]
    pub(crate) fn find_client(&self, client: ClientId) -> Option<Client> {
        if self.recent.0 == client && self.recent.1 != Client::MAX {
            return Some(self.recent.1);
        }
        self.handles.get(&client).copied()
    }

    /// The handle of a client; an empty log is begun for a new one.
    #[inline]
    pub(crate) fn client(&mut self, client: ClientId) -> Client {
        if self.recent.0 != client || self.recent.1 == Client::MAX {
            self.recent = (client, self.find_or_add_client(client));
        }
        self.recent.1
    }

    #[inline(never)]
    fn find_or_add_client(&mut self, client: ClientId) -> Client {
        *self.handles.entry(client).or_insert_with(|| {
            let handle = self.logs.len() as Client;
            self.logs.push(Log::new(client));
            self.order.add_client();
            handle
        })
    }

    /// Takes over the logs of a whole document that was read; clients get their positions as handles. No client may be
    /// known yet.
    pub(crate) fn adopt(&mut self, logs: Vec<Log>) {
        debug_assert!(self.is_empty());
        for (handle, log) in (0..).zip(&logs) {
            self.order.add_client();
            self.handles.insert(log.client, handle);
            self.has_wide_text |= log.has_wide_text();
        }
        self.logs = logs;
    }

    /// Joins some blocks of a client's log with those before them: see [`Log::join_part`].
    pub(crate) fn join_blocks(&mut self, client: Client, blocks: Range<usize>, kept: &mut usize) {
        let Store { logs, types, .. } = self;
        logs[client as usize].join_part(client, blocks, kept, |sequence| types.owner(sequence).key.is_none());
    }

    pub(crate) fn log(&self, client: Client) -> &Log {
        &self.logs[client as usize]
    }

    pub(crate) fn log_mut(&mut self, client: Client) -> &mut Log {
        &mut self.logs[client as usize]
    }

    /// Clients with their handles, ids ascending.
    pub(crate) fn clients(&self) -> impl DoubleEndedIterator<Item = (ClientId, Client)> + '_ {
        self.handles.iter().map(|(client, handle)| (*client, *handle))
    }

    /// The clock that a client writes next.
    #[inline]
    pub(crate) fn clock(&self, client: ClientId) -> Clock {
        self.find_client(client).map_or(0, |handle| self.log(handle).end())
    }

    pub(crate) fn state_vector(&self) -> StateVector {
        self.clients().map(|(client, handle)| (client, self.log(handle).end())).collect()
    }

    pub(crate) fn delete_set(&self) -> IdSet {
        let mut set = IdSet::default();
        for (client, handle) in self.clients() {
            for (start, end) in &*self.log(handle).deleted_ranges(0) {
                set.insert(client, *start..*end);
            }
        }
        set
    }

    /// The id that a local id stands for.
    #[inline]
    pub(crate) fn id(&self, local: LocalId) -> Id {
        Id::new(self.logs[local.0 as usize].client, local.1)
    }

    /// The block that holds a unit.
    #[inline]
    pub(crate) fn block(&self, unit: LocalId) -> &Block {
        let log = self.log(unit.0);
        &log.blocks()[log.find(unit.1)]
    }

    /// The root type of this name; a new one has no kind yet.
    pub(crate) fn root(&mut self, name: &str) -> TypeHandle {
        self.types.root(name).unwrap_or_else(|| {
            let sequence = self.order.add_sequence();
            self.types.add(None, name, None, None, sequence)
        })
    }

    /// The name of an element or hook; a root has none. (Yjs: `YXmlElement#nodeName`)
    pub(crate) fn node_name(&self, of: TypeHandle) -> &str {
        let shared = self.types.get(of);
        if shared.item.is_some() { self.types.name(shared) } else { "UNDEFINED" }
    }

    /// Adds the type that unit `item`, about to be appended to a list or entry of `parent`, holds.
    pub(crate) fn add_type(&mut self, tag: TypeTag, name: &str, item: LocalId, parent: TypeHandle) -> TypeHandle {
        let sequence = self.order.add_sequence();
        self.types.add(Some(tag), name, Some(item), Some(parent), sequence)
    }

    /// The sequence of a key of a type; a new one is empty.
    pub(crate) fn entry(&mut self, of: TypeHandle, key: &str) -> Sequence {
        let key = self.types.key(key);
        self.types.entry(of, key).unwrap_or_else(|| {
            let sequence = self.order.add_sequence();
            self.types.add_entry(of, key, sequence);
            sequence
        })
    }

    /// Notes that someone refers to the border before `clock`: if it lies inside a surrogate pair, the pair is broken;
    /// if inside units that were redone as one, they are two runs from now on.
    #[inline(always)]
    pub(crate) fn note_cut(&mut self, client: Client, clock: Clock) {
        if self.log(client).minds_cuts {
            self.note_cut_that_matters(client, clock);
        }
    }

    fn note_cut_that_matters(&mut self, client: Client, clock: Clock) {
        self.redone.cut((client, clock));
        if self.log(client).is_inside_pair(clock) {
            self.cut_pairs.insert((client, clock - 1));
        } else {
            self.log_mut(client).remember_border(clock);
        }
    }

    /// Notes that someone refers to a border inside a block, where nothing was redone.
    #[inline]
    pub(crate) fn note_cut_of(&mut self, client: Client, block: usize, clock: Clock) {
        if self.log(client).is_inside_pair_of(block, clock) {
            self.cut_pairs.insert((client, clock - 1));
        }
    }

    /// Whether a unit stands in a sequence and is not deleted.
    pub(crate) fn is_live(&self, unit: LocalId) -> bool {
        let place = self.order.look_up(unit.0, unit.1);
        place.and_then(|place| self.order.span_at(place)).is_some_and(|(span, _)| !span.is_deleted())
    }

    /// Whether a position before this unit lies inside a surrogate pair that is whole so far.
    pub(crate) fn is_inside_pair(&self, unit: LocalId) -> bool {
        self.log(unit.0).is_inside_pair(unit.1) && !self.cut_pairs.contains(&(unit.0, unit.1 - 1))
    }

    /// Whether somebody has cut a surrogate pair apart.
    pub(crate) fn has_cut_pairs(&self) -> bool {
        !self.cut_pairs.is_empty()
    }

    /// Whether a unit is one half of a pair that was cut apart.
    pub(crate) fn is_half_of_pair(&self, unit: LocalId) -> bool {
        let (client, clock) = unit;
        self.cut_pairs.contains(&unit) || clock > 0 && self.cut_pairs.contains(&(client, clock - 1))
    }
}

/// Adds to a list of large values, which grows by half only.
fn push_large<T>(list: &mut Vec<T>, value: T) {
    if list.len() == list.capacity() {
        list.reserve_exact((list.len() / 2).max(4));
    }
    list.push(value);
}

/// The capacity of a list that has been read: an item in 16 more than it has, so that the next edits find room.
fn with_room(len: usize) -> usize {
    len + len / 16
}

/// Gives back what a list has of capacity beyond that.
fn trim<T>(list: &mut Vec<T>) {
    list.shrink_to(with_room(list.len()));
}
