//! What a room does, story by story: joining, awareness, rights, folding, shutting down.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::RowSizes;
use merganser::sync::{Durability, Rights, RoomConfig};
use room_world::{Fate, Message, Stored, World, awareness_entries};

const WINDOW: Durability = Durability::Window { ms: 20_000 };
const MODES: [Durability; 2] = [Durability::BeforeBroadcast, WINDOW];

fn world(durability: Durability) -> World {
    World::new(RoomConfig { durability, ..RoomConfig::default() })
}

/// A world whose rows are so small that little text fills them.
fn small_world(durability: Durability) -> World {
    let sizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };
    World::new(RoomConfig { durability, sizes, ..RoomConfig::default() })
}

#[test]
fn an_edit_reaches_the_others_and_not_its_author() {
    for mode in MODES {
        let mut world = world(mode);
        let [author, other] = world.add_connected();
        world.take_heard(author);
        world.take_heard(other);
        world.insert(author, 0, "duck");
        world.run();
        assert_eq!(world.text(other), "duck");
        assert_eq!(world.take_heard(other).len(), 1);
        assert_eq!(world.take_heard(author), []);
    }
}

#[test]
fn an_edit_is_shown_once_it_is_stored() {
    let mut world = world(Durability::BeforeBroadcast);
    let [author, other] = world.add_connected();
    world.insert(author, 0, "duck");
    world.arrive();
    assert_eq!(world.host.pending_writes(), 1);
    assert_eq!(world.text(other), "");
    let joiner = world.add_client(Rights::Write);
    world.connect(joiner);
    world.arrive();
    assert_eq!(world.text(joiner), "", "a joiner does not see it earlier");
    assert!(world.clients[joiner].is_synced());
    world.run();
    assert_eq!(world.text(other), "duck");
    assert_eq!(world.text(joiner), "duck");
}

#[test]
fn a_joiner_gets_everything() {
    for mode in MODES {
        let mut world = small_world(mode);
        let [author] = world.add_connected();
        for line in 0..60 {
            world.insert(author, 0, &format!("line {line}\n"));
            world.run();
        }
        world.delete(author, 5, 100);
        world.run();
        assert!(world.host.room.meters().folds > 0, "some of it comes out of pages, some out of the journal");
        let joiner = world.add_client(Rights::Write);
        let theirs = world.add_their_client(Rights::Read);
        world.connect(joiner);
        world.connect(theirs);
        world.run();
        assert!(world.clients[joiner].is_synced());
        let last = world.take_heard(joiner).pop();
        assert_eq!(last, Some(Message::Step2(vec![0, 0])), "a small step 2 comes last");
        let expected = world.clients[author].replica.shown();
        assert_eq!(world.clients[joiner].replica.shown(), expected);
        assert_eq!(world.clients[theirs].replica.shown(), expected);
    }
}

#[test]
fn a_fresh_client_gets_pages_as_they_are() {
    let mut world = small_world(Durability::BeforeBroadcast);
    let [author] = world.add_connected();
    for line in 0..60 {
        world.insert(author, 0, &format!("line {line}\n"));
        world.run();
    }
    let stored = Stored::read(&mut world.host.store).unwrap();
    assert!(stored.pages.len() > 2);
    let [joiner] = world.add_connected();
    let heard = world.take_heard(joiner);
    for (page, heard) in stored.pages.iter().zip(&heard) {
        assert_eq!(*heard, Message::Update(page.clone()));
    }
    assert_eq!(heard.len(), stored.pages.len() + stored.slots.len() + 1);
}

#[test]
fn a_page_that_was_read_before_a_fold_has_grown_it_is_read_again() {
    for lines in 20..60 {
        let mut world = small_world(Durability::BeforeBroadcast);
        let [author] = world.add_connected();
        for _ in 0..lines {
            world.insert(author, 0, "a line\n");
            world.run();
        }
        let joiner = world.add_client(Rights::Write);
        world.connect(joiner);
        world.arrive();
        world.host.read(0);
        // While its pages are on their way folds grow the last of them and add others.
        let pages = world.stored().unwrap().pages.len();
        for _ in 0..40 {
            world.insert(author, 0, "a line in a hurry\n");
            world.arrive();
            while world.host.pending_reads() + world.host.pending_writes() > 0 {
                while world.host.pending_reads() > 0 {
                    world.host.read(0);
                }
                world.host.write(Fate::Succeeds);
                world.host.answer(1);
            }
        }
        assert!(world.stored().unwrap().pages.len() > pages);
        world.run();
        assert_eq!(world.text(joiner), world.text(author), "after {lines} lines");
    }
}

#[test]
fn who_comes_back_gets_what_it_missed_and_brings_what_it_wrote() {
    for mode in MODES {
        let mut world = small_world(mode);
        let [author, traveller] = world.add_connected();
        for line in 0..30 {
            world.insert(author, 0, &format!("line {line}\n"));
            world.run();
        }
        let connection = world.clients[traveller].connections[0];
        world.cut(connection, 0);
        world.run();
        for line in 30..60 {
            world.insert(author, 0, &format!("line {line}\n"));
            world.delete(author, 50, 9);
            world.run();
        }
        world.insert(traveller, 0, "written on the way\n");
        world.delete(traveller, 30, 3);
        world.take_heard(traveller);
        world.connect(traveller);
        world.run();
        assert!(world.clients[traveller].is_synced());
        assert_eq!(world.text(traveller), world.text(author));
        assert!(world.text(author).contains("written on the way"));
        let heard = world.take_heard(traveller);
        let bytes: usize = heard.iter().map(|message| message.encode().len()).sum();
        assert!(bytes < 1_200, "it gets what it lacks, not everything: {bytes} bytes");
    }
}

#[test]
fn who_does_not_answer_gets_all_deletes() {
    let mut world = world(Durability::BeforeBroadcast);
    let [author, traveller] = world.add_connected();
    world.insert(author, 0, "a duck and a drake");
    world.run();
    let connection = world.clients[traveller].connections[0];
    world.cut(connection, 0);
    world.run();
    world.delete(author, 2, 5);
    world.run();
    let connection = world.connect(traveller);
    // Its step 1 arrives; then it is silent, but hears.
    world.deliver_up(connection);
    while world.deliver_down(connection) {}
    assert!(!world.clients[traveller].is_synced(), "its answer is waited for");
    world.host.pass_time(5_000);
    world.collect();
    while world.deliver_down(connection) {}
    assert!(world.clients[traveller].is_synced());
    assert_eq!(world.text(traveller), world.text(author));
}

#[test]
fn a_step_2_with_nothing_new_costs_no_row_and_no_message() {
    for mode in MODES {
        let mut world = world(mode);
        let [author, other] = world.add_connected();
        world.insert(author, 0, "a duck and a drake");
        world.delete(author, 2, 4);
        world.run();
        world.host.pass_time(60_000);
        world.beat(other);
        world.run();
        world.take_heard(author);
        world.take_heard(other);
        let before = world.host.room.meters();
        let whole = world.clients[other].replica.encode_since(&[0]);
        world.post_to_all(other, Message::Step2(whole.clone()));
        world.post_to_all(other, Message::Update(whole));
        world.run();
        let after = world.host.room.meters();
        assert_eq!(after.rows_written, before.rows_written);
        assert_eq!(after.messages_out, before.messages_out);
        assert_eq!(after.updates_known, before.updates_known + 2);
        assert_eq!((world.take_heard(author), world.take_heard(other)), (vec![], vec![]));
    }
}

#[test]
fn the_same_edit_over_two_connections_counts_once() {
    for mode in MODES {
        let mut world = world(mode);
        let [author, other] = world.add_connected();
        world.connect(author);
        world.run();
        world.take_heard(other);
        world.insert(author, 0, "duck");
        world.run();
        assert_eq!(world.take_heard(other).len(), 1);
        assert_eq!(world.text(other), "duck");
    }
}

#[test]
fn a_lone_client_hears_its_own_awareness() {
    let mut world = world(Durability::BeforeBroadcast);
    let [lone] = world.add_connected();
    let before = world.host.room.meters().messages_out;
    world.beat(lone);
    world.run();
    assert_eq!(world.host.room.meters().messages_out, before + 1);
}

#[test]
fn awareness_ends_with_its_connection() {
    for mode in MODES {
        let mut world = world(mode);
        let [leaver, other] = world.add_connected();
        let id = world.clients[leaver].replica.client;
        assert!(world.clients[other].awareness.states.contains_key(&id));
        let connection = world.clients[leaver].connections[0];
        world.cut(connection, 0);
        world.run();
        assert!(!world.clients[other].awareness.states.contains_key(&id));
        assert_eq!(world.host.room.meters().awareness_entries, 1);
    }
}

#[test]
fn awareness_ends_with_its_connection_after_hibernation_too() {
    let mut world = world(WINDOW);
    let [leaver, other] = world.add_connected();
    let id = world.clients[leaver].replica.client;
    world.hibernate();
    world.run();
    let connection = world.clients[leaver].connections[0];
    world.cut(connection, 0);
    world.run();
    assert!(!world.clients[other].awareness.states.contains_key(&id));
}

#[test]
fn a_client_behind_two_connections_is_shown_once_after_hibernation() {
    let mut world = world(WINDOW);
    let [double, other] = world.add_connected();
    let id = world.clients[double].replica.client;
    let first = world.clients[double].connections[0];
    world.connect(double);
    world.run();
    world.hibernate();
    world.run();
    assert_eq!(world.host.room.meters().awareness_entries, 2);
    world.cut(first, 0);
    world.run();
    assert!(world.clients[other].awareness.states.contains_key(&id), "its second connection showed it last");
}

#[test]
fn a_late_echo_brings_nobody_back() {
    let mut world = world(Durability::BeforeBroadcast);
    let [leaver, other] = world.add_connected();
    let id = world.clients[leaver].replica.client;
    let echo = world.clients[other].awareness.encode(&[id]);
    let connection = world.clients[leaver].connections[0];
    world.cut(connection, 0);
    world.run();
    // Stock clients send on what they hear of others; this was on its way when the other one left.
    world.post_to_all(other, Message::Awareness(echo));
    world.run();
    assert_eq!(world.host.room.meters().awareness_entries, 1, "who has left is not shown to joiners again");
    world.connect(leaver);
    world.run();
    assert_eq!(world.host.room.meters().awareness_entries, 2, "who comes back is");
}

#[test]
fn an_echo_after_hibernation_takes_nobody_over() {
    let mut world = world(WINDOW);
    let [leaver, other] = world.add_connected();
    let id = world.clients[leaver].replica.client;
    let echo = world.clients[other].awareness.encode(&[id]);
    world.hibernate();
    world.run();
    // It was on its way when the room left memory: of states only the clocks are known now.
    world.post_to_all(other, Message::Awareness(echo));
    world.run();
    let connection = world.clients[leaver].connections[0];
    world.cut(connection, 0);
    world.run();
    assert!(!world.clients[other].awareness.states.contains_key(&id));
    assert_eq!(world.host.room.meters().awareness_entries, 1);
}

#[test]
fn a_query_for_awareness_is_answered() {
    let mut world = world(Durability::BeforeBroadcast);
    let [first, second] = world.add_connected();
    let connection = world.clients[second].connections[0];
    world.post(connection, Message::QueryAwareness);
    world.deliver_up(connection);
    let ids = [first, second].map(|client| world.clients[client].replica.client);
    let answer = world.heard_raw(connection);
    let [Message::Awareness(update)] = &answer[..] else { panic!("{answer:?}") };
    let shown: Vec<u64> = awareness_entries(update).into_iter().map(|(client, ..)| client).collect();
    assert_eq!(shown, ids);
}

#[test]
fn a_reader_sees_and_shows_itself_but_cannot_edit() {
    for mode in MODES {
        let mut world = world(mode);
        let [writer] = world.add_connected();
        let reader = world.add_client(Rights::Read);
        world.connect(reader);
        world.insert(writer, 0, "duck");
        world.run();
        assert_eq!(world.text(reader), "duck");
        let id = world.clients[reader].replica.client;
        assert!(world.clients[writer].awareness.states.contains_key(&id));
        let before = world.host.room.meters();
        world.insert(reader, 0, "goose ");
        world.insert(reader, 0, "grey ");
        world.run();
        assert_eq!(world.text(writer), "duck");
        assert_eq!(world.host.room.meters().rows_written, before.rows_written);
        assert_eq!(world.clients[reader].denied.len(), 1, "it is told once");
        assert_eq!(world.clients[reader].closed_with, [0; 0], "and goes on reading");
        world.insert(writer, 4, "ling");
        world.run();
        assert!(world.text(reader).contains("duckling"));
    }
}

#[test]
fn the_journal_is_folded_into_pages() {
    let mut world = small_world(Durability::BeforeBroadcast);
    let [author] = world.add_connected();
    for line in 0..100 {
        world.insert(author, 0, &format!("line {line}\n"));
        world.run();
    }
    let meters = world.host.room.meters();
    assert!(meters.folds > 5);
    let stored = world.stored().unwrap();
    assert!(stored.pages.len() > 3 && stored.slots.len() < 8);
    let written = meters.rows_written as f64 / meters.flushes as f64;
    assert!(written < 1.5, "{written} rows for each flush");
}

#[test]
fn a_shutdown_stores_everything_and_closes_everybody() {
    for mode in MODES {
        let mut world = world(mode);
        let [author, other] = world.add_connected();
        world.insert(author, 0, "duck");
        world.arrive();
        world.host.shut_down();
        world.collect();
        world.insert(author, 0, "too late");
        world.run();
        assert_eq!(world.clients[author].closed_with, [1012]);
        assert_eq!(world.clients[other].closed_with, [1012]);
        let mut stored = world.stored().unwrap();
        assert_eq!(room_world::shown_in(&mut stored.doc).text, "duck");
        assert!(world.host.room.is_idle());
        world.connect(other);
        world.run();
        assert_eq!(world.clients[other].closed_with, [1012, 1012], "nobody is taken any more");
    }
}

#[test]
fn a_document_that_was_flushed_once_opens_again() {
    for mode in MODES {
        let mut world = world(mode);
        let [author] = world.add_connected();
        world.insert(author, 0, "duck");
        world.run();
        let connection = world.clients[author].connections[0];
        world.cut(connection, 0);
        world.run();
        assert!(world.host.room.is_idle(), "a document without connections may leave memory");
        world.host.crash();
        let [reader] = world.add_connected();
        assert_eq!(world.text(reader), "duck");
        assert_eq!(world.host.room.damage(), []);
    }
}

#[test]
fn what_waits_is_stored_and_passed_on_when_it_is_complete() {
    for mode in MODES {
        let mut world = world(mode);
        let [sender, other] = world.add_connected();
        let mut author = room_world::Replica::ours(7);
        let first = author.insert(0, "first ");
        let second = author.insert(6, "second");
        world.take_heard(other);
        world.post_to_all(sender, Message::Update(second));
        world.run();
        assert_eq!(world.take_heard(other), [], "it waits");
        assert!(world.host.room.meters().pending_bytes > 0);
        // It outlives the room's memory, and waking costs no write.
        world.host.crash();
        world.links().into_iter().for_each(|connection| world.cut(connection, 0));
        world.run();
        assert!(world.host.room.meters().pending_bytes > 0);
        assert_eq!(world.host.room.meters().rows_written, 0, "waking writes nothing");
        world.connect(sender);
        world.connect(other);
        world.run();
        world.post_to_all(sender, Message::Update(first));
        world.run();
        assert_eq!(world.text(other), "first second");
        assert_eq!(world.host.room.meters().pending_bytes, 0);
    }
}

#[test]
fn who_sends_something_with_a_gap_is_asked_for_the_rest() {
    let mut world = world(Durability::BeforeBroadcast);
    let [sender, other] = world.add_connected();
    // Two edits were made; only the second one arrives.
    world.clients[sender].replica.insert(0, "lost ");
    world.insert(sender, 5, "and found");
    world.run();
    assert_eq!(world.text(other), "lost and found", "its answer to our step 1 brings it");
}

#[test]
fn a_client_that_answers_leaves_no_call_behind() {
    let mut world = world(WINDOW);
    let [author, traveller] = world.add_connected();
    world.insert(author, 0, "duck");
    world.run();
    let connection = world.clients[traveller].connections[0];
    world.cut(connection, 0);
    world.run();
    let connection = world.connect(traveller);
    while world.host.call_at_ms.is_none() && world.deliver_up(connection) {}
    assert!(world.host.call_at_ms.is_some(), "its answer is waited for");
    world.run();
    assert!(world.clients[traveller].is_synced());
    assert_eq!(world.host.call_at_ms, None);
}

#[test]
fn what_came_before_the_rows_is_kept_though_its_author_has_gone_meanwhile() {
    for mode in MODES {
        let mut world = world(mode);
        world.host.crash();
        let author = world.add_client(Rights::Write);
        let connection = world.connect(author);
        world.insert(author, 0, "duck");
        world.cut(connection, usize::MAX);
        while world.deliver_up(connection) {}
        assert!(world.host.pending_reads() > 0, "the room is not open yet");
        world.run();
        assert_eq!(world.stored().unwrap().state_vector(), world.clients[author].replica.state_vector());
        assert!(world.host.room.is_idle());
    }
}
