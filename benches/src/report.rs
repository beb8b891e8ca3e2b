//! Rows of the tables that the commands write.

use crate::allocator::Heap;
use crate::measure::Pair;
use std::fmt::Write;
use std::time::Duration;

/// A row about time: what was worked on, the work, both engines, the ratio with its spread, the number of turns.
pub fn speed_row(table: &mut String, what: &str, work: &str, pair: &Pair) {
    let (least, most) = pair.spread();
    let (ours, theirs) = (milliseconds(pair.ours()), milliseconds(pair.theirs()));
    let ratio = pair.ratio();
    let _ = writeln!(
        table,
        "| {what} | {work} | {ours} | {theirs} | **{}** ({} to {}) | {} |",
        rounded(ratio),
        rounded(least),
        rounded(most),
        pair.turns()
    );
}

/// A row about bytes or counts.
pub fn space_row(table: &mut String, of: &str, what: &str, ours: usize, theirs: usize) {
    let ratio = ours as f64 / theirs as f64;
    let _ = writeln!(table, "| {of} | {what} | {} | {} | **{ratio:.2}** |", grouped(ours), grouped(theirs));
}

/// Rows about what some work did to the heap.
pub fn heap_rows(table: &mut String, of: &str, work: &str, ours: Heap, theirs: Heap) {
    let bytes = |bytes: isize| bytes.max(0) as usize;
    for (what, ours, theirs) in [
        ("live heap after", bytes(ours.live_bytes), bytes(theirs.live_bytes)),
        ("heap at its peak during", bytes(ours.peak_bytes), bytes(theirs.peak_bytes)),
        ("allocations during", ours.allocations, theirs.allocations),
    ] {
        space_row(table, of, &format!("{what} *{work}*"), ours, theirs);
    }
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
pub fn machine() -> String {
    let info = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = info.lines().find_map(|line| line.strip_prefix("model name")?.split_once(": ")).map(|pair| pair.1);
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    format!("Measured on {}, {cores} cores, with yrs 0.28.\n", model.unwrap_or("an unnamed processor"))
}
