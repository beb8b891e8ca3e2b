//! Traces of two people who typed at the same time, and what each of them sent.

use crate::peer::{Peer, Supported, Updates};
use crate::trace::{Patch, read_file};
use anyhow::Result;
use serde::Deserialize;
use std::ops::Range;
use std::path::Path;

/// A whole trace.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct ConcurrentTrace {
    /// The text after all transactions are merged.
    #[serde(rename = "endContent")]
    pub end: String,
    /// How many wrote.
    pub num_agents: u32,
    /// In an order in which each comes after those that it knew.
    #[serde(rename = "txns")]
    pub transactions: Vec<Written>,
}

/// What somebody wrote at once.
#[derive(Clone, Debug, Deserialize)]
pub struct Written {
    /// The transactions that were known, without those that are known through them.
    pub parents: Vec<usize>,
    /// Who wrote.
    pub agent: u32,
    /// The edits, to the text as this writer saw it.
    pub patches: Vec<Patch>,
}

impl ConcurrentTrace {
    /// Reads `concurrent/<name>.json.gz` of a folder.
    ///
    /// # Errors
    /// A file that is missing or is no trace.
    pub fn read(folder: &Path, name: &str) -> Result<ConcurrentTrace> {
        read_file(&folder.join("concurrent").join(name).with_extension("json.gz"))
    }

    /// How many edits there are.
    pub fn edits(&self) -> usize {
        self.transactions.iter().map(|written| written.patches.len()).sum()
    }

    /// Writes the trace with a replica for each writer, which before each transaction is given what its writer knew; the
    /// update of every edit, in the trace's order.
    ///
    /// # Errors
    /// A peer that sends or receives nothing.
    pub fn updates<P: Peer>(&self) -> Supported<P::Updates> {
        let mut writers: Vec<P> = (0..self.num_agents).map(|agent| P::with_client(agent + 1)).collect();
        let mut known = vec![vec![false; self.transactions.len()]; writers.len()];
        let mut updates = P::Updates::default();
        let mut sent: Vec<Range<usize>> = Vec::new();
        for (index, written) in self.transactions.iter().enumerate() {
            let (writer, known) = (&mut writers[written.agent as usize], &mut known[written.agent as usize]);
            for missing in self.missing(&written.parents, known) {
                sent[missing].clone().try_for_each(|update| writer.apply(&updates, update))?;
                known[missing] = true;
            }
            let start = updates.len();
            written.patches.iter().try_for_each(|patch| writer.edit_to_update(patch, &mut updates))?;
            known[index] = true;
            sent.push(start..updates.len());
        }
        Ok(updates)
    }

    /// What is not known yet of some transactions and all before them, in order.
    fn missing(&self, transactions: &[usize], known: &[bool]) -> Vec<usize> {
        let mut missing = Vec::new();
        let mut open = transactions.to_vec();
        while let Some(index) = open.pop() {
            if !known[index] && !missing.contains(&index) {
                missing.push(index);
                open.extend(&self.transactions[index].parents);
            }
        }
        missing.sort_unstable();
        missing
    }
}
