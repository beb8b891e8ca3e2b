//! Measures operational transformation: the algebra beside quill-delta in Node and the crate `operational-transform`, and
//! what an operation costs in a room. Writes `benches/results/ot.md`.

use anyhow::{Context, Result, ensure};
use merganser::archive::{MemoryStore, Store};
use merganser::ot::{Attributes, ClientMessage, Delta, Form, Op, SentOp, ServerMessage, Subject};
use merganser::sync::{Effect, Message, Rights, Room, RoomConfig};
use merganser::{ClientId, Doc, Options};
use merganser_benches::measure::{compare, once};
use merganser_benches::report::machine;
use merganser_benches::trace::{self, Trace};
use operational_transform::OperationSeq;
use std::fmt::Write;
use std::io::Write as _;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

const HEAD: &str = "# Operational transformation

Written by `cargo run --release -p merganser-benches --bin ot` (`npm ci` in `engine/tests/yjs-oracle` first; the room's rows
need `MERGANSER_TRACES`). Times of the crate are the median processor time of n turns in one process, with the median
ratio, and the smallest and greatest in brackets. quill-delta runs in Node right afterwards, on the same operations: least
time of 15 rounds after warming up, by the clock, beside our median. Its `transform` gives one operation, that of the crate
both: ours is called once and twice.

";

/// An operation of about so many steps over a text of so many units.
fn made(steps: u32, seed: u32, rich: bool) -> Delta {
    let mut state = seed;
    let mut below = |limit: u32| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 8) % limit
    };
    let bold: Attributes = [("bold".into(), merganser::Any::Bool(true))].into_iter().collect();
    let mut op = Delta::new();
    while op.step_count() < steps as usize {
        op.retain(1 + below(9), &Attributes::NONE);
        match below(3) {
            0 => op.delete(1 + below(3)),
            1 if rich => op.retain(1 + below(4), &bold),
            _ => op.insert(
                ["a", "duck", "\u{e9}"][below(3) as usize],
                if rich && below(4) == 0 { &bold } else { &Attributes::NONE },
            ),
        }
    }
    op
}

/// The same for the crate, which wants the whole text to be covered. It counts characters, as we do here: all are one unit.
fn as_sequence(op: &Delta, base: u64) -> OperationSeq {
    let mut sequence = OperationSeq::default();
    for step in op.ops() {
        match step {
            Op::Retain { len, .. } => sequence.retain(len.into()),
            Op::Delete { len } => sequence.delete(len.into()),
            Op::Insert { text, .. } => sequence.insert(text),
            Op::Embed { .. } => {}
        }
    }
    sequence.retain(base - op.base_len());
    sequence
}

struct Case {
    name: String,
    calls: u32,
    a: Delta,
    b: Delta,
    next: Delta,
}

fn cases() -> Vec<Case> {
    let case = |steps: u32, rich: bool, calls| {
        let name = format!("{steps} steps{}", if rich { ", formats" } else { "" });
        Case { name, calls, a: made(steps, 1, rich), b: made(steps, 2, rich), next: made(steps, 3, rich) }
    };
    vec![
        case(2, false, 20_000),
        case(1_000, false, 200),
        case(1_000, true, 200),
        case(100_000, false, 2),
        case(100_000, true, 2),
    ]
}

fn repeat<T>(calls: u32, work: impl Fn() -> T) -> impl FnMut() {
    move || (0..calls).for_each(|_| drop(std::hint::black_box(work())))
}

fn algebra(text: &mut String) -> Result<()> {
    let cases = cases();
    let quill = quill(&cases)?;
    text.push_str("## The algebra\n\n| operations | work | ours | operational-transform | times faster | quill-delta | times faster |\n|---|---|--:|--:|--:|--:|--:|\n");
    for (case, quill) in cases.iter().zip(quill.as_array().context("answers")?) {
        let Case { name, calls, a, b, next } = case;
        let nanoseconds = |time: Duration| time.as_nanos() as f64 / f64::from(*calls);
        let mut row = |work: &str, once: f64, pair: Option<merganser_benches::measure::Pair>, quill: f64| {
            let theirs = pair.map_or("| |".to_string(), |pair| {
                let (least, most) = pair.spread();
                format!(
                    "{:.0} ns | {:.1} ({least:.1} to {most:.1}), n {}",
                    nanoseconds(pair.theirs()),
                    pair.ratio(),
                    pair.turns()
                )
            });
            let _infallible =
                writeln!(text, "| {name} | {work} | {once:.0} ns | {theirs} | {quill:.0} ns | {:.0} |", quill / once);
        };
        let ours = |work: &dyn Fn() -> Delta| nanoseconds(compare(repeat(*calls, work), || ()).ours());
        let transform = ours(&|| a.transform(b, true));
        let compose = ours(&|| a.compose(next).expect("no pairs are cut"));
        let (mut transforms, mut composes) = (None, None);
        if a.is_plain() {
            let base = a.base_len().max(b.base_len()) + 10;
            let (first, second) = (as_sequence(a, base), as_sequence(b, base));
            let between = (base as i64 + a.change_len()) as u64;
            let then = as_sequence(next, between.max(next.base_len()));
            ensure!(first.transform(&second).is_ok(), "operations of one text");
            transforms = Some(compare(
                repeat(*calls, || (a.transform(b, true), b.transform(a, false))),
                repeat(*calls, || first.transform(&second)),
            ));
            if next.base_len() <= between {
                ensure!(first.compose(&then).is_ok(), "operations that follow each other");
                composes = Some(compare(repeat(*calls, || a.compose(next)), repeat(*calls, || first.compose(&then))));
            }
        }
        let least = |of: &str| quill[of]["least"].as_f64().unwrap_or(f64::NAN);
        row("transform", transform, transforms, least("transform"));
        row("compose", compose, composes, least("compose"));
    }
    Ok(())
}

/// The times of quill-delta.
fn quill(cases: &[Case]) -> Result<serde_json::Value> {
    let asked: Vec<_> =
        cases.iter().map(|of| serde_json::json!({"a": of.a, "b": of.b, "next": of.next, "calls": of.calls})).collect();
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("ot/quill.mjs");
    let mut node = Command::new("node").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    node.stdin.take().context("a pipe")?.write_all(serde_json::to_string(&asked)?.as_bytes())?;
    let told = node.wait_with_output()?;
    ensure!(told.status.success(), "quill-delta could not be timed: is it installed in engine/tests/yjs-oracle?");
    Ok(serde_json::from_slice(&told.stdout)?)
}

/// A host that carries out all that a room asks for.
struct Host {
    room: Room,
    store: MemoryStore,
    said: Vec<(u64, std::sync::Arc<[u8]>)>,
    attachments: std::collections::BTreeMap<u64, Vec<u8>>,
}

impl Host {
    fn open(config: RoomConfig, store: MemoryStore, stamp: u64) -> Host {
        let mut host =
            Host { room: Room::open(config, stamp), store, said: Vec::new(), attachments: Default::default() };
        host.carry_out();
        host
    }

    fn carry_out(&mut self) {
        while let Some(effect) = self.room.next_effect() {
            match effect {
                Effect::Read { token, keys } => {
                    let rows = self.store.read(keys);
                    self.room.rows(token, rows, 1);
                }
                Effect::Write { token, rows } => {
                    let outcome = self.store.write(&rows);
                    self.room.written(token, outcome, 1);
                }
                Effect::Send { to, message, .. } => self.said.extend(to.into_iter().map(|to| (to, message.clone()))),
                Effect::Attach { connection, bytes } => drop(self.attachments.insert(connection, bytes)),
                Effect::Close { code, reason, .. } => panic!("closed with {code}: {reason}"),
                Effect::Respond { .. } | Effect::CallAt { .. } | Effect::WakeAt { .. } => {}
            }
        }
    }

    fn receive(&mut self, connection: u64, message: &[u8]) {
        self.room.receive(connection, message, 1);
        self.carry_out();
    }
}

fn keystroke(id: u64, revision: u64, at: u32) -> Vec<u8> {
    ClientMessage::Op(SentOp { id, revision, op: Delta::new().with_retain(at).with_insert("x") }).encode(Form::Json)
}

/// A document as its writer's client leaves it in the rows: the trace, in updates of a hundred edits.
fn stored(trace: &Trace, config: RoomConfig) -> Result<MemoryStore> {
    let mut host = Host::open(config, MemoryStore::with_limits(config.host), 1);
    host.room.connect(1, Rights::Write, 1);
    let mut doc = Doc::new(Options::new(ClientId::from(7)));
    let text = doc.text("note");
    for edits in trace.patches.chunks(100) {
        let mut transaction = doc.transact();
        for edit in edits {
            if edit.deleted > 0 {
                text.delete(&mut transaction, edit.position, edit.deleted)?;
            }
            text.insert(&mut transaction, edit.position, &edit.inserted)?;
        }
        if let Some(update) = transaction.commit().update_v1() {
            host.receive(1, &Message::Update(&update).encode());
        }
    }
    host.room.disconnect(1, 1);
    host.carry_out();
    Ok(host.store)
}

fn rooms(text: &mut String) -> Result<()> {
    let Some(folder) = trace::folder() else {
        println!("SKIPPED: MERGANSER_TRACES does not name a folder, so no room was measured");
        return Ok(());
    };
    let trace = Trace::read(&folder, "automerge-paper")?;
    let config = RoomConfig { incarnation: 1, ..RoomConfig::default() };
    let store = stored(&trace, config)?;
    let subject = Subject { root: "note".into(), is_rich: false, session: "bench".into() };
    let open = ClientMessage::Open { subject, from: None }.encode(Form::Json);
    let mut host = Host::open(config, store.clone(), 2);
    host.room.connect_ot(1, Rights::Write, 1);
    let opening = once(|| host.receive(1, &open));
    let Ok(ServerMessage::Content { mut revision, content, .. }) = ServerMessage::decode(&host.said.remove(0).1) else {
        anyhow::bail!("no content")
    };
    let mut warm = Vec::new();
    for id in 1..=10_000 {
        let message = keystroke(id, revision, content.len() as u32 / 2 + id as u32 % 50);
        warm.push(once(|| host.receive(1, &message)));
        let Ok(ServerMessage::Ack { revision: now, .. }) =
            ServerMessage::decode(&host.said.pop().context("an answer")?.1)
        else {
            anyhow::bail!("no acknowledgement")
        };
        revision = now;
    }
    warm.sort();
    let meters = host.room.meters();
    // A room with a window hibernates, and its follower stays.
    let window = merganser::sync::Durability::Window { ms: 20_000 };
    let windowed = RoomConfig { durability: window, ..config };
    let mut awake = Host::open(windowed, store, 3);
    awake.room.connect_ot(1, Rights::Write, 1);
    awake.receive(1, &open);
    awake.receive(1, &keystroke(1, revision.min(awake.room_revision()), 10));
    let mut cold = Vec::new();
    for id in 2..=40 {
        let (store, attachments) = (awake.store.clone(), awake.attachments.clone());
        let at = awake.room_revision();
        let message = keystroke(id, at, 10);
        let mut next = None;
        cold.push(once(|| {
            let mut host =
                Host { room: Room::open(windowed, 4), store, said: Vec::new(), attachments: Default::default() };
            for (connection, attachment) in &attachments {
                host.room.resume(*connection, attachment, 1);
            }
            host.carry_out();
            host.receive(1, &message);
            next = Some(host);
        }));
        awake = next.context("a host")?;
        awake.attachments.extend(attachments.into_iter().filter(|(of, _)| *of != 1));
        let told = ServerMessage::decode(&awake.said.last().context("an answer")?.1);
        ensure!(matches!(told, Ok(ServerMessage::Ack { .. })), "operation {id} was not acknowledged");
    }
    cold.sort();
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    text.push_str("\n## A room on the automerge-paper document\n\nJSON messages; rows are written to a store in memory. Processor time.\n\n| work | median | most | n |\n|---|--:|--:|--:|\n");
    writeln!(
        text,
        "| a keystroke in a warm room, from message to acknowledgement | {:.3} ms | {:.3} ms | {} |",
        ms(warm[warm.len() / 2]),
        ms(warm[warm.len() - 1]),
        warm.len()
    )?;
    writeln!(
        text,
        "| a keystroke that wakes the room: rows read, document built, edit stored | {:.2} ms | {:.2} ms | {} |",
        ms(cold[cold.len() / 2]),
        ms(cold[cold.len() - 1]),
        cold.len()
    )?;
    writeln!(text, "| opening the text in a room that nobody follows | {:.2} ms | | 1 |", ms(opening))?;
    writeln!(
        text,
        "\nMemory of the revision log: {:.0} bytes for each of {} keystrokes.",
        meters.history_bytes as f64 / meters.history_changes as f64,
        meters.history_changes
    )?;
    Ok(())
}

impl Host {
    /// The revision that the follower was told last.
    fn room_revision(&self) -> u64 {
        let revision = self.said.iter().rev().find_map(|(_, message)| match ServerMessage::decode(message) {
            Ok(ServerMessage::Content { revision, .. } | ServerMessage::Ack { revision, .. }) => Some(revision),
            _ => None,
        });
        revision.unwrap_or(0)
    }
}

fn main() -> Result<()> {
    let mut text = format!("{HEAD}{}\n", machine());
    algebra(&mut text)?;
    rooms(&mut text)?;
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/ot.md");
    std::fs::write(&path, &text).with_context(|| format!("writing {}", path.display()))?;
    print!("{text}");
    Ok(())
}
