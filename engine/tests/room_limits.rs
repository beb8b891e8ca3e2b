//! Limits: each refuses with a close code of its own, and whoever keeps to them goes on.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::ClientId;
use merganser::lib0::write_var_uint;
use merganser::sync::{Durability, Limits, Rights, RoomConfig};
use room_world::{Message, Replica, World, awareness_update};

fn world(limits: Limits) -> World {
    World::new(RoomConfig { limits, ..RoomConfig::default() })
}

/// The one who broke a limit was closed with this, the other goes on.
#[track_caller]
fn assert_closed(world: &mut World, breaker: usize, code: u16, other: usize) {
    world.run();
    assert_eq!(world.clients[breaker].closed_with, [code]);
    assert_eq!(world.clients[other].closed_with, [0; 0]);
    let joiner = world.add_client(Rights::Write);
    world.connect(joiner);
    let len = world.text(other).encode_utf16().count() as u32;
    world.insert(other, len, "!");
    world.run();
    assert!(world.text(joiner).ends_with('!'));
}

#[test]
fn a_message_may_not_be_larger_than_the_limit() {
    let mut world = world(Limits { message_bytes: 1_000, ..Limits::default() });
    let [breaker, other] = world.add_connected();
    world.insert(breaker, 0, &"x".repeat(900));
    world.run();
    assert_eq!(world.text(other).len(), 900);
    world.insert(breaker, 0, &"x".repeat(1_000));
    assert_closed(&mut world, breaker, 4413, other);
    assert_eq!(world.text(other).len(), 901);
}

#[test]
fn there_may_not_be_more_connections_than_the_limit() {
    let mut world = world(Limits { connections: 3, ..Limits::default() });
    let [_, other, breaker] = world.add_connected();
    let late = world.add_client(Rights::Write);
    world.connect(late);
    world.run();
    assert_eq!(world.clients[late].closed_with, [4501]);
    let connection = world.clients[breaker].connections[0];
    world.cut(connection, 0);
    world.run();
    world.connect(late);
    world.insert(other, 0, "duck");
    world.run();
    assert_eq!(world.text(late), "duck");
}

#[test]
fn what_waits_for_something_missing_is_bounded() {
    for durability in [Durability::BeforeBroadcast, Durability::Window { ms: 20_000 }] {
        let limits = Limits { pending_bytes: 1_000, ..Limits::default() };
        let mut world = World::new(RoomConfig { limits, durability, ..RoomConfig::default() });
        let [breaker, other] = world.add_connected();
        let mut author = Replica::ours(7);
        author.insert(0, "never sent ");
        for word in 0..20 {
            let update = author.insert(11, &format!("word {word} "));
            world.post_to_all(breaker, Message::Update(update));
        }
        assert_closed(&mut world, breaker, 4420, other);
        assert!(world.host.room.meters().pending_bytes <= 1_000);
    }
}

#[test]
fn what_came_with_too_much_that_waits_reaches_the_others() {
    for durability in [Durability::BeforeBroadcast, Durability::Window { ms: 20_000 }] {
        let limits = Limits { pending_bytes: 1_000, ..Limits::default() };
        let mut world = World::new(RoomConfig { limits, durability, ..RoomConfig::default() });
        let [breaker, other] = world.add_connected();
        // The first unit of this author waits already.
        let mut waiting = Replica::ours(7);
        let first = waiting.insert(0, "a");
        let second = waiting.insert(1, "b");
        world.post_to_all(breaker, Message::Update(second));
        world.run();
        // One update with something new, and more than may wait.
        let mut author = Replica::ours(8);
        let unseen = author.insert(0, "never sent ");
        author.insert(0, &"x".repeat(2_000));
        let update = [vec![2], clients_of(&author.encode_since(&[1, 8, 11])), clients_of(&first), vec![0]].concat();
        world.post_to_all(breaker, Message::Update(update));
        world.run();
        assert_eq!(world.clients[breaker].closed_with, [4420]);
        assert_eq!(world.text(other), "ab", "what was new is taken, and what waited for it");
        let joiner = world.add_client(Rights::Write);
        world.connect(joiner);
        world.run();
        assert_eq!(world.text(joiner), "ab");
        world.post_to_all(other, Message::Update(unseen));
        world.run();
        assert_eq!(world.text(joiner), "abnever sent ");
    }
}

/// The clients' part of an update without deletes: what is between the number of clients and the last byte.
fn clients_of(update: &[u8]) -> Vec<u8> {
    assert_eq!(update.last(), Some(&0));
    update[1..update.len() - 1].to_vec()
}

/// A state vector, an update of a letter each, and a delete set of these clients.
fn of_clients(clients: &[u64]) -> [Message; 3] {
    let list = |entry: &dyn Fn(&mut Vec<u8>, u64)| {
        let mut out = Vec::new();
        write_var_uint(&mut out, clients.len() as u64);
        clients.iter().for_each(|client| entry(&mut out, *client));
        out
    };
    let vector = list(&|out, client| {
        write_var_uint(out, client);
        out.push(1);
    });
    let mut update = list(&|out, client| {
        out.push(1);
        write_var_uint(out, client);
        // Clock 0, text without origins in root "t", "x".
        out.extend([0, 4, 1, 1, b't', 1, b'x']);
    });
    update.push(0);
    let mut deletes = list(&|out, client| {
        write_var_uint(out, client);
        out.extend([1, 0, 1]);
    });
    deletes.insert(0, 0);
    [Message::Step1(vector), Message::Update(update), Message::Step2(deletes)]
}

/// Clients in order may be as many as the limit says, others a quarter of that: they would be sorted at once.
#[test]
fn clients_of_a_message_are_bounded() {
    let in_order: Vec<u64> = (100..112).collect();
    let descending: Vec<u64> = in_order.iter().rev().copied().collect();
    let in_disorder = [103, 101, 104, 102];
    for turn_units in [1, 5_000] {
        let limits = Limits { message_clients: 12, turn_units, ..Limits::default() };
        // Small updates and answers cost little in any order.
        let is_large = turn_units == 1;
        let closed = [
            (&in_order[..], [None; 3]),
            (&descending[..], [None; 3]),
            (&in_disorder[..3], [None; 3]),
            (&in_disorder[..], [Some(4415), is_large.then_some(4415), is_large.then_some(4415)]),
            (&(100..113).collect::<Vec<_>>()[..], [Some(4415), Some(4415), is_large.then_some(4415)]),
        ];
        for (clients, expected) in closed {
            for (message, expected) in of_clients(clients).into_iter().zip(expected) {
                let mut world = world(limits);
                let [sender, other] = world.add_connected();
                world.post(world.clients[sender].connections[0], message.clone());
                match expected {
                    Some(code) => assert_closed(&mut world, sender, code, other),
                    None => {
                        world.run();
                        assert_eq!(world.clients[sender].closed_with, [0; 0], "{clients:?} {message:?}");
                    }
                }
            }
        }
    }
}

#[test]
fn awareness_entries_are_bounded_in_number() {
    let mut world = world(Limits { awareness_entries: 5, ..Limits::default() });
    let [breaker, other] = world.add_connected();
    let entries: Vec<(u64, u32, &str)> = (0..4).map(|n| (1_000 + n, 1, "{}")).collect();
    world.post_to_all(breaker, Message::Awareness(awareness_update(&entries[..3])));
    world.run();
    assert_eq!(world.host.room.meters().awareness_entries, 5);
    world.post_to_all(breaker, Message::Awareness(awareness_update(&entries)));
    assert_closed(&mut world, breaker, 4421, other);
}

#[test]
fn an_awareness_entry_is_bounded_in_size() {
    let mut world = world(Limits { awareness_entry_bytes: 100, ..Limits::default() });
    let [breaker, other] = world.add_connected();
    let state = format!("\"{}\"", "x".repeat(98));
    world.post_to_all(breaker, Message::Awareness(awareness_update(&[(1, 1, &state)])));
    world.run();
    assert_eq!(world.clients[other].awareness.states.get(&1), Some(&state));
    let state = format!("\"{}\"", "x".repeat(99));
    world.post_to_all(breaker, Message::Awareness(awareness_update(&[(1, 2, &state)])));
    assert_closed(&mut world, breaker, 4422, other);
    assert!(!world.clients[other].awareness.states.contains_key(&1), "what it showed is gone with it");
}

#[test]
fn awareness_entries_are_bounded_in_size_together() {
    let mut world = world(Limits { awareness_bytes: 100, ..Limits::default() });
    let [breaker, other] = world.add_connected();
    let state = |len: usize| format!("\"{}\"", "x".repeat(len - 2));
    let show = |world: &mut World, entries: &[(u64, u32, &str)]| {
        world.post_to_all(breaker, Message::Awareness(awareness_update(entries)));
        world.run();
    };
    // Others show something, too.
    world.run();
    let own: usize = world.clients[other].awareness.states.values().map(String::len).sum();
    let left = 100 - own;
    let (most, half) = (state(left), state(left / 2));
    show(&mut world, &[(1001, 1, &most)]);
    show(&mut world, &[(1001, 2, &half)]);
    show(&mut world, &[(1002, 1, &half)]);
    assert_eq!(world.clients[other].awareness.states.get(&1002), Some(&half));
    show(&mut world, &[(1002, 2, "null")]);
    show(&mut world, &[(1003, 1, &half)]);
    assert_eq!(world.clients[other].awareness.states.get(&1003), Some(&half), "who is gone leaves room");
    show(&mut world, &[(1004, 1, &state(left % 2 + 3))]);
    assert_closed(&mut world, breaker, 4423, other);
    assert!(!world.clients[other].awareness.states.contains_key(&1004));
}

#[test]
fn what_waits_for_the_rooms_rows_is_bounded() {
    let mut world = world(Limits { waiting_bytes: 10_000, ..Limits::default() });
    let [patient, breaker] = [(); 2].map(|()| world.add_client(Rights::Write));
    world.host.crash();
    for client in [patient, breaker] {
        world.connect(client);
    }
    world.arrive();
    world.insert(breaker, 0, &"x".repeat(10_000));
    world.arrive();
    assert_eq!(world.clients[breaker].closed_with, [4502]);
    world.run();
    assert!(world.clients[patient].is_synced());
}

#[test]
fn edits_that_wait_for_a_slow_store_are_bounded() {
    let mut world = world(Limits { unstored_bytes: 10_000, ..Limits::default() });
    let [breaker, other] = world.add_connected();
    for _ in 0..30 {
        world.insert(breaker, 0, &"x".repeat(1_000));
        world.arrive();
    }
    assert_eq!(world.clients[breaker].closed_with, [4504], "the store does nothing");
    let stored = world.text(breaker).len();
    world.run();
    assert_eq!(world.clients[other].closed_with, [0; 0]);
    assert!((5_000..=12_000).contains(&world.text(other).len()), "what came before is stored and shown");
    world.connect(breaker);
    world.run();
    assert_eq!(world.text(other).len(), stored, "the rest comes again");
}

#[test]
fn tiny_messages_that_wait_count_with_what_they_cost() {
    let mut world = world(Limits { waiting_bytes: 10_000, ..Limits::default() });
    let breaker = world.add_client(Rights::Write);
    world.host.crash();
    world.connect(breaker);
    for _ in 0..1_000 {
        world.post_to_all(breaker, Message::QueryAwareness);
    }
    world.arrive();
    assert_eq!(world.clients[breaker].closed_with, [4502]);
}

#[test]
fn one_value_larger_than_a_row_is_refused() {
    let host = merganser::archive::HostLimits { row_bytes: 4_000, batch_rows: 10 };
    let mut world = World::new(RoomConfig { host, ..RoomConfig::default() });
    let [breaker, other] = world.add_connected();
    world.insert(breaker, 0, &"text can be cut ".repeat(2_000));
    world.run();
    assert_eq!(world.text(other).len(), 32_000);
    // A struct with a byte array of 4,000 bytes, which can't be cut.
    let mut update = vec![1, 1, 9, 0, 3, 1, 1, b'l', 0xa0, 0x1f];
    update.extend([7; 4_000]);
    update.push(0);
    world.post_to_all(breaker, Message::Update(update));
    assert_closed(&mut world, breaker, 4414, other);
    assert!(world.stored().unwrap().pages.len() > 8);
}

#[test]
fn a_value_is_stored_if_it_fits_a_row_with_its_names() {
    const ROW: usize = 4_000;
    let host = merganser::archive::HostLimits { row_bytes: ROW, batch_rows: 10 };
    for (names, size) in
        [1, 40, 900].into_iter().flat_map(|names| (700..ROW).step_by(97).map(move |size| (names, size)))
    {
        let mut world = World::new(RoomConfig { host, ..RoomConfig::default() });
        let [author, other] = world.add_connected();
        world.insert(author, 0, &"text before it ".repeat(20));
        world.run();
        // A list with a byte array of this size in the root of so long a name, text of another client around it.
        let mut update = vec![1, 1, 9, 0, 3, 1];
        let var_uint = |out: &mut Vec<u8>, value: usize| out.extend([value as u8 | 0x80, (value >> 7) as u8]);
        var_uint(&mut update, names);
        update.extend(std::iter::repeat_n(b'l', names));
        var_uint(&mut update, size);
        update.extend(std::iter::repeat_n(7, size));
        update.push(0);
        world.post_to_all(author, Message::Update(update));
        world.run();
        let fits = names + size <= ROW - 200;
        if fits {
            assert_eq!(world.clients[author].closed_with, [0; 0], "{names} and {size} bytes");
            world.insert(other, 0, &"text behind it ".repeat(200));
            world.run();
            let vector = world.stored().unwrap().state_vector();
            assert_eq!(vector.clock(ClientId::from(9)), 1, "{names} and {size} bytes");
        } else if names + size > ROW {
            assert_eq!(world.clients[author].closed_with, [4414], "{names} and {size} bytes");
        }
    }
}
