//! Long streams to joiners: paced by what they answer, shared by many, and no live update before its place.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::sync::{Limits, Rights, RoomConfig};
use room_world::{Message, World};

/// A world with a document of a few megabytes, which its author has left.
fn large_world(limits: Limits) -> (World, String) {
    let mut world = World::new(RoomConfig { limits, ..RoomConfig::default() });
    let [author] = world.add_connected();
    for page in 0..60 {
        world.insert(author, 0, &format!("page {page} {}\n", "of some text ".repeat(4_000)));
        world.run();
    }
    let text = world.text(author);
    let connection = world.clients[author].connections[0];
    world.cut(connection, 0);
    world.run();
    (world, text)
}

#[test]
fn a_long_stream_waits_for_signs_of_life() {
    let (mut world, text) = large_world(Limits::default());
    let joiner = world.add_client(Rights::Read);
    let connection = world.connect(joiner);
    world.deliver_up(connection);
    world.deliver_up(connection);
    world.host.run_store();
    world.collect();
    let first = world.heard_raw(connection);
    let bytes: usize = first.iter().map(|message| message.encode().len()).sum();
    assert!((1 << 20..2 << 20).contains(&bytes), "{bytes} bytes at once");
    assert_eq!(first.last(), Some(&Message::QueryAwareness), "it is asked for a sign of life");
    // Without one the stream goes on by itself after a while.
    world.host.pass_time(1_999);
    world.collect();
    assert_eq!(world.heard_raw(connection), []);
    world.host.pass_time(1);
    world.host.run_store();
    world.collect();
    assert!(world.heard_raw(connection).len() > 10);
    // A client that answers gets everything without time going on.
    let other = world.add_client(Rights::Read);
    world.connect(other);
    world.run();
    assert!(world.clients[other].is_synced());
    assert_eq!(world.text(other), text);
}

#[test]
fn live_updates_wait_until_the_stream_has_reached_its_end() {
    let (mut world, text) = large_world(Limits::default());
    let [writer] = world.add_connected();
    let joiner = world.add_client(Rights::Write);
    let connection = world.connect(joiner);
    world.deliver_up(connection);
    world.host.run_store();
    world.collect();
    while world.deliver_down(connection) {}
    assert!(!world.clients[joiner].is_synced());
    let before = world.take_heard(joiner).len();
    world.insert(writer, 0, "while it joins ");
    let link = world.clients[writer].connections[0];
    while world.deliver_up(link) {}
    world.host.run_store();
    world.collect();
    while world.deliver_down(connection) {}
    assert!(before > 5);
    assert_eq!(world.take_heard(joiner), [], "it would have to wait in the client");
    world.run();
    assert_eq!(world.text(joiner), format!("while it joins {text}"));
    world.clients[joiner].replica.assert_whole();
}

#[test]
fn many_joiners_share_what_is_read() {
    let (mut world, text) = large_world(Limits::default());
    let before = world.host.room.meters().rows_read;
    let joiners: Vec<usize> = (0..6).map(|_| world.add_client(Rights::Write)).collect();
    for joiner in &joiners {
        world.connect(*joiner);
    }
    world.run();
    let pages = world.stored().unwrap().pages.len() as u64;
    let read = world.host.room.meters().rows_read - before;
    assert!(read < pages + 20, "{read} rows read for 6 joiners and {pages} pages");
    for joiner in joiners {
        assert_eq!(world.text(joiner), text);
    }
}

#[test]
fn without_a_cache_every_joiner_still_gets_everything() {
    let (mut world, text) = large_world(Limits { page_cache_bytes: 0, ..Limits::default() });
    let joiners: Vec<usize> = (0..3).map(|_| world.add_client(Rights::Write)).collect();
    for joiner in &joiners {
        world.connect(*joiner);
    }
    world.run();
    for joiner in joiners {
        assert_eq!(world.text(joiner), text);
    }
}

#[test]
fn a_joiner_that_leaves_half_way_stops_nobody() {
    let (mut world, text) = large_world(Limits::default());
    let [leaver, stayer] = [(); 2].map(|()| world.add_client(Rights::Write));
    let connection = world.connect(leaver);
    world.connect(stayer);
    world.deliver_up(connection);
    world.cut(connection, 0);
    world.run();
    assert_eq!(world.text(stayer), text);
    world.connect(leaver);
    world.run();
    assert_eq!(world.text(leaver), text);
}
