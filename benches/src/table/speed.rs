//! The table of times. Each peer first does a row once in a process of its own; whoever is done in time then does it turn
//! by turn with the others in one process, that of the row.

use super::cell::{Cell, head, line};
use super::contender::{Contender, contenders};
use super::plot;
use super::trial::{Measure, Outcome, Told, row_of, trial};
use super::{Selection, publish};
use crate::measure::Times;
use crate::peer::{Jumprope, Peer, Yrs};
use crate::report::digits;
use crate::row::{Inputs, Row};
use crate::work::Work;
use anyhow::{Context, Result, ensure};
use std::collections::HashMap;
use std::process::{Command, Stdio};

const HEAD: &str = "# Times

Written by `cargo run --release -p merganser-benches --features rivals --bin table -- speed`. A row's peers run in one process,
turn by turn, so that a machine that changes its speed changes it for all. Each row has a process of its own: in one that has
done a hundred rows before, the same work was seen to take up to twice as long, ours and others'. A cell has the least processor
time of up to 15 turns, and in brackets the median and the most; one number alone is a single turn, of a peer that takes seconds.
A peer that isn't done after 15 s (60 s in the rows of `--long`), with what it prepares, is stopped. In milliseconds for the
whole row, except where it says µs: there for one edit. An empty cell: the peer can't do it. The text at the end of every row is
checked.

*Target* is what is to be reached; relative ones are worked out from this run. cola's operations are structs in memory, nothing
is decoded; cola and the ropes know no formats, types or delete sets; diamond-types keeps no order. y-octo tells of no single
edit's update. *Checkpoint* is what opens fastest with the full history: for us the checkpoint, for Loro its snapshot, for the
others the update itself.
*Load* includes reading the text. *Crowd*: so many clients type 100 characters at one place, received client by client.
";

/// So much processor time a peer has in a row.
const BUDGET_SECONDS: f64 = 1.5;
/// A peer whose one turn takes longer has only that of its trial.
const ONE_TURN_SECONDS: f64 = 4.0;
const TURNS_AT_LEAST: usize = 3;
const TURNS_AT_MOST: usize = 15;

/// A peer that takes part in a row's turns.
struct Racer {
    column: usize,
    work: Box<dyn Work>,
    turns: usize,
    times: Times,
}

/// Fills the table and draws the curves.
///
/// # Errors
/// Processes that can't be started or fail, results that can't be written.
pub fn write_speed(selection: &Selection) -> Result<()> {
    let mut body = head("work");
    let mut lines = HashMap::new();
    let mut points = Vec::new();
    for row in selection.rows() {
        let cells = raced(&row)?;
        let (target, shown) = target(&row, &cells, &lines);
        body += &line(&shown_name(&row), target, &shown, &cells);
        if let Some((curve, at)) = row.curve {
            points.push((curve, at, cells.iter().map(Cell::figure).collect()));
        }
        lines.insert(row.name, cells[0].figure());
    }
    if selection.only.is_none() {
        plot::draw(&points)?;
        body += plot::LINKS;
    }
    publish(selection, "speed.md", HEAD, &body)
}

fn shown_name(row: &Row) -> String {
    if row.each { format!("{}, µs an edit", row.name) } else { row.name.clone() }
}

/// All peers in one row, in a process of its own.
fn raced(row: &Row) -> Result<Vec<Cell>> {
    let child = Command::new(std::env::current_exe()?).args(["race", &row.name]).stderr(Stdio::inherit()).output()?;
    ensure!(child.status.success(), "the row {:?} fails", row.name);
    let cells: Vec<Cell> = serde_json::from_slice(&child.stdout).context("what a row's process told")?;
    eprintln!("{}: {}", row.name, cells.iter().map(Cell::shown).collect::<Vec<_>>().join(" | "));
    Ok(cells)
}

/// Has all peers do the work of one row in this process, turn by turn, and prints their cells.
///
/// # Errors
/// A name that doesn't exist, traces that can't be read, processes that can't be started.
pub fn race(inputs: &Inputs, row: &str) -> Result<()> {
    println!("{}", serde_json::to_string(&measure(inputs, &row_of(row)?)?)?);
    Ok(())
}

fn measure(inputs: &Inputs, row: &Row) -> Result<Vec<Cell>> {
    let contenders = contenders();
    let trials = contenders.iter().map(|contender| trial(row, contender, Measure::Time, row.limit()));
    let outcomes: Vec<Outcome> = trials.collect::<Result<_>>()?;
    let mut racers = Vec::new();
    for (column, (contender, outcome)) in contenders.iter().zip(&outcomes).enumerate() {
        racers.extend(racer(inputs, row, column, contender, outcome)?);
    }
    for turn in 0..TURNS_AT_MOST {
        for racer in racers.iter_mut().filter(|racer| turn < racer.turns) {
            racer.work.set_up();
            racer.times.add(|| racer.work.run());
            racer.work.clear();
        }
    }
    let mut cells: Vec<Cell> = outcomes.into_iter().map(|outcome| alone(row, outcome)).collect();
    for racer in racers {
        let [least, median, most] = [racer.times.least(), racer.times.median(), racer.times.most()]
            .map(|time| in_unit(row, time.as_secs_f64()));
        let shown = format!("{} ({}, {})", digits(least), digits(median), digits(most));
        cells[racer.column] = Cell::Figure(least, shown);
    }
    Ok(cells)
}

fn racer(inputs: &Inputs, row: &Row, column: usize, contender: &Contender, outcome: &Outcome) -> Result<Option<Racer>> {
    match outcome {
        Outcome::Done(told) if told.seconds_in_all <= ONE_TURN_SECONDS => {
            let turns = (BUDGET_SECONDS / told.seconds_in_all.max(1e-6)) as usize;
            let work = contender.work(row.kind, inputs)?.ok().context("it could do it before")?;
            let turns = turns.clamp(TURNS_AT_LEAST, TURNS_AT_MOST);
            Ok(Some(Racer { column, work, turns, times: Times::default() }))
        }
        Outcome::Failed(said) => {
            eprintln!("{} fails: {said}", contender.name);
            Ok(None)
        }
        _ => Ok(None),
    }
}

/// What a trial alone gives.
fn alone(row: &Row, outcome: Outcome) -> Cell {
    match outcome {
        Outcome::Done(Told { seconds, .. }) => {
            let time = in_unit(row, seconds);
            Cell::Figure(time, digits(time))
        }
        without => Cell::Without(without),
    }
}

/// Seconds in the unit of the row.
fn in_unit(row: &Row, seconds: f64) -> f64 {
    if row.each { seconds * 1e6 / row.edits as f64 } else { seconds * 1e3 }
}

/// The target in the unit of the row, and how it is shown. `before` are our figures in the rows before.
fn target(row: &Row, cells: &[Cell], before: &HashMap<String, Option<f64>>) -> (Option<f64>, String) {
    let of = |name: &str| {
        let column = contenders().iter().position(|contender| contender.name == name)?;
        cells[column].figure()
    };
    let target = &row.target;
    let twin = row.twin.as_ref().and_then(|twin| *before.get(twin)?);
    let relative = [
        (target.jumprope, of(Jumprope::NAME), "x jumprope"),
        (target.twin, twin, "x the twin"),
        (target.yrs.map(|times| 1.0 / times), of(Yrs::NAME), "x yrs"),
    ];
    if let Some(time) = target.time {
        return (Some(time), digits(time));
    }
    let known = relative.into_iter().find_map(|(times, than, words)| Some((times?, than?, words)));
    known.map_or((None, String::new()), |(times, than, words)| {
        (Some(times * than), format!("{} ({times} {words})", digits(times * than)))
    })
}
