//! The id index of one client: from a clock to the leaf that holds it.

use crate::values::Clock;

/// Runs of clocks in the same leaf, gap-less from clock 0: a run ends where the next begins.
///
/// Runs are kept in chunks, so that a change in the middle moves a chunk's worth of them, not all. Where each chunk
/// starts stands apart: a search in long documents touches a few lines of that and one chunk.
#[derive(Debug, Default)]
pub(super) struct IdIndex {
    chunks: Vec<Vec<Run>>,
    /// The first clock of each chunk.
    starts: Vec<Clock>,
    /// The leaf of the last run.
    last: Option<u32>,
    end: Clock,
}

#[derive(Clone, Copy, Debug, PartialEq)]
struct Run {
    start: Clock,
    leaf: u32,
}

/// A chunk is split when it has more runs than this.
const CHUNK: usize = if cfg!(debug_assertions) { 4 } else { 128 };

impl IdIndex {
    /// The clock after the last one that is indexed.
    pub(super) fn end(&self) -> Clock {
        self.end
    }

    /// The leaf of `clock`, and the clock after its run. `clock` must be below [`end`](Self::end).
    #[inline]
    pub(super) fn find(&self, clock: Clock) -> (u32, Clock) {
        debug_assert!(clock < self.end);
        let (chunk, at) = self.locate(clock);
        (self.chunks[chunk][at].leaf, self.run_end(chunk, at))
    }

    /// Notes that the next `len` clocks are in `leaf`.
    #[inline]
    pub(super) fn append(&mut self, len: Clock, leaf: u32) {
        if self.last != Some(leaf) {
            self.append_run(leaf);
        }
        self.end += len;
    }

    fn append_run(&mut self, leaf: u32) {
        let start = self.end;
        self.last = Some(leaf);
        match self.chunks.last_mut() {
            Some(chunk) if chunk.len() < CHUNK => chunk.push(Run { start, leaf }),
            _ => {
                // Short lists of many clients are kept short; a chunk behind others will fill.
                let mut chunk = Vec::with_capacity(if self.chunks.is_empty() { 1 } else { CHUNK + 2 });
                chunk.push(Run { start, leaf });
                self.chunks.push(chunk);
                self.starts.push(start);
            }
        }
    }

    /// Notes that `start..end`, which lies within one run, has moved to `leaf`. O(log runs + chunk).
    pub(super) fn relocate(&mut self, start: Clock, end: Clock, leaf: u32) {
        debug_assert!(start < end && end <= self.end);
        let (chunk, at) = self.locate(start);
        let run = self.chunks[chunk][at];
        if run.leaf == leaf {
            return;
        }
        let run_end = self.run_end(chunk, at);
        debug_assert!(end <= run_end);
        let joins_next = end == run_end && self.next_leaf(chunk, at) == Some(leaf);
        let joins_previous = start == run.start && self.previous_leaf(chunk, at) == Some(leaf);
        let mut pieces = [run; 3];
        let mut count = 0;
        if start > run.start {
            count += 1;
        }
        if !joins_previous {
            pieces[count] = Run { start, leaf };
            count += 1;
        }
        if end < run_end {
            pieces[count] = Run { start: end, leaf: run.leaf };
            count += 1;
        }
        if joins_next {
            self.remove_after(chunk, at);
        }
        self.replace(chunk, at, &pieces[..count]);
        if end == self.end {
            self.last = Some(leaf);
        }
    }

    fn locate(&self, clock: Clock) -> (usize, usize) {
        let chunk = match self.chunks.len() {
            1 => 0,
            _ => self.starts.partition_point(|start| *start <= clock) - 1,
        };
        (chunk, self.chunks[chunk].partition_point(|run| run.start <= clock) - 1)
    }

    fn after(&self, chunk: usize, at: usize) -> Option<Run> {
        self.chunks[chunk].get(at + 1).or_else(|| self.chunks.get(chunk + 1).map(|next| &next[0])).copied()
    }

    fn run_end(&self, chunk: usize, at: usize) -> Clock {
        self.after(chunk, at).map_or(self.end, |next| next.start)
    }

    fn next_leaf(&self, chunk: usize, at: usize) -> Option<u32> {
        self.after(chunk, at).map(|next| next.leaf)
    }

    fn previous_leaf(&self, chunk: usize, at: usize) -> Option<u32> {
        match at {
            0 => chunk.checked_sub(1).and_then(|before| self.chunks[before].last()),
            _ => self.chunks[chunk].get(at - 1),
        }
        .map(|run| run.leaf)
    }

    fn remove_after(&mut self, chunk: usize, at: usize) {
        if at + 1 < self.chunks[chunk].len() {
            self.chunks[chunk].remove(at + 1);
        } else {
            self.chunks[chunk + 1].remove(0);
            self.chunk_changed(chunk + 1);
        }
    }

    fn replace(&mut self, chunk: usize, at: usize, pieces: &[Run]) {
        let runs = &mut self.chunks[chunk];
        match pieces {
            [one] => runs[at] = *one,
            _ => {
                runs.splice(at..at + 1, pieces.iter().copied());
            }
        }
        if runs.len() > CHUNK {
            let mut upper = Vec::with_capacity(CHUNK + 2);
            upper.extend(runs.drain(runs.len() / 2..));
            self.starts.insert(chunk + 1, upper[0].start);
            self.chunks.insert(chunk + 1, upper);
        }
        self.chunk_changed(chunk);
    }

    /// Notes where a chunk starts now; an empty one goes.
    fn chunk_changed(&mut self, chunk: usize) {
        match self.chunks[chunk].first() {
            Some(first) => self.starts[chunk] = first.start,
            None => {
                self.chunks.remove(chunk);
                self.starts.remove(chunk);
            }
        }
    }

    /// Panics if the runs are not ascending from 0, or if two neighbours could be one.
    pub(super) fn assert_invariants(&self) {
        let runs: Vec<Run> = self.chunks.iter().flatten().copied().collect();
        assert!(self.chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK + 2));
        assert!(self.chunks.iter().map(|chunk| chunk[0].start).eq(self.starts.iter().copied()));
        assert_eq!(runs.first().map_or(0, |run| run.start), 0);
        assert!(runs.windows(2).all(|pair| pair[0].start < pair[1].start && pair[0].leaf != pair[1].leaf));
        assert!(runs.last().is_none_or(|run| run.start < self.end));
        assert_eq!(runs.last().map(|run| run.leaf), self.last);
    }
}
