//! Yjs in Node beside this engine, in the rows about formats, arrays, XML, undo, awareness and maps. Writes `results/yjs.md`.

use anyhow::{Context, Result, ensure};
use clap::Parser;
use merganser_benches::measure::Times;
use merganser_benches::peer::Merganser;
use merganser_benches::report::{digits, machine};
use merganser_benches::row::{Given, Inputs, Row, rows};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Duration;

const HEAD: &str = "# Yjs in Node

Written by `cargo run --release -p merganser-benches --bin yjs` (`npm ci` in `benches/javascript` first). The same documents and
the same work for this engine, native, and for Yjs, plain JavaScript; what comes of it is compared. Processor time in
milliseconds for the whole row: for Yjs of all threads, with its garbage collector and compiler, after warming up. Both work in
turns; a cell has the least of up to 15 turns, and in brackets the median and the most. Short work of Yjs is repeated within a turn.

";

/// So much processor time Yjs has in a row.
const BUDGET: Duration = Duration::from_secs(3);
const TURNS_AT_LEAST: usize = 3;
const TURNS_AT_MOST: usize = 15;

/// Measures Merganser beside Yjs in Node.
#[derive(Parser)]
struct Cli {
    /// Only rows whose name contains this; they are printed and not written.
    #[arg(long)]
    only: Option<String>,
}

/// Node with Yjs, which answers each line of JSON by one.
struct Node {
    child: Child,
    asked: ChildStdin,
    answers: BufReader<ChildStdout>,
}

impl Node {
    fn start() -> Result<Node> {
        let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("javascript/yjs.mjs");
        let mut child =
            Command::new("node").arg("--expose-gc").arg(script).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let asked = child.stdin.take().context("a pipe")?;
        let answers = BufReader::new(child.stdout.take().context("a pipe")?);
        Ok(Node { child, asked, answers })
    }

    fn ask(&mut self, question: &Value) -> Result<Value> {
        writeln!(self.asked, "{question}")?;
        let mut answer = String::new();
        self.answers.read_line(&mut answer)?;
        ensure!(!answer.is_empty(), "Node has ended: is Yjs installed in benches/javascript?");
        Ok(serde_json::from_str(&answer)?)
    }

    /// Gives it a row, which it does once and checks; how long that took.
    fn begin(&mut self, given: &Given) -> Result<Duration> {
        time(&self.ask(&json!({ "row": given }))?)
    }

    /// One turn; how long the work took once.
    fn turn(&mut self) -> Result<Duration> {
        time(&self.ask(&json!("turn"))?)
    }

    fn versions(&mut self) -> Result<String> {
        let versions = self.ask(&json!("versions"))?;
        Ok(versions.as_str().context("versions")?.to_owned())
    }

    fn end(mut self) -> Result<()> {
        drop(self.asked);
        ensure!(self.child.wait()?.success(), "Node has failed");
        Ok(())
    }
}

fn time(answer: &Value) -> Result<Duration> {
    Ok(Duration::from_secs_f64(answer.as_f64().context("milliseconds")? / 1_000.0))
}

fn cell(times: &Times) -> String {
    let [least, median, most] =
        [times.least(), times.median(), times.most()].map(|time| digits(1e3 * time.as_secs_f64()));
    format!("{least} ({median}, {most})")
}

/// A line of the table; `None` if the row is not about what is compared here.
fn line(row: &Row, node: &mut Node) -> Result<Option<String>> {
    let Some(given) = row.kind.given() else { return Ok(None) };
    let work = row.kind.work::<Merganser>(&Inputs::new(PathBuf::new()))?;
    let mut work = work.ok().context("this engine can do it")?;
    let first = node.begin(&given).with_context(|| row.name.clone())?;
    let turns = (BUDGET.as_secs_f64() / first.as_secs_f64().max(1e-6)) as usize;
    let (mut ours, mut theirs) = (Times::default(), Times::default());
    for _ in 0..turns.clamp(TURNS_AT_LEAST, TURNS_AT_MOST) {
        work.set_up();
        ours.add(|| work.run());
        work.check()?;
        work.clear();
        theirs.push(node.turn()?);
    }
    let ratio = theirs.least().as_secs_f64() / ours.least().as_secs_f64();
    Ok(Some(format!("| {} | **{}** | {} | {} |\n", row.name, cell(&ours), cell(&theirs), digits(ratio))))
}

fn main() -> Result<()> {
    let only = Cli::parse().only;
    let mut node = Node::start()?;
    let mut text = format!("{HEAD}merganser {}; {}.\n\n{}\n", env!("CARGO_PKG_VERSION"), node.versions()?, machine());
    text += "| work | Merganser | Yjs in Node | times faster |\n|---|--:|--:|--:|\n";
    for row in rows().iter().filter(|row| only.as_ref().is_none_or(|part| row.name.contains(part))) {
        if let Some(line) = line(row, &mut node)? {
            eprint!("{line}");
            text += &line;
        }
    }
    node.end()?;
    if only.is_none() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("results/yjs.md");
        std::fs::write(&path, &text).with_context(|| format!("writing {}", path.display()))?;
    }
    Ok(())
}
