//! Open documents: when they come into memory and leave it, what is stored of them, and how they end.

use bytes::Bytes;
use merganser::archive::{RowKey, RowKind, Store};
use merganser::sync::RoomConfig;
use merganser_server::clock::Clock;
use merganser_server::document::Surroundings;
use merganser_server::event::Client;
use merganser_server::metrics::Metrics;
use merganser_server::outgoing::Outgoing;
use merganser_server::rooms::Rooms;
use merganser_server::storage::{DocumentStore, Storage};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{sleep, timeout};

/// An update message: a client inserts a letter into an empty text "t".
fn typed(client: u8, letter: u8) -> Bytes {
    Bytes::from(vec![0, 2, 11, 1, 1, client, 0, 4, 1, 1, b't', 1, letter, 0])
}

/// A sync step 1 with an empty state vector.
const STEP_1: Bytes = Bytes::from_static(&[0, 0, 1, 0]);

struct Host {
    _folder: tempfile::TempDir,
    storage: Arc<Storage>,
    rooms: Arc<Rooms>,
}

fn host() -> Host {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = Arc::new(Metrics::default());
    let storage = Arc::new(Storage::open(folder.path(), metrics.clone()).expect("the folder can be used"));
    let around =
        Surroundings { config: RoomConfig::default(), storage: storage.clone(), metrics, clock: Clock::start() };
    Host { _folder: folder, storage, rooms: Rooms::new(around) }
}

fn outgoing() -> Arc<Outgoing> {
    Arc::new(Outgoing::new(1 << 20))
}

/// Waits for messages until one has `wanted` in it.
async fn wait_for(outgoing: &Outgoing, wanted: &[u8]) {
    let found = timeout(Duration::from_secs(10), async {
        loop {
            outgoing.filled().await;
            let messages = outgoing.take().messages;
            if messages.iter().any(|message| message.bytes.windows(wanted.len()).any(|part| part == wanted)) {
                return;
            }
        }
    });
    found.await.expect("the message comes");
}

async fn wait_until_empty(rooms: &Rooms) {
    let emptied = timeout(Duration::from_secs(10), async {
        while rooms.count() > 0 {
            sleep(Duration::from_millis(1)).await;
        }
    });
    emptied.await.expect("documents leave memory");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_another_client_sees_is_stored_and_the_document_leaves_memory() {
    let host = host();
    let (seen, other_seen) = (outgoing(), outgoing());
    let writer = host.rooms.connect("a", Client::Yjs, seen).expect("connects");
    let reader = host.rooms.connect("a", Client::Yjs, other_seen.clone()).expect("connects");
    reader.receive(STEP_1).await;
    wait_for(&other_seen, &[0, 1]).await;
    writer.receive(typed(5, b'x')).await;
    wait_for(&other_seen, b"\x01x").await;
    let mut store = DocumentStore::new(host.storage.clone(), "a");
    let journal = RowKey::new(RowKind::Journal, 0)..=RowKey::new(RowKind::Journal, u32::MAX);
    let rows = tokio::task::block_in_place(|| store.read(journal)).expect("reads");
    assert!(rows.iter().any(|(_, row)| row.windows(2).any(|part| part == b"\x01x")), "stored before it was shown");

    assert_eq!(host.rooms.count(), 1);
    drop(writer);
    drop(reader);
    wait_until_empty(&host.rooms).await;

    let seen_later = outgoing();
    let late = host.rooms.connect("a", Client::Yjs, seen_later.clone()).expect("connects");
    late.receive(STEP_1).await;
    wait_for(&seen_later, b"\x01x").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_that_come_and_go_at_once_lose_nothing() {
    const CLIENTS: u8 = 100;
    let host = host();
    for client in 1..=CLIENTS {
        let seat = host.rooms.connect("busy", Client::Yjs, outgoing()).expect("connects");
        seat.receive(typed(client, b'a' + client % 26)).await;
    }
    wait_until_empty(&host.rooms).await;
    let seen = outgoing();
    let late = host.rooms.connect("busy", Client::Yjs, seen.clone()).expect("connects");
    late.receive(STEP_1).await;
    wait_for(&seen, &[0, 1, 2, 0, 0]).await;
    let mut store = DocumentStore::new(host.storage.clone(), "busy");
    let keys = RowKey::new(RowKind::Journal, 0)..=RowKey::new(RowKind::BasePage, u32::MAX);
    let rows = tokio::task::block_in_place(|| store.read(keys)).expect("reads");
    let stored: Vec<u8> = rows.into_iter().flat_map(|(_, row)| row).collect();
    for client in 1..=CLIENTS {
        let struct_bytes = [1, client, 0, 4, 1, 1, b't', 1, b'a' + client % 26];
        assert!(stored.windows(struct_bytes.len()).any(|part| part == struct_bytes), "client {client}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_all_are_told_and_nobody_comes_in() {
    let host = host();
    let seen = outgoing();
    let seat = host.rooms.connect("last", Client::Yjs, seen.clone()).expect("connects");
    seat.receive(typed(9, b'z')).await;
    host.rooms.shut_down();
    let told = timeout(Duration::from_secs(10), async {
        loop {
            seen.filled().await;
            if let Some(reason) = seen.take().end {
                return reason.code;
            }
        }
    });
    assert_eq!(told.await.expect("the close comes"), 1012);
    wait_until_empty(&host.rooms).await;
    assert_eq!(host.rooms.connect("last", Client::Yjs, outgoing()).expect_err("too late").code, 1012);
}
