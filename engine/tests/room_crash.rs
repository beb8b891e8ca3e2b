//! The program ends between any two row writes of a long history in which rows of every kind are written, whatever batches they
//! come in: the document opens with everything that was flushed, and goes on.
//!
//! A store that writes a batch whole leaves fewer such moments. What is promised beyond that is in `FORMAT.md`, "Order of
//! writes". `MERGANSER_RUNS` says how many histories (from `MERGANSER_FIRST` on), `MERGANSER_SEED` names one.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::{HostLimits, MemoryStore, RowKind, RowSizes, RowWrite, Store};
use merganser::ot::{Delta, Form};
use merganser::sync::{Limits, Rights, RoomConfig};
use merganser::{IdSet, StateVector};
use room_world::{Message, Random, Replica, Shown, World, assert_covers, is_divided, seeds};
use std::collections::BTreeMap;

/// An author who is not connected, and
const HIDDEN: u32 = 7;
/// the length of its words.
const UNITS: u32 = 7;

/// What had been flushed when so many rows were written, and nothing was on its way.
struct Mark {
    rows: usize,
    state: StateVector,
    deletes: IdSet,
    shown: Shown,
    /// Which updates of the hidden author were sent.
    sent: Vec<bool>,
}

/// A document that many write in, over many lives of its room.
struct History {
    world: World,
    random: Random,
    /// One who only reads what the others do, over one connection after the other.
    reader: usize,
    /// An author who is not connected: others bring its updates, not in their order.
    hidden: Replica,
    updates: Vec<Vec<u8>>,
    sent: Vec<bool>,
    marks: Vec<Mark>,
}

impl History {
    fn new(seed: u64) -> History {
        let mut random = Random::new(seed);
        let sizes = match random.below(3) {
            0 => RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 },
            1 => RowSizes { slot: 100, fold: 700, grow_below: 300, page: 400, overlay: 60, slice: 40 },
            _ => RowSizes { slot: 30, fold: 400, grow_below: 0, page: 200, overlay: 30, slice: 20 },
        };
        let host =
            HostLimits { row_bytes: *random.one_of(&[1 << 10, 1_900_000]), batch_rows: *random.one_of(&[1, 4, 1_000]) };
        // A manifest is never divided: where its rows are small a batch has to take several.
        let host = if host.row_bytes == 1 << 10 { HostLimits { batch_rows: 1_000, ..host } } else { host };
        let limits = Limits { turn_units: *random.one_of(&[1, 30, 5_000]), ..Limits::default() };
        let mut world = World::new(RoomConfig { sizes, host, limits, ..RoomConfig::default() });
        world.host.history = Some(Vec::new());
        let [reader, _, _] = world.add_connected();
        world.add_follower(false, Form::Binary, Rights::Write);
        let mut history = History {
            world,
            random,
            reader,
            hidden: Replica::ours(HIDDEN),
            updates: Vec::new(),
            sent: Vec::new(),
            marks: Vec::new(),
        };
        history.follow();
        history
    }

    fn follow(&mut self) {
        if cfg!(feature = "followers") {
            self.world.connect_follower(0);
            self.world.run();
        }
    }

    fn step(&mut self) {
        let client = self.any_client();
        match self.random.below(100) {
            0..45 => self.edit(client),
            45..60 => {
                let before = self.random.below(self.world.followers[0].editor.text().chars().count() + 1);
                let change = Delta::new().with_retain(before as u32).with_insert("op ");
                if self.world.followers[0].connection.is_some() {
                    self.world.edit_as_follower(0, &change);
                }
            }
            60..72 => {
                let id = 1_000 + self.random.below(1 << 30) as u32;
                let writer = self.world.add(Replica::ours(id), Rights::Write);
                self.world.connect(writer);
                self.world.run();
                self.edit(writer);
                if self.random.chance(70) {
                    self.world.run();
                    let connection = self.world.clients[writer].connections[0];
                    self.world.cut(connection, 0);
                }
            }
            72..85 => {
                self.updates.push(self.hidden.insert(0, "hidden "));
                self.sent.push(self.random.chance(50));
                if self.sent.last() == Some(&true) {
                    self.send(self.updates.len() - 1);
                }
            }
            85..88 => {
                for index in 0..self.updates.len() {
                    self.sent[index] = true;
                    self.send(index);
                }
            }
            88..92 => return self.crash(),
            _ => {}
        }
        if self.random.chance(70) {
            self.mark();
        }
    }

    fn any_client(&mut self) -> usize {
        let connected = |client: &usize| !self.world.clients[*client].connections.is_empty();
        let connected: Vec<usize> = (1..self.world.clients.len()).filter(connected).collect();
        *self.random.one_of(&connected)
    }

    fn edit(&mut self, client: usize) {
        for _ in 0..1 + self.random.below(3) {
            if let Some(update) = self.world.clients[client].replica.edit(&mut self.random) {
                self.world.post_to_all(client, Message::Update(update));
            }
        }
    }

    fn send(&mut self, index: usize) {
        let client = self.any_client();
        self.world.post_to_all(client, Message::Update(self.updates[index].clone()));
        self.world.run();
    }

    /// Somebody edits, and the program ends while that is being written.
    fn crash(&mut self) {
        self.mark();
        let client = self.any_client();
        self.edit(client);
        self.world.arrive();
        let rows = self.random.below(6);
        self.world.host.write_part(rows);
        self.world.crash(&mut self.random);
        // Who was there comes again.
        for client in [self.reader, 1, 2] {
            self.world.connect(client);
            self.world.run();
        }
        assert_eq!(self.world.host.room.damage(), []);
        self.follow();
    }

    fn mark(&mut self) {
        self.world.run();
        let rows = self.world.host.history.as_ref().map_or(0, Vec::len);
        let replica = &mut self.world.clients[self.reader].replica;
        self.marks.push(Mark {
            rows,
            state: replica.state_vector(),
            deletes: replica.delete_set().expect("ours"),
            shown: replica.shown(),
            sent: self.sent.clone(),
        });
    }

    /// Opens the document as it was after these row writes.
    fn check(&mut self, store: &MemoryStore, rows: usize) {
        let mut world = World::new(self.world.host.config);
        world.host.store = store.clone();
        let is_known = world.stored_cut_off().is_none_or(|stored| stored.is_known());
        world.host.crash();
        let [joiner, other] = world.add_connected();
        assert_eq!(world.host.room.damage(), [], "after {rows} rows");
        world.clients[joiner].replica.assert_whole();
        let Some(mark) = self.marks.iter().rev().find(|mark| mark.rows <= rows) else { return };
        let has = world.clients[joiner].replica.state_vector();
        assert_covers(&has, &mark.state, "what was flushed is there");
        let lost = mark.deletes.difference(&world.clients[joiner].replica.delete_set().expect("ours"));
        assert!(lost.is_empty(), "after {rows} rows: {lost:?}");
        if mark.rows == rows {
            assert_eq!(has, mark.state, "after {rows} rows");
            assert_eq!(world.clients[joiner].replica.shown(), mark.shown, "after {rows} rows");
            assert_eq!(world.stored_cut_off().map(|stored| stored.state_vector()), Some(has));
        }
        // What waited waits still: with what it misses it is there.
        let missing = self.updates.iter().zip(&mark.sent).filter(|(_, sent)| !**sent);
        for (update, _) in missing {
            world.post_to_all(other, Message::Update(update.clone()));
        }
        world.insert(joiner, 0, "goes on ");
        world.run();
        let clock = world.clients[joiner].replica.state_vector().clock(HIDDEN.into());
        assert!(clock >= UNITS * mark.sent.len() as u32, "after {rows} rows: {clock} {}", mark.sent.len());
        if cfg!(feature = "followers") && self.random.chance(10) {
            // The first one's session is that of the history.
            let [_, follower] = [0, 1].map(|_| world.add_follower(false, Form::Json, Rights::Write));
            world.connect_follower(follower);
            world.run();
            world.edit_as_follower(follower, &Delta::new().with_insert("followed "));
            world.run();
            let text = world.text(joiner);
            assert_eq!((world.followers[follower].contents, &world.followers[follower].closed_with), (1, &vec![]));
            // What a fold that was cut off left is sent with its page, and in no checkpoint.
            if is_known {
                assert_eq!(world.followers[follower].editor.text(), text, "after {rows} rows");
            }
        }
        let mut stored = world.stored_cut_off().expect("something is stored");
        assert_eq!(room_world::shown_in(&mut stored.doc), world.clients[joiner].replica.shown());
    }
}

#[test]
fn a_crash_at_any_row_of_any_kind_leaves_everything_that_was_flushed() {
    let mut kinds: BTreeMap<RowKind, u32> = BTreeMap::new();
    let (mut opened, mut deleted, mut runs) = (0, 0, 0);
    for seed in seeds(3) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let mut history = History::new(seed);
        for _ in 0..120 {
            history.step();
        }
        history.mark();
        let rows = history.world.host.history.take().expect("it was asked for");
        let mut store = MemoryStore::with_limits(history.world.host.config.host);
        for (at, row) in rows.iter().enumerate() {
            match row {
                RowWrite::Put(key, _) => *kinds.entry(key.kind).or_default() += 1,
                RowWrite::Delete(_) => deleted += 1,
            }
            store.write(std::slice::from_ref(row)).expect("writes");
            if !is_divided(&rows, at + 1) {
                history.check(&store, at + 1);
                opened += 1;
            }
        }
        runs += 1;
    }
    println!("{runs} histories, opened after each of {opened} row writes: {kinds:?}, {deleted} deleted");
    let followed = [RowKind::Checkpoint].into_iter().filter(|_| cfg!(feature = "followers"));
    let stored = [RowKind::Manifest, RowKind::Journal, RowKind::ClientPage, RowKind::DeletePage, RowKind::BasePage];
    for kind in stored.into_iter().chain([RowKind::Pending]).chain(followed) {
        assert!(runs < 3 || kinds.contains_key(&kind), "{kind:?} was never written");
    }
}
