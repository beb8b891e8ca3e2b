//! A room built without the feature `followers` turns clients without an engine away, and serves all others.
#![cfg(not(feature = "followers"))]

use merganser::archive::records::{AttachmentRecord, FollowerRecord};
use merganser::ot::Subject;
use merganser::sync::{Effect, Request, Rights, Room, RoomConfig, close};

const STAMP: u64 = 5;

fn subject() -> Subject {
    Subject { root: "t".into(), is_rich: false, session: "".into() }
}

/// Whom the room closed with which code, and whom it answered with which status.
fn turned_away(room: &mut Room) -> Vec<(u64, u16)> {
    let ended = |effect| match effect {
        Effect::Close { connection, code, .. } => Some((connection, code)),
        Effect::Respond { connection, status, .. } => Some((connection, status)),
        _ => None,
    };
    std::iter::from_fn(|| room.next_effect()).filter_map(ended).collect()
}

#[test]
fn clients_without_an_engine_are_turned_away() {
    let mut room = Room::open(RoomConfig::default(), STAMP);
    let attachment = AttachmentRecord { follower: Some(FollowerRecord::default()), ..AttachmentRecord::default() };
    room.resume(1, &attachment.encode(), 0);
    room.connect_ot(2, Rights::Write, 0);
    room.stream(3, Rights::Read, subject(), None, 0);
    room.request(4, Rights::Write, subject(), Request::Content, 0);
    room.connect(5, Rights::Write, 0);
    let code = close::NO_FOLLOWERS.code;
    assert_eq!(turned_away(&mut room), [(1, code), (2, code), (3, code), (4, 501)]);
    assert_eq!(room.meters().connections, 1);
}
