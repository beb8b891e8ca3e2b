//! The table: every engine in every row of work, in time, instructions or memory. Writes `benches/results/`.

use anyhow::Result;
use clap::{Args, Parser, Subcommand};
use merganser_benches::allocator::Counting;
use merganser_benches::row::Inputs;
use merganser_benches::table::{Measure, Selection, race, run, write_instructions, write_memory, write_speed};
use merganser_benches::trace;

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Measures Merganser beside other engines. `MERGANSER_TRACES` names the folder of the editing traces.
#[derive(Parser)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Times, turn by turn in one process a row; writes `speed.md` and the curves.
    Speed(Rows),
    /// Instructions, counted by callgrind; writes `instructions.md`.
    Instructions {
        #[command(flatten)]
        rows: Rows,
        /// Only Merganser's column: the others stay as they are.
        #[arg(long)]
        own: bool,
    },
    /// Allocations, heap and bytes; writes `memory.md`.
    Memory(Rows),
    /// One row by all peers, turn by turn, in this process; prints JSON. `speed` calls this one.
    Race {
        /// The row's name.
        row: String,
    },
    /// One row by one peer, once, in this process. The other commands call this one.
    Run {
        /// The row's name.
        row: String,
        /// The peer's name.
        peer: String,
        /// What to measure.
        #[arg(value_enum, default_value = "time")]
        measure: Measure,
    },
}

#[derive(Args)]
struct Rows {
    /// Only rows whose name contains this; they are printed and not written.
    #[arg(long)]
    only: Option<String>,
    /// The rows that take minutes, too.
    #[arg(long)]
    long: bool,
}

impl From<Rows> for Selection {
    fn from(rows: Rows) -> Selection {
        Selection { only: rows.only, long: rows.long }
    }
}

fn main() -> Result<()> {
    let command = Cli::parse().command;
    let Some(folder) = trace::folder() else { return Ok(()) };
    let inputs = Inputs::new(folder);
    match command {
        Command::Speed(rows) => write_speed(&rows.into()),
        Command::Instructions { rows, own } => write_instructions(&rows.into(), own),
        Command::Memory(rows) => write_memory(&rows.into()),
        Command::Race { row } => race(&inputs, &row),
        Command::Run { row, peer, measure } => run(&inputs, &row, &peer, measure),
    }
}
