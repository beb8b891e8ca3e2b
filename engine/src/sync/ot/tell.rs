//! Telling clients without an engine what is stored: contents, changes of others, acknowledgements, answers.

use super::follower::{Asked, Form, Opened};
use super::http::{change_body, epoch_text};
use crate::bridge::{Bridge, compose_all};
use crate::ot::{ServerMessage, Subject};
use crate::sync::close;
use crate::sync::effect::{ConnectionId, Effect};
use crate::sync::room::Room;
use crate::values::{Error, ErrorKind};
use std::sync::Arc;

/// A message that several clients get: root, rich, form, revision before and after it.
type Shared = ((usize, bool, Form, u64, u64), Arc<[u8]>);

impl Room {
    /// Keeps an answer until a revision is stored.
    pub(super) fn hold(&mut self, connection: ConnectionId, revision: u64, message: Arc<[u8]>) {
        let Some(follower) = self.follower_mut(connection) else {
            return;
        };
        if follower.is_request() {
            follower.request = Some(Asked::Answered);
        }
        follower.held = Some((revision, message));
        self.note_attachment(connection);
        self.gather.flush_now |= revision > self.stored_sequence;
        self.release(connection);
    }

    /// The content, as an answer.
    pub(super) fn hold_content(&mut self, connection: ConnectionId, root: usize, revision: u64) {
        let Some(subject) = self.subject_of(connection) else { return };
        let Some(bridge) = self.following.bridge.as_deref() else { return };
        let epoch = epoch_text(self.manifest.author);
        let id = bridge.sessions().find(&subject.session).id;
        let message = ServerMessage::Content { epoch, revision, id, content: bridge.content(root) };
        let Some(follower) = self.follower(connection) else { return };
        let message = self.encode_for(follower.form, subject.is_rich, &message);
        if let Some(opened) = self.follower_mut(connection).and_then(|of| of.opened.as_mut()) {
            opened.given = revision;
        }
        self.hold(connection, revision, message);
    }

    /// Sends what is kept for a client, if its revision is stored. `true` if nothing is kept any more.
    fn release(&mut self, connection: ConnectionId) -> bool {
        let stored = self.stored_sequence;
        let Some(follower) = self.follower_mut(connection) else {
            return false;
        };
        match follower.held.take_if(|(revision, _)| *revision <= stored) {
            None => return follower.held.is_none(),
            Some((_, body)) if follower.is_request() => {
                self.effects.push_back(Effect::Respond { connection, status: 200, body });
                self.forget(connection);
                return false;
            }
            Some((revision, message)) => {
                if let Some(opened) = &mut follower.opened {
                    (opened.revision, opened.heard) = (revision, revision);
                }
                let is_text = follower.form.is_text();
                self.note_attachment(connection);
                self.send_as(connection, message, is_text);
            }
        }
        true
    }

    /// A client goes on where it was: what it missed, and then that this was all.
    pub(super) fn resume_follower(&mut self, connection: ConnectionId) {
        let Some(subject) = self.subject_of(connection) else { return };
        let Some(bridge) = self.following.bridge.as_deref() else { return };
        let done = bridge.sessions().find(&subject.session);
        // What it sent and is not stored yet is acknowledged later; if it comes again meanwhile, it is known. It has been
        // moved past the changes before it one by one, so the client has to do the same.
        let is_stored = done.revision <= self.stored_sequence;
        let id = if is_stored { done.id } else { done.id - 1 };
        self.tell(connection, is_stored, &mut Vec::new());
        self.note_told(connection, self.stored_sequence, Some(self.stored_sequence));
        let message =
            ServerMessage::Open { epoch: epoch_text(self.manifest.author), revision: self.stored_sequence, id };
        self.say(connection, &message);
    }

    /// Tells everybody of what is stored now.
    pub(in crate::sync) fn tell_followers(&mut self) {
        if self.following.bridge.is_none() {
            return;
        }
        let mut shared = Vec::new();
        for connection in self.followers().collect::<Vec<_>>() {
            if self.release(connection) {
                self.tell(connection, false, &mut shared);
            }
        }
    }

    /// Tells one client of what is stored. `compacts`: what follows its last own operation is told as one.
    fn tell(&mut self, connection: ConnectionId, compacts: bool, shared: &mut Vec<Shared>) {
        let stored = self.stored_sequence;
        let Some(follower) = self.follower(connection) else { return };
        let Some(opened) = follower.opened.clone().filter(|opened| opened.revision < stored) else { return };
        let (form, waits) = (follower.form, matches!(follower.request, Some(Asked::Changes { .. })));
        if opened.epoch != self.manifest.author {
            return self.close(connection, close::SYNC_AGAIN);
        }
        let Some(bridge) = self.following.bridge.as_deref() else { return };
        let known = bridge.find(&opened.subject.root);
        let told = known.and_then(|root| Some((root, told(bridge, root, &opened, stored, compacts || waits).ok()?)));
        let Some((root, told)) = told else { return self.give_content_anew(connection, &opened.subject) };
        if waits {
            if !told.is_empty() {
                self.end_wait(connection, told);
            }
            return;
        }
        let heard = told.iter().rev().find_map(|message| match message {
            ServerMessage::Op { revision, .. } | ServerMessage::Ack { revision, .. } => Some(*revision),
            _ => None,
        });
        self.note_told(connection, stored, heard);
        let mut before = opened.revision;
        for message in told {
            let ServerMessage::Op { revision, .. } = message else {
                self.say(connection, &message);
                continue;
            };
            let key = (root, opened.subject.is_rich, form, before, revision);
            before = revision;
            let known = shared.iter().rev().find(|(of, _)| *of == key).map(|(_, message)| message.clone());
            let bytes = known.unwrap_or_else(|| {
                let bytes = self.encode_for(form, key.1, &message);
                shared.push((key, bytes.clone()));
                bytes
            });
            self.send_as(connection, bytes, form.is_text());
        }
    }

    /// What was told is not known any more: the client begins with the content.
    pub(super) fn give_content_anew(&mut self, connection: ConnectionId, subject: &Subject) {
        match self.root_of(subject) {
            Ok((root, revision)) => self.hold_content(connection, root, revision),
            Err(_) => self.close(connection, close::SYNC_AGAIN),
        }
    }

    fn note_told(&mut self, connection: ConnectionId, revision: u64, heard: Option<u64>) {
        self.note_attachment(connection);
        if let Some(follower) = self.follower_mut(connection)
            && !matches!(follower.request, Some(Asked::Changes { .. }))
            && let Some(opened) = &mut follower.opened
        {
            opened.revision = revision;
            opened.heard = heard.unwrap_or(opened.heard);
        }
    }

    /// Answers who waits for changes.
    fn end_wait(&mut self, connection: ConnectionId, told: Vec<ServerMessage>) {
        let Some(subject) = self.subject_of(connection) else { return };
        let ops =
            told.into_iter().filter_map(|told| if let ServerMessage::Op { op, .. } = told { Some(op) } else { None });
        let op = compose_all(ops.collect()).unwrap_or_default();
        let body = change_body(self.stored_sequence, &op, subject.is_rich);
        self.respond(connection, 200, &body);
        self.forget(connection);
    }

    /// Answers those whose time to wait is over.
    pub(super) fn end_waits(&mut self) {
        let now_ms = self.now_ms;
        let is_over =
            |asked: &Option<Asked>| matches!(asked, Some(Asked::Changes { until_ms, .. }) if *until_ms <= now_ms);
        let over =
            self.connections.iter().filter(|(_, of)| of.follower.as_ref().is_some_and(|of| is_over(&of.request)));
        let over: Vec<ConnectionId> = over.map(|(connection, _)| *connection).collect();
        over.into_iter().for_each(|connection| self.end_wait(connection, Vec::new()));
    }

    /// When the next one who waits for changes has waited long enough.
    pub(in crate::sync) fn wait_ends_ms(&self) -> Option<u64> {
        let until = |asked: &Option<Asked>| {
            if let Some(Asked::Changes { until_ms, .. }) = asked { Some(*until_ms) } else { None }
        };
        self.connections.values().filter_map(|of| until(&of.follower.as_ref()?.request)).min()
    }
}

/// What a client is told of the revisions up to `stored`: each change of others by itself, since a client that has an
/// operation under way moves it past them one by one, and so does the server. (Past several at once it might end up
/// elsewhere: what is inserted beside something that is deleted stands before it in a composed change.) With `compacts`
/// what follows the client's last own operation is one: it has none under way then, or sends it again.
///
/// # Errors
/// If they are not kept that far back.
fn told(
    bridge: &Bridge,
    root: usize,
    opened: &Opened,
    stored: u64,
    compacts: bool,
) -> Result<Vec<ServerMessage>, Error> {
    let changes = bridge.changes_after(root, opened.revision).ok_or(Error::from(ErrorKind::OutOfRange))?;
    let changes = changes.take_while(|change| change.revision <= stored);
    let mut told: Vec<ServerMessage> = Vec::new();
    for change in changes {
        told.push(match change.author {
            Some((session, id)) if *session == *opened.subject.session => {
                ServerMessage::Ack { revision: change.revision, id }
            }
            _ => ServerMessage::Op { revision: change.revision, op: change.delta()? },
        });
    }
    let is_op = |message: &ServerMessage| matches!(message, ServerMessage::Op { .. });
    let kept = told.iter().rposition(|message| !is_op(message)).map_or(0, |at| at + 1);
    if compacts && told.len() > kept + 1 {
        let mut ops = Vec::new();
        let mut last = 0;
        for message in told.drain(kept..) {
            if let ServerMessage::Op { revision, op } = message {
                last = revision;
                ops.push(op);
            }
        }
        told.push(ServerMessage::Op { revision: last, op: compose_all(ops)? });
    }
    Ok(told)
}
