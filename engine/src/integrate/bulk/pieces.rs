//! The units of an update cut into pieces that nothing will ever have to cut again while it is applied.

use crate::store::{Client, LocalId, NO_ORIGIN};
use crate::update::{Content, Struct};
use crate::values::Clock;

/// No piece: the end of a list, the left of its first piece.
pub(super) const NONE: u32 = u32::MAX;

/// A part of a struct: no origin, right origin or border of a delete lies inside it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Piece {
    pub(super) client: Client,
    pub(super) clock: Clock,
    pub(super) len: Clock,
    /// Index of the struct in the update.
    pub(super) of: u32,
    pub(super) is_deleted: bool,
}

impl Piece {
    pub(super) fn end(self) -> Clock {
        self.clock + self.len
    }
}

/// Where the structs of an update are cut, as one bit for each clock, and the pieces in the order of their ids.
#[derive(Debug, Default)]
pub(super) struct Pieces {
    /// The first word of each client, and the clock after its last.
    clients: Vec<(usize, Clock)>,
    /// A bit for each clock at which a piece begins, clients one after the other.
    cuts: Vec<u64>,
    /// For each word, how many bits are set before it.
    before: Vec<u32>,
    pieces: Vec<Piece>,
}

impl Pieces {
    /// No cuts yet; `ends` are the clocks after the last of each client.
    pub(super) fn new(ends: impl Iterator<Item = Clock>) -> Pieces {
        let mut words = 0;
        let clients = ends
            .map(|end| {
                let first = words;
                words += end as usize / 64 + 1;
                (first, end)
            })
            .collect();
        Pieces { clients, cuts: vec![0; words], before: Vec::new(), pieces: Vec::new() }
    }

    /// Cuts before a unit. After a client's last one nothing needs to be cut.
    pub(super) fn cut(&mut self, client: Client, clock: Clock) {
        let (first_word, end) = self.clients[client as usize];
        if clock < end {
            self.cuts[first_word + clock as usize / 64] |= 1 << (clock % 64);
        }
    }

    /// Makes the pieces, once all cuts are known. `structs` are those of all clients in the order of their handles,
    /// each client's gap-less from clock 0; `of` is the client of each.
    pub(super) fn make(&mut self, structs: &[Struct], of: impl Fn(usize) -> Client) {
        self.before.reserve(self.cuts.len());
        let mut count = 0;
        for word in &self.cuts {
            self.before.push(count);
            count += word.count_ones();
        }
        self.pieces.reserve(count as usize);
        for (at, read) in structs.iter().enumerate() {
            let client = of(at);
            let is_deleted = matches!(read.content, Content::Gc | Content::Deleted);
            let mut clock = read.id.clock;
            while clock < read.end() {
                let len = self.next_cut(client, clock).min(read.end()) - clock;
                self.pieces.push(Piece { client, clock, len, of: at as u32, is_deleted });
                clock += len;
            }
        }
        debug_assert_eq!(self.pieces.len(), count as usize);
    }

    /// The first cut after `clock`, or the client's end.
    fn next_cut(&self, client: Client, clock: Clock) -> Clock {
        let (first_word, end) = self.clients[client as usize];
        let from = clock as usize + 1;
        let mut word = from / 64;
        let last_word = end as usize / 64;
        let mut bits = self.cuts[first_word + word] & (!0 << (from % 64));
        while bits == 0 && word < last_word {
            word += 1;
            bits = self.cuts[first_word + word];
        }
        if bits == 0 { end } else { (word * 64) as Clock + bits.trailing_zeros() }
    }

    /// The piece that holds a unit. O(1).
    #[inline]
    pub(super) fn find(&self, unit: LocalId) -> u32 {
        if unit == NO_ORIGIN {
            return NONE;
        }
        let word = self.clients[unit.0 as usize].0 + unit.1 as usize / 64;
        let up_to_unit = self.cuts[word] & (!0 >> (63 - unit.1 % 64));
        self.before[word] + up_to_unit.count_ones() - 1
    }

    #[inline]
    pub(super) fn get(&self, piece: u32) -> Piece {
        self.pieces[piece as usize]
    }

    pub(super) fn len(&self) -> usize {
        self.pieces.len()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &Piece> {
        self.pieces.iter()
    }

    pub(super) fn mark_deleted(&mut self, piece: u32) {
        self.pieces[piece as usize].is_deleted = true;
    }
}
