//! The checkpoint of the document for clients without an engine. Whatever is wrong with it, the pages have all that is in it: what
//! comes of it is taken only if it holds exactly what is known.
//!
//! It is written with a fold, after the manifest that it belongs to, while the document is in memory: only then it is what the
//! base holds. It is made in steps, and all that would change the document waits meanwhile.

use super::build::Base;
use crate::archive::records::Manifest;
use crate::archive::{RowKey, RowWrite, StoredCheckpoint};
use crate::bridge::Bridge;
use crate::sync::room::Room;
use crate::values::Steps;

/// A smaller base is built as quickly without a checkpoint.
const WORTH_BYTES: usize = if cfg!(debug_assertions) { 400 } else { 64 << 10 };
/// To make one takes the most memory of all, and others wait: so none is made of a base larger than this, or than a third of
/// the largest document.
const MOST_BYTES: usize = 16 << 20;

type Rows = Vec<(RowKey, Vec<u8>)>;

/// A checkpoint that is being made.
#[derive(Debug)]
pub(super) struct Checkpointing {
    steps: Steps<(Box<Bridge>, Vec<u8>)>,
    /// The row of the last page, for the fold that comes then.
    tail: Option<Rows>,
}

impl Room {
    /// Takes the stored checkpoint if it is of use; gives the page to go on with.
    pub(super) fn take_checkpoint(&mut self, rows: &Rows, base: &mut Base) -> Option<u32> {
        let folded = self.manifest.folded_sequence;
        let stored = StoredCheckpoint::read_rows(rows, self.manifest.stamp);
        let stored = stored.filter(|of| of.sequence <= folded && self.manifest.last_page() >= Some(of.last_page));
        let pages_from = |page: u32| {
            self.manifest.live_pages.iter().map(move |(first, count)| (first + count).saturating_sub(page.max(*first)))
        };
        let is_of_use = |of: &StoredCheckpoint| {
            // What is applied behind it takes three times as long as what is built at once.
            of.sequence == folded || pages_from(of.last_page).sum::<u32>() <= 1 + pages_from(0).sum::<u32>() / 4
        };
        let Some(stored) = stored.filter(is_of_use) else { return self.manifest.find_page_from(0) };
        self.following.checkpointed_bytes = stored.base_bytes;
        base.bytes = stored.base_bytes;
        base.checkpoint = Some(stored.checkpoint);
        if stored.sequence == folded { None } else { self.manifest.find_page_from(stored.last_page) }
    }

    /// Whether the base has grown so much that a checkpoint pays: by an eighth. Then all that are ever written have together
    /// about ten times the bytes of the last one, and few rows.
    pub(super) fn wants_checkpoint(&self) -> bool {
        let bytes = self.following.document_bytes;
        let grown = bytes.saturating_sub(self.following.checkpointed_bytes);
        let most_bytes = MOST_BYTES.min(self.config.limits.document_bytes / 3);
        !self.base_is_damaged && bytes <= most_bytes && grown >= (bytes / 8).max(WORTH_BYTES)
    }

    /// Begins to make a checkpoint for a fold, if it pays; the fold comes when it is made. Gives the row of the last page
    /// back if there is nothing to wait for.
    pub(in crate::sync) fn begin_checkpoint(&mut self, tail: Option<Rows>) -> Option<Option<Rows>> {
        if self.following.checkpoint.is_some() || !self.wants_checkpoint() {
            return Some(tail);
        }
        let Some(bridge) = self.following.bridge.take() else { return Some(tail) };
        self.continue_checkpoint(Checkpointing { steps: bridge.into_checkpoint(), tail });
        None
    }

    /// Goes on with a checkpoint, and folds once it is made.
    pub(super) fn continue_checkpoint(&mut self, of: Checkpointing) {
        let Checkpointing { mut steps, tail } = of;
        match self.turn.take_steps(&mut steps) {
            Some((bridge, checkpoint)) => {
                self.following.bridge = Some(bridge);
                self.following.checkpoint = Some(checkpoint);
                self.fold_into(tail);
            }
            None => self.following.checkpointing = Some(Checkpointing { steps, tail }),
        }
    }

    /// Appends the rows of a checkpoint to those of a fold, if one was made for it. The document holds all that is folded then,
    /// and nothing else.
    pub(in crate::sync) fn write_checkpoint(&mut self, manifest: &Manifest, rows: &mut Vec<RowWrite>) {
        let Some(checkpoint) = self.following.checkpoint.take() else { return };
        let Some(last_page) = manifest.last_page() else { return };
        let base_bytes = self.following.document_bytes;
        let stored = StoredCheckpoint { sequence: manifest.folded_sequence, last_page, base_bytes, checkpoint };
        stored.write_rows(manifest.stamp, self.config.host, rows);
        self.following.checkpointed_bytes = base_bytes;
        self.following.ignores_checkpoint = false;
    }
}
