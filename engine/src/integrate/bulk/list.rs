//! The pieces of each sequence as a linked list, and where an item goes in it: YATA, as Yjs decides it.

use super::super::milestones::{LONG_SCAN, Milestones};
use super::pieces::{NONE, Piece, Pieces};
use crate::store::{LocalId, NO_ORIGIN, Sequence};
use crate::update::Struct;
use crate::values::ClientId;

/// One list for each sequence.
#[derive(Debug)]
pub(super) struct Lists {
    /// The first piece of each sequence.
    heads: Vec<u32>,
    /// The piece after each piece.
    next: Vec<u32>,
    /// When a piece was last looked at by a scan; scans count on and on.
    seen: Vec<u64>,
    scanned: u64,
    pub(super) milestones: Milestones<u32>,
    /// The piece before each piece, once a scan has asked for that.
    previous: Vec<u32>,
}

/// The item that is put into its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newcomer {
    pub(super) sequence: Sequence,
    /// Its first and last piece, which follow each other.
    pub(super) first: u32,
    pub(super) last: u32,
    /// The struct that it is.
    pub(super) at: u32,
}

/// What decides: structs with the ids of their origins.
#[derive(Clone, Copy, Debug)]
pub(super) struct Origins<'a> {
    pub(super) structs: &'a [Struct],
    /// Origin and right origin of each struct.
    pub(super) origins: &'a [(LocalId, LocalId)],
}

impl Origins<'_> {
    /// The origin of a piece's first unit.
    fn origin_of(self, piece: Piece) -> LocalId {
        match piece.clock > self.structs[piece.of as usize].id.clock {
            true => (piece.client, piece.clock - 1),
            false => self.origins[piece.of as usize].0,
        }
    }
}

impl Lists {
    pub(super) fn new(pieces: usize) -> Lists {
        Lists {
            heads: Vec::new(),
            next: vec![NONE; pieces],
            seen: Vec::new(),
            scanned: 0,
            milestones: Milestones::default(),
            previous: Vec::new(),
        }
    }

    /// Puts an item into its list. O(1), unless others wrote between the same two units: see `milestones.rs`.
    pub(super) fn insert(&mut self, new: Newcomer, pieces: &Pieces, origins: Origins<'_>) {
        let (origin, right_origin) = origins.origins[new.at as usize];
        let (mut left, right) = (pieces.find(origin), pieces.find(right_origin));
        if self.after(new.sequence, left) != right {
            left = self.scan(new, left, right, pieces, origins);
        }
        for piece in new.first..new.last {
            self.next[piece as usize] = piece + 1;
        }
        let after = self.after(new.sequence, left);
        self.next[new.last as usize] = after;
        if !self.previous.is_empty() {
            self.previous[new.first as usize] = left;
            (new.first..new.last).for_each(|piece| self.previous[piece as usize + 1] = piece);
            if after != NONE {
                self.previous[after as usize] = new.last;
            }
        }
        match left {
            NONE => self.set_head(new.sequence, new.first),
            left => self.next[left as usize] = new.first,
        }
    }

    /// The piece that an item goes after. (Yjs: `Item#integrate`)
    ///
    /// Yjs keeps two sets of items, those before the origin and those that conflict. Both hold what was scanned since
    /// some moment, so the moment stands for the set.
    #[cold]
    fn scan(&mut self, new: Newcomer, left: u32, right: u32, pieces: &Pieces, origins: Origins<'_>) -> u32 {
        self.seen.resize(pieces.len(), 0);
        let client = origins.structs[new.at as usize].id.client;
        let own_origins @ (origin, right_origin) = origins.origins[new.at as usize];
        let before_since = self.scanned + 1;
        let mut conflicting_since = before_since;
        let mut goes_after = left;
        let first = self.after(new.sequence, left);
        let mut at = self.milestones.before(new.sequence, own_origins, client).unwrap_or(first);
        let mut passed_all = false;
        while at != NONE && at != right {
            self.scanned += 1;
            self.seen[at as usize] = self.scanned;
            let piece = pieces.get(at);
            let whole = &origins.structs[piece.of as usize];
            let its_origin = origins.origin_of(piece);
            let its_right_origin = origins.origins[piece.of as usize].1;
            let passes = if its_origin == origin {
                if whole.id.client >= client && its_right_origin == right_origin {
                    break;
                }
                whole.id.client < client
            } else {
                if its_origin == NO_ORIGIN {
                    break;
                }
                let seen = self.seen[pieces.find(its_origin) as usize];
                if seen < before_since {
                    break;
                }
                seen < conflicting_since
            };
            if passes {
                goes_after = at;
                conflicting_since = self.scanned + 1;
            }
            passed_all = passes;
            at = self.next[at as usize];
            if self.scanned - before_since == u64::from(LONG_SCAN) {
                let further = self.look_back(right, client, origin, pieces, origins);
                at = further.filter(|piece| self.seen[*piece as usize] < before_since).unwrap_or(at);
            }
        }
        if at == right && passed_all && self.is_inside(right, before_since, origin, pieces, origins) {
            self.milestones.give_up();
        } else {
            let scanned = (self.scanned + 1 - before_since) as u32;
            self.milestones.note(new.sequence, own_origins, client, new.first, scanned);
        }
        goes_after
    }

    /// The last item before a piece that has this origin and a smaller client, if it is near. (See `milestones.rs`.)
    fn look_back(
        &mut self,
        piece: u32,
        client: ClientId,
        origin: LocalId,
        pieces: &Pieces,
        origins: Origins<'_>,
    ) -> Option<u32> {
        if self.milestones.has_given_up() || piece == NONE {
            return None;
        }
        if self.previous.is_empty() {
            self.previous.resize(pieces.len(), NONE);
            for (at, next) in self.next.iter().enumerate().filter(|(_, next)| **next != NONE) {
                self.previous[*next as usize] = at as u32;
            }
        }
        let before = |piece: &u32| Some(self.previous[*piece as usize]).filter(|piece| *piece != NONE);
        std::iter::successors(before(&piece), before).take(LONG_SCAN as usize).find(|piece| {
            let piece = pieces.get(*piece);
            origins.origin_of(piece) == origin && origins.structs[piece.of as usize].id.client < client
        })
    }

    /// Whether a piece, at which a scan ended, descends from what was scanned: see `Scan` in `place.rs`.
    fn is_inside(&self, piece: u32, since: u64, origin: LocalId, pieces: &Pieces, origins: Origins<'_>) -> bool {
        if piece == NONE {
            return false;
        }
        let its_origin = origins.origin_of(pieces.get(piece));
        ![origin, NO_ORIGIN].contains(&its_origin) && self.seen[pieces.find(its_origin) as usize] >= since
    }

    fn set_head(&mut self, sequence: Sequence, piece: u32) {
        if self.heads.len() <= sequence as usize {
            self.heads.resize(sequence as usize + 1, NONE);
        }
        self.heads[sequence as usize] = piece;
    }

    /// The piece after another one, or the first of the sequence.
    #[inline]
    fn after(&self, sequence: Sequence, left: u32) -> u32 {
        match left {
            NONE => self.heads.get(sequence as usize).copied().unwrap_or(NONE),
            left => self.next[left as usize],
        }
    }

    /// Number of sequences that may have pieces; handles are below it.
    pub(super) fn sequences(&self) -> Sequence {
        self.heads.len() as Sequence
    }

    /// The pieces of a sequence, in order.
    pub(super) fn iter(&self, sequence: Sequence) -> impl Iterator<Item = u32> + '_ {
        let some = |piece: u32| (piece != NONE).then_some(piece);
        std::iter::successors(some(self.after(sequence, NONE)), move |piece| some(self.next[*piece as usize]))
    }
}
