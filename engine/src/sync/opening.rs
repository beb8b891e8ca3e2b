//! Opening a room: its rows are read, what is known is put together from them, and damage is told, not hidden.

use super::close;
use super::config::Rights;
use super::connections::Connection;
use super::effect::{ConnectionId, Effect, ReadToken};
use super::flush::Gather;
use super::known::Known;
use super::pending::{self, Pending};
use super::room::{Room, State, shows_unstored};
use crate::archive::records::{AttachmentRecord, Manifest, SlotSummary};
use crate::archive::{Journal, RowKey, RowKind, StoreError, open_row, read_slot};
use crate::lib0::Reader;
use crate::update::read_delete_set;
use crate::values::{ClientId, Error, ErrorKind};
use std::borrow::Cow;
use std::ops::RangeInclusive;

/// What a message that waits costs besides its bytes, so that many tiny ones are bounded, too.
const WAITING_OVERHEAD_BYTES: usize = 64;

pub(super) type Rows = Vec<(RowKey, Vec<u8>)>;

/// The row that stands for the manifest in what is told of damage.
pub(super) const MANIFEST: RowKey = RowKey::new(RowKind::Manifest, 0);

/// Something that could not be read from the store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Damage {
    /// This row is damaged, missing, or belongs to another document. If it is a base page, or a row of state vector or delete
    /// set that could not be [rebuilt](Damage::Rebuilt), the document can be read, but not changed.
    Row(RowKey),
    /// This base page is not there: the same.
    MissingPage(u32),
    /// What this row said, which was found damaged, was found again in the base pages; it is stored anew.
    Rebuilt(RowKey),
    /// Flushes with these sequence numbers are not there.
    MissingFlushes {
        /// The first of them.
        first: u64,
        /// The last of them.
        last: u64,
    },
}

/// What opening waits for.
#[derive(Debug)]
pub(super) struct Opening {
    main: ReadToken,
    pending: ReadToken,
    main_rows: Option<Rows>,
    pending_rows: Option<Rows>,
}

/// Something that came while the room was opening.
#[derive(Debug)]
pub(super) enum Waiting {
    Message {
        connection: ConnectionId,
        bytes: Vec<u8>,
    },
    /// What was news in a client's answer.
    News {
        connection: ConnectionId,
        update: Vec<u8>,
    },
    /// Edits that were kept with a connection.
    Tail {
        connection: ConnectionId,
        update: Vec<u8>,
        /// They were passed on when they came.
        is_shown: bool,
    },
    /// A connection whose handshake was lost.
    Close {
        connection: ConnectionId,
    },
    /// A connection that is gone, behind the messages that it sent before.
    Disconnect {
        connection: ConnectionId,
    },
    /// An update out of the store that is to be taken in again: it waited for something, or lies behind a hole.
    Stored {
        update: Vec<u8>,
    },
    /// What waited for something was read, from rows with these hashes.
    PendingRead {
        rows: Vec<u64>,
    },
}

impl Waiting {
    /// What it counts of the bytes that may wait.
    pub(super) fn cost(&self) -> usize {
        match self {
            Waiting::Message { bytes, .. } | Waiting::News { update: bytes, .. } => Waiting::message_cost(bytes),
            _ => 0,
        }
    }

    /// The same of a message.
    pub(super) fn message_cost(bytes: &[u8]) -> usize {
        bytes.len() + WAITING_OVERHEAD_BYTES
    }
}

impl Room {
    /// Asks for the rows that a room is opened from.
    pub(super) fn begin_opening(&mut self) {
        let manifest_and_journal = RowKey::new(RowKind::Manifest, 0)..=RowKey::new(RowKind::Journal, u32::MAX);
        let main = self.read(manifest_and_journal);
        let pending = self.read(RowKey::new(RowKind::Pending, 0)..=RowKey::new(RowKind::Pending, u32::MAX));
        self.state = State::Opening(Opening { main, pending, main_rows: None, pending_rows: None });
    }

    /// Forgets what is known of the document and reads it again: after a write of which the outcome is not known.
    pub(super) fn open_again(&mut self) {
        self.known = Known::new(shows_unstored(self.config));
        self.journal = Journal::starting_at(1, self.config.sizes, self.config.host);
        self.manifest = Manifest::of_empty_document(self.manifest.stamp);
        self.manifest_is_stored = false;
        self.abandoned.clear();
        self.loading = Default::default();
        self.pending = Pending::default();
        self.advanced.clear();
        self.gather = Gather::default();
        self.pages = Default::default();
        self.sweep = Default::default();
        self.compare_again();
        self.take_again();
        self.stored_sequence = 0;
        self.begin_opening();
    }

    pub(super) fn read(&mut self, keys: RangeInclusive<RowKey>) -> ReadToken {
        let token = ReadToken(self.token());
        self.effects.push_back(Effect::Read { token, keys });
        token
    }

    /// Keeps a message until the room is open.
    pub(super) fn keep_waiting(&mut self, connection: ConnectionId, message: Cow<'_, [u8]>) {
        let waiting = Waiting::Message { connection, bytes: message.into_owned() };
        if self.waiting_bytes + waiting.cost() > self.config.limits.waiting_bytes {
            return self.close(connection, close::BUSY);
        }
        self.waiting_bytes += waiting.cost();
        self.waiting.push_back(waiting);
    }

    /// Whether a connection has sent what waits.
    pub(super) fn has_waiting(&self, connection: ConnectionId) -> bool {
        let sent = |of: &Waiting| matches!(of, Waiting::Message { connection: by, .. } | Waiting::News { connection: by, .. } if *by == connection);
        self.waiting.iter().any(sent)
    }

    /// Whether something out of the store is still to be taken in. A fold would count it as folded, though it may be nowhere else.
    pub(super) fn has_stored_waiting(&self) -> bool {
        matches!(self.waiting.front(), Some(Waiting::Stored { .. } | Waiting::PendingRead { .. }))
    }

    /// Takes a connection back as its attachment says it was.
    pub(super) fn resume_connection(&mut self, connection: ConnectionId, attachment: &[u8]) {
        let Ok(record) = AttachmentRecord::decode(attachment) else {
            return self.turn_away(connection, close::SYNC_AGAIN);
        };
        let rights = if record.may_write { Rights::Write } else { Rights::Read };
        if let Some(follower) = record.follower {
            return self.restore_follower(connection, rights, follower);
        }
        // What is attached stays as it is: its tail is taken back only once the rows are read.
        let resumed =
            Connection { is_live: record.live, beats: record.beats, needs_attaching: false, ..Connection::new(rights) };
        self.presence.restore(connection, &record.awareness);
        self.connections.insert(connection, resumed);
        if record.live {
            self.list_live(connection);
        }
        for update in record.tail {
            self.unstored_since_ms = self.unstored_since_ms.into_iter().chain([record.unstored_since_ms]).min();
            if self.takes_messages() {
                self.take_tail(connection, update, !record.tail_waits);
            } else {
                self.waiting.push_back(Waiting::Tail { connection, update, is_shown: !record.tail_waits });
            }
        }
        if record.live {
            return;
        }
        // What it was sent before is not known any more. It is closed when all are back, so that all hear of it.
        if self.takes_messages() {
            self.close(connection, close::SYNC_AGAIN);
        } else {
            self.waiting.push_back(Waiting::Close { connection });
        }
    }

    pub(super) fn take_opening_rows(&mut self, token: ReadToken, rows: Result<Rows, StoreError>) {
        let State::Opening(opening) = &mut self.state else { return };
        let place = match token {
            token if token == opening.main => &mut opening.main_rows,
            token if token == opening.pending => &mut opening.pending_rows,
            _ => return,
        };
        let Ok(rows) = rows else { return self.refuse_opening(close::CANNOT_OPEN) };
        *place = Some(rows);
        if let Some(main) = opening.main_rows.take_if(|_| opening.pending_rows.is_some())
            && let Some(pending) = opening.pending_rows.take()
        {
            match self.restore_manifest(&main, &pending) {
                Ok(()) => self.finish_opening(main, pending, false),
                Err(error @ Error { kind: ErrorKind::NewerVersion, .. }) => self.refuse_unreadable(error),
                Err(_) => self.rebuild_manifest(main, pending),
            }
        }
    }

    /// The manifest is there, as it was stored or made anew: all else follows.
    pub(super) fn finish_opening(&mut self, main: Rows, pending: Rows, is_rebuilt: bool) {
        let mut stored = Vec::new();
        let slots = &main[first_slot(&main)..];
        let restored = self.restore_journal(slots, is_rebuilt, &mut stored);
        self.stored_sequence = self.journal.last_written();
        match restored.and_then(|()| self.restore_pending(&pending, &mut stored)) {
            Ok(()) => {
                self.state = State::Open;
                stored.into_iter().rev().for_each(|of| self.waiting.push_front(of));
                self.close_outdated();
            }
            Err(error) => self.refuse_unreadable(error),
        }
    }

    /// The rows can't be read, for this reason.
    pub(super) fn refuse_unreadable(&mut self, error: Error) {
        let is_newer = error.kind == ErrorKind::NewerVersion;
        self.refuse_opening(if is_newer { close::NEWER_VERSION } else { close::CANNOT_OPEN });
    }

    pub(super) fn refuse_opening(&mut self, reason: close::CloseReason) {
        self.state = State::Refused(reason);
        self.loading = Default::default();
        self.unstored_since_ms = None;
        self.waiting.clear();
        self.comparing.clear();
        self.taking.clear();
        self.waiting_bytes = 0;
        self.close_all(reason);
    }

    /// After a write that failed only in name, or in part, more is stored than connections were shown: nobody would
    /// send it to them any more, so they begin again.
    fn close_outdated(&mut self) {
        if self.stored_before.take().is_some_and(|stored| stored != self.stored_sequence) {
            self.live.clone().into_iter().for_each(|connection| self.close(connection, close::SYNC_AGAIN));
        }
    }

    /// Takes what came while the room was opening, or read its pages.
    #[inline(never)]
    pub(super) fn handle_waiting(&mut self) {
        while self.takes_waiting()
            && !self.waiting.is_empty()
            && !self.turn.is_over()
            && let Some(waiting) = self.waiting.pop_front()
        {
            self.waiting_bytes -= waiting.cost();
            match waiting {
                Waiting::Message { connection, bytes } => {
                    if self.connections.contains_key(&connection) {
                        self.handle(connection, bytes.into());
                    }
                }
                Waiting::News { connection, update } => self.take_news(connection, update),
                Waiting::Tail { connection, update, is_shown } => self.take_tail(connection, update, is_shown),
                Waiting::Close { connection } => self.close(connection, close::SYNC_AGAIN),
                Waiting::Disconnect { connection } => self.part_from(connection),
                Waiting::Stored { update } => self.take_stored(update),
                Waiting::PendingRead { rows } => self.pending.restore(rows, self.config.host),
            }
        }
    }

    /// Reads the manifest, and what it says is known.
    fn restore_manifest(&mut self, main: &Rows, pending: &Rows) -> Result<(), Error> {
        let (manifest, slots) = main.split_at(first_slot(main));
        match Manifest::read_rows(manifest)? {
            Some(manifest) => {
                self.known.restore(&manifest)?;
                self.manifest = manifest;
                self.manifest_is_stored = true;
                Ok(())
            }
            // Every document has a manifest from its first flush on.
            None if slots.is_empty() && pending.is_empty() => Ok(()),
            None => Err(ErrorKind::DamagedRow.into()),
        }
    }

    /// Takes back what of the journal is not in the base. Beside a manifest that was made anew nobody knows which it is: all is
    /// taken in again.
    fn restore_journal(
        &mut self,
        rows: &[(RowKey, Vec<u8>)],
        is_rebuilt: bool,
        stored: &mut Vec<Waiting>,
    ) -> Result<(), Error> {
        let folded = self.manifest.folded_sequence;
        let mut slots: Vec<(u64, u32, SlotSummary, &[u8])> = Vec::new();
        for (key, bytes) in rows {
            match open_row(*key, bytes) {
                Ok(row) if row.stamp == self.manifest.stamp => match read_slot(row.body) {
                    Ok((summary, update)) => {
                        let at = slots.partition_point(|(sequence, ..)| *sequence < row.sequence);
                        slots.insert(at, (row.sequence, key.number, summary, update));
                    }
                    Err(Error { kind: ErrorKind::NewerVersion, .. }) => return Err(ErrorKind::NewerVersion.into()),
                    Err(_) => self.damage.push(Damage::Row(*key)),
                },
                Err(Error { kind: ErrorKind::NewerVersion, .. }) => return Err(ErrorKind::NewerVersion.into()),
                _ => self.damage.push(Damage::Row(*key)),
            }
        }
        self.journal = Journal::starting_at(folded + 1, self.config.sizes, self.config.host);
        let mut expected = folded + 1;
        let mut is_whole = !is_rebuilt;
        for (sequence, number, summary, update) in slots {
            if sequence <= folded && !is_rebuilt {
                continue;
            }
            self.journal.continue_after(number, sequence);
            if summary.first_sequence > expected && !is_rebuilt {
                self.damage.push(Damage::MissingFlushes { first: expected, last: summary.first_sequence - 1 });
                is_whole = false;
            }
            expected = sequence + 1;
            let mut from = Reader::starting_at(update, summary.deletes_at as usize);
            let deletes = read_delete_set(&mut from);
            let follows = |(client, first, _): &(u64, u32, u32)| {
                let client = ClientId::new(*client);
                !self.known.has_clock(client) || *first <= self.known.clock(client)
            };
            match deletes {
                Ok(deletes) if is_whole && summary.clients.iter().all(follows) => {
                    for (client, first, end) in &summary.clients {
                        self.known.advance_stored(ClientId::new(*client), *first..*end);
                    }
                    self.known.delete_stored(&deletes);
                    self.journal.restore(number, sequence, summary, update.to_vec());
                }
                _ => {
                    // After a hole nothing can be taken unseen; what misses something waits.
                    is_whole = false;
                    stored.push(Waiting::Stored { update: update.to_vec() });
                }
            }
        }
        if self.manifest.author != 0 {
            // Somebody may have been told of what is there: what comes now is told apart from it.
            self.journal.end_slots();
        }
        self.wants_folding = !is_whole;
        Ok(())
    }

    fn restore_pending(&mut self, rows: &[(RowKey, Vec<u8>)], stored: &mut Vec<Waiting>) -> Result<(), Error> {
        let mut hashes = Vec::new();
        for (key, bytes) in rows {
            let row = match open_row(*key, bytes) {
                Err(Error { kind: ErrorKind::NewerVersion, .. }) => return Err(ErrorKind::NewerVersion.into()),
                row => row.ok().filter(|row| row.stamp == self.manifest.stamp),
            };
            hashes.resize(key.number as usize + 1, 0);
            match row.and_then(|row| pending::read_row(row.body).ok().map(|updates| (row.body, updates))) {
                Some((body, updates)) => {
                    hashes[key.number as usize] = pending::hash_body(body);
                    stored.extend(updates.into_iter().map(|update| Waiting::Stored { update: update.to_vec() }));
                }
                None => self.damage.push(Damage::Row(*key)),
            }
        }
        stored.push(Waiting::PendingRead { rows: hashes });
        Ok(())
    }

    /// Takes an update that waited out of the store again. If what it waits for has come, nobody was sent it yet.
    fn take_stored(&mut self, update: Vec<u8>) {
        if self.lacks_rows_for(&update) {
            return self.postpone(Waiting::Stored { update });
        }
        if let Ok(findings) = self.take_update(None, &update, usize::MAX) {
            self.pass_on(None, findings.is_new);
            self.retry_pending(None, findings.advanced);
        }
    }
}

/// Where the journal's rows begin behind those of the manifest.
fn first_slot(main: &[(RowKey, Vec<u8>)]) -> usize {
    main.partition_point(|(key, _)| key.kind < RowKind::Journal)
}
