//! Many clients that open one large document at once.

use super::client::Client;
use super::message::Message;
use super::server::{Kind, Server};
use crate::trace::Trace;
use anyhow::{Context, Result, ensure};
use merganser::{ClientId, Doc, Options};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// What the joins cost.
#[derive(Clone, Copy, Debug)]
pub struct Joins {
    /// From the first connect until the last client was synced.
    pub last: Duration,
    /// Server's processor time for the joins, in seconds.
    pub cpu_seconds: f64,
    /// Server's memory at its peak, in megabytes, the upload of the document included.
    pub peak_megabytes: f64,
}

const ROOM: &str = "paper";
/// Edits in an update of the upload.
const EDITS_IN_AN_UPDATE: usize = 1_000;
const TO_SETTLE: Duration = Duration::from_millis(500);
const TIMEOUT: Duration = Duration::from_secs(60);

/// Starts a server, uploads the trace's document, and lets `clients` join at the same moment.
///
/// A client is synced when it has the server's step 2; what it got until then must be the whole document, which is
/// checked after the time is taken.
///
/// # Errors
/// The server fails, a connection breaks, or a client is synced with something else than the document.
pub async fn join(kind: Kind, trace: &Trace, clients: u32) -> Result<Joins> {
    let server = Server::start(kind)?;
    let opener = upload(&server, trace).await?;
    tokio::time::sleep(TO_SETTLE).await;
    let before = server.cpu_seconds()?;
    let begin = Instant::now();
    let mut tasks = JoinSet::new();
    for client_id in 0..clients {
        tasks.spawn(join_one(server.port(), client_id + 10));
    }
    let joined = tokio::time::timeout(TIMEOUT, tasks.join_all()).await.context("the joins take more than a minute")?;
    let mut last = Duration::ZERO;
    let mut joiners = Vec::new();
    for joiner in joined {
        let (client, frames, at) = joiner?;
        last = last.max(at - begin);
        joiners.push((client, frames));
    }
    tokio::time::sleep(TO_SETTLE).await;
    let cpu_seconds = server.cpu_seconds()? - before;
    let peak_megabytes = server.peak_megabytes()?;
    for (mut client, frames) in joiners {
        for frame in frames {
            client.take(&frame).await?;
        }
        ensure!(client.text() == trace.end, "a client joined and has another text");
    }
    drop(opener);
    Ok(Joins { last, cpu_seconds, peak_megabytes })
}

/// Sends the document as its author's client would have over time. The client that it returns has received all of it
/// and stays: the document is open when others join.
async fn upload(server: &Server, trace: &Trace) -> Result<Client> {
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let text = doc.text("text");
    let mut opener = Client::connect(server.port(), ROOM, 2).await?;
    let mut writer = Client::connect(server.port(), ROOM, 1).await?;
    for patches in trace.patches.chunks(EDITS_IN_AN_UPDATE) {
        let known = doc.state_vector();
        for patch in patches {
            let mut transaction = doc.transact();
            text.delete(&mut transaction, patch.position, patch.deleted)?;
            text.insert(&mut transaction, patch.position, &patch.inserted)?;
        }
        writer.send_update(&doc.encode_state_as_update(&known)).await?;
    }
    let doc_units: u64 = doc.state_vector().iter().map(|(_, clock)| u64::from(clock)).sum();
    let received = async {
        while opener.units() < doc_units || opener.text() != trace.end {
            opener.receive().await?;
        }
        anyhow::Ok(())
    };
    tokio::time::timeout(TIMEOUT, received).await.context("the server doesn't pass on what it was sent")??;
    Ok(opener)
}

async fn join_one(port: u16, client_id: u32) -> Result<(Client, Vec<Vec<u8>>, Instant)> {
    let mut client = Client::connect(port, ROOM, client_id).await?;
    let mut frames = Vec::new();
    loop {
        let frame = client.frame().await?;
        let is_last = matches!(Message::read(&frame)?, Message::Step2(_));
        frames.push(frame);
        if is_last {
            return Ok((client, frames, Instant::now()));
        }
    }
}
