//! What clients without an engine ask: to open a root, to carry out an operation, over HTTP for one answer.

use super::follower::{Asked, Follower, Form, Opened};
use super::http::{change_body, content_body, decode_post, epoch_number, epoch_text, error_body, event};
use super::refused::{
    BEYOND_END, HISTORY, ID, MALFORMED, NOT_OPEN, READ_ONLY, REVISION, ROOTS, Refused, SURROGATE_PAIR, TOO_LARGE,
    UNAVAILABLE, WRONG_KIND, unreadable,
};
use crate::archive::records::FollowerRecord;
use crate::archive::{ChangeRecord, PageBuilder, largest_stored_piece};
use crate::bridge::{Edited, Refusal};
use crate::ot::protocol::{count_values, id_of_unread};
use crate::ot::{ClientMessage, Delta, Op, SentOp, ServerMessage, Subject, form_of};
use crate::sync::close;
use crate::sync::config::Rights;
use crate::sync::connections::Connection;
use crate::sync::effect::{ConnectionId, Effect};
use crate::sync::frame;
use crate::sync::intake::Destinations;
use crate::sync::request::Request;
use crate::sync::room::{Room, State};
use crate::values::Any;
use std::cmp::Ordering;
use std::sync::Arc;

/// Values of a JSON message that are read for each step that an operation may have.
const VALUES_PER_STEP: usize = 6;

/// What waits costs besides its bytes.
const ASKED_OVERHEAD_BYTES: usize = 64;

/// Something that is asked.
#[derive(Debug)]
pub(super) enum Ask {
    Open {
        subject: Subject,
        from: Option<(u64, u64)>,
    },
    Op(SentOp),
    /// What the follower's request says.
    Request,
}

impl Room {
    /// A client without an engine has connected over a WebSocket of subprotocol `merganser-ot`. What it sends goes to
    /// [`receive`](Room::receive), text frames as their bytes.
    pub fn connect_ot(&mut self, connection: ConnectionId, rights: Rights, now_ms: u64) {
        self.add_follower(connection, rights, Follower::over_socket(), now_ms);
        self.settle();
    }

    /// A client wants a stream of server-sent events: it opens a root, anew or from an epoch and revision on. What it gets
    /// is text as it is to be sent.
    pub fn stream(
        &mut self,
        connection: ConnectionId,
        rights: Rights,
        subject: Subject,
        from: Option<(&str, u64)>,
        now_ms: u64,
    ) {
        if self.add_follower(connection, rights, Follower::new(Form::Events), now_ms) {
            if !subject.fits() {
                self.refuse(connection, MALFORMED, 0);
                return self.close(connection, close::MALFORMED);
            }
            let from = from.map(|(epoch, revision)| (epoch_number(epoch), revision));
            self.ask(connection, Ask::Open { subject, from }, 0);
        }
        self.settle();
    }

    /// A request over HTTP: it gets one answer, an [`Effect::Respond`], unless it is taken back by
    /// [`disconnect`](Room::disconnect) before.
    pub fn request(
        &mut self,
        connection: ConnectionId,
        rights: Rights,
        subject: Subject,
        request: Request<'_>,
        now_ms: u64,
    ) {
        self.begin_turn(now_ms);
        let (asked, session, bytes) = match request {
            _ if !subject.fits() => (Err(MALFORMED), None, 0),
            Request::Content => (Ok(Asked::Content), None, 0),
            Request::Changes { epoch, since, wait_ms } => {
                let epoch = epoch_number(epoch);
                (Ok(Asked::Changes { epoch, since, until_ms: now_ms.saturating_add(wait_ms) }), None, 0)
            }
            Request::Edit(body) if self.is_too_large(body) => (Err(TOO_LARGE), None, 0),
            Request::Edit(body) => match decode_post(body) {
                Ok((epoch, session, sent)) => (Ok(Asked::Edit(epoch, sent)), Some(session), body.len()),
                Err(refused) => (Err(refused), None, 0),
            },
        };
        // Who asks what changed is told all that did, also by itself.
        let as_asked = if matches!(asked, Ok(Asked::Changes { .. })) { "".into() } else { subject.session };
        let subject = Subject { session: session.unwrap_or(as_asked), ..subject };
        let opened = Opened { subject, epoch: 0, revision: u64::MAX, heard: u64::MAX, given: 0 };
        match asked {
            Err(refused) => self.respond(connection, refused.status, &error_body(refused, None)),
            Ok(asked) => {
                let follower = Follower { request: Some(asked), opened: Some(opened), ..Follower::over_socket() };
                if self.add_follower(connection, rights, follower, now_ms) {
                    self.ask(connection, Ask::Request, bytes);
                }
            }
        }
        self.settle();
    }

    /// A client without an engine.
    pub(super) fn follower(&self, connection: ConnectionId) -> Option<&Follower> {
        self.connections.get(&connection)?.follower.as_deref()
    }

    pub(super) fn follower_mut(&mut self, connection: ConnectionId) -> Option<&mut Follower> {
        self.connections.get_mut(&connection)?.follower.as_deref_mut()
    }

    fn add_follower(&mut self, connection: ConnectionId, rights: Rights, follower: Follower, now_ms: u64) -> bool {
        self.begin_turn(now_ms);
        let reason = match self.state {
            State::Refused(reason) => Some(reason),
            _ if self.is_shutting_down => Some(close::SHUTTING_DOWN),
            _ if self.connections.len() >= self.config.limits.connections => Some(close::TOO_MANY_CONNECTIONS),
            _ => None,
        };
        match reason {
            Some(reason) => self.end(connection, follower.is_request(), reason),
            None => {
                let follower = Some(Box::new(follower));
                self.connections.insert(connection, Connection { follower, ..Connection::new(rights) });
            }
        }
        reason.is_none()
    }

    /// Answers a request.
    pub(in crate::sync) fn respond(&mut self, connection: ConnectionId, status: u16, body: &str) {
        self.effects.push_back(Effect::Respond { connection, status, body: body.as_bytes().into() });
    }

    /// The answer to a request that ends without one.
    pub(in crate::sync) fn respond_unavailable(&mut self, connection: ConnectionId) {
        self.respond(connection, UNAVAILABLE.status, &error_body(UNAVAILABLE, None));
    }

    /// Takes a message of a client without an engine.
    pub(in crate::sync) fn handle_follower(&mut self, connection: ConnectionId, message: &[u8]) {
        if self.is_too_large(message) {
            return self.refuse(connection, TOO_LARGE, id_of_unread(message));
        }
        let Some(follower) = self.follower_mut(connection) else {
            return;
        };
        let is_fresh = follower.opened.is_none() && follower.opening.is_none();
        if is_fresh {
            follower.form = Form::Frames(form_of(message));
        }
        match ClientMessage::decode(message) {
            Ok(ClientMessage::Open { subject, from }) if is_fresh => {
                follower.opening = Some(subject.clone());
                let from = from.map(|(epoch, revision)| (epoch_number(&epoch), revision));
                self.ask(connection, Ask::Open { subject, from }, message.len());
                self.note_attachment(connection);
            }
            Ok(ClientMessage::Op(sent)) if !is_fresh => self.ask(connection, Ask::Op(sent), message.len()),
            Ok(ClientMessage::Op(sent)) => self.refuse(connection, NOT_OPEN, sent.id),
            Ok(ClientMessage::Open { .. }) => self.refuse(connection, NOT_OPEN, 0),
            Err(wrong) => self.refuse(connection, unreadable(wrong), wrong.id),
        }
    }

    /// Whether a message is too large to be read at once.
    fn is_too_large(&self, message: &[u8]) -> bool {
        let limits = &self.config.limits;
        message.len() > limits.operation_bytes.min(limits.message_bytes)
            || count_values(message) > limits.operation_steps.saturating_mul(VALUES_PER_STEP)
    }

    /// What is attached to a connection is out of date.
    pub(super) fn note_attachment(&mut self, connection: ConnectionId) {
        if let Some(of) = self.connections.get_mut(&connection) {
            of.needs_attaching = true;
        }
    }

    /// Takes a connection back as its attachment says it was.
    pub(in crate::sync) fn restore_follower(
        &mut self,
        connection: ConnectionId,
        rights: Rights,
        record: FollowerRecord,
    ) {
        let (follower, waits) = Follower::restore(record);
        let follower = Some(Box::new(follower));
        self.connections.insert(connection, Connection { needs_attaching: false, follower, ..Connection::new(rights) });
        if let Some(subject) = waits {
            self.ask(connection, Ask::Open { subject, from: None }, 0);
        }
    }

    /// Puts something in the queue of what is to be answered once the document is there.
    fn ask(&mut self, connection: ConnectionId, ask: Ask, bytes: usize) {
        let cost = bytes + ASKED_OVERHEAD_BYTES;
        if self.following.asked_bytes + cost > self.config.limits.waiting_bytes {
            return self.close(connection, close::BUSY);
        }
        self.following.asked_bytes += cost;
        self.following.asked.push_back((connection, ask, cost));
    }

    /// Answers what is asked; the document is there.
    pub(super) fn answer_asked(&mut self) {
        while let Some((connection, ask, cost)) = self.following.asked.pop_front() {
            self.following.asked_bytes -= cost;
            let Some(follower) = self.follower_mut(connection) else { continue };
            match ask {
                Ask::Open { subject, from } => self.open_root(connection, subject, from),
                Ask::Op(sent) => self.carry_out(connection, sent),
                Ask::Request => match follower.request.replace(Asked::Answered) {
                    Some(Asked::Content) => self.give_content(connection),
                    Some(Asked::Changes { epoch, since, until_ms }) => {
                        follower.request = Some(Asked::Changes { epoch, since, until_ms });
                        self.begin_wait(connection, epoch, since);
                    }
                    Some(Asked::Edit(epoch, sent)) if epoch == self.manifest.author => self.carry_out(connection, sent),
                    Some(Asked::Edit(..)) => self.refuse(connection, HISTORY, 0),
                    Some(Asked::Answered) | None => {}
                },
            }
            if self.following.bridge.is_none() {
                return;
            }
        }
    }

    /// A client opens a root.
    fn open_root(&mut self, connection: ConnectionId, subject: Subject, from: Option<(u64, u64)>) {
        let Ok((root, current)) = self.root_of(&subject).map_err(|refused| self.refuse(connection, refused, 0)) else {
            if let Some(follower) = self.follower_mut(connection) {
                follower.opening = None;
            }
            return;
        };
        // What is still on its way on an older connection must not come in any more: the client makes it anew.
        self.end_older(connection, &subject);
        let epoch = self.manifest.author;
        let resumed = from.filter(|(of, since)| {
            let bridge = self.following.bridge.as_deref();
            *of == epoch
                && *since <= self.stored_sequence
                && bridge.is_some_and(|of| of.changes_after(root, *since).is_some())
        });
        self.note_attachment(connection);
        let Some(follower) = self.follower_mut(connection) else { return };
        follower.opening = None;
        let revision = resumed.map_or(0, |(_, since)| since);
        follower.opened = Some(Opened { subject, epoch, revision, heard: revision, given: 0 });
        match resumed {
            Some(_) => self.resume_follower(connection),
            None => self.hold_content(connection, root, current),
        }
    }

    /// Ends other connections of the same session.
    fn end_older(&mut self, connection: ConnectionId, subject: &Subject) {
        if subject.session.is_empty() {
            return;
        }
        let is_older = |(other, of): &(&ConnectionId, &Connection)| {
            let opened = of.follower.as_ref().filter(|of| !of.is_request()).and_then(|of| of.opened.as_ref());
            **other != connection && opened.is_some_and(|opened| opened.subject.session == subject.session)
        };
        let older: Vec<ConnectionId> = self.connections.iter().filter(is_older).map(|(other, _)| *other).collect();
        older.into_iter().for_each(|other| self.close(other, close::SYNC_AGAIN));
    }

    /// The number of a root, and the revision of its content as it is in memory now: perhaps it is not stored yet.
    pub(super) fn root_of(&mut self, subject: &Subject) -> Result<(usize, u64), Refused> {
        self.close_changes();
        let Some(bridge) = self.following.bridge.as_deref_mut() else { return Err(UNAVAILABLE) };
        if bridge.find(&subject.root).is_none() && bridge.root_count() >= self.config.limits.roots {
            return Err(ROOTS);
        }
        let is_dirty = self.journal.is_dirty();
        let known = bridge.find(&subject.root).is_some();
        let revision = match (is_dirty, known) {
            (false, _) => self.journal.last_written(),
            (true, true) => self.journal.last_revision(),
            // Of what waits to be stored something may be its content, and was not told.
            (true, false) => self.journal.take_revision(),
        };
        let count = bridge.root_count();
        let (root, known) = bridge.follow(&subject.root, revision).ok_or(WRONG_KIND)?;
        if !known && is_dirty {
            let mut track = Vec::new();
            ChangeRecord::Track { root: &subject.root, since: revision }.write_to(&mut track);
            let since = self.journal.last_written();
            self.journal.add_changes(&track, |out| bridge.begin_slot(since, count, out));
        } else if !known {
            self.journal.end_slots();
        }
        Ok((root, revision))
    }

    fn give_content(&mut self, connection: ConnectionId) {
        let Some(subject) = self.subject_of(connection) else { return };
        match self.root_of(&subject) {
            Err(refused) => self.refuse(connection, refused, 0),
            Ok((root, revision)) => {
                let Some(bridge) = &self.following.bridge else { return };
                let done = bridge.sessions().find(&subject.session);
                let body = content_body(
                    &epoch_text(self.manifest.author),
                    revision,
                    done.id,
                    &bridge.content(root),
                    subject.is_rich,
                );
                self.hold(connection, revision, body.into_bytes().into());
            }
        }
    }

    fn begin_wait(&mut self, connection: ConnectionId, epoch: u64, since: u64) {
        let Some(subject) = self.subject_of(connection) else { return };
        let followed = self.root_of(&subject);
        let kept = followed.map(|(root, _)| {
            epoch == self.manifest.author
                && self.following.bridge.as_deref().is_some_and(|of| of.changes_after(root, since).is_some())
        });
        match kept {
            Err(refused) => self.refuse(connection, refused, 0),
            Ok(false) => self.refuse(connection, HISTORY, 0),
            Ok(true) if since > self.stored_sequence => self.refuse(connection, REVISION, 0),
            Ok(true) => {
                if let Some(of) = self.follower_mut(connection)
                    && let Some(opened) = &mut of.opened
                {
                    (opened.epoch, opened.revision) = (epoch, since);
                }
                self.tell_followers();
            }
        }
    }

    pub(super) fn subject_of(&self, connection: ConnectionId) -> Option<Subject> {
        Some(self.follower(connection)?.opened.as_ref()?.subject.clone())
    }

    /// Carries out an operation, over a WebSocket or of a request.
    fn carry_out(&mut self, connection: ConnectionId, sent: SentOp) {
        let Some(of) = self.connections.get(&connection) else { return };
        let Some(follower) = of.follower.as_deref() else { return };
        let is_request = follower.is_request();
        let Some(opened) = follower.opened.clone() else { return self.refuse(connection, NOT_OPEN, sent.id) };
        if !is_request && sent.revision < opened.given {
            return;
        }
        let mut sent = sent;
        if !is_request && (opened.heard..opened.revision).contains(&sent.revision) {
            // Nothing has changed since; where the log begins behind it, that is enough to know.
            sent.revision = opened.revision;
        }
        let told = if is_request { self.stored_sequence } else { opened.revision };
        let refused = if of.rights == Rights::Read {
            Some(READ_ONLY)
        } else if opened.subject.session.is_empty() {
            Some(MALFORMED)
        } else if sent.revision > told {
            Some(REVISION)
        } else if self.base_is_damaged || !self.store_keeps_up() {
            Some(UNAVAILABLE)
        } else if sent.op.step_count() > self.config.limits.operation_steps || !self.can_be_stored(&sent.op) {
            Some(TOO_LARGE)
        } else {
            None
        };
        if let Some(refused) = refused {
            return self.refuse(connection, refused, sent.id);
        }
        let (root, _) = match self.root_of(&opened.subject) {
            Ok(root) => root,
            Err(refused) => return self.refuse(connection, refused, sent.id),
        };
        let Some(bridge) = self.following.bridge.as_deref_mut() else { return };
        let done = bridge.sessions().find(&opened.subject.session);
        let until = match sent.id.cmp(&done.id) {
            Ordering::Less => return self.refuse(connection, ID, sent.id),
            // It is there already: who is told in order hears of it in its place.
            Ordering::Equal if !is_request => return,
            Ordering::Equal => done.revision,
            Ordering::Greater => u64::MAX,
        };
        // Only a request is answered with what others did; the log may not reach back any more once it is carried out.
        let others = if is_request { bridge.others(root, &sent, until) } else { Ok(Delta::new()) };
        let edited = others.and_then(|others| match until {
            u64::MAX => Ok((self.author(connection, root, &opened.subject, &sent)?, others)),
            repeated => Ok((repeated, others)),
        });
        match edited {
            Ok((revision, others)) if is_request => {
                let body = change_body(revision, &others, opened.subject.is_rich);
                self.hold(connection, revision, body.into_bytes().into());
            }
            Ok(_) => {}
            Err(Refusal::History) if is_request => self.refuse(connection, HISTORY, 0),
            Err(Refusal::History) => self.give_content_anew(connection, &opened.subject),
            Err(Refusal::BeyondEnd) => self.refuse(connection, BEYOND_END, sent.id),
            Err(Refusal::SurrogatePair) => self.refuse(connection, SURROGATE_PAIR, sent.id),
            Err(Refusal::WrongKind) => self.refuse(connection, WRONG_KIND, sent.id),
        }
    }

    /// Whether no value in an operation is larger than a row. (Text can be cut.)
    fn can_be_stored(&self, op: &Delta) -> bool {
        const NAMES_BYTES: usize = 1_024;
        let most = largest_stored_piece(self.config.host).saturating_sub(NAMES_BYTES);
        let fits = |value: &Any| value.to_json().len() <= most;
        op.is_plain()
            || op.ops().all(|op| match op {
                Op::Delete { .. } => true,
                Op::Retain { attributes, .. } | Op::Insert { attributes, .. } => {
                    attributes.entries().iter().all(|(key, value)| key.len() <= NAMES_BYTES && fits(value))
                }
                Op::Embed { value, attributes } => {
                    fits(value)
                        && attributes.entries().iter().all(|(key, value)| key.len() <= NAMES_BYTES && fits(value))
                }
            })
    }

    /// Makes an operation a transaction of the document, and takes in what that authors; gives the revision after it.
    fn author(
        &mut self,
        connection: ConnectionId,
        root: usize,
        subject: &Subject,
        sent: &SentOp,
    ) -> Result<u64, Refusal> {
        let Some(bridge) = self.following.bridge.as_deref_mut() else { return Err(Refusal::History) };
        let mut changes = Vec::new();
        let take_revision = || self.journal.take_revision();
        let Edited { update, revision } =
            bridge.edit(root, subject.is_rich, sent, &subject.session, take_revision, &mut changes)?;
        bridge.shrink_sessions(self.config.limits.sessions);
        self.meters.operations += 1;
        if let Some(update) = &update {
            self.take_authored(connection, update);
        }
        if let Some(bridge) = self.following.bridge.as_deref() {
            let since = self.journal.last_written();
            let count = bridge.root_count();
            self.journal.add_changes(&changes, |out| bridge.begin_slot(since, count, out));
        }
        self.gather.touch(connection);
        self.gather.flush_now = true;
        self.following.has_unstored_operations = true;
        Ok(revision)
    }

    /// Takes in what the server itself has written for a connection. Nobody sees it before it is stored, whatever the durability.
    fn take_authored(&mut self, connection: ConnectionId, update: &[u8]) {
        if self.intake.read(update, usize::MAX).is_err() {
            unreachable!("a document writes updates");
        }
        let keeps_window = self.keeps_window();
        let mut apart = PageBuilder::default();
        let gathered = if keeps_window { &mut apart } else { &mut self.gather.page };
        let mut to = Destinations { journal: &mut self.journal, gathered, tail: None, told: None, accepted: None };
        let findings = self.intake.take(update, &mut self.known, &mut to, usize::MAX);
        self.note_deletes(&findings.deletes);
        debug_assert!(findings.is_new && findings.waiting.is_empty(), "what is authored is new and misses nothing");
        if keeps_window {
            let update = apart.encode();
            self.following.authored.push(frame::update(&update));
            self.note_accepted(Some(connection), update);
        } else {
            self.gather.note(None);
        }
        self.retry_pending(None, findings.advanced);
    }

    /// Tells a client that something is refused; a request is answered so.
    pub(super) fn refuse(&mut self, connection: ConnectionId, refused: Refused, id: u64) {
        self.meters.updates_refused += 1;
        let Some(follower) = self.follower(connection) else { return };
        if follower.is_request() {
            let session = self.subject_of(connection).map(|subject| subject.session);
            let bridge = self.following.bridge.as_deref();
            let done = session.and_then(|session| Some(bridge?.sessions().find(&session).id));
            let body = error_body(refused, done.filter(|_| refused == HISTORY));
            self.respond(connection, refused.status, &body);
            self.forget(connection);
        } else {
            self.say(connection, &refused.message(id));
        }
    }

    /// Sends a message to a client.
    pub(super) fn say(&mut self, connection: ConnectionId, message: &ServerMessage) {
        let Some(follower) = self.follower(connection) else { return };
        let is_rich = follower.opened.as_ref().is_some_and(|opened| opened.subject.is_rich);
        let form = follower.form;
        let message = self.encode_for(form, is_rich, message);
        self.send_as(connection, message, form.is_text());
    }

    /// A message as clients of this form get it.
    pub(super) fn encode_for(&self, form: Form, is_rich: bool, message: &ServerMessage) -> Arc<[u8]> {
        match form {
            Form::Frames(form) => message.encode(form, is_rich).into(),
            Form::Events => event(message, is_rich, &epoch_text(self.manifest.author)).into_bytes().into(),
        }
    }
}
