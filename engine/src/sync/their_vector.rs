//! What a client has told of how far it is, as far as it concerns us.

use super::config::Limits;
use super::known::Known;
use crate::lib0::{Reader, write_var_uint};
use crate::values::{ClientId, Clock, Error, ErrorKind, sort_by_numbers};

/// A client's state vector.
#[derive(Debug)]
pub(super) struct TheirVector {
    /// Clients ascending, clocks above 0.
    clocks: Vec<(ClientId, Clock)>,
}

impl TheirVector {
    /// Reads a state vector. `None` if it is empty. O(clients in it), where they are in order.
    ///
    /// # Errors
    /// If it is none, and `TooLarge` for more clients than a message may name.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Option<TheirVector>, Error> {
        let mut from = Reader::new(bytes);
        let count = from.read_count(2)?;
        if count > limits.message_clients {
            return Err(from.error(ErrorKind::TooLarge));
        }
        let mut clocks = Vec::with_capacity(count);
        for _ in 0..count {
            let entry = (from.read_client()?, from.read_clock()?);
            clocks.extend(Some(entry).filter(|(_, clock)| *clock > 0));
        }
        from.expect_end()?;
        if clocks.is_empty() {
            return Ok(None);
        }
        // As Yjs writes them they descend. Of a client that comes twice the higher clock counts.
        clocks.reverse();
        let is_in_order = || clocks.is_sorted() || clocks.is_sorted_by(|a, b| a >= b);
        if count > limits.unordered_clients() && !is_in_order() {
            return Err(from.error(ErrorKind::TooLarge));
        }
        sort_by_numbers(&mut clocks, |(client, clock)| (client.value(), u64::from(Clock::MAX - clock)));
        clocks.dedup_by_key(|(client, _)| *client);
        Ok(Some(TheirVector { clocks }))
    }

    /// Leaves out clients that we don't know: of them it can't lack anything, and they could be many. Those in rows that were not
    /// read are known. O(clients in both).
    pub(super) fn retain_known(&mut self, known: &Known) {
        let mut ours = known.clocks().iter().peekable();
        let mut has_clock = known.has_clock_ascending();
        self.clocks.retain(|(client, _)| {
            while ours.next_if(|(other, _)| other < client).is_some() {}
            ours.peek().is_some_and(|(other, _)| other == client) || !has_clock(*client)
        });
    }

    /// How far a client is. O(log clients).
    pub(super) fn clock(&self, client: ClientId) -> Clock {
        self.clocks.binary_search_by_key(&client, |(of, _)| *of).map_or(0, |at| self.clocks[at].1)
    }

    /// How many clients it tells of.
    pub(super) fn len(&self) -> usize {
        self.clocks.len()
    }

    /// The clients from `first` on, up to `end`, and their clocks, clients ascending.
    pub(super) fn between(
        &self,
        first: ClientId,
        end: Option<ClientId>,
    ) -> impl Iterator<Item = (ClientId, Clock)> + '_ {
        let from = self.clocks.partition_point(|(client, _)| *client < first);
        self.clocks[from..].iter().copied().take_while(move |(client, _)| end.is_none_or(|end| *client < end))
    }

    /// Clients and their clocks, clients ascending.
    pub(super) fn iter(&self) -> impl Iterator<Item = (ClientId, Clock)> + '_ {
        self.clocks.iter().copied()
    }

    /// Encodes it, with `lower` in the place of each clock: it gets the clients ascending.
    pub(super) fn encode_lowered(&self, mut lower: impl FnMut(ClientId, Clock) -> Clock) -> Vec<u8> {
        let lowered = self.iter().map(|(client, clock)| (client, lower(client, clock)));
        let lowered: Vec<_> = lowered.filter(|(_, clock)| *clock > 0).collect();
        let mut out = Vec::with_capacity(5 + 10 * lowered.len());
        write_var_uint(&mut out, lowered.len() as u64);
        for (client, clock) in lowered.into_iter().rev() {
            write_var_uint(&mut out, client.value());
            write_var_uint(&mut out, clock.into());
        }
        out
    }
}
