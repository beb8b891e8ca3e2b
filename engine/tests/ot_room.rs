//! Rooms with clients without an engine, case by case.
#![cfg(feature = "followers")]

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::archive::{RowKey, RowKind, RowSizes, RowWrite, Store, open_row, seal_row};
use merganser::ot::{Attributes, ClientMessage, Delta, Form, SentOp, ServerMessage, Subject};
use merganser::sync::{Durability, Limits, Request, Rights, RoomConfig};
use merganser::update::Update;
use merganser::{Any, ErrorKind};
use room_world::{Heard, Message, World};
use std::sync::Arc;

fn world() -> World {
    World::new(RoomConfig::default())
}

fn subject(session: &str) -> Subject {
    Subject { root: "t".into(), is_rich: false, session: session.into() }
}

/// Opens the text and takes what is answered.
fn opened(world: &mut World, form: Form) -> usize {
    let follower = world.add_follower(false, form, Rights::Write);
    world.connect_follower(follower);
    world.run();
    assert_eq!(world.followers[follower].contents, 1);
    follower
}

/// The answer to a request.
fn answer(world: &mut World, connection: u64, subject: Subject, request: Request<'_>) -> (u16, Any) {
    world.host.request(connection, Rights::Write, subject, request);
    world.host.run_store();
    answered(world, connection).expect("an answer")
}

fn answered(world: &mut World, connection: u64) -> Option<(u16, Any)> {
    let at = world.host.said.iter().position(|(to, heard)| *to == connection && matches!(heard, Heard::Answer(..)))?;
    let Some((_, Heard::Answer(status, body))) = world.host.said.remove(at) else { return None };
    Some((status, Any::from_json(std::str::from_utf8(&body).unwrap()).unwrap()))
}

fn member(of: &Any, name: &str) -> Any {
    let Any::Object(members) = of else { panic!("{of:?}") };
    members.iter().find(|(key, _)| **key == *name).map(|(_, value)| value.clone()).unwrap_or_default()
}

#[test]
fn clients_of_both_kinds_see_each_other() {
    let mut world = world();
    let [yjs] = world.add_connected::<1>();
    let json = opened(&mut world, Form::Json);
    let bytes = opened(&mut world, Form::Binary);
    world.insert(yjs, 0, "duck");
    world.run();
    world.edit_as_follower(json, &Delta::new().with_insert("a "));
    world.edit_as_follower(bytes, &Delta::new().with_retain(4).with_insert("ling"));
    world.run();
    assert_eq!(world.text(yjs), "a duckling");
    for follower in [json, bytes] {
        assert_eq!(world.followers[follower].editor.text(), "a duckling");
        assert!(world.followers[follower].client.is_synchronised());
    }
}

/// A room that nobody follows builds no document, writes no more rows and no other bytes.
#[test]
fn a_room_without_such_clients_pays_nothing() {
    let mut world = world();
    let [yjs] = world.add_connected::<1>();
    world.insert(yjs, 0, "duck");
    world.run();
    let meters = world.host.room.meters();
    assert_eq!((meters.documents_built, meters.operations, meters.history_bytes), (0, 0, 0));
    assert_eq!(world.stored().unwrap().manifest.author, 0);
}

#[test]
fn what_is_no_operation_is_refused_and_the_connection_goes_on() {
    let mut world = world();
    let follower = opened(&mut world, Form::Json);
    let connection = world.followers[follower].connection.unwrap();
    let bad = [
        ("not json", "{\"type\":\"op\","),
        ("no message", "{\"type\":\"what\"}"),
        ("negative", r#"{"type":"op","id":1,"revision":0,"op":[{"retain":-1}]}"#),
        ("a fraction", r#"{"type":"op","id":1,"revision":0,"op":[{"delete":1.5}]}"#),
        ("huge", r#"{"type":"op","id":1,"revision":0,"op":[{"retain":1e300}]}"#),
        ("beyond the end", r#"{"type":"op","id":1,"revision":0,"op":[{"delete":7}]}"#),
        ("a later revision", r#"{"type":"op","id":1,"revision":99,"op":[{"insert":"x"}]}"#),
        ("attributes", r#"{"type":"op","id":1,"revision":0,"op":[{"insert":"x","attributes":{"bold":true}}]}"#),
        ("again", r#"{"type":"open","root":"t","kind":"text","session":"s"}"#),
    ];
    let codes = [
        "malformed",
        "malformed",
        "malformed",
        "malformed",
        "too-large",
        "beyond-end",
        "revision",
        "wrong-kind",
        "not-open",
    ];
    for ((what, message), code) in bad.iter().zip(codes) {
        world.host.receive(connection, message.as_bytes());
        world.host.run_store();
        let Some((to, Heard::Message(told))) = world.host.said.pop_back() else { panic!("{what}: nothing was said") };
        let Ok(ServerMessage::Error { code: found, .. }) = ServerMessage::decode(&told) else { panic!("{what}") };
        assert_eq!((to, &*found), (connection, code), "{what}");
    }
    let attributes: Attributes = (0..64).map(|key| (format!("{key}").into(), Any::Null)).collect();
    let mut bomb = Delta::new();
    for at in 0..5_000 {
        bomb.retain(1, if at % 2 == 0 { &attributes } else { &Attributes::NONE });
    }
    let bomb = ClientMessage::Op(SentOp { id: 1, revision: 0, op: bomb }).encode(Form::Binary);
    assert_eq!(ClientMessage::decode(&bomb).map_err(|wrong| wrong.kind), Err(ErrorKind::TooLarge));
    world.edit_as_follower(follower, &Delta::new().with_insert("duck"));
    world.run();
    assert!(world.followers[follower].client.is_synchronised(), "the connection goes on");
}

#[test]
fn who_may_only_read_is_told_so() {
    let mut world = world();
    let follower = world.add_follower(false, Form::Json, Rights::Read);
    world.connect_follower(follower);
    world.run();
    world.edit_as_follower(follower, &Delta::new().with_insert("duck"));
    world.run();
    assert_eq!(world.followers[follower].errors, ["read-only"]);
    assert!(world.stored().is_none_or(|stored| stored.pages.is_empty() && stored.slots.is_empty()));
}

#[test]
fn requests_are_carried_out_once() {
    let mut world = world();
    let (status, content) = answer(&mut world, 1, subject(""), Request::Content);
    assert_eq!((status, member(&content, "content")), (200, Any::from("")));
    let Any::String(epoch) = member(&content, "epoch") else { panic!("{content:?}") };
    let body = format!(r#"{{"epoch":"{epoch}","session":"s","id":1,"revision":0,"op":[{{"insert":"duck"}}]}}"#);
    let first = answer(&mut world, 2, subject(""), Request::Edit(body.as_bytes()));
    assert_eq!(first.0, 200);
    let [yjs] = world.add_connected::<1>();
    world.insert(yjs, 0, "a ");
    world.run();
    let again = answer(&mut world, 3, subject(""), Request::Edit(body.as_bytes()));
    assert_eq!(again, first, "the same request has the same answer");
    // Another one, against the same revision: what others did since is told as it is behind it.
    let body =
        format!(r#"{{"epoch":"{epoch}","session":"s","id":2,"revision":1,"op":[{{"retain":4}},{{"insert":"ling"}}]}}"#);
    let (status, told) = answer(&mut world, 4, subject(""), Request::Edit(body.as_bytes()));
    assert_eq!((status, member(&told, "op").to_json()), (200, r#"[{"insert":"a "}]"#.to_string()));
    world.run();
    assert_eq!(world.text(yjs), "a duckling");
    let (status, told) = answer(&mut world, 5, subject(""), Request::Changes { epoch: &epoch, since: 0, wait_ms: 0 });
    assert_eq!((status, member(&told, "op").to_json()), (200, r#"[{"insert":"a duckling"}]"#.to_string()));
    let (status, _) = answer(&mut world, 6, subject(""), Request::Changes { epoch: "1", since: 0, wait_ms: 0 });
    assert_eq!(status, 410, "revisions of another epoch mean nothing");
}

#[test]
fn who_waits_is_answered_by_the_next_edit_or_when_the_time_is_over() {
    let mut world = world();
    let [yjs] = world.add_connected::<1>();
    world.insert(yjs, 0, "duck");
    world.run();
    let (_, content) = answer(&mut world, 100, subject(""), Request::Content);
    let (Any::String(epoch), Any::Number(since)) = (member(&content, "epoch"), member(&content, "revision")) else {
        panic!()
    };
    let waits = |world: &mut World, connection| {
        let request = Request::Changes { epoch: &epoch, since: since as u64, wait_ms: 20_000 };
        world.host.request(connection, Rights::Read, subject(""), request);
        world.host.run_store();
        assert_eq!(answered(world, connection), None, "it waits");
    };
    waits(&mut world, 101);
    world.host.pass_time(21_000);
    let (status, told) = answered(&mut world, 101).expect("the time is over");
    assert_eq!((status, member(&told, "op").to_json()), (200, "[]".to_string()));
    waits(&mut world, 102);
    world.insert(yjs, 4, "ling");
    world.deliver_up(world.clients[yjs].connections[0]);
    world.host.run_store();
    let (status, told) = answered(&mut world, 102).expect("there was an edit");
    assert_eq!((status, member(&told, "op").to_json()), (200, r#"[{"retain":4},{"insert":"ling"}]"#.to_string()));
}

/// 10,000 revisions behind, and an operation of its own against the first of them.
#[test]
fn a_client_that_is_very_slow_converges() {
    let mut world = world();
    world.host.checks_invariants = false;
    let slow = opened(&mut world, Form::Binary);
    let quick = opened(&mut world, Form::Binary);
    let connection = world.followers[slow].connection.unwrap();
    world.edit_as_follower(slow, &Delta::new().with_insert("slow"));
    for at in 0..10_000 {
        world.edit_as_follower(
            quick,
            &Delta::new().with_retain(at / 2).with_insert(if at % 2 == 0 { "a" } else { "b" }),
        );
        let link = world.followers[quick].connection.unwrap();
        while world.deliver_up(link) {}
        world.host.run_store();
        world.collect();
        while world.deliver_down(link) {}
    }
    assert!(world.host.room.meters().history_changes >= 10_000);
    assert_eq!(world.followers[slow].client.revision(), 0, "it has heard of nothing");
    // Its connection is lost, too; the operation was on its way.
    world.cut(connection, 1);
    world.run();
    world.connect_follower(slow);
    world.run();
    let [slow, quick] = [slow, quick].map(|of| &world.followers[of]);
    assert_eq!(slow.editor, quick.editor);
    assert!(slow.client.is_synchronised() && slow.contents == 1, "all revisions were there");
    assert_eq!(slow.editor.len(), 10_004);
}

/// Another one's item between the halves of a pair: both halves are U+FFFD from then on, for everybody.
#[test]
fn a_pair_that_somebody_cuts_apart_is_told_as_what_is_left_of_it() {
    let mut world = world();
    let [yjs] = world.add_connected::<1>();
    let follower = opened(&mut world, Form::Json);
    world.insert(yjs, 0, "a\u{1f986}b");
    world.run();
    let client = world.clients[yjs].replica.client as u8;
    // Client 9 writes "x" between clocks 1 and 2.
    let update = [1, 1, 9, 0, 0xc4, client, 1, client, 2, 1, b'x', 0];
    assert!(Update::parse_v1(&update).is_ok());
    world.post_to_all(yjs, Message::Update(update.to_vec()));
    world.run();
    let shown = "a\u{fffd}x\u{fffd}b";
    assert_eq!(world.followers[follower].editor.text(), shown);
    assert_eq!(world.fresh_content().text(), shown);
    world.edit_as_follower(follower, &Delta::new().with_retain(2).with_delete(1));
    world.run();
    assert_eq!(world.fresh_content().text(), "a\u{fffd}\u{fffd}b");
}

/// Somebody knows more of what the server has written than is stored: rows went back in time. The id is not used again.
#[test]
fn after_rows_went_back_the_server_writes_under_another_id() {
    let mut world = world();
    let [yjs] = world.add_connected::<1>();
    let follower = opened(&mut world, Form::Json);
    world.edit_as_follower(follower, &Delta::new().with_insert("kept "));
    world.run();
    let backup = world.host.store.clone();
    let before = world.stored().unwrap().manifest.author;
    world.edit_as_follower(follower, &Delta::new().with_insert("lost "));
    world.run();
    assert_eq!(world.text(yjs), "lost kept ");
    world.host.store = backup;
    world.crash(&mut room_world::Random::new(1));
    world.connect(yjs);
    world.run();
    world.connect_follower(follower);
    world.run();
    world.edit_as_follower(follower, &Delta::new().with_insert("new "));
    world.run_to_the_end();
    assert_ne!(world.stored().unwrap().manifest.author, before);
    assert_eq!(world.text(yjs), world.followers[follower].editor.text());
    assert!(world.text(yjs).contains("lost ") && world.text(yjs).contains("new "));
}

/// A host says that rows may be others now.
#[test]
fn another_incarnation_is_another_epoch() {
    let mut world = world();
    let follower = opened(&mut world, Form::Json);
    world.edit_as_follower(follower, &Delta::new().with_insert("duck"));
    world.run();
    let epoch = world.followers[follower].client.epoch().map(String::from);
    world.host.config.incarnation = 2;
    world.crash(&mut room_world::Random::new(1));
    world.connect_follower(follower);
    world.run();
    let of = &world.followers[follower];
    assert_ne!(of.client.epoch().map(String::from), epoch);
    assert_eq!((of.contents, of.editor.text()), (2, "duck"));
}

/// What others still send of a session that has opened again comes too late.
#[test]
fn a_session_has_one_connection() {
    let mut world = world();
    let follower = opened(&mut world, Form::Json);
    let older = world.followers[follower].connection.unwrap();
    let session: Arc<str> = "session 0".into();
    let open = ClientMessage::Open { subject: Subject { session, ..subject("") }, from: None };
    world.host.connect_ot(1_000, Rights::Write);
    world.host.receive(1_000, &open.encode(Form::Json));
    world.host.run_store();
    assert!(world.host.said.iter().any(|(to, heard)| *to == older && matches!(heard, Heard::Close(4503))));
}

#[test]
fn within_a_window_an_operation_is_stored_before_anybody_sees_it() {
    let config = RoomConfig { durability: Durability::Window { ms: 20_000 }, ..RoomConfig::default() };
    let mut world = World::new(config);
    let [yjs] = world.add_connected::<1>();
    let follower = opened(&mut world, Form::Json);
    world.edit_as_follower(follower, &Delta::new().with_insert("duck"));
    world.arrive();
    assert_eq!(world.text(yjs), "", "it is not stored");
    assert!(!world.followers[follower].client.is_synchronised());
    world.run();
    assert_eq!(world.text(yjs), "duck");
    assert!(world.followers[follower].client.is_synchronised());
}

#[test]
fn roots_are_limited() {
    let limits = Limits { roots: 1, ..Limits::default() };
    let mut world = World::new(RoomConfig { limits, ..RoomConfig::default() });
    opened(&mut world, Form::Json);
    let (status, told) = answer(&mut world, 100, Subject { root: "u".into(), ..subject("") }, Request::Content);
    assert_eq!((status, member(&member(&told, "error"), "code")), (422, Any::from("roots")));
}

/// A room in which the text of a client with an engine lies in many small pages.
fn world_of_pages(limits: Limits) -> (World, usize) {
    let sizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };
    let mut world = World::new(RoomConfig { sizes, limits, ..RoomConfig::default() });
    let [yjs] = world.add_connected::<1>();
    for word in 0..200 {
        world.insert(yjs, word % 7, "duckling");
        world.run();
    }
    assert!(world.stored().unwrap().pages.len() > 4, "more than one read takes");
    (world, yjs)
}

/// What comes while pages are read, a few at a time, is in the document, whoever sent it.
#[test]
fn pages_are_read_part_by_part() {
    let (mut world, yjs) = world_of_pages(Limits::default());
    let follower = world.add_follower(false, Form::Json, Rights::Write);
    let connection = world.connect_follower(follower);
    while world.deliver_up(connection) {}
    let mut reads = 0;
    while world.host.store_is_busy() {
        while world.host.pending_reads() > 0 {
            world.host.read(0);
            reads += 1;
        }
        world.insert(yjs, 0, "x");
        while world.deliver_up(world.clients[yjs].connections[0]) {}
        while world.host.pending_writes() > 0 {
            world.host.write(room_world::Fate::Succeeds);
        }
        while world.host.pending_answers() > 0 {
            world.host.answer(0);
        }
        if reads > 1_000 {
            break;
        }
        if world.host.room.meters().documents_built > 0 {
            world.host.run_store();
        }
    }
    assert!(reads > 2, "{reads}");
    world.collect();
    world.run();
    assert_eq!(world.text(yjs), world.followers[follower].editor.text());
}

/// Who asks for a document that is too large hears it; clients with an engine go on.
#[test]
fn a_document_that_is_too_large_is_refused_to_who_asks() {
    let (mut world, yjs) = world_of_pages(Limits { document_bytes: 1_000, ..Limits::default() });
    for again in 0..2 {
        let rows_read = world.host.room.meters().rows_read;
        let (status, answered) = answer(&mut world, 1_000 + again, subject(""), Request::Content);
        assert_eq!((status, member(&member(&answered, "error"), "code")), (413, Any::from("document-too-large")));
        let read = world.host.room.meters().rows_read - rows_read;
        assert!(if again == 0 { read < 12 } else { read == 0 }, "no more is read than has to be: {read}");
    }
    let open = ClientMessage::Open { subject: subject("session"), from: None };
    world.host.connect_ot(1_002, Rights::Write);
    world.host.receive(1_002, &open.encode(Form::Json));
    world.host.run_store();
    let said: Vec<_> = world.host.said.drain(..).filter(|(to, _)| *to == 1_002).map(|(_, heard)| heard).collect();
    let [Heard::Message(told), Heard::Close(4431)] = &said[..] else { panic!("{said:?}") };
    let Ok(ServerMessage::Error { code, .. }) = ServerMessage::decode(told) else { panic!("{told:?}") };
    assert_eq!(&*code, "document-too-large");
    world.insert(yjs, 0, "more ");
    world.run();
    assert!(world.text(yjs).starts_with("more "));
    assert_eq!(world.fresh_content().text(), world.text(yjs));
    assert_eq!(world.host.room.meters().documents_built, 0);
}

/// The same where it grows beyond the limit while it is followed.
#[test]
fn a_document_that_becomes_too_large_is_let_go() {
    let limits = Limits { document_bytes: 1_000, ..Limits::default() };
    let sizes = RowSizes { fold: 300, ..RowSizes::default() };
    let mut world = World::new(RoomConfig { sizes, limits, ..RoomConfig::default() });
    let [yjs] = world.add_connected::<1>();
    let follower = opened(&mut world, Form::Binary);
    world.edit_as_follower(follower, &Delta::new().with_insert(&"duck".repeat(200)));
    world.run();
    assert!(world.followers[follower].closed_with.is_empty());
    world.insert(yjs, 0, &"swan".repeat(200));
    world.run();
    assert_eq!(world.followers[follower].errors, ["document-too-large"]);
    world.insert(yjs, 0, "on ");
    world.run();
    assert_eq!(world.fresh_content().text(), world.text(yjs));
}

/// Where a host wants it so, nothing is kept that nobody follows.
#[test]
fn a_document_that_nobody_follows_is_let_go_at_once() {
    let limits = Limits { document_kept_ms: 0, ..Limits::default() };
    let mut world = World::new(RoomConfig { limits, ..RoomConfig::default() });
    let [yjs] = world.add_connected::<1>();
    world.insert(yjs, 0, "duck");
    world.run();
    for asked in 0..3 {
        let (status, content) = answer(&mut world, 1_000 + asked, subject(""), Request::Content);
        assert_eq!((status, member(&content, "content")), (200, Any::from("duck")));
        assert_eq!(world.host.room.meters().documents_built, asked + 1);
    }
    let follower = opened(&mut world, Form::Json);
    world.host.pass_time(1_000_000);
    world.edit_as_follower(follower, &Delta::new().with_insert("a "));
    world.run();
    assert_eq!(world.host.room.meters().documents_built, 4);
    assert_eq!(world.text(yjs), "a duck");
}

const CHECKPOINT: RowKey = RowKey::new(RowKind::Checkpoint, 0);

/// A room in which a checkpoint is stored, with its row, and the text.
fn world_with_checkpoint() -> (World, Vec<u8>) {
    let (mut world, yjs) = world_of_pages(Limits { document_kept_ms: 0, ..Limits::default() });
    let follower = opened(&mut world, Form::Json);
    world.edit_as_follower(follower, &Delta::new().with_insert("a duck and "));
    world.run();
    world.host.disconnect(world.followers[follower].connection.unwrap());
    world.host.run_store();
    world.delete(yjs, 3, 5);
    world.run();
    let mut rows = world.host.store.read(CHECKPOINT..=CHECKPOINT).unwrap();
    let (_, row) = rows.pop().expect("letting go of the document stores a checkpoint");
    (world, row)
}

/// The content that a room gives which has just been opened, and how many rows that took.
fn reopened(world: &mut World) -> (Any, u64) {
    world.host.crash();
    world.host.run_store();
    let rows_read = world.host.room.meters().rows_read;
    let (status, content) = answer(world, 5_000, subject(""), Request::Content);
    assert_eq!((status, world.host.room.damage()), (200, &[][..]));
    (member(&content, "content"), world.host.room.meters().rows_read - rows_read)
}

#[test]
fn a_checkpoint_spares_the_pages() {
    let (mut world, _) = world_with_checkpoint();
    let pages = world.stored().unwrap().pages.len() as u64;
    let expected = Any::from(world.fresh_content().text());
    let (content, rows) = reopened(&mut world);
    assert_eq!(content, expected);
    assert!(rows < pages, "{rows} rows, {pages} pages");
    world.host.store.write(&[RowWrite::Delete(CHECKPOINT)]).unwrap();
    let (content, rows) = reopened(&mut world);
    assert_eq!(content, expected);
    assert!(rows >= pages, "{rows} rows, {pages} pages");
}

/// Whatever becomes of a checkpoint, the pages have it all.
#[test]
fn a_checkpoint_that_is_wrong_is_ignored() {
    let (mut world, row) = world_with_checkpoint();
    let expected = Any::from(world.fresh_content().text());
    let opened = open_row(CHECKPOINT, &row).unwrap();
    let seal = |stamp, sequence, body: &[u8]| {
        seal_row(CHECKPOINT, stamp, sequence, body.len(), |out| out.extend_from_slice(body))
    };
    let mut wrong: Vec<Vec<u8>> = (0..row.len())
        .step_by(7)
        .map(|at| {
            let mut row = row.clone();
            row[at] ^= 1 << (at % 8);
            row
        })
        .collect();
    wrong.push(seal(opened.stamp ^ 1, opened.sequence, opened.body));
    wrong.push(seal(opened.stamp, opened.sequence + 1_000, opened.body));
    wrong.push(seal(opened.stamp, opened.sequence, &opened.body[..opened.body.len() / 2]));
    wrong.push(seal(opened.stamp, opened.sequence, &[]));
    // Parts that are not there.
    wrong.push(seal(opened.stamp, opened.sequence, &[&[2], &opened.body[1..]].concat()));
    // Each byte of the checkpoint itself, as if the hash held.
    wrong.extend((0..opened.body.len()).step_by(11).map(|at| {
        let mut body = opened.body.to_vec();
        body[at] ^= 1 << (at % 8);
        seal(opened.stamp, opened.sequence, &body)
    }));
    let whole = wrong.len() - opened.body.len().div_ceil(11);
    for (case, row) in wrong.into_iter().enumerate() {
        world.host.store.write(&[RowWrite::Put(CHECKPOINT, row)]).unwrap();
        if case < whole {
            assert_eq!(reopened(&mut world).0, expected, "case {case}");
        } else {
            // With a hash that holds nobody but an attacker writes such bytes: nothing may panic.
            reopened(&mut world);
        }
    }
}

/// A checkpoint that is whole, of this document, and says something else: a state that was never folded.
#[test]
fn a_checkpoint_that_lacks_a_delete_is_ignored() {
    let (mut world, _) = world_with_checkpoint();
    let backup = world.host.store.read(CHECKPOINT..=CHECKPOINT).unwrap().pop().unwrap().1;
    let earlier = open_row(CHECKPOINT, &backup).unwrap();
    let yjs = 0;
    for _ in 0..60 {
        world.delete(yjs, 0, 1);
        world.delete(yjs, 4, 2);
        world.run();
    }
    let folded = world.stored().unwrap().manifest.folded_sequence;
    assert!(folded > earlier.sequence);
    let row =
        seal_row(CHECKPOINT, earlier.stamp, folded, earlier.body.len(), |out| out.extend_from_slice(earlier.body));
    world.host.store.write(&[RowWrite::Put(CHECKPOINT, row)]).unwrap();
    let expected = Any::from(world.fresh_content().text());
    assert_eq!(reopened(&mut world).0, expected);
}
