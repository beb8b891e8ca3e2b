//! Deleted units whose content somebody still needs, so that it is written as content and not as collected.

use super::log::LocalId;
use super::order::Client;
use crate::values::Clock;
use std::collections::BTreeMap;
use std::ops::Range;

/// Ranges of units, each with the number of those who need it. (Yjs: the flag `keep` of an item; counted here, so
/// that one who lets go takes nothing from another.)
#[derive(Debug, Default)]
pub(crate) struct Kept {
    /// First unit, to the clock after the last one and the count; ranges don't overlap. Who undoes step by step keeps one
    /// step beside the other: where that makes neighbours that are needed equally often, they are one.
    ranges: BTreeMap<LocalId, (Clock, u32)>,
}

impl Kept {
    #[inline]
    pub(crate) fn is_empty(&self) -> bool {
        self.ranges.is_empty()
    }

    /// Whether a unit is kept, and up to which clock this is so, or not so, of the units after it. O(log).
    pub(crate) fn state(&self, unit: LocalId) -> (bool, Clock) {
        if let Some((_, (end, _))) = self.around(unit) {
            return (true, end);
        }
        let next = self.ranges.range(unit..).next().filter(|((client, _), _)| *client == unit.0);
        (false, next.map_or(Clock::MAX, |((_, start), _)| *start))
    }

    pub(crate) fn contains(&self, unit: LocalId) -> bool {
        self.around(unit).is_some()
    }

    /// Keeps units once more. O(log + ranges touched).
    pub(crate) fn keep(&mut self, client: Client, units: Range<Clock>) {
        self.count_up(client, units.clone());
        self.join((client, units.start));
        self.join((client, units.end));
    }

    fn count_up(&mut self, client: Client, units: Range<Clock>) {
        self.cut((client, units.start));
        self.cut((client, units.end));
        let mut clock = units.start;
        while clock < units.end {
            match self.ranges.get_mut(&(client, clock)) {
                Some((end, count)) => {
                    *count += 1;
                    clock = *end;
                }
                None => {
                    let end = self.state((client, clock)).1.min(units.end);
                    self.ranges.insert((client, clock), (end, 1));
                    clock = end;
                }
            }
        }
    }

    /// Takes back one [`keep`](Self::keep) of the same units. O(log + ranges touched).
    pub(crate) fn release(&mut self, client: Client, units: Range<Clock>) {
        self.cut((client, units.start));
        self.cut((client, units.end));
        let mut from = (client, units.start);
        while let Some((unit, (end, count))) = self.ranges.range_mut(from..(client, units.end)).next() {
            *count -= 1;
            let (unit, is_free) = (*unit, *count == 0);
            from = (client, *end);
            if is_free {
                self.ranges.remove(&unit);
            }
        }
    }

    /// The range that holds a unit.
    fn around(&self, unit: LocalId) -> Option<(LocalId, (Clock, u32))> {
        let (first, held) = self.ranges.range(..=unit).next_back()?;
        (first.0 == unit.0 && unit.1 < held.0).then_some((*first, *held))
    }

    /// Joins the ranges that meet before a unit, if they are needed equally often.
    fn join(&mut self, unit: LocalId) {
        let Some(&(end, count)) = self.ranges.get(&unit) else { return };
        let before = self.ranges.range_mut(..unit).next_back();
        if let Some(((client, _), before)) = before
            && *client == unit.0
            && *before == (unit.1, count)
        {
            before.0 = end;
            self.ranges.remove(&unit);
        }
    }

    fn cut(&mut self, unit: LocalId) {
        if let Some((first, (end, count))) = self.around(unit).filter(|(first, _)| *first != unit) {
            self.ranges.insert(first, (unit.1, count));
            self.ranges.insert(unit, (end, count));
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
