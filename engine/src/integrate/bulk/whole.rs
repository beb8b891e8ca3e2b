//! A whole document read straight into the logs that it will have.
//!
//! No table of structs is made: a block is what stays of one. What a block does not say, its place and its type, is found
//! out once all are read.

use super::PART;
use crate::store::{Client, Entry, LocalId, Log, NO_ORIGIN, NO_SEQUENCE, TypeHandle};
use crate::update::{Brief, ByteRange, Content, Parent, QuietReader, WrittenClient};
use crate::values::{ClientId, Clock, Id, Pace, sort_in_steps};
use std::collections::BTreeMap;

/// Where an item without origins goes.
#[derive(Clone, Copy, Debug)]
pub(super) struct Head {
    /// The item's first unit.
    pub(super) unit: LocalId,
    pub(super) parent: Named,
    pub(super) key: Option<ByteRange>,
}

/// A type as an item names it.
#[derive(Clone, Copy, Debug)]
pub(super) enum Named {
    /// The root of this name.
    Root(ByteRange),
    /// The one that this unit holds.
    In(LocalId),
}

/// Structs of a client that are being read.
#[derive(Clone, Copy)]
struct Reading {
    client: Client,
    own: WrittenClient,
    /// How many are left.
    count: usize,
    /// The clock of the next one.
    next: Clock,
}

/// So many handles are remembered.
const RECENT: usize = 64;

#[derive(Debug)]
struct Recent([(ClientId, Client); RECENT]);

impl Default for Recent {
    fn default() -> Self {
        Recent([(ClientId::MAX, Client::MAX); RECENT])
    }
}

/// Logs whose blocks stand in no sequence yet; none has been joined to the one before.
#[derive(Debug, Default)]
pub(super) struct Whole {
    /// A client's handle is its position.
    pub(super) logs: Vec<Log>,
    handles: BTreeMap<ClientId, Client>,
    /// Handles that were looked up last, by what their clients' ids end with.
    recent: Recent,
    /// By unit, ascending.
    pub(super) heads: Vec<Head>,
    /// Deleted clocks: clients and ranges ascending, neither touching nor overlapping.
    pub(super) deletes: Vec<(Client, Clock, Clock)>,
    /// How many items hold a type.
    pub(super) types: usize,
}

impl Whole {
    /// Reads updates, which lie behind each other in `bytes`, and of which each goes on where those before it end. `None`
    /// if they don't, are malformed, leave gaps, delete what they don't hold, or are a few bytes
    /// that stand for very many ids. O(bytes).
    pub(super) async fn read(bytes: &[u8], updates: &[&[u8]], pace: &Pace) -> Option<Whole> {
        const MOST_UNITS_PER_BYTE: u64 = 64;
        // Handles of types are kept before what is read of them.
        const MOST_BYTES: usize = u32::MAX as usize / 4;
        if bytes.len() > MOST_BYTES {
            return None;
        }
        let mut whole = Whole::default();
        let mut start = 0;
        for update in updates {
            let end = start + update.len();
            whole.read_update(&mut QuietReader::starting_at(&bytes[..end], start), pace).await?;
            start = end;
        }
        whole.logs.iter_mut().for_each(Log::trim);
        sort_in_steps(&mut whole.heads, |head| (head.unit.0.into(), head.unit.1.into()), pace).await;
        whole.join_deletes(pace).await;
        let all_write = whole.logs.iter().all(|log| log.end() > 0);
        let units: u64 = whole.logs.iter().map(|log| u64::from(log.end())).sum();
        let holds_deleted = whole.deletes.iter().all(|(of, _, end)| *end <= whole.logs[*of as usize].end());
        (all_write && holds_deleted && units <= MOST_UNITS_PER_BYTE * bytes.len() as u64).then_some(whole)
    }

    /// `None` also if the update does not go on where the logs end.
    async fn read_update(&mut self, from: &mut QuietReader<'_>, pace: &Pace) -> Option<()> {
        for _ in 0..from.count(3)? {
            let mut reading = self.begin_client(from)?;
            while reading.count > 0 {
                let part = reading.count.min(PART);
                reading = self.read_structs(reading, part, from)?;
                pace.spend(6 * part).await;
            }
        }
        for _ in 0..from.count(2)? {
            let client = from.client()?;
            let client = self.client(client);
            let mut count = from.count(2)?;
            self.deletes.reserve(count);
            while count > 0 {
                let part = count.min(PART);
                self.read_deletes(client, part, from)?;
                count -= part;
                pace.spend(part).await;
            }
        }
        from.is_at_end().then_some(())
    }

    /// Reads whose structs follow; `None` if they don't go on where its log ends.
    fn begin_client(&mut self, from: &mut QuietReader<'_>) -> Option<Reading> {
        // Most structs are longer than this; of the others there is room for some, and lists grow.
        const USUAL_BYTES: usize = 8;
        let count = from.count(2)?;
        let own = from.written_client()?;
        let next = from.clock()?;
        let client = self.client(own.id);
        let log = &mut self.logs[client as usize];
        log.reserve(count.min((from.bytes().len() - from.offset()) / USUAL_BYTES));
        let goes_on = count == 0 || next == log.end();
        goes_on.then_some(Reading { client, own, count, next })
    }

    /// Reads so many of a client's structs; `None` if one is of no use here.
    #[inline(never)]
    fn read_structs(&mut self, reading: Reading, count: usize, from: &mut QuietReader<'_>) -> Option<Reading> {
        let Reading { client, own, next: mut clock, .. } = reading;
        let mut at = from.clone();
        for _ in 0..count {
            let read = Brief::read(&mut at, &own, clock)?;
            let end = clock.checked_add(read.len).filter(|end| *end < Clock::MAX)?;
            if read.content == Content::Skip {
                return None;
            }
            // A struct without units names nothing; nothing can refer to it.
            if read.len > 0 {
                self.append(client, Id::new(own.id, clock), &read);
            }
            clock = end;
        }
        *from = at;
        Some(Reading { count: reading.count - count, next: clock, ..reading })
    }

    #[inline(never)]
    fn read_deletes(&mut self, client: Client, count: usize, from: &mut QuietReader<'_>) -> Option<()> {
        for _ in 0..count {
            let start = from.clock()?;
            let end = start.checked_add(from.clock()?)?;
            if start < end {
                self.deletes.push((client, start, end));
            }
        }
        Some(())
    }

    #[inline(always)]
    fn append(&mut self, client: Client, id: Id, read: &Brief<'_>) {
        let origin = self.local(client, id.client, read.origin);
        let right_origin = self.local(client, id.client, read.right_origin);
        if let Some((parent, key)) = read.named {
            self.add_head((client, id.clock), id.client, parent, key);
        }
        const NOT_KNOWN_YET: TypeHandle = 0;
        self.types += usize::from(read.content == Content::Type);
        let entry = Entry {
            content: read.content,
            len: read.len,
            origin,
            right_origin,
            sequence: NO_SEQUENCE,
            is_joinable: false,
            holds: (read.content == Content::Type).then_some(NOT_KNOWN_YET),
            payload: read.payload,
        };
        self.logs[client as usize].append_apart(entry, client);
    }

    fn add_head(&mut self, unit: LocalId, own_id: ClientId, parent: Parent, key: Option<ByteRange>) {
        let parent = match parent {
            Parent::Inherited => return,
            Parent::Root(name) => Named::Root(name),
            Parent::Item(id) => Named::In(self.local(unit.0, own_id, Some(id))),
        };
        self.heads.push(Head { unit, parent, key });
    }

    #[inline(always)]
    fn local(&mut self, own: Client, own_id: ClientId, id: Option<Id>) -> LocalId {
        match id {
            None => NO_ORIGIN,
            Some(id) if id.client == own_id => (own, id.clock),
            Some(id) => (self.client(id.client), id.clock),
        }
    }

    /// The handle of a client; one that is only referred to has an empty log.
    #[inline(never)]
    fn client(&mut self, client: ClientId) -> Client {
        let slot = client.value() as usize % RECENT;
        if self.recent.0[slot].0 != client || self.recent.0[slot].1 == Client::MAX {
            self.recent.0[slot] = (client, self.find_or_add(client));
        }
        self.recent.0[slot].1
    }

    #[inline(never)]
    fn find_or_add(&mut self, client: ClientId) -> Client {
        let logs = &mut self.logs;
        *self.handles.entry(client).or_insert_with(|| {
            logs.push(Log::new(client));
            logs.len() as Client - 1
        })
    }

    async fn join_deletes(&mut self, pace: &Pace) {
        let place = |(client, start, _): &(Client, Clock, Clock)| ((*client).into(), (*start).into());
        sort_in_steps(&mut self.deletes, place, pace).await;
        self.deletes.dedup_by(|next, kept| {
            let touches = next.0 == kept.0 && next.1 <= kept.2;
            if touches {
                kept.2 = kept.2.max(next.2);
            }
            touches
        });
        pace.spend(self.deletes.len() / 4).await;
    }

    /// Handles with the largest client id first.
    pub(super) fn descending(&self) -> impl Iterator<Item = Client> + '_ {
        self.handles.values().rev().copied()
    }

    /// Index of the first head of each client.
    pub(super) fn first_heads(&self) -> Vec<usize> {
        let clients = 0..self.logs.len() as Client;
        clients.map(|client| self.heads.partition_point(|head| head.unit.0 < client)).collect()
    }
}
