//! Measures formatted text in Merganser and yrs side by side and writes the table `benches/RICH_TEXT.md`.

use anyhow::{Context, Result};
use merganser_benches::allocator::{self, Counting};
use merganser_benches::measure::compare;
use merganser_benches::report::{heap_rows, machine, space_row, speed_row};
use merganser_benches::rich::{Merganser, Rich, Yrs, document, formats, made};
use std::path::Path;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const HEAD: &str = "# Formatted text: Merganser beside yrs

Written by `cargo run --release -p merganser-benches --bin rich`. Both engines run in one process, turn by turn; a time is
the median processor time of n turns, a ratio is the median of the turns' ratios with the smallest and the greatest in
brackets. Take the ratios: times depend on the machine. The document is made up: sentences in paragraphs, about every
third run of them formatted.

- *apply delta*: the document is inserted as one delta into an empty text.
- *to delta*: the document is read back.
- *format*, *insert*, *edit*: so many edits at random places of a loaded document, each a transaction of its own: a format
  set or taken away; a word with a format; a delta that retains, inserts a word and deletes a character. The time includes
  loading the document, which *load* tells.
";

const EDITS: usize = 1_000;

fn main() -> Result<()> {
    let mut speed =
        String::from("| document | work | Merganser | yrs | times faster | n |\n|---|---|--:|--:|--:|--:|\n");
    let mut space = String::from("| document | what | Merganser | yrs | Merganser / yrs |\n|---|---|--:|--:|--:|\n");
    for (name, bytes) in [("100 KB", 100_000), ("1 MB", 1_000_000)] {
        measure(name, bytes, &mut speed, &mut space);
    }
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("RICH_TEXT.md");
    let text = format!("{HEAD}\n{}\n## Speed\n\n{speed}\n## Space\n\n{space}", machine());
    std::fs::write(&path, &text).with_context(|| format!("writing {}", path.display()))?;
    print!("{text}");
    Ok(())
}

fn measure(name: &str, bytes: usize, speed: &mut String, space: &mut String) {
    let runs = document(bytes);
    let len = runs.iter().map(|(text, _)| text.len() as u32).sum();
    let edits = formats(EDITS, len);
    let (ours, our_heap) = allocator::count(|| made::<Merganser>(|rich| rich.apply_delta(&runs)));
    let (theirs, their_heap) = allocator::count(|| made::<Yrs>(|rich| rich.apply_delta(&runs)));
    let (our_state, their_state) = (ours.encode(), theirs.encode());
    eprintln!("{name}: {} runs, deltas of {} and {} ops", runs.len(), ours.delta_len(), theirs.delta_len());
    let mut time = |work: &str, pair| speed_row(speed, name, work, &pair);
    let load_ours = || made::<Merganser>(|rich| rich.load(&our_state));
    let load_theirs = || made::<Yrs>(|rich| rich.load(&our_state));
    let deltas =
        compare(|| made::<Merganser>(|rich| rich.apply_delta(&runs)), || made::<Yrs>(|rich| rich.apply_delta(&runs)));
    time("apply delta", deltas);
    time("to delta", compare(|| ours.delta_len(), || theirs.delta_len()));
    time("load", compare(load_ours, load_theirs));
    time("encode", compare(|| ours.encode(), || theirs.encode()));
    let edited = |edit: fn(&mut Merganser, &[_]), theirs: fn(&mut Yrs, &[_])| {
        let ours = || {
            let mut rich = load_ours();
            edit(&mut rich, &edits);
            rich
        };
        let theirs = || {
            let mut rich = load_theirs();
            theirs(&mut rich, &edits);
            rich
        };
        compare(ours, theirs)
    };
    time(&format!("{EDITS} formats"), edited(Merganser::format, Yrs::format));
    time(&format!("{EDITS} inserts"), edited(Merganser::insert, Yrs::insert));
    time(&format!("{EDITS} edits"), edited(Merganser::edit, Yrs::edit));
    space_row(space, name, "encoded, bytes", our_state.len(), their_state.len());
    heap_rows(space, name, "apply delta", our_heap, their_heap);
    let our_heap = allocator::count(load_ours).1;
    heap_rows(space, name, "load", our_heap, allocator::count(load_theirs).1);
}
