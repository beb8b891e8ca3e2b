//! The table of instructions, counted by callgrind.

use super::cell::{Cell, head, line};
use super::contender::{Contender, contenders};
use super::trial::counted;
use super::{Selection, publish, results};
use crate::report::digits;
use crate::row::{Curve, Kind, Row};
use anyhow::{Context, Result};
use std::collections::BTreeMap;
use std::time::Duration;

const HEAD: &str = "# Instructions

Written by `cargo run --release -p merganser-benches --features rivals --bin table -- instructions` (valgrind must be
installed). Instructions of the measured part alone, as callgrind counts them, with libc, for each edit; for rows that do one
thing, such as loading, in all. No noise, but no caches either. A peer that takes more than 3 s without callgrind, with what it
prepares, or more than 2 minutes with it, is stopped; an empty cell: the peer can't do it.
";

/// Said behind it where only our column was counted.
const OWN: &str = "
Merganser's column is counted with `--own`, after the others', which are those of an earlier run.
";

const FILE: &str = "instructions.md";

const LIMIT: Duration = Duration::from_secs(120);

/// Fills the table; with `own` only our column of it, and the others stay as they are in the results.
///
/// # Errors
/// No valgrind, results that can't be read or written.
pub fn write_instructions(selection: &Selection, own: bool) -> Result<()> {
    let path = results().join(FILE);
    let before = match own {
        true => Some(std::fs::read_to_string(&path).with_context(|| format!("reading {}", path.display()))?),
        false => None,
    };
    let before = before.as_deref().map(columns_of_others);
    let mut counted_peers = contenders().to_vec();
    counted_peers.truncate(if own { 1 } else { counted_peers.len() });
    let mut body = head("work");
    let is_counted = |row: &Row| selection.only.is_some() || is_told(row);
    for row in selection.rows().into_iter().filter(is_counted) {
        let cells = cells(&row, &counted_peers)?;
        eprintln!("{}: {}", row.name, cells.iter().map(Cell::shown).collect::<Vec<_>>().join(" | "));
        let target = row.target.instructions;
        let shown_target = target.map_or_else(String::new, digits);
        body += &match &before {
            None => line(&row.name, target, &shown_target, &cells),
            Some(before) => {
                let others = before.get(&*row.name).copied().unwrap_or("|");
                let ours = line(&row.name, target, &shown_target, &cells);
                format!("{} {others}\n", ours.trim_end_matches(" |  |\n"))
            }
        };
    }
    let head = if own { [HEAD, OWN].concat() } else { HEAD.into() };
    publish(selection, FILE, &head, &body)
}

/// Of each row of a table the columns behind our own, by the row's name.
fn columns_of_others(table: &str) -> BTreeMap<&str, &str> {
    let rows = table.lines().filter_map(|line| {
        let cells = line.strip_prefix("| ")?;
        let mut parts = cells.match_indices(" | ");
        let name = &cells[..parts.next()?.0];
        let others = parts.nth(2)?.0;
        Some((name, &cells[others + 1..]))
    });
    rows.collect()
}

/// These peers in one row, as many at once as there are processors: what is counted doesn't depend on what else runs.
fn cells(row: &Row, contenders: &[Contender]) -> Result<Vec<Cell>> {
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    let cell = |contender: &Contender| {
        Ok(match counted(row, contender, LIMIT)? {
            Ok(count) => {
                let number = count.all as f64 / row.edits as f64;
                Cell::Figure(number, digits(number))
            }
            Err(outcome) => Cell::Without(outcome),
        })
    };
    let mut cells = Vec::new();
    for some in contenders.chunks(at_once) {
        let done: Vec<Result<Cell>> = std::thread::scope(|scope| {
            let threads: Vec<_> = some.iter().map(|contender| scope.spawn(move || cell(contender))).collect();
            threads.into_iter().map(|thread| thread.join().expect("no panic in a thread that waits")).collect()
        });
        cells.extend(done.into_iter().collect::<Result<Vec<Cell>>>()?);
    }
    Ok(cells)
}

/// Rows with a target, and those whose times are small or whose growth matters. Under callgrind the rest takes hours.
fn is_told(row: &Row) -> bool {
    let is_small_place = matches!(row.curve, Some((Curve::Pieces, pieces)) if pieces <= 100_000);
    let is_small_crowd = matches!(row.curve, Some((Curve::Crowd, clients)) if clients <= 1_000);
    let is_small = is_small_place || is_small_crowd;
    let is_wanted = row.target.instructions.is_some() || row.twin.is_some() || row.name.starts_with("map") || is_small;
    // yrs has to work for minutes to prepare what it wrote.
    is_wanted && !matches!(row.kind, Kind::LoadFromYrs(_))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_columns_of_others_are_found() {
        let table = "# Title\n\n| work | target | ours | reached | a | b |\n|---|--:|--:|---|--:|--:|\n\
                     | local, x | 4 | **9** | **no**, 2 x | 1 |  |\n| load |  | **9** |  | 3 | 4 |\n";
        let found = columns_of_others(table);
        assert_eq!((found["local, x"], found["load"]), ("| 1 |  |", "| 3 | 4 |"));
    }
}
