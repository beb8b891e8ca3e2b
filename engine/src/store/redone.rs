//! Links from deleted units to those that were written in their place when the deletion was undone.

use super::log::LocalId;
use super::{Store, order::Client};
use crate::values::Clock;
use std::collections::BTreeMap;
use std::ops::Range;

/// The links, one for each run of units that was written again as one. (Yjs: `redone` of an item)
///
/// Yjs never joins again what was cut after it was redone, and its partition decides where later ones go: so a
/// link is cut wherever Yjs would cut the item.
#[derive(Debug, Default)]
pub(crate) struct Redone {
    /// First unit, to the number of units and the first of those that stand for them.
    links: BTreeMap<LocalId, (Clock, LocalId)>,
}

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

impl Redone {
    /// The link of a unit. O(log).
    pub(crate) fn link(&self, unit: LocalId) -> Option<Link> {
        self.before(unit).filter(|link| unit.1 < link.end)
    }

    /// The last link of a client that begins at a unit or before it.
    fn before(&self, unit: LocalId) -> Option<Link> {
        // Mostly what is asked about was written after all that was redone.
        let last = self.links.last_key_value().filter(|(first, _)| **first <= unit);
        let (first, (len, target)) = last.or_else(|| self.links.range(..=unit).next_back())?;
        (first.0 == unit.0).then_some(Link { start: first.1, end: first.1 + len, target: *target })
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
        let is_behind_all = self.links.last_key_value().is_none_or(|(first, _)| *first < unit);
        let after = if is_behind_all { None } else { self.links.range(unit..).next() };
        let after = after.filter(|((client, _), _)| *client == unit.0);
        start..after.map_or(Clock::MAX, |((_, start), _)| *start)
    }

    /// Cuts the link that holds a unit and the one before it.
    pub(crate) fn cut(&mut self, unit: LocalId) {
        if let Some(link) = self.link(unit).filter(|link| link.start < unit.1) {
            let before = unit.1 - link.start;
            self.links.insert((unit.0, link.start), (before, link.target));
            self.links.insert(unit, (link.end - unit.1, (link.target.0, link.target.1 + before)));
        }
    }
}

impl Store {
    /// Links `len` units, none of which is linked yet, to those that were written in their place.
    pub(crate) fn add_redone(&mut self, first: LocalId, len: Clock, target: LocalId) {
        self.log_mut(first.0).minds_cuts = true;
        self.redone.links.insert(first, (len, target));
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
        let mut last: Option<(Client, Clock)> = None;
        for (&(client, start), &(len, target)) in &self.redone.links {
            assert!(len > 0 && start + len <= self.log(client).end());
            assert!(target.1 + len <= self.log(target.0).end(), "what was redone is known");
            assert!(last.is_none_or(|last| last.0 != client || last.1 <= start), "links don't overlap");
            assert!(self.log(client).minds_cuts);
            assert!((start..start + len).all(|clock| !self.is_live((client, clock))), "what is redone is deleted");
            last = Some((client, start + len));
        }
    }
}
