//! Deleting formatting marks that change nothing, where and when Yjs does it.
//!
//! Yjs cleans a *gap*: what stands between two visible units, that is, marks and deleted units.

use super::Replica;
use crate::store::{Client, Formats, LocalId, Place, Sequence, TypeHandle, is_identical};
use crate::update::{Content, TypeTag};
use crate::values::{Clock, sort_by_numbers};
use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

/// A live mark of a gap.
struct GapMark {
    unit: LocalId,
    key: Box<str>,
    value: Box<str>,
    /// Whether it stands at or after the place whose formatting the caller keeps.
    is_beyond: bool,
}

/// What a transaction inserted and deleted, for the clean-up after it.
#[derive(Debug)]
pub(crate) struct CleanUp {
    inserted: Vec<(Client, Range<Clock>)>,
    deleted: Vec<(Client, Range<Clock>)>,
}

impl Replica {
    /// Cleans the rest of the gap from `start` on, where `before` is in force: marks that another one of the gap
    /// overrides, and marks that set what is set already. `current` is the formatting in force before the unit `until`
    /// (`None`: to the end of the gap) and stays true. O(spans of the gap). (Yjs: `cleanupFormattingGap`)
    pub(crate) fn clean_gap(
        &mut self,
        start: Option<Place>,
        until: Option<LocalId>,
        before: &Formats,
        current: &mut Formats,
    ) {
        let marks = self.marks_of_gap(start, until);
        let mut last: BTreeMap<Box<str>, LocalId> = BTreeMap::new();
        last.extend(marks.iter().map(|mark| (mark.key.clone(), mark.unit)));
        // Which mark a format in force has its value from: of objects only that one is identical to it.
        let passed = marks.iter().filter(|mark| !mark.is_beyond);
        let mut sources: BTreeMap<Box<str>, LocalId> = BTreeMap::new();
        sources.extend(passed.map(|mark| (mark.key.clone(), mark.unit)));
        for GapMark { unit, key, value, is_beyond } in marks {
            let value_before = before.value(&key);
            let changes_nothing = is_identical(value_before, &value);
            if last.get(&key) == Some(&unit) && !changes_nothing {
                if !is_beyond {
                    current.pass_mark(&key, &value);
                    sources.insert(key, unit);
                }
                continue;
            }
            self.delete_ids(unit.0, unit.1, unit.1 + 1);
            let is_current = is_identical(current.value(&key), &value) || sources.get(&key) == Some(&unit);
            if !is_beyond && !changes_nothing && is_current {
                current.pass_mark(&key, value_before);
                sources.remove(&key);
            }
        }
    }

    fn marks_of_gap(&self, start: Option<Place>, until: Option<LocalId>) -> Vec<GapMark> {
        let order = &self.store.order;
        let mut marks = Vec::new();
        let mut is_beyond = false;
        let spans = start.into_iter().flat_map(|place| order.spans_from(place));
        for span in spans.filter(|span| span.len > 0).take_while(|span| !span.is_visible()) {
            if span.is_deleted() {
                is_beyond |= until.is_some_and(|unit| span.contains(unit.0, unit.1));
                continue;
            }
            for clock in span.clock..span.end() {
                let unit = (span.client(), clock);
                is_beyond |= until == Some(unit);
                let (key, value) = self.store.mark(unit);
                marks.push(GapMark { unit, key: key.into(), value: value.into(), is_beyond });
            }
        }
        marks
    }

    /// What the last transaction leaves to be cleaned up if it brought remote changes; `None` unless it changed a text
    /// that has marks. O(blocks that changed).
    pub(crate) fn changes_to_clean_up(&self) -> Option<CleanUp> {
        let is_needed = self.store.order.has_any_marks() && self.has_changed_text();
        is_needed.then(|| CleanUp { inserted: self.inserted().collect(), deleted: self.deleted_by_client() })
    }

    /// What Yjs does with texts after a transaction that brought remote changes, as a transaction of its own: every
    /// type that marks were inserted into or deleted from is cleaned, and every gap that something was deleted in.
    /// O(what changed + spans of the gaps). (Yjs: `cleanupYTextAfterTransaction`)
    pub(crate) fn clean_up_formats(&mut self, CleanUp { inserted, deleted }: CleanUp) {
        self.begin();
        let mut whole = self.types_with_marks_in(inserted);
        let mut seen = BTreeMap::new();
        let deleted: Vec<_> =
            deleted.into_iter().flat_map(|(of, range)| self.store.placed_pieces_in(of, range)).collect();
        for (sequence, piece) in deleted {
            let of = self.store.types.owner(sequence).of;
            if !self.has_marks(of) || whole.contains(&of) {
                continue;
            }
            let (client, start) = piece.first;
            match piece.content {
                Content::Format => _ = whole.insert(of),
                _ => self.clean_gaps_around(client, start..start + piece.len, &mut seen),
            }
        }
        for of in whole {
            self.clean_whole(self.store.types.get(of).sequence);
        }
    }

    /// Of a whole text Yjs cleans what stands before its first visible unit: its loop over the text hands every later
    /// gap over by the visible unit before it, where a gap ends at once. (Yjs: `cleanupYTextFormatting`)
    fn clean_whole(&mut self, sequence: Sequence) {
        if self.store.order.visible_len(sequence) > 0 {
            let start = self.store.order.start(sequence);
            self.clean_gap(start, None, &Formats::default(), &mut Formats::default());
        }
    }

    /// Cleans the gaps in which deleted units of one block stand; others may have written between them.
    fn clean_gaps_around(&mut self, client: Client, clocks: Range<Clock>, seen: &mut BTreeMap<LocalId, Clock>) {
        let mut clock = clocks.start;
        while clock < clocks.end {
            self.clean_gap_around((client, clock), seen);
            let order = &self.store.order;
            let place = order.look_up(client, clock);
            clock = place.and_then(|place| order.span_at(place)).map_or(clocks.end, |(span, _)| span.end());
        }
    }

    /// Cleans the gap in which a deleted unit stands: of marks with the same key all but the last go. `seen` are spans
    /// of gaps that are clean. (Yjs: `cleanupContextlessFormattingGap`)
    fn clean_gap_around(&mut self, unit: LocalId, seen: &mut BTreeMap<LocalId, Clock>) {
        if seen.range(..=unit).next_back().is_some_and(|(start, end)| start.0 == unit.0 && unit.1 < *end) {
            return;
        }
        let order = &self.store.order;
        let Some(mut at) = order.look_up(unit.0, unit.1) else { return };
        while let Some((before, span)) = order.previous_span(at)
            && !span.is_visible()
        {
            at = before;
        }
        let mut marks: Vec<LocalId> = Vec::new();
        for span in order.spans_from(order.start_of_span(at)).take_while(|span| !span.is_visible()) {
            seen.insert((span.client(), span.clock), span.end());
            if span.is_uncounted() {
                marks.extend((span.clock..span.end()).map(|clock| (span.client(), clock)));
            }
        }
        let mut keys: BTreeSet<Box<str>> = BTreeSet::new();
        for mark in marks.into_iter().rev() {
            if !keys.insert(self.store.mark(mark).0.into()) {
                self.delete_ids(mark.0, mark.1, mark.1 + 1);
            }
        }
    }

    /// Whether a text with marks was changed that was there before and still is: only then Yjs cleans at all.
    /// (Yjs: `addChangedTypeToTransaction`, `YText#_callObserver`)
    fn has_changed_text(&self) -> bool {
        let changed = self.inserted().chain(self.deleted());
        let placed = changed.flat_map(|(client, range)| self.store.placed_pieces_in(client, range));
        let types: BTreeSet<TypeHandle> = placed.map(|(sequence, _)| self.store.types.owner(sequence).of).collect();
        types.into_iter().any(|of| {
            let shared = self.store.types.get(of);
            let was_there = shared.item.is_none_or(|item| {
                let log = self.store.log(item.0);
                item.1 < log.changed_from.unwrap_or(log.end())
            });
            let is_text = matches!(shared.tag, Some(TypeTag::Text | TypeTag::XmlText));
            is_text && was_there && !shared.is_deleted && self.has_marks(of)
        })
    }

    fn has_marks(&self, of: TypeHandle) -> bool {
        self.store.order.has_marks(self.store.types.get(of).sequence)
    }

    fn types_with_marks_in(&self, inserted: Vec<(Client, Range<Clock>)>) -> BTreeSet<TypeHandle> {
        let placed = inserted.into_iter().flat_map(|(client, range)| self.store.placed_pieces_in(client, range));
        let marks = placed.filter(|(_, piece)| piece.content == Content::Format && self.store.is_live(piece.first));
        marks.map(|(sequence, _)| self.store.types.owner(sequence).of).collect()
    }

    /// What was deleted, client by client in the order in which something of theirs was deleted first, each ascending.
    /// (Yjs: `sortAndMergeDeleteSet`)
    fn deleted_by_client(&self) -> Vec<(Client, Range<Clock>)> {
        let mut turns: BTreeMap<Client, u64> = BTreeMap::new();
        for (client, _) in self.deleted() {
            let turn = turns.len() as u64;
            turns.entry(client).or_insert(turn);
        }
        let mut ranges: Vec<_> = self.deleted().collect();
        sort_by_numbers(&mut ranges, |(client, range)| (turns[client], range.start.into()));
        ranges
    }
}
