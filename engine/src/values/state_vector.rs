//! The state vector: how much of each client's writing is known.

use super::{ClientId, Clock, Id};
use std::collections::BTreeMap;

/// For each client the clock that comes next; a client that is not listed has clock 0.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StateVector {
    clocks: BTreeMap<ClientId, Clock>,
}

impl StateVector {
    /// Entries in any order; of a client that is listed twice the higher clock. O(n log n); O(n) in the order in which Yjs
    /// writes them: clients descending.
    pub(crate) fn of(mut entries: Vec<(ClientId, Clock)>) -> StateVector {
        if !entries.is_sorted_by(|(client, _), (next, _)| client > next) {
            let mut vector = StateVector::default();
            entries.into_iter().for_each(|(client, clock)| vector.advance(client, clock));
            return vector;
        }
        entries.retain(|(_, clock)| *clock > 0);
        entries.reverse();
        StateVector { clocks: entries.into_iter().collect() }
    }

    /// Takes the higher one of both clocks of each client. O(n log m), n the clients of the shorter one.
    pub(crate) fn merge(&mut self, mut other: StateVector) {
        if other.len() > self.len() {
            core::mem::swap(self, &mut other);
        }
        other.iter().for_each(|(client, clock)| self.advance(client, clock));
    }

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
        StateVector::of(entries.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::random::numbers;

    /// Entries that are collected or merged are those that are noted one by one, whatever their order.
    #[test]
    fn collecting_and_merging_are_advancing() {
        let mut below = numbers(5);
        for round in 0..2_000 {
            let mut some = |_| {
                let count = below(8);
                let mut entries: Vec<(ClientId, Clock)> =
                    (0..count).map(|_| (ClientId::from(below(6)), below(4))).collect();
                if round % 2 == 0 {
                    // As Yjs writes them.
                    entries.sort_by_key(|(client, _)| core::cmp::Reverse(*client));
                    entries.dedup_by_key(|(client, _)| *client);
                }
                entries
            };
            let [left, right] = [0, 1].map(&mut some);
            let mut noted = StateVector::default();
            left.iter().for_each(|(client, clock)| noted.advance(*client, *clock));
            let mut merged: StateVector = left.iter().copied().collect();
            assert_eq!(merged, noted, "{left:?}");
            right.iter().for_each(|(client, clock)| noted.advance(*client, *clock));
            merged.merge(right.iter().copied().collect());
            assert_eq!(merged, noted, "{left:?} with {right:?}");
        }
    }
}
