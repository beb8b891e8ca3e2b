//! Export files: their bytes, pinned; what is imported is what was exported; damage is found, wherever it is.

mod exported;

use exported::exported;
use merganser::archive::records::Manifest;
use merganser::archive::{
    Exporter, HostLimits, Importer, Journal, MemoryStore, RowKey, RowKind, RowSizes, RowWrite, Store, all_keys,
    seal_row,
};
use merganser::{Error, ErrorKind};
use twox_hash::XxHash3_64;

const STAMP: u64 = 0x0123_4567_89ab_cdef;
/// Client 9 inserts "duck" into the text "t".
const DUCK: [u8; 14] = [1, 1, 9, 0, 4, 1, 1, b't', 4, b'd', b'u', b'c', b'k', 0];

fn page(number: u32) -> RowKey {
    RowKey::new(RowKind::BasePage, number)
}

fn put(store: &mut MemoryStore, key: RowKey, sequence: u64, body: &[u8]) {
    let row = seal_row(key, STAMP, sequence, body.len(), |out| out.extend_from_slice(body));
    store.write(&[RowWrite::Put(key, row)]).expect("writes");
}

/// A document of these base pages, each with the same update, and of a journal slot if that is wanted.
fn stored(manifest: Manifest, has_journal: bool) -> MemoryStore {
    let mut store = MemoryStore::default();
    for (first, count) in &manifest.live_pages {
        (*first..first + count).for_each(|number| put(&mut store, page(number), manifest.folded_sequence, &DUCK));
    }
    let mut rows = Vec::new();
    manifest.write_rows(HostLimits::default(), &mut rows);
    if has_journal {
        let mut journal =
            Journal::starting_at(manifest.folded_sequence + 1, RowSizes::default(), HostLimits::default());
        let mut update = merganser::update::Update::default();
        update.parse(&DUCK).expect("an update");
        for of in &update.structs {
            journal.add_struct(of, &DUCK, 0..of.len, &merganser::IdSet::default());
        }
        journal.write_rows(STAMP, &mut rows);
        let waiting = [&[14][..], &DUCK].concat();
        put(&mut store, RowKey::new(RowKind::Pending, 0), manifest.folded_sequence, &waiting);
    }
    store.write(&rows).expect("writes");
    store
}

fn manifest(live_pages: &[(u32, u32)]) -> Manifest {
    let next_page = live_pages.last().map_or(0, |(first, count)| first + count);
    Manifest {
        folded_sequence: 42,
        live_pages: live_pages.to_vec(),
        next_page,
        state_vector: vec![1, 9, 4],
        ..Manifest::of_empty_document(STAMP)
    }
}

/// Imports a file in pieces of this length.
fn import(file: &[u8], piece: usize) -> Result<MemoryStore, Error> {
    let mut importer = Importer::new(HostLimits::default());
    let mut store = MemoryStore::default();
    for bytes in file.chunks(piece) {
        let mut pages = Vec::new();
        importer.push(bytes, &mut pages)?;
        assert!(pages.iter().all(|row| matches!(row, RowWrite::Put(key, _) if key.kind == RowKind::BasePage)));
        store.write(&pages).expect("writes");
    }
    store.write(&importer.finish()?).expect("one batch");
    Ok(store)
}

/// The file of the document with the stamp `0123456789abcdef` into which client 9 has typed "duck".
const DUCK_FILE: &[&[u8]] = &[
    b"MGNSR\x01",
    &[0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01],
    &[2, 0, 0, 0, 0, 0, 0, 0],
    // Base page 0: the row that `FORMAT.md` shows, under another number. Its hash is not looked at one by one.
    &[4, 0, 0, 0, 0, 46, 0, 0, 0],
    &[1, 4, 0, 0, 14, 0, 0, 0, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 42, 0, 0, 0, 0, 0, 0, 0],
    &DUCK,
    &[0; 8],
    // The manifest.
    &[0, 0, 0, 0, 0],
];

#[test]
fn the_file_is_these_bytes() {
    let file = exported(&mut stored(manifest(&[(0, 1)]), false)).expect("exports");
    let mut at = 0;
    for part in DUCK_FILE {
        if **part != [0; 8] {
            assert_eq!(&file[at..at + part.len()], *part, "at byte {at}");
        }
        at += part.len();
    }
    // Over all that stands before it, the hashes of the rows included.
    assert_eq!(file[file.len() - 8..], [139, 144, 45, 154, 24, 196, 195, 26], "the hash of the file");
}

#[test]
fn what_is_imported_is_what_was_exported() {
    for (pages, has_journal) in [(&[][..], true), (&[(0, 1)], false), (&[(0, 3), (5, 2), (9, 1)], true)] {
        let mut store = stored(manifest(pages), has_journal);
        let file = exported(&mut store).expect("exports");
        for piece in [1, 7, 64, file.len()] {
            let mut copy = import(&file, piece).expect("imports");
            assert_eq!(copy.read(all_keys()), store.read(all_keys()));
            assert_eq!(exported(&mut copy), Ok(file.clone()));
        }
        // Pages that the manifest does not name stay behind.
        put(&mut store, page(100), 42, &DUCK);
        assert_eq!(exported(&mut store), Ok(file));
    }
    assert!(Exporter::new(Vec::new()).expect("nothing is no damage").is_none());
}

#[test]
fn damage_is_found_wherever_it_is() {
    let file = exported(&mut stored(manifest(&[(0, 2), (4, 1)]), true)).expect("exports");
    for at in 0..file.len() {
        for bit in [0, 7] {
            let mut damaged = file.clone();
            damaged[at] ^= 1 << bit;
            assert!(import(&damaged, 50).is_err(), "byte {at}, bit {bit}");
        }
        let cut = import(&file[..at], 50).expect_err("a file that was cut off");
        assert_eq!(cut.kind, ErrorKind::UnexpectedEnd, "at byte {at}");
    }
    assert_eq!(
        import(&[&file[..], b"x"].concat(), 50).map(|_| ()),
        Err(Error::at(ErrorKind::TrailingBytes, file.len()))
    );
    assert_eq!(import(b"PK", 2).map(|_| ()).map_err(|error| error.kind), Err(ErrorKind::UnknownTag));
    assert_eq!(import(b"MGNSR\x02", 6).map(|_| ()).map_err(|error| error.kind), Err(ErrorKind::NewerVersion));
}

#[test]
fn what_is_missing_or_of_another_moment_is_not_exported() {
    let kind = |store: &mut MemoryStore| exported(store).map(|_| ()).map_err(|error| error.kind);
    let whole = stored(manifest(&[(0, 3)]), true);
    for number in 0..3 {
        let mut store = whole.clone();
        store.rows_mut().remove(&page(number));
        assert_eq!(kind(&mut store), Err(ErrorKind::DamagedRow));
        // A later fold has rewritten it.
        put(&mut store, page(number), 43, &DUCK);
        assert_eq!(kind(&mut store), Err(ErrorKind::DamagedRow));
    }
    let mut store = whole.clone();
    store.rows_mut().remove(&RowKey::new(RowKind::Manifest, 0));
    assert_eq!(kind(&mut store), Err(ErrorKind::DamagedRow), "rows without a manifest are a damaged document");
    let mut store = whole;
    let other = RowKey::new(RowKind::Journal, 3);
    let row = seal_row(other, STAMP + 1, 50, 0, |_| {});
    store.write(&[RowWrite::Put(other, row)]).expect("writes");
    assert_eq!(kind(&mut store), Err(ErrorKind::DamagedRow), "a row of another document");
}

/// Of what one row of the file says, nothing is believed that the rest does not bear out.
#[test]
fn a_file_that_contradicts_itself_is_refused() {
    // The manifest names pages that the exporter finds and the importer does not.
    let file = exported(&mut stored(manifest(&[(0, 2)]), false)).expect("exports");
    let frame = 9 + 46;
    let head = [&file[..14], &2_u64.to_le_bytes()].concat();
    let (second_page, named) = file[22 + frame..file.len() - 8].split_at(frame);
    let hash = [&head, second_page, named].iter().fold(0, |hash, part| XxHash3_64::oneshot_with_seed(hash, part));
    let mut importer = Importer::new(HostLimits::default());
    let without_a_page = [&head, second_page, named, &hash.to_le_bytes()].concat();
    importer.push(&without_a_page, &mut Vec::new()).expect("each row is whole");
    assert_eq!(importer.finish().map_err(|error| error.kind), Err(ErrorKind::DamagedRow));

    // A row that declares more than rows have is refused before it has come.
    let mut importer = Importer::new(HostLimits::default());
    let declared = [&file[..22], &[4, 0, 0, 0, 0], &u32::MAX.to_le_bytes()].concat();
    assert_eq!(importer.push(&declared, &mut Vec::new()).map_err(|error| error.kind), Err(ErrorKind::TooLarge));

    // A page whose hash is right and whose content is no update.
    let mut store = stored(manifest(&[(0, 1)]), false);
    put(&mut store, page(0), 42, &DUCK[..10]);
    let file = exported(&mut store).expect("the exporter does not look into rows");
    assert_eq!(import(&file, 50).map(|_| ()).map_err(|error| error.kind), Err(ErrorKind::UnexpectedEnd));
}

/// A copy does not write under the client id of the original.
#[test]
fn a_copy_takes_a_client_id_of_its_own() {
    let manifest = Manifest { author: 77, incarnation: 5, ..manifest(&[(0, 1)]) };
    let file = exported(&mut stored(manifest.clone(), true)).expect("exports");
    let mut copy = import(&file, 50).expect("imports");
    let key = RowKey::new(RowKind::Manifest, 0);
    let rows = copy.read(key..=key).expect("reading works");
    let expected = Manifest { incarnation: u64::MAX, ..manifest };
    assert_eq!(Manifest::read_rows(&rows), Ok(Some(expected)));
    let again = exported(&mut copy).expect("exports");
    assert_eq!(exported(&mut import(&again, 50).expect("imports")), Ok(again), "from then on it is the same");
}
