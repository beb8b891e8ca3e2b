//! The table: every peer in every row, and the three commands that fill it.

mod cell;
mod contender;
mod instructions;
mod memory;
mod plot;
mod speed;
mod trial;

pub use self::contender::{Contender, contenders};
pub use self::instructions::write_instructions;
pub use self::memory::write_memory;
pub use self::speed::{race, write_speed};
pub use self::trial::{Measure, run};

use crate::report::machine;
use crate::row::{Row, rows};
use anyhow::{Context, Result};
use std::path::{Path, PathBuf};

/// Which rows a command is to fill.
#[derive(Clone, Debug, Default)]
pub struct Selection {
    /// Only rows whose name contains this. Nothing is written then, only printed.
    pub only: Option<String>,
    /// The rows that take minutes, too.
    pub long: bool,
}

impl Selection {
    fn rows(&self) -> Vec<Row> {
        let mut rows = rows();
        rows.retain(|row| match &self.only {
            Some(part) => row.name.contains(part),
            None => self.long || !row.is_long,
        });
        rows
    }
}

/// The folder of results.
pub fn results() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("results")
}

/// Prints a table; writes it to the results if it is whole.
fn publish(selection: &Selection, name: &str, head: &str, body: &str) -> Result<()> {
    let versions = contenders().iter().map(Contender::versions).collect::<Vec<_>>().join(", ");
    let text = format!("{head}\n{}\n{versions}.\n\n{body}", machine());
    if selection.only.is_none() {
        let path = results().join(name);
        std::fs::write(&path, &text).with_context(|| format!("writing {}", path.display()))?;
    }
    print!("{text}");
    Ok(())
}
