//! Measures Merganser and yrs side by side on the editing traces and writes the table `benches/RESULTS.md`.

use anyhow::{Context, Result, ensure};
use merganser_benches::allocator::{self, Counting, Heap};
use merganser_benches::measure::{Pair, compare};
use merganser_benches::peer::{Merganser, Peer, Yrs};
use merganser_benches::replay;
use merganser_benches::report::{heap_rows, machine, space_row, speed_row};
use merganser_benches::trace::{self, Trace};
use std::path::Path;

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
    heap_rows(space, &trace.name, "local", our_heap, their_heap);
    let our_heap = heap(|| replay::remote::<Merganser>(&updates));
    heap_rows(space, &trace.name, "remote, one by one", our_heap, heap(|| replay::remote::<Yrs>(&updates)));
    let our_heap = heap(|| replay::load::<Merganser>(&their_state));
    heap_rows(space, &trace.name, "load, as yrs encodes it", our_heap, heap(|| replay::load::<Yrs>(&their_state)));
    Ok(())
}

fn heap<T>(work: impl FnOnce() -> T) -> Heap {
    allocator::count(work).1
}
