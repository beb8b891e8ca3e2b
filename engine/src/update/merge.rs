//! Merging updates v1 into one, without a document.

use super::block_writer::BlockWriter;
use super::diff::validate_update;
use super::struct_walk::StructWalk;
use super::structs::{Content, Struct};
use crate::values::{ClientId, Clock, Error, Id};
use std::cmp::Reverse;
use std::collections::BinaryHeap;

/// One update that holds all that these hold; ids that none of them has are written as Skip structs where they lie
/// between others. A single update comes back as it is. (Yjs: `mergeUpdates`, byte for byte for what Yjs wrote)
///
/// Of structs that overlap, the part that is known already is cut off. Structs are not joined.
/// O(bytes * log updates); memory: the result.
///
/// # Errors
/// As [`Update::parse_v1`](super::Update::parse_v1), for any of the updates; the offset counts in that one.
///
/// ```
/// use merganser::{ClientId, Doc, Options, update};
///
/// let mut doc = Doc::new(Options::new(ClientId::from(1)));
/// let text = doc.text("note");
/// let mut updates = Vec::new();
/// for word in ["one ", "two "] {
///     let mut transaction = doc.transact();
///     text.insert(&mut transaction, 0, word)?;
///     updates.extend(transaction.commit().update_v1());
/// }
/// let merged = update::merge_updates(&[&updates[1], &updates[0]])?;
/// assert_eq!(update::state_vector_of_update(&merged)?, doc.encode_state_vector());
/// assert_eq!(update::diff_update(&merged, &doc.encode_state_vector())?, [0, 0]);
/// # Ok::<(), merganser::Error>(())
/// ```
pub fn merge_updates(updates: &[&[u8]]) -> Result<Vec<u8>, Error> {
    if let [only] = updates {
        validate_update(only)?;
        return Ok(only.to_vec());
    }
    let mut walks = updates.iter().map(|update| StructWalk::new(update)).collect::<Result<Vec<_>, _>>()?;
    let merged = match Merge::of(&mut walks)? {
        Some(merged) => merged,
        None => merge_unordered(updates)?,
    };
    // Sorted once: putting each update's deletes into a set in turn would move what lies behind them every time.
    let mut deletes = Vec::new();
    for walk in walks {
        deletes.extend(walk.into_deletes()?.iter());
    }
    Ok(merged.finish(&deletes.into_iter().collect()))
}

/// The same where an update's clients do not descend, or one comes twice: each descending part is a source.
fn merge_unordered(updates: &[&[u8]]) -> Result<BlockWriter, Error> {
    let mut parts = Vec::new();
    for update in updates {
        parts.extend(StructWalk::new(update)?.descending_parts()?);
    }
    Ok(Merge::of(&mut parts)?.unwrap_or_default())
}

/// Which source goes on: the highest client, its lowest clock, and then whichever went on last. The last rule is
/// what comes of the stable sort in Yjs; it decides whose copy of a struct is kept.
type Turn = (ClientId, Reverse<Clock>, i64, usize);

struct Merge<'w, 'a> {
    walks: &'w mut [StructWalk<'a>],
    /// The next struct of each walk.
    heads: Vec<Option<Struct>>,
    turns: BinaryHeap<Turn>,
    turns_taken: i64,
    /// The struct that is written next, unless it grows before.
    held: Option<Held<'a>>,
    out: BlockWriter,
}

#[derive(Clone, Copy)]
struct Held<'a> {
    of: Struct,
    bytes: &'a [u8],
    /// Units that are cut off at its start.
    from: Clock,
}

impl<'w, 'a> Merge<'w, 'a> {
    /// The structs of all walks; `None` if the clients of one do not descend.
    fn of(walks: &'w mut [StructWalk<'a>]) -> Result<Option<BlockWriter>, Error> {
        let count = walks.len();
        let mut merge = Merge {
            walks,
            heads: vec![None; count],
            turns: BinaryHeap::with_capacity(count),
            turns_taken: 0,
            held: None,
            out: BlockWriter::default(),
        };
        for source in 0..count {
            merge.advance(source)?;
            merge.take_turn_later(source, -(source as i64));
        }
        while let Some((client, _, _, source)) = merge.turns.pop() {
            merge.take_turn(source, client)?;
            if !merge.walks[source].is_descending() {
                return Ok(None);
            }
            merge.turns_taken += 1;
            merge.take_turn_later(source, merge.turns_taken);
        }
        merge.write_held();
        Ok(Some(merge.out))
    }

    fn take_turn_later(&mut self, source: usize, priority: i64) {
        if let Some(head) = &self.heads[source] {
            self.turns.push((head.id.client, Reverse(head.id.clock), priority, source));
        }
    }

    fn advance(&mut self, source: usize) -> Result<(), Error> {
        let walk = &mut self.walks[source];
        loop {
            self.heads[source] = walk.next_struct()?;
            if self.heads[source].is_none_or(|head| head.content != Content::Skip) {
                return Ok(());
            }
        }
    }

    fn write_held(&mut self) {
        if let Some(held) = &self.held {
            self.out.push(&held.of, held.bytes, held.from);
        }
    }

    /// Writes the held struct and holds the head of `source` from unit `from` on.
    fn hold_head(&mut self, source: usize, from: Clock) -> Result<(), Error> {
        self.write_held();
        let bytes = self.walks[source].bytes();
        self.held = self.heads[source].map(|of| Held { of, bytes, from });
        self.advance(source)
    }

    /// Takes structs of `client` from one source, up to a gap in it.
    fn take_turn(&mut self, source: usize, client: ClientId) -> Result<(), Error> {
        match self.held {
            None => self.hold_head(source, 0)?,
            Some(held) => {
                let mut skipped = false;
                while self.heads[source].is_some_and(|head| is_within(&head, &held.of)) {
                    self.advance(source)?;
                    skipped = true;
                }
                let Some(head) = self.heads[source] else { return Ok(()) };
                // Another source may have what comes before.
                if head.id.client != client || skipped && head.id.clock > held.of.end() {
                    return Ok(());
                }
                self.append_head(source, &head, held)?;
            }
        }
        while let (Some(head), Some(held)) = (self.heads[source], &self.held)
            && head.id == Id::new(client, held.of.end())
        {
            self.hold_head(source, 0)?;
        }
        Ok(())
    }

    fn append_head(&mut self, source: usize, head: &Struct, held: Held<'a>) -> Result<(), Error> {
        let end = held.of.end();
        if head.id.client != held.of.id.client {
            return self.hold_head(source, 0);
        }
        if head.id.clock > end {
            self.write_held();
            let gap = Struct::skip(Id::new(head.id.client, end), head.id.clock - end);
            self.held = Some(Held { of: gap, bytes: &[], from: 0 });
            return Ok(());
        }
        let known = end - head.id.clock;
        if held.of.content == Content::Gc && head.content == Content::Gc {
            let of = Struct { len: held.of.len + (head.len - known), ..held.of };
            self.held = Some(Held { of, ..held });
            return Ok(());
        }
        self.hold_head(source, known)
    }
}

fn is_within(head: &Struct, held: &Struct) -> bool {
    head.id.client >= held.id.client && head.end() <= held.end()
}
