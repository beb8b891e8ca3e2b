//! What is new in an update that is too much for a turn, in causal order as `intake.rs` has it, taken step by step: of the
//! update no more is in memory than its bytes, and where each client's structs stand in them.

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
    /// Groups that wait for the one above them, each with the unit up to which it is wanted.
    stack: Vec<(usize, Option<Id>)>,
    /// What was not taken of a long struct of the uppermost group, of which something was.
    rest: Option<Struct>,
    /// All groups before this one are done or wait.
    first: usize,
    /// What waits, of the groups before this one, was handed out.
    first_waiting: usize,
    /// What of it was put together of that group, and what comes next.
    waiting: PageBuilder,
    waiting_block: Option<Block>,
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
    state: GroupState,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum GroupState {
    Ready,
    OnStack,
    Done,
    /// Waits for this id, which is not in the update, or not to be had from it.
    Waiting(Id),
}

/// Why taking the structs of a group stopped.
enum Stop {
    AtEnd,
    Reached,
    Missing(Id),
    TurnIsOver,
}

impl LargeUpdate {
    /// The structs of an update that was checked. O(clients); O(n log n) where they are not in Yjs' order.
    pub(super) fn new(check: StepwiseCheck, piece_bytes: usize) -> LargeUpdate {
        let group = |block: &Block| Group { first: block.id, block: *block, state: GroupState::Ready };
        let groups: Vec<Group> = check.blocks().iter().map(group).collect();
        // Clients come in descending order.
        let mut index: Vec<u32> = (0..groups.len() as u32).rev().collect();
        sort_by_numbers(&mut index, |group| {
            let first = groups[*group as usize].first;
            (first.client.value(), first.clock.into())
        });
        LargeUpdate {
            check,
            groups,
            index,
            stack: Vec::new(),
            rest: None,
            first: 0,
            first_waiting: 0,
            waiting: PageBuilder::default(),
            waiting_block: None,
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
        loop {
            let Some((index, until)) = self.stack.last().copied() else {
                match self.groups.get_mut(self.first) {
                    None => return true,
                    Some(group) if group.state == GroupState::Ready => {
                        group.state = GroupState::OnStack;
                        self.stack.push((self.first, None));
                    }
                    Some(_) => self.first += 1,
                }
                continue;
            };
            let client = self.groups[index].first.client;
            let before = known.clock(client);
            let stop = self.take_structs(index, until, bytes, known, to, turn);
            if known.clock(client) > before {
                findings.is_new = true;
                findings.advanced.push(client);
            }
            match stop {
                Stop::AtEnd => {
                    self.groups[index].state = GroupState::Done;
                    self.stack.pop();
                }
                Stop::Reached => {
                    self.groups[index].state = GroupState::Ready;
                    self.stack.pop();
                }
                Stop::Missing(id) => match self.find_provider(id) {
                    Some(provider) => {
                        self.groups[provider].state = GroupState::OnStack;
                        self.stack.push((provider, Some(id)));
                    }
                    None => {
                        // Each group below waits for the one above it, which now waits itself.
                        let mut missing = id;
                        while let Some((waiting, until)) = self.stack.pop() {
                            self.groups[waiting].state = GroupState::Waiting(missing);
                            missing = until.unwrap_or(missing);
                        }
                    }
                },
                Stop::TurnIsOver => return false,
            }
        }
    }

    /// Takes structs of one group until its end, until the unit `until` is known, until something is missing, or until the
    /// turn is over.
    fn take_structs(
        &mut self,
        index: usize,
        until: Option<Id>,
        bytes: &[u8],
        known: &mut Known,
        to: &mut Destinations<'_>,
        turn: &mut Turn,
    ) -> Stop {
        let client = self.groups[index].first.client;
        let mut clock = known.clock(client);
        loop {
            if turn.is_over() {
                return Stop::TurnIsOver;
            }
            let block = self.groups[index].block;
            let (of, behind, is_begun) = match self.rest.take() {
                Some(rest) => (rest, block, true),
                None if until.is_some_and(|id| id.client == client && id.clock < clock) => return Stop::Reached,
                None if block.left == 0 => return Stop::AtEnd,
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
                    return Stop::Missing(Id::new(client, clock));
                }
                if let Some(missing) = missing_dependency(&of, known) {
                    return Stop::Missing(missing);
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

    /// The group of this update that may bring the unit `id`, if it is not itself under way or waiting.
    fn find_provider(&self, id: Id) -> Option<usize> {
        let behind = self.index.partition_point(|group| self.groups[*group as usize].first <= id);
        let index = *self.index.get(behind.checked_sub(1)?)? as usize;
        let group = &self.groups[index];
        (group.first.client == id.client && group.state == GroupState::Ready).then_some(index)
    }

    /// Hands out what waits, a group at a time, each with the id that it misses, as far as the turn goes: at most
    /// `budget` bytes each.
    pub(super) fn find_waiting(&mut self, bytes: &[u8], known: &Known, turn: &mut Turn, budget: usize) -> Waits {
        while let Some(group) = self.groups.get_mut(self.first_waiting) {
            if turn.is_over() {
                return Waits::TurnIsOver;
            }
            let GroupState::Waiting(missing) = group.state else {
                self.first_waiting += 1;
                continue;
            };
            if known.clock(missing.client) > missing.clock {
                // Meanwhile another one has brought it.
                group.state = GroupState::Ready;
                self.first = self.first.min(self.first_waiting);
                (self.waiting, self.waiting_block) = Default::default();
                return Waits::NoMore;
            }
            let block = self.waiting_block.unwrap_or(group.block);
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
                continue;
            }
            group.state = GroupState::Done;
            self.waiting_block = None;
            let waiting = core::mem::take(&mut self.waiting);
            if !waiting.is_empty() {
                return Waits::Group(missing, waiting.encode());
            }
        }
        Waits::AtEnd
    }
}

fn is_unstored(of: &Struct, known: &Known) -> bool {
    of.content != Content::Skip && known.is_unstored(of.id.client, of.id.clock..of.end())
}

/// What [`LargeUpdate::find_waiting`] has found.
pub(super) enum Waits {
    /// What waits of a group.
    Group(Id, Vec<u8>),
    /// A group does not wait any more: it is to be taken.
    NoMore,
    /// More waits than may.
    TooMuch,
    TurnIsOver,
    AtEnd,
}
