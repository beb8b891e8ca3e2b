//! What comes in the pause after a broadcast is passed on together at its end.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::sync::{Durability, RoomConfig};
use room_world::{Message, World, awareness_update};

const PAUSE_MS: u64 = 20;

fn config() -> RoomConfig {
    let durability = Durability::Window { ms: 20_000 };
    RoomConfig { durability, broadcast_pause_ms: PAUSE_MS, ..RoomConfig::default() }
}

fn world() -> World {
    World::new(config())
}

/// A world with so many clients, where no pause goes on.
fn rested<const COUNT: usize>() -> (World, [usize; COUNT]) {
    let mut world = world();
    let clients = world.add_connected();
    pass_time(&mut world, 1_000);
    (world, clients)
}

fn pass_time(world: &mut World, ms: u64) {
    world.host.pass_time(ms);
    world.collect();
    world.run();
}

fn updates(heard: &[Message]) -> usize {
    heard.iter().filter(|message| matches!(message, Message::Update(_))).count()
}

/// The first is passed on at once, those behind it together; who alone has written them is not sent them.
#[test]
fn a_burst_is_two_messages() {
    let (mut world, [author, other]) = rested();
    world.take_heard(author);
    world.take_heard(other);
    for at in 0..100 {
        world.insert(author, at, "d");
        world.run();
    }
    assert_eq!(world.text(other), "d");
    pass_time(&mut world, PAUSE_MS - 1);
    assert_eq!(world.text(other), "d");
    pass_time(&mut world, 1);
    assert_eq!(world.text(other), "d".repeat(100));
    assert_eq!(updates(&world.take_heard(other)), 2);
    assert_eq!(updates(&world.take_heard(author)), 0);
    assert_eq!(world.host.call_at_ms, None, "nothing waits any more");
}

/// A timer that goes off too early is asked for again.
#[test]
fn a_call_that_comes_early_is_not_the_last() {
    let (mut world, [author, other]) = rested();
    world.insert(author, 0, "d");
    world.insert(author, 1, "u");
    world.run();
    world.host.forget_calls();
    world.host.now_ms += PAUSE_MS - 1;
    world.host.tick();
    pass_time(&mut world, 1);
    assert_eq!(world.text(other), "du");
}

/// Who types as people do is not waited for, nor is a host called again for it.
#[test]
fn what_comes_after_the_pause_is_passed_on_at_once() {
    let (mut world, [author, other]) = rested();
    for at in 0..5 {
        pass_time(&mut world, PAUSE_MS);
        world.insert(author, at, "d");
        world.beat(author);
        world.run();
        assert_eq!(world.text(other), "d".repeat(at as usize + 1));
        assert_eq!(world.host.call_at_ms, None);
    }
}

/// Who is alone has nobody to wait for, and so its host never has to stay awake for it.
#[test]
fn who_is_alone_is_not_paused() {
    let mut world = world();
    let [author] = world.add_connected();
    for at in 0..9 {
        world.insert(author, at, "d");
        world.beat(author);
        world.run();
        assert_eq!(world.host.call_at_ms, None);
    }
}

/// What several have written goes to all, and of each cursor the last place is told, behind the text that it may stand in.
#[test]
fn what_several_write_is_passed_on_together() {
    let (mut world, [one, another, reader, listener]) = rested();
    world.take_heard(reader);
    let ids = [one, another].map(|client| world.clients[client].replica.client);
    for clock in 1..=10 {
        for (client, id) in [one, another].into_iter().zip(ids) {
            world.insert(client, 0, "x");
            let state = format!("{{\"cursor\":{clock}}}");
            world.post_to_all(client, Message::Awareness(awareness_update(&[(id, 1_000 + clock, &state)])));
            world.run();
        }
    }
    assert!(world.text(reader).len() < 20);
    world.host.pass_time(PAUSE_MS);
    world.collect();
    let connection = world.clients[listener].connections[0];
    let heard = world.heard_raw(connection);
    assert!(matches!(heard[..], [Message::Update(_), Message::Awareness(_)]), "{heard:?}");
    world.run();
    for client in [one, another, reader] {
        assert_eq!(world.text(client).len(), 20);
        assert!(ids.iter().all(|id| world.clients[client].awareness.states[id].contains("10")));
    }
    assert_eq!(updates(&world.take_heard(reader)), 2);
}

/// Nothing waits longer for a flush, for a large edit, or for the end.
#[test]
fn what_waits_is_passed_on_before_it_is_stored() {
    let (mut world, [author, other]) = rested();
    world.insert(author, 0, "d");
    world.insert(author, 1, "u");
    world.run();
    assert_eq!(world.text(other), "d");
    world.host.flush();
    world.run();
    assert_eq!(world.text(other), "du");
    world.insert(author, 2, &"c".repeat(20_000));
    world.run();
    assert_eq!(world.text(other).len(), 20_002, "much is not held back");
    world.insert(author, 0, "k");
    world.run();
    assert_eq!(world.text(other).len(), 20_002);
    world.host.shut_down();
    world.run();
    assert_eq!(world.text(other).len(), 20_003);
}

/// Whoever goes in the pause is not seen any more after it, and who comes sees all.
#[test]
fn who_comes_and_goes_in_the_pause() {
    let (mut world, [author, leaver, other]) = rested();
    let gone = world.clients[leaver].replica.client;
    world.insert(author, 0, "d");
    for clock in 1..4 {
        world.insert(leaver, 0, "x");
        world.post_to_all(leaver, Message::Awareness(awareness_update(&[(gone, 1_000 + clock, "{}")])));
    }
    world.run();
    let connection = world.clients[leaver].connections[0];
    world.cut(connection, 0);
    world.run();
    let [joiner] = world.add_connected();
    pass_time(&mut world, PAUSE_MS);
    for client in [author, other, joiner] {
        assert_eq!(world.text(client).len(), 4);
        assert!(!world.clients[client].awareness.states.contains_key(&gone));
    }
}

/// A host may put the room out of memory in the pause, though it was asked to call it: nothing that waited is lost on others.
#[test]
fn hibernation_in_the_pause() {
    let (mut world, [author, another, other]) = rested();
    for at in 0..3 {
        world.insert(author, at, "d");
    }
    world.insert(another, 0, "x");
    world.run();
    assert_eq!(world.text(other).len(), 1);
    world.hibernate();
    world.run();
    pass_time(&mut world, PAUSE_MS);
    assert_eq!(world.text(other).len(), 4);
    world.take_heard(other);
    world.beat(author);
    pass_time(&mut world, PAUSE_MS);
    world.hibernate();
    world.run();
    pass_time(&mut world, PAUSE_MS);
    world.insert(author, 0, "e");
    world.run();
    assert_eq!(world.text(other).len(), 5);
}

/// A host that asks for it is told at once what each client has brought, and once, though others are sent it later.
#[test]
fn what_waits_is_told_to_the_host() {
    let mut world = World::new(RoomConfig { tells_accepted: true, ..config() });
    let clients @ [one, another, reader] = world.add_connected();
    pass_time(&mut world, 1_000);
    let [from_one, from_another, _] = clients.map(|client| world.clients[client].connections[0]);
    world.take_heard(reader);
    for at in 0..5 {
        world.insert(one, at, "d");
        world.insert(another, 0, "x");
        world.run();
    }
    let told: Vec<_> = std::iter::from_fn(|| world.host.room.next_accepted()).collect();
    let of = |connection| told.iter().filter(|of| of.from == Some(connection)).count();
    assert_eq!((told.len(), of(from_one), of(from_another)), (10, 5, 5));
    assert!(world.text(reader).len() < 10);
    world.hibernate();
    world.run();
    pass_time(&mut world, PAUSE_MS);
    assert_eq!(world.text(reader).len(), 10);
    assert_eq!(world.host.room.next_accepted(), None);
    let updates: Vec<&[u8]> = told.iter().map(|of| of.update.as_slice()).collect();
    let merged = merganser::update::merge_updates(&updates).unwrap();
    let known = merganser::update::state_vector_of_update(&merged).unwrap();
    world.host.flush();
    world.run();
    assert_eq!(merganser::update::decode_state_vector(&known).unwrap(), world.stored().unwrap().state_vector());
    assert_eq!(world.host.room.next_accepted(), None);
}
