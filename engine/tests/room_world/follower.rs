//! A client without an engine in the simulated network: the state machine of the crate, and an editor that it feeds.

use super::ot_deltas::units;
use super::{Link, Message, Party, Random, World};
use merganser::ot::{Attributes, Client, ClientMessage, Delta, Form, ServerMessage, Subject};
use merganser::sync::{ConnectionId, Rights};
use merganser::types::DeltaInsert;
use merganser::{Any, Doc, Value};
use std::collections::VecDeque;

/// One such client.
#[derive(Debug)]
pub struct Follower {
    pub client: Client,
    pub is_rich: bool,
    pub form: Form,
    pub rights: Rights,
    /// What the user sees: changed by own edits and by what the state machine says.
    pub editor: Delta,
    pub connection: Option<ConnectionId>,
    pub closed_with: Vec<u16>,
    /// Codes of what was refused.
    pub errors: Vec<String>,
    /// Characters that it has inserted, each once.
    pub marks: Vec<char>,
    /// Times that it was given the content anew.
    pub contents: u32,
}

impl Follower {
    pub fn lose(&mut self, connection: ConnectionId) {
        if self.connection == Some(connection) {
            self.lose_all();
        }
    }

    pub fn lose_all(&mut self) {
        self.connection = None;
        self.client.disconnect();
    }

    /// Makes a random change of what it sees. Each insert has a character that no other one has; its number is `mark`.
    pub fn random_change(&mut self, random: &mut Random, mark: u32, deletes: bool) -> Delta {
        let units = units(&self.editor);
        let at = random.below(units.len() + 1);
        let far = (1 + random.below(5)).min(units.len() - at);
        let before: u32 = units[..at].iter().sum();
        let passed: u32 = units[at..at + far].iter().sum();
        let formats = |random: &mut Random, nulls: bool| -> Attributes {
            let value = if nulls && random.chance(40) { Any::Null } else { Any::Bool(random.chance(80)) };
            [((*random.one_of(&["bold", "link"])).into(), value)].into_iter().collect()
        };
        let mut change = Delta::new().with_retain(before);
        match random.below(8) {
            0 | 1 if deletes && passed > 0 => change.delete(passed),
            2 | 3 if self.is_rich && passed > 0 => change.retain(passed, &formats(random, true)),
            4 if self.is_rich => change.embed(Any::from(mark), &Attributes::NONE),
            _ => {
                let char = char::from_u32(0x1_0000 + mark).filter(|_| random.chance(50));
                let char = char.or(char::from_u32(0x4e00 + mark % 0x5000)).expect("few marks");
                self.marks.push(char);
                let attributes =
                    if self.is_rich && random.chance(30) { formats(random, false) } else { Attributes::NONE };
                change.insert(&char.to_string(), &attributes);
                if deletes && passed > 0 && random.chance(30) {
                    change.delete(passed);
                }
            }
        }
        change
    }
}

/// The content of a text of a document, as followers see it.
pub fn content_of(doc: &mut Doc, root: &str) -> Delta {
    let mut content = Delta::new();
    let text = doc.text(root);
    for op in text.to_delta(doc) {
        let attributes: Attributes = op.attributes.iter().cloned().collect();
        match op.insert {
            DeltaInsert::Text(text) => content.insert(&text, &attributes),
            DeltaInsert::Embed(Value::Any(value)) => content.embed(value, &attributes),
            DeltaInsert::Embed(other) => panic!("{other:?}"),
        }
    }
    content
}

impl World {
    /// Adds a client without an engine; its number.
    pub fn add_follower(&mut self, is_rich: bool, form: Form, rights: Rights) -> usize {
        let session = format!("session {}", self.followers.len());
        let subject = Subject { root: "t".into(), is_rich, session: session.into() };
        self.followers.push(Follower {
            client: Client::new(subject),
            is_rich,
            form,
            rights,
            editor: Delta::new(),
            connection: None,
            closed_with: Vec::new(),
            errors: Vec::new(),
            marks: Vec::new(),
            contents: 0,
        });
        self.followers.len() - 1
    }

    /// Opens a connection of a follower, which gives up the one that it has.
    pub fn connect_follower(&mut self, follower: usize) -> ConnectionId {
        if let Some(connection) = self.followers[follower].connection {
            self.cut(connection, 0);
        }
        let connection = self.next_connection;
        self.next_connection += 1;
        let link = Link { party: Party::Follower(follower), up: VecDeque::new(), down: VecDeque::new(), is_cut: false };
        self.links.insert(connection, link);
        self.host.connect_ot(connection, self.followers[follower].rights);
        let of = &mut self.followers[follower];
        of.connection = Some(connection);
        let message = of.client.connect().encode(of.form);
        self.post_bytes(connection, message);
        self.collect();
        connection
    }

    /// The user of a follower edits.
    pub fn edit_as_follower(&mut self, follower: usize, change: &Delta) {
        let of = &mut self.followers[follower];
        of.client.edit(change).expect("a change that fits");
        of.editor = change.apply(&of.editor).expect("a change that fits");
        self.post_outgoing(follower);
    }

    fn post_outgoing(&mut self, follower: usize) {
        let of = &mut self.followers[follower];
        if let (Some(message), Some(connection)) = (of.client.take_outgoing(), of.connection) {
            let bytes = message.encode(of.form);
            assert_eq!(ClientMessage::decode(&bytes), Ok(message));
            self.post_bytes(connection, bytes);
        }
    }

    /// Sends the message again that is last on its way up, as a confused network would.
    pub fn double(&mut self, connection: ConnectionId) {
        if let Some(link) = self.links.get_mut(&connection)
            && matches!(link.party, Party::Follower(_))
            && let Some(last) = link.up.back().cloned()
            && !matches!(ClientMessage::decode(&last), Ok(ClientMessage::Open { .. }))
        {
            link.up.push_back(last);
        }
    }

    pub(super) fn hear_as_follower(&mut self, follower: usize, connection: ConnectionId, message: &[u8]) {
        let message = ServerMessage::decode(message).unwrap_or_else(|wrong| panic!("{wrong:?}: {message:x?}"));
        let of = &mut self.followers[follower];
        assert_eq!(of.connection, Some(connection));
        let is_refused = match &message {
            ServerMessage::Error { code, .. } => {
                of.errors.push(code.to_string());
                true
            }
            ServerMessage::Content { .. } => {
                of.contents += 1;
                false
            }
            _ => false,
        };
        let told = message.clone();
        let shown = of.client.receive(message).unwrap_or_else(|error| panic!("{error}: {told:?} {:?}", of.client));
        of.editor = shown.apply(&of.editor).expect("a change that fits");
        assert_eq!(of.editor, *of.client.content(), "the editor shows what the client has");
        self.check_follower(follower);
        if is_refused {
            self.cut(connection, 0);
        }
        self.post_outgoing(follower);
    }

    /// What a follower has at its revision is what the rows say, once it has heard all that it was sent.
    fn check_follower(&self, follower: usize) {
        let of = &self.followers[follower];
        let (Some(versions), Some(connection)) = (&self.host.versions, of.connection) else { return };
        let revision = of.client.revision();
        let Some((sequence, expected)) = versions.range(revision..).next() else { return };
        // Where little history is kept, a content may be given anew instead of what belongs to the flush.
        if *sequence != revision && self.host.config.limits.history_revisions < 1_000 {
            return;
        }
        let next = self.links.get(&connection).and_then(|link| link.down.front());
        let changes = |heard: &super::Heard| match heard {
            super::Heard::Message(message) => {
                matches!(ServerMessage::decode(message), Ok(ServerMessage::Op { .. } | ServerMessage::Ack { .. }))
            }
            _ => false,
        };
        if next.is_some_and(changes) || of.client.epoch().is_none() {
            return;
        }
        let expected = if of.is_rich { expected.clone() } else { expected.to_plain() };
        assert_eq!(*of.client.confirmed(), expected, "follower {follower} at revision {revision}, stored {sequence}");
    }

    /// The text of the clients with an engine, from a fresh one.
    pub fn fresh_content(&mut self) -> Delta {
        let mut stored = self.stored().expect("something is stored");
        content_of(&mut stored.doc, "t")
    }

    /// A client with an engine edits its text, perhaps with formats and embeds.
    pub fn edit_wide(&mut self, client: usize, random: &mut Random, is_rich: bool) {
        if let Some(update) = self.clients[client].replica.edit_wide(random, is_rich) {
            self.post_to_all(client, Message::Update(update));
        }
    }
}
