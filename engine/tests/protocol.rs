//! Conformance `sync`: messages that a y-websocket server gets, and what it says; and the frames themselves.

mod notation;

use merganser::awareness::Awareness;
use merganser::sync::{Message, answer, step_1};
use merganser::update::{Content, Struct, Update};
use merganser::{ClientId, Doc, ErrorKind, IdSet, Options};
use notation::{bytes, define, id_set, joined, run_cases, state_vector, tree};
use serde_json::{Value as Json, json};

/// The ids in an update and the ids that it deletes; what it holds as collected counts as deleted, listed or not.
fn contents(update: &[u8]) -> Json {
    let read = Update::parse_v1(update).unwrap();
    let ids = |of: &Struct| (of.id.client, of.id.clock..of.end());
    let structs: IdSet = read.structs.iter().filter(|of| of.content != Content::Skip).map(ids).collect();
    let collected = read.structs.iter().filter(|of| of.content == Content::Gc).map(ids);
    json!([id_set(&structs), id_set(&read.deletes.iter().cloned().chain(collected).collect())])
}

/// A frame, with the ids that its update holds instead of its bytes.
fn shown(frame: &[u8]) -> Json {
    match Message::decode(frame).unwrap() {
        Message::Step1(vector) => json!(["step 1", vector]),
        Message::Step2(update) => json!(["step 2", contents(update)]),
        Message::Update(update) => json!(["update", contents(update)]),
        Message::Awareness(update) => json!(["awareness", update]),
        other => panic!("no server sends {other:?}"),
    }
}

fn run(case: &Json) -> Result<(), String> {
    let client = ClientId::new(case["serverClient"].as_u64().unwrap());
    let mut doc = Doc::new(Options::new(client));
    let mut awareness = Awareness::new(client, 0);
    awareness.set_local_state(None, 0).unwrap();
    let roots: Vec<_> = case["roots"].as_array().unwrap().iter().map(|root| define(&mut doc, root)).collect();
    doc.apply_update(&bytes(&case["init"])).map_err(|error| format!("init refused: {error}"))?;
    let expect = &case["expect"];
    if step_1(&doc) != bytes(&expect["hello"]) {
        return Err("the first message differs".into());
    }
    let messages = case["messages"].as_array().unwrap();
    for (index, (message, step)) in messages.iter().zip(expect["steps"].as_array().unwrap()).enumerate() {
        let ours = answer(&mut doc, &mut awareness, &bytes(message), 0).map_err(|error| error.to_string())?;
        doc.assert_invariants();
        let reply = step["reply"].as_str().map(|_| bytes(&step["reply"]));
        if ours.reply.as_deref().map(shown) != reply.as_deref().map(shown) {
            return Err(format!("message {index}: reply {:?}, theirs {:?}", ours.reply, reply));
        }
        let broadcast: Vec<Json> = ours.broadcast.as_deref().map(shown).into_iter().collect();
        let theirs: Vec<Json> =
            step["broadcast"].as_array().unwrap().iter().map(|frame| shown(&bytes(frame))).collect();
        if broadcast != theirs {
            return Err(format!("message {index}: broadcast {broadcast:?}, theirs {theirs:?}"));
        }
    }
    let same = |what: &str, ours: Json, theirs: &Json| match ours == *theirs {
        true => Ok(()),
        false => Err(format!("{what}: ours {ours}, theirs {theirs}")),
    };
    same("state vector", state_vector(&doc.state_vector()), &expect["state"]["sv"])?;
    same("delete set", id_set(&doc.delete_set()), &expect["state"]["ds"])?;
    for (name, root) in &roots {
        same(name, joined(&tree(&doc, root)), &joined(&expect["state"]["roots"][name]["tree"]))?;
    }
    Ok(())
}

#[test]
fn messages_are_answered_as_in_y_protocols() {
    run_cases("sync", run);
}

#[test]
fn frames_are_read_as_they_are_written() {
    for (message, frame) in [
        (Message::Step1(&[0]), &[0, 0, 1, 0][..]),
        (Message::Step2(&[0, 0]), &[0, 1, 2, 0, 0]),
        (Message::Update(&[0, 0]), &[0, 2, 2, 0, 0]),
        (Message::Awareness(&[0]), &[1, 1, 0]),
        (Message::PermissionDenied("no"), &[2, 0, 2, b'n', b'o']),
        (Message::QueryAwareness, &[3]),
        (Message::Other(300), &[0xac, 0x02]),
    ] {
        assert_eq!(message.encode(), frame);
        assert_eq!(Message::decode(frame), Ok(message));
    }
    assert_eq!(Message::decode(&[2, 7, 1]), Ok(Message::Other(2)));
}

#[test]
fn malformed_frames_are_refused() {
    for (frame, kind) in [
        (&[][..], ErrorKind::UnexpectedEnd),
        (&[0], ErrorKind::UnexpectedEnd),
        (&[0, 3, 0], ErrorKind::UnknownTag),
        (&[0, 0, 5, 1], ErrorKind::UnexpectedEnd),
        (&[0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f], ErrorKind::UnexpectedEnd),
        (&[0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f], ErrorKind::NumberTooLarge),
        (&[0, 2, 0, 0], ErrorKind::TrailingBytes),
        (&[3, 0], ErrorKind::TrailingBytes),
        (&[2, 0, 1, 0xff], ErrorKind::NotUtf8),
    ] {
        assert_eq!(Message::decode(frame).map_err(|error| error.kind), Err(kind), "{frame:?}");
    }
}

#[test]
fn a_query_is_answered_with_what_everybody_shows() {
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let mut awareness = Awareness::new(ClientId::from(1), 0);
    let theirs = Awareness::new(ClientId::from(2), 0);
    let mut theirs_later = theirs.clone();
    let changes = theirs_later.set_local_state(Some("{\"n\":1}"), 0).unwrap();
    let frame = Message::Awareness(&theirs_later.encode_update(changes.all())).encode();
    let relayed = answer(&mut doc, &mut awareness, &frame, 0).unwrap();
    assert_eq!(relayed.broadcast.as_deref(), Some(&frame[..]));
    assert_eq!(answer(&mut doc, &mut awareness, &frame, 0).unwrap(), Default::default(), "nothing new");
    let reply = answer(&mut doc, &mut awareness, &[3], 0).unwrap().reply.unwrap();
    assert_eq!(reply, [&[1, 16, 2, 1, 0, 2, b'{', b'}', 2, 1, 7][..], b"{\"n\":1}"].concat());
}
