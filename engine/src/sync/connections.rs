//! Connections: what each may do, how far its handshake is, and what of its edits is not stored.

use super::config::Rights;
use super::first_page::Search;
use super::ot::Follower;
use super::their_vector::TheirVector;
use crate::archive::PageBuilder;
use crate::values::IdSet;

/// Most bytes of unstored edits that are kept with a connection.
pub(super) const MOST_TAIL_BYTES: usize = 12 << 10;
/// What the length of an update takes beside it there.
const LENGTH_BYTES: usize = 3;
/// Most awareness ids that are kept with a connection: those beyond are noticed by their silence after hibernation.
pub(super) const MOST_ATTACHED_AWARENESS: usize = 128;

/// One connection of a room.
#[derive(Debug)]
pub(super) struct Connection {
    pub(super) rights: Rights,
    /// It has all that was there before it and gets live updates.
    pub(super) is_live: bool,
    /// Its handshake, while one goes on.
    pub(super) join: Option<Join>,
    /// It has shown its awareness, and so will send it again every 15 s.
    pub(super) beats: bool,
    /// It was told that it may not write.
    pub(super) was_refused: bool,
    /// When it was last asked for what we miss.
    pub(super) asked_ms: Option<u64>,
    /// Its edits that are not stored and for which no write is under way. (Only where a window is kept.)
    pub(super) tail: PageBuilder,
    /// Edits that are not stored of connections that are gone, for which no write is under way.
    pub(super) inherited: Vec<Vec<u8>>,
    /// Its edits for which a write is under way.
    pub(super) tail_being_written: Vec<Vec<u8>>,
    /// Not all of its tail was passed on to others.
    pub(super) tail_waits: bool,
    /// What is attached to it is out of date.
    pub(super) needs_attaching: bool,
    /// An update of it is being taken that is too much for a turn.
    pub(super) sends_large: bool,
    /// It follows by revisions, and knows nothing of updates and awareness.
    pub(super) follower: Option<Box<Follower>>,
}

impl Connection {
    pub(super) fn new(rights: Rights) -> Self {
        Connection {
            rights,
            is_live: false,
            join: None,
            beats: false,
            was_refused: false,
            asked_ms: None,
            tail: PageBuilder::default(),
            inherited: Vec::new(),
            tail_being_written: Vec::new(),
            tail_waits: false,
            needs_attaching: true,
            sends_large: false,
            follower: None,
        }
    }

    /// Whether it is a request, which gets one answer.
    pub(super) fn is_request(&self) -> bool {
        self.follower.as_ref().is_some_and(|follower| follower.is_request())
    }

    /// Bytes that its unstored edits take where they are attached.
    pub(super) fn tail_bytes(&self) -> usize {
        let tail = if self.tail.is_empty() { 0 } else { self.tail.len_bytes() };
        let others = self.inherited.iter().chain(&self.tail_being_written);
        tail + others.map(|update| update.len() + LENGTH_BYTES).sum::<usize>()
    }
}

/// Edits that are not stored of connections that are gone, while there is no other one that they could be kept with.
/// (Only where a window is kept.)
#[derive(Debug, Default)]
pub(super) struct Unclaimed {
    /// Those for which no write is under way.
    pub(super) waiting: Vec<Vec<u8>>,
    /// Those for which a write is.
    pub(super) being_written: Vec<Vec<u8>>,
}

/// A handshake that goes on.
#[derive(Debug)]
pub(super) struct Join {
    /// What the client has; absent if it has nothing.
    pub(super) theirs: Option<TheirVector>,
    /// The search for the first base page that it needs, once that was begun.
    pub(super) search: Option<Search>,
    /// The base page that it gets next, once that is known.
    pub(super) next_page: Option<u32>,
    /// It was sent all structs that it lacks.
    pub(super) has_structs: bool,
    /// Deletes of what it has that it lacks, as its answer to our step 1 tells. Others come with the structs.
    pub(super) lacks: Option<IdSet>,
    /// What was deleted since the handshake began, or was not stored then.
    pub(super) later: IdSet,
    /// When its answer is no longer waited for.
    pub(super) deadline_ms: u64,
    /// Bytes sent since it was last asked for a sign of life.
    pub(super) unpaced_bytes: usize,
    /// It was asked for a sign of life; without one the stream goes on at this time.
    pub(super) paused_until_ms: Option<u64>,
}
