//! A client without an engine, as the room knows it; and requests over HTTP.

use crate::archive::records::FollowerRecord;
use crate::ot::{self, SentOp, Subject};
use std::sync::Arc;

/// How a client's messages look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Form {
    Frames(ot::Form),
    /// JSON in server-sent events.
    Events,
}

impl Form {
    /// Whether messages are text.
    pub(super) fn is_text(self) -> bool {
        self != Form::Frames(ot::Form::Binary)
    }
}

/// A connection that follows by revisions.
#[derive(Debug)]
pub(in crate::sync) struct Follower {
    pub(super) form: Form,
    /// It gets one answer and is gone then.
    pub(super) request: Option<Asked>,
    pub(super) opened: Option<Opened>,
    /// What it opens, as long as that waits.
    pub(super) opening: Option<Subject>,
    /// A message, or the answer to a request, that shows this revision: it is sent once that is stored, and nothing before.
    pub(super) held: Option<(u64, Arc<[u8]>)>,
}

/// What a follower has opened, and what it has of it.
#[derive(Clone, Debug)]
pub(super) struct Opened {
    pub(super) subject: Subject,
    pub(super) epoch: u64,
    /// The revision up to which it was told.
    pub(super) revision: u64,
    /// The revision that it was told last, and knows: from there to `revision` nothing has changed for it.
    pub(super) heard: u64,
    /// The revision of the content that it was given last. What it has sent against an earlier one it carries over, and
    /// sends anew.
    pub(super) given: u64,
}

/// A request and how far it is.
#[derive(Clone, Debug)]
pub(super) enum Asked {
    Content,
    Changes {
        epoch: u64,
        since: u64,
        until_ms: u64,
    },
    /// An operation, with the epoch that it belongs to.
    Edit(u64, SentOp),
    /// What it is answered is known.
    Answered,
}

impl Follower {
    pub(super) fn new(form: Form) -> Follower {
        Follower { form, request: None, opened: None, opening: None, held: None }
    }

    /// One over a WebSocket; its first message says in what form it speaks.
    pub(in crate::sync) fn over_socket() -> Follower {
        Follower::new(Form::Frames(ot::Form::Json))
    }

    /// Whether it is a request, which gets one answer.
    pub(in crate::sync) fn is_request(&self) -> bool {
        self.request.is_some()
    }

    /// What outlives the room's memory of it; `None` where the connection does not.
    pub(in crate::sync) fn to_record(&self) -> Option<FollowerRecord> {
        if self.request.is_some() || self.form == Form::Events {
            return None;
        }
        let opened = self.opened.as_ref();
        let waits = self.opening.is_some() || self.held.is_some();
        let none = Subject { root: "".into(), is_rich: false, session: "".into() };
        let Subject { root, is_rich, session } =
            self.opening.as_ref().or(opened.map(|opened| &opened.subject)).unwrap_or(&none);
        Some(FollowerRecord {
            root: root.to_string(),
            is_rich: *is_rich,
            is_binary: !self.form.is_text(),
            session: session.to_string(),
            epoch: opened.map_or(0, |opened| opened.epoch),
            revision: opened.map_or(0, |opened| opened.revision),
            heard: opened.map_or(0, |opened| opened.heard),
            given: opened.map_or(0, |opened| opened.given),
            waits,
        })
    }

    /// One that was there before, and what it waits to be opened.
    pub(in crate::sync) fn restore(record: FollowerRecord) -> (Follower, Option<Subject>) {
        let FollowerRecord { root, is_rich, is_binary, session, epoch, revision, heard, given, waits } = record;
        let subject = Subject { root: root.into(), is_rich, session: session.into() };
        let form = if is_binary { ot::Form::Binary } else { ot::Form::Json };
        let mut follower = Follower::new(Form::Frames(form));
        if waits {
            follower.opening = Some(subject.clone());
            return (follower, Some(subject));
        }
        follower.opened = (epoch > 0).then_some(Opened { subject, epoch, revision, heard, given });
        (follower, None)
    }
}
