//! A simulated network: clients that are real replicas and speak y-protocols, links that delay and break, a host
//! that only carries out what the room says.

mod follower;
mod host;
#[path = "../ot_deltas/mod.rs"]
mod ot_deltas;
mod random;
mod replica;
mod stored;
mod wire;

pub use follower::{Follower, content_of};
pub use host::{Fate, Heard, Host, is_divided};
pub use random::{Random, seeds};
pub use replica::{Replica, Shown, collected_in, shown_in};
pub use stored::{Stored, assert_covers};
pub use wire::{Awareness, Message, awareness_entries, awareness_update};

use merganser::IdSet;
use merganser::sync::{ConnectionId, Rights, RoomConfig};
use std::collections::{BTreeMap, BTreeSet, VecDeque};

/// A client as `y-websocket` makes one, which may hold several connections at once.
#[derive(Debug)]
pub struct Client {
    pub replica: Replica,
    pub rights: Rights,
    pub awareness: Awareness,
    pub connections: Vec<ConnectionId>,
    /// Connections over which it has heard a step 2.
    pub synced: BTreeSet<ConnectionId>,
    /// Codes with which the server closed its connections.
    pub closed_with: Vec<u16>,
    /// What it was told it may not do.
    pub denied: Vec<String>,
    /// Updates that it heard, steps 2 among them.
    pub heard: Vec<Message>,
}

impl Client {
    /// Whether it is connected and has all that was there before.
    pub fn is_synced(&self) -> bool {
        self.connections.iter().any(|connection| self.synced.contains(connection))
    }
}

/// One connection: what is on its way up and down, in order.
#[derive(Debug)]
struct Link {
    party: Party,
    up: VecDeque<Vec<u8>>,
    down: VecDeque<Heard>,
    /// The client has given it up; what is on its way up may still arrive.
    is_cut: bool,
}

/// What of a store fails at times.
#[derive(Clone, Copy, Debug)]
pub struct StoreFailures {
    pub reads: bool,
    pub writes: bool,
    /// A write that is reported as failed may have been carried out.
    pub uncertainly: bool,
}

/// Whose link it is.
#[derive(Clone, Copy, Debug)]
enum Party {
    Client(usize),
    Follower(usize),
}

#[derive(Debug)]
pub struct World {
    pub host: Host,
    pub clients: Vec<Client>,
    /// Clients without an engine.
    pub followers: Vec<Follower>,
    links: BTreeMap<ConnectionId, Link>,
    next_connection: ConnectionId,
    /// Units of which some client has sent a GC struct.
    pub collected: IdSet,
}

impl World {
    pub fn new(config: RoomConfig) -> World {
        World {
            host: Host::new(config),
            clients: Vec::new(),
            followers: Vec::new(),
            links: BTreeMap::new(),
            next_connection: 1,
            collected: IdSet::default(),
        }
    }

    /// Adds a client of our own engine that is not connected; its number.
    pub fn add_client(&mut self, rights: Rights) -> usize {
        let client = 100 + self.clients.len() as u32;
        self.add(Replica::ours(client), rights)
    }

    /// Adds a client of `yrs`.
    pub fn add_their_client(&mut self, rights: Rights) -> usize {
        let client = 100 + self.clients.len() as u32;
        self.add(Replica::theirs(client), rights)
    }

    /// Adds a client with this replica.
    pub fn add(&mut self, replica: Replica, rights: Rights) -> usize {
        let mut awareness = Awareness::default();
        awareness.clocks.insert(replica.client, 0);
        awareness.states.insert(replica.client, "{}".into());
        self.clients.push(Client {
            replica,
            rights,
            awareness,
            connections: Vec::new(),
            synced: BTreeSet::new(),
            closed_with: Vec::new(),
            denied: Vec::new(),
            heard: Vec::new(),
        });
        self.clients.len() - 1
    }

    /// Opens one more connection of a client. (y-websocket: `onopen`)
    pub fn connect(&mut self, client: usize) -> ConnectionId {
        let connection = self.next_connection;
        self.next_connection += 1;
        let of = &mut self.clients[client];
        of.connections.push(connection);
        let step_1 = Message::Step1(of.replica.state_vector_bytes());
        let link = Link { party: Party::Client(client), up: VecDeque::new(), down: VecDeque::new(), is_cut: false };
        self.links.insert(connection, link);
        self.host.connect(connection, self.clients[client].rights);
        self.post(connection, step_1);
        let awareness = self.show(client);
        self.post(connection, Message::Awareness(awareness));
        self.collect();
        connection
    }

    /// The client's awareness with its next clock.
    fn show(&mut self, client: usize) -> Vec<u8> {
        let of = &mut self.clients[client];
        let id = of.replica.client;
        *of.awareness.clocks.entry(id).or_insert(0) += 1;
        of.awareness.states.insert(id, format!("{{\"at\":{}}}", of.awareness.clocks[&id]));
        of.awareness.encode(&[id])
    }

    /// The client shows its awareness anew on all its connections.
    pub fn beat(&mut self, client: usize) {
        let awareness = self.show(client);
        self.post_to_all(client, Message::Awareness(awareness));
    }

    /// Puts a message on its way to the server.
    pub fn post(&mut self, connection: ConnectionId, message: Message) {
        if let Message::Update(update) | Message::Step2(update) = &message {
            self.collected.merge(&collected_in(update));
        }
        self.post_bytes(connection, message.encode());
    }

    /// The same with bytes that need not be a message.
    pub fn post_bytes(&mut self, connection: ConnectionId, bytes: Vec<u8>) {
        if let Some(link) = self.links.get_mut(&connection).filter(|link| !link.is_cut) {
            link.up.push_back(bytes);
        }
    }

    pub fn post_to_all(&mut self, client: usize, message: Message) {
        for connection in self.clients[client].connections.clone() {
            self.post(connection, message.clone());
        }
    }

    /// The client inserts into its text.
    pub fn insert(&mut self, client: usize, index: u32, text: &str) {
        let update = self.clients[client].replica.insert(index, text);
        self.post_to_all(client, Message::Update(update));
    }

    /// The client deletes from its text.
    pub fn delete(&mut self, client: usize, index: u32, len: u32) {
        let update = self.clients[client].replica.delete(index, len);
        self.post_to_all(client, Message::Update(update));
    }

    /// The client gives up its connection. The first `arriving` messages that are on their way up still arrive,
    /// later; then the server notices.
    pub fn cut(&mut self, connection: ConnectionId, arriving: usize) {
        let Some(link) = self.links.get_mut(&connection) else { return };
        link.is_cut = true;
        link.down.clear();
        link.up.truncate(arriving);
        match link.party {
            Party::Client(client) => self.clients[client].connections.retain(|of| *of != connection),
            Party::Follower(follower) => self.followers[follower].lose(connection),
        }
    }

    /// Connections, given-up ones too.
    pub fn links(&self) -> Vec<ConnectionId> {
        self.links.keys().copied().collect()
    }

    /// Any of the connections.
    pub fn any_link(&self, random: &mut Random) -> Option<ConnectionId> {
        let links = self.links();
        (!links.is_empty()).then(|| *random.one_of(&links))
    }

    /// The store does something of what it was asked for, with `is_synchronous` most of it, and fails at times.
    pub fn work_on_store(&mut self, random: &mut Random, is_synchronous: bool, fails: StoreFailures) {
        let host = &mut self.host;
        for _ in 0..if is_synchronous { 20 } else { 1 } {
            match random.below(3) {
                0 if host.pending_reads() > 0 => {
                    let index = random.below(host.pending_reads());
                    let fails = fails.reads && random.chance(10);
                    if fails { host.fail_read(index) } else { host.read(index) }
                }
                1 if host.pending_writes() > 0 => {
                    let is_failure = fails.writes && random.chance(15);
                    let uncertain = fails.uncertainly && random.chance(50);
                    host.write(match (is_failure, uncertain) {
                        (false, _) => Fate::Succeeds,
                        (true, false) => Fate::Fails,
                        (true, true) => Fate::FailsAfterwards,
                    });
                }
                _ if host.pending_answers() > 0 => host.answer(random.below(host.pending_answers())),
                _ => {}
            }
        }
        self.collect();
    }

    /// Whether nothing is on its way.
    pub fn is_quiet(&self) -> bool {
        !self.host.store_is_busy() && self.links.values().all(|link| link.up.is_empty() && link.down.is_empty())
    }

    /// Brings the server the next message of a connection, or that it is gone; `false` if there was none.
    pub fn deliver_up(&mut self, connection: ConnectionId) -> bool {
        let Some(link) = self.links.get_mut(&connection) else { return false };
        match link.up.pop_front() {
            Some(message) => self.host.receive(connection, &message),
            None if link.is_cut => {
                self.links.remove(&connection);
                self.host.disconnect(connection);
            }
            None => return false,
        }
        self.collect();
        true
    }

    /// Brings a client the next message of a connection; `false` if there was none.
    pub fn deliver_down(&mut self, connection: ConnectionId) -> bool {
        let Some(link) = self.links.get_mut(&connection) else { return false };
        let Some(heard) = link.down.pop_front() else { return false };
        match (link.party, heard) {
            (Party::Client(client), Heard::Message(message)) => {
                self.hear(client, connection, Message::decode(&message))
            }
            (Party::Client(client), Heard::Close(code)) => {
                self.links.remove(&connection);
                let of = &mut self.clients[client];
                of.connections.retain(|of| *of != connection);
                of.closed_with.push(code);
            }
            (Party::Follower(follower), Heard::Message(message)) => {
                self.hear_as_follower(follower, connection, &message)
            }
            (Party::Follower(follower), Heard::Close(code)) => {
                self.links.remove(&connection);
                self.followers[follower].lose(connection);
                self.followers[follower].closed_with.push(code);
            }
            (_, Heard::Answer(status, body)) => panic!("{connection} is no request: {status} {body:?}"),
        }
        true
    }

    /// Takes what is on its way down, without the client hearing it.
    pub fn heard_raw(&mut self, connection: ConnectionId) -> Vec<Message> {
        let messages = self.links.get_mut(&connection).into_iter().flat_map(|link| link.down.drain(..));
        messages
            .map(|heard| match heard {
                Heard::Message(message) => Message::decode(&message),
                heard => panic!("{heard:?}"),
            })
            .collect()
    }

    /// What a stock client does with a message.
    fn hear(&mut self, client: usize, connection: ConnectionId, message: Message) {
        let of = &mut self.clients[client];
        match message {
            Message::Step1(vector) => {
                let answer = Message::Step2(of.replica.encode_since(&vector));
                self.post(connection, answer);
            }
            Message::Step2(update) => {
                of.replica.apply(&update);
                of.synced.insert(connection);
                of.heard.push(Message::Step2(update));
            }
            Message::Update(update) => {
                of.replica.apply(&update);
                of.heard.push(Message::Update(update));
            }
            Message::Awareness(update) => {
                let changed = of.awareness.apply(of.replica.client, &update);
                if !changed.is_empty() {
                    let echo = Message::Awareness(of.awareness.encode(&changed));
                    self.post_to_all(client, echo);
                }
            }
            Message::QueryAwareness => {
                let all: Vec<u64> = of.awareness.states.keys().copied().collect();
                let answer = Message::Awareness(of.awareness.encode(&all));
                self.post(connection, answer);
            }
            Message::Denied(reason) => of.denied.push(reason),
        }
    }

    /// Takes what the host said onto the links.
    pub fn collect(&mut self) {
        while let Some((connection, heard)) = self.host.said.pop_front() {
            let Some(link) = self.links.get_mut(&connection) else { continue };
            match heard {
                // The server has closed it: nothing arrives any more.
                Heard::Close(_) if link.is_cut => {
                    self.links.remove(&connection);
                }
                Heard::Close(_) => {
                    link.up.clear();
                    link.down.push_back(heard);
                }
                _ if link.is_cut => {}
                _ => link.down.push_back(heard),
            }
        }
    }

    /// The server's process ends: of what it said a part may still arrive, then all connections are gone.
    pub fn crash(&mut self, random: &mut Random) {
        // What the store was asked for may have been carried out.
        for _ in 0..random.below(self.host.pending_writes() + 1) {
            self.host.write(Fate::Succeeds);
        }
        for connection in self.links() {
            for _ in 0..random.below(self.links[&connection].down.len() + 1) {
                self.deliver_down(connection);
            }
        }
        self.links.clear();
        self.clients.iter_mut().for_each(|client| client.connections.clear());
        self.followers.iter_mut().for_each(Follower::lose_all);
        self.host.said.clear();
        self.host.crash();
    }

    /// The room leaves memory while its connections stay.
    pub fn hibernate(&mut self) {
        self.host.hibernate();
        self.collect();
    }

    /// Lets everything arrive while the store does nothing.
    pub fn arrive(&mut self) {
        self.collect();
        while self.links().into_iter().any(|connection| self.deliver_up(connection) || self.deliver_down(connection)) {}
    }

    /// Adds clients that are connected and synchronised.
    pub fn add_connected<const COUNT: usize>(&mut self) -> [usize; COUNT] {
        let clients = std::array::from_fn(|_| self.add_client(Rights::Write));
        for client in clients {
            self.connect(client);
            self.run();
        }
        clients
    }

    /// The text of a client.
    pub fn text(&mut self, client: usize) -> String {
        self.clients[client].replica.shown().text
    }

    /// Updates and steps 2 that a client has heard since this was last asked.
    pub fn take_heard(&mut self, client: usize) -> Vec<Message> {
        std::mem::take(&mut self.clients[client].heard)
    }

    /// Lets everything arrive and the store do all that it was asked for, without time going on.
    pub fn run(&mut self) {
        let mut turns = 0;
        loop {
            let mut moved = self.host.store_is_busy();
            self.host.run_store();
            let goes_on = self.host.take_turn();
            turns += usize::from(goes_on);
            assert!(turns < 100_000, "the room asks for turns for ever: {:#?}", self.host.room);
            moved |= goes_on;
            self.collect();
            for connection in self.links() {
                while self.deliver_up(connection) || self.deliver_down(connection) {
                    moved = true;
                }
            }
            if !moved {
                return;
            }
        }
    }

    /// The same, and time goes on until nothing is waited for.
    pub fn run_to_the_end(&mut self) {
        self.run();
        for _ in 0..40 {
            if self.host.call_at_ms.or(self.host.wake_at_ms).is_none() {
                return;
            }
            self.host.pass_time(7_000);
            self.collect();
            self.run();
        }
        panic!("the room asks to be called for ever: {:#?}", self.host.room);
    }

    /// What is stored, checked, where a fold may have been cut off.
    pub fn stored_cut_off(&mut self) -> Option<Stored> {
        Stored::read_cut_off(&mut self.host.store)
    }

    /// What is stored, checked.
    pub fn stored(&mut self) -> Option<Stored> {
        Stored::read(&mut self.host.store)
    }
}
