//! Updates that arrived before what they depend on.
//!
//! Each waiting client is registered with the one unit that its first struct misses, so an update that brings
//! something new looks only at those who wait for it, however much waits.

use super::plan::missing;
use crate::lib0::{Reader, write_var_uint};
use crate::store::Store;
use crate::update::{Content, Struct, parse_struct, write_struct};
use crate::values::{ClientId, Clock, Error, ErrorKind, Id, IdSet};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// What a pending range of deletes is counted as, in bytes.
const RANGE_BYTES: usize = 16;

/// What waits, within a limit.
#[derive(Debug)]
pub(crate) struct Pending {
    clients: BTreeMap<ClientId, Queue>,
    /// Who waits for which unit: (unit, waiting client).
    waiters: BTreeSet<(Id, ClientId)>,
    /// Deletes of units that are not known.
    deletes: IdSet,
    bytes: usize,
    limit_bytes: usize,
}

/// The structs of one client that wait, by clock. They may overlap.
#[derive(Debug)]
struct Queue {
    structs: BTreeMap<Clock, Waiting>,
    missing: Id,
}

/// One struct in bytes, as in an update.
#[derive(Debug)]
struct Waiting {
    len: Clock,
    bytes: Box<[u8]>,
}

impl Pending {
    pub(super) fn new(limit_bytes: usize) -> Pending {
        Pending { clients: BTreeMap::new(), waiters: BTreeSet::new(), deletes: IdSet::default(), bytes: 0, limit_bytes }
    }

    /// Whether nothing waits.
    pub(crate) fn is_empty(&self) -> bool {
        self.clients.is_empty() && self.deletes.is_empty()
    }

    /// Refuses to take what would pass the limit.
    pub(super) fn check_room(&self, bytes: usize, delete_ranges: usize) -> Result<(), Error> {
        let known = self.deletes.range_count() * RANGE_BYTES + self.bytes;
        match known + bytes + delete_ranges * RANGE_BYTES <= self.limit_bytes {
            true => Ok(()),
            false => Err(ErrorKind::PendingLimit.into()),
        }
    }

    /// Adds a struct that has to wait. `register` it afterwards.
    pub(super) fn add(&mut self, read: &Struct, bytes: &[u8]) {
        let queue = self
            .clients
            .entry(read.id.client)
            .or_insert_with(|| Queue { structs: BTreeMap::new(), missing: Id::new(read.id.client, Clock::MAX) });
        let before = queue.structs.range(..=read.id.clock).next_back();
        if before.is_some_and(|(clock, waiting)| clock + waiting.len >= read.end()) {
            return;
        }
        let mut own = Vec::new();
        write_struct(&mut own, read, bytes, 0..read.len);
        self.bytes += own.len();
        let waiting = Waiting { len: read.len, bytes: own.into() };
        if let Some(shorter) = queue.structs.insert(read.id.clock, waiting) {
            self.bytes -= shorter.bytes.len();
        }
    }

    /// Takes the next struct of `client` that can be integrated now, in bytes with its id. Registers the client with
    /// what it misses if there is none.
    pub(super) fn take_ready(&mut self, client: ClientId, store: &Store) -> Option<(Id, Box<[u8]>)> {
        let queue = self.clients.get_mut(&client)?;
        self.waiters.remove(&(queue.missing, client));
        let own = store.clock(client);
        while let Some(first) = queue.structs.first_entry() {
            let id = Id::new(client, *first.key());
            if id.clock + first.get().len <= own {
                self.bytes -= first.remove().bytes.len();
                continue;
            }
            let read = reread(id, &first.get().bytes);
            if let Some(missing) = missing(&read, own, |client| store.clock(client)) {
                queue.missing = missing;
                self.waiters.insert((missing, client));
                return None;
            }
            let ready = first.remove().bytes;
            self.bytes -= ready.len();
            return Some((id, ready));
        }
        self.clients.remove(&client);
        None
    }

    /// The clients that wait for a unit of `client` below `clock`.
    pub(super) fn waiting_for(&self, client: ClientId, clock: Clock) -> Vec<ClientId> {
        let range = (Id::new(client, 0), ClientId::new(0))..(Id::new(client, clock), ClientId::new(0));
        self.waiters.range(range).map(|(_, waiting)| *waiting).collect()
    }

    /// Adds deletes of units that are not known.
    pub(super) fn add_deletes(&mut self, deletes: &IdSet) {
        self.deletes.merge(deletes);
    }

    /// Takes the waiting deletes of units of `client` that are known by now.
    pub(super) fn take_deletes(&mut self, client: ClientId, clock: Clock) -> Vec<Range<Clock>> {
        self.deletes.take_below(client, clock)
    }

    /// The units of structs that wait.
    pub(crate) fn ranges(&self) -> IdSet {
        let all = self.clients.iter();
        all.flat_map(|(client, queue)| queue.structs.iter().map(|(clock, s)| (*client, *clock..clock + s.len)))
            .collect()
    }

    /// The deletes that wait.
    pub(crate) fn deletes(&self) -> &IdSet {
        &self.deletes
    }

    /// The units that are waited for, one for each client that waits.
    pub(crate) fn missing(&self) -> impl Iterator<Item = Id> + '_ {
        self.clients.values().map(|queue| queue.missing)
    }

    /// The clients of which structs wait, ids descending, with the first clock that does.
    pub(super) fn clients(&self) -> impl Iterator<Item = (ClientId, Clock)> + '_ {
        self.clients.iter().rev().filter_map(|(client, queue)| Some((*client, *queue.structs.keys().next()?)))
    }

    /// Appends the structs of a client that wait, from `clock` on, as in an update; gaps are Skips.
    /// Returns how many structs were written.
    pub(super) fn write_client(&self, out: &mut Vec<u8>, client: ClientId, mut clock: Clock) -> u64 {
        let Some(queue) = self.clients.get(&client) else {
            return 0;
        };
        let mut count = 0;
        for (at, waiting) in &queue.structs {
            let end = at + waiting.len;
            if end <= clock {
                continue;
            }
            if *at > clock {
                out.push(Content::Skip as u8);
                write_var_uint(out, (at - clock).into());
                count += 1;
            }
            let read = reread(Id::new(client, *at), &waiting.bytes);
            write_struct(out, &read, &waiting.bytes, clock.saturating_sub(*at)..waiting.len);
            count += 1;
            clock = end;
        }
        count
    }

    /// Panics if the count of bytes, the waiters or the queues contradict each other.
    pub(super) fn assert_invariants(&self, store: &Store) {
        let bytes: usize = self.clients.values().flat_map(|queue| queue.structs.values()).map(|s| s.bytes.len()).sum();
        assert_eq!(bytes, self.bytes);
        assert_eq!(self.waiters.len(), self.clients.len());
        for (client, queue) in &self.clients {
            assert!(!queue.structs.is_empty());
            assert!(self.waiters.contains(&(queue.missing, *client)));
            assert!(queue.missing.clock >= store.clock(queue.missing.client), "what is waited for is not known");
        }
        for (client, range) in self.deletes.iter() {
            assert!(range.start >= store.clock(client), "deletes of known units don't wait");
        }
    }
}

/// Reads a struct that was checked when it came.
pub(super) fn reread(id: Id, bytes: &[u8]) -> Struct {
    parse_struct(&mut Reader::new(bytes), id).expect("a struct that waits was checked when it came")
}
