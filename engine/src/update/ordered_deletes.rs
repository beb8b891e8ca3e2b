//! A delete set in bytes, checked and read in steps: in the order of its ids, whatever order it is written in.

use super::client_order::ClientOrder;
use super::delete_set::read_range;
use super::delete_walk::{DeleteStep, DeleteWalk};
use crate::lib0::Reader;
use crate::values::{ClientId, Clock, Error, ErrorKind, Id, IdSet, sort_by_numbers};
use std::ops::Range;

/// A delete set that stays in its bytes. All encoders write the ranges of a client in order, and one client once: what does not is
/// put in order once, all at a time.
#[derive(Debug)]
pub(crate) struct OrderedDeletes {
    /// How far it was checked: where, and the end of the last range of the client there.
    check: DeleteWalk,
    checked_to: usize,
    last_end: Clock,
    /// Where each client's ranges are; ascending once all is checked.
    clients: Vec<OfClient>,
    order: ClientOrder,
    /// What is not written in order.
    unordered: IdSet,
    next: Next,
    /// Up to here all was read.
    read_to: Id,
}

#[derive(Debug)]
struct OfClient {
    client: ClientId,
    /// Where its first range is.
    offset: usize,
    ranges: usize,
    is_in_order: bool,
}

/// Up to where a delete set was read.
#[derive(Debug)]
pub(crate) struct ReadMark {
    next: Next,
    read_to: Id,
}

/// The range that is read next, of those that are in order.
#[derive(Clone, Debug, Default)]
struct Next {
    range: Option<(ClientId, Range<Clock>)>,
    /// The next client, and what follows `range` of this one.
    client_index: usize,
    offset: usize,
    ranges_left: usize,
}

impl Next {
    /// The next range of the client that is not empty. All were checked.
    fn read_range(&mut self, from: &mut Reader<'_>) -> Option<Range<Clock>> {
        while self.ranges_left > 0 {
            self.ranges_left -= 1;
            if let Some(range) = read_range(from).ok().filter(|range| !range.is_empty()) {
                return Some(range);
            }
        }
        None
    }

    /// Gives `first` and the client's ranges behind it, up to `limit`, and `most` of them at most. What comes next of the client.
    fn take_of_client(
        &mut self,
        bytes: &[u8],
        first: Range<Clock>,
        limit: Clock,
        most: usize,
        mut give: impl FnMut(Range<Clock>),
    ) -> Option<Range<Clock>> {
        let mut from = Reader::starting_at(bytes, self.offset);
        let (mut next, mut left) = (Some(first), most);
        while let Some(range) = next.take_if(|range| left > 0 && range.start < limit) {
            left -= 1;
            give(range.start..range.end.min(limit));
            next = if range.end > limit { Some(limit..range.end) } else { self.read_range(&mut from) };
        }
        self.offset = from.offset();
        next
    }
}

impl OrderedDeletes {
    /// The delete set that begins at `offset` of the bytes that all calls get.
    pub(crate) fn starting_at(offset: usize) -> OrderedDeletes {
        OrderedDeletes {
            check: DeleteWalk::default(),
            checked_to: offset,
            last_end: 0,
            clients: Vec::new(),
            order: ClientOrder::default(),
            unordered: IdSet::default(),
            next: Next::default(),
            read_to: Id::new(ClientId::new(0), 0),
        }
    }

    /// Checks up to `most` clients and ranges more; `true` once nothing is left. Before that nothing may be read. O(most), but
    /// for what is not written in order.
    ///
    /// # Errors
    /// What is no delete set, and bytes behind it; `TooLarge` for more than these clients, and for more than so many clients or
    /// ranges that are not in order.
    pub(crate) fn check(
        &mut self,
        bytes: &[u8],
        most: usize,
        most_clients: usize,
        most_unordered: usize,
    ) -> Result<bool, Error> {
        let mut from = Reader::starting_at(bytes, self.checked_to);
        let (mut is_checked, mut left) = (false, most);
        while left > 0 && !is_checked {
            if let Some(of) = self.clients.last_mut() {
                left -= self.check.each_range(&mut from, left, |range| {
                    of.is_in_order &= self.last_end <= range.start;
                    self.last_end = range.end;
                })?;
            }
            if left == 0 {
                break;
            }
            left -= 1;
            match self.check.step(&mut from)? {
                DeleteStep::Begin | DeleteStep::Range(..) => {}
                DeleteStep::Client(client, ranges) => {
                    self.order.note(client);
                    self.clients.push(OfClient { client, offset: from.offset(), ranges, is_in_order: true });
                    self.last_end = 0;
                }
                DeleteStep::End => {
                    from.expect_end()?;
                    is_checked = true;
                }
            }
        }
        self.checked_to = from.offset();
        let most_clients = if self.order.is_kept() { most_clients } else { most_unordered };
        if self.clients.len() > most_clients {
            return Err(from.error(ErrorKind::TooLarge));
        }
        if is_checked && !self.put_in_order(bytes, most_unordered) {
            return Err(from.error(ErrorKind::TooLarge));
        }
        Ok(is_checked)
    }

    /// `false` if too many ranges are not in order.
    fn put_in_order(&mut self, bytes: &[u8], most_unordered: usize) -> bool {
        sort_by_numbers(&mut self.clients, |of| (of.client.value(), of.offset as u64));
        for at in 1..self.clients.len() {
            if self.clients[at - 1].client == self.clients[at].client {
                self.clients[at - 1].is_in_order = false;
                self.clients[at].is_in_order = false;
            }
        }
        let unordered = self.clients.iter().filter(|of| !of.is_in_order);
        if unordered.clone().map(|of| of.ranges).sum::<usize>() > most_unordered {
            return false;
        }
        let ranges = unordered.flat_map(|of| {
            let mut from = Reader::starting_at(bytes, of.offset);
            (0..of.ranges).filter_map(move |_| Some((of.client, read_range(&mut from).ok()?)))
        });
        self.unordered = ranges.collect();
        self.clients.retain(|of| of.is_in_order);
        self.rewind(bytes);
        true
    }

    /// Begins to read anew.
    pub(crate) fn rewind(&mut self, bytes: &[u8]) {
        self.next = Next::default();
        self.read_to = Id::new(ClientId::new(0), 0);
        self.next_client(bytes);
    }

    /// Where reading goes on.
    pub(crate) fn mark(&self) -> ReadMark {
        ReadMark { next: self.next.clone(), read_to: self.read_to }
    }

    /// Reads on from there.
    pub(crate) fn return_to(&mut self, mark: &ReadMark) {
        (self.next, self.read_to) = (mark.next.clone(), mark.read_to);
    }

    /// Goes on with the next client that has a range.
    fn next_client(&mut self, bytes: &[u8]) {
        let next = &mut self.next;
        next.range = None;
        while next.range.is_none()
            && let Some(of) = self.clients.get(next.client_index)
        {
            next.client_index += 1;
            next.ranges_left = of.ranges;
            let mut from = Reader::starting_at(bytes, of.offset);
            next.range = next.read_range(&mut from).map(|range| (of.client, range));
            next.offset = from.offset();
        }
    }

    /// Whether there is an id below `end` that was not read.
    pub(crate) fn has_before(&self, end: Option<Id>) -> bool {
        let is_below = |client, clock| end.is_none_or(|end| Id::new(client, clock) < end);
        self.next.range.as_ref().is_some_and(|(client, range)| is_below(*client, range.start))
            || self.unordered.between(self.read_to, end).next().is_some()
    }

    /// Reads on up to `end`, or to a nearer id once `most` ranges in order were read: their ranges, ascending, and up to where all was
    /// read.
    pub(crate) fn take_before(
        &mut self,
        bytes: &[u8],
        end: Option<Id>,
        most: usize,
    ) -> (Vec<(ClientId, Range<Clock>)>, Option<Id>) {
        let mut end = end;
        let mut parts = Vec::with_capacity(most.min(bytes.len() / 2));
        while let Some((client, range)) = self.next.range.clone() {
            if end.is_some_and(|end| Id::new(client, range.start) >= end) {
                break;
            }
            let limit = end.filter(|end| end.client == client).map_or(Clock::MAX, |end| end.clock);
            let left = most - parts.len();
            match self.next.take_of_client(bytes, range, limit, left, |range| parts.push((client, range))) {
                None => self.next_client(bytes),
                Some(range) => {
                    if parts.len() == most && range.start < limit {
                        end = Some(Id::new(client, range.start));
                    }
                    self.next.range = Some((client, range));
                    break;
                }
            }
        }
        let in_order = parts.len();
        parts.extend(self.unordered.between(self.read_to, end));
        if parts.len() > in_order {
            sort_by_numbers(&mut parts, |(client, range)| (client.value(), range.start.into()));
        }
        self.read_to = end.unwrap_or(Id::new(ClientId::new(u64::MAX), Clock::MAX));
        (parts, end)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lib0::write_var_uint;
    use crate::update::read_delete_set;
    use proptest::prelude::*;

    fn encode(clients: &[(u64, Vec<(u32, u32)>)]) -> Vec<u8> {
        let mut bytes = vec![7];
        write_var_uint(&mut bytes, clients.len() as u64);
        for (client, ranges) in clients {
            write_var_uint(&mut bytes, *client);
            write_var_uint(&mut bytes, ranges.len() as u64);
            for (clock, len) in ranges {
                write_var_uint(&mut bytes, (*clock).into());
                write_var_uint(&mut bytes, (*len).into());
            }
        }
        bytes
    }

    proptest! {
        /// Read in steps, between any ids, it is what it is read at once.
        #[test]
        fn steps_are_the_whole(
            clients in prop::collection::vec((0_u64..4, prop::collection::vec((0_u32..40, 0_u32..6), 0..6)), 0..5),
            cuts in prop::collection::btree_set((0_u64..5, 0_u32..45), 0..6),
            most in 1_usize..5,
        ) {
            let bytes = encode(&clients);
            let whole = read_delete_set(&mut Reader::starting_at(&bytes, 1)).unwrap();
            let mut steps = OrderedDeletes::starting_at(1);
            while !steps.check(&bytes, most, 99, 99).unwrap() {}
            for _ in 0..2 {
                let mut read = IdSet::default();
                let mut from = Id::new(ClientId::new(0), 0);
                let cuts = cuts.iter().map(|(client, clock)| Some(Id::new(ClientId::new(*client), *clock)));
                for cut in cuts.chain([None]) {
                    loop {
                        let has_more = whole.between(from, cut).next().is_some();
                        prop_assert_eq!(steps.has_before(cut), has_more);
                        let (parts, end) = steps.take_before(&bytes, cut, most);
                        let expected: IdSet = whole.between(from, end).collect();
                        prop_assert!(parts.is_sorted_by(|(a, left), (b, right)| (a, left.end) <= (b, right.start)));
                        prop_assert_eq!(parts.iter().cloned().collect::<IdSet>(), expected);
                        parts.into_iter().for_each(|(client, range)| read.insert(client, range));
                        from = end.unwrap_or(from);
                        if end == cut {
                            break;
                        }
                    }
                }
                prop_assert_eq!(&read, &whole);
                steps.rewind(&bytes);
            }
        }

        /// It is refused where it is refused at once.
        #[test]
        fn checks_are_the_same(bytes in prop::collection::vec(prop_oneof![0_u8..4, any::<u8>()], 1..24), most in 1_usize..4) {
            let mut from = Reader::starting_at(&bytes, 0);
            let is_whole = read_delete_set(&mut from).is_ok() && from.is_at_end();
            let mut steps = OrderedDeletes::starting_at(0);
            let outcome = loop {
                match steps.check(&bytes, most, 99, 99) {
                    Ok(false) => {}
                    outcome => break outcome.is_ok(),
                }
            };
            prop_assert_eq!(outcome, is_whole);
        }
    }
}
