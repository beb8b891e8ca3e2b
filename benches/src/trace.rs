//! Editing traces: what people typed, edit by edit, read from the `editing-traces` data set.

use anyhow::{Context, Result, ensure};
use flate2::read::GzDecoder;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use std::fs::File;
use std::io::BufReader;
use std::path::{Path, PathBuf};

/// One edit: at `position`, `deleted` units go and `inserted` comes. The traces are ASCII, so that a unit is a byte.
#[derive(Clone, Debug, Deserialize)]
pub struct Patch {
    /// Where.
    pub position: u32,
    /// How many units go.
    pub deleted: u32,
    /// What comes in their place.
    pub inserted: String,
}

/// A whole trace.
#[derive(Clone, Debug)]
pub struct Trace {
    /// The file's name without its endings.
    pub name: String,
    /// The edits in order, beginning with an empty text.
    pub patches: Vec<Patch>,
    /// The text after the last edit.
    pub end: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct TraceFile {
    start_content: String,
    end_content: String,
    txns: Vec<TransactionLine>,
}

#[derive(Deserialize)]
struct TransactionLine {
    patches: Vec<Patch>,
}

/// The folder that `MERGANSER_TRACES` names; `None`, and a word about it on stderr, if it is not set.
pub fn folder() -> Option<PathBuf> {
    let folder = std::env::var_os("MERGANSER_TRACES").map(PathBuf::from);
    if folder.is_none() {
        eprintln!(
            "MERGANSER_TRACES is not set: it names the folder of the editing traces. What needs them is skipped."
        );
    }
    folder
}

impl Trace {
    /// Reads `sequential/<name>.json.gz` of a folder.
    ///
    /// # Errors
    /// A file that is missing or is no trace, or a trace that doesn't begin with an empty text.
    pub fn read(folder: &Path, name: &str) -> Result<Trace> {
        let trace: TraceFile = read_file(&folder.join("sequential").join(name).with_extension("json.gz"))?;
        ensure!(trace.start_content.is_empty(), "{name} begins with content");
        let patches = trace.txns.into_iter().flat_map(|line| line.patches).collect();
        Ok(Trace { name: name.to_owned(), patches, end: trace.end_content })
    }
}

/// Reads a gzipped JSON file.
pub(crate) fn read_file<T: DeserializeOwned>(path: &Path) -> Result<T> {
    let file = File::open(path).with_context(|| format!("opening {}", path.display()))?;
    let reader = BufReader::new(GzDecoder::new(BufReader::new(file)));
    serde_json::from_reader(reader).with_context(|| format!("reading {}", path.display()))
}
