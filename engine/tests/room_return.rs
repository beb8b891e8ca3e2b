//! A client that comes back to a document of many rows: it is sent what it lacks, and what it has is taken in, without reading
//! what doesn't matter to it and without holding up others.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::{RowKind, RowSizes, Store};
use merganser::sync::{Limits, Rights, RoomConfig};
use room_world::{Message, World};

/// A room whose pages and rows of deletes are many, and a client that has them all and is away. Its room has just been opened.
fn world_with_traveller(limits: Limits) -> (World, usize, usize) {
    let sizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };
    let mut world = World::new(RoomConfig { sizes, limits, ..RoomConfig::default() });
    let [author, traveller] = world.add_connected();
    for word in 0..500 {
        world.insert(author, word % 7, "duckling");
        world.delete(author, word % 5, 3);
        world.run();
    }
    for connection in [author, traveller].map(|client| world.clients[client].connections[0]) {
        world.cut(connection, 0);
    }
    world.run();
    world.host.crash();
    world.host.run_store();
    (world, author, traveller)
}

fn count(world: &mut World, kind: RowKind) -> u64 {
    use merganser::archive::RowKey;
    let keys = RowKey::new(kind, 0)..=RowKey::new(kind, u32::MAX);
    world.host.store.read(keys).unwrap().len() as u64
}

/// The client's step 1 reaches the room, and the room's the client.
fn exchange_step_1(world: &mut World, connection: u64) {
    while world.deliver_up(connection) {}
    let mut hears = |message| {
        while !world.deliver_down(connection) {
            assert!(world.host.take_turn() || world.host.store_is_busy(), "{message}");
            world.host.run_store();
            world.collect();
        }
    };
    // It is shown awareness first.
    hears("awareness");
    hears("step 1");
}

/// Deletes what it can't have heard of, too: the difference comes from the delete sets.
#[test]
fn only_pages_from_the_first_that_is_needed_are_read() {
    let (mut world, author, traveller) = world_with_traveller(Limits::default());
    let (pages, slices) = (count(&mut world, RowKind::BasePage), count(&mut world, RowKind::DeletePage));
    assert!(pages > 20 && slices > 8, "{pages} pages, {slices} slices");
    world.connect(author);
    world.run();
    for _ in 0..20 {
        world.insert(author, 3, "swan");
        world.delete(author, 40, 2);
        world.run();
    }
    world.insert(traveller, 9, "far away");
    world.delete(traveller, 60, 5);
    world.host.crash();
    world.host.run_store();
    let before = world.host.room.meters().rows_read;
    world.connect(traveller);
    world.run();
    let read = world.host.room.meters().rows_read - before;
    // One row of deletes more for what it deletes, and what its edit is folded with.
    let known = slices + count(&mut world, RowKind::ClientPage) + 8;
    assert!(read < known + pages / 2, "{read} rows, {pages} pages, {slices} slices");
    world.connect(author);
    world.run();
    assert!(world.clients[traveller].is_synced());
    assert_eq!(world.text(traveller), world.text(author));
    assert_eq!(world.fresh_content().text(), world.text(author));
}

/// Who lacks nothing is sent nothing, and no row is read for it.
#[test]
fn who_lacks_nothing_costs_no_row() {
    let (mut world, _, traveller) = world_with_traveller(Limits::default());
    let before = world.host.room.meters().rows_read;
    world.take_heard(traveller);
    world.connect(traveller);
    world.run();
    assert!(world.clients[traveller].is_synced());
    assert_eq!(world.host.room.meters().rows_read - before, 0);
    let updates = world.take_heard(traveller);
    let last = Message::Step2(vec![0, 0]);
    assert!(
        updates.iter().filter(|message| **message != last).count() <= 8,
        "slots of the journal at most: {updates:?}"
    );
}

/// Others are answered between two steps of a comparison, and what the client sends meanwhile comes behind it.
#[test]
fn others_are_heard_while_an_answer_is_compared() {
    let (mut world, author, traveller) = world_with_traveller(Limits { turn_units: 40, ..Limits::default() });
    let other = world.add_client(Rights::Write);
    world.connect(author);
    world.connect(other);
    world.run();
    world.insert(traveller, 0, "home ");
    let connection = world.connect(traveller);
    // Our step 1 reaches it, and its answer us, with an edit behind it that needs the answer.
    exchange_step_1(&mut world, connection);
    world.insert(traveller, 5, "again ");
    while world.deliver_up(connection) {}
    world.host.take_turn();
    world.take_heard(other);
    world.insert(author, 0, "meanwhile ");
    while world.deliver_up(world.clients[author].connections[0]) {}
    let mut heard_after = None;
    for turn in 0..100_000 {
        while world.host.pending_writes() > 0 {
            world.host.write(room_world::Fate::Succeeds);
        }
        if world.host.pending_reads() > 0 {
            world.host.read(0);
        }
        while world.host.pending_answers() > 0 {
            world.host.answer(0);
        }
        world.host.take_turn();
        world.collect();
        while world.deliver_down(world.clients[other].connections[0]) {}
        let shows = world.text(other).contains("meanwhile");
        if shows && heard_after.is_none() {
            heard_after = Some(turn);
        }
        if world.text(other).contains("home") {
            let heard_after = heard_after.unwrap_or_else(|| panic!("the keystroke came first, not {turn}"));
            assert!(heard_after + 10 < turn, "{heard_after} of {turn}");
            break;
        }
    }
    world.run();
    assert!(world.text(other).contains("home again"), "{}", world.text(other));
    assert_eq!(world.text(traveller), world.text(other));
    assert_eq!(world.host.room.meters().updates_pending, 0, "in the order in which they were sent");
}

/// What a client has sent before it went is taken in, however long that takes.
#[test]
fn who_goes_while_its_answer_is_compared_loses_nothing() {
    let (mut world, author, traveller) = world_with_traveller(Limits { turn_units: 1, ..Limits::default() });
    world.insert(traveller, 0, "last words ");
    let connection = world.connect(traveller);
    exchange_step_1(&mut world, connection);
    world.insert(traveller, 0, "my ");
    while world.deliver_up(connection) {}
    world.cut(connection, 0);
    world.deliver_up(connection);
    world.run();
    assert_eq!(world.host.room.meters().connections, 0);
    world.connect(author);
    world.run();
    assert!(world.text(author).starts_with("my last words "), "{}", world.text(author));
}

/// An answer whose delete set is no delete set, at its very end, changes nothing.
#[test]
fn a_long_answer_that_is_malformed_is_refused_as_a_whole() {
    let (mut world, author, traveller) = world_with_traveller(Limits::default());
    let before = world.fresh_content().text().to_owned();
    world.insert(traveller, 0, "unheard ");
    let mut whole = world.clients[traveller].replica.encode_since(&[0]);
    for cut in [1, 2, 9] {
        let mut answer = whole.clone();
        answer.truncate(answer.len() - cut);
        let connection = world.connect(traveller);
        world.deliver_up(connection);
        world.post_bytes(connection, Message::Step2(answer).encode());
        while world.deliver_up(connection) {}
        world.run();
    }
    whole.push(0);
    let connection = world.connect(traveller);
    world.post_bytes(connection, Message::Step2(whole).encode());
    world.run();
    assert_eq!(world.clients[traveller].closed_with, [4400; 4]);
    world.connect(author);
    world.run();
    assert_eq!(world.text(author), before);
}
