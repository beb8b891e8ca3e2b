//! Links from deleted units to those that were written in their place when the deletion was undone.

use super::log::LocalId;
use super::{Store, order::Client};
use crate::values::Clock;
use smallvec::{SmallVec, smallvec};
use std::collections::BTreeMap;
use std::ops::Range;

/// The links, one for each run of units that was written again as one. (Yjs: `redone` of an item)
///
/// Yjs never joins again what was cut after it was redone, and its partition decides where later ones go: so a
/// link is cut wherever Yjs would cut the item.
#[derive(Debug, Default)]
pub(crate) struct Redone {
    /// By the first unit of each.
    chains: BTreeMap<LocalId, Chain>,
    /// The last link: mostly what is asked about was written after all that was redone.
    last: Option<(Client, Link)>,
}

/// Links without gaps between them, neither between what they lead to: redos mostly go forward.
#[derive(Debug)]
struct Chain {
    /// What stands for its first unit.
    target: LocalId,
    /// The clock after each link.
    ends: SmallVec<[Clock; 2]>,
}

/// A chain is cut in two when it has more links than this.
const CHAIN: usize = if cfg!(debug_assertions) { 4 } else { 128 };

/// One link.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Link {
    /// The first of its units.
    pub(crate) start: Clock,
    /// The clock after its last one.
    pub(crate) end: Clock,
    /// What stands for the first one.
    pub(crate) target: LocalId,
}

impl Chain {
    /// A link of a chain that begins at a clock.
    fn link(&self, first: Clock, at: usize) -> Link {
        let start = if at == 0 { first } else { self.ends[at - 1] };
        Link { start, end: self.ends[at], target: (self.target.0, self.target.1 + (start - first)) }
    }

    /// The link that holds a clock of the chain or is before it, by its number.
    fn find(&self, clock: Clock) -> usize {
        self.ends.partition_point(|end| *end <= clock).min(self.ends.len() - 1)
    }
}

impl Redone {
    /// The link of a unit. O(log).
    #[inline]
    pub(crate) fn link(&self, unit: LocalId) -> Option<Link> {
        self.before(unit).filter(|link| unit.1 < link.end)
    }

    /// The last link of a client that begins at a unit or before it.
    #[inline]
    fn before(&self, unit: LocalId) -> Option<Link> {
        let (client, last) = self.last?;
        if (client, last.start) <= unit { (client == unit.0).then_some(last) } else { self.find_before(unit) }
    }

    #[inline(never)]
    fn find_before(&self, unit: LocalId) -> Option<Link> {
        let (first, chain) = self.chains.range(..=unit).next_back()?;
        (first.0 == unit.0).then(|| chain.link(first.1, chain.find(unit.1)))
    }

    fn add(&mut self, first: LocalId, len: Clock, target: LocalId) {
        let end = first.1 + len;
        let is_last = self.is_behind_all(first);
        let before = match is_last {
            true => self.chains.last_entry().map(|last| (*last.key(), last.into_mut())),
            false => self.chains.range_mut(..first).next_back().map(|(start, chain)| (*start, chain)),
        };
        match before {
            Some((start, chain))
                if chain.ends.last() == Some(&first.1)
                    && (start.0, chain.target.0) == (first.0, target.0)
                    && target.1.checked_sub(chain.target.1) == Some(first.1 - start.1)
                    && chain.ends.len() < CHAIN =>
            {
                chain.ends.push(end);
            }
            _ => {
                self.chains.insert(first, Chain { target, ends: smallvec![end] });
            }
        }
        if is_last {
            self.last = Some((first.0, Link { start: first.1, end, target }));
        }
    }

    fn is_behind_all(&self, unit: LocalId) -> bool {
        self.last.is_none_or(|(client, last)| (client, last.start) < unit)
    }

    /// What a unit was redone as. O(log).
    pub(crate) fn target(&self, unit: LocalId) -> Option<LocalId> {
        let link = self.link(unit)?;
        Some((link.target.0, link.target.1 + (unit.1 - link.start)))
    }

    /// The units of the link that holds a unit; or, if none does, the units between the links before and after it.
    pub(crate) fn around(&self, unit: LocalId) -> Range<Clock> {
        let start = match self.before(unit) {
            Some(link) if unit.1 < link.end => return link.start..link.end,
            before => before.map_or(0, |link| link.end),
        };
        let after = if self.is_behind_all(unit) { None } else { self.chains.range(unit..).next() };
        let after = after.filter(|((client, _), _)| *client == unit.0);
        start..after.map_or(Clock::MAX, |((_, start), _)| *start)
    }

    /// Cuts the link that holds a unit and the one before it.
    pub(crate) fn cut(&mut self, unit: LocalId) {
        if self.link(unit).is_some_and(|link| link.start < unit.1) {
            self.cut_link(unit);
        }
    }

    #[cold]
    fn cut_link(&mut self, unit: LocalId) {
        let Some((&(client, start), chain)) = self.chains.range_mut(..=unit).next_back() else { return };
        let at = chain.find(unit.1);
        chain.ends.insert(at, unit.1);
        if let Some((_, last)) = self.last.as_mut().filter(|(of, last)| *of == client && last.start < unit.1) {
            *last = chain.link(start, at + 1);
        }
        if chain.ends.len() > CHAIN {
            let upper: SmallVec<_> = chain.ends.drain(CHAIN / 2..).collect();
            let border = chain.ends[CHAIN / 2 - 1];
            let target = (chain.target.0, chain.target.1 + (border - start));
            self.chains.insert((client, border), Chain { target, ends: upper });
        }
    }
}

impl Store {
    /// Links `len` units, none of which is linked yet, to those that were written in their place.
    pub(crate) fn add_redone(&mut self, first: LocalId, len: Clock, target: LocalId) {
        self.log_mut(first.0).minds_cuts = true;
        self.redone.add(first, len, target);
    }

    /// The unit that stands for this one now: itself, unless its deletion was undone. O(undos of it * log).
    /// (Yjs: `followRedone`)
    pub(crate) fn follow_redone(&self, unit: LocalId) -> LocalId {
        let mut current = unit;
        while let Some(next) = self.redone.target(current) {
            current = next;
        }
        current
    }

    /// Panics if a link is of a live unit, or leads to one that is not there.
    pub(super) fn assert_redone(&self) {
        let mut last: Option<(Client, Link)> = None;
        for (&(client, first), chain) in &self.redone.chains {
            assert!((1..=CHAIN).contains(&chain.ends.len()));
            for link in (0..chain.ends.len()).map(|at| chain.link(first, at)) {
                let Link { start, end, target } = link;
                assert!(start < end && end <= self.log(client).end());
                assert!(target.1 + (end - start) <= self.log(target.0).end(), "what was redone is known");
                assert!(last.is_none_or(|(of, last)| of != client || last.end <= start), "links don't overlap");
                assert!(self.log(client).minds_cuts);
                assert!((start..end).all(|clock| !self.is_live((client, clock))), "what is redone is deleted");
                assert_eq!(self.redone.link((client, start)), Some(link));
                last = Some((client, link));
            }
        }
        assert_eq!(self.redone.last, last);
    }
}

#[cfg(test)]
mod tests {
    use super::{Link, Redone};
    use crate::values::random::numbers;

    /// Links of runs of units, in order and not, which are cut at random; beside a plain list.
    #[test]
    fn links_are_found_however_they_were_added_and_cut() {
        for seed in 0..200 {
            let mut number = numbers(seed);
            let (mut redone, mut plain) = (Redone::default(), Vec::new());
            let mut runs: Vec<u32> = (0..30).collect();
            for at in 0..runs.len() {
                if number(4) == 0 {
                    runs.swap(at, number(30) as usize);
                }
            }
            for (run, target) in runs.into_iter().zip((1_000..).step_by(10)) {
                let (start, len) = (10 * run, if number(5) == 0 { 6 } else { 10 });
                redone.add((1, start), len, (2, target));
                plain.push(Link { start, end: start + len, target: (2, target) });
                let border = number(320);
                redone.cut((1, border));
                if let Some(link) = plain.iter_mut().find(|link| link.start < border && border < link.end) {
                    let target = (2, link.target.1 + (border - link.start));
                    let behind = Link { start: border, end: link.end, target };
                    link.end = border;
                    plain.push(behind);
                }
            }
            for clock in 0..320 {
                let link = plain.iter().find(|link| (link.start..link.end).contains(&clock)).copied();
                assert_eq!(redone.link((1, clock)), link, "seed {seed}, clock {clock}");
                assert_eq!(redone.link((0, clock)), None);
                let around = link.map_or_else(
                    || {
                        let start = plain.iter().map(|link| link.end).filter(|end| *end <= clock).max();
                        let end = plain.iter().map(|link| link.start).filter(|start| *start > clock).min();
                        start.unwrap_or(0)..end.unwrap_or(u32::MAX)
                    },
                    |link| link.start..link.end,
                );
                assert_eq!(redone.around((1, clock)), around, "seed {seed}, clock {clock}");
            }
        }
    }
}
