//! Writing a store.

use super::super::{Client, LocalId, Mark, NO_ORIGIN, NO_SEQUENCE, Sequence, Span, Store};
use super::{ANY, ENTRY, HELD_TYPE, NONE, OWN, PART, SAME, UNPLACED, fold};
use crate::lib0::{write_bytes, write_string, write_var_uint};
use crate::update::Content;
use crate::values::{Clock, Pace, sort_in_steps};
use std::borrow::Cow;
use std::ops::Range;

/// A part of a block is left out for being deleted from this many units on; to cut it out costs about as many bytes.
const LEAST_COLLECTED: Clock = 16;

/// Units that stand next to each other.
#[derive(Clone, Copy)]
struct Run {
    client: Client,
    clock: Clock,
    len: Clock,
    mark: u8,
    /// How many runs stand before it, sequence after sequence.
    place: u32,
}

/// A block, or a part of one, as it is written.
#[derive(Clone, Copy)]
struct Part {
    block: usize,
    start: Clock,
    end: Clock,
    content: Content,
}

impl Store {
    /// Appends all that the store holds. O(runs log runs + bytes).
    pub(crate) async fn write_checkpoint(&self, out: &mut Vec<u8>, pace: &Pace) {
        write_var_uint(out, self.logs.len() as u64);
        for log in &self.logs {
            write_var_uint(out, log.client.value());
            write_var_uint(out, log.end().into());
        }
        write_var_uint(out, self.types.key_count().into());
        (0..self.types.key_count()).for_each(|key| write_string(out, self.types.key_name(key)));
        write_var_uint(out, self.types.sequence_count().into());
        self.write_order(out, pace).await;
        let mut payload = Vec::new();
        for client in 0..self.logs.len() as Client {
            self.write_log(out, client, &mut payload, pace).await;
        }
        let sequences = self.types.sequence_count();
        for start in (0..sequences).step_by(PART) {
            self.write_owners(out, start..sequences.min(start + PART as Sequence));
            pace.spend(PART).await;
        }
        write_var_uint(out, self.cut_pairs.len() as u64);
        self.cut_pairs.iter().for_each(|first_half| write_unit(out, *first_half));
    }

    /// Appends the runs, and the order in which they stand.
    async fn write_order(&self, out: &mut Vec<u8>, pace: &Pace) {
        let mut runs = Vec::new();
        let mut counts = Vec::new();
        for sequence in 0..self.types.sequence_count() {
            let before = runs.len();
            let mut spans = self.order.spans(sequence);
            while let Some(first) = spans.next() {
                let part = runs.len();
                push_run(&mut runs, first);
                spans.by_ref().take(PART).for_each(|span| push_run(&mut runs, span));
                pace.spend(runs.len() - part).await;
            }
            counts.push(runs.len() - before);
        }
        let placed = runs.len();
        for (client, log) in (0..).zip(&self.logs) {
            for (at, block) in log.blocks().iter().enumerate().filter(|(_, block)| block.sequence == NO_SEQUENCE) {
                let len = log.block_end(at) - block.clock;
                runs.push(Run { client, clock: block.clock, len, mark: UNPLACED, place: runs.len() as u32 });
            }
            pace.spend(log.blocks().len() / 4).await;
        }
        sort_in_steps(&mut runs, |run| (run.client.into(), run.clock.into()), pace).await;
        let mut numbers = vec![0; runs.len()];
        (0..).zip(&runs).for_each(|(number, run)| numbers[run.place as usize] = number);
        pace.spend(runs.len() / 2).await;
        let mut rest = runs.as_slice();
        for client in 0..self.logs.len() as Client {
            let (own, others) = rest.split_at(rest.partition_point(|run| run.client == client));
            write_var_uint(out, own.len() as u64);
            for part in own.chunks(PART) {
                part.iter().for_each(|run| write_var_uint(out, u64::from(run.len) << 2 | u64::from(run.mark)));
                pace.spend(part.len()).await;
            }
            rest = others;
        }
        let mut expected = 0;
        let mut numbers = &numbers[..placed];
        for count in counts {
            write_var_uint(out, count as u64);
            let (own, others) = numbers.split_at(count);
            for part in own.chunks(PART) {
                for &number in part {
                    write_var_uint(out, fold(number - expected));
                    expected = number + 1;
                }
                pace.spend(part.len()).await;
            }
            numbers = others;
        }
    }

    /// Appends the blocks of a client and what they carry.
    async fn write_log(&self, out: &mut Vec<u8>, client: Client, payload: &mut Vec<u8>, pace: &Pace) {
        let parts = self.parts(client, pace).await;
        payload.clear();
        write_var_uint(out, parts.len() as u64);
        let mut right_before = NO_ORIGIN;
        for parts in parts.chunks(PART) {
            self.write_parts(out, client, parts, payload, &mut right_before);
            pace.spend(2 * parts.len()).await;
        }
        write_bytes(out, payload);
    }

    /// Appends some of the blocks of a client. `right_before` is the right origin of the one before.
    fn write_parts(
        &self,
        out: &mut Vec<u8>,
        client: Client,
        parts: &[Part],
        payload: &mut Vec<u8>,
        right_before: &mut LocalId,
    ) {
        for &part in parts {
            let block = &self.log(client).blocks()[part.block];
            let origin = block.origin_of((client, part.start));
            let origin_kind = match origin {
                NO_ORIGIN => NONE,
                (of, clock) if of == client && clock + 1 == part.start => SAME,
                (of, _) if of == client => OWN,
                _ => ANY,
            };
            let right_kind = match block.right_origin {
                NO_ORIGIN => NONE,
                right if right == *right_before => SAME,
                (of, _) if of == client => OWN,
                _ => ANY,
            };
            *right_before = block.right_origin;
            out.push(part.content as u8 | origin_kind << 4 | right_kind << 6);
            for (kind, (of, clock)) in [(origin_kind, origin), (right_kind, block.right_origin)] {
                match kind {
                    OWN => write_var_uint(out, (part.start - clock).into()),
                    ANY => write_unit(out, (of, clock)),
                    _ => {}
                }
            }
            let len = part.end - part.start;
            if part.content.is_run() {
                write_var_uint(out, len.into());
            }
            let carried = self.payload_of(client, part);
            match part.content {
                Content::Gc | Content::Deleted => {}
                Content::String => write_var_uint(out, carried.len() as u64 - u64::from(len)),
                _ => write_var_uint(out, carried.len() as u64),
            }
            payload.extend_from_slice(carried);
        }
    }

    /// The blocks of a client, cut where deleted content is left out.
    async fn parts(&self, client: Client, pace: &Pace) -> Vec<Part> {
        let log = self.log(client);
        let collects = self.collects && self.kept.is_empty();
        let deleted = if collects { log.deleted_ranges(0) } else { Cow::default() };
        let mut deleted = &*deleted;
        let blocks = log.blocks().len();
        let mut parts = Vec::with_capacity(blocks);
        for start in (0..blocks).step_by(PART) {
            self.add_parts(client, start..blocks.min(start + PART), &mut deleted, &mut parts);
            pace.spend(PART.min(blocks)).await;
        }
        parts
    }

    /// Adds some blocks; what is deleted before them is taken off the ranges.
    fn add_parts(&self, client: Client, blocks: Range<usize>, deleted: &mut &[(Clock, Clock)], parts: &mut Vec<Part>) {
        let log = self.log(client);
        for at in blocks {
            let (mut start, end) = (log.blocks()[at].clock, log.block_end(at));
            let part = |start, end, content| Part { block: at, start, end, content };
            let (first, content) = (start, log.blocks()[at].content);
            while let [(from, to), behind @ ..] = deleted
                && *from < end
            {
                let (from, to, ends_behind) = ((*from).max(first), (*to).min(end), *to > end);
                if self.is_worth_collecting(client, at, from, to) {
                    if start < from {
                        parts.push(part(start, from, content));
                    }
                    parts.push(part(from, to, Content::Deleted));
                    start = to;
                }
                if ends_behind {
                    break;
                }
                *deleted = behind;
            }
            if start < end {
                parts.push(part(start, end, content));
            }
        }
    }

    /// Whether it pays, and is possible, to leave out a deleted part of a block.
    fn is_worth_collecting(&self, client: Client, block: usize, from: Clock, to: Clock) -> bool {
        let log = self.log(client);
        let is_whole = log.blocks()[block].clock == from && log.block_end(block) == to;
        match log.blocks()[block].content {
            Content::String => {
                let is_inside_pair = |clock| log.is_inside_pair(clock);
                is_whole || to - from >= LEAST_COLLECTED && !is_inside_pair(from) && !is_inside_pair(to)
            }
            Content::Any | Content::Json | Content::Binary | Content::Embed => is_whole,
            _ => false,
        }
    }

    /// What a part carries.
    fn payload_of(&self, client: Client, part: Part) -> &[u8] {
        let log = self.log(client);
        let whole = log.payload(part.block);
        let block = &log.blocks()[part.block];
        match part.content {
            Content::Gc | Content::Deleted => &[],
            _ if part.start == block.clock && part.end == log.block_end(part.block) => whole,
            _ => log.text_part(part.block, part.start - block.clock, part.end - block.clock).text.as_bytes(),
        }
    }

    fn write_owners(&self, out: &mut Vec<u8>, sequences: Range<Sequence>) {
        for sequence in sequences {
            let owner = self.types.owner(sequence);
            let shared = self.types.get(owner.of);
            match (owner.key, shared.item) {
                (Some(key), _) => {
                    write_var_uint(out, ENTRY);
                    write_var_uint(out, owner.of.into());
                    write_var_uint(out, key.into());
                }
                (None, Some(item)) => {
                    write_var_uint(out, HELD_TYPE);
                    write_unit(out, item);
                }
                (None, None) => {
                    write_var_uint(out, shared.tag.map_or(0, |tag| tag as u64 + 1));
                    write_string(out, self.types.name(shared));
                }
            }
        }
    }
}

/// Adds a span to the runs.
fn push_run(runs: &mut Vec<Run>, span: Span) {
    let mark = match (span.is_deleted(), span.is_uncounted()) {
        (true, _) => Mark::Deleted,
        (_, true) => Mark::Uncounted,
        _ => Mark::Visible,
    };
    let place = runs.len() as u32;
    runs.push(Run { client: span.client(), clock: span.clock, len: span.len, mark: mark as u8, place });
}

fn write_unit(out: &mut Vec<u8>, (client, clock): LocalId) {
    write_var_uint(out, client.into());
    write_var_uint(out, clock.into());
}
