//! What lies in the rows: slots of the ring, pages cut to the store's size, and a whole document after each batch.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::{HostLimits, RowKey, RowKind, RowSizes, SLOTS, Store, open_row};
use merganser::lib0::Reader;
use merganser::sync::{Durability, Rights, RoomConfig};
use merganser::update::{Content, Update, merge_updates};
use merganser::{ClientId, Doc, IdSet, Options, StateVector};
use room_world::{Fate, Message, Replica, Stored, World, seeds, shown_in};

const SMALL: RowSizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };
const SMALLEST_HOST: HostLimits = HostLimits { row_bytes: 1 << 10, batch_rows: 4 };

fn world(sizes: RowSizes, host: HostLimits) -> World {
    World::new(RoomConfig { sizes, host, ..RoomConfig::default() })
}

/// What is stored is what the client has, also with all pages and slots merged into one update.
fn assert_stored(world: &mut World, client: usize) -> Stored {
    let mut stored = world.stored().expect("something is stored");
    let expected = world.clients[client].replica.shown();
    assert_eq!(stored.state_vector(), world.clients[client].replica.state_vector());
    assert_eq!(shown_in(&mut stored.doc), expected);
    let all: Vec<&[u8]> = stored.pages.iter().chain(&stored.slots).map(Vec::as_slice).collect();
    let mut merged = Doc::new(Options::new(ClientId::from(5)));
    merged.apply_update(&merge_updates(&all).expect("updates")).expect("one update");
    assert_eq!(shown_in(&mut merged), expected);
    stored
}

#[test]
fn a_paste_larger_than_a_row_is_cut() {
    // Characters of 1 to 4 bytes, so that cuts fall on all kinds of places.
    for words in ["a duck ", "Größe ", "鸭子", "🦆🪿", "a🦆ö鸭"] {
        let mut world = world(RowSizes::default(), SMALLEST_HOST);
        let [author] = world.add_connected();
        world.insert(author, 0, &words.repeat(1_500));
        world.insert(author, 0, "before ");
        world.run();
        let stored = assert_stored(&mut world, author);
        assert!(stored.pages.len() > 10, "{} pages", stored.pages.len());
        let [joiner] = world.add_connected();
        assert_eq!(world.text(joiner), world.text(author));
    }
}

#[test]
fn a_list_larger_than_a_row_is_cut() {
    let mut world = world(RowSizes::default(), SMALLEST_HOST);
    let [author] = world.add_connected();
    // 3,000 small integers in one struct of the list: `any` numbers, one unit each.
    let mut update = vec![1, 1, 9, 0, 8, 1, 1, b'l', 0xb8, 0x17];
    update.extend((0..3_000).flat_map(|n| [125, (n % 64) as u8]));
    update.push(0);
    world.post_to_all(author, Message::Update(update.clone()));
    world.run();
    let mut whole = Doc::new(Options::new(ClientId::from(5)));
    whole.apply_update(&update).unwrap();
    let list = whole.array("l");
    assert_eq!(list.len(&whole), 3_000);
    let mut stored = world.stored().unwrap();
    assert!(stored.pages.len() > 5);
    let stored_list = stored.doc.array("l");
    assert_eq!(stored_list.values(&stored.doc), list.values(&whole));
}

#[test]
fn a_large_delete_set_is_cut() {
    let mut world = world(RowSizes::default(), HostLimits { batch_rows: 100, ..SMALLEST_HOST });
    let [author, other] = world.add_connected();
    world.insert(author, 0, &"ab".repeat(2_000));
    world.run();
    let connection = world.clients[author].connections[0];
    world.cut(connection, 0);
    world.run();
    for at in 0..2_000 {
        world.delete(author, at, 1);
    }
    world.connect(author);
    world.run();
    assert_eq!(world.text(other), "b".repeat(2_000));
    assert_stored(&mut world, author);
}

#[test]
fn an_update_of_many_clients_is_cut() {
    let mut world = world(RowSizes::default(), SMALLEST_HOST);
    let [relay, other] = world.add_connected();
    let mut many = Replica::ours(7);
    for client in 0..400 {
        many.apply(&Replica::ours(1_000 + client).insert(0, "x"));
    }
    world.post_to_all(relay, Message::Update(many.encode_since(&[0])));
    world.run();
    assert_eq!(world.text(other), "x".repeat(400));
    assert_stored(&mut world, other);
}

#[test]
fn the_ring_is_overwritten_and_not_extended() {
    // Each edit begins a slot; only a seventeenth one folds.
    let sizes = RowSizes { slot: 1, fold: 1 << 20, ..RowSizes::default() };
    let mut world = world(sizes, HostLimits::default());
    let [author] = world.add_connected();
    for line in 0..100 {
        world.insert(author, 0, &format!("line {line}\n"));
        world.run();
        assert_stored(&mut world, author);
        let slots = RowKey::new(RowKind::Journal, 0)..=RowKey::new(RowKind::Journal, u32::MAX);
        let slots = world.host.store.read(slots).unwrap();
        assert!(slots.iter().all(|(key, _)| key.number < SLOTS));
        assert_eq!(slots.len(), SLOTS.min(line + 1) as usize);
        // It is opened again at each place of the ring.
        if line % 3 == 0 {
            world.links().into_iter().for_each(|connection| world.cut(connection, 0));
            world.run();
            world.host.crash();
            world.connect(author);
            world.run();
            assert_eq!(world.host.room.damage(), []);
        }
    }
    assert_eq!(world.text(author).lines().count(), 100);
}

#[test]
fn rows_of_what_waits_hold_updates_behind_their_lengths() {
    let mut world = world(SMALL, SMALLEST_HOST);
    let [sender] = world.add_connected();
    let mut author = Replica::ours(7);
    author.insert(0, "never sent ");
    let waiting: Vec<Vec<u8>> = (0..40).map(|_| author.insert(0, "a duck and a drake, which wait")).collect();
    for update in &waiting {
        world.post_to_all(sender, Message::Update(update.clone()));
        world.run();
    }
    let keys = RowKey::new(RowKind::Pending, 0)..=RowKey::new(RowKind::Pending, u32::MAX);
    let rows = world.host.store.read(keys.clone()).unwrap();
    assert!(rows.len() > 1);
    let mut found = Vec::new();
    for (number, (key, row)) in rows.iter().enumerate() {
        assert_eq!(key.number as usize, number);
        let mut from = Reader::new(open_row(*key, row).unwrap().body);
        while !from.is_at_end() {
            found.push(from.read_bytes().unwrap().to_vec());
        }
    }
    assert_eq!(found, waiting);
    world.post_to_all(sender, Message::Update(author.encode_since(&[0])));
    world.run();
    assert_eq!(world.host.store.read(keys).unwrap(), [], "what waits no longer has no rows");
}

#[test]
fn the_newest_slot_is_rewritten_until_it_is_full() {
    let mut world = world(RowSizes::default(), HostLimits::default());
    let [author] = world.add_connected();
    for _ in 0..200 {
        world.insert(author, 0, "words ");
        world.run();
    }
    let meters = world.host.room.meters();
    assert_eq!(meters.rows_written, meters.flushes + 1, "one row for each flush, and the manifest once");
    assert_eq!(world.stored().unwrap().slots.len(), 1);
}

#[test]
fn typing_is_stored_joined() {
    let mut world = world(SMALL, HostLimits::default());
    let [author] = world.add_connected();
    for at in 0..2_000 {
        world.insert(author, at, "x");
        world.run();
    }
    let stored = assert_stored(&mut world, author);
    let bytes: usize = stored.pages.iter().map(Vec::len).sum();
    assert!(bytes < 2_500, "{bytes} bytes for 2,000 letters typed one by one");
}

/// Checks that what has lost its content is deleted according to what is stored; how many units that are.
fn assert_only_deleted_is_gone(stored: &Stored) -> usize {
    let mut collected = IdSet::default();
    for update in &stored.pages {
        let parsed = Update::parse_v1(update).expect("each page is an update");
        let of_page = parsed.structs.iter().filter(|of| of.content == Content::Deleted);
        of_page.for_each(|of| collected.insert(of.id.client, of.id.clock..of.end()));
    }
    let alive = collected.difference(&stored.deletes);
    assert!(alive.is_empty(), "content is gone that nobody has deleted: {alive:?}");
    collected.iter().map(|(_, range)| range.len()).sum()
}

#[test]
fn after_each_batch_a_crash_leaves_a_whole_document() {
    let mut count = 0;
    for seed in seeds(6) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut room_world::Random::new(seed);
        let each_row = HostLimits { batch_rows: 1, ..HostLimits::default() };
        let mut world = world(SMALL, *random.one_of(&[SMALLEST_HOST, HostLimits::default(), each_row]));
        world.host.store.remember_batches();
        let clients: [usize; 3] = world.add_connected();
        for _ in 0..120 {
            let client = *random.one_of(&clients);
            if let Some(update) = world.clients[client].replica.edit(random) {
                world.post_to_all(client, Message::Update(update));
            }
            if random.chance(60) {
                world.run();
            }
        }
        world.run();
        let whole = world.host.store.clone();
        let mut before = StateVector::default();
        let mut deletes = IdSet::default();
        for batches in 1..=whole.batch_count() {
            let mut after = World::new(world.host.config);
            after.host.store = whole.after_batches(batches);
            after.host.crash();
            let joiner = after.add_client(Rights::Write);
            after.connect(joiner);
            after.run();
            assert_eq!(after.host.room.damage(), []);
            let stored = after.stored_cut_off().expect("something is stored");
            let now = after.clients[joiner].replica.state_vector();
            assert_eq!(now, stored.state_vector(), "the room opens with all that is stored");
            room_world::assert_covers(&now, &before, "what was stored stays stored");
            before = now;
            let lost = deletes.difference(&stored.deletes);
            assert!(lost.is_empty(), "what was deleted stays deleted: {lost:?}");
            count += assert_only_deleted_is_gone(&stored);
            deletes = stored.deletes;
            after.clients[joiner].replica.assert_whole();
        }
        assert_eq!(before, world.clients[clients[0]].replica.state_vector());
    }
    assert!(count > 100, "content was collected");
}

/// What is deleted while an old page is being read is stored before the page loses it.
#[test]
fn a_delete_is_stored_before_an_old_page_loses_content() {
    let host = HostLimits { batch_rows: 1, ..HostLimits::default() };
    let durability = Durability::Window { ms: 20_000 };
    let mut world = World::new(RoomConfig { sizes: SMALL, host, durability, ..RoomConfig::default() });
    let [author] = world.add_connected();
    let write = |world: &mut World| world.insert(author, 0, "a line\n");
    for _ in 0..60 {
        write(&mut world);
        world.run();
    }
    world.delete(author, 0, 100);
    let folds = world.host.room.meters().folds;
    // After the next fold the first page is read, for as much as is deleted.
    while world.host.room.meters().folds == folds || world.host.pending_reads() == 0 {
        match (world.host.pending_reads(), world.host.pending_writes(), world.host.pending_answers()) {
            (1.., ..) => world.host.read(0),
            (_, 1.., _) => world.host.write(Fate::Succeeds),
            (.., 1..) => world.host.answer(0),
            _ => write(&mut world),
        }
        world.arrive();
    }
    let len = world.clients[author].replica.text_len();
    world.delete(author, len - 70, 70);
    world.arrive();
    world.host.read(0);
    let mut gone = 0;
    while world.host.pending_answers() > 0 {
        world.host.answer(0);
        world.host.write(Fate::Succeeds);
        gone = gone.max(assert_only_deleted_is_gone(&world.stored().unwrap()));
    }
    assert!(gone >= 70, "{gone} units");
    assert_eq!(world.host.room.meters().pages_collected, 1);
}

#[test]
fn a_document_goes_on_in_a_store_with_smaller_rows() {
    let mut large = world(RowSizes::default(), HostLimits::default());
    let [author] = large.add_connected();
    large.insert(author, 0, &"a duck and a drake ".repeat(2_000));
    large.run();
    // Rows are cut when they are written; those that are larger are read as they are.
    let mut small = world(SMALL, SMALLEST_HOST);
    for (key, row) in large.host.store.rows_mut().clone() {
        small.host.store.rows_mut().insert(key, row);
    }
    small.host.crash();
    let [joiner] = small.add_connected();
    assert_eq!(small.text(joiner), large.text(author));
    small.insert(joiner, 0, "goes on ");
    small.run();
    let [second] = small.add_connected();
    assert_eq!(small.text(second), small.text(joiner));
}
