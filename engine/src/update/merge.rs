//! Merging updates v1 into one, without a document.

use super::block_writer::BlockWriter;
use super::diff::validate_update;
use super::struct_run::StructRun;
use super::struct_walk::StructWalk;
use super::structs::{Content, Struct};
use crate::values::{ClientId, Clock, Error, Id, IdSet, sort_by_numbers};
use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::ops::Range;

/// One update that holds all that these hold; ids that none of them has are written as Skip structs where they lie
/// between others. A single update comes back as it is. (Yjs: `mergeUpdates`)
///
/// Of structs that overlap, the part that is known already is cut off. Structs that a document would hold as one are
/// joined, which Yjs leaves to those who apply the update: what a client types is one struct, however many updates it came
/// in. Each unit is the same as in the update of Yjs.
///
/// O(bytes * log updates), O(bytes) for updates in their order; memory: about 250 bytes an update, and the result.
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
    let mut sources = Vec::with_capacity(updates.len());
    for update in updates {
        sources.push(Source::of_update(update)?);
    }
    let mut merged = Merged::of(updates);
    if !merged.add_all(&mut sources)? {
        merged = merge_unordered(updates)?;
    }
    let deletes = match merged.deletes {
        Some(deletes) => deletes,
        None => deletes_of(sources.into_iter().map(|source| source.walk))?,
    };
    Ok(merged.out.finish(&deletes))
}

/// The same where an update's clients do not descend, or one comes twice: each descending part is a source.
fn merge_unordered<'w, 'a>(updates: &'w [&'a [u8]]) -> Result<Merged<'w, 'a>, Error> {
    let mut parts = Vec::new();
    for update in updates {
        for part in StructWalk::new(update)?.descending_parts()? {
            parts.push(Source::of_walk(part)?);
        }
    }
    let mut merged = Merged::of(updates);
    merged.add_all(&mut parts)?;
    Ok(merged)
}

/// What is deleted in these updates. Sorted once: putting each update's deletes into a set in turn would move what lies
/// behind them every time.
fn deletes_of<'a>(walks: impl Iterator<Item = StructWalk<'a>>) -> Result<IdSet, Error> {
    let mut deletes: Vec<(ClientId, Range<Clock>)> = Vec::new();
    for walk in walks {
        walk.read_deletes(&mut |client, range| match deletes.last_mut() {
            // Whoever deletes one unit after the other leaves few ranges to be sorted.
            Some((of, last)) if *of == client && last.start <= range.start && range.start <= last.end => {
                last.end = last.end.max(range.end);
            }
            Some((of, last)) if *of == client && range.end == last.start => last.start = range.start,
            _ => deletes.push((client, range)),
        })?;
    }
    Ok(deletes.into_iter().collect())
}

/// The update in the making.
struct Merged<'w, 'a> {
    updates: &'w [&'a [u8]],
    out: BlockWriter,
    /// The client whose block is being written, and its structs.
    client: Option<ClientId>,
    run: StructRun,
    /// All deletes, if they had to be known.
    deletes: Option<IdSet>,
}

impl<'w, 'a> Merged<'w, 'a> {
    fn of(updates: &'w [&'a [u8]]) -> Merged<'w, 'a> {
        let (out, run) = (BlockWriter::default(), StructRun::starting_at(0));
        Merged { updates, out, client: None, run, deletes: None }
    }

    /// Sees to it that structs of this client may be added from this one on.
    #[inline]
    fn begin(&mut self, first: Id) {
        if self.client != Some(first.client) {
            self.end_block();
            self.client = Some(first.client);
            self.run.start_again_at(first.clock);
        }
    }

    /// Adds what is not known of a struct, which belongs to an update with these bytes.
    #[inline]
    fn add(&mut self, of: &Struct, bytes: &[u8]) -> Result<(), Error> {
        if of.content.is_values() {
            return self.add_values(of, bytes);
        }
        self.run.add(of, bytes, 0..of.len, &IdSet::default());
        Ok(())
    }

    /// Where values may be joined, the deletes have a say.
    fn add_values(&mut self, of: &Struct, bytes: &[u8]) -> Result<(), Error> {
        let from = self.run.end().saturating_sub(of.id.clock);
        if self.deletes.is_none() && self.run.continues(of, from) {
            let walks = self.updates.iter().map(|update| StructWalk::new(update)).collect::<Result<Vec<_>, _>>()?;
            self.deletes = Some(deletes_of(walks.into_iter())?);
        }
        let nothing = IdSet::default();
        self.run.add(of, bytes, from..of.len, self.deletes.as_ref().unwrap_or(&nothing));
        Ok(())
    }

    fn end_block(&mut self) {
        if let Some(client) = self.client.take() {
            self.run.write_block(client, self.out.begin_block());
        }
    }
}

/// Structs that are taken one by one.
struct Source<'a> {
    walk: StructWalk<'a>,
    /// The next one.
    head: Option<Struct>,
}

impl<'a> Source<'a> {
    fn of_update(update: &'a [u8]) -> Result<Source<'a>, Error> {
        match StructWalk::past_text(update) {
            Some((walk, text)) => Ok(Source { walk, head: Some(text) }),
            None => Source::of_walk(StructWalk::new(update)?),
        }
    }

    fn of_walk(walk: StructWalk<'a>) -> Result<Source<'a>, Error> {
        let mut source = Source { walk, head: None };
        source.advance()?;
        Ok(source)
    }

    fn advance(&mut self) -> Result<(), Error> {
        loop {
            self.head = self.walk.next_struct()?;
            if self.head.is_none_or(|head| head.content != Content::Skip) {
                return Ok(());
            }
        }
    }
}

/// Which source goes on: the highest client, its lowest clock, and then whichever went on last. The last rule is
/// what comes of the stable sort in Yjs; it decides whose copy of a struct is kept.
type Turn = (ClientId, Reverse<Clock>, u64, usize);

impl<'w, 'a> Merged<'w, 'a> {
    /// Adds the structs of all sources; `false` if the clients of one do not descend, and all is to be begun again.
    fn add_all(&mut self, sources: &mut [Source<'a>]) -> Result<bool, Error> {
        let heads = sources.iter().enumerate().filter_map(|(at, source)| Some((source.head.as_ref()?.id, at)));
        let mut waiting: Vec<_> = heads.collect();
        // Those that are equal stay in the order of the updates.
        sort_by_numbers(&mut waiting, |(id, _)| (u64::MAX - id.client.value(), id.clock.into()));
        let mut waiting = waiting.into_iter().peekable();
        // The sources that have had a turn and go on. The others wait in their order: nearly all where each has one struct.
        let mut turns: BinaryHeap<Turn> = BinaryHeap::new();
        let mut turns_taken = 0;
        loop {
            let first = waiting.peek().map(|(id, source)| (id.client, Reverse(id.clock), 0, *source));
            let turn = match turns.peek() {
                Some(turn) if first.is_none_or(|first| *turn > first) => turns.pop(),
                _ => waiting.next().and(first),
            };
            let Some((client, _, _, at)) = turn else { break };
            let source = &mut sources[at];
            self.take_turn(source, client)?;
            if !source.walk.is_descending() {
                return Ok(false);
            }
            turns_taken += 1;
            if let Some(head) = &source.head {
                turns.push((head.id.client, Reverse(head.id.clock), turns_taken, at));
            }
        }
        self.end_block();
        Ok(true)
    }

    /// Takes structs of `client` from one source, up to a gap in it.
    fn take_turn(&mut self, source: &mut Source<'a>, client: ClientId) -> Result<(), Error> {
        let mut goes_on = false;
        while let Some(head) = &source.head
            && head.id.client == client
        {
            self.begin(head.id);
            if goes_on && head.id.clock > self.run.end() {
                // Another source may have what comes before.
                return Ok(());
            }
            if head.end() > self.run.end() {
                self.add(head, source.walk.bytes())?;
            }
            source.advance()?;
            goes_on = true;
        }
        Ok(())
    }
}
