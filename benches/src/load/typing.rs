//! Clients that type: what an edit costs the server, with start-up and connecting taken off.

use super::client::Client;
use super::server::{Kind, Server};
use anyhow::{Context, Result, ensure};
use std::time::{Duration, Instant};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

/// Who types.
#[derive(Clone, Copy, Debug)]
pub struct Crowd {
    /// Documents.
    pub documents: u32,
    /// Clients of each document.
    pub clients: u32,
    /// Edits in all, one character each, by the clients in turn.
    pub edits: u32,
    /// Edits in a second, in all.
    pub rate: u32,
}

/// What it cost.
#[derive(Clone, Copy, Debug)]
pub struct Typed {
    /// Server's processor time for the edits, in seconds.
    pub cpu_seconds: f64,
    /// Server's processor time for starting and for taking the connections, in seconds.
    pub cpu_seconds_before: f64,
    /// From the first edit until every client had all of them.
    pub wall: Duration,
    /// Server's memory at its peak, in megabytes.
    pub peak_megabytes: f64,
    /// What the server had stored at the end, in bytes.
    pub stored_bytes: u64,
}

/// How long the server gets to finish what it does beside its answers, before its time is read.
const TO_SETTLE: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(60);

/// What a client tells the crowd.
enum Report {
    Synced,
    HasAll { document: u32, text: String },
}

/// Starts a server, connects everybody, lets them type, and waits until all have everything.
///
/// # Errors
/// The server fails, a connection breaks, or two clients of a document end with different texts.
pub async fn type_together(kind: Kind, crowd: Crowd) -> Result<Typed> {
    let server = Server::start(kind)?;
    let (report, mut reports) = mpsc::unbounded_channel();
    let mut tasks = JoinSet::new();
    let mut keys = Vec::new();
    for turn in 0..crowd.documents * crowd.clients {
        let document = turn % crowd.documents;
        let client = Client::connect(server.port(), &format!("load-{document}"), turn + 1).await?;
        let (key, presses) = mpsc::unbounded_channel();
        keys.push(key);
        let goal = edits_of(document, crowd);
        tasks.spawn(run_client(client, document, goal, presses, report.clone()));
    }
    let synced = async {
        for _ in &keys {
            reports.recv().await.context("no client is left")?;
        }
        anyhow::Ok(())
    };
    or_failure(synced, &mut tasks).await?;
    tokio::time::sleep(TO_SETTLE).await;
    let before = server.cpu_seconds()?;
    let begin = Instant::now();
    let typed = async {
        press_keys(&keys, crowd).await;
        collect(&mut reports, crowd).await
    };
    or_failure(typed, &mut tasks).await?;
    let wall = begin.elapsed();
    tokio::time::sleep(TO_SETTLE).await;
    Ok(Typed {
        cpu_seconds: server.cpu_seconds()? - before,
        cpu_seconds_before: before,
        wall,
        peak_megabytes: server.peak_megabytes()?,
        stored_bytes: server.stored_bytes()?,
    })
}

/// Waits for `work`, but for no longer than a minute and only while no client fails.
async fn or_failure<T>(work: impl Future<Output = Result<T>>, tasks: &mut JoinSet<Result<()>>) -> Result<T> {
    tokio::pin!(work);
    loop {
        tokio::select! {
            result = tokio::time::timeout(TIMEOUT, &mut work) => return result.context("it takes more than a minute")?,
            Some(ended) = tasks.join_next() => ended??,
        }
    }
}

/// Edit `i` is made by client `i`, counted round, and client `i` belongs to document `i`, counted round.
fn edits_of(document: u32, crowd: Crowd) -> u64 {
    let clients = crowd.documents * crowd.clients;
    (0..crowd.edits).filter(|edit| edit % clients % crowd.documents == document).count() as u64
}

async fn press_keys(keys: &[mpsc::UnboundedSender<()>], crowd: Crowd) {
    let mut clock = tokio::time::interval(Duration::from_secs(1) / crowd.rate);
    for (_, key) in (0..crowd.edits).zip(keys.iter().cycle()) {
        clock.tick().await;
        // A client that has ended has failed, and its failure is what the crowd reports.
        let _ = key.send(());
    }
}

async fn collect(reports: &mut mpsc::UnboundedReceiver<Report>, crowd: Crowd) -> Result<()> {
    let mut texts = vec![None; crowd.documents as usize];
    for _ in 0..crowd.documents * crowd.clients {
        if let Report::HasAll { document, text } = reports.recv().await.context("no client is left")? {
            let first = texts[document as usize].get_or_insert_with(|| text.clone());
            ensure!(*first == text, "two clients of document {document} differ");
        }
    }
    Ok(())
}

async fn run_client(
    mut client: Client,
    document: u32,
    goal: u64,
    mut presses: mpsc::UnboundedReceiver<()>,
    reports: mpsc::UnboundedSender<Report>,
) -> Result<()> {
    while !client.is_synced() {
        client.receive().await?;
    }
    reports.send(Report::Synced)?;
    let mut has_all = false;
    loop {
        tokio::select! {
            press = presses.recv() => match press {
                Some(()) => client.type_one().await?,
                None => return Ok(()),
            },
            frame = client.frame() => client.take(&frame?).await?,
        }
        if !has_all && client.units() == goal {
            has_all = true;
            reports.send(Report::HasAll { document, text: client.text() })?;
        }
    }
}
