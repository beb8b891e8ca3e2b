//! The SQLite store against the storage contract, through the thread that commits for all documents.

use merganser::archive::{RowKey, RowKind, RowWrite, Store, all_keys, check_store};
use merganser_server::metrics::Metrics;
use merganser_server::storage::{DocumentStore, OpenError, Storage};
use std::sync::Arc;
use std::thread;

fn open(folder: &tempfile::TempDir) -> Arc<Storage> {
    Arc::new(Storage::open(folder.path(), Arc::new(Metrics::default())).expect("the folder can be used"))
}

#[test]
fn the_contract_holds() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut storage = open(&folder);
    let mut neighbour = DocumentStore::new(storage.clone(), "neighbour");
    let row = RowWrite::Put(RowKey::new(RowKind::BasePage, 1), b"not mine".to_vec());
    neighbour.write(std::slice::from_ref(&row)).expect("writes");
    let store = DocumentStore::new(storage.clone(), "p%2Fq");
    check_store(store, |store| {
        drop(store);
        storage.close();
        storage = open(&folder);
        DocumentStore::new(storage.clone(), "p%2Fq")
    });
    let rows = DocumentStore::new(storage, "neighbour").read(all_keys()).expect("reads");
    assert_eq!(rows, [(RowKey::new(RowKind::BasePage, 1), b"not mine".to_vec())], "documents do not touch each other");
}

#[test]
fn many_documents_at_once_are_each_answered_for_what_they_wrote() {
    const DOCUMENTS: u32 = 8;
    const WRITES: u32 = 50;
    let folder = tempfile::tempdir().expect("a folder");
    let storage = open(&folder);
    let write = |number: u32| {
        let mut store = DocumentStore::new(storage.clone(), &format!("document-{number}"));
        move || {
            let too_large = RowWrite::Put(RowKey::new(RowKind::Journal, 0), vec![0; store.limits().row_bytes + 1]);
            for write in 0..WRITES {
                let row = RowWrite::Put(RowKey::new(RowKind::BasePage, write), number.to_le_bytes().to_vec());
                store.write(&[row]).expect("a good batch is stored");
                if number == 0 {
                    store.write(std::slice::from_ref(&too_large)).expect_err("a bad one is not");
                }
            }
        }
    };
    let threads: Vec<_> = (0..DOCUMENTS).map(|number| thread::spawn(write(number))).collect();
    threads.into_iter().for_each(|thread| thread.join().expect("the thread ends"));
    storage.close();
    let storage = open(&folder);
    for number in 0..DOCUMENTS {
        let rows = DocumentStore::new(storage.clone(), &format!("document-{number}")).read(all_keys()).expect("reads");
        assert_eq!(rows.len() as u32, WRITES);
        assert!(rows.iter().all(|(_, bytes)| bytes[..] == number.to_le_bytes()), "rows are under their document");
    }
}

#[test]
fn a_second_server_on_the_same_folder_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let first = open(&folder);
    let second = Storage::open(folder.path(), Arc::new(Metrics::default()));
    assert!(matches!(second, Err(OpenError::InUse(_))), "{second:?}");
    first.close();
    open(&folder).close();
}

#[test]
fn a_closed_store_says_so() {
    let folder = tempfile::tempdir().expect("a folder");
    let storage = open(&folder);
    let mut store = DocumentStore::new(storage.clone(), "late");
    storage.close();
    store.read(all_keys()).expect_err("there is nothing to read from");
    store.write(&[]).expect_err("there is nothing to write to");
}
