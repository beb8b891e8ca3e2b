//! Sorting by numbers and by text.
//!
//! The standard library's sort is 4 KB of WebAssembly for each type and comparison. Here keys are sorted, with the place
//! that each comes from, so that all types share one copy. A `BTreeMap` that is collected sorts, too: one that is extended
//! instead does not.

use core::cmp::Ordering;

/// Sorts by keys of two numbers; what has equal keys stays in its order. O(n log n); allocates nothing where items are
/// in order already.
pub(crate) fn sort_by_numbers<T>(items: &mut [T], key: impl Fn(&T) -> (u64, u64)) {
    if items.is_sorted_by_key(&key) {
        return;
    }
    let mut keys: Vec<_> = items.iter().enumerate().map(|(from, item)| (key(item), from)).collect();
    keys.sort();
    arrange(items, keys.iter().map(|(_, from)| *from).collect());
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
    for to in 0..items.len() {
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
    use super::{sort_by_numbers, sort_by_text};
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn items_are_sorted_as_by_the_standard_library(numbers in prop::collection::vec((0_u64..9, 0_u64..9), 0..99)) {
            let items: Vec<_> = numbers.into_iter().enumerate().collect();
            let mut expected = items.clone();
            expected.sort_by_key(|(_, numbers)| *numbers);
            let mut sorted = items;
            sort_by_numbers(&mut sorted, |(_, numbers)| *numbers);
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
