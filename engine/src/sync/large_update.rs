//! What is new in an update that is too much for a turn, in causal order as `intake.rs` has it, taken step by step: of the
//! update no more is in memory than its bytes, and where each client's structs stand in them.

use super::causal_order::{CausalOrder, Stop};
use super::intake::{Destinations, Findings, missing_dependency};
use super::known::Known;
use super::turn::{Turn, cost};
use crate::archive::{PageBuilder, split_front};
use crate::update::{Block, Content, StepwiseCheck, Struct};
use crate::values::{Id, sort_by_numbers};

/// An update that was checked. All calls get the same bytes.
#[derive(Debug)]
pub(super) struct LargeUpdate {
    check: StepwiseCheck,
    groups: Vec<Group>,
    /// Indexes of the groups, by client and first clock.
    index: Vec<u32>,
    order: CausalOrder,
    /// What was not taken of a long struct of the uppermost group, of which something was.
    rest: Option<Struct>,
    /// What waits, of the groups before this one, was handed out.
    first_waiting: usize,
    /// What of it was put together of that group, and what comes next.
    waiting: PageBuilder,
    waiting_block: Option<Block>,
    /// What that misses, if the part of the group before it was handed out: the last unit of that.
    waits_behind: Option<Id>,
    /// More than this waits in parts, in bytes.
    part_bytes: usize,
    /// Content above this is taken in pieces, in bytes.
    piece_bytes: usize,
    /// Something in it was known and not stored.
    pub(super) repeats_unstored: bool,
}

/// How far the structs of one client have been taken.
#[derive(Clone, Copy, Debug)]
struct Group {
    first: Id,
    block: Block,
}

impl LargeUpdate {
    /// The structs of an update that was checked. O(clients); O(n log n) where they are not in Yjs' order.
    pub(super) fn new(check: StepwiseCheck, piece_bytes: usize, part_bytes: usize) -> LargeUpdate {
        let group = |block: &Block| Group { first: block.id, block: *block };
        let groups: Vec<Group> = check.blocks().iter().map(group).collect();
        // Clients come in descending order.
        let mut index: Vec<u32> = (0..groups.len() as u32).rev().collect();
        sort_by_numbers(&mut index, |group| {
            let first = groups[*group as usize].first;
            (first.client.value(), first.clock.into())
        });
        let mut order = CausalOrder::default();
        order.begin(groups.len());
        LargeUpdate {
            check,
            groups,
            index,
            order,
            rest: None,
            first_waiting: 0,
            waiting: PageBuilder::default(),
            waiting_block: None,
            waits_behind: None,
            part_bytes,
            piece_bytes,
            repeats_unstored: false,
        }
    }

    /// Takes what is new and misses nothing, as far as the turn goes; `true` once there is no more. What is left then
    /// [waits](LargeUpdate::find_waiting).
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        known: &mut Known,
        to: &mut Destinations<'_>,
        turn: &mut Turn,
        findings: &mut Findings,
    ) -> bool {
        while let Some((index, until)) = self.order.next() {
            let client = self.groups[index].first.client;
            let before = known.clock(client);
            let stop = self.take_structs(index, until, bytes, known, to, turn);
            // Not before something was done: it may be all that is left of a turn.
            turn.spend(cost::TAKEN_CLIENT);
            if known.clock(client) > before {
                findings.is_new = true;
                findings.advanced.push(client);
            }
            let Some(stop) = stop else { return false };
            let (groups, index) = (&self.groups, &self.index);
            self.order.stop(stop, |id| find_provider(groups, index, id));
        }
        true
    }

    /// Takes structs of one group until its end, until the unit `until` is known, or until something is missing; `None` if
    /// the turn is over before.
    fn take_structs(
        &mut self,
        index: usize,
        until: Option<Id>,
        bytes: &[u8],
        known: &mut Known,
        to: &mut Destinations<'_>,
        turn: &mut Turn,
    ) -> Option<Stop> {
        let client = self.groups[index].first.client;
        let mut clock = known.clock(client);
        loop {
            if turn.is_over() {
                return None;
            }
            let block = self.groups[index].block;
            let (of, behind, is_begun) = match self.rest.take() {
                Some(rest) => (rest, block, true),
                None if until.is_some_and(|id| id.client == client && id.clock < clock) => return Some(Stop::Reached),
                None if block.left == 0 => return Some(Stop::AtEnd),
                None => {
                    let (of, behind) = self.check.read_next(bytes, block);
                    (of, behind, false)
                }
            };
            turn.spend(cost::TAKEN);
            if of.content == Content::Skip || of.end() <= clock {
                self.repeats_unstored |= is_unstored(&of, known);
                self.pass(index, bytes, block, behind, is_begun);
                continue;
            }
            if !is_begun {
                if of.id.clock > clock {
                    return Some(Stop::Missing(Id::new(client, clock)));
                }
                if let Some(missing) = missing_dependency(&of, known) {
                    return Some(Stop::Missing(missing));
                }
                self.repeats_unstored |= of.id.clock < clock && is_unstored(&of, known);
            }
            let (front, rest) = match of.payload.of(bytes).len() > self.piece_bytes {
                true => split_front(&of, bytes, self.piece_bytes),
                false => (of, None),
            };
            let len = front.payload.of(bytes).len();
            if front.end() > clock {
                turn.spend(len / cost::TAKEN_BYTES);
                let part = clock - front.id.clock..front.len;
                known.advance(client, front.end());
                clock = front.end();
                to.add_struct(&front, bytes, part, known);
            } else {
                turn.spend(len / cost::CHECKED_BYTES);
            }
            match rest {
                Some(_) => self.rest = rest,
                None => self.pass(index, bytes, block, behind, is_begun),
            }
        }
    }

    /// Goes to the next struct of a group.
    fn pass(&mut self, index: usize, bytes: &[u8], block: Block, behind: Block, is_begun: bool) {
        self.groups[index].block = if is_begun { self.check.read_next(bytes, block).1 } else { behind };
    }

    /// Hands out what waits, a group at a time or a part of one, each with the id that it misses, as far as the turn goes: at
    /// most `budget` bytes each.
    pub(super) fn find_waiting(&mut self, bytes: &[u8], known: &Known, turn: &mut Turn, budget: usize) -> Waits {
        while self.first_waiting < self.order.len() {
            if turn.is_over() {
                return Waits::TurnIsOver;
            }
            let Some(missing) = self.order.waits_for(self.first_waiting) else {
                self.first_waiting += 1;
                continue;
            };
            if known.clock(missing.client) > missing.clock {
                // Meanwhile another one has brought it.
                self.order.take_again(self.first_waiting);
                (self.waiting, self.waiting_block, self.waits_behind) = Default::default();
                return Waits::NoMore;
            }
            let block = self.waiting_block.unwrap_or(self.groups[self.first_waiting].block);
            if block.left > 0 {
                let (of, behind) = self.check.read_next(bytes, block);
                let len = of.payload.of(bytes).len();
                turn.spend(cost::TAKEN + len.min(budget) / cost::TAKEN_BYTES);
                if self.waiting.len_bytes() + len > budget {
                    return Waits::TooMuch;
                }
                if of.content != Content::Skip && of.len > 0 {
                    self.waiting.add_struct(&of, bytes, 0..of.len, known.deletes());
                }
                self.waiting_block = Some(behind);
                if self.waiting.len_bytes() < self.part_bytes {
                    continue;
                }
                let last = Id::new(of.id.client, of.end() - 1);
                let missing = self.waits_behind.replace(last).unwrap_or(missing);
                return Waits::Group(missing, core::mem::take(&mut self.waiting).encode());
            }
            self.order.finish(self.first_waiting);
            self.waiting_block = None;
            let missing = self.waits_behind.take().unwrap_or(missing);
            let waiting = core::mem::take(&mut self.waiting);
            if !waiting.is_empty() {
                return Waits::Group(missing, waiting.encode());
            }
        }
        Waits::AtEnd
    }
}

/// The group that may bring the unit `id`.
fn find_provider(groups: &[Group], index: &[u32], id: Id) -> Option<usize> {
    let behind = index.partition_point(|group| groups[*group as usize].first <= id);
    let group = *index.get(behind.checked_sub(1)?)? as usize;
    (groups[group].first.client == id.client).then_some(group)
}

fn is_unstored(of: &Struct, known: &Known) -> bool {
    of.content != Content::Skip && known.is_unstored(of.id.client, of.id.clock..of.end())
}

/// What [`LargeUpdate::find_waiting`] has found.
pub(super) enum Waits {
    /// What waits of a group, or a part of that.
    Group(Id, Vec<u8>),
    /// A group does not wait any more: it is to be taken.
    NoMore,
    /// More waits than may.
    TooMuch,
    TurnIsOver,
    AtEnd,
}
