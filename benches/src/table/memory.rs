//! The tables of allocations, heap and bytes. Each figure is from a process of its own.

use super::cell::{Cell, head, line};
use super::contender::contenders;
use super::trial::{Measure, Outcome, Told, trial};
use super::{Selection, publish};
use crate::report::whole;
use crate::row::{Row, Target};
use anyhow::Result;

const HEAD: &str = "# Allocations, heap and bytes

Written by `cargo run --release -p merganser-benches --features rivals --bin table -- memory`. Each figure is from one run in a
process of its own, with an allocator that counts. *Allocations* are calls of alloc and realloc in the measured part; *live
heap* is what that part allocated and what its outcome still holds, with the text; *peak* is the most that was live in
between. *Bytes* is what comes out: a document or an update. A peer that isn't done after 15 s (60 s in the rows of `--long`)
is stopped; an empty cell: the peer can't do it.
";

/// One of the figures of a run, its target, and whether a row has it at all.
struct Figure {
    title: &'static str,
    of: fn(&Told) -> Option<f64>,
    target: fn(&Target, ours: &Told) -> Option<f64>,
}

const FIGURES: [Figure; 4] = [
    Figure {
        title: "live heap, bytes",
        of: |told| Some(told.live_bytes.max(0) as f64),
        target: |target, _| target.live_bytes,
    },
    Figure {
        title: "peak, bytes",
        of: |told| Some(told.peak_bytes.max(0) as f64),
        target: |target, ours| target.live_bytes.map(|_| 1.3 * ours.live_bytes as f64),
    },
    Figure { title: "allocations", of: |told| Some(told.allocations as f64), target: |target, _| target.allocations },
    Figure { title: "bytes", of: |told| told.bytes.map(|bytes| bytes as f64), target: |target, _| target.bytes },
];

/// Fills the tables.
///
/// # Errors
/// Processes that can't be started, results that can't be written.
pub fn write_memory(selection: &Selection) -> Result<()> {
    let mut bodies = FIGURES.map(|figure| format!("## {}\n\n{}", figure.title, head("work")));
    for row in selection.rows() {
        let outcomes = contenders().map(|contender| trial(&row, &contender, Measure::Heap, row.limit()));
        let outcomes: Vec<Outcome> = outcomes.into_iter().collect::<Result<_>>()?;
        for (body, figure) in bodies.iter_mut().zip(&FIGURES) {
            *body += &line_of(figure, &row, &outcomes);
        }
        eprintln!("{}", row.name);
    }
    publish(selection, "memory.md", HEAD, &bodies.join("\n"))
}

/// A line of one of the tables; empty if no peer has the figure.
fn line_of(figure: &Figure, row: &Row, outcomes: &[Outcome]) -> String {
    let cell = |outcome: &Outcome| match outcome {
        Outcome::Done(told) => {
            (figure.of)(told).map_or(Cell::Without(Outcome::Unsupported), |number| Cell::Figure(number, whole(number)))
        }
        without => Cell::Without(without.clone()),
    };
    let cells: Vec<Cell> = outcomes.iter().map(cell).collect();
    if cells.iter().all(|cell| cell.figure().is_none()) {
        return String::new();
    }
    let target = match &outcomes[0] {
        Outcome::Done(ours) => (figure.target)(&row.target, ours),
        _ => None,
    };
    line(&row.name, target, &target.map_or_else(String::new, whole), &cells)
}
