//! Runs a program under callgrind and reads how many instructions were executed inside of [`measured`].
//!
//! A program that is counted calls `measured` for the part that counts; what it does before and after is left out. The
//! counts are kept apart by the file that the code came from: the program's own, and all, with libc. How many
//! instructions libc takes to copy or to allocate depends on the processor, and on what else lies in the heap.

use crate::process::output_within;
use std::fmt;
use std::io;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

/// Instructions executed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Count {
    /// In the program's own code.
    pub own: u64,
    /// In all of it, with libc.
    pub all: u64,
}

/// Why there is no count.
#[derive(Debug)]
pub enum Failure {
    /// valgrind can't be started, or its file can't be read.
    Io(io::Error),
    /// The program took longer than it was allowed to, and was ended.
    TooLong,
    /// The program failed; what it said.
    Failed(String),
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Io(error) => write!(f, "valgrind: {error}"),
            Failure::TooLong => f.write_str("took too long"),
            Failure::Failed(said) => f.write_str(said),
        }
    }
}

impl std::error::Error for Failure {}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure::Io(error)
    }
}

/// Does the work that is counted. Not inlined: callgrind begins and ends with this function.
#[inline(never)]
pub fn measured(work: &mut dyn FnMut()) {
    work();
    // Were the call the last thing here, it could become a jump, and callgrind would not see this function end.
    std::hint::black_box(());
}

/// Runs a program under callgrind with these arguments. `out` is a file to write to, which is removed again.
///
/// # Errors
/// See [`Failure`].
pub fn count(program: &Path, arguments: &[&str], out: &Path, limit: Duration) -> Result<Count, Failure> {
    let child = Command::new("valgrind")
        .args([
            "-q",
            "--tool=callgrind",
            "--collect-atstart=no",
            "--toggle-collect=merganser_instructions::callgrind::measured*",
        ])
        .args(["--compress-strings=no", "--compress-pos=no"])
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(program)
        .args(arguments)
        .stdout(std::process::Stdio::null())
        .stderr(std::process::Stdio::piped())
        .spawn()?;
    let Some(output) = output_within(child, limit)? else {
        let _there_may_be_none = std::fs::remove_file(out);
        return Err(Failure::TooLong);
    };
    if !output.status.success() {
        return Err(Failure::Failed(String::from_utf8_lossy(&output.stderr).into_owned()));
    }
    let profile = std::fs::read_to_string(out)?;
    std::fs::remove_file(out)?;
    let count = sum(&profile, &program.to_string_lossy());
    if count.own == 0 {
        // Taken for a figure, this would be a great success.
        return Err(Failure::Failed(format!("nothing of {} was counted", program.display())));
    }
    Ok(count)
}

/// Sums the lines of a callgrind profile that tell what a function itself executed. A line behind `calls=` tells what a
/// called function did and is counted there.
fn sum(profile: &str, program: &str) -> Count {
    let mut count = Count { own: 0, all: 0 };
    let (mut is_own, mut is_call) = (false, false);
    for line in profile.lines() {
        if let Some(object) = line.strip_prefix("ob=") {
            is_own = object == program;
        } else if line.starts_with("calls=") {
            is_call = true;
        } else if line.starts_with(|first: char| first.is_ascii_digit()) {
            let cost: u64 = line.split(' ').nth(1).and_then(|cost| cost.parse().ok()).unwrap_or(0);
            if !std::mem::take(&mut is_call) {
                count.all += cost;
                count.own += if is_own { cost } else { 0 };
            }
        }
    }
    count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_are_not_counted_twice_and_libc_is_kept_apart() {
        let profile = "events: Ir\n\nob=/program\nfl=a.rs\nfn=work\n10 5\n11 7\ncob=/libc\ncfn=memcpy\ncalls=2 0\n12 100\n\
                       13 1\n\nob=/libc\nfl=???\nfn=memcpy\n0 100\n\nob=/program\nfl=b.rs\nfn=more\n3 4\n\ntotals: 117\n";
        assert_eq!(sum(profile, "/program"), Count { own: 17, all: 117 });
    }
}
