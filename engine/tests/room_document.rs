//! The document for clients without an engine is built, and its checkpoint made, in steps: nobody else waits longer than for
//! one, and nothing is missed.
#![cfg(feature = "followers")]

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::{RowKey, RowKind, RowSizes, Store};
use merganser::ot::{Delta, Form};
use merganser::sync::{Durability, Limits, Rights, RoomConfig};
use room_world::{Fate, World};

/// A room that does little more in a turn than to take in a key press, with a text in many small pages, and two clients with an engine.
fn world_of_pages(durability: Durability, limits: Limits) -> (World, [usize; 2]) {
    let sizes = RowSizes { slot: 60, fold: 600, grow_below: 200, page: 300, ..RowSizes::default() };
    let limits = Limits { turn_units: 10, ..limits };
    let mut world = World::new(RoomConfig { durability, sizes, limits, ..RoomConfig::default() });
    let [author, reader] = world.add_connected::<2>();
    for word in 0..500 {
        world.insert(author, word % 7, "duckling");
        world.run();
    }
    world.host.flush();
    world.run();
    assert!(world.stored().unwrap().pages.len() > 8);
    (world, [author, reader])
}

/// Delivers all that a client has sent, lets the store work, and brings another one what comes of it: no further turn is taken.
fn pass_on(world: &mut World, from: usize, to: usize) {
    while world.deliver_up(world.clients[from].connections[0]) {}
    world.host.run_store();
    world.collect();
    while world.deliver_down(world.clients[to].connections[0]) {}
}

#[test]
fn others_edit_while_a_document_is_built() {
    for durability in [Durability::BeforeBroadcast, Durability::Window { ms: 20_000 }] {
        let (mut world, [author, reader]) = world_of_pages(durability, Limits::default());
        let folds = world.host.room.meters().folds;
        let follower = world.add_follower(false, Form::Json, Rights::Write);
        let connection = world.connect_follower(follower);
        while world.deliver_up(connection) {}
        world.host.run_store();
        let mut turns = 0;
        while world.host.room.meters().documents_built == 0 {
            if turns % 3 == 0 && turns < 300 {
                world.insert(author, 0, "x");
                pass_on(&mut world, author, reader);
                assert_eq!(world.text(reader), world.text(author), "turn {turns}");
                assert_eq!(world.host.room.meters().folds, folds, "the base stays as it is");
            }
            world.host.room.assert_invariants();
            assert!(world.host.take_turn(), "the room goes on by itself");
            world.host.run_store();
            turns += 1;
        }
        assert!(turns > 10, "{turns}");
        world.collect();
        world.run();
        assert_eq!(world.text(author), world.followers[follower].editor.text());
        world.edit_as_follower(follower, &Delta::new().with_insert("a duck and "));
        world.insert(author, 3, &"duckling".repeat(200));
        world.run();
        world.host.flush();
        world.run();
        assert!(world.host.room.meters().folds > folds, "folds go on");
        assert_eq!(world.text(author), world.followers[follower].editor.text());
        assert_eq!(world.fresh_content().text(), world.text(author));
    }
}

/// Where the store fails while a document only waits for it, others are not kept from editing.
#[test]
fn a_store_that_fails_holds_nobody_up() {
    let (mut world, [author, reader]) = world_of_pages(Durability::Window { ms: 20_000 }, Limits::default());
    let follower = world.add_follower(false, Form::Json, Rights::Write);
    let connection = world.connect_follower(follower);
    while world.deliver_up(connection) {}
    world.host.run_store();
    world.insert(author, 0, "x");
    pass_on(&mut world, author, reader);
    // What came has to be stored once the document is loaded.
    while world.host.pending_writes() == 0 {
        world.host.take_turn();
        while world.host.pending_reads() > 0 {
            world.host.read(0);
            world.host.answer(0);
        }
        assert_eq!(world.host.room.meters().documents_built, 0);
    }
    world.host.write(Fate::Fails);
    world.host.answer(0);
    assert_eq!(world.host.room.meters().documents_built, 0);
    for _ in 0..3 {
        world.insert(author, 0, "y");
        while world.deliver_up(world.clients[author].connections[0]) {}
        world.collect();
        while world.deliver_down(world.clients[reader].connections[0]) {}
        assert_eq!(world.text(reader), world.text(author));
    }
    world.host.pass_time(10_000);
    world.run();
    assert_eq!(world.host.room.meters().documents_built, 1);
    assert_eq!(world.text(author), world.followers[follower].editor.text());
}

/// Who asked is gone: the base may change again.
#[test]
fn what_nobody_waits_for_is_not_built() {
    let (mut world, [author, _]) = world_of_pages(Durability::BeforeBroadcast, Limits::default());
    let folds = world.host.room.meters().folds;
    let follower = world.add_follower(false, Form::Json, Rights::Write);
    let connection = world.connect_follower(follower);
    while world.deliver_up(connection) {}
    world.host.run_store();
    world.host.disconnect(connection);
    world.insert(author, 0, &"duckling".repeat(200));
    world.run();
    let meters = world.host.room.meters();
    assert_eq!(meters.documents_built, 0);
    assert!(meters.folds > folds);
}

#[test]
fn a_checkpoint_is_made_in_steps() {
    let limits = Limits { document_kept_ms: 0, ..Limits::default() };
    let (mut world, [author, reader]) = world_of_pages(Durability::Window { ms: 0 }, limits);
    let follower = world.add_follower(false, Form::Json, Rights::Write);
    world.connect_follower(follower);
    world.run();
    world.edit_as_follower(follower, &Delta::new().with_insert("a duck and "));
    world.run();
    world.host.disconnect(world.followers[follower].connection.unwrap());
    let checkpoint = RowKey::new(RowKind::Checkpoint, 0)..=RowKey::new(RowKind::Checkpoint, u32::MAX);
    let mut turns = 0;
    while world.host.store.read(checkpoint.clone()).unwrap().is_empty() {
        if turns % 3 == 0 {
            world.insert(author, 0, "x");
            while world.deliver_up(world.clients[author].connections[0]) {}
        }
        world.host.room.assert_invariants();
        world.host.take_turn();
        world.host.run_store();
        turns += 1;
        assert!(turns < 100_000);
    }
    assert!(turns > 10, "{turns}");
    world.collect();
    world.run();
    assert_eq!(world.text(reader), world.text(author));
    assert_eq!(world.fresh_content().text(), world.text(author));
    // It is what the base holds.
    world.host.crash();
    world.host.run_store();
    let rows_read = world.host.room.meters().rows_read;
    let follower = world.add_follower(false, Form::Json, Rights::Write);
    world.connect_follower(follower);
    world.run();
    assert_eq!(world.text(author), world.followers[follower].editor.text());
    let read = world.host.room.meters().rows_read - rows_read;
    assert!(read < world.stored().unwrap().pages.len() as u64, "{read} rows");
}
