//! Runs the native server and the reference server in turn under the same load and prints what it cost each.

use anyhow::Result;
use clap::Parser;
use merganser_benches::load::{Crowd, Joins, Kind, Typed, join, type_together};
use merganser_benches::trace::{self, Trace};

/// Load on `merganser serve` and on `@y/websocket-server`.
#[derive(Parser)]
struct Arguments {
    /// Edits of each run in which clients type
    #[arg(long, default_value_t = 1_000)]
    edits: u32,
    /// Edits in a second, all clients together; several rates with commas
    #[arg(long, value_delimiter = ',', default_values_t = [250, 1_000])]
    rate: Vec<u32>,
    /// How often everything is run; the table has the medians
    #[arg(long, default_value_t = 3)]
    runs: usize,
    /// Only this server: merganser or reference
    #[arg(long, value_parser = parse_kind)]
    only: Option<Kind>,
}

fn parse_kind(name: &str) -> Result<Kind, String> {
    match name {
        "merganser" => Ok(Kind::Merganser),
        "reference" => Ok(Kind::Reference),
        _ => Err("merganser or reference".to_owned()),
    }
}

const JOINING_CLIENTS: u32 = 50;
const JOINED_TRACE: &str = "automerge-paper";

/// One thread for all clients: the server has the other processors for itself.
#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<()> {
    let arguments = Arguments::parse();
    let trace = trace::folder().map(|folder| Trace::read(&folder, JOINED_TRACE)).transpose()?;
    let kinds = match arguments.only {
        Some(kind) => vec![kind],
        None => vec![Kind::Merganser, Kind::Reference],
    };
    for kind in &kinds {
        kind.prepare()?;
    }
    println!("| load | server | CPU s | start and connects, CPU s | until all had all, ms | peak, MB | stored, KB |");
    println!("|---|---|--:|--:|--:|--:|--:|");
    let crowds = [(20, 5), (1, 50)].into_iter();
    for ((documents, clients), rate) in crowds.flat_map(|crowd| arguments.rate.iter().map(move |rate| (crowd, *rate))) {
        let crowd = Crowd { documents, clients, edits: arguments.edits, rate };
        for kind in &kinds {
            let mut runs = Vec::new();
            for _ in 0..arguments.runs {
                runs.push(type_together(*kind, crowd).await?);
            }
            typing_row(crowd, *kind, &runs);
        }
    }
    if let Some(trace) = trace {
        for kind in &kinds {
            let mut runs = Vec::new();
            for _ in 0..arguments.runs {
                runs.push(join(*kind, &trace, JOINING_CLIENTS).await?);
            }
            joins_row(*kind, &runs);
        }
    }
    Ok(())
}

fn typing_row(crowd: Crowd, kind: Kind, runs: &[Typed]) {
    println!(
        "| {} edits at {}/s, {} × {} clients | {} | {:.2} | {:.2} | {:.0} | {:.0} | {:.0} |",
        crowd.edits,
        crowd.rate,
        crowd.documents,
        crowd.clients,
        kind.name(),
        median(runs, |run| run.cpu_seconds),
        median(runs, |run| run.cpu_seconds_before),
        median(runs, |run| run.wall.as_secs_f64() * 1e3),
        median(runs, |run| run.peak_megabytes),
        median(runs, |run| run.stored_bytes as f64 / 1e3),
    );
}

fn joins_row(kind: Kind, runs: &[Joins]) {
    println!(
        "| {JOINING_CLIENTS} clients open {JOINED_TRACE} at once | {} | {:.2} | | {:.0} | {:.0} | |",
        kind.name(),
        median(runs, |run| run.cpu_seconds),
        median(runs, |run| run.last.as_secs_f64() * 1e3),
        median(runs, |run| run.peak_megabytes),
    );
}

fn median<T>(runs: &[T], of: impl Fn(&T) -> f64) -> f64 {
    let mut values: Vec<f64> = runs.iter().map(of).collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
