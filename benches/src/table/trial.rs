//! Work done once in a process of its own: what takes too long can be ended there, and what panics harms nothing.

use super::contender::{Contender, contenders};
use crate::allocator::{self, Heap};
use crate::measure::{once, tidy_heap};
use crate::row::{Inputs, Row, rows};
use anyhow::{Context, Result};
use merganser_instructions::callgrind::{Count, Failure, count, measured};
use merganser_instructions::process::output_within;
use serde::{Deserialize, Serialize};
use std::process::{Command, Stdio};
use std::time::Duration;

/// What is measured of one piece of work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum Measure {
    /// Processor time, and whether the outcome is right.
    Time,
    /// The heap.
    Heap,
    /// Nothing: callgrind counts from outside.
    Nothing,
}

/// What the process tells.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
pub struct Told {
    /// False if the peer can't do the row; the rest is then empty.
    pub is_supported: bool,
    /// Seconds of processor time.
    pub seconds: f64,
    /// The same with what was set up before, and the check.
    pub seconds_in_all: f64,
    /// Bytes on the heap afterwards.
    pub live_bytes: isize,
    /// Bytes at the peak.
    pub peak_bytes: isize,
    /// Calls of alloc and realloc.
    pub allocations: usize,
    /// Bytes that came out, if the row is about bytes.
    pub bytes: Option<usize>,
}

/// How a trial ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// With figures.
    Done(Told),
    /// The peer can't do it.
    Unsupported,
    /// It was ended after this time.
    TooLong(Duration),
    /// It panicked or came to a wrong outcome; what it said last.
    Failed(String),
}

/// The row of this name.
pub(super) fn row_of(name: &str) -> Result<Row> {
    rows().into_iter().find(|row| row.name == name).context("no such row")
}

/// Does the work of one row and one peer in this process and prints what is to be told.
///
/// # Errors
/// Names that don't exist, traces that can't be read, a wrong outcome.
pub fn run(inputs: &Inputs, row: &str, peer: &str, measure: Measure) -> Result<()> {
    let row = row_of(row)?;
    let contender = contenders().into_iter().find(|known| known.name == peer).context("no such peer")?;
    let Ok(mut work) = contender.work(row.kind, inputs)? else {
        println!("{}", serde_json::to_string(&Told::default())?);
        return Ok(());
    };
    let mut told = Told { is_supported: true, ..Told::default() };
    match measure {
        Measure::Time => {
            let mut outcome = Ok(());
            let in_all = once(|| {
                work.set_up();
                tidy_heap();
                told.seconds = once(|| work.run()).as_secs_f64();
                outcome = work.check();
            });
            told.seconds_in_all = in_all.as_secs_f64();
            told.bytes = work.bytes();
            outcome?;
        }
        Measure::Heap => {
            work.set_up();
            let ((), Heap { live_bytes, peak_bytes, allocations }) = allocator::count(|| work.run());
            told = Told { live_bytes, peak_bytes, allocations, ..told };
            work.check()?;
            told.bytes = work.bytes();
        }
        Measure::Nothing => {
            work.set_up();
            tidy_heap();
            measured(&mut || work.run());
        }
    }
    println!("{}", serde_json::to_string(&told)?);
    Ok(())
}

fn arguments<'a>(row: &'a Row, contender: &Contender, measure: &'a str) -> [&'a str; 4] {
    ["run", &row.name, contender.name, measure]
}

/// Has a process of its own do it.
pub(super) fn trial(row: &Row, contender: &Contender, measure: Measure, limit: Duration) -> Result<Outcome> {
    let measure = if measure == Measure::Heap { "heap" } else { "time" };
    let child = Command::new(std::env::current_exe()?)
        .args(arguments(row, contender, measure))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let Some(output) = output_within(child, limit)? else { return Ok(Outcome::TooLong(limit)) };
    if !output.status.success() {
        return Ok(failed(&output.stderr));
    }
    let told: Told = serde_json::from_slice(&output.stdout).context("what a trial told")?;
    Ok(if told.is_supported { Outcome::Done(told) } else { Outcome::Unsupported })
}

fn failed(said: &[u8]) -> Outcome {
    // Where, and why; what follows is how it came to be there.
    let said = String::from_utf8_lossy(said);
    let lines: Vec<&str> = said.lines().filter(|line| !line.is_empty()).take(2).collect();
    Outcome::Failed(lines.join(" "))
}

/// Beyond it work is not given to callgrind, under which it takes fifty times as long.
const LIMIT_WITHOUT_CALLGRIND: Duration = Duration::from_secs(3);

/// Has callgrind count it.
pub(super) fn counted(row: &Row, contender: &Contender, limit: Duration) -> Result<Result<Count, Outcome>> {
    match trial(row, contender, Measure::Time, LIMIT_WITHOUT_CALLGRIND)? {
        Outcome::Done(_) => {}
        without => return Ok(Err(without)),
    }
    let name = format!("merganser-table-{}-{}", std::process::id(), contender.name.replace(' ', "-"));
    let out = std::env::temp_dir().join(name);
    let counted = count(&std::env::current_exe()?, &arguments(row, contender, "nothing"), &out, limit);
    Ok(match counted {
        Ok(count) => Ok(count),
        Err(Failure::TooLong) => Err(Outcome::TooLong(limit)),
        Err(Failure::Failed(said)) => Err(failed(said.as_bytes())),
        Err(Failure::Io(error)) => return Err(error).context("starting valgrind"),
    })
}
