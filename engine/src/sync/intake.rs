//! Taking in an update: what of it is new, in causal order; what is known; what must wait for something missing.

use super::causal_order::{CausalOrder, Stop};
use super::known::Known;
use super::pending::OVERHEAD_BYTES;
use crate::archive::{Journal, PageBuilder, largest_piece};
use crate::update::{Content, Parent, Struct, Update};
use crate::values::{ClientId, Clock, Error, ErrorKind, Id, IdSet, sort_by_numbers};
use std::ops::Range;

/// Where what is new goes.
pub(super) struct Destinations<'a> {
    /// What is stored.
    pub(super) journal: &'a mut Journal,
    /// What is sent on.
    pub(super) gathered: &'a mut PageBuilder,
    /// What is kept with its sender until it is stored.
    pub(super) tail: Option<&'a mut PageBuilder>,
    /// What the document for clients without an engine is told.
    pub(super) told: Option<&'a mut PageBuilder>,
    /// What the host is told.
    pub(super) accepted: Option<&'a mut PageBuilder>,
}

impl Destinations<'_> {
    /// Adds the units `part` of a struct of the update `bytes`, which are known now.
    pub(super) fn add_struct(&mut self, of: &Struct, bytes: &[u8], part: Range<Clock>, known: &Known) {
        self.journal.add_struct(of, bytes, part.clone(), known.deletes());
        self.gathered.add_struct(of, bytes, part.clone(), known.deletes());
        for page in self.others() {
            page.add_struct(of, bytes, part.clone(), known.deletes());
        }
    }

    /// Adds deletes that are known now, too.
    fn add_deletes(&mut self, deletes: &IdSet, known: &Known) {
        self.journal.add_deletes(deletes, known.deletes());
        self.gathered.add_deletes(deletes);
        for page in self.others() {
            page.add_deletes(deletes);
        }
    }

    fn others(&mut self) -> impl Iterator<Item = &mut PageBuilder> {
        let others = [&mut self.tail, &mut self.told, &mut self.accepted];
        others.into_iter().filter_map(|page| page.as_deref_mut())
    }
}

/// What an update was found to be.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// Something in it was new.
    pub(super) is_new: bool,
    /// Clients of which something was new.
    pub(super) advanced: Vec<ClientId>,
    /// What was not known as deleted.
    pub(super) deletes: IdSet,
    /// What can't be taken yet, each part with the first id that it misses.
    pub(super) waiting: Vec<(Id, Vec<u8>)>,
    /// Bytes of it, as they count in the limit.
    waiting_bytes: usize,
    /// More would have had to wait than may: the rest was dropped.
    pub(super) exceeds_pending: bool,
}

impl Findings {
    /// Notes what can't be taken yet; `false` once that is more than `budget` bytes.
    fn wait(&mut self, missing: Id, update: Vec<u8>, budget: usize) -> bool {
        self.waiting_bytes += update.len() + OVERHEAD_BYTES;
        self.exceeds_pending |= self.waiting_bytes > budget;
        if !self.exceeds_pending {
            self.waiting.push((missing, update));
        }
        !self.exceeds_pending
    }
}

/// More structs and deletes than this are not kept room for.
const MOST_KEPT: usize = 1 << 16;

/// The room's update reader; its memory is used again and again.
#[derive(Debug, Default)]
pub(super) struct Intake {
    update: Update,
    groups: Vec<Group>,
    /// Client, first clock and index of each group, sorted; made when a dependency is looked for.
    index: Vec<(ClientId, Clock, u32)>,
    order: CausalOrder,
    fresh_deletes: Vec<(ClientId, Range<Clock>)>,
}

/// How far the structs of one client in the update have been taken.
#[derive(Debug)]
struct Group {
    client: ClientId,
    /// Index of the struct that comes next, and behind the last.
    next: usize,
    end: usize,
}

impl Intake {
    /// Reads and checks an update; [`take`](Intake::take) follows. `most_bytes` is what can be stored uncut.
    ///
    /// # Errors
    /// As [`Update::parse`]; `TooLarge` for a value that can't be stored.
    pub(super) fn read(&mut self, bytes: &[u8], most_bytes: usize) -> Result<(), Error> {
        self.update.parse(bytes)?;
        if bytes.len() > most_bytes && self.update.structs.iter().any(|of| largest_piece(of, bytes) > most_bytes) {
            return Err(ErrorKind::TooLarge.into());
        }
        Ok(())
    }

    /// Reads and checks the structs of an update only; gives the offset of its delete set.
    ///
    /// # Errors
    /// As [`Update::parse`].
    pub(super) fn read_without_deletes(&mut self, bytes: &[u8]) -> Result<usize, Error> {
        self.update.parse_without_deletes(bytes)
    }

    /// The update that was read.
    pub(super) fn update(&self) -> &Update {
        &self.update
    }

    /// The deleted ids in the update that was read.
    pub(super) fn deletes(&self) -> &[(ClientId, Range<Clock>)] {
        &self.update.deletes
    }

    /// Where an update is read into by who reads it in steps.
    pub(super) fn update_mut(&mut self) -> &mut Update {
        &mut self.update
    }

    /// Whether anything in the update that was read is not known.
    pub(super) fn has_news(&self, known: &Known) -> bool {
        let is_new = |of: &Struct| of.content != Content::Skip && of.end() > known.clock(of.id.client);
        self.update.structs.iter().any(is_new)
            || self.update.deletes.iter().any(|(client, range)| {
                let mut is_new = false;
                known.deletes().for_each_missing(*client, range.clone(), |_| is_new = true);
                is_new
            })
    }

    /// Whether anything in the update that was read is known, but not stored: another one has sent it just before.
    pub(super) fn repeats_unstored(&self, known: &Known) -> bool {
        let is_unstored = |of: &Struct| known.is_unstored(of.id.client, of.id.clock..of.end());
        !known.is_stored()
            && (self.update.structs.iter().any(is_unstored)
                || self.update.deletes.iter().any(|(client, range)| known.is_delete_unstored(*client, range.clone())))
    }

    /// Takes the update that was read, whose bytes these are. At most `budget` bytes of it may wait for something.
    /// O(structs and deletes, log of what is known each).
    pub(super) fn take(
        &mut self,
        bytes: &[u8],
        known: &mut Known,
        to: &mut Destinations<'_>,
        budget: usize,
    ) -> Findings {
        let mut findings = Findings::default();
        self.groups.clear();
        self.index.clear();
        self.groups.extend(self.update.clients.iter().map(|of| Group {
            client: of.client,
            next: of.structs.start,
            end: of.structs.end,
        }));
        self.order.begin(self.groups.len());
        while let Some((index, until)) = self.order.next() {
            let group = &mut self.groups[index];
            let stop = take_structs(&self.update.structs, group, until, bytes, known, to, &mut findings);
            let (groups, index, structs) = (&self.groups, &mut self.index, &self.update.structs);
            self.order.stop(stop, |id| find_provider(groups, index, structs, id));
        }
        self.keep_waiting_structs(bytes, known, &mut findings, budget);
        self.take_deletes(known, to, &mut findings, budget);
        findings
    }

    fn keep_waiting_structs(&self, bytes: &[u8], known: &Known, findings: &mut Findings, budget: usize) {
        for (index, group) in self.groups.iter().enumerate() {
            if let Some(missing) = self.order.waits_for(index) {
                let mut rest = PageBuilder::default();
                for of in &self.update.structs[group.next..group.end] {
                    if of.content != Content::Skip {
                        rest.add_struct(of, bytes, 0..of.len, known.deletes());
                    }
                }
                if !findings.wait(missing, rest.encode(), budget) {
                    return;
                }
            }
        }
    }

    /// All that is new is put together first and added at once: one by one, many ranges between those that are known
    /// would each move what is behind them.
    pub(super) fn take_deletes(
        &mut self,
        known: &mut Known,
        to: &mut Destinations<'_>,
        findings: &mut Findings,
        budget: usize,
    ) {
        self.fresh_deletes.clear();
        let mut waiting = Vec::new();
        for (client, range) in &self.update.deletes {
            let end = range.end.min(known.clock(*client));
            if range.start < end {
                let fresh = &mut self.fresh_deletes;
                known.deletes().for_each_missing(*client, range.start..end, |part| fresh.push((*client, part)));
            }
            if end < range.end {
                waiting.push((*client, range.start.max(end)..range.end));
            }
        }
        if !self.fresh_deletes.is_empty() {
            let fresh: IdSet = self.fresh_deletes.drain(..).collect();
            findings.is_new = true;
            known.delete(&fresh);
            to.add_deletes(&fresh, known);
            findings.deletes = fresh;
        }
        if !waiting.is_empty() {
            let waiting: IdSet = waiting.into_iter().collect();
            for (client, ranges) in waiting.clients() {
                let mut part = PageBuilder::default();
                ranges.iter().for_each(|range| part.add_delete(client, range.clone()));
                if !findings.wait(Id::new(client, ranges[0].start), part.encode(), budget) {
                    return;
                }
            }
        }
    }

    /// Gives back memory that only a large update needed.
    pub(super) fn shrink(&mut self) {
        if self.update.structs.capacity() + self.update.deletes.capacity() > MOST_KEPT {
            *self = Intake::default();
        }
    }
}

/// The group that may bring the unit `id`.
fn find_provider(
    groups: &[Group],
    index: &mut Vec<(ClientId, Clock, u32)>,
    structs: &[Struct],
    id: Id,
) -> Option<usize> {
    if index.is_empty() {
        let start = |group: &Group| structs[group.next.min(group.end - 1)].id.clock;
        index.extend(groups.iter().zip(0_u32..).map(|(group, index)| (group.client, start(group), index)));
        sort_by_numbers(index, |(client, start, _)| (client.value(), (*start).into()));
    }
    let behind = index.partition_point(|(client, start, _)| (*client, *start) <= (id.client, id.clock));
    let (client, _, group) = *index.get(behind.checked_sub(1)?)?;
    (client == id.client).then_some(group as usize)
}

/// Takes structs of one group until its end, until the unit `until` is known, or until something is missing.
fn take_structs(
    structs: &[Struct],
    group: &mut Group,
    until: Option<Id>,
    bytes: &[u8],
    known: &mut Known,
    to: &mut Destinations<'_>,
    findings: &mut Findings,
) -> Stop {
    let client = group.client;
    let mut clock = known.clock(client);
    let mut has_advanced = false;
    let stop = loop {
        if until.is_some_and(|id| id.client == client && id.clock < clock) {
            break Stop::Reached;
        }
        if group.next == group.end {
            break Stop::AtEnd;
        }
        let of = &structs[group.next];
        if of.content == Content::Skip || of.end() <= clock {
            group.next += 1;
            continue;
        }
        if of.id.clock > clock {
            break Stop::Missing(Id::new(client, clock));
        }
        if let Some(missing) = missing_dependency(of, known) {
            break Stop::Missing(missing);
        }
        let part = clock - of.id.clock..of.len;
        known.advance(client, of.end());
        clock = of.end();
        to.add_struct(of, bytes, part, known);
        has_advanced = true;
        group.next += 1;
    };
    if has_advanced {
        findings.is_new = true;
        findings.advanced.push(client);
    }
    stop
}

/// The first id that a struct refers to and that is not known. Those of its own client are: they come before it.
pub(super) fn missing_dependency(of: &Struct, known: &Known) -> Option<Id> {
    let parent = if let Parent::Item(id) = of.parent { Some(id) } else { None };
    let is_missing = |id: &Id| id.client != of.id.client && id.clock >= known.clock(id.client);
    [of.origin, of.right_origin, parent].into_iter().flatten().find(is_missing)
}
