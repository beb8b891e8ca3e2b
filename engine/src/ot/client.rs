//! The client's state machine: which operations are confirmed, under way, and waiting. It does no I/O.

use super::Delta;
use super::protocol::{ClientMessage, SentOp, ServerMessage, Subject};
use crate::values::Error;

/// A larger edit is sent in parts, one after the other: most steps of one, and most that it inserts, in UTF-16 code units.
const MOST_STEPS: usize = 1_000;
const MOST_UNITS: u32 = 1 << 16;

/// A content that is shared through a server, on the side of a client without an engine.
///
/// It is synchronised (nothing is under way), or awaits an acknowledgement, perhaps with more edits composed behind
/// the one under way. One may edit without a connection, and before the first.
///
/// ```
/// use merganser::ot::{Client, ClientMessage, Delta, ServerMessage, Subject};
///
/// let subject = Subject { root: "note".into(), is_rich: false, session: "a random string".into() };
/// let mut client = Client::new(subject);
/// assert!(matches!(client.connect(), ClientMessage::Open { .. }));
/// let content = Delta::new().with_insert("a duck");
/// client.receive(ServerMessage::Content { epoch: "7".into(), revision: 3, id: 0, content })?;
///
/// client.edit(&Delta::new().with_retain(2).with_insert("diving "))?;
/// let Some(ClientMessage::Op(sent)) = client.take_outgoing() else { panic!("it is connected") };
/// assert_eq!((sent.id, sent.revision), (1, 3));
///
/// // Others edit before it is acknowledged: what is returned is to be applied to what the user sees.
/// let theirs = Delta::new().with_retain(6).with_insert("s");
/// let shown = client.receive(ServerMessage::Op { revision: 4, op: theirs })?;
/// assert_eq!(shown, Delta::new().with_retain(13).with_insert("s"));
/// client.receive(ServerMessage::Ack { revision: 5, id: 1 })?;
/// assert_eq!(client.content().text(), "a diving ducks");
/// assert!(client.is_synchronised());
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Clone, Debug)]
pub struct Client {
    subject: Subject,
    epoch: Option<Box<str>>,
    revision: u64,
    /// Of the last operation that was sent.
    id: u64,
    /// The content that the server has, as far as was told.
    confirmed: Delta,
    /// The content with all own edits.
    content: Delta,
    /// The operation under way; always against the current revision, since what comes in transforms it.
    in_flight: Option<Delta>,
    /// Edits that follow the one under way.
    buffer: Delta,
    /// The connection is there and the server knows what we have.
    is_open: bool,
    outgoing: Option<ClientMessage>,
}

impl Client {
    /// A client with nothing in it. The session in `subject` is random and its own.
    pub fn new(subject: Subject) -> Client {
        Client {
            subject,
            epoch: None,
            revision: 0,
            id: 0,
            confirmed: Delta::new(),
            content: Delta::new(),
            in_flight: None,
            buffer: Delta::new(),
            is_open: false,
            outgoing: None,
        }
    }

    /// The content as it is shown, with all own edits.
    pub fn content(&self) -> &Delta {
        &self.content
    }

    /// The content that the server has at [`revision`](Client::revision).
    pub fn confirmed(&self) -> &Delta {
        &self.confirmed
    }

    /// The revision that was told last.
    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// The epoch that the revision belongs to; `None` as long as there was no content.
    pub fn epoch(&self) -> Option<&str> {
        self.epoch.as_deref()
    }

    /// The id of the last operation that was sent.
    pub fn id(&self) -> u64 {
        self.id
    }

    /// Whether the server has everything.
    pub fn is_synchronised(&self) -> bool {
        self.in_flight.is_none() && self.buffer.is_empty()
    }

    /// There is a connection, on which nothing was sent yet: what is to be sent first.
    pub fn connect(&mut self) -> ClientMessage {
        self.is_open = false;
        self.outgoing = None;
        let from = self.epoch.clone().map(|epoch| (epoch, self.revision));
        ClientMessage::Open { subject: self.subject.clone(), from }
    }

    /// The connection is gone.
    pub fn disconnect(&mut self) {
        self.is_open = false;
        self.outgoing = None;
    }

    /// Takes what is to be sent, if anything is.
    pub fn take_outgoing(&mut self) -> Option<ClientMessage> {
        self.outgoing.take()
    }

    /// Changes the content, here and, as soon as that can be, at the server. O(length of content and change).
    ///
    /// # Errors
    /// A change that does not fit the content; nothing is changed then.
    pub fn edit(&mut self, op: &Delta) -> Result<(), Error> {
        let content = op.apply(&self.content)?;
        self.buffer = self.buffer.compose(op)?;
        self.content = content;
        self.send_buffer();
        Ok(())
    }

    /// Takes in a message of the server; returns what is to be applied to what is shown. A message that repeats what is
    /// known changes nothing. O(length of content and change).
    ///
    /// # Errors
    /// A change that does not fit the content: the server is none, or another one's messages were mixed in.
    pub fn receive(&mut self, message: ServerMessage) -> Result<Delta, Error> {
        let mut shown = Delta::new();
        match message {
            ServerMessage::Op { revision, op } if revision > self.revision => {
                self.revision = revision;
                shown = self.integrate(op)?;
            }
            ServerMessage::Op { .. } => {}
            ServerMessage::Ack { revision, id } => {
                if id == self.id && self.in_flight.is_some() {
                    self.acknowledge()?;
                    self.revision = revision;
                }
            }
            ServerMessage::Error { id, .. } => {
                self.disconnect();
                self.epoch = None;
                if id == self.id
                    && let Some(refused) = self.in_flight.take()
                {
                    // It is as if somebody had taken it back.
                    let back = refused.invert(&self.confirmed)?;
                    self.confirmed = self.confirmed.compose(&refused)?;
                    shown = self.integrate(back)?;
                }
            }
            ServerMessage::Open { epoch, revision, id } => {
                if id >= self.id {
                    self.acknowledge()?;
                }
                (self.epoch, self.revision) = (Some(epoch), revision);
                self.open();
            }
            ServerMessage::Content { epoch, revision, id, content } => {
                if id >= self.id {
                    self.acknowledge()?;
                }
                (self.epoch, self.revision) = (Some(epoch), revision);
                let change = self.confirmed.diff(&content)?;
                shown = self.integrate(change)?;
                self.open();
            }
        }
        self.send_buffer();
        Ok(shown)
    }

    /// The server knows what we have: what is under way is sent again, unless others left nothing of it.
    fn open(&mut self) {
        self.is_open = true;
        self.in_flight.take_if(|op| op.is_empty());
        self.send_in_flight();
    }

    /// What is under way has become part of the confirmed content.
    fn acknowledge(&mut self) -> Result<(), Error> {
        if let Some(op) = self.in_flight.take() {
            self.confirmed = self.confirmed.compose(&op)?;
        }
        Ok(())
    }

    /// Takes in what others did to the confirmed content: it moves up past the own edits, and they move behind it.
    fn integrate(&mut self, op: Delta) -> Result<Delta, Error> {
        let confirmed = op.apply(&self.confirmed)?;
        let mut op = op;
        let mut in_flight = None;
        if let Some(mine) = &self.in_flight {
            in_flight = Some(op.transform(mine, true));
            op = mine.transform(&op, false);
        }
        let buffer = op.transform(&self.buffer, true);
        let shown = self.buffer.transform(&op, false);
        self.content = shown.apply(&self.content)?;
        (self.confirmed, self.in_flight, self.buffer) = (confirmed, in_flight, buffer);
        Ok(shown)
    }

    fn send_buffer(&mut self) {
        if self.is_open && self.in_flight.is_none() && !self.buffer.is_empty() {
            let (first, rest) = self.buffer.split(MOST_STEPS, MOST_UNITS);
            (self.in_flight, self.buffer) = (Some(first), rest);
            self.id += 1;
            self.send_in_flight();
        }
    }

    fn send_in_flight(&mut self) {
        if let Some(op) = &self.in_flight {
            let sent = SentOp { id: self.id, revision: self.revision, op: op.clone() };
            self.outgoing = Some(ClientMessage::Op(sent));
        }
    }
}
