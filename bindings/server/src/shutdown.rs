//! Ending in order: all is stored, every client is told, and it does not take long.

use crate::rooms::Rooms;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc::Receiver;
use tokio::time::{Instant, sleep, timeout_at};

/// How long documents have to be stored.
const STORING: Duration = Duration::from_secs(4);
/// How long clients then have to take what waits for them and to answer their close frames.
const LEAVING: Duration = Duration::from_secs(2);
/// How often it is looked whether all documents are stored.
const LOOK: Duration = Duration::from_millis(5);

/// The signals that end the server, and the one that must not.
#[derive(Debug)]
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
    /// A file that meets the process's limit of file size is a write that failed, not the end of the process.
    _file_size: Signal,
}

impl Signals {
    /// From now on signals are noticed.
    ///
    /// # Errors
    /// If the operating system refuses.
    pub fn listen() -> io::Result<Self> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
            _file_size: signal(SignalKind::from_raw(libc::SIGXFSZ))?,
        })
    }

    /// Waits until the server is to end.
    pub async fn end(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

/// Stores all documents and closes all connections. `false` if not all was stored in time.
pub async fn shut_down(rooms: &Arc<Rooms>, mut connections: Receiver<()>) -> bool {
    rooms.shut_down();
    let end = Instant::now() + STORING;
    let stored = timeout_at(end, async {
        while rooms.count() > 0 {
            sleep(LOOK).await;
        }
    });
    let is_stored = stored.await.is_ok();
    // Comes when the last connection has ended. Who does not take its close frame in time is cut off.
    timeout_at(end.min(Instant::now() + LEAVING), connections.recv()).await.ok();
    is_stored
}
