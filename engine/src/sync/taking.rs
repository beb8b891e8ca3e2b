//! Updates that are too much for a turn: checked step by step, and then taken in step by step, others' messages in between.
//!
//! Nothing is taken before all is checked. After that each step is taken in like an update of its own: journalled, passed on,
//! stored. The next one is taken only when the store has what it was given, so that no more waits there than a step, and a
//! fold has no more to do than that. What its sender sends meanwhile waits behind it. If the room leaves memory, what was
//! taken is whole by itself; its sender is asked to come again, and brings the rest.

use super::behind::Behind;
use super::close::{self, CloseReason};
use super::config::Rights;
use super::effect::ConnectionId;
use super::intake::Findings;
use super::large_update::{LargeUpdate, Waits};
use super::opening::Waiting;
use super::receive::refused;
use super::room::Room;
use super::turn::cost;
use crate::archive::{RowKey, largest_stored_piece};
use crate::update::{DeleteSteps, StepwiseCheck};
use crate::values::Id;
use std::collections::BTreeSet;

/// An update that is being taken in.
#[derive(Debug)]
pub(super) struct Taking {
    connection: ConnectionId,
    update: Vec<u8>,
    /// It answers our step 1.
    is_answer: bool,
    stage: Stage,
    /// Where its delete set begins, once it is checked.
    deletes_at: usize,
    /// Rows of what is known that it refers to.
    rows: BTreeSet<RowKey>,
    is_loading: bool,
    /// What was found so far.
    is_new: bool,
    has_waiting: bool,
    exceeds_pending: bool,
    behind: Behind,
}

/// What is done with it now.
#[derive(Debug)]
enum Stage {
    Check(StepwiseCheck),
    /// What is known of those whom it refers to is being read.
    Load(StepwiseCheck),
    /// Its sender may not write: it is read again, to see whether there is news in it.
    Judge(StepwiseCheck),
    /// What is new is taken, then what has to wait, then its deletes.
    Structs(LargeUpdate),
    Waiting(LargeUpdate),
    Deletes(DeleteSteps),
    Done,
}

impl Taking {
    pub(super) fn connection(&self) -> ConnectionId {
        self.connection
    }

    /// What it counts of the bytes that may wait.
    pub(super) fn cost(&self) -> usize {
        Waiting::message_cost(&self.update) + self.behind.cost()
    }

    /// Begins again: what is known is being read again.
    fn begin_again(&mut self) {
        self.stage = Stage::Check(StepwiseCheck::new());
        self.rows.clear();
        self.is_loading = false;
    }
}

impl Room {
    /// Whether an update is too much for a turn.
    pub(super) fn is_large(&self, update: &[u8]) -> bool {
        update.len() / cost::LARGE_BYTES > self.config.limits.turn_units
    }

    pub(super) fn is_taking(&self, connection: ConnectionId) -> bool {
        self.connections.get(&connection).is_some_and(|of| of.sends_large)
    }

    /// Begins to take an update that is too much for a turn.
    pub(super) fn begin_taking(&mut self, connection: ConnectionId, update: Vec<u8>, is_answer: bool) {
        let taking = Taking {
            connection,
            update,
            is_answer,
            stage: Stage::Check(StepwiseCheck::new()),
            deletes_at: 0,
            rows: BTreeSet::new(),
            is_loading: false,
            is_new: false,
            has_waiting: false,
            exceeds_pending: false,
            behind: Behind::default(),
        };
        if self.waiting_bytes + taking.cost() > self.config.limits.waiting_bytes {
            return self.close(connection, close::BUSY);
        }
        if let Some(of) = self.connections.get_mut(&connection) {
            self.waiting_bytes += taking.cost();
            self.taking.push_back(taking);
            // If the room leaves memory, it has to come again.
            of.sends_large = true;
            of.needs_attaching = true;
            self.meters.updates_large += 1;
        }
    }

    /// What a connection has sent that is being taken.
    pub(super) fn hold_behind_large(&mut self, connection: ConnectionId, message: &[u8]) {
        if let Some(of) = self.taking.iter_mut().find(|of| of.connection == connection) {
            self.waiting_bytes += Waiting::message_cost(message);
            of.behind.push(message);
        }
    }

    /// A connection whose update is being taken is gone: it is taken first.
    pub(super) fn part_behind_large(&mut self, connection: ConnectionId) {
        self.taking.iter_mut().filter(|of| of.connection == connection).for_each(|of| of.behind.part());
    }

    /// Drops the update of a connection that is being forgotten.
    pub(super) fn stop_taking(&mut self, connection: ConnectionId) {
        if let Some(at) = self.taking.iter().position(|of| of.connection == connection) {
            let of = self.taking.remove(at);
            self.waiting_bytes -= of.as_ref().map_or(0, Taking::cost);
        }
    }

    /// What is known is read again.
    pub(super) fn take_again(&mut self) {
        self.taking.iter_mut().for_each(Taking::begin_again);
    }

    /// Whose update waits for rows of what is known.
    pub(super) fn loads_for_large(&self) -> Option<ConnectionId> {
        self.taking.front().filter(|of| of.is_loading).map(Taking::connection)
    }

    /// Whether the next step can be done: whatever the store was given it has, and nobody who joins has to be sent what is
    /// being read.
    pub(super) fn can_take(&self) -> bool {
        self.takes_waiting()
            && !self.taking.is_empty()
            && self.writing.is_none()
            && self.tail_read.is_none()
            && self.pages.reading.is_none()
            && self.retry_ms.is_none_or(|at| at <= self.now_ms)
    }

    /// Goes on with what is taken, as far as the turn goes.
    #[inline(never)]
    pub(super) fn continue_taking(&mut self) {
        while self.can_take() && !self.turn.is_over() {
            let Some(mut of) = self.taking.pop_front() else { return };
            let (connection, cost) = (of.connection, of.cost());
            let outcome = self.take_on(&mut of);
            if !self.is_taking(connection) {
                // It was closed for something else.
                self.waiting_bytes -= cost;
                continue;
            }
            let is_done = matches!(of.stage, Stage::Done);
            self.taking.push_front(of);
            match outcome {
                Err(reason) => self.refuse_message(connection, reason),
                Ok(()) if is_done => {
                    self.finish_taking();
                    self.handle_waiting();
                    self.continue_comparing();
                }
                Ok(()) => {}
            }
            self.flush_if_due();
        }
    }

    /// Does a step.
    fn take_on(&mut self, of: &mut Taking) -> Result<(), CloseReason> {
        let rights = self.connections.get(&of.connection).map_or(Rights::Read, |of| of.rights);
        let may_write = rights == Rights::Write && !self.base_is_damaged;
        of.stage = match core::mem::replace(&mut of.stage, Stage::Done) {
            Stage::Check(mut check) => {
                let is_checked = self.check_on(of, &mut check)?;
                match of.is_answer {
                    // What is deleted is checked where it is compared.
                    true if check.has_reached_deletes() => {
                        of.deletes_at = check.deletes_at();
                        Stage::Done
                    }
                    false if is_checked => Stage::Load(check),
                    _ => Stage::Check(check),
                }
            }
            Stage::Load(check) => {
                let mut unread = if of.rows.is_empty() { Vec::new() } else { self.known.unread_rows() };
                unread.retain(|row| of.rows.contains(row));
                of.is_loading = !self.load(unread);
                match of.is_loading {
                    true => Stage::Load(check),
                    false if !may_write => Stage::Judge(StepwiseCheck::new()),
                    false => {
                        of.deletes_at = check.deletes_at();
                        let piece_bytes = (self.config.limits.turn_units * cost::TAKEN_BYTES / 2).max(1);
                        let part_bytes = self.config.limits.turn_units * cost::LARGE_BYTES;
                        Stage::Structs(LargeUpdate::new(check, piece_bytes, part_bytes))
                    }
                }
            }
            Stage::Judge(mut check) => {
                let is_checked = self.check_on(of, &mut check)?;
                let has_news = self.intake.has_news(&self.known);
                if has_news {
                    self.refuse_update(of.connection, rights);
                }
                if is_checked || has_news { Stage::Done } else { Stage::Judge(check) }
            }
            Stage::Structs(..) | Stage::Waiting(..) | Stage::Deletes(_) if !may_write => {
                self.refuse_update(of.connection, rights);
                Stage::Done
            }
            Stage::Structs(mut large) => {
                let (findings, is_at_end) = self.take_with(Some(of.connection), |_, known, to, turn| {
                    let mut findings = Findings::default();
                    let is_at_end = large.take(&of.update, known, to, turn, &mut findings);
                    (findings, is_at_end)
                });
                let repeats = core::mem::take(&mut large.repeats_unstored);
                self.finish_step(of, findings, repeats);
                if is_at_end { Stage::Waiting(large) } else { Stage::Structs(large) }
            }
            Stage::Waiting(mut large) => {
                let budget = self.config.limits.pending_bytes;
                match large.find_waiting(&of.update, &self.known, &mut self.turn, budget) {
                    Waits::Group(missing, update) => {
                        self.wait_for(of, vec![(missing, update)]);
                        Stage::Waiting(large)
                    }
                    Waits::NoMore => Stage::Structs(large),
                    Waits::TurnIsOver => Stage::Waiting(large),
                    waits => {
                        of.exceeds_pending |= matches!(waits, Waits::TooMuch);
                        Stage::Deletes(DeleteSteps::starting_at(of.deletes_at))
                    }
                }
            }
            Stage::Deletes(mut cursor) => {
                let most = (self.turn.left() * cost::TAKEN_RANGES).max(1);
                let is_at_end = cursor.read(&of.update, most, self.intake.update_mut());
                self.turn.spend(cost::TAKEN + self.intake.deletes().len() / cost::TAKEN_RANGES);
                let repeats = self.intake.repeats_unstored(&self.known);
                let budget = self.config.limits.pending_bytes;
                let (findings, ()) = self.take_with(Some(of.connection), |intake, known, to, _| {
                    let mut findings = Findings::default();
                    intake.take_deletes(known, to, &mut findings, budget);
                    (findings, ())
                });
                self.finish_step(of, findings, repeats);
                if is_at_end {
                    self.count_update(of.is_new, of.has_waiting);
                    Stage::Done
                } else {
                    Stage::Deletes(cursor)
                }
            }
            Stage::Done => Stage::Done,
        };
        Ok(())
    }

    /// Checks on; `true` once all is.
    fn check_on(&mut self, of: &mut Taking, check: &mut StepwiseCheck) -> Result<bool, CloseReason> {
        let before = check.checked_bytes();
        let most_bytes = largest_stored_piece(self.config.host);
        let read = self.intake.update_mut();
        let is_checked = check.step(&of.update, most_bytes, read).map_err(refused)?;
        let (clients, is_in_order) = check.client_count();
        let limits = &self.config.limits;
        if clients > if is_in_order { limits.message_clients } else { limits.unordered_clients() } {
            return Err(close::TOO_MANY_CLIENTS);
        }
        let items = read.structs.len() + read.deletes.len();
        let bytes = check.checked_bytes() - before;
        self.turn.spend(1 + items / cost::CHECKED + bytes / cost::CHECKED_BYTES);
        if !of.is_answer {
            of.rows.extend(self.known.missing_rows(self.intake.update()));
        }
        Ok(is_checked)
    }

    /// What follows from a step.
    fn finish_step(&mut self, of: &mut Taking, mut findings: Findings, repeats_unstored: bool) {
        let connection = Some(of.connection);
        of.is_new |= findings.is_new;
        of.exceeds_pending |= findings.exceeds_pending;
        if findings.is_new || repeats_unstored {
            self.gather.touch(of.connection);
        }
        self.wait_for(of, core::mem::take(&mut findings.waiting));
        self.pass_on(connection, findings.is_new);
        self.retry_pending(connection, findings.advanced);
    }

    fn wait_for(&mut self, of: &mut Taking, waiting: Vec<(Id, Vec<u8>)>) {
        if !waiting.is_empty() {
            of.has_waiting = true;
            self.gather.touch(of.connection);
            of.exceeds_pending |= self.keep_pending(waiting, self.config.limits.pending_bytes);
            if !of.exceeds_pending {
                self.ask_for_missing(of.connection);
            }
        }
    }

    /// All was taken: what its sender sent meanwhile comes next.
    fn finish_taking(&mut self) {
        let Some(of) = self.taking.pop_front() else { return };
        self.waiting_bytes -= of.cost();
        self.intake.shrink();
        // Most of it is stored: so will be the rest, instead of being read again whenever the room wakes.
        self.gather.flush_now = true;
        if let Some(connection) = self.connections.get_mut(&of.connection) {
            connection.sends_large = false;
            connection.needs_attaching = true;
        }
        let connection = of.connection;
        if of.exceeds_pending {
            return self.refuse_message(connection, close::PENDING_LIMIT);
        }
        if of.is_answer {
            // What is news in it comes back.
            return self.compare(connection, of.update, of.deletes_at, of.behind);
        }
        of.behind.into_waiting(connection).into_iter().rev().for_each(|waiting| self.postpone(waiting));
    }
}
