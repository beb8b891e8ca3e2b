//! Sorting by numbers and by text.
//!
//! The standard library's sort is 4 KB of WebAssembly for each type and comparison. Here keys are sorted, with the place
//! that each comes from, so that all types share one copy. A `BTreeMap` that is collected sorts, too: one that is extended
//! instead does not.

use super::Pace;
use core::cmp::Ordering;
use core::ops::Range;

/// So many keys are sorted, merged, or put into their places between two stops.
const PART: usize = if cfg!(debug_assertions) { 4 } else { 2_048 };

type Key = ((u64, u64), usize);

/// Sorts by keys of two numbers; what has equal keys stays in its order. O(n log n); allocates nothing where items are
/// in order already.
pub(crate) fn sort_by_numbers<T>(items: &mut [T], key: impl Fn(&T) -> (u64, u64)) {
    if items.is_sorted_by_key(&key) {
        return;
    }
    let mut keys: Vec<Key> = items.iter().enumerate().map(|(from, item)| (key(item), from)).collect();
    keys.sort();
    arrange(items, keys.iter().map(|(_, from)| *from).collect());
}

/// The same in steps. It takes a third more time where items are not in order already.
pub(crate) async fn sort_in_steps<T>(items: &mut [T], key: impl Fn(&T) -> (u64, u64), pace: &Pace) {
    if items.is_sorted_by_key(&key) {
        return pace.spend(items.len() / 8).await;
    }
    let keys: Vec<Key> = items.iter().enumerate().map(|(from, item)| (key(item), from)).collect();
    let keys = sort_keys(keys, pace).await;
    let mut order: Vec<usize> = keys.into_iter().map(|(_, from)| from).collect();
    for start in (0..items.len()).step_by(PART) {
        let end = items.len().min(start + PART);
        arrange_part(items, &mut order, start..end);
        pace.spend(end - start).await;
    }
}

/// Merges parts that are sorted in pairs, until there is one.
async fn sort_keys(mut keys: Vec<Key>, pace: &Pace) -> Vec<Key> {
    for part in keys.chunks_mut(PART) {
        part.sort();
        pace.spend(4 * part.len()).await;
    }
    let mut width = PART;
    let mut merged = Vec::with_capacity(keys.len());
    while width < keys.len() {
        for pair in keys.chunks(2 * width) {
            let (mut left, mut right) = pair.split_at(width.min(pair.len()));
            while !left.is_empty() || !right.is_empty() {
                merge_part(&mut left, &mut right, &mut merged);
                pace.spend(PART).await;
            }
        }
        core::mem::swap(&mut keys, &mut merged);
        merged.clear();
        width *= 2;
    }
    keys
}

/// Moves the next keys of two sorted lists behind those that are merged.
fn merge_part<'a>(left: &mut &'a [Key], right: &mut &'a [Key], merged: &mut Vec<Key>) {
    for _ in 0..PART {
        let from = match (left.first(), right.first()) {
            (Some(a), Some(b)) if b < a => &mut *right,
            (Some(_), _) => &mut *left,
            (None, _) => &mut *right,
        };
        let Some((next, rest)) = from.split_first() else { return };
        merged.push(*next);
        *from = rest;
    }
}

/// Sorts by texts, which `compare` puts in order; what has equal ones stays in its order. O(n log n) comparisons;
/// allocates nothing where items are in order already.
pub(crate) fn sort_by_text<T>(items: &mut [T], text: impl Fn(&T) -> &str, compare: fn(&str, &str) -> Ordering) {
    if items.is_sorted_by(|a, b| compare(text(a), text(b)).is_le()) {
        return;
    }
    let mut texts: Vec<(&str, usize)> = items.iter().enumerate().map(|(from, item)| (text(item), from)).collect();
    sort_texts(&mut texts, compare);
    let order = texts.iter().map(|(_, from)| *from).collect();
    arrange(items, order);
}

fn sort_texts(texts: &mut [(&str, usize)], compare: fn(&str, &str) -> Ordering) {
    texts.sort_by(|(a, _), (b, _)| compare(a, b));
}

/// Puts at each place the item that is at the place `order` names for it. O(n)
fn arrange<T>(items: &mut [T], mut order: Vec<usize>) {
    arrange_part(items, &mut order, 0..items.len());
}

/// The same for some places, after those before them.
fn arrange_part<T>(items: &mut [T], order: &mut [usize], places: Range<usize>) {
    for to in places {
        // What was there has been moved to where the item for that place was.
        let mut from = order[to];
        while from < to {
            from = order[from];
        }
        order[to] = from;
        items.swap(to, from);
    }
}

#[cfg(test)]
mod tests {
    use super::{sort_by_numbers, sort_by_text, sort_in_steps};
    use crate::values::{Pace, at_once};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_are_sorted_as_by_the_standard_library(numbers in prop::collection::vec((0_u64..9, 0_u64..9), 0..99)) {
            let items: Vec<_> = numbers.into_iter().enumerate().collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(_, numbers)| *numbers);
            let mut sorted = items.clone();
            sort_by_numbers(&mut sorted, |(_, numbers)| *numbers);
            prop_assert_eq!(&sorted, &expected);
            let mut sorted = items;
            at_once(sort_in_steps(&mut sorted, |(_, numbers)| *numbers, &Pace::AT_ONCE));
            prop_assert_eq!(sorted, expected);
        }

        #[test]
        fn texts_are_sorted_as_by_the_standard_library(texts in prop::collection::vec("[a-c]{0,2}", 0..99)) {
            let items: Vec<_> = texts.into_iter().enumerate().collect();
            let mut expected = items.clone();
            expected.sort_by(|(_, a), (_, b)| b.cmp(a));
            let mut sorted = items;
            sort_by_text(&mut sorted, |(_, text)| text, |a, b| b.cmp(a));
            prop_assert_eq!(sorted, expected);
        }
    }
}
