//! Damaged rows: the room tells what it found, serves what is whole, and never passes on what is not.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::{RowKey, RowKind, RowSizes, Store, all_keys, seal_row};
use merganser::sync::{Damage, Rights, RoomConfig};
use merganser::{IdSet, StateVector};
use room_world::{Message, Random, Replica, World, seeds};

const SMALL: RowSizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };

/// A world with pages, slots and something that waits, its one author gone; what the author has.
fn stored_world() -> (World, StateVector, IdSet) {
    let mut world = World::new(RoomConfig { sizes: SMALL, ..RoomConfig::default() });
    let [author] = world.add_connected();
    for line in 0..80 {
        world.insert(author, 0, &format!("line {line}\n"));
        world.run();
    }
    let mut other = Replica::ours(7);
    other.insert(0, "never sent");
    let waits = other.insert(0, "waits");
    world.post_to_all(author, Message::Update(waits));
    world.run();
    let vector = world.clients[author].replica.state_vector();
    let deletes = world.clients[author].replica.delete_set().unwrap();
    let connection = world.clients[author].connections[0];
    world.cut(connection, 0);
    world.run();
    (world, vector, deletes)
}

fn keys_of(world: &mut World, kind: RowKind) -> Vec<RowKey> {
    let rows = world.host.store.read(all_keys()).unwrap();
    rows.into_iter().map(|(key, _)| key).filter(|key| key.kind == kind).collect()
}

/// Flips a bit of a row and opens the document again.
fn damage(world: &mut World, key: RowKey, bit: usize) {
    let row = world.host.store.rows_mut().get_mut(&key).unwrap();
    let bit = bit % (row.len() * 8);
    row[bit / 8] ^= 1 << (bit % 8);
    world.host.crash();
    world.host.run_store();
}

#[test]
fn a_damaged_page_leaves_the_rest_to_be_read() {
    let (mut world, vector, _) = stored_world();
    let pages = keys_of(&mut world, RowKind::BasePage);
    let key = pages[pages.len() / 2];
    damage(&mut world, key, 500);
    let first = world.add_client(Rights::Write);
    world.connect(first);
    world.run();
    assert_eq!(world.host.room.damage(), [Damage::Row(key)]);
    let has = world.clients[first].replica.state_vector();
    assert!(has.clock(100.into()) > 0 && has.clock(100.into()) < vector.clock(100.into()), "a part of it");
    // What is damaged can be read, but not changed: an edit would be built on what is missing.
    world.insert(first, 0, "an edit");
    world.run();
    assert_eq!(world.clients[first].denied.len(), 1);
    assert_eq!(world.clients[first].closed_with, [0; 0]);
    let second = world.add_client(Rights::Write);
    world.connect(second);
    world.run();
    assert_eq!(world.clients[second].replica.state_vector(), has);
}

#[test]
fn a_missing_page_is_found() {
    let (mut world, ..) = stored_world();
    let key = keys_of(&mut world, RowKind::BasePage)[1];
    world.host.store.rows_mut().remove(&key);
    world.host.crash();
    let joiner = world.add_client(Rights::Write);
    world.connect(joiner);
    world.run();
    assert_eq!(world.host.room.damage(), [Damage::MissingPage(key.number)]);
}

#[test]
fn what_a_damaged_slot_held_is_asked_for() {
    let (mut world, vector, deletes) = stored_world();
    let slot = keys_of(&mut world, RowKind::Journal)[0];
    damage(&mut world, slot, 700);
    assert!(world.host.room.damage().contains(&Damage::Row(slot)));
    // The author comes back and brings it again.
    world.connect(0);
    world.run();
    let joiner = world.add_client(Rights::Write);
    world.connect(joiner);
    world.run();
    assert_eq!(world.clients[joiner].replica.state_vector(), vector);
    assert_eq!(world.clients[joiner].replica.delete_set(), Some(deletes));
    world.clients[joiner].replica.assert_whole();
    world.host.shut_down();
    world.run();
    world.host.crash();
    world.host.run_store();
    let last = world.add_client(Rights::Write);
    world.connect(last);
    world.run();
    assert_eq!(world.clients[last].replica.state_vector(), vector, "it is stored again");
}

/// What was stored behind a damaged slot is taken in again before anything is folded: until then a crash finds it where it was.
#[test]
fn what_lies_behind_a_damaged_slot_survives_a_crash() {
    for writes in 0..4 {
        let sizes = RowSizes { slot: 1, fold: 1 << 20, ..RowSizes::default() };
        let mut world = World::new(RoomConfig { sizes, ..RoomConfig::default() });
        let [author] = world.add_connected();
        for words in ["kept ", "lost "] {
            world.insert(author, 0, words);
            world.run();
        }
        let mut other = Replica::ours(7);
        for line in 0..6 {
            let update = other.insert(0, &format!("line {line}\n"));
            world.post_to_all(author, Message::Update(update));
            world.run();
        }
        damage(&mut world, RowKey::new(RowKind::Journal, 1), 300);
        for _ in 0..writes {
            world.host.take_turn();
            world.host.run_store();
        }
        world.host.crash();
        world.host.run_store();
        let joiner = world.add_client(Rights::Write);
        world.connect(joiner);
        world.run();
        let clocks = world.clients[joiner].replica.state_vector();
        assert_eq!(clocks.clock(7.into()), other.state_vector().clock(7.into()), "after {writes} steps");
    }
}

#[test]
fn damaged_rows_of_what_waits_are_left_out() {
    let (mut world, vector, _) = stored_world();
    let key = keys_of(&mut world, RowKind::Pending)[0];
    damage(&mut world, key, 300);
    assert_eq!(world.host.room.damage(), [Damage::Row(key)]);
    assert_eq!(world.host.room.meters().pending_bytes, 0);
    let joiner = world.add_client(Rights::Write);
    world.connect(joiner);
    world.run();
    assert_eq!(world.clients[joiner].replica.state_vector(), vector);
    world.host.crash();
    world.host.run_store();
    assert_eq!(world.host.room.damage(), [], "the damaged row is not kept");
}

#[test]
fn rows_of_another_document_and_of_later_versions_are_not_read() {
    let (mut world, ..) = stored_world();
    let page = keys_of(&mut world, RowKind::BasePage)[0];
    let foreign = seal_row(page, 12_345, 1, 2, |out| out.extend_from_slice(&[0, 0]));
    world.host.store.rows_mut().insert(page, foreign);
    world.host.crash();
    let joiner = world.add_client(Rights::Write);
    world.connect(joiner);
    world.run();
    assert_eq!(world.host.room.damage(), [Damage::Row(page)]);

    let (mut world, ..) = stored_world();
    let key = RowKey::new(RowKind::Manifest, 0);
    let mut later = world.host.store.rows_mut()[&key].clone();
    later.truncate(later.len() - 8);
    later[0] += 1;
    // A later version's row is whole in itself.
    let hash = twox_hash::XxHash3_64::oneshot_with_seed(key.to_integer() as u64, &later);
    later.extend_from_slice(&hash.to_le_bytes());
    world.host.store.rows_mut().insert(key, later);
    world.host.crash();
    let joiner = world.add_client(Rights::Write);
    world.connect(joiner);
    world.run();
    assert_eq!(world.clients[joiner].closed_with, [4511]);
}

#[test]
fn any_flipped_bit_is_found_and_nothing_that_is_whole_is_lost() {
    for seed in seeds(150) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut Random::new(seed);
        let (mut world, vector, _) = stored_world();
        let rows = world.host.store.read(all_keys()).unwrap();
        let live = world.stored().unwrap().manifest;
        let (key, _) = &rows[random.below(rows.len())];
        damage(&mut world, *key, random.below(1 << 20));
        let joiner = world.add_client(Rights::Write);
        world.connect(joiner);
        world.run();
        let found = world.host.room.damage().contains(&Damage::Row(*key));
        let is_read = key.kind != RowKind::BasePage || live.find_page_from(key.number) == Some(key.number);
        assert_eq!(found, is_read, "{key:?}: {:?}", world.host.room.damage());
        // The author, who has everything, comes back. Unless a page is lost, all is there again.
        world.connect(0);
        world.run();
        if key.kind != RowKind::BasePage {
            assert_eq!(world.clients[joiner].replica.state_vector(), vector, "{key:?}");
            world.clients[joiner].replica.assert_whole();
            world.insert(0, 0, "and goes on ");
            world.run();
            assert_eq!(world.text(joiner), world.text(0));
            let third = world.add_client(Rights::Write);
            world.host.crash();
            world.links().into_iter().for_each(|connection| world.cut(connection, 0));
            world.run();
            world.connect(third);
            world.run();
            assert_eq!(world.text(third), world.text(0));
        }
    }
}
