//! `cola`, which orders text and holds none, with the rope `crop` beside it. Its operations are structs in memory: when they
//! are applied nothing is decoded.

use super::{Peer, Supported, Updates};
use crate::trace::Patch;
use cola::{Deletion, Insertion, Replica};
use crop::Rope;

/// The replica that all others are forked from.
const FIRST: u64 = u64::MAX;

/// A replica and its rope.
pub struct Cola {
    replica: Replica,
    rope: Rope,
}

enum Sent {
    Insertion(Insertion, String),
    Deletion(Deletion),
}

/// Operations, of which one or two belong to an edit.
#[derive(Default)]
pub struct Operations {
    sent: Vec<Sent>,
    /// Where those of an edit end.
    ends: Vec<usize>,
}

impl Updates for Operations {
    const ARE_BYTES: bool = false;

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn clear(&mut self) {
        self.sent.clear();
        self.ends.clear();
    }
}

impl Cola {
    fn delete(&mut self, patch: &Patch) -> Deletion {
        let range = patch.position as usize..(patch.position + patch.deleted) as usize;
        self.rope.delete(range.clone());
        self.replica.deleted(range)
    }

    fn insert(&mut self, patch: &Patch) -> Insertion {
        self.rope.insert(patch.position as usize, &patch.inserted);
        self.replica.inserted(patch.position as usize, patch.inserted.len())
    }
}

impl Peer for Cola {
    const NAME: &'static str = "cola + crop";
    const CRATES: &'static [&'static str] = &["cola-crdt", "crop"];
    const IS_UTF16: bool = false;
    type Updates = Operations;
    type Writer = Cola;

    fn with_client(client_id: u32) -> Cola {
        Cola { replica: Replica::new(FIRST, 0).fork(client_id.into()), rope: Rope::new() }
    }

    fn edit(&mut self, patch: &Patch) {
        if patch.deleted > 0 {
            self.delete(patch);
        }
        if !patch.inserted.is_empty() {
            self.insert(patch);
        }
    }

    fn text(&self) -> String {
        self.rope.to_string()
    }

    fn edit_to_update(&mut self, patch: &Patch, out: &mut Operations) -> Supported {
        if patch.deleted > 0 {
            out.sent.push(Sent::Deletion(self.delete(patch)));
        }
        if !patch.inserted.is_empty() {
            out.sent.push(Sent::Insertion(self.insert(patch), patch.inserted.clone()));
        }
        out.ends.push(out.sent.len());
        Ok(())
    }

    fn apply(&mut self, updates: &Operations, index: usize) -> Supported {
        let start = if index == 0 { 0 } else { updates.ends[index - 1] };
        for sent in &updates.sent[start..updates.ends[index]] {
            match sent {
                Sent::Insertion(insertion, text) => {
                    let at = self.replica.integrate_insertion(insertion).expect("an insertion that fits");
                    self.rope.insert(at, text);
                }
                Sent::Deletion(deletion) => {
                    for range in self.replica.integrate_deletion(deletion).into_iter().rev() {
                        self.rope.delete(range);
                    }
                }
            }
        }
        Ok(())
    }
}
