//! The id index of one client: from a clock to the leaf that holds it.

use crate::values::Clock;
use smallvec::SmallVec;

/// Runs of clocks in the same leaf, gap-less from clock 0: a run ends where the next begins.
///
/// Runs are kept in chunks, so that a change in the middle moves a chunk's worth of them, not all. Of most clients all lie in
/// one leaf or two: that takes no memory of its own.
#[derive(Debug, Default)]
pub(super) struct IdIndex {
    first: Chunk,
    further: Option<Box<Further>>,
    /// The leaf of the last run.
    last: Option<u32>,
    end: Clock,
}

type Chunk = SmallVec<[Run; 2]>;

/// The chunks behind the first one. Where each starts stands apart: a search in long documents touches a few lines of that
/// and one chunk.
#[derive(Debug, Default)]
struct Further {
    chunks: Vec<Chunk>,
    starts: Vec<Clock>,
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
        let (chunk, runs, at) = self.locate(clock);
        let next = self.run_after(chunk, runs, at);
        (runs[at].leaf, next.map_or(self.end, |next| next.start))
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
        let last = match &mut self.further {
            None => &mut self.first,
            Some(further) => further.chunks.last_mut().unwrap_or(&mut self.first),
        };
        if last.len() < CHUNK {
            return last.push(Run { start, leaf });
        }
        let mut chunk = Chunk::with_capacity(CHUNK + 2);
        chunk.push(Run { start, leaf });
        let further = self.further.get_or_insert_default();
        further.insert(further.chunks.len(), chunk);
    }

    /// Notes that `start..end`, which lies within one run, has moved to `leaf`. O(log runs + chunk).
    pub(super) fn relocate(&mut self, start: Clock, end: Clock, leaf: u32) {
        debug_assert!(start < end && end <= self.end);
        let (chunk, runs, at) = self.locate(start);
        let run = runs[at];
        if run.leaf == leaf {
            return;
        }
        let next = self.run_after(chunk, runs, at);
        let run_end = next.map_or(self.end, |next| next.start);
        debug_assert!(end <= run_end);
        let joins_next = end == run_end && next.is_some_and(|next| next.leaf == leaf);
        let previous = || if at > 0 { runs.get(at - 1) } else { self.last_before(chunk) };
        let joins_previous = start == run.start && previous().is_some_and(|previous| previous.leaf == leaf);
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

    fn chunk(&self, chunk: usize) -> &Chunk {
        match &self.further {
            Some(further) if chunk > 0 => &further.chunks[chunk - 1],
            _ => &self.first,
        }
    }

    fn chunk_mut(&mut self, chunk: usize) -> &mut Chunk {
        match &mut self.further {
            Some(further) if chunk > 0 => &mut further.chunks[chunk - 1],
            _ => &mut self.first,
        }
    }

    /// The run that holds a clock: number and runs of its chunk, and its number among these.
    fn locate(&self, clock: Clock) -> (usize, &[Run], usize) {
        let (chunk, runs) = match &self.further {
            None => (0, &self.first),
            Some(further) => match further.starts.partition_point(|start| *start <= clock) {
                0 => (0, &self.first),
                chunk => (chunk, &further.chunks[chunk - 1]),
            },
        };
        let runs = runs.as_slice();
        (chunk, runs, runs.partition_point(|run| run.start <= clock) - 1)
    }

    /// The run behind run `at` of the `runs` of a chunk.
    fn run_after<'a>(&'a self, chunk: usize, runs: &'a [Run], at: usize) -> Option<&'a Run> {
        runs.get(at + 1).or_else(|| self.further.as_ref()?.chunks.get(chunk)?.first())
    }

    /// The last run before a chunk.
    fn last_before(&self, chunk: usize) -> Option<&Run> {
        self.chunk(chunk.checked_sub(1)?).last()
    }

    fn remove_after(&mut self, chunk: usize, at: usize) {
        let runs = self.chunk_mut(chunk);
        if at + 1 < runs.len() {
            runs.remove(at + 1);
        } else {
            self.chunk_mut(chunk + 1).remove(0);
            self.chunk_changed(chunk + 1);
        }
    }

    fn replace(&mut self, chunk: usize, at: usize, pieces: &[Run]) {
        let runs = self.chunk_mut(chunk);
        match pieces {
            [] => drop(runs.remove(at)),
            [only] => runs[at] = *only,
            [first, others @ ..] => {
                runs[at] = *first;
                runs.insert_from_slice(at + 1, others);
            }
        }
        if runs.len() > CHUNK {
            let mut upper = Chunk::with_capacity(CHUNK + 2);
            upper.extend(runs.drain(runs.len() / 2..));
            self.further.get_or_insert_default().insert(chunk, upper);
        }
        if at == 0 {
            self.chunk_changed(chunk);
        }
    }

    /// Notes where a chunk starts now; an empty one goes.
    fn chunk_changed(&mut self, chunk: usize) {
        let first = self.chunk(chunk).first().copied();
        let Some(further) = &mut self.further else { return };
        match (first, chunk) {
            (Some(first), 1..) => further.starts[chunk - 1] = first.start,
            (Some(_), 0) => {}
            (None, 1..) => drop(further.remove(chunk - 1)),
            (None, 0) => self.first = further.remove(0),
        }
        if further.chunks.is_empty() {
            self.further = None;
        }
    }

    /// Panics if the runs are not ascending from 0, or if two neighbours could be one.
    pub(super) fn assert_invariants(&self) {
        let mut runs = self.first.to_vec();
        assert!(runs.len() <= CHUNK + 2 && (self.further.is_none() || !runs.is_empty()));
        if let Some(Further { chunks, starts }) = self.further.as_deref() {
            assert!(chunks.iter().all(|chunk| !chunk.is_empty() && chunk.len() <= CHUNK + 2));
            assert!(!chunks.is_empty() && chunks.iter().map(|chunk| chunk[0].start).eq(starts.iter().copied()));
            runs.extend(chunks.iter().flatten());
        }
        assert_eq!(runs.first().map_or(0, |run| run.start), 0);
        assert!(runs.windows(2).all(|pair| pair[0].start < pair[1].start && pair[0].leaf != pair[1].leaf));
        assert!(runs.last().is_none_or(|run| run.start < self.end));
        assert_eq!(runs.last().map(|run| run.leaf), self.last);
    }
}

impl Further {
    fn insert(&mut self, at: usize, chunk: Chunk) {
        self.starts.insert(at, chunk[0].start);
        self.chunks.insert(at, chunk);
    }

    fn remove(&mut self, at: usize) -> Chunk {
        self.starts.remove(at);
        self.chunks.remove(at)
    }
}
