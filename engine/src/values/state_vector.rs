//! The state vector: how much of each client's writing is known.

use super::{ClientId, Clock, Id};
use std::collections::BTreeMap;

/// For each client the clock that comes next; a client that is not listed has clock 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateVector {
    clocks: BTreeMap<ClientId, Clock>,
}

impl StateVector {
    /// The clock that `client` writes next. O(log clients).
    pub fn clock(&self, client: ClientId) -> Clock {
        self.clocks.get(&client).copied().unwrap_or(0)
    }

    /// Notes that `client` has reached `clock`; a lower clock than the known one changes nothing.
    pub fn advance(&mut self, client: ClientId, clock: Clock) {
        if clock > 0 {
            let known = self.clocks.entry(client).or_insert(0);
            *known = clock.max(*known);
        }
    }

    /// Notes that `client` has reached exactly `clock`, lower or not; 0 forgets the client.
    pub fn set(&mut self, client: ClientId, clock: Clock) {
        if clock == 0 {
            self.clocks.remove(&client);
        } else {
            self.clocks.insert(client, clock);
        }
    }

    /// Whether the unit `id` is known.
    pub fn contains(&self, id: Id) -> bool {
        id.clock < self.clock(id.client)
    }

    /// The entries of the clients from `first` on, up to `end`, clients ascending.
    pub(crate) fn between(
        &self,
        first: ClientId,
        end: Option<ClientId>,
    ) -> impl Iterator<Item = (ClientId, Clock)> + '_ {
        let below_end = move |(client, _): &(&ClientId, &Clock)| end.is_none_or(|end| **client < end);
        self.clocks.range(first..).take_while(below_end).map(|(client, clock)| (*client, *clock))
    }

    /// Number of clients with a clock above 0.
    pub fn len(&self) -> usize {
        self.clocks.len()
    }

    /// Whether nothing is known of any client.
    pub fn is_empty(&self) -> bool {
        self.clocks.is_empty()
    }

    /// Clients and their clocks, clients ascending. Formats write them descending: use `.rev()`.
    pub fn iter(&self) -> impl DoubleEndedIterator<Item = (ClientId, Clock)> + '_ {
        self.clocks.iter().map(|(client, clock)| (*client, *clock))
    }
}

impl FromIterator<(ClientId, Clock)> for StateVector {
    fn from_iter<I: IntoIterator<Item = (ClientId, Clock)>>(entries: I) -> Self {
        let mut vector = StateVector::default();
        for (client, clock) in entries {
            vector.advance(client, clock);
        }
        vector
    }
}
