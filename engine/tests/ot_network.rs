//! Random networks of clients with and without an engine on one document: delays, cuts, doubled messages, failing stores,
//! crashes and hibernation. In the end all show the same, each operation was carried out once, and what a client
//! without an engine had at each revision is what the rows held.
//!
//! `MERGANSER_RUNS` says how many seeds (from `MERGANSER_FIRST` on), `MERGANSER_SEED` names one.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::{HostLimits, RowSizes};
use merganser::ot::{Delta, Form};
use merganser::sync::{Durability, Limits, Rights, RoomConfig};
use room_world::{Random, StoreFailures, World, seeds};
use std::collections::BTreeMap;

struct Run {
    world: World,
    random: Random,
    is_synchronous: bool,
    fails: bool,
    crashes: bool,
    is_rich: bool,
    /// Nobody deletes: then each operation is to be seen in the end.
    deletes: bool,
    mark: u32,
}

impl Run {
    fn new(seed: u64, keeps_window: bool) -> Run {
        let mut random = Random::new(seed);
        let window = Durability::Window { ms: *random.one_of(&[0, 5_000, 20_000]) };
        let durability = if keeps_window { window } else { Durability::BeforeBroadcast };
        let sizes = match random.below(3) {
            0 => RowSizes { slot: 100, fold: 500, grow_below: 300, page: 500, overlay: 50, slice: 40 },
            1 => RowSizes { slot: 300, fold: 2_000, grow_below: 900, page: 2_000, overlay: 200, slice: 80 },
            _ => RowSizes::default(),
        };
        let host = HostLimits { row_bytes: 1_900_000, batch_rows: *random.one_of(&[7, 1_000]) };
        let history_revisions = *random.one_of(&[2, 20, 20_000]);
        let document_kept_ms = *random.one_of(&[0, 60_000]);
        let turn_units = *random.one_of(&[1, 30, 5_000]);
        let limits = Limits { history_revisions, document_kept_ms, turn_units, ..Limits::default() };
        let mut world =
            World::new(RoomConfig { durability, sizes, host, limits, incarnation: 1, ..RoomConfig::default() });
        // Where a flush is cut into several batches, what lies in the store between them is no revision.
        world.host.versions = (host.batch_rows == 1_000).then(|| BTreeMap::from([(0, Delta::new())]));
        for client in 0..2 {
            if client == 1 && random.chance(30) {
                world.add_their_client(Rights::Write)
            } else {
                world.add_client(Rights::Write)
            };
        }
        let is_rich = random.chance(60);
        for _ in 0..2 {
            let form = if random.chance(50) { Form::Json } else { Form::Binary };
            let shows_formats = is_rich && random.chance(70);
            world.add_follower(shows_formats, form, Rights::Write);
        }
        let chance = |random: &mut Random| random.chance(50);
        Run {
            world,
            is_synchronous: chance(&mut random),
            fails: chance(&mut random),
            crashes: chance(&mut random),
            is_rich,
            deletes: random.chance(75),
            random,
            mark: 0,
        }
    }

    fn keeps_window(&self) -> bool {
        matches!(self.world.host.config.durability, Durability::Window { .. })
    }

    fn step(&mut self) {
        let client = self.random.below(self.world.clients.len());
        let follower = self.random.below(self.world.followers.len());
        match self.random.below(100) {
            0..9 => self.edit_client(client),
            9..21 => {
                self.mark += 1;
                let change = self.world.followers[follower].random_change(&mut self.random, self.mark, self.deletes);
                self.world.edit_as_follower(follower, &change);
            }
            21..25 if self.world.clients[client].connections.is_empty() => {
                self.world.connect(client);
            }
            25..29 if self.world.followers[follower].connection.is_none() => {
                self.world.connect_follower(follower);
            }
            29..54 => {
                if let Some(link) = self.world.any_link(&mut self.random) {
                    self.world.deliver_up(link);
                }
            }
            54..79 => {
                if let Some(link) = self.world.any_link(&mut self.random) {
                    self.world.deliver_down(link);
                }
            }
            79..91 => self.work_on_store(),
            91..93 => {
                let ms = *self.random.one_of(&[1, 500, 3_000, 70_000]);
                self.world.host.pass_time(ms);
                self.world.collect();
            }
            93 => {
                if let Some(link) = self.world.any_link(&mut self.random) {
                    self.world.double(link);
                }
            }
            94 | 95 => {
                if let Some(link) = self.world.any_link(&mut self.random) {
                    let arriving = self.random.below(4);
                    self.world.cut(link, arriving);
                }
            }
            96 if self.world.host.room.is_idle() => self.world.host.crash(),
            97 if self.crashes && self.random.chance(40) => self.world.crash(&mut self.random),
            98 if self.keeps_window() && self.world.host.rests() && self.random.chance(50) => {
                self.world.hibernate();
            }
            _ => {}
        }
        if self.is_synchronous && self.random.chance(95) {
            self.work_on_store();
        }
    }

    fn edit_client(&mut self, client: usize) {
        if !self.deletes {
            let len = self.world.clients[client].replica.text_len();
            let at = if self.random.chance(50) { 0 } else { len };
            return self.world.insert(client, at, "crdt ");
        }
        self.world.edit_wide(client, &mut self.random, self.is_rich);
    }

    fn work_on_store(&mut self) {
        let fails = StoreFailures { reads: self.fails, writes: self.fails, uncertainly: true };
        self.world.work_on_store(&mut self.random, self.is_synchronous, fails);
    }

    /// The weather clears up: everybody connects, everything arrives, everybody shows the same.
    fn end(&mut self) {
        self.world.run_to_the_end();
        for _ in 0..4 {
            if self.world.host.room.is_idle() {
                self.world.host.crash();
            }
            for client in 0..self.world.clients.len() {
                if self.world.clients[client].connections.is_empty() {
                    self.world.connect(client);
                }
            }
            for follower in 0..self.world.followers.len() {
                // One that waits too long for an acknowledgement gives its connection up.
                let of = &self.world.followers[follower];
                if of.connection.is_none() || !of.client.is_synchronised() {
                    self.world.connect_follower(follower);
                }
            }
            self.world.run_to_the_end();
        }
        let texts: Vec<String> = (0..self.world.clients.len()).map(|client| self.world.text(client)).collect();
        let states: Vec<_> =
            self.world.clients.iter().map(|of| (&of.closed_with, &of.connections, of.is_synced())).collect();
        assert!(texts.windows(2).all(|pair| pair[0] == pair[1]), "{texts:?} {states:?}");
        let made: Vec<char> = self.world.followers.iter().flat_map(|follower| follower.marks.clone()).collect();
        self.world.host.shut_down();
        self.world.run();
        let expected = self.world.fresh_content();
        assert_eq!(expected.text(), texts[0], "what is stored is what clients show");
        for (number, follower) in self.world.followers.iter().enumerate() {
            let expected = if follower.is_rich { expected.clone() } else { expected.to_plain() };
            let state = format!("{:?} {:?} {:?}", follower.client, follower.closed_with, follower.errors);
            assert_eq!(*follower.client.content(), expected, "follower {number}: {state}");
            assert!(
                follower.client.is_synchronised(),
                "follower {number}: {:?} {:?}",
                follower.closed_with,
                follower.errors
            );
            let is_expected = |code: &String| self.fails && code == "unavailable";
            assert!(follower.errors.iter().all(is_expected), "follower {number} was refused {:?}", follower.errors);
        }
        for mark in made {
            let count = expected.text().chars().filter(|char| *char == mark).count();
            let is_right = if self.deletes { count <= 1 } else { count == 1 };
            assert!(is_right, "{mark:?} ({:x}) is there {count} times", mark as u32);
        }
    }
}

fn run(keeps_window: bool) {
    let mut contents = 0;
    let mut operations = 0;
    for seed in seeds(150) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let mut run = Run::new(seed, keeps_window);
        let steps = 150 + run.random.below(450);
        for _ in 0..steps {
            run.step();
        }
        run.end();
        contents += run.world.followers.iter().map(|of| u64::from(of.contents)).sum::<u64>();
        operations += u64::from(run.mark);
    }
    println!("{operations} operations, {contents} times the content was given");
}

#[test]
fn operations_are_carried_out_once_where_all_is_stored_first() {
    run(false);
}

#[test]
fn operations_are_carried_out_once_within_a_window() {
    run(true);
}
