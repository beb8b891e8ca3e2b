//! Operations that are too much for a turn: clients send them in parts, and rooms refuse what is sent at once.
#![cfg(feature = "followers")]

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::ot::{ClientMessage, Delta, Form, SentOp, ServerMessage, Subject};
use merganser::sync::{Limits, Request, Rights, RoomConfig};
use room_world::{Heard, World};

fn opened(world: &mut World, form: Form) -> usize {
    let follower = world.add_follower(false, form, Rights::Write);
    world.connect_follower(follower);
    world.run();
    follower
}

/// So many steps: every other letter of a text is replaced.
fn replacing(letters: u32) -> Delta {
    (0..letters).fold(Delta::new(), |change, _| change.with_retain(1).with_insert("x").with_delete(1))
}

#[test]
fn a_large_edit_is_sent_in_parts() {
    for form in [Form::Json, Form::Binary] {
        let mut world = World::new(RoomConfig::default());
        let [yjs] = world.add_connected::<1>();
        let follower = opened(&mut world, form);
        // An odd place, so that a part would end within a pair.
        let text = format!("a{}", "\u{1f986}".repeat(100_000));
        world.edit_as_follower(follower, &Delta::new().with_insert(&text));
        world.run();
        assert_eq!(world.text(yjs), text);
        assert!(world.host.room.meters().operations > 2);
        world.edit_as_follower(follower, &Delta::new().with_delete(200_001).with_insert(&"ab".repeat(3_000)));
        world.run();
        let before = world.host.room.meters().operations;
        world.edit_as_follower(follower, &replacing(3_000));
        world.insert(yjs, 6_000, "theirs");
        world.run();
        assert!(world.host.room.meters().operations - before > 8);
        assert_eq!(world.text(yjs), format!("{}theirs", "ax".repeat(3_000)));
        assert_eq!(world.text(yjs), world.followers[follower].editor.text());
        assert!(world.followers[follower].errors.is_empty());
    }
}

#[test]
fn an_operation_that_is_too_large_is_refused() {
    let limits = Limits { operation_bytes: 60_000, operation_steps: 600, ..Limits::default() };
    let mut world = World::new(RoomConfig { limits, ..RoomConfig::default() });
    let [yjs] = world.add_connected::<1>();
    world.insert(yjs, 0, &"ab".repeat(5_000));
    world.run();
    let subject = || Subject { root: "t".into(), is_rich: false, session: "s".into() };
    let revision = world.host.room.stored_sequence();
    let sent = |op: Delta| ClientMessage::Op(SentOp { id: 7, revision, op });
    let many_values = format!(r#"{{"type":"op","id":7,"revision":1,"op":[{}1]}}"#, "[],".repeat(5_000)).into_bytes();
    let messages = [Form::Json, Form::Binary].into_iter().flat_map(|form| {
        [replacing(201), Delta::new().with_insert(&"x".repeat(60_000))].map(|op| sent(op).encode(form))
    });
    for (at, message) in messages.chain([many_values]).enumerate() {
        let connection = 1_000 + at as u64;
        let form = merganser::ot::form_of(&message);
        world.host.connect_ot(connection, Rights::Write);
        world.host.receive(connection, &ClientMessage::Open { subject: subject(), from: None }.encode(form));
        world.host.run_store();
        let before = world.host.room.meters().operations;
        world.host.receive(connection, &message);
        world.host.run_store();
        let heard = world.host.said.drain(..).filter(|(to, _)| *to == connection);
        let errors: Vec<_> = heard
            .filter_map(|(_, heard)| match heard {
                Heard::Message(message) => Some(ServerMessage::decode(&message).unwrap()),
                _ => None,
            })
            .filter_map(|message| match message {
                ServerMessage::Error { code, id, .. } => Some((code, id)),
                _ => None,
            })
            .collect();
        assert_eq!(errors, [("too-large".into(), 7)], "message {at}");
        assert_eq!(world.host.room.meters().operations, before);
    }
    let body = format!(r#"{{"epoch":"1","revision":1,"session":"s","id":1,"op":[{}1]}}"#, "[],".repeat(5_000));
    world.host.request(2_000, Rights::Write, subject(), Request::Edit(body.as_bytes()));
    world.host.run_store();
    assert!(world.host.said.iter().any(|(_, heard)| matches!(heard, Heard::Answer(413, _))));
}

/// To move many steps past many changes is as if these were not kept: who is behind gets the content, and sends what it did anew.
#[test]
fn a_large_edit_far_behind_is_made_anew() {
    let mut world = World::new(RoomConfig::default());
    let [slow, quick] = [0; 2].map(|_| opened(&mut world, Form::Binary));
    world.edit_as_follower(quick, &Delta::new().with_insert(&"ab".repeat(300)));
    world.run();
    world.edit_as_follower(slow, &replacing(300));
    for at in 0..200 {
        world.edit_as_follower(quick, &Delta::new().with_retain(at).with_insert("y"));
        let link = world.followers[quick].connection.unwrap();
        while world.deliver_up(link) {}
        world.host.run_store();
        world.collect();
        while world.deliver_down(link) {}
    }
    let contents = world.followers[slow].contents;
    // Its operation arrives only now.
    world.run();
    let [slow, quick] = [slow, quick].map(|of| &world.followers[of]);
    assert_eq!(slow.editor, quick.editor);
    assert!(slow.client.is_synchronised());
    assert_eq!(slow.editor.text().matches('y').count(), 200);
    assert_eq!(slow.editor.text().matches('x').count(), 300);
    assert!(slow.contents > contents);
}
