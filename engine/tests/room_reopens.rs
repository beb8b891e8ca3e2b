//! A room that was stored before its first fold is opened again.

use merganser::archive::{MemoryStore, Store};
use merganser::sync::{Effect, Rights, Room, RoomConfig};

/// Carries out what the room asks for and returns the codes of the connections that it closed.
fn carry_out(room: &mut Room, store: &mut MemoryStore) -> Vec<u16> {
    let mut closed = Vec::new();
    while let Some(effect) = room.next_effect() {
        match effect {
            Effect::Read { token, keys } => room.rows(token, store.read(keys), 0),
            Effect::Write { token, rows } => room.written(token, store.write(&rows), 0),
            Effect::Close { code, .. } => closed.push(code),
            Effect::Send { .. } | Effect::Attach { .. } | Effect::CallAt { .. } => {}
        }
    }
    closed
}

#[test]
fn a_manifest_of_nothing_folded_is_read_again() {
    // An update message: client 1 inserts "a" into the text "t".
    let message = [0, 2, 11, 1, 1, 1, 0, 4, 1, 1, b't', 1, b'a', 0];
    let mut store = MemoryStore::default();
    for opened in 0..2 {
        let mut room = Room::open(RoomConfig::default(), 7);
        room.connect(1, Rights::Write, 0);
        room.receive(1, &message, 0);
        assert_eq!(carry_out(&mut room, &mut store), Vec::<u16>::new(), "time {opened}");
        assert_eq!(room.meters().updates_new, 1 - opened, "what is stored is known");
    }
}
