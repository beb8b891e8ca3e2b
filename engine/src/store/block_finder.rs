//! Finding the blocks of units that are asked for in the order of a sequence, not of their clocks.

use super::order::Client;
use super::{Block, Log};
use crate::values::Clock;

/// So many searches, or one for each client, are made before it is asked how many blocks there are.
const FEW_SEARCHES: usize = if cfg!(debug_assertions) { 2 } else { 32 };

/// A search takes as long as indexing so many blocks.
const BLOCKS_A_SEARCH: usize = 16;

/// Finds blocks for one reading. What stands elsewhere than what was written before it is searched for, O(log blocks) each,
/// until that has been as much work as an index of all blocks is; from then on it is found in O(1) where units are spread evenly.
#[derive(Debug)]
pub(crate) struct BlockFinder<'s> {
    logs: &'s [Log],
    /// What was found last.
    last: (Client, usize),
    /// Searches until now.
    searches: usize,
    /// After so many the index is made, or it is asked when that will be.
    enough: usize,
    index: Option<BlockIndex>,
}

impl<'s> BlockFinder<'s> {
    pub(super) fn new(logs: &'s [Log]) -> BlockFinder<'s> {
        BlockFinder { logs, last: (Client::MAX, 0), searches: 0, enough: FEW_SEARCHES.max(logs.len()), index: None }
    }

    /// The block of a client that holds a clock.
    #[inline]
    pub(crate) fn find(&mut self, client: Client, clock: Clock) -> usize {
        let log = &self.logs[client as usize];
        if let Some(index) = &self.index {
            return index.find(client, log, clock);
        }
        let (last_client, last) = self.last;
        let block = match last_client == client && log.blocks()[last].clock <= clock {
            true if clock < log.block_end(last) => last,
            true if clock < log.block_end(last + 1) => last + 1,
            _ => self.search(log, clock),
        };
        self.last = (client, block);
        block
    }

    #[inline(never)]
    fn search(&mut self, log: &Log, clock: Clock) -> usize {
        self.searches += 1;
        if self.searches >= self.enough {
            let blocks: usize = self.logs.iter().map(|log| log.blocks().len()).sum();
            self.enough = blocks / BLOCKS_A_SEARCH;
            if self.searches >= self.enough {
                self.index = Some(BlockIndex::of(self.logs));
            }
        }
        log.find(clock)
    }
}

/// Which block holds each so many clocks of a client: about as many as it has blocks.
#[derive(Debug)]
struct BlockIndex {
    clients: Vec<Indexed>,
    /// Numbers of blocks, clients one after the other.
    blocks: Vec<u32>,
}

#[derive(Clone, Copy, Debug)]
struct Indexed {
    /// Where the client's numbers begin.
    first: usize,
    /// The binary logarithm of how many clocks lie between two of them.
    shift: u32,
}

impl BlockIndex {
    /// O(blocks + clients).
    fn of(logs: &[Log]) -> BlockIndex {
        let mut clients = Vec::with_capacity(logs.len());
        let mut blocks = Vec::with_capacity(logs.iter().map(|log| log.blocks().len() + 2).sum());
        for log in logs {
            let clocks_a_block = log.end() as usize / log.blocks().len().max(1);
            let shift = (usize::BITS - clocks_a_block.leading_zeros()).min(Clock::BITS - 1);
            clients.push(Indexed { first: blocks.len(), shift });
            add_numbers(&mut blocks, log.blocks(), log.end(), shift);
        }
        BlockIndex { clients, blocks }
    }

    #[inline]
    fn find(&self, client: Client, log: &Log, clock: Clock) -> usize {
        let Indexed { first, shift } = self.clients[client as usize];
        let at = first + (clock >> shift) as usize;
        let (low, high) = (self.blocks[at] as usize, self.blocks[at + 1] as usize);
        low + log.blocks()[low + 1..high + 1].partition_point(|block| block.clock <= clock)
    }
}

/// Adds the number of the block that holds each clock that is a multiple of 2^shift; of the last block for one behind the end.
fn add_numbers(numbers: &mut Vec<u32>, blocks: &[Block], end: Clock, shift: u32) {
    let first = numbers.len();
    numbers.resize(first + (end >> shift) as usize + 2, 0);
    let numbers = &mut numbers[first..];
    for (number, block) in (0..).zip(blocks) {
        // The last one that begins by then.
        numbers[((u64::from(block.clock) + (1 << shift) - 1) >> shift) as usize] = number;
    }
    let mut number = 0;
    for of in numbers {
        number = number.max(*of);
        *of = number;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Entry, NO_ORIGIN};
    use super::*;
    use crate::update::Content;
    use crate::values::{ClientId, random::numbers};

    fn log(client: u32, lens: impl Iterator<Item = Clock>) -> Log {
        let mut log = Log::new(ClientId::from(client));
        for len in lens {
            let entry = Entry {
                content: Content::Deleted,
                len,
                origin: NO_ORIGIN,
                right_origin: NO_ORIGIN,
                sequence: 0,
                is_joinable: false,
                holds: None,
                payload: &[],
            };
            log.append(entry, client);
        }
        log
    }

    /// With and without an index, near and far; logs that are empty, even, and as uneven as can be.
    #[test]
    fn blocks_are_found() {
        let mut below = numbers(11);
        let logs = [
            log(0, (0..40).map(|_| 1 + below(3))),
            log(1, [].into_iter()),
            log(2, (0..70).map(|number| if number == 30 { Clock::MAX / 2 } else { 1 + below(9) })),
            log(3, [Clock::MAX - 2].into_iter()),
            log(4, [1].into_iter()),
        ];
        let mut blocks = BlockFinder::new(&logs);
        for _ in 0..1_000 {
            let client = [0, 2, 3, 4][below(4) as usize];
            let log = &logs[client as usize];
            let clock = match below(3) {
                0 => log.end() - 1,
                _ => log.blocks()[below(log.blocks().len() as u32) as usize].clock,
            };
            let clock = clock.saturating_sub(below(3));
            assert_eq!(blocks.find(client, clock), log.find(clock), "{clock} of {client}");
        }
        assert!(blocks.index.is_some());
    }
}
