//! What a client has deleted beside what we know as deleted: slice by slice. Where the client tells just what a row says, the
//! manifest's hash of it shows that; other rows are read when their turn comes, and not kept.
//!
//! An answer to our step 1 tells all deletes that a client has, however little of it is news. What is news goes on as an
//! update; what the client lacks is sent to it at the end of its handshake. One that does not answer lacks all.

use super::behind::Behind;
use super::close::{self, CloseReason};
use super::connections::Join;
use super::effect::{ConnectionId, ReadToken};
use super::frame;
use super::known_pages::UnreadDeletes;
use super::opening::Waiting;
use super::receive::too_many_or_malformed;
use super::room::Room;
use super::their_vector::TheirVector;
use super::turn::cost;
use crate::archive::{PageBuilder, RowKey, SliceHash, StoreError, read_delete_page};
use crate::update::{OrderedDeletes, ReadMark, write_delete_set};
use crate::values::{ClientId, Clock, Id, IdSet};
use std::ops::Range;

/// Ranges that are checked or compared at a time.
const RANGES_AT_A_TIME: usize = if cfg!(debug_assertions) { 3 } else { 4 << 10 };

/// A comparison that goes on.
#[derive(Debug)]
pub(super) struct Comparing {
    connection: ConnectionId,
    /// The client's answer. Empty where it did not answer.
    update: Vec<u8>,
    deletes_at: usize,
    told: OrderedDeletes,
    is_checked: bool,
    /// Up to here all was compared.
    from: Id,
    row: Row,
    /// What the client tells that is not known, or not stored.
    news: IdSet,
    /// What the client lacks of what it could have told.
    lacks: IdSet,
    behind: Behind,
}

/// The row of the slice that is compared next.
#[derive(Debug)]
enum Row {
    Unread,
    Hashing(Hashing),
    Reading(ReadToken, RowKey),
    Read(RowKey, IdSet),
}

/// A slice of which it is found out whether the client tells just what its row says, besides what no row says.
#[derive(Debug)]
struct Hashing {
    unread: UnreadDeletes,
    begun: ReadMark,
    hash: SliceHash,
    /// What the client lacks if it does.
    lacks: IdSet,
}

impl Comparing {
    pub(super) fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// Whether a row is being read for it.
    pub(super) fn is_reading(&self) -> bool {
        matches!(self.row, Row::Reading(..))
    }

    /// What it counts of the bytes that may wait.
    pub(super) fn cost(&self) -> usize {
        self.update.len() + self.behind.cost()
    }

    /// Goes back to where a slice begins.
    fn begin_slice_again(&mut self, hashing: &Hashing) {
        self.from = hashing.unread.first;
        self.told.return_to(&hashing.begun);
        self.row = Row::Unread;
    }

    fn rewind(&mut self) {
        self.from = Id::new(ClientId::new(0), 0);
        self.row = Row::Unread;
        self.news = IdSet::default();
        self.lacks = IdSet::default();
        if self.is_checked {
            self.told.rewind(&self.update);
        }
    }
}

/// What came of a step.
enum Step {
    /// There is more to do.
    GoesOn,
    /// A row is to be read first.
    Waits,
    Done,
}

impl Room {
    /// Whether a client's answer is compared slice by slice, though it is no large one: where not all that is deleted was read.
    pub(super) fn has_to_compare(&self, connection: ConnectionId) -> bool {
        let join = self.connections.get(&connection).and_then(|of| of.join.as_ref());
        join.is_some_and(|join| join.theirs.is_some() && join.lacks.is_none()) && !self.known.has_deletes()
    }

    pub(super) fn is_comparing(&self, connection: ConnectionId) -> bool {
        self.comparing.iter().any(|of| of.connection == connection)
    }

    /// Begins to compare the delete set of a client's answer.
    pub(super) fn compare_answer(&mut self, connection: ConnectionId, update: &[u8]) -> Result<(), CloseReason> {
        let deletes_at = self.intake.read_without_deletes(update).map_err(|_| close::MALFORMED)?;
        self.intake.shrink();
        self.compare(connection, update.to_vec(), deletes_at, Behind::default());
        Ok(())
    }

    /// Begins to look for all deletes that those can lack whose answer is not waited for any longer.
    fn compare_without_answer(&mut self) {
        for connection in self.joining.clone() {
            let join = self.connections.get(&connection).and_then(|of| of.join.as_ref());
            let is_due = |join: &Join| join.has_structs && join.lacks.is_none() && join.deadline_ms <= self.now_ms;
            if join.is_some_and(is_due) && !self.is_comparing(connection) {
                self.compare(connection, Vec::new(), 0, Behind::default());
            }
        }
    }

    /// Begins to compare an answer whose structs were checked.
    pub(super) fn compare(&mut self, connection: ConnectionId, update: Vec<u8>, deletes_at: usize, behind: Behind) {
        let comparing = Comparing {
            connection,
            deletes_at,
            is_checked: update.is_empty(),
            update,
            told: OrderedDeletes::starting_at(deletes_at),
            from: Id::new(ClientId::new(0), 0),
            row: Row::Unread,
            news: IdSet::default(),
            lacks: IdSet::default(),
            behind,
        };
        if self.waiting_bytes + comparing.cost() > self.config.limits.waiting_bytes {
            return self.close(connection, close::BUSY);
        }
        self.waiting_bytes += comparing.cost();
        self.comparing.push_back(comparing);
    }

    /// Keeps a message of a client whose answer is being compared.
    pub(super) fn hold_message(&mut self, connection: ConnectionId, message: &[u8]) {
        let cost = Waiting::message_cost(message);
        if self.waiting_bytes + cost > self.config.limits.waiting_bytes {
            return self.close(connection, close::BUSY);
        }
        match self.comparing.iter_mut().find(|of| of.connection == connection) {
            Some(of) => {
                self.waiting_bytes += cost;
                of.behind.push(message);
            }
            None => self.hold_behind_large(connection, message),
        }
    }

    /// A connection is gone. What it has sent is taken in first.
    pub(super) fn part_from(&mut self, connection: ConnectionId) {
        if self.is_taking(connection) {
            return self.part_behind_large(connection);
        }
        match self.comparing.iter_mut().find(|of| of.connection == connection) {
            Some(of) => of.behind.part(),
            None => self.forget(connection),
        }
    }

    /// Ends a comparison, whose connection is being forgotten.
    pub(super) fn stop_comparing(&mut self, connection: ConnectionId) {
        if let Some(at) = self.comparing.iter().position(|of| of.connection == connection) {
            let of = self.comparing.remove(at);
            self.waiting_bytes -= of.as_ref().map_or(0, Comparing::cost);
        }
    }

    /// The store can't be read now: who waits first for a comparison has to come again.
    pub(super) fn stop_first_comparison(&mut self) {
        if let Some(connection) = self.comparing.front().map(Comparing::connection) {
            self.close(connection, close::SYNC_AGAIN);
        }
    }

    /// What is known is read again: what was compared with it may be wrong.
    pub(super) fn compare_again(&mut self) {
        self.comparing.iter_mut().for_each(Comparing::rewind);
    }

    /// Goes on with what is compared, as far as the turn goes.
    #[inline(never)]
    pub(super) fn continue_comparing(&mut self) {
        self.compare_without_answer();
        while self.takes_waiting()
            && !self.comparing.is_empty()
            && !self.turn.is_over()
            && let Some(mut of) = self.comparing.pop_front()
        {
            match self.compare_on(&mut of) {
                Ok(Step::GoesOn) => self.comparing.push_front(of),
                Ok(Step::Waits) => return self.comparing.push_front(of),
                Ok(Step::Done) => self.finish_comparing(of),
                Err(reason) => {
                    let connection = of.connection;
                    self.comparing.push_front(of);
                    self.refuse_message(connection, reason);
                }
            }
        }
    }

    fn compare_on(&mut self, of: &mut Comparing) -> Result<Step, CloseReason> {
        if !of.is_checked {
            self.turn.spend(RANGES_AT_A_TIME / cost::CHECKED_RANGES);
            let limits = &self.config.limits;
            let (clients, unordered) = (limits.message_clients, limits.unordered_clients());
            let checked = of.told.check(&of.update, RANGES_AT_A_TIME, clients, unordered);
            of.is_checked = checked.map_err(too_many_or_malformed)?;
            return Ok(Step::GoesOn);
        }
        let finds_lacks = self.compared_vector(of.connection).is_some();
        let (slice_end, unread) = self.known.delete_slice(of.from);
        let row = match (unread, core::mem::replace(&mut of.row, Row::Unread)) {
            (Some(unread), Row::Hashing(hashing)) if hashing.unread.row == unread.row => {
                return Ok(self.hash_on(of, hashing, slice_end));
            }
            (_, Row::Hashing(hashing)) => {
                // Meanwhile others have read or replaced it.
                of.begin_slice_again(&hashing);
                return Ok(Step::GoesOn);
            }
            (Some(_), _) if !finds_lacks && !of.told.has_before(slice_end) => None,
            (Some(unread), Row::Read(read, row)) if read == unread.row => Some((read, row)),
            (Some(unread), Row::Reading(token, reading)) if reading == unread.row => {
                of.row = Row::Reading(token, reading);
                return Ok(Step::Waits);
            }
            (Some(unread), _) if unread.hash != 0 && unread.first == of.from && !of.update.is_empty() => {
                let begun = of.told.mark();
                let hashing = Hashing { unread, begun, hash: SliceHash::default(), lacks: IdSet::default() };
                return Ok(self.hash_on(of, hashing, slice_end));
            }
            (Some(UnreadDeletes { row, .. }), _) => return Ok(self.wait_for_row(of, row)),
            (None, _) => None,
        };
        let lacks = core::mem::take(&mut of.lacks);
        let step = self.compare_step(of, slice_end, row.as_ref().map(|(_, row)| row), lacks);
        for_each_missing(&step.told, &step.known, |client, range| of.news.insert(client, range));
        of.lacks = step.lacks;
        let end = step.end;
        let Some(reached) = end else { return Ok(Step::Done) };
        of.from = reached;
        if let Some((key, row)) = row.filter(|_| end != slice_end) {
            of.row = Row::Read(key, row);
        }
        if of.update.is_empty() {
            // It lacks all, which may be much.
            let lacks = core::mem::take(&mut of.lacks);
            self.send_deletes(of.connection, &lacks);
        }
        Ok(Step::GoesOn)
    }

    /// With whom it is compared what a client lacks: its state vector, as long as that is to be found out.
    fn compared_vector(&self, connection: ConnectionId) -> Option<&TheirVector> {
        let join = self.connections.get(&connection).and_then(|of| of.join.as_ref());
        join.filter(|join| join.lacks.is_none()).and_then(|join| join.theirs.as_ref())
    }

    /// Takes what comes next of a slice, and adds to `lacks` what the client lacks of it.
    fn compare_step(
        &mut self,
        of: &mut Comparing,
        slice_end: Option<Id>,
        row: Option<&IdSet>,
        lacks: IdSet,
    ) -> Compared {
        let (told, end) = of.told.take_before(&of.update, slice_end, RANGES_AT_A_TIME);
        let known = self.known.shown_deletes(of.from, end, row);
        let clients = told.chunk_by(|(a, _), (b, _)| a == b).count();
        self.turn.spend(
            cost::MESSAGE
                + clients / cost::COMPARED_CLIENTS
                + (told.len() + known.range_count()) / cost::COMPARED_RANGES,
        );
        let mut step = Compared { told, known: known.iter().collect(), end, lacks };
        if let Some(theirs) = self.compared_vector(of.connection) {
            let known = below(step.known.iter().cloned(), theirs);
            for_each_missing(&known, &step.told, |client, range| step.lacks.insert(client, range));
        }
        step
    }

    /// Goes on with a slice whose row was not read. If it need not be, all of the slice was compared.
    fn hash_on(&mut self, of: &mut Comparing, hashing: Hashing, slice_end: Option<Id>) -> Step {
        let mut hashing = hashing;
        let step = self.compare_step(of, slice_end, None, core::mem::take(&mut hashing.lacks));
        for_each_missing(&step.told, &step.known, |client, range| hashing.hash.add(client, range));
        hashing.lacks = step.lacks;
        let end = step.end;
        if end != slice_end {
            of.from = end.unwrap_or(of.from);
            of.row = Row::Hashing(hashing);
            return Step::GoesOn;
        }
        if core::mem::take(&mut hashing.hash).finish() != hashing.unread.hash {
            of.begin_slice_again(&hashing);
            return self.wait_for_row(of, hashing.unread.row);
        }
        of.lacks.merge(&hashing.lacks);
        let Some(reached) = end else { return Step::Done };
        of.from = reached;
        Step::GoesOn
    }

    fn wait_for_row(&mut self, of: &mut Comparing, row: RowKey) -> Step {
        of.row = Row::Reading(self.read(row..=row), row);
        Step::Waits
    }

    /// Takes the row of a slice that is to be compared.
    pub(super) fn take_compared(&mut self, token: ReadToken, rows: Result<Vec<(RowKey, Vec<u8>)>, StoreError>) {
        let is_read = |of: &Comparing| matches!(of.row, Row::Reading(reading, _) if reading == token);
        let Some(at) = self.comparing.iter().position(is_read) else { return };
        let Row::Reading(_, key) = core::mem::replace(&mut self.comparing[at].row, Row::Unread) else { return };
        let Ok(rows) = rows else {
            return self.close(self.comparing[at].connection, close::SYNC_AGAIN);
        };
        if self.known.delete_slice(self.comparing[at].from).1.is_none_or(|unread| unread.row != key) {
            // Meanwhile others have replaced it.
            return;
        }
        let body = self.find_row(key, &rows);
        self.turn.spend(body.map_or(0, <[u8]>::len) / cost::KNOWN_BYTES);
        match body.and_then(|body| read_delete_page(body).ok()) {
            Some(deletes) => self.comparing[at].row = Row::Read(key, deletes),
            None => self.lose_known_row(key),
        }
    }

    pub(super) fn reads_compared(&self, token: ReadToken) -> bool {
        self.comparing.iter().any(|of| matches!(of.row, Row::Reading(reading, _) if reading == token))
    }

    /// What is news is taken before all else that waits, then what the client sent meanwhile.
    fn finish_comparing(&mut self, of: Comparing) {
        self.waiting_bytes -= of.cost();
        let connection = of.connection;
        if let Some(of_connection) = self.connections.get_mut(&connection)
            && let Some(join) = &mut of_connection.join
            && join.lacks.is_none()
        {
            join.lacks = Some(of.lacks);
        }
        let mut next = Vec::new();
        if !of.update.is_empty() {
            let mut update = of.update;
            update.truncate(of.deletes_at);
            write_delete_set(&mut update, &of.news);
            next.push(Waiting::News { connection, update });
        }
        next.extend(of.behind.into_waiting(connection));
        next.into_iter().rev().for_each(|waiting| self.postpone(waiting));
        self.handle_waiting();
    }

    /// Takes what was news in a client's answer.
    pub(super) fn take_news(&mut self, connection: ConnectionId, update: Vec<u8>) {
        if self.is_large(&update) {
            if let Some(of) = self.connections.get_mut(&connection) {
                of.asked_ms = None;
            }
            return self.begin_taking(connection, update, false);
        }
        if self.lacks_rows_for(&update) {
            return self.postpone(Waiting::News { connection, update });
        }
        if let Some(of) = self.connections.get_mut(&connection) {
            of.asked_ms = None;
            if let Err(reason) = self.handle_update(connection, &update, false) {
                self.refuse_message(connection, reason);
            }
        }
    }

    /// Takes the answer of a client that was read last, of which all that is deleted was read.
    pub(super) fn take_answer(&mut self, connection: ConnectionId) {
        let Some(of) = self.connections.get_mut(&connection) else { return };
        of.asked_ms = None;
        if let Some(join) = of.join.as_mut().filter(|join| join.lacks.is_none())
            && let Some(theirs) = &join.theirs
        {
            let told: IdSet = self.intake.deletes().iter().cloned().collect();
            let mut lacks = IdSet::default();
            for_each_missing(
                &below(self.known.deletes().iter(), theirs),
                &told.iter().collect::<Vec<_>>(),
                |client, range| lacks.insert(client, range),
            );
            join.lacks = Some(lacks);
        }
    }

    /// Notes for those whose handshake goes on what was deleted since it began.
    pub(super) fn note_deletes(&mut self, fresh: &IdSet) {
        for connection in &self.joining {
            if let Some(join) = self.connections.get_mut(connection).and_then(|of| of.join.as_mut()) {
                join.later.merge(fresh);
            }
        }
    }

    /// Sends what a client lacks of deletes.
    pub(super) fn send_deletes(&mut self, connection: ConnectionId, deletes: &IdSet) {
        if !deletes.is_empty() {
            let mut page = PageBuilder::default();
            page.add_deletes(deletes);
            self.send(connection, frame::update(&page.encode()));
        }
    }
}

type Part = (ClientId, Range<Clock>);

/// What was taken of a slice: both ascend.
struct Compared {
    told: Vec<Part>,
    known: Vec<Part>,
    /// Up to where.
    end: Option<Id>,
    lacks: IdSet,
}

/// What of these deletes is of units that a client has with this state vector.
pub(super) fn below(parts: impl Iterator<Item = Part>, theirs: &TheirVector) -> Vec<Part> {
    let mut clock = (ClientId::new(0), theirs.clock(ClientId::new(0)));
    let cut = |(client, range): Part| {
        if clock.0 != client {
            clock = (client, theirs.clock(client));
        }
        (client, range.start..range.end.min(clock.1))
    };
    parts.map(cut).filter(|(_, range)| range.start < range.end).collect()
}

/// Calls `missing` with what is in a list and not in the other one. Both ascend. O(ranges in both).
fn for_each_missing(parts: &[Part], others: &[Part], mut missing: impl FnMut(ClientId, Range<Clock>)) {
    let mut others = others.iter().peekable();
    for (client, range) in parts {
        let mut from = range.start;
        while let Some((other, known)) = others.peek() {
            if (*other, known.end) <= (*client, from) {
                others.next();
            } else if other == client && known.start < range.end {
                if from < known.start {
                    missing(*client, from..known.start);
                }
                from = known.end;
                if from >= range.end {
                    break;
                }
            } else {
                break;
            }
        }
        if from < range.end {
            missing(*client, from..range.end);
        }
    }
}
