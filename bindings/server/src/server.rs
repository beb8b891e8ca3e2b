//! The server as a whole: started, served, ended.

use crate::clock::Clock;
use crate::document::Surroundings;
use crate::metrics::Metrics;
use crate::options::ServeOptions;
use crate::rooms::Rooms;
use crate::router::{App, router};
use crate::shutdown::{Signals, shut_down};
use crate::storage::{OpenError, Storage};
use axum::serve::ListenerExt;
use merganser::sync::RoomConfig;
use std::fmt;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::mpsc::{Receiver, channel};
use tokio::sync::oneshot;

/// How often gathered latencies are summed up.
const UPKEEP: Duration = Duration::from_secs(5);

/// Why the server did not start, or did not end as it should.
#[derive(Debug)]
pub enum ServeError {
    /// The data folder can't be used.
    Data(OpenError),
    /// The address can't be listened on.
    Listen(SocketAddr, io::Error),
    /// The operating system refused something that the server needs.
    System(io::Error),
    /// Not all was stored in time.
    NotStoredInTime,
}

impl fmt::Display for ServeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            ServeError::Data(error) => error.fmt(f),
            ServeError::Listen(address, error) => write!(f, "cannot listen on {address}: {error}"),
            ServeError::System(error) => error.fmt(f),
            ServeError::NotStoredInTime => f.write_str("not every document was stored in time"),
        }
    }
}

impl std::error::Error for ServeError {}

/// Serves until the process is told to end.
///
/// # Errors
/// If the server can't start, or can't end in order.
pub async fn serve(options: ServeOptions) -> Result<(), ServeError> {
    let mut signals = Signals::listen().map_err(ServeError::System)?;
    allow_many_connections();
    let metrics = Arc::new(Metrics::default());
    let storage = Arc::new(Storage::open(&options.data, metrics.clone()).map_err(ServeError::Data)?);
    let listener = TcpListener::bind(options.listen).await;
    let listener = listener.map_err(|error| ServeError::Listen(options.listen, error))?;
    let address = listener.local_addr().map_err(ServeError::System)?;
    let (app, connections) = build_app(&options, storage.clone(), metrics);
    let rooms = app.rooms.clone();
    let upkeep = tokio::spawn(keep_up(app.metrics.clone()));
    let (ending, end) = oneshot::channel::<()>();
    let serving = axum::serve(listener.tap_io(send_at_once), router(app));
    let serving = serving.with_graceful_shutdown(async { drop(end.await) });
    let serving = tokio::spawn(serving.into_future());

    tracing::info!(data = %options.data.display(), "listening on http://{address}");
    signals.end().await;
    tracing::info!("ending");
    // Nobody comes in any more. Connections between two requests are closed, requests under way are answered; the
    // connections' handle that the router holds goes with the last of them.
    drop(ending);
    upkeep.abort();
    let is_stored = shut_down(&rooms, connections).await;
    serving.abort();
    if !is_stored {
        return Err(ServeError::NotStoredInTime);
    }
    storage.close();
    Ok(())
}

fn build_app(options: &ServeOptions, storage: Arc<Storage>, metrics: Arc<Metrics>) -> (Arc<App>, Receiver<()>) {
    let around = Surroundings {
        // Rows may have gone back in time while the server was down: restored, copied, moved.
        config: RoomConfig { incarnation: rand::random(), ..options.room_config() },
        storage: storage.clone(),
        metrics: metrics.clone(),
        clock: Clock::start(),
    };
    let (alive, connections) = channel(1);
    let app = App {
        rooms: Rooms::new(around),
        storage,
        metrics,
        message_bytes: options.message_bytes as usize,
        outgoing_bytes: options.outgoing_bytes,
        admin_token: options.admin_token.clone(),
        alive,
    };
    (Arc::new(app), connections)
}

/// Each connection is an open file, and systems allow few by default.
fn allow_many_connections() {
    match rlimit::increase_nofile_limit(rlimit::INFINITY) {
        Ok(files) => tracing::debug!(files, "most open files"),
        Err(error) => tracing::warn!(%error, "the limit of open files stays as it is"),
    }
}

/// Messages are small and people wait for them: the operating system is not to gather them.
fn send_at_once(stream: &mut tokio::net::TcpStream) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "a connection keeps its delay");
    }
}

async fn keep_up(metrics: Arc<Metrics>) {
    loop {
        tokio::time::sleep(UPKEEP).await;
        metrics.run_upkeep();
    }
}
