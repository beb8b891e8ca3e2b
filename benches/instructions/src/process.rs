//! Waiting for a program that may take too long.

use std::io;
use std::process::{Child, Output};
use std::time::{Duration, Instant};

/// What a program said, once it has ended. `None` if it took longer than `limit`; it is ended then. It must not say more
/// than a pipe holds.
///
/// # Errors
/// If the program can't be waited for or ended.
pub fn output_within(mut child: Child, limit: Duration) -> io::Result<Option<Output>> {
    let begin = Instant::now();
    while child.try_wait()?.is_none() {
        if begin.elapsed() > limit {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    child.wait_with_output().map(Some)
}
