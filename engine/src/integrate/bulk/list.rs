//! The pieces of each sequence as a linked list, and where an item goes in it: YATA, as Yjs decides it.

use super::super::milestones::{LONG_SCAN, Milestones};
use super::pieces::{NONE, Pieces};
use crate::store::{Block, Client, LocalId, Log, NO_ORIGIN, Sequence};
use crate::values::ClientId;

/// One list for each sequence.
#[derive(Debug, Default)]
pub(super) struct Lists {
    /// The first piece of each sequence.
    heads: Vec<u32>,
    /// When a piece was last looked at by a scan; scans count on and on.
    seen: Vec<u32>,
    scanned: u32,
    pub(super) milestones: Milestones<u32>,
    /// The piece before each piece, once a scan has asked for that.
    previous: Vec<u32>,
}

/// The item that is put into its list.
#[derive(Clone, Copy, Debug)]
pub(super) struct Newcomer {
    pub(super) sequence: Sequence,
    pub(super) client: Client,
    pub(super) origin: LocalId,
    pub(super) right_origin: LocalId,
    /// The pieces that hold these.
    pub(super) left: u32,
    pub(super) right: u32,
    /// Its first and last piece, which follow each other already.
    pub(super) first: u32,
    pub(super) last: u32,
}

/// Pieces with what decides: the ids of their origins.
#[derive(Debug)]
struct Placed<'a> {
    pieces: &'a Pieces,
    logs: &'a [Log],
}

impl Placed<'_> {
    fn block(&self, piece: u32) -> &Block {
        &self.logs[self.pieces.get(piece).tag.client() as usize].blocks()[self.pieces.block(piece)]
    }

    /// The origin of a piece's first unit.
    fn origin_of(&self, piece: u32) -> LocalId {
        let of = self.pieces.get(piece);
        self.block(piece).origin_of((of.tag.client(), of.clock))
    }

    fn client_of(&self, piece: u32) -> ClientId {
        self.logs[self.pieces.get(piece).tag.client() as usize].client
    }
}

impl Lists {
    /// Puts an item into its list. O(1), unless others wrote between the same two units: see `milestones.rs`.
    pub(super) fn insert(&mut self, new: Newcomer, pieces: &mut Pieces, logs: &[Log]) {
        let mut left = new.left;
        let mut after = self.after(new.sequence, left, pieces);
        if after != new.right {
            left = self.scan(new, &Placed { pieces, logs });
            after = self.after(new.sequence, left, pieces);
        }
        self.link(new.sequence, left, (new.first, new.last), after, pieces);
    }

    /// Puts pieces that follow each other between two that stand beside each other.
    #[inline(always)]
    pub(super) fn link(
        &mut self,
        sequence: Sequence,
        left: u32,
        (first, last): (u32, u32),
        after: u32,
        pieces: &mut Pieces,
    ) {
        pieces.set_next(last, after);
        if !self.previous.is_empty() {
            self.previous[first as usize] = left;
            (first..last).for_each(|piece| self.previous[piece as usize + 1] = piece);
            if after != NONE {
                self.previous[after as usize] = last;
            }
        }
        match left {
            NONE => self.set_head(sequence, first),
            left => pieces.set_next(left, first),
        }
    }

    /// The piece that an item goes after. (Yjs: `Item#integrate`)
    ///
    /// Yjs keeps two sets of items, those before the origin and those that conflict. Both hold what was scanned since
    /// some moment, so the moment stands for the set.
    #[cold]
    fn scan(&mut self, new: Newcomer, placed: &Placed<'_>) -> u32 {
        let Placed { pieces, logs } = placed;
        if self.scanned > u32::MAX / 2 {
            (self.scanned, self.seen) = (0, Vec::new());
        }
        self.seen.resize(pieces.len(), 0);
        let client = logs[new.client as usize].client;
        let Newcomer { origin, right_origin, left, right, .. } = new;
        let own_origins = (origin, right_origin);
        let before_since = self.scanned + 1;
        let mut conflicting_since = before_since;
        let mut goes_after = left;
        let first = self.after(new.sequence, left, pieces);
        let mut at = self.milestones.before(new.sequence, own_origins, client).unwrap_or(first);
        let mut passed_all = false;
        while at != NONE && at != right {
            self.scanned += 1;
            self.seen[at as usize] = self.scanned;
            let its_client = placed.client_of(at);
            let its_origin = placed.origin_of(at);
            let its_right_origin = placed.block(at).right_origin;
            let passes = if its_origin == origin {
                if its_client >= client && its_right_origin == right_origin {
                    break;
                }
                its_client < client
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
            at = pieces.get(at).next;
            if self.scanned - before_since == LONG_SCAN {
                let further = self.look_back(right, client, origin, placed);
                at = further.filter(|piece| self.seen[*piece as usize] < before_since).unwrap_or(at);
            }
        }
        if at == right && passed_all && self.is_inside(right, before_since, origin, placed) {
            self.milestones.give_up();
        } else {
            let scanned = self.scanned + 1 - before_since;
            self.milestones.note(new.sequence, own_origins, client, new.first, scanned);
        }
        goes_after
    }

    /// The last item before a piece that has this origin and a smaller client, if it is near. (See `milestones.rs`.)
    fn look_back(&mut self, piece: u32, client: ClientId, origin: LocalId, placed: &Placed<'_>) -> Option<u32> {
        if self.milestones.has_given_up() || piece == NONE {
            return None;
        }
        if self.previous.is_empty() {
            self.previous = placed.pieces.previous();
        }
        let before = |piece: &u32| Some(self.previous[*piece as usize]).filter(|piece| *piece != NONE);
        std::iter::successors(before(&piece), before)
            .take(LONG_SCAN as usize)
            .find(|piece| placed.origin_of(*piece) == origin && placed.client_of(*piece) < client)
    }

    /// Whether a piece, at which a scan ended, descends from what was scanned: see `Scan` in `place.rs`.
    fn is_inside(&self, piece: u32, since: u32, origin: LocalId, placed: &Placed<'_>) -> bool {
        if piece == NONE {
            return false;
        }
        let its_origin = placed.origin_of(piece);
        ![origin, NO_ORIGIN].contains(&its_origin) && self.seen[placed.pieces.find(its_origin) as usize] >= since
    }

    fn set_head(&mut self, sequence: Sequence, piece: u32) {
        if self.heads.len() <= sequence as usize {
            self.heads.resize(sequence as usize + 1, NONE);
        }
        self.heads[sequence as usize] = piece;
    }

    /// The piece after another one, or the first of the sequence.
    #[inline]
    fn after(&self, sequence: Sequence, left: u32, pieces: &Pieces) -> u32 {
        match left {
            NONE => self.first(sequence),
            left => pieces.get(left).next,
        }
    }

    /// The first piece of a sequence, if it has any.
    #[inline]
    pub(super) fn first(&self, sequence: Sequence) -> u32 {
        self.heads.get(sequence as usize).copied().unwrap_or(NONE)
    }

    /// Number of sequences that may have pieces; handles are below it.
    pub(super) fn sequences(&self) -> Sequence {
        self.heads.len() as Sequence
    }
}
