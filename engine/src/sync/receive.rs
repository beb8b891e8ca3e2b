//! What a room does with a message: updates are checked, taken in and passed on, awareness is relayed.

use super::close::{self, CloseReason};
use super::config::Rights;
use super::connections::{Connection, MOST_ATTACHED_AWARENESS, MOST_TAIL_BYTES};
use super::effect::{ConnectionId, Effect};
use super::frame;
use super::intake::{Destinations, Findings, Intake};
use super::known::Known;
use super::message::Message;
use super::opening::Waiting;
use super::room::Room;
use super::turn::{Turn, cost};
use crate::archive::records::AttachmentRecord;
use crate::archive::{PageBuilder, largest_stored_piece, largest_update};
use crate::values::{ClientId, Error, ErrorKind, Id};
use std::borrow::Cow;

/// How long a client has to bring what we asked it for, before it is asked again, in milliseconds.
const ASK_AGAIN_MS: u64 = 5_000;

const READ_ONLY: &str = "this connection may not change the document";
const DAMAGED: &str = "the stored document is damaged: it can be read, but not changed";

impl Room {
    /// Takes a message of a connection.
    pub(super) fn handle(&mut self, connection: ConnectionId, frame: Cow<'_, [u8]>) {
        let whole = frame;
        let frame: &[u8] = &whole;
        let message = Message::decode(frame);
        let is_kept = matches!(&message, Ok(Message::Step2(update) | Message::Update(update)) if self.is_large(update));
        let bytes_for_a_unit = if is_kept { cost::KEPT_BYTES } else { cost::MESSAGE_BYTES };
        self.turn.spend(cost::MESSAGE + frame.len() / bytes_for_a_unit);
        if self.connections.get(&connection).is_some_and(|of| of.follower.is_some()) {
            return self.handle_follower(connection, frame);
        }
        let handled = match message {
            // In the order in which they were sent.
            Ok(Message::Step1(_) | Message::Step2(_) | Message::Update(_))
                if self.is_comparing(connection) || self.is_taking(connection) =>
            {
                return self.hold_message(connection, frame);
            }
            // Who has something is told from it what we lack, and what of all that we have it lacks.
            Ok(Message::Step1(vector)) => match self.begin_join(connection, vector) {
                Ok(false) => return self.postpone(Waiting::Message { connection, bytes: frame.to_vec() }),
                begun => begun.map(drop),
            },
            Ok(message @ (Message::Step2(update) | Message::Update(update))) if self.is_large(update) => {
                let (is_answer, head_bytes) = (matches!(message, Message::Step2(_)), frame.len() - update.len());
                let mut update = whole.into_owned();
                update.drain(..head_bytes);
                return self.begin_taking(connection, update, is_answer);
            }
            Ok(Message::Step2(update)) if self.has_to_compare(connection) => self.compare_answer(connection, update),
            Ok(Message::Step2(update) | Message::Update(update)) if self.lacks_rows_for(update) => {
                return self.postpone(Waiting::Message { connection, bytes: frame.to_vec() });
            }
            Ok(Message::Step2(update)) => self.handle_update(connection, update, true),
            Ok(Message::Update(update)) => self.handle_update(connection, update, false),
            Ok(Message::Awareness(update)) => self.relay_awareness(connection, update),
            Ok(Message::QueryAwareness) => {
                let states = self.presence.encode().unwrap_or_else(|| vec![0]);
                self.send(connection, frame::awareness(&states));
                Ok(())
            }
            Ok(Message::PermissionDenied(_) | Message::Other(_)) => Ok(()),
            Err(_) => Err(close::MALFORMED),
        };
        if let Err(reason) = handled {
            self.refuse_message(connection, reason);
        }
    }

    /// Closes a connection for what it sent.
    pub(super) fn refuse_message(&mut self, connection: ConnectionId, reason: CloseReason) {
        self.meters.updates_refused += 1;
        self.close(connection, reason);
    }

    /// Takes an update, which came by itself or as an answer to our step 1.
    pub(super) fn handle_update(
        &mut self,
        connection: ConnectionId,
        update: &[u8],
        is_answer: bool,
    ) -> Result<(), CloseReason> {
        let rights = self.connections.get(&connection).map_or(Rights::Read, |of| of.rights);
        let findings = if rights == Rights::Read || self.base_is_damaged {
            self.read_update(update)?;
            if self.intake.has_news(&self.known) {
                self.refuse_update(connection, rights);
            }
            Findings::default()
        } else if !self.store_keeps_up() {
            return Err(close::STORE_TOO_SLOW);
        } else {
            self.take_update(Some(connection), update, self.config.limits.pending_bytes)?
        };
        if is_answer {
            self.take_answer(connection);
        }
        self.intake.shrink();
        self.pass_on(Some(connection), findings.is_new);
        self.retry_pending(Some(connection), findings.advanced);
        if findings.exceeds_pending { Err(close::PENDING_LIMIT) } else { Ok(()) }
    }

    /// Whether an update can't be judged before more is read of what we know; that is being read then.
    pub(super) fn lacks_rows_for(&mut self, update: &[u8]) -> bool {
        // Most documents are small: all is known.
        !self.known.is_read()
            && self.read_update(update).is_ok()
            && !self.load(self.known.missing_rows(self.intake.update()))
    }

    pub(super) fn refuse_update(&mut self, connection: ConnectionId, rights: Rights) {
        self.meters.updates_refused += 1;
        let Some(of) = self.connections.get_mut(&connection) else { return };
        if !core::mem::replace(&mut of.was_refused, true) {
            let reason = if rights == Rights::Read { READ_ONLY } else { DAMAGED };
            self.send(connection, frame::permission_denied(reason));
        }
    }

    fn read_update(&mut self, update: &[u8]) -> Result<(), CloseReason> {
        self.intake.read(update, largest_stored_piece(self.config.host)).map_err(refused)?;
        let has_too_many = self.intake.update().clients.len() > self.config.limits.message_clients;
        if has_too_many { Err(close::TOO_MANY_CLIENTS) } else { Ok(()) }
    }

    /// Takes in what is new in an update: into the journal, into what is passed on, and into the tail of its
    /// sender where a window is kept. What misses something waits, as long as all that waits is not more than
    /// `pending_limit` bytes.
    pub(super) fn take_update(
        &mut self,
        from: Option<ConnectionId>,
        update: &[u8],
        pending_limit: usize,
    ) -> Result<Findings, CloseReason> {
        self.read_update(update)?;
        let repeats_unstored = self.intake.repeats_unstored(&self.known);
        let mut findings = self.take_read(from, update, pending_limit);
        let waiting = core::mem::take(&mut findings.waiting);
        self.count_update(findings.is_new, !waiting.is_empty());
        if let Some(from) = from.filter(|_| findings.is_new || repeats_unstored || !waiting.is_empty()) {
            self.gather.touch(from);
        }
        if !waiting.is_empty() {
            findings.exceeds_pending |= self.keep_pending(waiting, pending_limit);
            if let Some(from) = from.filter(|_| !findings.exceeds_pending) {
                self.ask_for_missing(from);
            }
        }
        Ok(findings)
    }

    /// Counts an update that was taken.
    pub(super) fn count_update(&mut self, is_new: bool, has_waiting: bool) {
        match (is_new, has_waiting) {
            (true, _) => self.meters.updates_new += 1,
            (false, false) => self.meters.updates_known += 1,
            (false, true) => {}
        }
        self.meters.updates_pending += u64::from(has_waiting);
    }

    /// Keeps what misses something; `true` if that is more than may wait.
    pub(super) fn keep_pending(&mut self, waiting: Vec<(Id, Vec<u8>)>, pending_limit: usize) -> bool {
        let mut exceeds = false;
        for (missing, update) in waiting {
            let fits_row = update.len() + 8 <= largest_update(self.config.host);
            exceeds |= !fits_row || !self.pending.add(missing, update, pending_limit);
        }
        exceeds
    }

    /// Takes in what is new in the update that was read last, whose bytes these are. At most `budget` bytes of it wait.
    fn take_read(&mut self, from: Option<ConnectionId>, update: &[u8], budget: usize) -> Findings {
        let read = self.intake.update();
        let (structs, clients) = (read.structs.len() * cost::TAKEN, read.clients.len() * cost::TAKEN_CLIENT);
        self.turn.spend(structs + clients + read.deletes.len() / cost::TAKEN_RANGES);
        self.take_with(from, |intake, known, to, _| (intake.take(update, known, to, budget), ())).0
    }

    /// Takes in what `take` gives to where it goes.
    pub(super) fn take_with<T>(
        &mut self,
        from: Option<ConnectionId>,
        take: impl FnOnce(&mut Intake, &mut Known, &mut Destinations<'_>, &mut Turn) -> (Findings, T),
    ) -> (Findings, T) {
        let keeps_window = self.keeps_window();
        let tells_accepted = keeps_window && self.config.tells_accepted;
        let tail = from.and_then(|from| self.connections.get_mut(&from)).filter(|_| keeps_window);
        let mut told = PageBuilder::default();
        let mut to = Destinations {
            journal: &mut self.journal,
            gathered: &mut self.gather.page,
            tail: tail.map(|of| &mut of.tail),
            told: self.following.has_bridge().then_some(&mut told),
            accepted: tells_accepted.then_some(&mut self.gather.accepted),
        };
        let (findings, more) = take(&mut self.intake, &mut self.known, &mut to, &mut self.turn);
        self.note_deletes(&findings.deletes);
        if self.manifest.author != 0 && findings.advanced.contains(&ClientId::new(self.manifest.author)) {
            // Only the server writes under this id: somebody has what the store has lost.
            self.spend_author();
        } else if !told.is_empty() {
            self.tell_bridge(&told.encode());
        }
        (findings, more)
    }

    /// Asks a client for everything that we lack.
    pub(super) fn ask_for_missing(&mut self, connection: ConnectionId) {
        let now_ms = self.now_ms;
        let is_due = |of: &Connection| of.asked_ms.is_none_or(|asked| asked + ASK_AGAIN_MS <= now_ms);
        if self.connections.get(&connection).is_some_and(is_due) && self.load_clocks(connection) {
            self.connections.get_mut(&connection).into_iter().for_each(|of| of.asked_ms = Some(now_ms));
            let vector = crate::update::encode_state_vector(&self.known.shown_clocks());
            self.send(connection, frame::step_1(&vector));
        }
    }

    /// Takes in what waited for units of these clients, and what waited for that, and so on: as far as the turn goes.
    pub(super) fn retry_pending(&mut self, from: Option<ConnectionId>, advanced: Vec<ClientId>) {
        self.retry_pending_and(from, advanced, |room, is_new| room.pass_on(None, is_new));
    }

    fn retry_pending_and(
        &mut self,
        from: Option<ConnectionId>,
        advanced: Vec<ClientId>,
        and_then: impl Fn(&mut Room, bool),
    ) {
        let mut advanced = advanced;
        while let Some(client) = advanced.pop() {
            while self.pending.has_ready(client, self.known.clock(client)) {
                if self.turn.is_over() {
                    self.advanced.push(client);
                    self.advanced.append(&mut advanced);
                    return;
                }
                let Some(update) = self.pending.take_ready(client, self.known.clock(client)) else { break };
                // It was checked when it came.
                if self.read_update(&update).is_err() {
                    continue;
                }
                let findings = self.take_read(from, &update, usize::MAX);
                for (missing, rest) in findings.waiting {
                    // What waited within the limit goes on waiting; only its parts are counted anew.
                    self.pending.add(missing, rest, usize::MAX);
                }
                and_then(self, findings.is_new);
                advanced.extend(findings.advanced);
            }
        }
    }

    /// Takes in what waited and was too much for the last turn.
    #[inline(never)]
    pub(super) fn continue_retrying(&mut self) {
        if self.takes_waiting() {
            let advanced = core::mem::take(&mut self.advanced);
            // A damaged document is not changed any more.
            if !self.base_is_damaged {
                self.retry_pending(None, advanced);
            }
        }
    }

    /// Takes in the unstored edits that were kept with a connection, and passes them on if not all were when they came.
    pub(super) fn take_tail(&mut self, connection: ConnectionId, update: Vec<u8>, is_shown: bool) {
        if self.lacks_rows_for(&update) {
            return self.postpone(Waiting::Tail { connection, update, is_shown });
        }
        self.pass_on_gathered();
        let Ok(findings) = self.take_update(Some(connection), &update, usize::MAX) else { return };
        // What waited for it had come before, too: tails are not in order. What is attached stays until all are taken. The
        // host was told of all of it when it came.
        let pass_on = |room: &mut Room, is_new| {
            room.gather.accepted = PageBuilder::default();
            room.pass_on(None, is_new && !is_shown);
        };
        pass_on(self, findings.is_new);
        self.retry_pending_and(Some(connection), findings.advanced, pass_on);
        if is_shown {
            self.gather.page = Default::default();
        }
    }

    /// Keeps with a connection what must outlive the room's memory.
    pub(super) fn attach(&mut self, connection: ConnectionId) {
        let mut awareness = self.presence.announced(connection);
        awareness.truncate(MOST_ATTACHED_AWARENESS);
        let unstored_since_ms = self.unstored_since_ms.unwrap_or(self.now_ms);
        let Some(of) = self.connections.get_mut(&connection) else { return };
        of.needs_attaching = false;
        let follower = of.follower.as_ref().map(|follower| follower.to_record());
        if let Some(None) = follower {
            // It does not outlive the room's memory.
            return;
        }
        let mut tail = [&of.tail_being_written[..], &of.inherited].concat();
        // A larger tail is stored at once instead. Until it is, its sender would have to bring it again.
        let fits = of.tail_bytes() <= MOST_TAIL_BYTES;
        if !fits {
            self.gather.flush_now = true;
            tail.clear();
        } else if !of.tail.is_empty() {
            tail.push(of.tail.encode());
        }
        let record = AttachmentRecord {
            may_write: of.rights == Rights::Write,
            live: of.is_live && of.join.is_none() && !of.sends_large && fits && self.following.authored.is_empty(),
            beats: of.beats,
            awareness,
            unstored_since_ms,
            tail,
            follower: follower.flatten(),
            tail_waits: of.tail_waits,
        };
        self.effects.push_back(Effect::Attach { connection, bytes: record.encode() });
    }

    /// Brings all attachments up to date that are not.
    pub(super) fn attach_all(&mut self) {
        let outdated = self.connections.iter().filter(|(_, of)| of.needs_attaching);
        let outdated: Vec<ConnectionId> = outdated.map(|(connection, _)| *connection).collect();
        outdated.into_iter().for_each(|connection| self.attach(connection));
    }

    /// Relays awareness to everybody. Its sender is among them: a stock client that hears nothing for 30 s
    /// takes its connection for dead, and this may be all that a lone one hears.
    fn relay_awareness(&mut self, connection: ConnectionId, update: &[u8]) -> Result<(), CloseReason> {
        let relayed = self.presence.receive(connection, update, &self.config.limits)?;
        let announces = !self.presence.announced(connection).is_empty();
        if let Some(of) = self.connections.get_mut(&connection) {
            of.beats |= announces;
            of.needs_attaching = true;
            if let Some(join) = &mut of.join {
                join.paused_until_ms = None;
            }
        }
        relayed.into_iter().for_each(|relayed| self.relay(relayed));
        Ok(())
    }
}

/// Why a connection is closed whose state vector or delete set is none, or has too many clients.
pub(super) fn too_many_or_malformed(error: Error) -> CloseReason {
    match error.kind {
        ErrorKind::TooLarge => close::TOO_MANY_CLIENTS,
        _ => close::MALFORMED,
    }
}

/// Why a connection is closed whose update is none, or can't be stored.
pub(super) fn refused(error: Error) -> CloseReason {
    match error.kind {
        ErrorKind::TooLarge => close::VALUE_TOO_LARGE,
        _ => close::MALFORMED,
    }
}
