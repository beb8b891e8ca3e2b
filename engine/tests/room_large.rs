//! Updates that are too much for a turn: taken step by step, others in between, whole or not at all.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::lib0::{write_bytes, write_var_uint};
use merganser::sync::{Durability, Limits, Rights, RoomConfig};
use merganser::update::diff_update;
use room_world::{Fate, Heard, Message, World, shown_in};

fn config(window: bool, turn_units: usize) -> RoomConfig {
    RoomConfig {
        durability: if window { Durability::Window { ms: 20_000 } } else { Durability::BeforeBroadcast },
        limits: Limits { turn_units, ..Limits::default() },
        ..RoomConfig::default()
    }
}

/// An update that inserts a text, in so many structs, and deletes every second unit of the first ones.
fn text_update(client: u64, structs: &[&str], deletes: u64) -> Vec<u8> {
    let mut update = vec![1];
    write_var_uint(&mut update, structs.len() as u64);
    write_var_uint(&mut update, client);
    update.push(0);
    let mut clock = 0;
    for text in structs {
        if clock == 0 {
            update.extend([4, 1, 1, b't']);
        } else {
            update.push(0x84);
            write_var_uint(&mut update, client);
            write_var_uint(&mut update, clock - 1);
        }
        write_bytes(&mut update, text.as_bytes());
        clock += text.encode_utf16().count() as u64;
    }
    update.push(u8::from(deletes > 0));
    if deletes > 0 {
        write_var_uint(&mut update, client);
        write_var_uint(&mut update, deletes);
        for range in 0..deletes {
            write_var_uint(&mut update, 2 * range);
            update.push(1);
        }
    }
    update
}

/// Steps until nothing is left to do, the store answering at once; how many turns it asked for.
fn turns(world: &mut World) -> usize {
    let mut turns = 0;
    loop {
        world.host.run_store();
        if !world.host.take_turn() {
            return turns;
        }
        turns += 1;
    }
}

/// The text as it is stored.
fn stored_text(world: &mut World) -> String {
    world.stored().map(|mut stored| shown_in(&mut stored.doc).text).unwrap_or_default()
}

#[test]
fn a_large_update_is_taken_in_steps_and_others_are_heard_in_between() {
    for window in [false, true] {
        let mut world = World::new(config(window, 10));
        let [author, reader] = world.add_connected();
        let structs: Vec<String> = (0..500).map(|number| format!("{number} ")).collect();
        let structs: Vec<&str> = structs.iter().map(String::as_str).collect();
        let update = text_update(7, &structs, 200);
        world.post_to_all(author, Message::Update(update.clone()));
        let connection = world.clients[author].connections[0];
        world.deliver_up(connection);
        assert_eq!(world.host.room.meters().updates_large, 1);
        assert_eq!(world.host.room.meters().updates_new, 0, "window {window}: it is not taken in one call");

        // Some steps on, a keystroke of another client is passed on before the rest is.
        for _ in 0..60 {
            world.host.run_store();
            assert!(world.host.take_turn(), "window {window}");
        }
        world.collect();
        let connection = world.clients[reader].connections[0];
        while world.deliver_down(connection) {}
        let part = world.text(reader);
        let mut random = room_world::Random::new(1);
        let keystroke = std::iter::repeat_with(|| world.clients[reader].replica.edit(&mut random)).flatten().next();
        world.post_to_all(reader, Message::Update(keystroke.expect("an edit")));
        let new = world.host.room.meters().updates_new;
        world.deliver_up(connection);
        assert_eq!(world.host.room.meters().updates_new, new + 1, "it is taken at once");
        assert!(!part.is_empty() && part.len() < 1_500, "window {window}: {}", part.len());

        assert!(turns(&mut world) > 5, "window {window}");
        world.run_to_the_end();
        assert_eq!(world.host.room.meters().updates_large, 1);
        world.clients[author].replica.apply(&update);
        let expected = world.clients[author].replica.shown();
        assert_eq!(world.clients[reader].replica.shown(), expected);
        world.host.shut_down();
        world.run();
        let mut stored = world.stored().expect("something is stored");
        assert_eq!(shown_in(&mut stored.doc), expected);
    }
}

#[test]
fn one_long_text_is_passed_on_in_pieces_that_cut_no_pair() {
    for (window, units) in [(false, 1), (true, 1), (true, 3)] {
        let mut world = World::new(config(window, units));
        let [author, reader] = world.add_connected();
        let text = "ente 🦆🦆 é ".repeat(60);
        let update = text_update(7, &[&text], 0);
        world.post_to_all(author, Message::Update(update));
        world.run_to_the_end();
        assert_eq!(world.text(reader), text);
        let heard = world.take_heard(reader).len();
        assert!(heard > 4, "{heard} messages");
        world.host.flush();
        world.run();
        assert_eq!(stored_text(&mut world), text);
    }
}

#[test]
fn what_is_bad_at_its_end_leaves_everything_as_it_was() {
    let structs = ["duck "; 300];
    let good = text_update(7, &structs, 50);
    let mut bad_deletes = good.clone();
    bad_deletes.push(0);
    let mut bad_text = good.clone();
    let at = good.len() - 110;
    let at = at - good[..at].iter().rev().position(|byte| *byte == b'k').expect("a letter");
    bad_text[at] = 0xff;
    for (bad, code) in [(bad_deletes, 4400), (bad_text, 4400)] {
        for (window, units) in [(false, 1), (false, 30), (true, 1), (true, 30)] {
            let mut world = World::new(config(window, units));
            let [author, reader] = world.add_connected();
            world.take_heard(reader);
            let written = world.host.room.meters().rows_written;
            let connection = world.clients[author].connections[0];
            let mut frame = vec![0, 2];
            write_bytes(&mut frame, &bad);
            world.host.receive(connection, &frame);
            turns(&mut world);
            world.collect();
            while world.deliver_down(connection) {}
            assert_eq!(world.clients[author].closed_with.last(), Some(&code));
            assert_eq!(world.host.room.meters().updates_large, 1);
            assert_eq!(world.host.room.meters().rows_written, written, "nothing is stored");
            let connection = world.clients[reader].connections[0];
            while world.deliver_down(connection) {}
            assert_eq!(world.text(reader), "", "nothing is shown");
        }
    }
}

#[test]
fn what_its_sender_sends_meanwhile_waits_and_who_leaves_is_heard_out() {
    for window in [false, true] {
        let mut world = World::new(config(window, 30));
        let [author, reader] = world.add_connected();
        let first = text_update(7, &["duck "; 200], 0);
        let second = text_update(8, &["goose "; 200], 3);
        let connection = world.clients[author].connections[0];
        for update in [&first, &second] {
            let mut frame = vec![0, 2];
            write_bytes(&mut frame, update);
            world.host.receive(connection, &frame);
        }
        assert_eq!(world.host.room.meters().updates_large, 1, "the second one waits");
        world.host.disconnect(connection);
        assert_eq!(world.host.room.meters().connections, 2, "it has gone in good faith");
        turns(&mut world);
        assert_eq!(world.host.room.meters().updates_large, 2);
        assert_eq!(world.host.room.meters().connections, 1);
        world.run_to_the_end();
        assert_eq!(world.text(reader).len(), 200 * (5 + 6) - 3, "window {window}");
    }
}

#[test]
fn more_than_may_wait_behind_it_closes_the_connection() {
    let limits = Limits { waiting_bytes: 3_000, turn_units: 1, ..Limits::default() };
    let mut world = World::new(RoomConfig { limits, ..config(true, 1) });
    let [author, _] = world.add_connected();
    let connection = world.clients[author].connections[0];
    let mut frame = vec![0, 2];
    write_bytes(&mut frame, &text_update(7, &["duck "; 100], 0));
    for _ in 0..3 {
        world.host.receive(connection, &frame);
    }
    assert!(world.host.said.iter().any(|said| said.1 == Heard::Close(4502)));
    turns(&mut world);
    world.host.room.assert_invariants();
}

/// While the store does not answer, or fails, no more is taken than a step.
#[test]
fn no_more_waits_to_be_stored_than_a_step() {
    for window in [false, true] {
        let mut world = World::new(config(window, 200));
        let [author, reader] = world.add_connected();
        let update = text_update(7, &["duck "; 20_000], 0);
        world.post_to_all(author, Message::Update(update.clone()));
        let connection = world.clients[author].connections[0];
        world.deliver_up(connection);
        let mut written = 0;
        let mut most = 0;
        let mut fails = 0;
        let mut steps = 0;
        world.host.checks_invariants = false;
        while steps < 100_000 && world.host.room.meters().updates_new == 0 {
            steps += 1;
            if world.host.pending_writes() > 0 {
                let now = world.host.room.meters().bytes_written;
                most = most.max(now - written);
                written = now;
                let fate = if window && fails < 3 && steps > 50 { Fate::FailsAfterwards } else { Fate::Succeeds };
                fails += usize::from(fate != Fate::Succeeds);
                world.host.write(fate);
                world.host.answer(0);
            } else if world.host.store_is_busy() {
                world.host.run_store();
            } else if !world.host.take_turn() {
                world.host.pass_time(10_000);
            }
        }
        assert!(window == (fails > 0));
        assert!(most > 0 && most < 150_000, "window {window}: {most} bytes in one batch");
        world.run_to_the_end();
        assert_eq!(world.text(reader).len(), 100_000);
    }
}

/// The room leaves memory in the middle: what was taken is whole, and who sent it comes again with the rest.
#[test]
fn what_is_lost_in_the_middle_comes_again() {
    let structs: Vec<String> = (0..400).map(|number| format!("{number} ")).collect();
    let structs: Vec<&str> = structs.iter().map(String::as_str).collect();
    let update = text_update(7, &structs, 100);
    for (window, crashes, steps) in
        [(false, true, 50), (true, true, 50), (true, true, 90), (true, false, 5), (true, false, 70)]
    {
        let mut world = World::new(config(window, 5));
        let [author, reader] = world.add_connected();
        world.clients[author].replica.apply(&update);
        let expected = world.clients[author].replica.shown();
        world.post_to_all(author, Message::Update(update.clone()));
        let connection = world.clients[author].connections[0];
        world.deliver_up(connection);
        for _ in 0..steps {
            world.host.run_store();
            assert!(world.host.take_turn());
        }
        if crashes {
            world.crash(&mut room_world::Random::new(1));
        } else {
            // A host that does not keep to its word.
            world.host.forget_calls();
            world.host.run_store();
            world.hibernate();
        }
        world.run_to_the_end();
        for client in [author, reader] {
            if world.clients[client].connections.is_empty() {
                world.connect(client);
            }
        }
        world.run_to_the_end();
        assert_eq!(world.clients[reader].replica.shown(), expected, "window {window}, crashes {crashes}, {steps}");
    }
}

#[test]
fn who_may_not_write_is_told_so() {
    for (news, units) in [(true, 1), (true, 30), (false, 1), (false, 30)] {
        let mut world = World::new(config(true, units));
        let [author] = world.add_connected();
        let update = text_update(7, &["duck "; 200], 20);
        world.post_to_all(author, Message::Update(update.clone()));
        if !news {
            world.run_to_the_end();
        }
        let guest = world.add_client(Rights::Read);
        world.connect(guest);
        let connection = world.clients[guest].connections[0];
        let mut frame = vec![0, 2];
        let sent = if news { text_update(9, &["goose "; 200], 20) } else { update };
        write_bytes(&mut frame, &sent);
        world.host.receive(connection, &frame);
        world.run_to_the_end();
        assert_eq!(world.clients[guest].denied.len(), usize::from(news));
        assert!(!world.text(author).contains("goose"));
    }
}

/// What misses something waits, and is taken when that comes: also when it comes in the middle.
#[test]
fn what_misses_something_waits() {
    for (window, units, steps) in [(false, 1, 0), (false, 40, 30), (true, 1, 400), (true, 40, 60), (true, 40, 5_000)] {
        let mut world = World::new(config(window, units));
        let [author, reader] = world.add_connected();
        let whole = text_update(7, &["duck "; 300], 40);
        // Of the client 7 the first unit is missing; the client 8 goes on at its end.
        let rest = diff_update(&whole, &[1, 7, 1]).expect("a difference");
        let mut other = vec![1];
        write_var_uint(&mut other, 150);
        other.extend([8, 0]);
        for clock in 0..150_u64 {
            other.push(0x84);
            write_var_uint(&mut other, if clock == 0 { 7 } else { 8 });
            write_var_uint(&mut other, if clock == 0 { 1_499 } else { clock - 1 });
            other.extend([1, b'x']);
        }
        other.push(0);
        let large = merganser::update::merge_updates(&[&rest, &other]).expect("updates");
        let connection = world.clients[author].connections[0];
        let mut frame = vec![0, 2];
        write_bytes(&mut frame, &large);
        world.host.receive(connection, &frame);
        for _ in 0..steps {
            world.host.run_store();
            world.host.take_turn();
        }
        let first = text_update(7, &["d"], 0);
        let mut frame = vec![0, 2];
        write_bytes(&mut frame, &first);
        let connection = world.clients[reader].connections[0];
        world.host.receive(connection, &frame);
        world.run_to_the_end();
        let third = world.add_client(Rights::Write);
        world.connect(third);
        world.run_to_the_end();
        let text = world.text(third);
        let expected = format!("{}{}", "duck ".repeat(300), "x".repeat(150));
        let kept: String =
            expected.chars().enumerate().filter(|(at, _)| *at >= 80 || at % 2 == 1).map(|of| of.1).collect();
        assert_eq!(text, kept, "window {window}, {units} units, {steps} steps");
        assert_eq!(world.host.room.meters().pending_bytes, 0);
    }
}

/// What waited for something is taken in steps, too, once that has come: however it waited, and a crash in between loses
/// nothing of it.
#[test]
fn what_waited_is_taken_in_steps() {
    const UNITS: usize = 100;
    // None of them can be joined to the one before.
    let at_the_start = |count: u64| {
        let mut update = vec![1];
        write_var_uint(&mut update, count);
        update.extend([7, 0]);
        (0..count).for_each(|_| update.extend(*b"\x04\x01\x01t\x05duck "));
        update.extend([1, 7, 1, 0, 40]);
        update
    };
    let whole = at_the_start(900);
    let behind = |clock: u64| {
        let mut known = vec![1, 7];
        write_var_uint(&mut known, clock);
        diff_update(&whole, &known).expect("an update")
    };
    let first = at_the_start(1);
    // In one update that is too much for a turn; in many, the last one first.
    let many: Vec<Vec<u8>> = (1..9).rev().map(|at| behind(5 * (900 - 10 * at))).chain([behind(5)]).collect();
    for (window, waiting) in [(false, vec![behind(5)]), (true, vec![behind(5)]), (false, many.clone()), (true, many)] {
        for crash_after in [None, Some(0), Some(2), Some(5)] {
            let mut world = World::new(config(window, UNITS));
            let [author, reader] = world.add_connected();
            for update in &waiting {
                world.post_to_all(author, Message::Update(update.clone()));
            }
            let connection = world.clients[author].connections[0];
            while world.deliver_up(connection) {
                turns(&mut world);
            }
            let meters = world.host.room.meters();
            assert!(meters.pending_bytes > 900 * 5, "it waits");
            assert_eq!(stored_text(&mut world), "");
            // It has that itself and brings it again; of the rest it has nothing.
            world.clients[author].replica.apply(&first);
            world.post_to_all(author, Message::Update(first.clone()));
            world.deliver_up(connection);
            let (mut before, mut steps) = (meters.units, 0);
            loop {
                let units = world.host.room.meters().units;
                assert!(units - before < 4 * UNITS as u64, "{} units in a turn of {UNITS}", units - before);
                before = units;
                world.host.room.assert_invariants();
                if crash_after == Some(steps) {
                    world.crash(&mut room_world::Random::new(1));
                    for client in [author, reader] {
                        world.connect(client);
                    }
                    break;
                }
                world.host.run_store();
                if !world.host.take_turn() {
                    break;
                }
                steps += 1;
            }
            world.run_to_the_end();
            assert!(crash_after.is_some() || steps > 5, "{steps} steps");
            assert_eq!(world.host.room.meters().pending_bytes, 0);
            assert_eq!(world.text(reader).len(), 5 * 900 - 40, "window {window}, crash {crash_after:?}");
        }
    }
}
