//! What waking costs: bytes read and CPU time for a room that wakes from a stored document and takes one edit.

#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use flate2::read::GzDecoder;
use merganser::archive::{MemoryStore, Store};
use merganser::lib0::write_var_uint;
use merganser::sync::{Durability, Effect, Rights, Room, RoomConfig};
use merganser::update::encode_state_vector;
use merganser::{ClientId, Doc, Options, StateVector};
use room_world::Message;
use serde_json::Value as Json;
use std::time::{Duration, Instant};

/// A host that carries everything out at once and counts what is read.
struct Counting {
    store: MemoryStore,
    bytes_read: usize,
    rows_read: usize,
    messages: usize,
    bytes_sent: usize,
    turns: usize,
}

impl Counting {
    fn new() -> Counting {
        Counting { store: MemoryStore::default(), bytes_read: 0, rows_read: 0, messages: 0, bytes_sent: 0, turns: 0 }
    }

    /// Carries out what the room asks for, and calls it again for work that was too much for one turn.
    fn carry_out(&mut self, room: &mut Room) {
        while self.carry_out_turn(room) {
            self.turns += 1;
            room.tick(0);
        }
    }

    /// Whether the room asks for another turn.
    fn carry_out_turn(&mut self, room: &mut Room) -> bool {
        let mut goes_on = false;
        while let Some(effect) = room.next_effect() {
            match effect {
                Effect::Read { token, keys } => {
                    let rows = self.store.read(keys).unwrap();
                    self.rows_read += rows.len();
                    self.bytes_read += rows.iter().map(|(_, row)| row.len()).sum::<usize>();
                    room.rows(token, Ok(rows), 0);
                }
                Effect::Write { token, rows } => room.written(token, self.store.write(&rows), 0),
                Effect::Send { to, message, .. } => {
                    self.messages += to.len();
                    self.bytes_sent += to.len() * message.len();
                }
                Effect::Close { code, .. } => panic!("closed with {code}"),
                Effect::CallAt { at_ms } => goes_on = at_ms == Some(0),
                Effect::Attach { .. } | Effect::WakeAt { .. } | Effect::Respond { .. } => {}
            }
        }
        goes_on
    }

    /// Opens the room, lets somebody send this, and stores it. The room, and how long that took.
    fn wake(&mut self, config: RoomConfig, messages: &[Vec<u8>]) -> (Room, Duration) {
        let begun = Instant::now();
        let mut room = Room::open(config, 1);
        room.connect(1, Rights::Write, 0);
        for message in messages {
            room.receive(1, message, 0);
        }
        self.carry_out(&mut room);
        (room, begun.elapsed())
    }
}

/// Writes a document edit by edit through a room, each session with a client id of its own; the last replica.
fn write_document(host: &mut Counting, sessions: impl Iterator<Item = Vec<(u32, u32, String)>>) -> Doc {
    let mut room = Room::open(RoomConfig::default(), 1);
    room.connect(1, Rights::Write, 0);
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    for (number, edits) in sessions.enumerate() {
        let state = doc.encode_state_as_update(&StateVector::default());
        doc = Doc::new(Options::new(ClientId::from(0x9e37_79b9_u32.wrapping_mul(number as u32 + 1))));
        doc.apply_update(&state).unwrap();
        let text = doc.text("t");
        for (at, deleted, inserted) in edits {
            let mut transaction = doc.transact();
            if deleted > 0 {
                text.delete(&mut transaction, at, deleted).unwrap();
            }
            if !inserted.is_empty() {
                text.insert(&mut transaction, at, &inserted).unwrap();
            }
            if let Some(update) = transaction.commit().update_v1() {
                room.receive(1, Message::Update(update).encode(), 0);
                host.carry_out(&mut room);
            }
        }
    }
    doc
}

#[test]
fn the_cost_of_waking_does_not_grow_with_the_document() {
    let mut read = Vec::new();
    for sessions in [10, 40] {
        let mut host = Counting::new();
        let line = |session: u32, n: u32| ((n * 7919 + session) % (1 + session * 100), 0, format!("line {n} of it\n"));
        let mut doc = write_document(&mut host, (0..sessions).map(|s| (0..200).map(|n| line(s, n)).collect()));
        let stored = host.store.size().1;
        (host.bytes_read, host.rows_read) = (0, 0);
        let text = doc.text("t");
        let mut transaction = doc.transact();
        text.insert(&mut transaction, 0, "one edit").unwrap();
        let update = transaction.commit().update_v1().unwrap();
        let (room, _) = host.wake(RoomConfig::default(), &[Message::Update(update).encode()]);
        assert_eq!(room.meters().updates_new, 1);
        println!("{stored} bytes stored: {} bytes and {} rows read", host.bytes_read, host.rows_read);
        read.push((stored, host.bytes_read));
    }
    assert!(read[1].0 > read[0].0 * 3, "{read:?}");
    // At most a journal that is about to be folded, the page that it is folded into, and a manifest.
    assert!(read.iter().all(|(_, bytes)| *bytes < 100_000), "{read:?}");
}

/// An edit of a client with an id of its own in the text "t": some letters behind what the client before it wrote, one of
/// which it deletes.
fn edit_of_its_own(client: u32, before: Option<u32>) -> Vec<u8> {
    let mut update = vec![1, 1];
    write_var_uint(&mut update, client.into());
    update.push(0);
    match before {
        None => update.extend([4, 1, 1, b't']),
        Some(before) => {
            update.push(0x84);
            write_var_uint(&mut update, before.into());
            update.push(4);
        }
    }
    update.extend([5, b'w', b'o', b'r', b'd', b's', 1]);
    write_var_uint(&mut update, client.into());
    update.extend([1, 2, 1]);
    update
}

/// Ids that many clients drew, each another one.
fn drawn_id(number: u32) -> u32 {
    number.wrapping_add(1).wrapping_mul(0x9e37_79b9)
}

/// A document that many clients have written in.
fn written_by(clients: u32) -> Counting {
    let config = RoomConfig { durability: Durability::Window { ms: u64::MAX / 2 }, ..RoomConfig::default() };
    let mut host = Counting::new();
    let mut room = Room::open(config, 1);
    room.connect(1, Rights::Write, 0);
    for number in 0..clients {
        let update = edit_of_its_own(drawn_id(number), number.checked_sub(1).map(drawn_id));
        room.receive(1, Message::Update(update).encode(), 0);
        host.carry_out(&mut room);
    }
    room.flush(0);
    host.carry_out(&mut room);
    let meters = room.meters();
    let rows = meters.rows_written as f64 / meters.flushes as f64;
    println!(
        "{clients} clients: {:?} rows and bytes stored, {rows:.2} rows for each flush, all of which fold",
        host.store.size()
    );
    host
}

#[test]
fn the_cost_of_waking_does_not_grow_with_the_number_of_clients() {
    for clients in [1_000, 20_000] {
        let mut host = written_by(clients);
        (host.bytes_read, host.rows_read) = (0, 0);
        let update = edit_of_its_own(7, Some(drawn_id(clients - 1)));
        let (room, _) = host.wake(RoomConfig::default(), &[Message::Update(update).encode()]);
        assert_eq!(room.meters().updates_new, 1);
        println!("{clients} clients: {} bytes and {} rows read", host.bytes_read, host.rows_read);
        // The manifest, the last base page, and of each the row that says what is known of the client.
        assert!(host.rows_read <= 5 && host.bytes_read < 200_000, "{} rows, {} bytes", host.rows_read, host.bytes_read);
        drop(room);
        // Who comes back is compared with all of it, by what the manifest says of each row.
        type Lacks = fn(u32, u32) -> bool;
        let newest: (Lacks, usize) = (|number, clients| number == clients - 1, 7);
        let each_tenth: (Lacks, usize) = (|number, _| number % 10 == 0, 100);
        for (lacks, most_rows) in [newest, each_tenth] {
            let vector = (0..clients).filter(|number| !lacks(*number, clients));
            let vector = vector.map(|number| (ClientId::from(drawn_id(number)), 5)).collect::<StateVector>();
            (host.messages, host.bytes_sent, host.rows_read, host.turns) = (0, 0, 0, 0);
            let step_1 = Message::Step1(encode_state_vector(&vector)).encode();
            let (room, _) = host.wake(RoomConfig::default(), &[step_1]);
            assert_eq!(room.meters().updates_refused, 0);
            assert!(host.messages >= 2, "it is told what it lacks");
            println!("{clients} clients: {} rows read for one who comes back", host.rows_read);
            assert!(host.rows_read <= most_rows, "{} rows", host.rows_read);
            assert!(clients < 20_000 || most_rows < 100 || host.turns > 0, "not all in one turn");
        }
    }
}

/// Run with `cargo test --release -p merganser --test room_wake -- --ignored --nocapture`, the traces' folder in
/// `MERGANSER_TRACES`.
#[test]
#[ignore = "a measurement"]
fn waking_from_automerge_paper() {
    let Some(folder) = std::env::var_os("MERGANSER_TRACES") else {
        println!("SKIPPED: MERGANSER_TRACES does not name a folder with editing traces");
        return;
    };
    let path = std::path::PathBuf::from(folder).join("sequential/automerge-paper.json.gz");
    let trace: Json = serde_json::from_reader(GzDecoder::new(std::fs::File::open(path).unwrap())).unwrap();
    let edits: Vec<(u32, u32, String)> = trace["txns"]
        .as_array()
        .unwrap()
        .iter()
        .flat_map(|transaction| transaction["patches"].as_array().unwrap())
        .map(|patch| {
            let number = |at: usize| patch[at].as_u64().unwrap() as u32;
            (number(0), number(1), patch[2].as_str().unwrap().to_string())
        })
        .collect();
    let mut host = Counting::new();
    let begun = Instant::now();
    let mut doc = write_document(&mut host, edits.chunks(5_000).map(<[_]>::to_vec));
    println!("{} edits, each stored by itself: {:?}", edits.len(), begun.elapsed());
    println!("stored: {:?} rows and bytes", host.store.size());

    let text = doc.text("t");
    let len = text.len(&doc);
    let mut edit = |at: u32, deleted: u32, inserted: &str| {
        let mut transaction = doc.transact();
        if deleted > 0 {
            text.delete(&mut transaction, at, deleted).unwrap();
        }
        if !inserted.is_empty() {
            text.insert(&mut transaction, at, inserted).unwrap();
        }
        Message::Update(transaction.commit().update_v1().unwrap()).encode()
    };
    let letter = edit(len / 2, 0, "x");
    let deletion = edit(len / 3, 40, "");
    let paste = edit(len / 4, 0, &"a larger paste of some text ".repeat(2_000));
    let vector = Message::Step1(doc.encode_state_vector()).encode();
    let whole = Message::Step2(doc.encode_state_as_update(&StateVector::default())).encode();
    let window = RoomConfig { durability: Durability::Window { ms: 20_000 }, ..RoomConfig::default() };
    let cases: [(&str, RoomConfig, Vec<Vec<u8>>); 6] = [
        ("a letter, within a window", window, vec![letter.clone()]),
        ("a letter, stored", RoomConfig::default(), vec![letter]),
        ("a deletion of old text, stored", RoomConfig::default(), vec![deletion]),
        ("56 KB pasted, folded", RoomConfig::default(), vec![paste]),
        ("who was away comes back, its answer the whole document", RoomConfig::default(), vec![vector, whole]),
        ("a fresh client joins", RoomConfig::default(), vec![Message::Step1(vec![0]).encode()]),
    ];
    println!("| waking and | median ms | most ms | rows read | KB read | KB sent |\n|---|---|---|---|---|---|");
    for (name, config, messages) in cases {
        let mut times = Vec::new();
        let mut last = Counting::new();
        for _ in 0..51 {
            last = Counting { store: host.store.clone(), ..Counting::new() };
            times.push(last.wake(config, &messages).1);
        }
        times.sort();
        let ms = |time: Duration| time.as_secs_f64() * 1e3;
        println!(
            "| {name} | {:.2} | {:.2} | {} | {:.0} | {:.0} |",
            ms(times[25]),
            ms(times[50]),
            last.rows_read,
            last.bytes_read as f64 / 1e3,
            last.bytes_sent as f64 / 1e3
        );
        assert!(times[25] < Duration::from_millis(15), "{name}: {:?}", times[25]);
    }
}
