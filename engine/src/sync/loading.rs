//! Reading the rows of state vector and delete set, when somebody asks for what may be in them. What needs them, and what
//! comes meanwhile, waits.

use super::close;
use super::effect::{ConnectionId, ReadToken};
use super::flush::RETRY_MS;
use super::opening::Waiting;
use super::rebuilding::Rebuilding;
use super::room::{Room, State};
use super::their_vector::TheirVector;
use super::turn::cost;
use crate::archive::{RowKey, RowKind, StoreError, open_row};

/// Rows that are read at a time, and in one turn.
const ROWS_PER_READ: usize = 4;

/// What is being read.
#[derive(Debug, Default)]
pub(super) struct Loading {
    reads: Vec<(ReadToken, Vec<RowKey>)>,
    /// What is to be read after that.
    rest: Vec<RowKey>,
    /// Who is to be asked for what we miss, once we know what we have.
    asking: Vec<ConnectionId>,
    /// Rows that can't be read, and how far the base was read in their stead.
    pub(super) rebuilding: Option<Rebuilding>,
}

impl Loading {
    pub(super) fn is_under_way(&self) -> bool {
        !self.reads.is_empty() || self.rebuilding.is_some()
    }

    pub(super) fn is_read(&self, token: ReadToken) -> bool {
        self.reads.iter().any(|(of, _)| *of == token)
    }
}

impl Room {
    /// Whether what comes has to wait.
    pub(super) fn is_reading(&self) -> bool {
        // Where the store fails, a document that is loaded waits longer than anybody should for it.
        let ends_building = self.following.is_loaded() && self.failed_in_a_row == 0;
        self.loading.is_under_way() || self.following.is_checkpointing() || ends_building
    }

    /// Reads these rows, which come in order; `true` if there is nothing to read. While others are being read it does
    /// nothing: whoever asks will ask again.
    pub(super) fn load(&mut self, rows: Vec<RowKey>) -> bool {
        if self.loading.is_under_way() {
            return false;
        }
        let mut rows = rows;
        self.loading.rest = rows.split_off(rows.len().min(ROWS_PER_READ));
        let mut rows = rows.into_iter().peekable();
        while let Some(first) = rows.next() {
            let mut wanted = vec![first];
            // Neighbours come in one read.
            while let Some(next) = rows.next_if(|next| {
                let last = wanted[wanted.len() - 1];
                next.kind == last.kind && next.number == last.number + 1
            }) {
                wanted.push(next);
            }
            let token = self.read(first..=wanted[wanted.len() - 1]);
            self.loading.reads.push((token, wanted));
        }
        !self.loading.is_under_way()
    }

    /// Whether all that is known was read; if not, it is being read.
    pub(super) fn load_all(&mut self) -> bool {
        let rows = self.known.unread_rows();
        self.load(rows)
    }

    /// Whether it was read how far all clients are; if not, it is being read. `then_ask` is asked for what we miss after
    /// that.
    pub(super) fn load_clocks(&mut self, then_ask: ConnectionId) -> bool {
        let rows = self.known.unread_rows_of(RowKind::ClientPage);
        let is_loaded = self.load(rows);
        if !is_loaded {
            self.loading.asking.push(then_ask);
        }
        is_loaded
    }

    /// Whether it was read how far those are who may be elsewhere than a client with this state vector; if not, it is being read.
    pub(super) fn load_clocks_beside(&mut self, theirs: &TheirVector) -> bool {
        if self.known.has_clocks() {
            return true;
        }
        self.turn.spend(theirs.len() / cost::CLIENTS);
        let rows = self.known.rows_beside(theirs);
        self.load(rows)
    }

    /// Puts what needs rows before all else that waits.
    pub(super) fn postpone(&mut self, waiting: Waiting) {
        self.waiting_bytes += waiting.cost();
        self.waiting.push_front(waiting);
    }

    /// Takes rows that were read.
    pub(super) fn take_loaded(&mut self, token: ReadToken, rows: Result<Vec<(RowKey, Vec<u8>)>, StoreError>) {
        let Some(at) = self.loading.reads.iter().position(|(of, _)| *of == token) else { return };
        let (_, wanted) = self.loading.reads.swap_remove(at);
        match rows {
            Ok(rows) => wanted.into_iter().for_each(|key| self.take_known_row(key, &rows)),
            Err(_) => self.fail_loading(),
        }
        self.end_loading();
    }

    /// What follows once nothing is being read any more.
    pub(super) fn end_loading(&mut self) {
        let rest = if self.loading.is_under_way() { Vec::new() } else { core::mem::take(&mut self.loading.rest) };
        if self.load(rest) {
            core::mem::take(&mut self.loading.asking).into_iter().for_each(|of| self.ask_for_missing(of));
        }
    }

    fn take_known_row(&mut self, key: RowKey, rows: &[(RowKey, Vec<u8>)]) {
        let body = self.find_row(key, rows);
        self.turn.spend(body.map_or(0, <[u8]>::len) / cost::KNOWN_BYTES);
        if body.is_none_or(|body| self.known.take_row(key, body).is_err()) {
            self.lose_known_row(key);
        }
    }

    /// The body of a row of this document among those that were read, in order; `None` if it is missing or damaged.
    pub(super) fn find_row<'r>(&self, key: RowKey, rows: &'r [(RowKey, Vec<u8>)]) -> Option<&'r [u8]> {
        let at = rows.binary_search_by_key(&key, |(of, _)| *of).ok()?;
        open_row(key, &rows[at].1).ok().filter(|row| row.stamp == self.manifest.stamp).map(|row| row.body)
    }

    /// The store can't be read now. Who waits first for it has to come again.
    pub(super) fn fail_loading(&mut self) {
        self.loading = Loading::default();
        self.retry_ms = Some(self.now_ms + RETRY_MS);
        self.drop_bridge();
        self.sweep = Default::default();
        if let Some(connection) = self.loads_for_large() {
            return self.close(connection, close::SYNC_AGAIN);
        }
        match self.waiting.pop_front() {
            Some(
                waiting @ (Waiting::Message { connection, .. }
                | Waiting::News { connection, .. }
                | Waiting::Tail { connection, .. }),
            ) => {
                self.waiting_bytes -= waiting.cost();
                self.close(connection, close::SYNC_AGAIN);
            }
            Some(Waiting::Stored { .. } | Waiting::PendingRead { .. }) => self.refuse_opening(close::CANNOT_OPEN),
            Some(other) => self.waiting.push_front(other),
            // It may be needed for a comparison.
            None => self.stop_first_comparison(),
        }
    }

    /// Whether what waits can be handled now.
    pub(super) fn takes_waiting(&self) -> bool {
        matches!(self.state, State::Open) && !self.is_reading()
    }

    /// Whether what comes now can be handled now: nothing that came before it waits.
    pub(super) fn takes_messages(&self) -> bool {
        self.takes_waiting() && self.waiting.is_empty()
    }
}
