//! Random networks: edits, delays, cuts, doubled connections, failing stores, crashes and hibernation; in the end
//! all have the same, and nothing that must not be lost was lost.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::records::AttachmentRecord;
use merganser::archive::{HostLimits, RowSizes};
use merganser::sync::{Durability, Limits, Rights, RoomConfig};
use merganser::update::Update;
use merganser::{IdSet, StateVector};
use room_world::{Message, Random, StoreFailures, Stored, World, assert_covers, collected_in, seeds};

/// What may go wrong in a run.
#[derive(Clone, Copy, Debug)]
struct Weather {
    /// The store answers at once.
    is_synchronous: bool,
    fails: StoreFailures,
    crashes: bool,
    cuts: bool,
    steps: usize,
}

fn random_config(random: &mut Random, durability: Durability) -> RoomConfig {
    let host = HostLimits {
        row_bytes: *random.one_of(&[1 << 10, 3_000, 1_900_000]),
        batch_rows: *random.one_of(&[4, 7, 1_000]),
    };
    let sizes = match random.below(3) {
        0 => RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 },
        1 => RowSizes { slot: 200, fold: 900, grow_below: 600, page: 900, overlay: 150, slice: 60 },
        _ => RowSizes::default(),
    };
    let limits = Limits {
        page_cache_bytes: *random.one_of(&[0, 500, 4 << 20]),
        turn_units: *random.one_of(&[1, 30, 5_000]),
        ..Limits::default()
    };
    let broadcast_pause_ms = *random.one_of(&[0, 20]);
    let tells_accepted = random.chance(50);
    let others = RoomConfig::default();
    RoomConfig { durability, limits, host, sizes, incarnation: 0, broadcast_pause_ms, tells_accepted, ..others }
}

fn random_weather(random: &mut Random) -> Weather {
    Weather {
        is_synchronous: random.chance(30),
        fails: StoreFailures { writes: random.chance(50), reads: random.chance(30), uncertainly: random.chance(50) },
        crashes: random.chance(60),
        cuts: random.chance(80),
        steps: 100 + random.below(500),
    }
}

/// The run of one seed.
struct Run {
    world: World,
    random: Random,
    weather: Weather,
    /// In attachments at some time, and to be stored in the end unless a crash took the attachments.
    promised: (StateVector, IdSet),
    /// Units and deletes that the host was told of.
    told: [IdSet; 2],
}

impl Run {
    fn new(seed: u64, keeps_window: bool) -> Run {
        let mut random = Random::new(seed);
        let window = Durability::Window { ms: *random.one_of(&[0, 5_000, 20_000]) };
        let durability = if keeps_window { window } else { Durability::BeforeBroadcast };
        let config = random_config(&mut random, durability);
        let weather = random_weather(&mut random);
        let mut world = World::new(config);
        for _ in 0..2 + random.below(3) {
            if random.chance(70) {
                world.add_client(Rights::Write)
            } else {
                world.add_their_client(Rights::Write)
            };
        }
        if random.chance(30) {
            world.add_client(Rights::Read);
        }
        Run { world, random, weather, promised: Default::default(), told: Default::default() }
    }

    fn keeps_window(&self) -> bool {
        matches!(self.world.host.config.durability, Durability::Window { .. })
    }

    fn step(&mut self) {
        let client = self.random.below(self.world.clients.len());
        match self.random.below(100) {
            0..18 => self.edit(client),
            18..22 if self.world.clients[client].connections.is_empty() || self.random.chance(20) => {
                self.world.connect(client);
            }
            22..50 => {
                if let Some(connection) = self.world.any_link(&mut self.random) {
                    self.world.deliver_up(connection);
                }
            }
            50..78 => {
                if let Some(connection) = self.world.any_link(&mut self.random) {
                    self.world.deliver_down(connection);
                }
            }
            78..92 => self.work_on_store(),
            92..94 => {
                let ms = *self.random.one_of(&[1, 500, 3_000, 20_000]);
                self.world.host.pass_time(ms);
                self.world.collect();
            }
            94 => self.world.beat(client),
            95 if self.weather.cuts => self.cut(client),
            96 if self.world.host.room.is_idle() => self.world.host.crash(),
            97 if self.weather.crashes && self.random.chance(40) => self.crash(),
            98 if self.keeps_window() && self.world.host.rests() && self.random.chance(50) => self.hibernate(),
            _ => {}
        }
        if self.weather.is_synchronous && self.random.chance(95) {
            self.work_on_store();
        }
        self.hear_of_accepted();
    }

    fn hear_of_accepted(&mut self) {
        while let Some(accepted) = self.world.host.room.next_accepted() {
            for (told, ids) in self.told.iter_mut().zip(ids_of(&accepted.update)) {
                told.merge(&ids);
            }
        }
    }

    fn edit(&mut self, client: usize) {
        let of = &mut self.world.clients[client];
        if of.rights == Rights::Read {
            return;
        }
        for _ in 0..1 + self.random.below(3) {
            if let Some(update) = self.world.clients[client].replica.edit(&mut self.random) {
                self.world.collected.merge(&collected_in(&update));
                self.world.post_to_all(client, Message::Update(update));
            }
        }
    }

    fn cut(&mut self, client: usize) {
        if let Some(connection) = self.world.clients[client].connections.first().copied() {
            let arriving = self.random.below(6);
            self.world.cut(connection, arriving);
        }
    }

    fn work_on_store(&mut self) {
        self.world.work_on_store(&mut self.random, self.weather.is_synchronous, self.weather.fails);
    }

    fn crash(&mut self) {
        self.world.crash(&mut self.random);
        self.promised = Default::default();
        if !self.keeps_window() {
            self.check_that_what_was_seen_is_stored();
        }
    }

    /// Before broadcast: whatever a client has seen of others is stored.
    fn check_that_what_was_seen_is_stored(&mut self) {
        let stored = self.world.stored();
        let clocks = stored.as_ref().map(Stored::state_vector).unwrap_or_default();
        let deletes = stored.map(|stored| stored.deletes).unwrap_or_default();
        for client in &self.world.clients {
            let mut seen = client.replica.state_vector();
            let own = client.replica.client;
            seen = seen.iter().filter(|(client, _)| client.value() != own).collect();
            assert_covers(&clocks, &seen, "what a client has seen of others is stored");
            let lost = client.replica.deletes_seen.difference(&deletes);
            assert!(lost.is_empty(), "client {own} has seen deletes that are not stored: {lost:?}");
        }
    }

    /// Window: what is attached outlives the room.
    fn hibernate(&mut self) {
        for attachment in self.world.host.attachments.values() {
            let record = AttachmentRecord::decode(attachment).expect("an attachment");
            for update in record.tail {
                let parsed = Update::parse_v1(&update).expect("an update");
                parsed.structs.iter().for_each(|of| self.promised.0.advance(of.id.client, of.end()));
                self.promised.1.merge(&parsed.deletes.into_iter().collect());
            }
        }
        self.world.hibernate();
    }

    /// The weather clears up: everybody connects, everything arrives, everybody has the same.
    fn end(&mut self) {
        self.world.run_to_the_end();
        // Who is closed while that goes on comes again.
        for _ in 0..2 {
            if self.world.host.room.is_idle() {
                // Nobody was there any more, perhaps since the room could not be opened.
                self.world.host.crash();
            }
            for client in 0..self.world.clients.len() {
                if self.world.clients[client].connections.is_empty() {
                    self.world.connect(client);
                }
            }
            self.world.run_to_the_end();
        }
        self.check_awareness();
        let joiner = self.world.add_client(Rights::Write);
        self.world.connect(joiner);
        self.world.run_to_the_end();
        self.check_equality();
        self.check_store(joiner);
    }

    fn check_awareness(&mut self) {
        for client in 0..self.world.clients.len() {
            self.world.beat(client);
        }
        self.world.run_to_the_end();
        let expected = self.world.clients[0].awareness.states.clone();
        for client in &self.world.clients {
            let id = client.replica.client;
            assert_eq!(client.awareness.states, expected, "client {id}, closed with {:?}", client.closed_with);
            let own = client.replica.client;
            assert!(expected.contains_key(&own), "all see client {own}");
        }
    }

    fn check_equality(&mut self) {
        let expected = self.world.clients[0].replica.shown();
        let vector = self.world.clients[0].replica.state_vector();
        let mut deleted: Option<IdSet> = None;
        for client in &mut self.world.clients {
            let id = client.replica.client;
            client.replica.assert_whole();
            assert!(
                client.is_synced(),
                "client {id} has heard no step 2: {:?} {:?}",
                client.closed_with,
                client.connections
            );
            assert!(!client.connections.is_empty(), "client {id} is connected; closed with {:?}", client.closed_with);
            assert!(client.closed_with.iter().all(|code| *code >= 4500), "{:?}", client.closed_with);
            assert_eq!(client.replica.state_vector(), vector, "client {id}");
            assert_eq!(client.replica.shown(), expected, "client {id}");
            if let Some(deletes) = client.replica.delete_set() {
                assert_eq!(*deleted.get_or_insert_with(|| deletes.clone()), deletes, "deletes of client {id}");
            }
        }
    }

    fn check_store(&mut self, joiner: usize) {
        self.world.host.shut_down();
        self.world.run();
        let mut stored = self.world.stored().expect("something is stored");
        let vector = self.world.clients[0].replica.state_vector();
        assert_eq!(stored.state_vector(), vector, "what is stored is what clients have");
        assert_eq!(room_world::shown_in(&mut stored.doc), self.world.clients[0].replica.shown());
        let made = stored.collected.difference(&self.world.collected);
        assert!(made.is_empty(), "the server made GC structs: {made:?}");
        assert_covers(&vector, &self.promised.0, "what was attached is stored");
        assert!(self.promised.1.difference(&stored.deletes).is_empty(), "deletes that were attached are stored");
        self.hear_of_accepted();
        if self.keeps_window() && self.world.host.config.tells_accepted {
            let stored_units: IdSet = vector.iter().map(|(client, end)| (client, 0..end)).collect();
            for (stored, told) in [stored_units, stored.deletes].iter().zip(&self.told) {
                let untold = stored.difference(told);
                assert!(untold.is_empty(), "the host was not told of what is stored: {untold:?}");
            }
        }
        let heard: Vec<&[u8]> = self.world.clients[joiner]
            .heard
            .iter()
            .map(|message| match message {
                Message::Update(update) | Message::Step2(update) => update.as_slice(),
                other => panic!("{other:?}"),
            })
            .collect();
        let pages = stored.pages.len().saturating_sub(1);
        for (page, heard) in stored.pages.iter().take(pages).zip(&heard) {
            // Unless they were written anew since.
            let is_same = self.world.host.room.meters().pages_collected == 0;
            assert!(!is_same || page == heard, "a fresh client gets pages as they are: {page:?}, not {heard:?}");
            assert_eq!(ids_of(page), ids_of(heard), "a fresh client gets pages in their order");
        }
    }
}

/// Units of an update's structs, and those that it deletes.
fn ids_of(update: &[u8]) -> [IdSet; 2] {
    let update = Update::parse_v1(update).expect("an update");
    let structs = update.structs.iter().map(|of| (of.id.client, of.id.clock..of.end()));
    [structs.collect(), update.deletes.into_iter().collect()]
}

fn run(keeps_window: bool) {
    let (mut runs, mut large, mut collected) = (0, 0, 0);
    for seed in seeds(60) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let mut run = Run::new(seed, keeps_window);
        println!("{:?} {:?}", run.weather, run.world.host.config);
        for _ in 0..run.weather.steps {
            run.step();
        }
        run.end();
        runs += 1;
        large += run.world.host.room.meters().updates_large;
        collected += run.world.host.room.meters().pages_collected;
    }
    assert!(runs == 1 || large > 100, "updates are taken in steps: {large}");
    assert!(runs == 1 || collected > 20, "old pages are written anew: {collected}");
}

#[test]
fn what_is_shown_is_stored_before() {
    run(false);
}

#[test]
fn what_is_attached_survives() {
    run(true);
}
