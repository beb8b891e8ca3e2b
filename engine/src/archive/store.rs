//! The storage contract: what a store does for one document, and the test that holds every adapter to it.

use super::{HostLimits, RowKey, RowKind, RowWrite};
use core::fmt;
use std::ops::RangeInclusive;

/// Why a store could not do what it was asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum StoreError {
    /// There is no room left, or writing is not allowed.
    Full(String),
    /// A row or a batch is larger than the store's limits.
    TooLarge,
    /// Anything else; the outcome of a write that ends like this is not known.
    Failed(String),
}

impl fmt::Display for StoreError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            StoreError::Full(detail) => write!(f, "the store is full or read-only: {detail}"),
            StoreError::TooLarge => f.write_str("a row or a batch is too large for the store"),
            StoreError::Failed(detail) => write!(f, "the store failed: {detail}"),
        }
    }
}

impl core::error::Error for StoreError {}

/// The rows of one document, in the order of their keys.
pub trait Store {
    /// The largest row and batch that it takes.
    fn limits(&self) -> HostLimits;

    /// All rows with keys in `keys`, in key order.
    fn read(&mut self, keys: RangeInclusive<RowKey>) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError>;

    /// Carries out the batch whole or not at all; of two changes of one row the later one counts. A write that
    /// returned `Ok` is not lost in a crash of the program.
    fn write(&mut self, batch: &[RowWrite]) -> Result<(), StoreError>;
}

/// Every key that there can be.
pub fn all_keys() -> RangeInclusive<RowKey> {
    RowKey::new(RowKind::Manifest, 0)..=RowKey::new(RowKind::Version, u32::MAX)
}

/// Checks an adapter against the contract. `store` is empty; `reopen` closes it and opens the same rows again.
///
/// # Panics
/// With what is wrong.
pub fn check_store<S: Store>(store: S, mut reopen: impl FnMut(S) -> S) {
    let mut store = store;
    let key = |kind, number| RowKey::new(kind, number);
    let put = |key, bytes: &[u8]| RowWrite::Put(key, bytes.to_vec());
    let keys_in = |store: &mut S, keys| -> Vec<RowKey> {
        store.read(keys).expect("reading works").into_iter().map(|(key, _)| key).collect()
    };
    let limits = store.limits();
    assert!(limits.row_bytes >= 1 << 10 && limits.batch_rows >= 4, "limits that nothing fits in: {limits:?}");
    assert_eq!(keys_in(&mut store, all_keys()), [], "a store begins empty");
    store.write(&[]).expect("an empty batch changes nothing");
    store.write(&[RowWrite::Delete(key(RowKind::Manifest, 0))]).expect("a row that is not there may be deleted");

    // Key order is the order of numbers, not of digits or of signed integers.
    let numbers = [0, 1, 9, 10, 255, 256, 0x7fff_ffff, 0x8000_0000, u32::MAX];
    for number in numbers.iter().rev() {
        let rows = [put(key(RowKind::BasePage, *number), b"page"), put(key(RowKind::Version, *number), b"version")];
        store.write(&rows).expect("a batch of two");
    }
    store.write(&[put(key(RowKind::Manifest, 0), b""), put(key(RowKind::Journal, 15), &[0, 255, 0])]).expect("writes");
    let pages: Vec<RowKey> = numbers.iter().map(|number| key(RowKind::BasePage, *number)).collect();
    assert_eq!(keys_in(&mut store, pages[0]..=pages[8]), pages, "a range read has the rows of one kind in order");
    assert_eq!(keys_in(&mut store, pages[1]..=pages[3]), pages[1..=3], "both ends of a range belong to it");
    assert_eq!(keys_in(&mut store, key(RowKind::BasePage, 2)..=key(RowKind::BasePage, 8)), [], "an empty range");
    let early = store.read(key(RowKind::Manifest, 0)..=key(RowKind::Pending, 0)).expect("reading works");
    let expected = [(key(RowKind::Manifest, 0), vec![]), (key(RowKind::Journal, 15), vec![0, 255, 0])];
    assert_eq!(early[..2], expected, "bytes come back as they went, empty ones too");
    assert_eq!(early[2..].len(), numbers.len(), "a range read goes over kinds");

    // A later change of the same row counts, within a batch and after it.
    let row = key(RowKind::Journal, 3);
    store.write(&[put(row, b"a"), put(row, b"b"), RowWrite::Delete(row), put(row, b"c")]).expect("one row thrice");
    assert_eq!(store.read(row..=row).expect("reading works"), [(row, b"c".to_vec())], "the last change counts");
    store.write(&[put(row, b"replaced")]).expect("replacing");
    store.write(&[RowWrite::Delete(key(RowKind::Journal, 15))]).expect("deleting");

    // A batch that is refused leaves nothing behind.
    let whole = store.read(all_keys()).expect("reading works");
    let large = vec![7; limits.row_bytes];
    let refused = [put(row, b"half a batch"), put(key(RowKind::Journal, 4), &[&large[..], b"x"].concat())];
    assert_eq!(store.write(&refused), Err(StoreError::TooLarge), "a row above the limit is refused");
    if limits.batch_rows < 1 << 12 {
        let many: Vec<RowWrite> = (0..=limits.batch_rows as u32).map(|n| put(key(RowKind::Pending, n), b"p")).collect();
        assert_eq!(store.write(&many), Err(StoreError::TooLarge), "a batch above the limit is refused");
    }
    assert!(store.read(all_keys()).expect("reading works") == whole, "a refused batch changes nothing");

    // The largest row that the limits allow, and all the rest, are there after opening again.
    store.write(&[put(key(RowKind::Pending, 1), &large)]).expect("the largest row");
    let whole = store.read(all_keys()).expect("reading works");
    let mut store = reopen(store);
    assert!(store.read(all_keys()).expect("reading works") == whole, "what was written is there after opening again");
    let everything: Vec<RowWrite> = whole.iter().map(|(key, _)| RowWrite::Delete(*key)).collect();
    for batch in everything.chunks(limits.batch_rows) {
        store.write(batch).expect("deleting everything");
    }
    assert_eq!(keys_in(&mut store, all_keys()), [], "deleted rows are gone");
}
