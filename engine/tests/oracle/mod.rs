//! Real Yjs documents in a Node process; see `yjs-oracle/oracle.js`.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::notation::bytes;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value as Json, json};
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

/// The Node process that holds the Yjs documents.
pub struct Oracle {
    process: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    /// Starts it; `None` without Node or the package, unless real Yjs is required.
    pub fn start() -> Option<Oracle> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/yjs-oracle");
        let is_installed = std::path::Path::new(folder).join("node_modules/yjs").exists();
        let mut node = Command::new("node");
        node.arg("oracle.js").current_dir(folder).stdin(Stdio::piped()).stdout(Stdio::piped());
        let started = if is_installed { node.spawn().ok() } else { None };
        let Some(mut process) = started else {
            let reason = if is_installed { "node does not start" } else { "run `npm ci` in engine/tests/yjs-oracle" };
            assert!(std::env::var_os("MERGANSER_REQUIRE_YJS").is_none(), "real Yjs is required: {reason}");
            eprintln!("SKIPPED: nothing was compared with real Yjs: {reason}");
            return None;
        };
        let (input, output) = (process.stdin.take().unwrap(), process.stdout.take().unwrap());
        Some(Oracle { process, input, output: BufReader::new(output) })
    }

    /// Asks and waits for the answer.
    pub fn ask(&mut self, request: Json) -> Json {
        writeln!(self.input, "{request}").unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Json = serde_json::from_str(&line).unwrap_or_else(|error| panic!("{error}: {line}"));
        assert!(answer.get("error").is_none(), "Yjs throws at {request}: {}", answer["error"]);
        answer
    }

    /// Merges updates.
    pub fn merge(&mut self, updates: &[&[u8]]) -> Vec<u8> {
        let updates: Vec<String> = updates.iter().map(|update| STANDARD.encode(update)).collect();
        bytes(&self.ask(json!({"do": "merge", "updates": updates}))["update"])
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        let _gone = self.process.kill();
        let _reaped = self.process.wait();
    }
}
