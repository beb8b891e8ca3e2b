//! Counts the instructions of made-up workloads and compares them with the committed figures.
//!
//! `merganser-instructions`: prints each count beside the committed one, fails if one is more than 10 % above.
//! `merganser-instructions --write`: writes the counts to the file that is committed.
//! `merganser-instructions NAME`: does one workload; this is what runs under callgrind.

use merganser_instructions::callgrind::count;
use merganser_instructions::figures::{Figure, TOLERANCE, Verdict, compare, read, write};
use merganser_instructions::workload::WORKLOADS;
use std::error::Error;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

/// Beyond any workload's time, on a slow machine too.
const LIMIT: Duration = Duration::from_secs(120);

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let argument = std::env::args().nth(1);
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("figures.txt");
    match argument.as_deref() {
        None => check(&counts()?, &read(&std::fs::read_to_string(path)?)?),
        Some("--write") => {
            std::fs::write(path, write(&counts()?))?;
            Ok(ExitCode::SUCCESS)
        }
        Some(name) => {
            let workload = WORKLOADS.iter().find(|workload| workload.name == name).ok_or("no such workload")?;
            (workload.run)();
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn counts() -> Result<Vec<Figure>, Box<dyn Error>> {
    let program = std::env::current_exe()?;
    let out = std::env::temp_dir().join(format!("merganser-instructions-{}", std::process::id()));
    let mut figures = Vec::new();
    for workload in WORKLOADS {
        let count = count(&program, &[workload.name], &out, LIMIT)?;
        let instructions = count.own as f64 / workload.edits as f64;
        figures.push(Figure { name: workload.name.into(), instructions });
    }
    Ok(figures)
}

fn check(counts: &[Figure], committed: &[Figure]) -> Result<ExitCode, Box<dyn Error>> {
    let mut is_slower = false;
    println!("{:28} {:>14} {:>14}", "instructions for each edit", "committed", "now");
    for count in counts {
        let (before, more, verdict) = compare(count, committed);
        let before = before.map_or_else(String::new, |before| format!("{before:.1}"));
        let word = match verdict {
            Verdict::Same => "",
            Verdict::Slower => "  SLOWER",
            Verdict::Faster => "  faster: commit it (--write), so that it stays so",
            Verdict::Unknown => "  not committed yet (--write)",
        };
        println!("{:28} {before:>14} {:>14.1} {more:>+6.1} %{word}", count.name, count.instructions);
        is_slower |= verdict == Verdict::Slower;
    }
    if is_slower {
        println!("More than {TOLERANCE} % slower. If that is meant to be: --write, commit, and say why.");
    }
    Ok(if is_slower { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
