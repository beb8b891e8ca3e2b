//! Awareness: what each client shows of itself (name, cursor) while it is there. Nothing of it is stored.

mod changes;
mod entries;

pub use changes::{Changes, Clients};
pub use entries::modify_update;
pub(crate) use entries::{EntryPart, EntryWriter, NULL, read_entries};

use crate::lib0::{Reader, check_json};
use crate::values::{Any, ClientId, Clock, Error};
use std::collections::{BTreeMap, btree_map};

/// After so long without a word from a client it counts as gone, in milliseconds. (y-protocols: `outdatedTimeout`)
pub const OUTDATED_MS: u64 = 30_000;

/// The states that clients show, ours among them, as in y-protocols. States are JSON texts.
///
/// It reads no clock: each call is handed the time in milliseconds, from any start, never running back.
/// Of clients that are gone the clock is kept (about 50 bytes each), so that late messages do not bring them back.
///
/// ```
/// use merganser::{ClientId, awareness::Awareness};
///
/// let mut ours = Awareness::new(ClientId::from(1), 0);
/// let mut theirs = Awareness::new(ClientId::from(2), 0);
/// let changes = ours.set_local_state(Some(r#"{"name":"Ada"}"#), 10)?;
/// theirs.apply_update(&ours.encode_update(changes.all()), 20)?;
/// assert_eq!(theirs.state(ClientId::from(1)), Some(r#"{"name":"Ada"}"#));
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Awareness {
    client_id: ClientId,
    entries: BTreeMap<ClientId, Entry>,
}

#[derive(Clone, Debug)]
struct Entry {
    clock: Clock,
    /// JSON text; absent where the client is gone.
    state: Option<Box<str>>,
    updated_ms: u64,
}

impl Awareness {
    /// Awareness of the client `client_id`, which shows `{}` at first.
    pub fn new(client_id: ClientId, now_ms: u64) -> Awareness {
        let ours = Entry { clock: 0, state: Some("{}".into()), updated_ms: now_ms };
        Awareness { client_id, entries: BTreeMap::from([(client_id, ours)]) }
    }

    /// Whose state is the local one.
    pub fn client_id(&self) -> ClientId {
        self.client_id
    }

    /// What a client shows, as JSON text; [`Any::from_json`] reads it.
    pub fn state(&self, client: ClientId) -> Option<&str> {
        self.entries.get(&client)?.state.as_deref()
    }

    /// All clients that show something, ascending, with their states as JSON texts.
    pub fn states(&self) -> impl Iterator<Item = (ClientId, &str)> + '_ {
        self.entries.iter().filter_map(|(client, entry)| Some((*client, entry.state.as_deref()?)))
    }

    /// All clients that are known, also those that are gone, ascending, with their clocks.
    pub fn clocks(&self) -> impl Iterator<Item = (ClientId, Clock)> + '_ {
        self.entries.iter().map(|(client, entry)| (*client, entry.clock))
    }

    /// Shows another state, given as JSON text; `None` or `null`: we are gone. (y-protocols: `setLocalState`)
    ///
    /// # Errors
    /// [`NotJson`](crate::ErrorKind::NotJson)
    pub fn set_local_state(&mut self, state: Option<&str>, now_ms: u64) -> Result<Changes, Error> {
        if let Some(state) = state {
            check_json(state, &Reader::starting_at(state.as_bytes(), state.len()))?;
        }
        let state = state.filter(|state| state.trim() != NULL);
        let before = self.entries.get_mut(&self.client_id);
        let clock = before.as_ref().map_or(0, |entry| entry.clock.saturating_add(1));
        let before = before.and_then(|entry| entry.state.take());
        let mut changes = Changes::default();
        match (&before, state) {
            (_, None) => changes.removed.push(self.client_id),
            (None, Some(_)) => changes.added.push(self.client_id),
            (Some(before), Some(state)) => {
                changes.updated.push(self.client_id);
                if !is_same_json(before, state) {
                    changes.changed.push(self.client_id);
                }
            }
        }
        let entry = Entry { clock, state: state.map(Box::from), updated_ms: now_ms };
        self.entries.insert(self.client_id, entry);
        Ok(changes)
    }

    /// Sets one field of the local state, if we show one that is an object. (y-protocols: `setLocalStateField`)
    ///
    /// # Errors
    /// [`NotJson`](crate::ErrorKind::NotJson): the value is nested too deeply.
    pub fn set_local_field(&mut self, key: &str, value: Any, now_ms: u64) -> Result<Changes, Error> {
        let Some(Any::Object(mut fields)) = self.state(self.client_id).and_then(Any::from_json) else {
            return Ok(Changes::default());
        };
        match fields.iter_mut().find(|(name, _)| **name == *key) {
            Some((_, known)) => *known = value,
            None => fields.push((key.into(), value)),
        }
        self.set_local_state(Some(&Any::Object(fields).to_json()), now_ms)
    }

    /// Notes that clients are gone. Others take that over when they are told. (y-protocols: `removeAwarenessStates`)
    pub fn remove(&mut self, clients: impl IntoIterator<Item = ClientId>, now_ms: u64) -> Changes {
        let mut changes = Changes::default();
        for client in clients {
            let Some(entry) = self.entries.get_mut(&client).filter(|entry| entry.state.is_some()) else { continue };
            entry.state = None;
            if client == self.client_id {
                entry.clock = entry.clock.saturating_add(1);
                entry.updated_ms = now_ms;
            }
            changes.removed.push(client);
        }
        changes
    }

    /// Says again what we show when half of [`OUTDATED_MS`] has passed, and removes the others of whom nothing was
    /// heard for all of it. To be called every few seconds; others are to be told what it returns.
    pub fn tick(&mut self, now_ms: u64) -> Changes {
        let age = |entry: &Entry| now_ms.saturating_sub(entry.updated_ms);
        let mut renewed = Changes::default();
        if let Some(ours) = self.entries.get_mut(&self.client_id)
            && ours.state.is_some()
            && age(ours) >= OUTDATED_MS / 2
        {
            ours.clock = ours.clock.saturating_add(1);
            ours.updated_ms = now_ms;
            renewed.updated.push(self.client_id);
        }
        let is_outdated = |client: &ClientId, entry: &Entry| *client != self.client_id && age(entry) >= OUTDATED_MS;
        let outdated = self.entries.iter().filter(|(client, entry)| is_outdated(client, entry));
        let outdated: Vec<ClientId> = outdated.map(|(client, _)| *client).collect();
        Changes { removed: self.remove(outdated, now_ms).removed, ..renewed }
    }

    /// The entries of these clients as an awareness update; clients that are not known are left out.
    /// (y-protocols: `encodeAwarenessUpdate`)
    pub fn encode_update(&self, clients: impl IntoIterator<Item = ClientId>) -> Vec<u8> {
        let mut out = EntryWriter::default();
        // Who tells of many tells of neighbours: then none but the first one is searched for.
        let mut from = None;
        for client in clients {
            let next = from.as_mut().and_then(btree_map::Range::next).filter(|(of, _)| **of == client);
            let found = next.or_else(|| {
                let from = from.insert(self.entries.range(client..));
                from.next().filter(|(of, _)| **of == client)
            });
            if let Some((_, entry)) = found {
                out.add(client, entry.clock, entry.state.as_deref().unwrap_or(NULL));
            }
        }
        out.finish()
    }

    /// Takes over what others say. (y-protocols: `applyAwarenessUpdate`) O(bytes * log clients).
    ///
    /// # Errors
    /// A malformed update; nothing of it is taken then.
    pub fn apply_update(&mut self, update: &[u8], now_ms: u64) -> Result<Changes, Error> {
        let mut changes = Changes::default();
        for part in read_entries(update, usize::MAX)? {
            let state = Some(part.state).filter(|state| *state != NULL);
            self.apply_entry(part.client, part.clock, state, now_ms, &mut changes);
        }
        Ok(changes)
    }

    fn apply_entry(&mut self, client: ClientId, clock: Clock, state: Option<&str>, now_ms: u64, to: &mut Changes) {
        let place = self.entries.entry(client);
        let known = match &place {
            btree_map::Entry::Occupied(known) => Some(known.get()),
            btree_map::Entry::Vacant(_) => None,
        };
        let is_known = known.is_some();
        let (known_clock, is_shown) = known.map_or((0, false), |known| (known.clock, known.state.is_some()));
        if clock < known_clock || clock == known_clock && (state.is_some() || !is_shown) {
            return;
        }
        let entry = place.or_insert(Entry { clock, state: None, updated_ms: now_ms });
        let before = entry.state.take();
        *entry = match state.is_none() && client == self.client_id && is_shown {
            // Another says that we are gone; a higher clock shows that we are not.
            true => Entry { clock: clock.saturating_add(1), state: before.clone(), updated_ms: now_ms },
            false => Entry { clock, state: state.map(Box::from), updated_ms: now_ms },
        };
        match state {
            None if is_known => to.removed.push(client),
            None => {}
            Some(_) if !is_known => to.added.push(client),
            Some(state) => {
                if before.is_none_or(|before| !is_same_json(&before, state)) {
                    to.changed.push(client);
                }
                to.updated.push(client);
            }
        }
    }
}

/// Whether two JSON texts mean the same: the order of keys and the spelling of numbers don't count.
fn is_same_json(a: &str, b: &str) -> bool {
    a == b || Any::from_json(a).zip(Any::from_json(b)).is_some_and(|(a, b)| is_same_value(&a, &b))
}

fn is_same_value(a: &Any, b: &Any) -> bool {
    match (a, b) {
        (Any::Object(a), Any::Object(b)) => {
            // Of a key that comes twice the last one counts, as in JavaScript.
            let by_key = |entries: &[(Box<str>, Any)]| -> BTreeMap<Box<str>, Any> { entries.iter().cloned().collect() };
            let (a, b) = (by_key(a), by_key(b));
            a.len() == b.len() && a.iter().zip(&b).all(|(a, b)| a.0 == b.0 && is_same_value(a.1, b.1))
        }
        (Any::Array(a), Any::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| is_same_value(a, b)),
        _ => a == b,
    }
}
