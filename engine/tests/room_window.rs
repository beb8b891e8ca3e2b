//! Rooms that keep a window: edits are shown at once, wait in attachments, and outlive the room's memory.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::sync::{Durability, Rights, RoomConfig};
use room_world::{Message, World, awareness_update};

const WINDOW: Durability = Durability::Window { ms: 20_000 };

fn world() -> World {
    World::new(RoomConfig { durability: WINDOW, ..RoomConfig::default() })
}

#[test]
fn within_a_window_an_edit_is_shown_at_once() {
    let mut world = world();
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.arrive();
    assert_eq!(world.text(other), "duck");
    assert!(!world.host.store_is_busy());
    assert!(world.stored().is_none());
    world.host.pass_time(20_000);
    world.beat(other);
    world.run();
    assert_eq!(world.stored().unwrap().state_vector(), world.clients[author].replica.state_vector());
}

#[test]
fn a_close_within_a_window_stores_and_later_edits_wait_again() {
    let mut world = world();
    let [author, leaver] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    assert_eq!(world.host.room.meters().flushes, 0);
    let connection = world.clients[leaver].connections[0];
    world.cut(connection, 0);
    world.run();
    assert_eq!(world.host.room.meters().flushes, 1, "any close stores the edits of all");
    let [leaver] = world.add_connected();
    let connection = world.clients[leaver].connections[0];
    world.cut(connection, 0);
    world.run();
    world.insert(author, 0, "a ");
    world.run();
    assert_eq!(world.host.room.meters().flushes, 1, "a close with nothing to store does not end the next window");
}

#[test]
fn an_attachment_carries_unstored_edits_over_hibernation() {
    let mut world = world();
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.insert(other, 0, "one ");
    world.run();
    assert!(world.stored().is_none());
    world.hibernate();
    world.run();
    let [joiner] = world.add_connected();
    assert_eq!(world.text(joiner), world.text(author));
    world.insert(author, 0, "more ");
    world.run();
    assert_eq!(world.text(joiner), world.text(author));
    world.host.pass_time(20_000);
    world.beat(author);
    world.run();
    assert_eq!(world.stored().unwrap().state_vector(), world.clients[author].replica.state_vector());
}

#[test]
fn an_attachment_whose_edits_are_stored_begins_no_window() {
    let mut world = world();
    let lone = world.add_client(Rights::Write);
    let connection = world.connect(lone);
    // Its step 1 arrives, its awareness does not: there is no beat to flush at.
    world.deliver_up(connection);
    world.host.run_store();
    let update = world.clients[lone].replica.insert(0, "duck");
    world.host.receive(connection, &Message::Update(update).encode());
    let outdated = world.host.attachments.clone();
    world.host.pass_time(60_000);
    world.host.run_store();
    assert!(world.stored().is_some());
    assert_eq!(world.host.wake_at_ms, None);
    world.host.attachments = outdated;
    world.hibernate();
    world.host.run_store();
    assert_eq!(world.host.wake_at_ms, None, "nothing waits to be stored");
    assert_eq!(world.host.room.meters().flushes, 0);
}

#[test]
fn where_no_client_beats_a_waking_ends_the_window() {
    let mut world = world();
    let lone = world.add_client(Rights::Write);
    let connection = world.connect(lone);
    world.deliver_up(connection);
    world.host.run_store();
    for letter in ["k", "c", "u", "d"] {
        let update = world.clients[lone].replica.insert(0, letter);
        world.host.receive(connection, &Message::Update(update).encode());
        assert_eq!(world.host.call_at_ms, None, "nothing that keeps the room in memory");
    }
    let asked = world.host.wake_at_ms;
    assert_eq!(asked, Some(world.host.now_ms + 60_000));
    world.hibernate();
    world.host.run_store();
    assert_eq!(world.host.wake_at_ms, asked, "it outlives the room's memory");
    world.host.pass_time(60_000);
    world.host.run_store();
    assert_eq!(world.stored().unwrap().state_vector(), world.clients[lone].replica.state_vector());
    assert_eq!(world.host.wake_at_ms, None);
}

#[test]
fn hibernation_during_a_handshake_begins_it_again() {
    let mut world = world();
    let [author, traveller] = world.add_connected();
    world.insert(author, 0, "a duck and a drake");
    world.run();
    let connection = world.clients[traveller].connections[0];
    world.cut(connection, 0);
    world.run();
    world.delete(author, 2, 5);
    world.run();
    let connection = world.connect(traveller);
    world.deliver_up(connection);
    assert!(!world.clients[traveller].is_synced());
    world.hibernate();
    world.run();
    assert_eq!(world.clients[traveller].closed_with, [4503], "its answer is not waited for any more");
    world.connect(traveller);
    world.run();
    assert!(world.clients[traveller].is_synced());
    assert_eq!(world.text(traveller), world.text(author));
}

#[test]
fn awareness_of_many_behind_one_connection_fits_its_attachment() {
    let mut world = world();
    let [relay] = world.add_connected();
    let entries: Vec<(u64, u32, &str)> = (0..900).map(|n| ((1 << 52) + n, u32::MAX - 1, "{}")).collect();
    world.post_to_all(relay, Message::Awareness(awareness_update(&entries)));
    world.insert(relay, 0, &"duck ".repeat(2_000));
    world.run();
    assert_eq!(world.host.room.meters().awareness_entries, 901);
}

/// A host that asks for it is told what was accepted and of whom, once each, and what is stored of it.
#[test]
fn what_is_accepted_is_told() {
    let mut world = World::new(RoomConfig { durability: WINDOW, tells_accepted: true, ..RoomConfig::default() });
    let [author, other] = world.add_connected();
    let reader = world.add_client(Rights::Read);
    world.connect(reader);
    world.run();
    let connections = [author, other].map(|client| world.clients[client].connections[0]);
    world.insert(author, 0, "duck");
    world.run();
    world.insert(other, 4, "s");
    world.insert(reader, 0, "no ");
    world.run();
    let mut told = Vec::new();
    while let Some(accepted) = world.host.room.next_accepted() {
        told.push(accepted);
    }
    assert_eq!(told.iter().map(|of| of.from).collect::<Vec<_>>(), connections.map(Some));
    let before = world.host.room.stored_sequence();
    world.host.flush();
    world.run();
    assert!(world.host.room.stored_sequence() > before);
    assert!(world.host.room.next_accepted().is_none());
    let updates: Vec<&[u8]> = told.iter().map(|of| of.update.as_slice()).collect();
    let merged = merganser::update::merge_updates(&updates).unwrap();
    let told = merganser::update::state_vector_of_update(&merged).unwrap();
    assert_eq!(merganser::update::decode_state_vector(&told).unwrap(), world.stored().unwrap().state_vector());
}
