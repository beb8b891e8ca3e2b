//! Deleted units whose content somebody still needs, so that it is written as content and not as collected.

use super::log::LocalId;
use super::order::Client;
use crate::values::Clock;
use std::collections::BTreeMap;
use std::ops::Bound::{Excluded, Unbounded};
use std::ops::Range;

/// Ranges of units, each with the number of those who need it. (Yjs: the flag `keep` of an item; counted here, so
/// that one who lets go takes nothing from another.)
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// The clock after the last unit, to the first one and the count; ranges don't overlap. Who undoes step by step keeps
    /// one step beside the other: where that makes neighbours that are needed equally often, they are one. By their ends,
    /// since undos mostly go backwards, and redos give up what comes first: either changes a start only.
    ranges: BTreeMap<LocalId, (Clock, u32)>,
}

impl Kept {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether a unit is kept, and up to which clock this is so, or not so, of the units after it. O(log).
    pub(crate) fn state(&self, unit: LocalId) -> (bool, Clock) {
        let behind = self.ranges.range((Excluded(unit), Unbounded)).next();
        match behind.filter(|((client, _), _)| *client == unit.0) {
            Some(((_, end), (start, _))) if *start <= unit.1 => (true, *end),
            Some((_, (start, _))) => (false, *start),
            None => (false, Clock::MAX),
        }
    }

    pub(crate) fn contains(&self, unit: LocalId) -> bool {
        self.state(unit).0
    }

    /// The first range that ends behind a border: its end, and its start and count.
    fn behind(&mut self, border: LocalId) -> Option<(Clock, &mut (Clock, u32))> {
        let ((client, end), range) = self.ranges.range_mut((Excluded(border), Unbounded)).next()?;
        (*client == border.0).then_some((*end, range))
    }

    /// Keeps units once more. O(log + ranges touched).
    pub(crate) fn keep(&mut self, client: Client, units: Range<Clock>) {
        match self.behind((client, units.start)) {
            Some((_, range)) if *range == (units.end, 1) => range.0 = units.start,
            _ => self.count_up(client, units.clone()),
        }
        self.join((client, units.start));
    }

    fn count_up(&mut self, client: Client, units: Range<Clock>) {
        self.cut((client, units.start));
        self.cut((client, units.end));
        let mut clock = units.start;
        while clock < units.end {
            match self.behind((client, clock)) {
                Some((end, (start, count))) if *start == clock => {
                    *count += 1;
                    clock = end;
                }
                behind => {
                    let end = behind.map_or(units.end, |(_, (start, _))| units.end.min(*start));
                    self.ranges.insert((client, end), (clock, 1));
                    clock = end;
                }
            }
        }
        self.join((client, units.end));
    }

    /// Takes back one [`keep`](Self::keep) of the same units. O(log + ranges touched).
    pub(crate) fn release(&mut self, client: Client, units: Range<Clock>) {
        let first = self.behind((client, units.start));
        if let Some((_, range)) = first.filter(|(end, range)| **range == (units.start, 1) && *end > units.end) {
            range.0 = units.end;
            return;
        }
        self.cut((client, units.start));
        self.cut((client, units.end));
        let mut clock = units.start;
        while let Some((end, (start, count))) = self.behind((client, clock))
            && *start < units.end
        {
            *count -= 1;
            clock = end;
            if *count == 0 {
                self.ranges.remove(&(client, end));
            }
        }
    }

    /// Joins the ranges that meet at a border, if they are needed equally often.
    fn join(&mut self, border: LocalId) {
        let Some(&(start, count)) = self.ranges.get(&border) else { return };
        if let Some((_, behind)) = self.behind(border)
            && *behind == (border.1, count)
        {
            behind.0 = start;
            self.ranges.remove(&border);
        }
    }

    fn cut(&mut self, border: LocalId) {
        if let Some((_, range)) = self.behind(border)
            && range.0 < border.1
        {
            let before = std::mem::replace(&mut range.0, border.1);
            let count = range.1;
            self.ranges.insert(border, (before, count));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Kept;

    #[test]
    fn ranges_are_counted() {
        let mut kept = Kept::default();
        kept.keep(1, 2..8);
        kept.keep(1, 5..12);
        assert_eq!(kept.state((1, 0)), (false, 2));
        assert_eq!(kept.state((0, 0)), (false, u32::MAX));
        kept.release(1, 2..8);
        assert_eq!(kept.state((1, 4)), (false, 5));
        assert!(kept.contains((1, 5)) && kept.contains((1, 11)) && !kept.contains((1, 12)));
        kept.release(1, 5..12);
        assert!(kept.is_empty());
    }

    #[test]
    fn neighbours_are_one_range() {
        let mut kept = Kept::default();
        [4..5, 3..4, 6..7, 5..6, 2..3].into_iter().for_each(|units| kept.keep(1, units));
        assert_eq!(kept.ranges.len(), 1);
        kept.keep(1, 3..5);
        assert_eq!(kept.ranges.len(), 3);
        kept.release(1, 4..5);
        assert_eq!((kept.state((1, 4)), kept.state((1, 3))), ((true, 5), (true, 4)));
        kept.release(1, 3..4);
        [2..3, 3..4, 4..5, 5..6, 6..7].into_iter().for_each(|units| kept.release(1, units));
        assert!(kept.is_empty());
    }
}
