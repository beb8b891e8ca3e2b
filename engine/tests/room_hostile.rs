//! Hostile messages: their sender is closed or ignored; the document, the other clients and the host go on.

mod notation;
#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use merganser::lib0::{write_bytes, write_string, write_var_uint};
use merganser::sync::{Durability, Limits, Rights, RoomConfig};
use notation::{bytes, cases};
use room_world::{Heard, Message, Random, Replica, World, awareness_update, seeds};
use std::time::{Duration, Instant};

/// What any message may take, in a debug build on a machine that does other things, too: more is a hang.
const LONGEST: Duration = Duration::from_secs(10);
const MODES: [Durability; 2] = [Durability::BeforeBroadcast, Durability::Window { ms: 20_000 }];

/// Two honest clients and whoever attacks them.
struct Siege {
    world: World,
    writer: usize,
    reader: usize,
    attackers: u64,
    /// How many attackers were closed.
    closed: usize,
}

impl Siege {
    fn new(durability: Durability, limits: Limits) -> Siege {
        let mut world = World::new(RoomConfig { durability, limits, ..RoomConfig::default() });
        // Its id is one that no random bytes hit.
        let writer = world.add(Replica::ours(3_141_592_653), Rights::Write);
        let reader = world.add(Replica::ours(2_718_281_828), Rights::Write);
        world.connect(writer);
        world.connect(reader);
        world.insert(writer, 0, "an honest text ");
        world.run();
        world.take_heard(reader);
        Siege { world, writer, reader, attackers: 0, closed: 0 }
    }

    /// Somebody connects and sends this; the code with which it was closed, if it was.
    fn attack(&mut self, messages: &[Vec<u8>]) -> Option<u16> {
        self.attackers += 1;
        let connection = 1_000_000 + self.attackers;
        let host = &mut self.world.host;
        host.connect(connection, Rights::Write);
        let before = host.room.meters();
        let begun = Instant::now();
        messages.iter().for_each(|message| host.receive(connection, message));
        host.run_store();
        while host.take_turn() {
            host.run_store();
        }
        assert!(begun.elapsed() < LONGEST, "{:?}", begun.elapsed());
        let code = host.said.iter().find_map(|(to, heard)| match heard {
            Heard::Close(code) if *to == connection => Some(*code),
            _ => None,
        });
        let after = host.room.meters();
        if code == Some(4400) && messages.len() == 1 {
            assert_eq!(after.updates_new, before.updates_new, "nothing of a malformed message is taken");
            assert_eq!(after.pending_bytes, before.pending_bytes);
            assert_eq!(after.messages_out, before.messages_out, "nothing of it is passed on");
        }
        self.closed += usize::from(code.is_some());
        host.disconnect(connection);
        self.world.run();
        code
    }

    /// The honest clients work as before.
    #[track_caller]
    fn assert_unharmed(&mut self) {
        let Siege { world, writer, reader, .. } = self;
        world.insert(*writer, 0, "still ");
        world.run();
        for client in [*writer, *reader] {
            assert_eq!(world.clients[client].closed_with, [0; 0]);
            world.clients[client].replica.assert_whole();
        }
        assert!(world.text(*reader).contains("still "));
        let vectors = [*writer, *reader].map(|client| world.clients[client].replica.state_vector());
        assert_eq!(vectors[0], vectors[1]);
        let joiner = world.add(Replica::ours(2), Rights::Write);
        let connection = world.connect(joiner);
        world.run();
        assert!(world.clients[joiner].is_synced());
        assert_eq!(world.clients[joiner].replica.state_vector(), vectors[0]);
        world.cut(connection, 0);
        world.run();
        world.clients.truncate(joiner);
        assert!(world.host.room.meters().pending_bytes <= world.host.config.limits.pending_bytes);
    }
}

fn update(bytes: &[u8]) -> Vec<u8> {
    Message::Update(bytes.to_vec()).encode()
}

#[test]
fn the_conformance_cases_do_no_harm() {
    for mode in MODES {
        let mut siege = Siege::new(mode, Limits::default());
        for (number, case) in cases("hostile").iter().enumerate() {
            let input = bytes(&case["input"]);
            let message = match case["target"].as_str().unwrap() {
                "stateVector" => Message::Step1(input).encode(),
                "awareness" => Message::Awareness(input).encode(),
                "sync" => [&[0], &input[..]].concat(),
                _ if number % 2 == 0 => Message::Step2(input).encode(),
                _ => update(&input),
            };
            siege.world.host.checks_invariants = number % 10 == 0;
            siege.attack(&[message]);
            if number % 100 == 0 {
                siege.assert_unharmed();
            }
        }
        siege.assert_unharmed();
        assert!(siege.closed > 1_000, "{} of them were refused", siege.closed);
    }
}

#[test]
fn random_bytes_do_no_harm() {
    for seed in seeds(4) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut Random::new(seed);
        let mut siege = Siege::new(MODES[seed as usize % 2], Limits::default());
        for _ in 0..500 {
            let mut message: Vec<u8> = (0..random.below(60)).map(|_| random.below(256) as u8).collect();
            // Half of them begin as a message does, with the right length.
            if random.chance(50) {
                let body = core::mem::take(&mut message);
                message.extend(*random.one_of(&[&[0, 0][..], &[0, 1], &[0, 2], &[1], &[2, 0], &[3]]));
                write_bytes(&mut message, &body);
            }
            siege.attack(&[message]);
        }
        siege.assert_unharmed();
    }
}

#[test]
fn mutated_messages_do_no_harm() {
    for seed in seeds(6) {
        println!("seed {seed} (repeat with MERGANSER_SEED={seed})");
        let random = &mut Random::new(seed);
        let mut siege = Siege::new(MODES[seed as usize % 2], Limits::default());
        let mut author = Replica::ours(20 + seed as u32);
        let mut known = vec![Message::Awareness(awareness_update(&[(5, 1, "{\"a\":1}")])).encode()];
        for _ in 0..600 {
            if let Some(edit) = author.edit(random) {
                known.push(update(&edit));
                known.push(Message::Step2(author.encode_since(&[0])).encode());
                known.push(Message::Step1(author.state_vector_bytes()).encode());
            }
            let mut message = random.one_of(&known).clone();
            mutate(&mut message, random);
            siege.attack(&[message]);
        }
        siege.assert_unharmed();
        assert!(siege.closed > 50, "{} of them were refused", siege.closed);
    }
}

/// Changes, cuts, doubles or moves some bytes; most often the lengths in front are made right again.
fn mutate(message: &mut Vec<u8>, random: &mut Random) {
    let head = if message[0] == 1 { 1 } else { 2 };
    let mut body = match Message::decode(message) {
        Message::Step1(body) | Message::Step2(body) | Message::Update(body) | Message::Awareness(body) => body,
        Message::Denied(_) | Message::QueryAwareness => return,
    };
    for _ in 0..1 + random.below(3) {
        if body.is_empty() {
            break;
        }
        let at = random.below(body.len());
        match random.below(6) {
            0 => body[at] ^= 1 << random.below(8),
            1 => body[at] = random.below(256) as u8,
            2 => body.truncate(at),
            3 => body.insert(at, *random.one_of(&[0, 1, 0x7f, 0x80, 0xff])),
            4 => {
                body.remove(at);
            }
            _ => {
                let piece = body[at..(at + 1 + random.below(9)).min(body.len())].to_vec();
                let to = random.below(body.len());
                body.splice(to..to, piece);
            }
        }
    }
    message.truncate(head);
    if random.chance(5) {
        message.extend(body);
    } else {
        write_bytes(message, &body);
    }
}

#[test]
fn messages_that_are_not_whole_are_refused() {
    let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
    let whole = update(&Replica::ours(50).insert(0, "a whole edit"));
    for len in 0..whole.len() {
        assert_eq!(siege.attack(&[whole[..len].to_vec()]), Some(4400), "{len} bytes of it");
    }
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(siege.attack(&[longer]), Some(4400), "a byte behind the end");
    assert_eq!(siege.attack(&[vec![0, 3, 0]]), Some(4400), "an unknown sync message");
    assert_eq!(siege.attack(&[vec![77, 1, 2, 3]]), None, "a message of another kind is ignored");
    siege.assert_unharmed();
}

#[test]
fn announced_lengths_are_not_believed() {
    let huge = [0xff, 0xff, 0xff, 0xff, 0x0f];
    let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
    let inputs: [Vec<u8>; 6] = [
        vec![0xff, 0xff, 0xff, 0x7a],
        huge.to_vec(),
        [&[1], &huge[..], &[1, 0]].concat(),
        [&[0], &huge[..]].concat(),
        [&[1, 1, 1, 0, 8, 1, 1, b't'], &huge[..]].concat(),
        [&[1, 1, 1, 0, 4, 1, 1, b't'], &huge[..]].concat(),
    ];
    for input in inputs {
        for message in [Message::Step1, Message::Step2, Message::Update, Message::Awareness] {
            assert_eq!(siege.attack(&[message(input.clone()).encode()]), Some(4400), "{input:?}");
        }
    }
    siege.assert_unharmed();
}

#[test]
fn deep_nesting_is_refused() {
    let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
    for depth in [3_000, 1_000_000] {
        // `any` arrays of one array each; JSON arrays as an embed; JSON as an awareness state.
        let mut any = vec![1, 1, 60, 0, 8, 1, 1, b't', 1];
        any.extend([117, 1].repeat(depth));
        any.extend([117, 0, 0]);
        assert_eq!(siege.attack(&[update(&any)]), Some(4400));
        let json = "[".repeat(depth) + &"]".repeat(depth);
        let mut embed = vec![1, 1, 60, 0, 5, 1, 1, b't'];
        write_string(&mut embed, &json);
        embed.push(0);
        // It may be found to be too large before it is found to be too deep.
        assert!(matches!(siege.attack(&[update(&embed)]), Some(4400 | 4414)));
        let state = Message::Awareness(awareness_update(&[(9, 1, &json)])).encode();
        assert!(matches!(siege.attack(&[state]), Some(4400 | 4422)));
    }
    siege.assert_unharmed();
}

#[test]
fn many_updates_that_wait_do_not_slow_down_the_others() {
    let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
    let mut author = Replica::ours(60);
    author.insert(0, "never sent");
    siege.world.host.checks_invariants = false;
    let waiting: Vec<Vec<u8>> = (0..3_000).map(|_| update(&author.insert(0, "x"))).collect();
    siege.attack(&waiting);
    let begun = Instant::now();
    siege.assert_unharmed();
    assert!(begun.elapsed() < LONGEST);
}

#[test]
fn a_delete_set_of_many_unknown_clients_is_bounded() {
    let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
    let mut deletes = vec![0];
    write_var_uint(&mut deletes, 100_000);
    for client in 0..100_000 {
        write_var_uint(&mut deletes, 1_000_000 + client);
        deletes.extend([1, 0, 1]);
    }
    assert_eq!(siege.attack(&[update(&deletes)]), Some(4420));
    siege.assert_unharmed();
}

#[test]
fn structs_without_units_are_not_passed_on() {
    let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
    // A deleted run of no units behind a real one.
    let input = [1, 2, 60, 0, 4, 1, 1, b't', 1, b'x', 0x81, 60, 0, 0, 0];
    siege.attack(&[update(&input)]);
    let heard = siege.world.take_heard(siege.reader);
    let [Message::Update(passed_on)] = &heard[..] else { panic!("{heard:?}") };
    assert_eq!(passed_on[..], [1, 1, 60, 0, 4, 1, 1, b't', 1, b'x', 0]);
    siege.assert_unharmed();
}

#[test]
fn items_that_could_never_be_applied_do_not_reach_anybody() {
    let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
    // Its origin is itself; Yjs would throw for ever.
    let own_origin = [1, 1, 60, 0, 0x84, 60, 0, 1, b'x', 0];
    assert_eq!(siege.attack(&[update(&own_origin)]), Some(4400));
    // Its origin is of a client that nobody knows: it waits here and reaches nobody.
    let unknown_origin = [1, 1, 60, 0, 0x84, 61, 0, 1, b'x', 0];
    assert_eq!(siege.attack(&[update(&unknown_origin)]), None);
    assert_eq!(siege.world.take_heard(siege.reader), []);
    siege.assert_unharmed();
}

#[test]
fn steps_1_again_and_again_cost_no_memory_and_stop_nobody() {
    let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
    let mut vector = Vec::new();
    write_var_uint(&mut vector, 20_000);
    for client in 0..20_000 {
        write_var_uint(&mut vector, 1_000_000 + client);
        vector.push(1);
    }
    let steps = vec![Message::Step1(vector).encode(); 20];
    assert_eq!(siege.attack(&steps), None);
    let steps = vec![Message::Step1(vec![0]).encode(); 500];
    assert_eq!(siege.attack(&steps), None);
    siege.assert_unharmed();
}

#[test]
fn deletes_in_any_order_take_no_longer() {
    for order in ["descending", "between"] {
        let mut siege = Siege::new(Durability::BeforeBroadcast, Limits::default());
        let ranges: u64 = 200_000;
        let mut text = vec![1, 1, 60, 0, 4, 1, 1, b't'];
        write_string(&mut text, &"x".repeat(4 * ranges as usize));
        text.push(0);
        let deletes = |starts: &mut dyn Iterator<Item = u64>| {
            let mut update = vec![0, 1, 60];
            write_var_uint(&mut update, ranges);
            for start in starts {
                write_var_uint(&mut update, start);
                update.push(1);
            }
            Message::Update(update).encode()
        };
        siege.world.host.checks_invariants = false;
        // Only the room is looked at here: nobody else is there.
        siege.world.links().into_iter().for_each(|connection| siege.world.cut(connection, 0));
        siege.world.run();
        siege.attack(&[update(&text)]);
        if order == "descending" {
            siege.attack(&[deletes(&mut (0..ranges).rev().map(|n| 4 * n))]);
        } else {
            siege.attack(&[deletes(&mut (0..ranges).map(|n| 4 * n))]);
            siege.attack(&[deletes(&mut (0..ranges).map(|n| 4 * n + 2))]);
        }
        assert!(siege.world.host.room.meters().rows_written > 0);
    }
}
