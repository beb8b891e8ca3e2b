//! Measures Merganser and yrs side by side on the editing traces and writes the table `benches/RESULTS.md`.

use anyhow::{Context, Result, ensure};
use merganser_benches::allocator::{self, Counting, Heap};
use merganser_benches::measure::{Pair, compare};
use merganser_benches::peer::{Merganser, Peer, Yrs};
use merganser_benches::replay;
use merganser_benches::trace::{self, Trace};
use std::fmt::Write;
use std::path::Path;
use std::time::Duration;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const TRACES: [&str; 8] = [
    "automerge-paper",
    "rustcode",
    "sveltecomponent",
    "seph-blog1",
    "friendsforever_flat",
    "clownschool_flat",
    "json-crdt-patch",
    "json-crdt-blog-post",
];

const HEAD: &str = "# Merganser beside yrs

Written by `cargo run --release -p merganser-benches --bin table`; the traces are those of
[editing-traces](https://github.com/josephg/editing-traces). Both engines run in one process, turn by turn; a time is the
median processor time of n turns, a ratio is the median of the turns' ratios with the smallest and the greatest in
brackets. Take the ratios: times depend on the machine.

- *local*: every edit of the trace in a transaction of its own.
- *local, to updates*: the same, and the update (v1) of each is written.
- *remote, one by one*: each of these updates is applied to an empty document, in a transaction of its own. Both engines
  apply the same bytes, those that Merganser wrote.
- *encode*: the whole document as one update.
- *load*: that update is applied to an empty document: once as yrs encodes it, once as Merganser does; both engines
  load the same bytes.
- *live heap* is what the document holds after the work, *allocations* are calls of alloc and realloc meanwhile.
";

fn main() -> Result<()> {
    let Some(folder) = trace::folder() else { return Ok(()) };
    let mut speed = String::from("| trace | work | Merganser | yrs | times faster | n |\n|---|---|--:|--:|--:|--:|\n");
    let mut space = String::from("| trace | what | Merganser | yrs | Merganser / yrs |\n|---|---|--:|--:|--:|\n");
    for name in TRACES {
        let trace = Trace::read(&folder, name)?;
        eprintln!("{name}: {} edits", trace.patches.len());
        measure(&trace, &mut speed, &mut space)?;
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RESULTS.md");
    let text = format!("{HEAD}\n{}\n## Speed\n\n{speed}\n## Space\n\n{space}", machine());
    std::fs::write(&path, &text).with_context(|| format!("writing {}", path.display()))?;
    print!("{text}");
    Ok(())
}

/// Measures one trace and adds its rows to both tables.
fn measure(trace: &Trace, speed: &mut String, space: &mut String) -> Result<()> {
    let (ours, our_heap) = allocator::count(|| replay::local::<Merganser>(trace));
    let (theirs, their_heap) = allocator::count(|| replay::local::<Yrs>(trace));
    ensure!(ours.text() == trace.end && theirs.text() == trace.end, "a replay of {} ends elsewhere", trace.name);
    let updates = replay::updates::<Merganser>(trace);
    let received = [replay::remote::<Merganser>(&updates).text(), replay::remote::<Yrs>(&updates).text()];
    ensure!(received.iter().all(|text| *text == trace.end), "updates of {} end elsewhere", trace.name);
    let (our_state, their_state) = (ours.encode(), theirs.encode());
    let mut time = |work: &str, pair: Pair| {
        eprintln!("  {work}: {:.1} times faster, n = {}", pair.ratio(), pair.turns());
        speed_row(speed, &trace.name, work, &pair);
    };
    time("local", compare(|| replay::local::<Merganser>(trace), || replay::local::<Yrs>(trace)));
    time(
        "local, to updates",
        compare(|| replay::local_to_updates::<Merganser>(trace), || replay::local_to_updates::<Yrs>(trace)),
    );
    time("remote, one by one", compare(|| replay::remote::<Merganser>(&updates), || replay::remote::<Yrs>(&updates)));
    time("encode", compare(|| ours.encode(), || theirs.encode()));
    for (work, state) in [("load, as yrs encodes it", &their_state), ("load, as Merganser does", &our_state)] {
        time(work, compare(|| replay::load::<Merganser>(state), || replay::load::<Yrs>(state)));
    }
    drop((ours, theirs));
    space_row(space, &trace.name, "encoded, bytes", our_state.len(), their_state.len());
    heap_rows(space, trace, "local", our_heap, their_heap);
    let our_heap = heap(|| replay::remote::<Merganser>(&updates));
    heap_rows(space, trace, "remote, one by one", our_heap, heap(|| replay::remote::<Yrs>(&updates)));
    let our_heap = heap(|| replay::load::<Merganser>(&their_state));
    heap_rows(space, trace, "load, as yrs encodes it", our_heap, heap(|| replay::load::<Yrs>(&their_state)));
    Ok(())
}

fn speed_row(table: &mut String, trace: &str, work: &str, pair: &Pair) {
    let (least, most) = pair.spread();
    let (ours, theirs) = (milliseconds(pair.ours()), milliseconds(pair.theirs()));
    let ratio = pair.ratio();
    let _ = writeln!(
        table,
        "| {trace} | {work} | {ours} | {theirs} | **{}** ({} to {}) | {} |",
        rounded(ratio),
        rounded(least),
        rounded(most),
        pair.turns()
    );
}

fn space_row(table: &mut String, trace: &str, what: &str, ours: usize, theirs: usize) {
    let ratio = ours as f64 / theirs as f64;
    let _ = writeln!(table, "| {trace} | {what} | {} | {} | **{ratio:.2}** |", grouped(ours), grouped(theirs));
}

fn heap_rows(table: &mut String, trace: &Trace, work: &str, ours: Heap, theirs: Heap) {
    let bytes = |bytes: isize| bytes.max(0) as usize;
    for (what, ours, theirs) in [
        ("live heap after", bytes(ours.live_bytes), bytes(theirs.live_bytes)),
        ("heap at its peak during", bytes(ours.peak_bytes), bytes(theirs.peak_bytes)),
        ("allocations during", ours.allocations, theirs.allocations),
    ] {
        space_row(table, &trace.name, &format!("{what} *{work}*"), ours, theirs);
    }
}

fn heap<T>(work: impl FnOnce() -> T) -> Heap {
    allocator::count(work).1
}

/// Three digits that count.
fn rounded(number: f64) -> String {
    match number {
        _ if number >= 99.5 => format!("{number:.0}"),
        _ if number >= 9.95 => format!("{number:.1}"),
        _ => format!("{number:.2}"),
    }
}

fn milliseconds(time: Duration) -> String {
    let milliseconds = time.as_secs_f64() * 1e3;
    match milliseconds {
        _ if milliseconds >= 9_950.0 => format!("{:.1} s", milliseconds / 1e3),
        _ => format!("{} ms", rounded(milliseconds)),
    }
}

/// A number with a comma after each three digits.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let groups: Vec<&str> = digits.as_bytes().rchunks(3).rev().filter_map(|group| str::from_utf8(group).ok()).collect();
    groups.join(",")
}

/// One line about where this ran.
fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|pair| pair.1);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("Measured on {}, {cores} cores, with yrs 0.28.\n", model.unwrap_or("an unnamed processor"))
}
