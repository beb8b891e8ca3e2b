//! The storage contract, held to the adapter in memory.

use merganser::archive::{HostLimits, MemoryStore, RowKey, RowKind, RowWrite, Store, all_keys, check_store};

#[test]
fn the_store_in_memory_keeps_the_contract() {
    check_store(MemoryStore::default(), |store| store);
}

#[test]
fn it_keeps_the_contract_with_the_smallest_limits() {
    let limits = HostLimits { row_bytes: 1 << 10, batch_rows: 4 };
    check_store(MemoryStore::with_limits(limits), |store| store);
}

#[test]
#[should_panic(expected = "what was written is there after opening again")]
fn the_contract_finds_a_store_that_forgets() {
    check_store(MemoryStore::default(), |_| MemoryStore::default());
}

#[test]
fn failures_can_be_ordered_and_batches_taken_back() {
    let mut store = MemoryStore::default();
    store.remember_batches();
    let put = |number, bytes: &[u8]| RowWrite::Put(RowKey::new(RowKind::Journal, number), bytes.to_vec());
    store.write(&[put(0, b"a")]).unwrap();
    store.fail_writes(1);
    assert!(store.write(&[put(1, b"never")]).is_err());
    store.write(&[put(0, b"b"), put(2, b"c")]).unwrap();
    assert_eq!(store.batch_count(), 2, "a write that failed is no batch");
    assert_eq!(store.size(), (2, 2));
    let first = store.after_batches(1).read(all_keys()).unwrap();
    assert_eq!(first, [(RowKey::new(RowKind::Journal, 0), b"a".to_vec())]);
    assert_eq!(store.after_batches(2).read(all_keys()).unwrap(), store.read(all_keys()).unwrap());
}
