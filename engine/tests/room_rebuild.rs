//! Rows that can't be read and can be made anew are: what they said is found in the base pages, and stored again.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::IdSet;
use merganser::archive::records::Manifest;
use merganser::archive::{
    HostLimits, MemoryStore, RowKey, RowKind, RowSizes, RowWrite, Store, all_keys, open_row, seal_row,
};
use merganser::sync::{Damage, Durability, Limits, Rights, RoomConfig};
use room_world::{Fate, Message, Random, Replica, Shown, World, assert_covers, seeds};

const MANIFEST: RowKey = RowKey::new(RowKind::Manifest, 0);
const SMALL: RowSizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };

/// A document that many have written in, and what it shows.
struct Whole {
    store: MemoryStore,
    state: merganser::StateVector,
    deletes: IdSet,
    shown: Shown,
    /// One who was there for the first half of it.
    early: Vec<u8>,
    /// One who has everything.
    late: Vec<u8>,
}

fn config(random: &mut Random) -> RoomConfig {
    let limits = Limits { turn_units: *random.one_of(&[1, 300, 5_000]), ..Limits::default() };
    let host = HostLimits { batch_rows: *random.one_of(&[1, 4, 1_000]), ..HostLimits::default() };
    RoomConfig { sizes: SMALL, limits, host, ..RoomConfig::default() }
}

fn whole(random: &mut Random, config: RoomConfig) -> Whole {
    let mut world = World::new(config);
    world.host.store.remember_batches();
    let early = world.add_client(Rights::Write);
    world.connect(early);
    for number in 0..16 {
        let id = random.below(1 << 30) as u32;
        let writer = world.add(Replica::ours(id), Rights::Write);
        world.connect(writer);
        world.run();
        for _ in 0..6 {
            if let Some(update) = world.clients[writer].replica.edit(random) {
                world.post_to_all(writer, Message::Update(update));
            }
            world.run();
        }
        for client in if number == 8 { vec![writer, early] } else { vec![writer] } {
            let connection = world.clients[client].connections[0];
            world.cut(connection, 0);
        }
        world.run();
    }
    let early = world.clients[early].replica.encode_since(&[0]);
    let [late] = world.add_connected();
    let mut stored = world.stored().expect("something is stored");
    let manifest = &stored.manifest;
    assert!(!manifest.client_pages.is_empty() && !manifest.delete_pages.is_empty() && stored.pages.len() > 3);
    let replica = &mut world.clients[late].replica;
    Whole {
        state: replica.state_vector(),
        deletes: stored.deletes.clone(),
        shown: room_world::shown_in(&mut stored.doc),
        early,
        late: replica.encode_since(&[0]),
        store: without_hashes(world.host.store),
    }
}

/// The same rows as a program wrote them that knew no hashes of rows: who comes back is compared with each.
fn without_hashes(store: MemoryStore) -> MemoryStore {
    let mut store = store;
    let rows = store.read(MANIFEST..=RowKey::new(RowKind::Manifest, u32::MAX)).expect("reading works");
    let manifest = Manifest::read_rows(&rows).expect("a whole manifest").expect("a manifest");
    assert!(manifest.client_hashes.iter().chain(&manifest.delete_hashes).all(|hash| *hash != 0));
    let (client_hashes, delete_hashes, paged_clocks) = Default::default();
    let mut batch = Vec::new();
    Manifest { client_hashes, delete_hashes, paged_clocks, ..manifest }.write_rows(HostLimits::default(), &mut batch);
    for row in batch {
        if let RowWrite::Put(key, row) = row {
            store.rows_mut().insert(key, row);
        }
    }
    store
}

/// A world with these rows whose room is opened; nobody is there.
fn opened(store: &MemoryStore, config: RoomConfig) -> World {
    let mut world = World::new(config);
    world.host.store = store.clone();
    world.host.crash();
    world
}

fn keys_of(store: &MemoryStore, kinds: &[RowKind]) -> Vec<RowKey> {
    let rows = store.clone().read(all_keys()).expect("reading works");
    rows.into_iter().map(|(key, _)| key).filter(|key| kinds.contains(&key.kind)).collect()
}

/// What can happen to a row.
#[derive(Clone, Copy, Debug)]
enum Harm {
    Flipped(usize),
    Missing,
    OfAnotherDocument,
    /// Whole in itself, and not what its kind of row is.
    Nonsense,
}

fn harm(store: &mut MemoryStore, key: RowKey, harm: Harm) {
    let rows = store.rows_mut();
    let row = rows.get_mut(&key).expect("the row is there");
    match harm {
        Harm::Flipped(bit) => {
            let bit = bit % (row.len() * 8);
            row[bit / 8] ^= 1 << (bit % 8);
        }
        Harm::Missing => drop(rows.remove(&key)),
        Harm::OfAnotherDocument | Harm::Nonsense => {
            let opened = open_row(key, row).expect("a row");
            let (stamp, sequence, mut body) = (opened.stamp, opened.sequence, opened.body.to_vec());
            let is_other = matches!(harm, Harm::OfAnotherDocument);
            if !is_other {
                body = [vec![1, 1], vec![0xff; 40]].concat();
            }
            *row = seal_row(key, stamp ^ u64::from(is_other), sequence, 0, |out| out.extend_from_slice(&body));
        }
    }
}

/// One who comes back with this.
fn returning(world: &mut World, id: u32, has: &[u8]) -> usize {
    let mut replica = Replica::ours(id);
    replica.apply(has);
    let client = world.add(replica, Rights::Write);
    world.connect(client);
    client
}

/// Who comes back has what was stored, goes on editing, and all of it is stored.
fn assert_goes_on(world: &mut World, of: &Whole, client: usize) {
    assert_eq!((&world.clients[client].closed_with, &world.clients[client].denied), (&vec![], &vec![]));
    assert_eq!(world.clients[client].replica.state_vector(), of.state);
    assert_eq!(world.clients[client].replica.shown(), of.shown);
    let mut stored = world.stored().expect("something is stored");
    assert_eq!((stored.state_vector(), &stored.deletes), (of.state.clone(), &of.deletes));
    assert_eq!(room_world::shown_in(&mut stored.doc), of.shown);
    for line in 0..12 {
        world.insert(client, line % 3, &format!("goes on {line} "));
        world.delete(client, line, 1);
        world.run();
    }
    let [joiner] = world.add_connected();
    assert_eq!(world.text(joiner), world.text(client));
    world.stored();
    // And it is opened again without damage.
    let mut again = opened(&world.host.store, world.host.config);
    let has = world.clients[client].replica.encode_since(&[0]);
    let client = returning(&mut again, 2_000, &has);
    again.run();
    assert_eq!(again.host.room.damage(), []);
    assert_eq!(again.text(client), world.text(joiner));
}

/// What can be made anew.
const REBUILT: [RowKind; 3] = [RowKind::Manifest, RowKind::ClientPage, RowKind::DeletePage];
const ALL: [RowKind; 5] =
    [RowKind::Manifest, RowKind::Journal, RowKind::ClientPage, RowKind::DeletePage, RowKind::BasePage];
const SLICES: [RowKind; 2] = [RowKind::ClientPage, RowKind::DeletePage];

#[test]
fn each_damaged_row_is_made_anew() {
    for seed in seeds(4) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut Random::new(seed);
        let config = config(random);
        let of = whole(random, config);
        for key in keys_of(&of.store, &REBUILT) {
            for what in [Harm::Flipped(random.below(1 << 20)), Harm::Missing, Harm::OfAnotherDocument, Harm::Nonsense] {
                let mut store = of.store.clone();
                harm(&mut store, key, what);
                let mut world = opened(&store, config);
                let has = if random.chance(50) { &of.early } else { &of.late };
                let client = returning(&mut world, 1_000, has);
                world.run();
                let told = [Damage::Row(key), Damage::Rebuilt(key)];
                assert_eq!(world.host.room.damage(), told, "{key:?} {what:?}");
                assert_goes_on(&mut world, &of, client);
            }
        }
        // All of them at once.
        let mut store = of.store.clone();
        let kinds = *random.one_of(&[&REBUILT[..], &SLICES]);
        keys_of(&store, kinds).into_iter().for_each(|key| harm(&mut store, key, Harm::Missing));
        let mut world = opened(&store, config);
        let client = returning(&mut world, 1_000, &of.early);
        world.run();
        assert_goes_on(&mut world, &of, client);
    }
}

/// Lets the store do all that it is asked for until it has written so many batches; `false` if there are no more.
fn run_until_written(world: &mut World, batches: usize) -> bool {
    let mut written = 0;
    loop {
        let mut moved = world.host.store_is_busy();
        while world.host.pending_reads() > 0 {
            world.host.read(0);
        }
        while world.host.pending_writes() > 0 {
            if written == batches {
                return true;
            }
            world.host.write(Fate::Succeeds);
            written += 1;
        }
        while world.host.pending_answers() > 0 {
            world.host.answer(0);
        }
        moved |= world.host.take_turn();
        world.collect();
        for connection in world.links() {
            while world.deliver_up(connection) || world.deliver_down(connection) {
                moved = true;
            }
        }
        if !moved {
            return false;
        }
    }
}

/// Every row its own batch, and the program ends before each of them.
fn crash_at_each_row(of: &Whole, config: RoomConfig, key: RowKey) -> usize {
    let config = RoomConfig { host: HostLimits { batch_rows: 1, ..config.host }, ..config };
    let mut store = of.store.clone();
    harm(&mut store, key, Harm::Missing);
    let mut written = 0;
    loop {
        let mut world = opened(&store, config);
        returning(&mut world, 1_000, &of.late);
        if !run_until_written(&mut world, written) {
            return written;
        }
        let mut after = opened(&world.host.store, config);
        let client = returning(&mut after, 1_000, &of.early);
        after.run();
        assert_goes_on(&mut after, of, client);
        written += 1;
    }
}

#[test]
fn a_crash_while_rows_are_made_anew_loses_nothing() {
    for seed in seeds(2) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut Random::new(seed);
        let config = config(random);
        let of = whole(random, config);
        for key in keys_of(&of.store, &REBUILT) {
            // At least a new row, the manifest, and the old row deleted or another new one.
            assert!(crash_at_each_row(&of, config, key) >= 3);
        }
    }
}

/// Who has nothing needs none of the rows, and is served while they are made anew. What others send waits.
#[test]
fn while_rows_are_made_anew_the_document_is_read() {
    let random = &mut Random::new(1);
    let limits = Limits { turn_units: 1, ..Limits::default() };
    let config = RoomConfig { limits, ..config(random) };
    let of = whole(random, config);
    let key = keys_of(&of.store, &[RowKind::ClientPage])[0];
    let mut store = of.store.clone();
    harm(&mut store, key, Harm::Flipped(900));
    let mut world = opened(&store, config);
    let back = returning(&mut world, 1_000, &of.early);
    let fresh = world.add_client(Rights::Write);
    let mut turns = 0;
    while world.host.room.damage().len() < 2 {
        world.host.run_store();
        world.host.take_turn();
        world.arrive();
        turns += 1;
        if turns == 2 {
            assert_eq!(world.host.room.damage(), [Damage::Row(key)]);
            world.connect(fresh);
            world.insert(back, 0, "sent meanwhile ");
        }
    }
    assert!(turns > 6, "a page or two in a turn: {turns}");
    assert!(world.clients[fresh].is_synced(), "who has nothing has all of it by then");
    assert_eq!(world.clients[fresh].replica.shown(), of.shown);
    assert!(!world.clients[back].is_synced());
    world.run();
    assert_eq!(world.text(fresh), world.text(back));
    assert!(world.text(back).starts_with("sent meanwhile "));
    assert_eq!(world.clients[back].denied, Vec::<String>::new());
    world.stored();
}

/// Without a base page nobody can tell what the row said: the document can be read, not changed.
#[test]
fn with_a_damaged_page_besides_the_document_can_only_be_read() {
    let random = &mut Random::new(2);
    let config = config(random);
    let of = whole(random, config);
    let page = keys_of(&of.store, &[RowKind::BasePage])[2];
    for key in keys_of(&of.store, &SLICES) {
        let mut store = of.store.clone();
        harm(&mut store, key, Harm::Flipped(99));
        harm(&mut store, page, Harm::Missing);
        let before = store.clone().read(all_keys());
        let mut world = opened(&store, config);
        let client = returning(&mut world, 1_000, &of.late);
        world.run();
        world.insert(client, 0, "not taken");
        world.run();
        assert_eq!(world.host.room.damage(), [Damage::Row(key), Damage::MissingPage(page.number)]);
        assert_eq!(world.clients[client].denied.len(), 1);
        let [joiner] = world.add_connected();
        assert!(!world.text(joiner).contains("not taken"));
        assert_eq!(world.host.store.read(all_keys()), before, "nothing is written");
    }
}

/// Without a manifest nothing is told of a page that is damaged besides: the document stays closed, and as it is.
#[test]
fn with_a_damaged_page_besides_a_manifest_is_not_made_anew() {
    let random = &mut Random::new(5);
    let config = config(random);
    let of = whole(random, config);
    for page in keys_of(&of.store, &[RowKind::BasePage]) {
        let mut store = of.store.clone();
        harm(&mut store, MANIFEST, Harm::Flipped(random.below(1 << 20)));
        harm(&mut store, page, Harm::Flipped(random.below(1 << 20)));
        let before = store.clone().read(all_keys());
        let mut world = opened(&store, config);
        let client = returning(&mut world, 1_000, &of.late);
        world.run();
        assert_eq!(world.clients[client].closed_with, [4510]);
        assert_eq!(world.host.room.damage(), [Damage::Row(MANIFEST), Damage::Row(page)]);
        assert!(world.host.room.is_idle());
        assert_eq!(world.host.store.read(all_keys()), before, "nothing is written");
    }
}

/// Wherever the program ended, and whatever it left behind: without its manifest the document has what it had with it.
#[test]
fn a_manifest_is_made_anew_after_each_row_write() {
    for seed in seeds(2) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut Random::new(seed);
        let mut config = config(random);
        config.host.batch_rows = 1;
        let of = whole(random, config);
        for batches in (1..=of.store.batch_count()).filter(|_| random.chance(25)) {
            let mut store = of.store.after_batches(batches);
            let mut with = opened(&store, config);
            let [expected] = with.add_connected();
            store.rows_mut().remove(&MANIFEST);
            let mut without = opened(&store, config);
            let [joiner] = without.add_connected();
            let (expected, replica) = (&mut with.clients[expected].replica, &mut without.clients[joiner].replica);
            // Of a fold that was cut off it may have pages more: they are whole by themselves.
            let (has, had) = (replica.state_vector(), expected.state_vector());
            assert_covers(&has, &had, "after {batches} batches");
            let (deletes, before) = (replica.delete_set(), expected.delete_set());
            let lost = before.as_ref().expect("ours").difference(deletes.as_ref().expect("ours"));
            assert!(lost.is_empty(), "after {batches} batches: {lost:?}");
            if (has, deletes) == (had, before) {
                assert_eq!(replica.shown(), expected.shown(), "after {batches} batches");
            }
            replica.assert_whole();
            without.insert(joiner, 0, "goes on ");
            without.run();
            without.stored();
        }
    }
}

/// Numbers of pages that were given out and not used are passed over.
#[test]
fn pages_are_found_behind_gaps() {
    for gap in [1, 2, 3, 30, 1_000, u32::MAX - 100] {
        let random = &mut Random::new(6);
        let config = config(random);
        let of = whole(random, config);
        let mut store = of.store.clone();
        harm(&mut store, MANIFEST, Harm::Missing);
        for page in keys_of(&store, &[RowKind::BasePage]).into_iter().skip(2).rev() {
            let row = store.rows_mut().remove(&page).expect("a page");
            let opened = open_row(page, &row).expect("a row");
            let moved = RowKey { number: page.number + gap, ..page };
            let row = seal_row(moved, opened.stamp, opened.sequence, 0, |out| out.extend_from_slice(opened.body));
            store.rows_mut().insert(moved, row);
        }
        let mut world = opened(&store, config);
        let client = returning(&mut world, 1_000, &of.early);
        world.run();
        assert_goes_on(&mut world, &of, client);
        assert!(world.host.room.meters().rows_read < 100);
    }
}

/// Reads that fail meanwhile send who waits for them away; who comes again begins it anew.
#[test]
fn reads_may_fail_while_rows_are_made_anew() {
    let random = &mut Random::new(3);
    let config = config(random);
    let of = whole(random, config);
    for key in keys_of(&of.store, &SLICES) {
        let mut store = of.store.clone();
        harm(&mut store, key, Harm::Missing);
        let mut world = opened(&store, config);
        let client = returning(&mut world, 1_000, &of.late);
        for step in 0..400 {
            world.arrive();
            world.host.take_turn();
            if world.host.pending_reads() > 0 {
                // First each of the first ones, then none.
                if step < 200 && random.chance(30) && world.host.room.damage().len() == 1 {
                    world.host.fail_read(0);
                } else {
                    world.host.read(0);
                }
            }
            while world.host.pending_answers() > 0 {
                world.host.answer(0);
            }
            if world.clients[client].connections.is_empty() {
                world.connect(client);
            }
        }
        world.run_to_the_end();
        world.clients[client].closed_with.clear();
        assert_eq!(world.host.room.damage(), [Damage::Row(key), Damage::Rebuilt(key)]);
        assert_goes_on(&mut world, &of, client);
    }
}

/// A store that fails as it is written what was found: it is found again when somebody needs it.
#[test]
fn writes_may_fail_of_what_was_made_anew() {
    let random = &mut Random::new(4);
    for fate in [Fate::Fails, Fate::FailsAfterwards] {
        for durability in [Durability::BeforeBroadcast, Durability::Window { ms: 5_000 }] {
            let config = config(random);
            let of = whole(random, config);
            let config = RoomConfig { durability, ..config };
            let key = *random.one_of(&keys_of(&of.store, &SLICES));
            let mut store = of.store.clone();
            harm(&mut store, key, Harm::Missing);
            let mut world = opened(&store, config);
            let client = returning(&mut world, 1_000, &of.late);
            run_until_written(&mut world, 0);
            assert_eq!(world.host.room.damage(), [Damage::Row(key), Damage::Rebuilt(key)]);
            world.host.write(fate);
            world.run();
            assert_eq!(world.host.room.meters().failed_flushes, 1, "it is not tried again and again");
            world.connect(client);
            world.insert(client, 0, "and an edit ");
            world.run_to_the_end();
            world.host.shut_down();
            world.run();
            let mut stored = world.stored().expect("something is stored");
            assert_eq!(room_world::shown_in(&mut stored.doc), world.clients[client].replica.shown());
            assert_covers(&stored.state_vector(), &of.state, "nothing is lost");
        }
    }
}

/// Within a window, and where the room leaves memory meanwhile.
#[test]
fn a_room_may_leave_memory_while_rows_are_made_anew() {
    for seed in seeds(6) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut Random::new(seed);
        let limits = Limits { turn_units: 1, ..Limits::default() };
        let config = config(random);
        let of = whole(random, config);
        let config = RoomConfig { limits, durability: Durability::Window { ms: 5_000 }, ..config };
        let key = *random.one_of(&keys_of(&of.store, &SLICES));
        let mut store = of.store.clone();
        harm(&mut store, key, Harm::Missing);
        let mut world = opened(&store, config);
        let client = returning(&mut world, 1_000, &of.early);
        for _ in 0..random.below(12) {
            world.host.run_store();
            world.arrive();
            world.host.take_turn();
        }
        world.host.run_store();
        world.insert(client, 0, "meanwhile ");
        if world.host.rests() {
            world.hibernate();
        }
        world.run_to_the_end();
        if world.clients[client].connections.is_empty() {
            assert_eq!(world.clients[client].closed_with, [4503], "its handshake is lost");
            world.connect(client);
        }
        world.run_to_the_end();
        world.host.shut_down();
        world.run();
        let mut stored = world.stored().expect("something is stored");
        assert_eq!(room_world::shown_in(&mut stored.doc), world.clients[client].replica.shown());
        assert_covers(&stored.state_vector(), &of.state, "nothing is lost");
        assert!(stored.doc.text("t").to_string(&stored.doc).starts_with("meanwhile "));
    }
}

/// Whatever single row is damaged: nothing breaks, and nothing is thought to be there that is not.
#[test]
fn any_single_damage_costs_at_most_what_the_row_held() {
    for seed in seeds(60) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut Random::new(seed);
        let config = config(random);
        let of = whole(random, config);
        let key = *random.one_of(&keys_of(&of.store, &ALL));
        let mut store = of.store.clone();
        let what = [Harm::Flipped(random.below(1 << 20)), Harm::Missing, Harm::OfAnotherDocument, Harm::Nonsense];
        // A base page whose hash is right is sent as it is.
        let what = if key.kind == RowKind::BasePage { &what[..3] } else { &what };
        harm(&mut store, key, *random.one_of(what));
        let mut world = opened(&store, config);
        let early = returning(&mut world, 1_000, &of.early);
        world.run();
        let [fresh] = world.add_connected();
        let has = world.clients[fresh].replica.state_vector();
        assert_covers(&of.state, &has, "nothing is there that was not");
        if REBUILT.contains(&key.kind) {
            assert_eq!(has, of.state, "{key:?}");
        }
        // One who has everything brings back what can be brought back: all but what needs a base page.
        let late = returning(&mut world, 1_001, &of.late);
        world.run();
        if key.kind == RowKind::BasePage {
            continue;
        }
        for client in [early, fresh, late] {
            assert_eq!(world.clients[client].replica.shown(), of.shown, "{key:?}, client {client}");
            world.clients[client].replica.assert_whole();
        }
    }
}
