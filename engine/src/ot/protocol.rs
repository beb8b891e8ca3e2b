//! The messages between a client without an engine and a server, as JSON and as bytes; see `PROTOCOL.md`.

use super::Delta;
use crate::lib0::{Reader, write_string, write_var_uint};
use crate::values::{Any, Error, ErrorKind};
use std::sync::Arc;

/// Longest name of a root, in bytes.
pub const MAX_ROOT_BYTES: usize = 256;
/// Longest session, in bytes.
pub const MAX_SESSION_BYTES: usize = 64;
/// Numbers above this are not exact in JSON.
const MAX_NUMBER: f64 = 9_007_199_254_740_991.0;

/// How messages look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// JSON, in text frames.
    Json,
    /// Bytes, in binary frames.
    Binary,
}

/// What a client asks for: a root, how it sees it, and as whom it edits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Subject {
    /// The root's name.
    pub root: Box<str>,
    /// With formats and embeds; else as plain text.
    pub is_rich: bool,
    /// The session; empty for who only reads.
    pub session: Arc<str>,
}

/// What a client says.
#[derive(Clone, Debug, PartialEq)]
pub enum ClientMessage {
    /// It opens a root.
    Open {
        /// Which, and how.
        subject: Subject,
        /// The epoch and revision that it has; without them it gets the content.
        from: Option<(Box<str>, u64)>,
    },
    /// It sends an operation.
    Op(SentOp),
}

/// An operation on its way to the server.
#[derive(Clone, Debug, PartialEq)]
pub struct SentOp {
    /// Its number in its session, from 1 on.
    pub id: u64,
    /// The revision that it was made against.
    pub revision: u64,
    /// What it does.
    pub op: Delta,
}

/// What a server says.
#[derive(Clone, Debug, PartialEq)]
pub enum ServerMessage {
    /// Begin anew with this.
    Content {
        /// What revisions belong to.
        epoch: Box<str>,
        /// The revision of the content.
        revision: u64,
        /// The session's last operation in it; 0 if none.
        id: u64,
        /// The content.
        content: Delta,
    },
    /// Others did this.
    Op {
        /// The revision after it.
        revision: u64,
        /// What.
        op: Delta,
    },
    /// An own operation is stored, in its place between the others'.
    Ack {
        /// The revision after it.
        revision: u64,
        /// Which.
        id: u64,
    },
    /// The client has got everything up to here.
    Open {
        /// What revisions belong to.
        epoch: Box<str>,
        /// The revision.
        revision: u64,
        /// The session's last operation that was told; what is above it has to be sent again.
        id: u64,
    },
    /// Something was refused.
    Error {
        /// Its code.
        code: Box<str>,
        /// In words.
        reason: Box<str>,
        /// The operation that it was; 0 if it was none.
        id: u64,
    },
}

/// Why a message could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong.
    pub kind: ErrorKind,
    /// The id of the operation that it was, if that could be read; else 0.
    pub id: u64,
}

impl From<Error> for Unreadable {
    fn from(error: Error) -> Unreadable {
        Unreadable { kind: error.kind, id: 0 }
    }
}

const UNREADABLE: Unreadable = Unreadable { kind: ErrorKind::UnknownTag, id: 0 };

/// The form of a message: JSON begins with a brace, bytes never do.
pub fn form_of(message: &[u8]) -> Form {
    if message.first() == Some(&b'{') { Form::Json } else { Form::Binary }
}

/// How much there is in a message: of one in JSON, at least how many values; it is counted quickly, so that what is too much need
/// not be read.
pub(crate) fn count_values(message: &[u8]) -> usize {
    if form_of(message) == Form::Binary {
        return 0;
    }
    let (mut values, mut in_string, mut is_escaped) = (0, false, false);
    for byte in message {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => in_string = !in_string,
            b',' | b'[' | b'{' if !in_string => values += 1,
            _ => {}
        }
    }
    values
}

/// The id of an operation that is not read, if it stands where clients write it: near the beginning. 0 if it does not.
pub(crate) fn id_of_unread(message: &[u8]) -> u64 {
    const NEAR_BYTES: usize = 100;
    const NAME: &[u8] = b"\"id\":";
    if form_of(message) == Form::Binary {
        let mut from = Reader::new(message);
        return from.read_u8().and_then(|_| from.read_var_uint()).unwrap_or(0);
    }
    let near = &message[..message.len().min(NEAR_BYTES)];
    let at = near.windows(NAME.len()).position(|window| window == NAME).map_or(near.len(), |at| at + NAME.len());
    let digits = near[at..].iter().skip_while(|byte| **byte == b' ').take_while(|byte| byte.is_ascii_digit());
    digits.fold(0_u64, |id, digit| id.saturating_mul(10).saturating_add(u64::from(digit - b'0')))
}

impl ClientMessage {
    /// The message in this form.
    pub fn encode(&self, form: Form) -> Vec<u8> {
        match form {
            Form::Json => self.to_any().to_json().into_bytes(),
            Form::Binary => self.to_bytes(),
        }
    }

    /// Reads a message of either form.
    ///
    /// # Errors
    /// `UnknownTag` for what is no message, the kinds of [`Delta::read_from`] and [`Delta::from_any`] for operations.
    pub fn decode(message: &[u8]) -> Result<ClientMessage, Unreadable> {
        match form_of(message) {
            Form::Json => ClientMessage::from_json(message),
            Form::Binary => ClientMessage::from_bytes(message),
        }
    }

    fn to_any(&self) -> Any {
        match self {
            ClientMessage::Open { subject, from } => {
                let kind = if subject.is_rich { "delta" } else { "text" };
                let mut members = vec![
                    ("root", Any::from(&*subject.root)),
                    ("kind", kind.into()),
                    ("session", (&*subject.session).into()),
                ];
                if let Some((epoch, revision)) = from {
                    members.extend([("epoch", Any::from(&**epoch)), ("revision", number(*revision))]);
                }
                typed("open", members)
            }
            ClientMessage::Op(SentOp { id, revision, op }) => {
                typed("op", vec![("id", number(*id)), ("revision", number(*revision)), ("op", op.to_any())])
            }
        }
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match self {
            ClientMessage::Open { subject, from } => {
                out.push(0);
                write_string(&mut out, &subject.root);
                out.push(u8::from(subject.is_rich));
                write_string(&mut out, &subject.session);
                out.push(u8::from(from.is_some()));
                if let Some((epoch, revision)) = from {
                    write_string(&mut out, epoch);
                    write_var_uint(&mut out, *revision);
                }
            }
            ClientMessage::Op(SentOp { id, revision, op }) => {
                out.push(1);
                write_var_uint(&mut out, *id);
                write_var_uint(&mut out, *revision);
                op.write_to(&mut out);
            }
        }
        out
    }

    fn from_bytes(message: &[u8]) -> Result<ClientMessage, Unreadable> {
        let mut from = Reader::new(message);
        let read = match from.read_var_uint()? {
            0 => {
                let root = from.read_string()?;
                let is_rich = match from.read_var_uint()? {
                    kind @ 0..2 => kind == 1,
                    _ => return Err(UNREADABLE),
                };
                let subject = subject(root, is_rich, from.read_string()?).ok_or(UNREADABLE)?;
                let resumes = from.read_var_uint()? != 0;
                let from = if resumes { Some((from.read_string()?.into(), from.read_var_uint()?)) } else { None };
                ClientMessage::Open { subject, from }
            }
            1 => {
                let (id, revision) = (from.read_var_uint()?, from.read_var_uint()?);
                let op = Delta::read_from(&mut from).map_err(|error| Unreadable { kind: error.kind, id })?;
                if id == 0 {
                    return Err(UNREADABLE);
                }
                ClientMessage::Op(SentOp { id, revision, op })
            }
            _ => return Err(UNREADABLE),
        };
        from.expect_end()?;
        Ok(read)
    }

    fn from_json(message: &[u8]) -> Result<ClientMessage, Unreadable> {
        let mut members = Members::read(message).ok_or(UNREADABLE)?;
        match members.text("type").as_deref() {
            Some("open") => members.open().ok_or(UNREADABLE),
            Some("op") => members.sent_op().map(ClientMessage::Op),
            _ => Err(UNREADABLE),
        }
    }
}

impl ServerMessage {
    /// The message in this form. `is_rich`: its deltas show formats and embeds; else they are plain.
    pub fn encode(&self, form: Form, is_rich: bool) -> Vec<u8> {
        match form {
            Form::Json => self.to_json(is_rich).into_bytes(),
            Form::Binary => self.to_bytes(is_rich),
        }
    }

    /// The message as JSON.
    pub fn to_json(&self, is_rich: bool) -> String {
        let any = match self {
            ServerMessage::Content { epoch, revision, id, content } => {
                typed("content", content_members(epoch, *revision, *id, content, is_rich))
            }
            ServerMessage::Op { revision, op } => {
                typed("op", vec![("revision", number(*revision)), ("op", op_to_any(op, is_rich))])
            }
            ServerMessage::Ack { revision, id } => {
                typed("ack", vec![("revision", number(*revision)), ("id", number(*id))])
            }
            ServerMessage::Open { epoch, revision, id } => typed(
                "open",
                vec![("epoch", Any::from(&**epoch)), ("revision", number(*revision)), ("id", number(*id))],
            ),
            ServerMessage::Error { code, reason, id } => {
                let mut members = vec![("code", Any::from(&**code)), ("reason", Any::from(&**reason))];
                if *id > 0 {
                    members.push(("id", number(*id)));
                }
                typed("error", members)
            }
        };
        any.to_json()
    }

    fn to_bytes(&self, is_rich: bool) -> Vec<u8> {
        let mut out = Vec::new();
        let write_delta = |out: &mut Vec<u8>, delta: &Delta| {
            if is_rich { delta.write_to(out) } else { delta.to_plain().write_to(out) }
        };
        match self {
            ServerMessage::Content { epoch, revision, id, content } => {
                out.push(0);
                write_string(&mut out, epoch);
                write_var_uint(&mut out, *revision);
                write_var_uint(&mut out, *id);
                write_delta(&mut out, content);
            }
            ServerMessage::Op { revision, op } => {
                out.push(1);
                write_var_uint(&mut out, *revision);
                write_delta(&mut out, op);
            }
            ServerMessage::Ack { revision, id } => {
                out.push(2);
                write_var_uint(&mut out, *revision);
                write_var_uint(&mut out, *id);
            }
            ServerMessage::Open { epoch, revision, id } => {
                out.push(3);
                write_string(&mut out, epoch);
                write_var_uint(&mut out, *revision);
                write_var_uint(&mut out, *id);
            }
            ServerMessage::Error { code, reason, id } => {
                out.push(4);
                write_string(&mut out, code);
                write_string(&mut out, reason);
                write_var_uint(&mut out, *id);
            }
        }
        out
    }

    /// Reads a message of either form.
    ///
    /// # Errors
    /// As for [`ClientMessage::decode`].
    pub fn decode(message: &[u8]) -> Result<ServerMessage, Unreadable> {
        match form_of(message) {
            Form::Json => ServerMessage::from_json(message).ok_or(UNREADABLE),
            Form::Binary => ServerMessage::from_bytes(message),
        }
    }

    fn from_bytes(message: &[u8]) -> Result<ServerMessage, Unreadable> {
        let mut from = Reader::new(message);
        let read = match from.read_var_uint()? {
            0 => ServerMessage::Content {
                epoch: from.read_string()?.into(),
                revision: from.read_var_uint()?,
                id: from.read_var_uint()?,
                content: Delta::read_from(&mut from)?,
            },
            1 => ServerMessage::Op { revision: from.read_var_uint()?, op: Delta::read_from(&mut from)? },
            2 => ServerMessage::Ack { revision: from.read_var_uint()?, id: from.read_var_uint()? },
            3 => ServerMessage::Open {
                epoch: from.read_string()?.into(),
                revision: from.read_var_uint()?,
                id: from.read_var_uint()?,
            },
            4 => ServerMessage::Error {
                code: from.read_string()?.into(),
                reason: from.read_string()?.into(),
                id: from.read_var_uint()?,
            },
            _ => return Err(UNREADABLE),
        };
        from.expect_end()?;
        Ok(read)
    }

    fn from_json(message: &[u8]) -> Option<ServerMessage> {
        let mut members = Members::read(message)?;
        let kind = members.text("type")?;
        let revision = members.number("revision");
        let id = members.number("id");
        let epoch = members.text("epoch");
        Some(match &*kind {
            "content" => ServerMessage::Content {
                epoch: epoch?,
                revision: revision?,
                id: id?,
                content: match members.take("content")? {
                    Any::String(text) => Delta::new().with_insert(&text),
                    ops => Delta::from_any(ops).ok()?,
                },
            },
            "op" => ServerMessage::Op { revision: revision?, op: Delta::from_any(members.take("op")?).ok()? },
            "ack" => ServerMessage::Ack { revision: revision?, id: id? },
            "open" => ServerMessage::Open { epoch: epoch?, revision: revision?, id: id? },
            "error" => ServerMessage::Error {
                code: members.text("code")?,
                reason: members.text("reason")?,
                id: id.unwrap_or(0),
            },
            _ => return None,
        })
    }
}

/// The members of a content, in a message or in the answer to a request.
pub(crate) fn content_members(
    epoch: &str,
    revision: u64,
    id: u64,
    content: &Delta,
    is_rich: bool,
) -> Vec<(&'static str, Any)> {
    let content = if is_rich { content.to_any() } else { Any::from(content.to_plain().text()) };
    vec![("epoch", epoch.into()), ("revision", number(revision)), ("id", number(id)), ("content", content)]
}

/// An operation as JSON.
pub(crate) fn op_to_any(op: &Delta, is_rich: bool) -> Any {
    if is_rich { op.to_any() } else { op.to_plain().to_any() }
}

/// A number of the protocol.
pub(crate) fn number(value: u64) -> Any {
    Any::Number(value as f64)
}

/// An object with these members.
pub(crate) fn object(members: impl IntoIterator<Item = (&'static str, Any)>) -> Any {
    Any::Object(members.into_iter().map(|(name, value)| (name.into(), value)).collect())
}

fn typed(kind: &str, members: Vec<(&'static str, Any)>) -> Any {
    object([("type", kind.into())].into_iter().chain(members))
}

fn subject(root: &str, is_rich: bool, session: &str) -> Option<Subject> {
    let subject = Subject { root: root.into(), is_rich, session: session.into() };
    subject.fits().then_some(subject)
}

impl Subject {
    /// Whether root and session are not longer than they may be.
    pub fn fits(&self) -> bool {
        self.root.len() <= MAX_ROOT_BYTES && self.session.len() <= MAX_SESSION_BYTES
    }
}

/// An object of JSON whose members are taken out one by one.
pub(crate) struct Members(Vec<(Box<str>, Any)>);

impl Members {
    pub(crate) fn read(message: &[u8]) -> Option<Members> {
        let Any::Object(members) = Any::from_json(core::str::from_utf8(message).ok()?)? else { return None };
        Some(Members(members))
    }

    fn take(&mut self, name: &str) -> Option<Any> {
        let at = self.0.iter().position(|(key, _)| **key == *name)?;
        Some(self.0.swap_remove(at).1)
    }

    pub(crate) fn text(&mut self, name: &str) -> Option<Box<str>> {
        if let Some(Any::String(text)) = self.take(name) { Some(text) } else { None }
    }

    fn number(&mut self, name: &str) -> Option<u64> {
        let is_exact = |number: &f64| (0.0..=MAX_NUMBER).contains(number) && number.fract() == 0.0;
        if let Some(Any::Number(number)) = self.take(name) {
            Some(number).filter(is_exact).map(|of| of as u64)
        } else {
            None
        }
    }

    pub(crate) fn sent_op(&mut self) -> Result<SentOp, Unreadable> {
        let id = self.number("id").filter(|id| *id > 0).ok_or(UNREADABLE)?;
        let revision = self.number("revision").ok_or(Unreadable { id, ..UNREADABLE })?;
        let op = Delta::from_any(self.take("op").unwrap_or_default());
        Ok(SentOp { id, revision, op: op.map_err(|error| Unreadable { kind: error.kind, id })? })
    }

    fn open(&mut self) -> Option<ClientMessage> {
        let root = self.text("root")?;
        let is_rich = match self.text("kind").as_deref() {
            Some("text") => false,
            Some("delta") => true,
            _ => return None,
        };
        let subject = subject(&root, is_rich, &self.text("session")?)?;
        let from = match self.text("epoch") {
            Some(epoch) => Some((epoch, self.number("revision")?)),
            None => None,
        };
        Some(ClientMessage::Open { subject, from })
    }
}
