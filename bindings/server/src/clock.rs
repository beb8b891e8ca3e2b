//! The time as rooms are told it.

use std::time::{Duration, Instant, SystemTime};

/// Milliseconds since 1970 as they were when the server started, going on by a clock that never goes back.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    started: Instant,
    started_ms: u64,
}

impl Clock {
    /// A clock that begins with the system's time.
    pub fn start() -> Self {
        let since_1970 = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default();
        Clock { started: Instant::now(), started_ms: since_1970.as_millis() as u64 }
    }

    /// Now, in milliseconds.
    pub fn now_ms(&self) -> u64 {
        self.started_ms + self.started.elapsed().as_millis() as u64
    }

    /// The instant at which the clock shows `at_ms`.
    pub fn instant_of(&self, at_ms: u64) -> Instant {
        self.started + Duration::from_millis(at_ms.saturating_sub(self.started_ms))
    }
}
