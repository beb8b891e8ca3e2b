//! Sets of ids as ranges of clocks: delete sets, pending ranges.

use super::{ClientId, Clock, Id, sort_by_numbers};
use std::collections::BTreeMap;
use std::ops::Range;

/// A set of ids, kept as ranges: for each client ascending, not empty, neither touching nor overlapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IdSet {
    clients: BTreeMap<ClientId, Vec<Range<Clock>>>,
}

impl IdSet {
    /// Adds `range` of `client`. O(1) at the end of the client's ranges, else O(ranges of the client).
    pub fn insert(&mut self, client: ClientId, range: Range<Clock>) {
        if range.is_empty() {
            return;
        }
        let ranges = self.clients.entry(client).or_default();
        match ranges.last_mut() {
            Some(last) if range.start >= last.start => {
                if range.start <= last.end {
                    last.end = last.end.max(range.end);
                } else {
                    ranges.push(range);
                }
            }
            None => ranges.push(range),
            Some(_) => {
                let first = ranges.partition_point(|r| r.end < range.start);
                let end = ranges.partition_point(|r| r.start <= range.end);
                if first == end {
                    ranges.insert(first, range);
                } else {
                    let joined = range.start.min(ranges[first].start)..range.end.max(ranges[end - 1].end);
                    ranges[first] = joined;
                    ranges.drain(first + 1..end);
                }
            }
        }
    }

    /// Ranges of clients in any order, also empty, touching or overlapping ones, and of clients that are named again.
    /// O(n log n); O(n) in the order in which Yjs writes them: clients descending, ranges ascending.
    pub(crate) fn of_clients(mut clients: Vec<(ClientId, Vec<Range<Clock>>)>) -> IdSet {
        if clients.is_sorted_by(|(client, _), (next, _)| client > next) {
            clients.reverse();
        } else if !clients.is_sorted_by(|(client, _), (next, _)| client < next) {
            let each = |(client, ranges): (_, Vec<_>)| ranges.into_iter().map(move |range| (client, range));
            return clients.into_iter().flat_map(each).collect();
        }
        for (_, ranges) in &mut clients {
            let is_as_in_a_set = ranges.is_sorted_by(|range, next| range.end < next.start);
            if !is_as_in_a_set || ranges.iter().any(Range::is_empty) {
                join(ranges);
            }
        }
        clients.retain(|(_, ranges)| !ranges.is_empty());
        IdSet { clients: clients.into_iter().collect() }
    }

    /// Adds everything that is in `other`. O(ranges of `other`, and those that lie among them); those behind are moved.
    pub fn merge(&mut self, other: &IdSet) {
        for (client, added) in other.clients() {
            let [first_added, .., last_added] = added else {
                added.iter().for_each(|range| self.insert(client, range.clone()));
                continue;
            };
            let ranges = self.clients.entry(client).or_default();
            let first = ranges.partition_point(|range| range.end < first_added.start);
            let count = ranges[first..].partition_point(|range| range.start <= last_added.end);
            let mut among = ranges[first..first + count].to_vec();
            among.extend_from_slice(added);
            if count > 0 {
                join(&mut among);
            }
            ranges.splice(first..first + count, among);
        }
    }

    /// Whether `id` is in the set. O(log).
    pub fn contains(&self, id: Id) -> bool {
        let ranges = self.ranges(id.client);
        let at = ranges.partition_point(|r| r.end <= id.clock);
        ranges.get(at).is_some_and(|r| r.start <= id.clock)
    }

    /// Calls `missing` with each part of `range` that is not in the set, ascending.
    pub fn for_each_missing(&self, client: ClientId, range: Range<Clock>, mut missing: impl FnMut(Range<Clock>)) {
        let mut from = range.start;
        let ranges = self.ranges(client);
        let first = ranges.partition_point(|r| r.end <= range.start);
        for known in &ranges[first..] {
            if known.start >= range.end {
                break;
            }
            if known.start > from {
                missing(from..known.start);
            }
            from = known.end;
        }
        if from < range.end {
            missing(from..range.end);
        }
    }

    /// What is in this set and not in `other`.
    pub fn difference(&self, other: &IdSet) -> IdSet {
        let mut rest = IdSet::default();
        for (client, range) in self.iter() {
            other.for_each_missing(client, range, |part| rest.insert(client, part));
        }
        rest
    }

    /// Takes out `range` of `client`. O(ranges of the client).
    pub fn remove(&mut self, client: ClientId, range: Range<Clock>) {
        let Some(ranges) = self.clients.get_mut(&client).filter(|_| !range.is_empty()) else { return };
        let first = ranges.partition_point(|known| known.end <= range.start);
        let end = ranges.partition_point(|known| known.start < range.end);
        if first < end {
            let left = [ranges[first].start..range.start, range.end..ranges[end - 1].end];
            ranges.splice(first..end, left.into_iter().filter(|left| !left.is_empty()));
        }
        if ranges.is_empty() {
            self.clients.remove(&client);
        }
    }

    /// Takes out what is below `clock` of one client. O(ranges of the client).
    pub fn take_below(&mut self, client: ClientId, clock: Clock) -> Vec<Range<Clock>> {
        let Some(ranges) = self.clients.get_mut(&client) else {
            return Vec::new();
        };
        let whole = ranges.partition_point(|r| r.end <= clock);
        let mut taken: Vec<_> = ranges.drain(..whole).collect();
        if let Some(first) = ranges.first_mut().filter(|r| r.start < clock) {
            taken.push(first.start..clock);
            first.start = clock;
        }
        if ranges.is_empty() {
            self.clients.remove(&client);
        }
        taken
    }

    /// The ranges of one client, ascending.
    pub fn ranges(&self, client: ClientId) -> &[Range<Clock>] {
        self.clients.get(&client).map_or(&[], Vec::as_slice)
    }

    /// Those ranges of one client that have something of `range`, ascending. O(log).
    pub(crate) fn touching(&self, client: ClientId, range: Range<Clock>) -> &[Range<Clock>] {
        let ranges = self.ranges(client);
        let first = ranges.partition_point(|of| of.end <= range.start);
        let end = ranges.partition_point(|of| of.start < range.end);
        &ranges[first..end.max(first)]
    }

    /// The clients of the set with their ranges, clients ascending.
    pub fn clients(&self) -> impl DoubleEndedIterator<Item = (ClientId, &[Range<Clock>])> + '_ {
        self.clients.iter().map(|(client, ranges)| (*client, ranges.as_slice()))
    }

    /// All ranges, by client and clock ascending.
    pub fn iter(&self) -> impl Iterator<Item = (ClientId, Range<Clock>)> + '_ {
        self.clients.iter().flat_map(|(client, ranges)| ranges.iter().map(|r| (*client, r.clone())))
    }

    /// The ids of the set from `first` on, up to `end`, as ranges by client and clock ascending.
    pub(crate) fn between(&self, first: Id, end: Option<Id>) -> impl Iterator<Item = (ClientId, Range<Clock>)> + '_ {
        let clients = self.clients.range(first.client..).take_while(move |(client, _)| {
            end.is_none_or(|end| **client < end.client || **client == end.client && end.clock > 0)
        });
        clients.flat_map(move |(client, ranges)| {
            let from = if *client == first.client { first.clock } else { 0 };
            let to = end.filter(|end| end.client == *client).map_or(Clock::MAX, |end| end.clock);
            let behind = ranges.partition_point(|range| range.end <= from);
            let parts = ranges[behind..].iter().take_while(move |range| range.start < to);
            parts.map(move |range| (*client, range.start.max(from)..range.end.min(to)))
        })
    }

    /// Number of clients in the set.
    pub fn client_count(&self) -> usize {
        self.clients.len()
    }

    /// Number of ranges in the set. O(clients).
    pub fn range_count(&self) -> usize {
        self.clients.values().map(Vec::len).sum()
    }

    /// Whether the set holds no id.
    pub fn is_empty(&self) -> bool {
        self.clients.is_empty()
    }
}

impl FromIterator<(ClientId, Range<Clock>)> for IdSet {
    /// Collects ranges in any order, also overlapping ones. O(n log n); O(n) in the order in which Yjs writes them: clients
    /// descending, ranges ascending.
    fn from_iter<I: IntoIterator<Item = (ClientId, Range<Clock>)>>(ranges: I) -> Self {
        let mut ranges: Vec<(ClientId, Range<Clock>)> = ranges.into_iter().collect();
        if !ranges.is_sorted_by(|(client, _), (next, _)| client >= next) {
            sort_by_numbers(&mut ranges, |(client, range)| (client.value(), range.start.into()));
        }
        let of_clients = ranges.chunk_by(|(client, _), (next, _)| client == next);
        IdSet::of_clients(of_clients.map(|of| (of[0].0, of.iter().map(|(_, range)| range.clone()).collect())).collect())
    }
}

/// Brings ranges of one client into the form that they have in a set.
fn join(ranges: &mut Vec<Range<Clock>>) {
    ranges.retain(|range| !range.is_empty());
    if !ranges.is_sorted_by_key(|range| range.start) {
        sort_by_numbers(ranges, |range| (range.start.into(), 0));
    }
    ranges.dedup_by(|range, last| {
        let joins = range.start <= last.end;
        if joins {
            last.end = last.end.max(range.end);
        }
        joins
    });
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::values::random::numbers;

    /// What is taken out is what is in no other set, whatever it begins or ends in.
    #[test]
    fn removing_is_the_difference() {
        let ids = |bits: u32| -> IdSet {
            (0..8).filter(|at| bits >> at & 1 == 1).map(|at| (ClientId::from(7), at..at + 1)).collect()
        };
        for bits in 0..256 {
            for start in 0..8 {
                for end in start..=8 {
                    let mut left = ids(bits);
                    left.remove(ClientId::from(7), start..end);
                    let removed: u32 = (start..end).map(|at| 1 << at).sum();
                    assert_eq!(left, ids(bits & !removed), "{bits:b} without {start}..{end}");
                }
            }
        }
    }

    /// A set that is merged with another one has all that is in either.
    #[test]
    fn merging_is_inserting() {
        let mut below = numbers(3);
        for _ in 0..3_000 {
            let mut some = |_| {
                let mut set = IdSet::default();
                for _ in 0..below(9) {
                    let start = below(40);
                    set.insert(ClientId::from(below(2)), start..start + below(5));
                }
                set
            };
            let [left, right] = [0, 1].map(&mut some);
            let (mut merged, mut inserted) = (left.clone(), left);
            merged.merge(&right);
            right.iter().for_each(|(client, range)| inserted.insert(client, range));
            assert_eq!(merged, inserted, "with {right:?}");
        }
    }

    /// A set that is collected is the one that has its ranges inserted one by one, whatever their order.
    #[test]
    fn collecting_is_inserting() {
        let mut below = numbers(1);
        for round in 0..2_000 {
            let count = below(8);
            let mut range = |_| {
                let (client, start) = (ClientId::from(below(3)), below(12));
                (client, start..start + below(5))
            };
            let mut ranges: Vec<(ClientId, Range<Clock>)> = (0..count).map(&mut range).collect();
            if round % 2 == 0 {
                // As Yjs writes them.
                ranges.sort_by_key(|(client, range)| (core::cmp::Reverse(*client), range.start));
            }
            let mut inserted = IdSet::default();
            ranges.iter().for_each(|(client, range)| inserted.insert(*client, range.clone()));
            assert_eq!(ranges.iter().cloned().collect::<IdSet>(), inserted, "{ranges:?}");
        }
    }
}
