//! The units of a document cut into pieces that nothing will ever have to cut again while it is loaded.

use super::PART;
use crate::store::{Block, Client, LocalId, Log, Mark, NO_ORIGIN, PlacedRun, Span, Store, Tag};
use crate::values::{Clock, Pace};
use std::ops::Range;

/// No piece: the end of a list, the left of its first piece.
pub(super) const NONE: u32 = u32::MAX;

/// Words whose cuts are made into pieces between two stops.
const PART_WORDS: usize = PART / 8 + 1;

/// A part of a block: no origin, right origin or border of a delete lies inside it. It ends where the next one begins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) clock: Clock,
    pub(super) tag: Tag,
    /// The piece after it in its list. Those of one block that was not placed yet follow each other already.
    pub(super) next: u32,
}

/// The pieces in the order of their ids. Behind those of each client stands an empty one where its clocks end.
#[derive(Debug)]
pub(super) struct Pieces {
    cuts: Cuts,
    list: Vec<Piece>,
    /// The block that each piece is a part of: its number in its client's log.
    blocks: Vec<u32>,
    /// The first piece of each client.
    firsts: Vec<u32>,
}

impl Pieces {
    /// Cuts the blocks at each clock that anything refers to, and at the borders of deletes.
    pub(super) async fn new(logs: &[Log], deletes: &[(Client, Clock, Clock)], pace: &Pace) -> Pieces {
        let mut cuts = Cuts::new(logs);
        for (client, log) in (0..).zip(logs) {
            for blocks in log.blocks().chunks(PART) {
                cuts.cut_blocks(client, blocks);
                pace.spend(blocks.len()).await;
            }
            cuts.cut((client, log.end()));
        }
        for ranges in deletes.chunks(PART) {
            for &(client, start, end) in ranges {
                cuts.cut((client, start));
                cuts.cut((client, end));
            }
            pace.spend(ranges.len()).await;
        }
        let count = cuts.count();
        pace.spend(cuts.words.len() / 8).await;
        let (list, blocks) = (Vec::with_capacity(count), Vec::with_capacity(count));
        let mut pieces = Pieces { cuts, list, blocks, firsts: Vec::with_capacity(logs.len()) };
        for (client, log) in (0..).zip(logs) {
            pieces.firsts.push(pieces.list.len() as u32);
            let words = pieces.cuts.firsts[client as usize]..pieces.cuts.firsts[client as usize + 1];
            let mut making = Making { clock: 0, next_block: 0, tag: Tag::new(client, Mark::Deleted) };
            for start in words.clone().step_by(PART_WORDS) {
                let before = pieces.list.len();
                pieces.make(&mut making, client, log, start..words.end.min(start + PART_WORDS));
                pace.spend(pieces.list.len() - before + PART_WORDS / 8).await;
            }
        }
        pieces
    }

    /// Makes the pieces that begin within some words of a client.
    #[inline(never)]
    fn make(&mut self, making: &mut Making, client: Client, log: &Log, words: Range<usize>) {
        let Pieces { cuts, list, blocks, .. } = self;
        let Making { clock: start, next_block, tag } = making;
        for clock in cuts.clocks_in(words.clone(), *start) {
            match log.blocks().get(*next_block) {
                Some(block) if block.clock == clock => {
                    *tag = Tag::new(client, Store::mark_of(block.content));
                    *next_block += 1;
                }
                _ if clock < log.end() => {
                    let at = list.len();
                    list[at - 1].next = at as u32;
                }
                _ => {}
            }
            list.push(Piece { clock, tag: *tag, next: NONE });
            blocks.push((*next_block as u32).wrapping_sub(1));
        }
        *start = start.wrapping_add(64 * words.len() as Clock);
    }

    /// The piece that holds a unit. O(1).
    #[inline]
    pub(super) fn find(&self, unit: LocalId) -> u32 {
        if unit == NO_ORIGIN { NONE } else { self.cuts.rank(unit) - 1 }
    }

    #[inline]
    pub(super) fn get(&self, piece: u32) -> Piece {
        self.list[piece as usize]
    }

    /// Whether a piece begins with this unit; `NONE` does with none.
    #[inline]
    pub(super) fn begins_with(&self, piece: u32, unit: LocalId) -> bool {
        match piece {
            NONE => unit == NO_ORIGIN,
            _ => self.get(piece).clock == unit.1 && self.get(piece).tag.client() == unit.0,
        }
    }

    #[inline]
    pub(super) fn block(&self, piece: u32) -> usize {
        self.blocks[piece as usize] as usize
    }

    /// The clocks of a piece.
    #[inline]
    pub(super) fn clocks(&self, piece: u32) -> Range<Clock> {
        self.list[piece as usize].clock..self.list[piece as usize + 1].clock
    }

    /// The last piece of a block that was not placed yet, by its first.
    #[inline]
    pub(super) fn last_of_block(&self, first: u32) -> u32 {
        let mut last = first;
        while self.list[last as usize].next != NONE {
            last += 1;
        }
        last
    }

    pub(super) fn len(&self) -> usize {
        self.list.len()
    }

    /// The first piece of each client.
    pub(super) fn firsts(&self) -> &[u32] {
        &self.firsts
    }

    /// All pieces of a client.
    pub(super) fn of_client(&self, client: Client) -> Range<u32> {
        let next = self.firsts.get(client as usize + 1).copied().unwrap_or(self.list.len() as u32);
        self.firsts[client as usize]..next - 1
    }

    #[inline]
    pub(super) fn set_next(&mut self, piece: u32, next: u32) {
        self.list[piece as usize].next = next;
    }

    #[inline]
    pub(super) fn mark_deleted(&mut self, piece: u32) {
        let tag = &mut self.list[piece as usize].tag;
        *tag = tag.deleted();
    }

    /// The piece before each piece.
    pub(super) fn previous(&self) -> Vec<u32> {
        let mut previous = vec![NONE; self.list.len()];
        for (at, piece) in (0..).zip(&self.list).filter(|(_, piece)| piece.next != NONE) {
            previous[piece.next as usize] = at;
        }
        previous
    }

    /// Lets go of all that only placing and deleting needs; what comes back is a list with room for a number for each piece.
    pub(super) fn finish(&mut self) -> Vec<u32> {
        self.cuts = Cuts::default();
        let mut numbers = std::mem::take(&mut self.blocks);
        numbers.fill(NONE);
        numbers
    }

    /// The pieces from `first` on, in the order of their list.
    pub(super) fn list(&self, first: u32) -> impl Iterator<Item = u32> + '_ {
        let some = |piece: u32| (piece != NONE).then_some(piece);
        std::iter::successors(some(first), move |piece| some(self.get(*piece).next))
    }

    /// A piece as it is built into a tree.
    #[inline]
    pub(super) fn run(&self, piece: u32) -> PlacedRun {
        PlacedRun { name: piece, span: Span::of(self.get(piece).tag, self.clocks(piece)) }
    }
}

/// How far the pieces of a client are made.
struct Making {
    /// The first clock of the next word.
    clock: Clock,
    next_block: usize,
    tag: Tag,
}

/// Where units are cut, as one bit for each clock.
#[derive(Debug, Default)]
struct Cuts {
    /// The first word of each client; behind the last one, the number of words.
    firsts: Vec<usize>,
    /// A bit for each clock at which a piece begins, clients one after the other.
    words: Vec<Word>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Word {
    bits: u64,
    /// How many bits are set before it, once they are counted.
    before: u32,
}

impl Cuts {
    fn new(logs: &[Log]) -> Cuts {
        let mut words = 0;
        let mut firsts = vec![0];
        for log in logs {
            words += log.end() as usize / 64 + 1;
            firsts.push(words);
        }
        Cuts { firsts, words: vec![Word::default(); words] }
    }

    /// Cuts where blocks of a client begin, and at all that they refer to.
    #[inline(never)]
    fn cut_blocks(&mut self, client: Client, blocks: &[Block]) {
        for block in blocks {
            self.cut((client, block.clock));
            if block.origin != NO_ORIGIN {
                self.cut((block.origin.0, block.origin.1 + 1));
            }
            if block.right_origin != NO_ORIGIN {
                self.cut(block.right_origin);
            }
        }
    }

    /// Cuts before a unit, or where a client ends.
    #[inline]
    fn cut(&mut self, (client, clock): LocalId) {
        self.words[self.firsts[client as usize] + clock as usize / 64].bits |= 1 << (clock % 64);
    }

    /// Counts the cuts, of which there are no more after that.
    fn count(&mut self) -> usize {
        let mut count = 0;
        for word in &mut self.words {
            word.before = count;
            count += word.bits.count_ones();
        }
        count as usize
    }

    /// How many cuts there are up to a unit and before it.
    #[inline]
    fn rank(&self, unit: LocalId) -> u32 {
        let word = self.words[self.firsts[unit.0 as usize] + unit.1 as usize / 64];
        let up_to_unit = word.bits & (!0 >> (63 - unit.1 % 64));
        word.before + up_to_unit.count_ones()
    }

    /// The clocks at which there is a cut within some words, the first of which stands for `clock` and those behind it.
    fn clocks_in(&self, words: Range<usize>, clock: Clock) -> impl Iterator<Item = Clock> + '_ {
        let words = self.words[words].iter().map(|word| word.bits);
        words.zip((clock..).step_by(64)).flat_map(|(mut word, clock)| {
            std::iter::from_fn(move || {
                let bit = word.trailing_zeros();
                (word != 0).then(|| {
                    word &= word - 1;
                    clock + bit
                })
            })
        })
    }
}
