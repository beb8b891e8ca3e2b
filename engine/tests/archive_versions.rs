//! Documents of earlier versions of the stored format are opened, edited and stored again; those of later ones are refused.
//!
//! `golden/` has an export file for each version of the manifest, and beside it what the document held: an update of a
//! client that had all of it. Each was written once, by a program that knew no later version, and none is made again: they
//! are what lies in stores. A new version of a record adds a file.
//!
//! | file | written by | what is in it |
//! |---|---|---|
//! | `manifest-1` | the rows by commit 1886152, the file by the exporter of 25a214a | 3 base pages, 4 slots, one update that waits |
//! | `manifest-2` | 25a214a | author and session of a client without an engine, slots with what it was told (summary 2) |
//! | `manifest-3` | 0424f4f | client and delete pages besides |
//! | `manifest-4` | 9a8afa0 | the third one edited on, pages collected, others not looked at yet |
//! | `manifest-5` | 2b898c7 | the fourth one edited on, hashes of client and delete pages |
//!
//! Two clients made 40 random edits and some lines of text (rows of 300 bytes), in the second one a client without an engine
//! wrote as well, in the third one 12 more clients, each with an id of its own.

mod exported;
#[allow(dead_code, unused_imports, reason = "each test file uses its part of the world")]
mod room_world;

use exported::exported;
use merganser::archive::records::Manifest;
use merganser::archive::{HostLimits, Importer, MemoryStore, RowKey, RowKind, RowSizes, Store, all_keys};
use merganser::sync::{Rights, RoomConfig};
use merganser::{Error, ErrorKind};
use room_world::{Replica, World};
use twox_hash::XxHash3_64;

const VERSIONS: [usize; 5] = [1, 2, 3, 4, 5];
const SMALL: RowSizes = RowSizes { slot: 60, fold: 300, grow_below: 200, page: 300, overlay: 40, slice: 30 };

fn golden(version: usize, extension: &str) -> Vec<u8> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden");
    std::fs::read(format!("{folder}/manifest-{version}.{extension}")).expect("a golden file")
}

fn import(file: &[u8]) -> Result<MemoryStore, Error> {
    let mut importer = Importer::new(HostLimits::default());
    let mut batch = Vec::new();
    importer.push(file, &mut batch)?;
    batch.extend(importer.finish()?);
    let mut store = MemoryStore::default();
    store.write(&batch).expect("writes");
    Ok(store)
}

fn manifest_of(store: &mut MemoryStore) -> Manifest {
    let rows = store.read(RowKey::new(RowKind::Manifest, 0)..=RowKey::new(RowKind::Manifest, u32::MAX));
    Manifest::read_rows(&rows.expect("reading works")).expect("a whole manifest").expect("a manifest")
}

/// A world whose store has the document.
fn opened(store: &MemoryStore, sizes: RowSizes) -> World {
    let mut world = World::new(RoomConfig { sizes, ..RoomConfig::default() });
    world.host.store = store.clone();
    world.host.crash();
    world.host.run_store();
    world
}

/// A client that gets all there is.
fn joiner(world: &mut World) -> usize {
    let client = 9_000 + world.clients.len() as u32;
    let client = world.add(Replica::ours(client), Rights::Write);
    world.connect(client);
    world.run();
    assert_eq!((&world.clients[client].closed_with[..], world.host.room.damage()), (&[][..], &[][..]));
    client
}

fn assert_same(world: &mut World, client: usize, expected: &mut Replica) {
    let replica = &mut world.clients[client].replica;
    assert_eq!(replica.state_vector(), expected.state_vector());
    assert_eq!(replica.delete_set(), expected.delete_set());
    assert_eq!(replica.shown(), expected.shown());
    replica.assert_whole();
}

#[test]
fn each_file_is_of_its_version() {
    for version in VERSIONS {
        let mut store = import(&golden(version, "mgnsr")).expect("imports");
        for (key, row) in store.read(all_keys()).expect("reading works") {
            let body = &row[24..];
            match key.kind {
                RowKind::Manifest => assert_eq!(usize::from(body[1]), version),
                // Of the last one's slots some were told to nobody.
                RowKind::Journal => assert!([&[1][..], &[2], &[2], &[1, 2], &[1, 2]][version - 1].contains(&body[0])),
                _ => {}
            }
        }
        let manifest = manifest_of(&mut store);
        let has_slices = !manifest.client_pages.is_empty() && !manifest.delete_pages.is_empty();
        assert_eq!(manifest.next_swept > 0 && manifest.deleted_units > 0, version >= 4);
        let hashes = (manifest.client_hashes.len(), manifest.delete_hashes.len());
        assert_eq!(hashes == (manifest.client_pages.len(), manifest.delete_pages.len()) && has_slices, version >= 5);
        assert_eq!(
            (manifest.author != 0, !manifest.sessions.is_empty(), has_slices),
            match version {
                1 => (false, false, false),
                2 => (true, true, false),
                _ => (true, true, true),
            }
        );
        assert_eq!(
            import(&exported(&mut store).expect("exports")).expect("imports").read(all_keys()),
            store.read(all_keys())
        );
    }
}

#[test]
fn each_is_opened_edited_and_stored_again() {
    for (version, sizes) in VERSIONS.into_iter().flat_map(|version| [(version, RowSizes::default()), (version, SMALL)])
    {
        let mut expected = Replica::ours(8_999);
        expected.apply(&golden(version, "update"));
        let begins = [
            "linine 4\nline 3\n",
            "lile 5\nline 4\n",
            "end wwwile 5\nline 4\n",
            "llater 29\nater 28\n",
            "hashed 29\nhashed 28\n",
        ][version - 1];
        assert!(expected.shown().text.starts_with(begins));
        let mut world = opened(&import(&golden(version, "mgnsr")).expect("imports"), sizes);
        let author = joiner(&mut world);
        assert_same(&mut world, author, &mut expected);
        assert!(world.host.room.meters().pending_bytes > 0, "what waited goes on waiting");

        for line in 0..40 {
            world.insert(author, line % 7, &format!("then {line} "));
            world.delete(author, 3 * line + 1, 2);
            world.run();
        }
        world.host.shut_down();
        world.run();
        let mut stored = world.stored().expect("something is stored");
        assert_eq!(room_world::shown_in(&mut stored.doc), world.clients[author].replica.shown());
        let mut again = opened(&world.host.store, sizes);
        let second = joiner(&mut again);
        assert_same(&mut again, second, &mut world.clients[author].replica);
        assert!(again.host.room.meters().pending_bytes > 0);
    }
}

/// A client without an engine follows them, too; its sessions are remembered.
#[cfg(feature = "followers")]
#[test]
fn each_is_followed() {
    use merganser::ot::{Delta, Form};
    for version in VERSIONS {
        let mut world = opened(&import(&golden(version, "mgnsr")).expect("imports"), SMALL);
        let sessions = manifest_of(&mut world.host.store).sessions;
        assert!(sessions.iter().all(|of| of.session == "session 0" && of.id > 4), "{sessions:?}");
        // The first one's session is known, and its first operation was carried out.
        let [_, follower] = [0, 1].map(|_| world.add_follower(false, Form::Binary, Rights::Write));
        world.connect_follower(follower);
        world.run();
        world.edit_as_follower(follower, &Delta::new().with_insert("followed "));
        world.run();
        let author = joiner(&mut world);
        let mut expected = Replica::ours(8_999);
        expected.apply(&golden(version, "update"));
        let text = format!("followed {}", expected.shown().text);
        assert_eq!(world.text(author), text);
        assert_eq!(world.followers[follower].editor.text(), text);
        for line in 0..20 {
            world.insert(author, 0, &format!("line {line}\n"));
            world.run();
        }
        let now = manifest_of(&mut world.host.store).sessions;
        assert!(sessions.iter().all(|of| now.iter().any(|now| now.session == of.session && now.id >= of.id)));
    }
}

/// Where the rows of a file lie: key, and the row's bytes.
fn frames(file: &[u8]) -> Vec<(RowKey, std::ops::Range<usize>)> {
    let mut frames = Vec::new();
    let mut at = 22;
    while at < file.len() - 8 {
        let number = u32::from_be_bytes(file[at + 1..at + 5].try_into().unwrap());
        let key = RowKey::from_integer(i64::from(file[at]) << 32 | i64::from(number)).expect("a key");
        let len = u32::from_le_bytes(file[at + 5..at + 9].try_into().unwrap()) as usize;
        frames.push((key, at + 9..at + 9 + len));
        at += 9 + len;
    }
    frames
}

/// The row, whole in itself, with another byte at `at`.
fn changed(key: RowKey, row: &[u8], at: usize, byte: u8) -> Vec<u8> {
    let mut row = row[..row.len() - 8].to_vec();
    row[at] = byte;
    let hash = XxHash3_64::oneshot_with_seed(key.to_integer() as u64, &row);
    row.extend_from_slice(&hash.to_le_bytes());
    row
}

#[test]
fn what_a_later_version_wrote_is_refused() {
    for version in VERSIONS {
        let file = golden(version, "mgnsr");
        let store = import(&file).expect("imports");
        for (key, range) in frames(&file) {
            // The envelope's version, and that of a record at the start of the body.
            let record_at = match key.kind {
                RowKind::Manifest => Some(25),
                RowKind::Journal => Some(24),
                _ => None,
            };
            for at in [Some(0), record_at].into_iter().flatten() {
                let later = changed(key, &file[range.clone()], at, 100);
                let mut file = file.clone();
                file.splice(range.clone(), later.iter().copied());
                let parts = frames(&file).into_iter().map(|(_, range)| range.start - 9..range.end);
                let hash = std::iter::once(0..22)
                    .chain(parts)
                    .fold(0, |hash, part| XxHash3_64::oneshot_with_seed(hash, &file[part]));
                let end = file.len() - 8;
                file[end..].copy_from_slice(&hash.to_le_bytes());
                let refused = import(&file).map(|_| ()).map_err(|error| error.kind);
                assert_eq!(refused, Err(ErrorKind::NewerVersion), "version {version}, {key:?}, byte {at}");

                // In a store, too. Pages are read when somebody needs them.
                let mut store = store.clone();
                store.rows_mut().insert(key, later);
                let mut world = opened(&store, SMALL);
                let client = world.add_client(Rights::Write);
                world.connect(client);
                world.run();
                if matches!(key.kind, RowKind::Manifest | RowKind::Journal | RowKind::Pending) {
                    assert_eq!(world.clients[client].closed_with, [4511], "{key:?}, byte {at}");
                }
            }
        }
    }
}
