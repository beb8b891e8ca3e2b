//! Awareness as a room relays it: who shows what, over which connection, without looking into the values.

use super::ConnectionId;
use super::close::{AWARENESS_BYTES, AWARENESS_ENTRIES, AWARENESS_ENTRY_TOO_LARGE, CloseReason, MALFORMED};
use super::config::Limits;
use crate::awareness::{EntryPart, EntryWriter, NULL, read_entries};
use crate::values::{ClientId, Clock, ErrorKind, SortedMap};
use std::collections::{BTreeMap, VecDeque};

/// The awareness entries of a room.
#[derive(Debug, Default)]
pub(super) struct Presence {
    entries: SortedMap<ClientId, Entry>,
    /// Bytes of all states.
    bytes: usize,
    /// Which clients each connection announced.
    announced: SortedMap<ConnectionId, Vec<ClientId>>,
    /// The last clocks of clients that are gone, oldest first: stock clients send on what they hear of others, and
    /// such an echo must not bring back who has left meanwhile.
    gone: VecDeque<(ClientId, Clock)>,
}

/// So many clients that are gone are remembered.
const MOST_GONE: usize = 256;

#[derive(Debug)]
struct Entry {
    clock: Clock,
    /// JSON; absent after hibernation, when only the clock is known.
    state: Option<Box<str>>,
    owner: ConnectionId,
}

impl Entry {
    fn bytes(&self) -> usize {
        self.state.as_ref().map_or(0, |state| state.len())
    }
}

impl Presence {
    /// Takes an awareness update; returns what of it is to be relayed to everybody, its sender included, if
    /// anything. (y-protocols: `applyAwarenessUpdate`) Nothing changes where it is refused.
    pub(super) fn receive(
        &mut self,
        from: ConnectionId,
        update: &[u8],
        limits: &Limits,
    ) -> Result<Option<Vec<u8>>, CloseReason> {
        // As many may have gone as are there.
        let entries = read_entries(update, 2 * limits.awareness_entries).map_err(|error| match error.kind {
            ErrorKind::TooLarge => AWARENESS_ENTRIES,
            _ => MALFORMED,
        })?;
        if entries.iter().any(|entry| entry.state.len() > limits.awareness_entry_bytes) {
            return Err(AWARENESS_ENTRY_TOO_LARGE);
        }
        let added = entries.iter().filter(|entry| entry.state != NULL && !self.entries.contains_key(&entry.client));
        if self.entries.len() + added.count() > limits.awareness_entries {
            return Err(AWARENESS_ENTRIES);
        }
        let shown = entries.iter().filter(|entry| entry.state != NULL);
        let replaced = |client| self.entries.get(client).map_or(0, Entry::bytes);
        let grown = shown.map(|entry| entry.state.len().saturating_sub(replaced(&entry.client))).sum::<usize>();
        if self.bytes + grown > limits.awareness_bytes {
            return Err(AWARENESS_BYTES);
        }
        let mut relayed = EntryWriter::default();
        // Who comes back shows itself first, perhaps with its last clock; what comes later with that is an echo.
        let is_first = !self.announced.contains_key(&from);
        for EntryPart { client, clock, state } in entries {
            let known = self.entries.get(&client);
            let is_later = match known {
                Some(known) => clock > known.clock || clock == known.clock && (state == NULL || known.state.is_none()),
                None => {
                    let gone = self.gone.iter().find(|(of, _)| *of == client);
                    gone.is_none_or(|(_, gone)| clock > *gone || clock == *gone && is_first && state != NULL)
                }
            };
            if !is_later {
                continue;
            }
            relayed.add(client, clock, state);
            // After hibernation anybody may tell what one shows whose clock is known: that makes nobody its owner.
            let told_by_other = known.filter(|known| state != NULL && clock == known.clock && !is_first);
            if let Some(owner) = told_by_other.map(|known| known.owner) {
                self.put(client, Entry { clock, state: Some(state.into()), owner });
                continue;
            }
            if let Some(known) = known.filter(|known| state == NULL || known.owner != from) {
                let owner = known.owner;
                self.disown(owner, client);
            }
            if state == NULL {
                self.take(client);
                self.remember_gone(client, clock);
                continue;
            }
            self.gone.retain(|(of, _)| *of != client);
            let announced = self.announced.get_or_default(from);
            if !announced.contains(&client) {
                announced.push(client);
            }
            self.put(client, Entry { clock, state: Some(state.into()), owner: from });
        }
        Ok(finish(relayed))
    }

    fn put(&mut self, client: ClientId, entry: Entry) {
        self.take(client);
        self.bytes += entry.bytes();
        self.entries.insert(client, entry);
    }

    fn take(&mut self, client: ClientId) -> Option<Entry> {
        let entry = self.entries.remove(&client)?;
        self.bytes -= entry.bytes();
        Some(entry)
    }

    fn remember_gone(&mut self, client: ClientId, clock: Clock) {
        self.gone.retain(|(of, _)| *of != client);
        if self.gone.len() == MOST_GONE {
            self.gone.pop_front();
        }
        self.gone.push_back((client, clock));
    }

    fn disown(&mut self, owner: ConnectionId, client: ClientId) {
        if let Some(announced) = self.announced.get_mut(&owner) {
            announced.retain(|of| *of != client);
        }
    }

    /// Takes back what an attachment says that a connection announced.
    pub(super) fn restore(&mut self, owner: ConnectionId, announced: &[(u64, Clock)]) {
        for (client, clock) in announced {
            let client = ClientId::new(*client);
            // A client may be behind two connections: who told the later clock owns it.
            if let Some(known) = self.entries.get(&client) {
                if known.clock >= *clock {
                    continue;
                }
                self.disown(known.owner, client);
            }
            self.put(client, Entry { clock: *clock, state: None, owner });
            self.announced.get_or_default(owner).push(client);
        }
    }

    /// What a connection announced, with its clocks.
    pub(super) fn announced(&self, owner: ConnectionId) -> Vec<(u64, Clock)> {
        let clients = self.announced.get(&owner).into_iter().flatten();
        clients.filter_map(|client| Some((client.value(), self.entries.get(client)?.clock))).collect()
    }

    /// Forgets a connection; returns what tells the others that those whom it announced are gone.
    pub(super) fn remove(&mut self, owner: ConnectionId) -> Option<Vec<u8>> {
        let mut relayed = EntryWriter::default();
        for client in self.announced.remove(&owner)? {
            if let Some(entry) = self.take(client) {
                // The same clock: it removes the entry everywhere, and does not outrun the client if it comes back.
                relayed.add(client, entry.clock, NULL);
                self.remember_gone(client, entry.clock);
            }
        }
        finish(relayed)
    }

    /// All that is shown, as an awareness update.
    pub(super) fn encode(&self) -> Option<Vec<u8>> {
        let mut relayed = EntryWriter::default();
        for (client, entry) in self.entries.iter() {
            if let Some(state) = &entry.state {
                relayed.add(*client, entry.clock, state);
            }
        }
        finish(relayed)
    }

    pub(super) fn assert_invariants(&self, is_connected: impl Fn(ConnectionId) -> bool) {
        let announced = self.announced.iter().flat_map(|(owner, all)| all.iter().map(|client| (*client, *owner)));
        let announced: BTreeMap<ClientId, ConnectionId> = announced.collect();
        let owners: BTreeMap<ClientId, ConnectionId> =
            self.entries.iter().map(|(client, of)| (*client, of.owner)).collect();
        assert_eq!(owners, announced, "each entry is announced by its owner, and only by it");
        assert_eq!(self.bytes, self.entries.values().map(Entry::bytes).sum::<usize>(), "bytes are counted");
        assert_eq!(self.announced.values().map(Vec::len).sum::<usize>(), announced.len(), "each is announced once");
        assert!(owners.values().all(|owner| is_connected(*owner)), "who shows something is connected");
    }

    pub(super) fn len(&self) -> usize {
        self.entries.len()
    }
}

fn finish(relayed: EntryWriter) -> Option<Vec<u8>> {
    (!relayed.is_empty()).then(|| relayed.finish())
}
