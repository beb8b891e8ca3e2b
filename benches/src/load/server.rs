//! A server process: started on a free port, its processor time and memory read from `/proc`, killed at the end.

use anyhow::{Context, Result, bail, ensure};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};
use tempfile::TempDir;

/// Clock ticks in a second, as `/proc` counts processor time. Linux has shown 100 on every architecture for decades.
const TICKS_IN_A_SECOND: f64 = 100.0;
const TIME_TO_START: Duration = Duration::from_secs(20);

/// Which server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `merganser serve`, with its defaults: it stores everything before others see it.
    Merganser,
    /// `@y/websocket-server`, which stores nothing.
    Reference,
}

impl Kind {
    /// How the table calls it.
    pub fn name(self) -> &'static str {
        match self {
            Kind::Merganser => "Merganser",
            Kind::Reference => "@y/websocket-server",
        }
    }

    /// Builds or installs it where that is still to do.
    ///
    /// # Errors
    /// cargo or npm failed.
    pub fn prepare(self) -> Result<()> {
        match self {
            Kind::Merganser => {
                let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
                run(Command::new(cargo).args(["build", "--release", "--package", "merganser-server"]))
            }
            Kind::Reference if reference_folder().join("node_modules").exists() => Ok(()),
            Kind::Reference => run(Command::new("npm").arg("ci").current_dir(reference_folder())),
        }
    }

    fn command(self, port: u16, data: &Path) -> Result<Command> {
        let command = match self {
            Kind::Merganser => {
                let own = std::env::current_exe()?;
                let mut command = Command::new(own.with_file_name("merganser"));
                command.arg("serve").arg("--listen").arg(format!("127.0.0.1:{port}")).arg("--data").arg(data);
                command
            }
            Kind::Reference => {
                let script = reference_folder().join("node_modules/@y/websocket-server/src/server.js");
                let mut command = Command::new("node");
                command.arg(script).env("HOST", "127.0.0.1").env("PORT", port.to_string());
                command
            }
        };
        Ok(command)
    }
}

fn reference_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("reference")
}

fn run(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("starting {command:?}"))?;
    ensure!(status.success(), "{command:?}: {status}");
    Ok(())
}

/// A running server. Dropping it kills it and removes what it stored.
pub struct Server {
    process: Child,
    port: u16,
    data: TempDir,
}

impl Server {
    /// Starts it with an empty store and waits until it takes connections.
    ///
    /// # Errors
    /// It doesn't start within 20 s.
    pub fn start(kind: Kind) -> Result<Server> {
        let data = TempDir::new()?;
        let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port();
        let mut command = kind.command(port, data.path())?;
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let process = command.spawn().with_context(|| format!("starting {command:?}"))?;
        let mut server = Server { process, port, data };
        server.wait_for_start()?;
        Ok(server)
    }

    fn wait_for_start(&mut self) -> Result<()> {
        let begin = Instant::now();
        while TcpStream::connect(("127.0.0.1", self.port)).is_err() {
            if let Some(status) = self.process.try_wait()? {
                bail!("the server ended at once: {status}");
            }
            ensure!(begin.elapsed() < TIME_TO_START, "the server takes no connections");
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    }

    /// Where it listens.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Processor time of all its threads so far, in seconds: `utime + stime`, exact to 0.01 s.
    ///
    /// # Errors
    /// It has ended.
    pub fn cpu_seconds(&self) -> Result<f64> {
        let stat = self.proc_file("stat")?;
        let (_, fields) = stat.rsplit_once(')').context("a stat line without a name")?;
        let fields: Vec<&str> = fields.split_whitespace().collect();
        let ticks = |index: usize| -> Result<f64> { Ok(fields.get(index).context("a short stat line")?.parse()?) };
        Ok((ticks(11)? + ticks(12)?) / TICKS_IN_A_SECOND)
    }

    /// The most memory that it has held so far, in megabytes (`VmHWM`).
    ///
    /// # Errors
    /// It has ended.
    pub fn peak_megabytes(&self) -> Result<f64> {
        let status = self.proc_file("status")?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
        let kilobytes: f64 = line.trim().trim_end_matches(" kB").parse()?;
        Ok(kilobytes * 1024.0 / 1e6)
    }

    /// How many bytes it has stored.
    ///
    /// # Errors
    /// The folder can't be read.
    pub fn stored_bytes(&self) -> Result<u64> {
        std::fs::read_dir(self.data.path())?.map(|entry| Ok(entry?.metadata()?.len())).sum()
    }

    fn proc_file(&self, name: &str) -> Result<String> {
        let path = format!("/proc/{}/{name}", self.process.id());
        std::fs::read_to_string(&path).with_context(|| format!("reading {path}"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended by itself; then there is nothing to kill or to wait for.
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
