//! Stores that fail: what was not stored is taken back, and only those whom it concerns begin again.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::{HostLimits, RowKey, RowKind, RowSizes, Store};
use merganser::sync::{Durability, Rights, RoomConfig};
use room_world::{Fate, Message, World};

const WINDOW: Durability = Durability::Window { ms: 20_000 };

fn world(durability: Durability) -> World {
    World::new(RoomConfig { durability, ..RoomConfig::default() })
}

#[test]
fn a_failed_write_is_taken_back_and_only_its_author_begins_again() {
    let mut world = world(Durability::BeforeBroadcast);
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    // Comes back, and answers our step 1 with what we know.
    let connection = world.clients[other].connections[0];
    world.cut(connection, 0);
    world.run();
    world.insert(author, 4, "ling");
    world.arrive();
    world.connect(other);
    world.arrive();
    assert_eq!(world.host.pending_writes(), 1, "its step 2 came while the edit is being written");
    world.host.write(Fate::Fails);
    world.host.answer(0);
    world.arrive();
    assert_eq!(world.clients[author].closed_with, [4500]);
    assert_eq!(world.clients[other].closed_with, [0; 0], "who sent nothing goes on");
    world.run();
    assert_eq!(world.text(other), "duck");
    world.connect(author);
    world.run();
    assert_eq!(world.text(other), "duckling", "the author brings it again");
}

#[test]
fn a_step_2_before_an_edit_does_not_make_its_sender_an_author() {
    let mut world = world(Durability::BeforeBroadcast);
    let [author] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    let other = world.add_client(Rights::Write);
    let connection = world.connect(other);
    world.run();
    let known = world.clients[other].replica.encode_since(&[0]);
    world.post(connection, Message::Step2(known));
    world.deliver_up(connection);
    world.insert(author, 0, "a ");
    world.arrive();
    world.host.write(Fate::Fails);
    world.host.answer(0);
    world.arrive();
    assert_eq!(world.clients[author].closed_with, [4500]);
    assert_eq!(world.clients[other].closed_with, [0; 0]);
}

#[test]
fn who_sent_what_another_had_just_sent_begins_again_too() {
    let mut world = world(Durability::BeforeBroadcast);
    let [author, twin, other] = world.add_connected();
    let update = world.clients[author].replica.insert(0, "duck");
    world.clients[twin].replica.apply(&update);
    for client in [author, twin] {
        world.post_to_all(client, Message::Update(update.clone()));
        world.arrive();
    }
    world.host.write(Fate::Fails);
    world.host.answer(0);
    world.arrive();
    assert_eq!(world.clients[author].closed_with, [4500]);
    assert_eq!(world.clients[twin].closed_with, [4500], "it believes to have brought the edit");
    assert_eq!(world.clients[other].closed_with, [0; 0]);
}

#[test]
fn a_write_that_failed_only_in_name_reaches_everybody() {
    let mut world = world(Durability::BeforeBroadcast);
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.arrive();
    world.host.write(Fate::FailsAfterwards);
    world.host.answer(0);
    world.run();
    for client in [author, other] {
        if world.clients[client].connections.is_empty() {
            world.connect(client);
        }
    }
    world.run();
    assert_eq!(world.text(other), "duck", "it is stored, and nobody sends it anew");
}

/// An author's edit that the store failed to take at the end of the window, and another client that has seen it.
fn world_of_a_failed_flush() -> (World, usize, usize) {
    let mut world = world(WINDOW);
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    world.host.store.fail_writes(0);
    world.host.pass_time(20_000);
    world.beat(author);
    world.arrive();
    world.host.write(Fate::Fails);
    world.host.answer(0);
    world.arrive();
    (world, author, other)
}

#[test]
fn within_a_window_a_failed_write_is_tried_again() {
    let (mut world, author, other) = world_of_a_failed_flush();
    assert!(!world.host.store_is_busy(), "not at once");
    assert_eq!(world.clients[author].closed_with, [0; 0]);
    world.run_to_the_end();
    assert_eq!(world.stored().unwrap().state_vector(), world.clients[other].replica.state_vector());
    assert_eq!(world.host.room.meters().failed_flushes, 1);
}

/// What waits is folded at once, so it must not become much.
#[test]
fn within_a_window_little_waits_for_a_store_that_fails() {
    let (mut world, author, other) = world_of_a_failed_flush();
    for _ in 0..40 {
        world.insert(author, 0, &"duck ".repeat(2_000));
        world.arrive();
    }
    assert_eq!(world.clients[author].closed_with, [4504]);
    let sent = world.text(author);
    world.run_to_the_end();
    assert!((250_000..300_000).contains(&world.text(other).len()), "what came before is kept");
    world.connect(author);
    world.run_to_the_end();
    assert_eq!(world.text(other), sent, "the rest comes again");
    assert_eq!(world.stored().unwrap().state_vector(), world.clients[other].replica.state_vector());
}

#[test]
fn within_a_window_a_store_that_goes_on_failing_ends_the_connections() {
    let mut world = world(WINDOW);
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    world.host.pass_time(20_000);
    world.beat(author);
    for _ in 0..5 {
        world.arrive();
        world.host.write(Fate::Fails);
        world.host.answer(0);
        world.host.pass_time(60_000);
    }
    world.run();
    assert_eq!(world.clients[author].closed_with, [4500]);
    assert_eq!(world.clients[other].closed_with, [4500]);
    world.connect(author);
    world.connect(other);
    world.run();
    assert_eq!(world.text(other), "duck");
}

#[test]
fn a_fold_that_fails_is_taken_back() {
    for fate in [Fate::Fails, Fate::FailsAfterwards] {
        let sizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };
        let host = HostLimits { row_bytes: 1 << 10, batch_rows: 4 };
        let mut world = World::new(RoomConfig { sizes, host, ..RoomConfig::default() });
        let [author, other] = world.add_connected();
        let mut failures = 0;
        for line in 0..80 {
            if world.clients[author].connections.is_empty() {
                world.connect(author);
            }
            if world.clients[other].connections.is_empty() {
                world.connect(other);
            }
            world.run();
            world.insert(author, 0, &format!("line {line}\n"));
            world.arrive();
            let folds = world.host.room.meters().folds;
            while world.host.store_is_busy() && world.host.room.meters().folds == folds {
                while world.host.pending_reads() > 0 {
                    world.host.read(0);
                }
                let fails = line % 5 == 3 && failures < 5 && world.host.writes_pages();
                failures += usize::from(fails);
                world.host.write(if fails { fate } else { Fate::Succeeds });
                world.host.answer(0);
            }
            world.run();
        }
        assert!(failures > 0, "some folds failed");
        world.run_to_the_end();
        for client in [author, other] {
            if world.clients[client].connections.is_empty() {
                world.connect(client);
            }
        }
        world.run_to_the_end();
        assert_eq!(world.text(author), world.text(other));
        assert_eq!(world.text(author).lines().count(), 80);
        assert_eq!(world.stored().unwrap().state_vector(), world.clients[author].replica.state_vector());
    }
}

#[test]
fn a_fold_that_is_tried_again_spares_pages_that_may_be_in_use() {
    let sizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };
    let host = HostLimits { row_bytes: 1 << 10, batch_rows: 4 };
    let mut broken_off = 0;
    for lines in 1..40 {
        let mut world = World::new(RoomConfig { sizes, host, durability: WINDOW, ..RoomConfig::default() });
        let [author] = world.add_connected();
        for _ in 0..lines {
            world.insert(author, 0, "a line\n");
        }
        world.run();
        for _ in 0..30 {
            world.insert(author, 0, "a line in a hurry\n");
        }
        world.arrive();
        // This fold is carried out, but nobody knows.
        while world.host.store_is_busy() {
            while world.host.pending_reads() > 0 {
                world.host.read(0);
            }
            let is_last = world.host.writes_manifest();
            world.host.write(if is_last { Fate::FailsAfterwards } else { Fate::Succeeds });
            world.host.answer(0);
        }
        let before = world.stored().expect("something is stored").state_vector();
        // It is begun again, with more, and broken off after each of its batches.
        for _ in 0..30 {
            world.insert(author, 0, "a line in no hurry\n");
        }
        world.arrive();
        world.host.pass_time(60_000);
        while world.host.store_is_busy() {
            while world.host.pending_reads() > 0 {
                world.host.read(0);
            }
            world.host.write(Fate::Succeeds);
            let after = world.stored().expect("what is stored keeps the rules").state_vector();
            room_world::assert_covers(&after, &before, "what was stored stays stored");
            broken_off += usize::from(world.host.pending_answers() > 0);
            world.host.answer(0);
        }
        world.run_to_the_end();
        let pages = RowKey::new(RowKind::BasePage, 0)..=RowKey::new(RowKind::BasePage, u32::MAX);
        let rows = world.host.store.read(pages).unwrap().len();
        assert_eq!(world.stored().unwrap().pages.len(), rows, "no page is left over");
    }
    assert!(broken_off > 100);
}

#[test]
fn a_read_that_fails_while_opening_closes_everybody_who_waits() {
    let mut world = world(Durability::BeforeBroadcast);
    world.host.crash();
    let client = world.add_client(Rights::Write);
    world.connect(client);
    world.host.fail_read(0);
    world.host.answer(0);
    world.collect();
    world.arrive();
    assert_eq!(world.clients[client].closed_with, [4510]);
    assert!(world.host.room.is_idle(), "the host drops the room and may open it again");
    world.host.crash();
    world.connect(client);
    world.run();
    assert!(world.clients[client].is_synced());
}

#[test]
fn pages_that_cannot_be_read_make_the_joiner_come_again() {
    let sizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };
    let mut world = World::new(RoomConfig { sizes, ..RoomConfig::default() });
    let [author] = world.add_connected();
    for line in 0..60 {
        world.insert(author, 0, &format!("line {line}\n"));
        world.run();
    }
    let joiner = world.add_client(Rights::Write);
    world.connect(joiner);
    world.arrive();
    assert_eq!(world.host.pending_reads(), 1);
    world.host.fail_read(0);
    world.host.answer(0);
    world.run();
    assert_eq!(world.clients[joiner].closed_with, [4503]);
    assert_eq!(world.clients[author].closed_with, [0; 0]);
    world.connect(joiner);
    world.run();
    assert_eq!(world.text(joiner), world.text(author));
}

#[test]
fn a_manifest_of_several_rows_changes_whole() {
    // Many clients make a state vector of so many rows that naming them needs several; a crash may come between any two batches.
    let host = HostLimits { row_bytes: 1 << 10, batch_rows: 4 };
    let sizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 8 };
    let config = RoomConfig { sizes, host, ..RoomConfig::default() };
    let mut world = World::new(config);
    world.host.store.remember_batches();
    let [relay] = world.add_connected();
    for client in 0..190 {
        let update = room_world::Replica::ours(1_000_000 + client).insert(0, "x");
        world.post_to_all(relay, Message::Update(update));
        world.run();
    }
    let manifest_rows = RowKey::new(RowKind::Manifest, 0)..=RowKey::new(RowKind::Manifest, u32::MAX);
    assert!(world.host.store.read(manifest_rows).unwrap().len() > 1);
    let whole = world.host.store.clone();
    for batches in (1..=whole.batch_count()).rev().take(120) {
        let mut after = World::new(config);
        after.host.store = whole.after_batches(batches);
        after.host.crash();
        let [joiner] = after.add_connected();
        assert_eq!(after.clients[joiner].closed_with, [0; 0], "after {batches} batches");
        after.stored().expect("what is stored keeps the rules");
    }
}

#[test]
fn edits_of_who_has_left_outlive_a_failing_store_and_hibernation() {
    let mut world = world(WINDOW);
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    // Its close stores what it wrote; that fails, and the room leaves memory before it has tried again.
    let connection = world.clients[author].connections[0];
    world.cut(connection, 0);
    world.arrive();
    world.host.write(Fate::Fails);
    world.host.answer(0);
    world.arrive();
    world.hibernate();
    world.run();
    let [joiner] = world.add_connected();
    assert_eq!(world.text(other), "duck");
    assert_eq!(world.text(joiner), "duck");
}

#[test]
fn edits_of_the_last_one_to_leave_are_kept_with_the_next_one_who_comes() {
    let mut world = world(WINDOW);
    let [author] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    let connection = world.clients[author].connections[0];
    world.cut(connection, 0);
    world.arrive();
    world.host.write(Fate::Fails);
    world.host.answer(0);
    world.arrive();
    // The room waits to try again when somebody comes, and leaves memory before it has.
    let other = world.add_client(Rights::Write);
    world.connect(other);
    world.arrive();
    world.hibernate();
    world.run_to_the_end();
    let [joiner] = world.add_connected();
    assert_eq!(world.text(joiner), "duck");
}

#[test]
fn edits_too_large_for_an_attachment_are_synchronised_again_after_hibernation() {
    let mut world = world(WINDOW);
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    world.insert(author, 4, &"ling".repeat(10_000));
    world.arrive();
    world.host.write(Fate::Fails);
    world.host.answer(0);
    world.arrive();
    assert_eq!(world.clients[author].closed_with, [0; 0], "it will be tried again");
    world.hibernate();
    world.run();
    for client in [author, other] {
        if world.clients[client].connections.is_empty() {
            world.connect(client);
        }
    }
    world.run_to_the_end();
    let [joiner] = world.add_connected();
    assert_eq!(world.text(joiner), world.text(author), "the server has all that it passed on");
}

/// A fold that was carried out and reported as failed has deleted the rows in whose place it put others: the next one may not
/// name them, whatever it puts into rows itself.
#[test]
fn rows_that_a_fold_may_have_deleted_are_named_no_more() {
    let sizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };
    let mut failed_folds = 0;
    for seed in 0..8 {
        let mut random = room_world::Random::new(seed);
        let mut world = World::new(RoomConfig { sizes, durability: WINDOW, ..RoomConfig::default() });
        let [relay] = world.add_connected();
        for round in 0..60 {
            // First many ids, then now these, now those.
            for _ in 0..4 {
                let near = if round < 20 { 4_000 } else { 1_000 * (1 + (round / 3) as u32 % 3) };
                let update = room_world::Replica::ours(near + random.below(900) as u32).insert(0, "x");
                world.post_to_all(relay, Message::Update(update));
            }
            world.host.flush();
            world.arrive();
            while world.host.store_is_busy() {
                while world.host.pending_reads() > 0 {
                    world.host.read(0);
                }
                let folds = world.host.room.meters().folds;
                if world.host.pending_writes() > 0 {
                    let fails = round >= 20 && random.below(3) == 0;
                    world.host.write(if fails { Fate::FailsAfterwards } else { Fate::Succeeds });
                    failed_folds += usize::from(fails && folds > 0);
                }
                while world.host.pending_answers() > 0 {
                    world.host.answer(0);
                }
                world.host.room.assert_invariants();
            }
            if round >= 20 {
                world.stored().expect("what is stored keeps the rules");
            }
            if round % 4 == 3 {
                world.host.pass_time(60_000);
                world.host.run_store();
            }
        }
        world.host.pass_time(60_000);
        world.host.run_store();
        world.host.crash();
        world.host.run_store();
        let [joiner] = world.add_connected();
        assert_eq!(world.host.room.damage(), [], "seed {seed}");
        assert_eq!(world.clients[joiner].closed_with, [0; 0]);
        world.stored().expect("what is stored keeps the rules");
    }
    assert!(failed_folds > 15, "{failed_folds}");
}
