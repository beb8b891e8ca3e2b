//! The command line.

use clap::{Args, Parser, Subcommand};
use merganser::archive::RowSizes;
use merganser::sync::{Limits, RoomConfig};
use std::net::SocketAddr;
use std::path::PathBuf;

/// On a disk bytes cost time and rows don't: a slot of the journal is rewritten with each edit, so it is small. Sixteen
/// of them hold what the journal is folded at.
const JOURNAL_SLOT_BYTES: usize = 2 << 10;

/// Awareness is relayed to others at most so often, in milliseconds; updates are with each write to the disk.
const BROADCAST_PAUSE_MS: u64 = 20;

/// Collaboration server that speaks the Yjs protocol.
#[derive(Debug, Parser)]
#[command(name = "merganser", version, about, args_conflicts_with_subcommands = true)]
pub struct CommandLine {
    #[command(subcommand)]
    command: Option<Command>,
    #[command(flatten)]
    serve: ServeOptions,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve documents over WebSocket (what happens without a command, too).
    Serve(ServeOptions),
}

/// What the server can be told.
#[derive(Clone, Debug, Args)]
pub struct ServeOptions {
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, env = "MERGANSER_LISTEN", default_value = "127.0.0.1:4444")]
    pub listen: SocketAddr,
    /// Folder for the stored documents; it is made if it is not there.
    #[arg(long, env = "MERGANSER_DATA", default_value = "./data")]
    pub data: PathBuf,
    /// Largest message of a client, in bytes.
    #[arg(long, env = "MERGANSER_MESSAGE_BYTES", default_value_t = Limits::default().message_bytes as u32,
        value_parser = clap::value_parser!(u32).range(1024..=1 << 30))]
    pub message_bytes: u32,
    /// Most connections to one document.
    #[arg(long, env = "MERGANSER_CONNECTIONS_PER_DOCUMENT", default_value_t = Limits::default().connections)]
    pub connections_per_document: usize,
    /// Most bytes that may wait to be sent on one connection; a client that is slower is cut off.
    #[arg(long, env = "MERGANSER_OUTGOING_BYTES", default_value_t = 32 << 20)]
    pub outgoing_bytes: usize,
    /// Keep all that was ever deleted. A document of which that was once kept goes on keeping it.
    #[arg(long, env = "MERGANSER_KEEP_HISTORY")]
    pub keep_history: bool,
    /// Who sends it (`Authorization: Bearer TOKEN`) may export, import and delete documents. Without it nobody may.
    #[arg(long, env = "MERGANSER_ADMIN_TOKEN", hide_env_values = true)]
    pub admin_token: Option<String>,
}

impl CommandLine {
    /// What is to be served.
    pub fn into_serve_options(self) -> ServeOptions {
        match self.command {
            Some(Command::Serve(options)) => options,
            None => self.serve,
        }
    }
}

impl ServeOptions {
    /// How each document's room behaves.
    pub fn room_config(&self) -> RoomConfig {
        let limits = Limits {
            message_bytes: self.message_bytes as usize,
            connections: self.connections_per_document,
            ..Limits::default()
        };
        let sizes = RowSizes { slot: JOURNAL_SLOT_BYTES, ..RowSizes::default() };
        RoomConfig {
            limits,
            sizes,
            keeps_history: self.keep_history,
            broadcast_pause_ms: BROADCAST_PAUSE_MS,
            ..RoomConfig::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn no_command_serves() {
        CommandLine::command().debug_assert();
        for arguments in [&["merganser"][..], &["merganser", "serve"]] {
            let options = CommandLine::try_parse_from(arguments).expect("parses").into_serve_options();
            assert_eq!(options.listen.to_string(), "127.0.0.1:4444");
            assert_eq!(options.data, PathBuf::from("./data"));
        }
        let both = ["merganser", "serve", "--listen", "[::1]:5000", "--data", "/tmp/x", "--keep-history"];
        let options = CommandLine::try_parse_from(both).expect("parses").into_serve_options();
        assert!(options.room_config().keeps_history);
        assert_eq!((options.listen.port(), options.data), (5000, PathBuf::from("/tmp/x")));
    }
}
