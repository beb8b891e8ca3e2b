//! The bytes of stored rows, pinned: whoever changes one of these changes a format, and needs a new version of it.

use merganser::archive::records::{
    AttachmentRecord, FollowerRecord, Manifest, SessionRecord, SliceRecord, SlotSummary,
};
use merganser::archive::{
    ChangeRecord, ENVELOPE_BYTES, FORMAT_VERSION, HostLimits, Journal, PageBuilder, RowKey, RowKind, RowSizes,
    RowWrite, SlicePart, cut_evenly, open_row, read_changes, read_client_page, read_delete_page, read_slot, seal_row,
    write_client_page, write_delete_page,
};
use merganser::update::Update;
use merganser::{ClientId, ErrorKind, IdSet};

const STAMP: u64 = 0x0123_4567_89ab_cdef;

/// Client 9 inserts "duck" into the text "t".
const DUCK: [u8; 14] = [1, 1, 9, 0, 4, 1, 1, b't', 4, b'd', b'u', b'c', b'k', 0];

fn manifest() -> Manifest {
    Manifest {
        flags: 1,
        stamp: STAMP,
        lowest_version: 1,
        folded_sequence: 300,
        next_page: 12,
        live_pages: vec![(0, 3), (5, 7)],
        tail_bytes: 70_000,
        state_vector: vec![1, 9, 4],
        delete_set: vec![1, 9, 1, 0, 2],
        ..Manifest::default()
    }
}

#[test]
fn keys_are_stored_as_these_integers() {
    let integers = [
        (RowKind::Manifest, 0, 0),
        (RowKind::Journal, 15, 0x1_0000_000f),
        (RowKind::ClientPage, 1, 0x2_0000_0001),
        (RowKind::DeletePage, 1, 0x3_0000_0001),
        (RowKind::BasePage, u32::MAX, 0x4_ffff_ffff),
        (RowKind::Pending, 2, 0x5_0000_0002),
        (RowKind::Checkpoint, 0, 0x6_0000_0000),
        (RowKind::Version, 0x8000_0000, 0x7_8000_0000),
    ];
    for (kind, number, integer) in integers {
        let key = RowKey::new(kind, number);
        assert_eq!(key.to_integer(), integer);
        assert_eq!(RowKey::from_integer(integer), Some(key));
    }
    assert_eq!(RowKey::from_integer(8 << 32), None);
    assert_eq!(RowKey::from_integer(-1), None);
}

#[test]
fn the_envelope_is_these_bytes() {
    let key = RowKey::new(RowKind::BasePage, 7);
    let row = seal_row(key, STAMP, 42, 14, |out| out.extend_from_slice(&DUCK));
    let head = [
        &[1, 4, 0, 0][..],
        &[14, 0, 0, 0],
        &[0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01],
        &[42, 0, 0, 0, 0, 0, 0, 0],
    ]
    .concat();
    assert_eq!(row[..24], head);
    assert_eq!(row[24..38], DUCK);
    assert_eq!(row[38..], HASH_OF_PAGE);
    assert_eq!(row.len(), DUCK.len() + ENVELOPE_BYTES);
    let opened = open_row(key, &row).unwrap();
    assert_eq!((opened.stamp, opened.sequence, opened.body), (STAMP, 42, &DUCK[..]));
}

#[test]
fn no_bit_of_a_row_may_change_and_no_row_may_move() {
    let key = RowKey::new(RowKind::Journal, 3);
    let row = seal_row(key, STAMP, 42, 14, |out| out.extend_from_slice(&DUCK));
    for bit in 0..row.len() * 8 {
        let mut damaged = row.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open_row(key, &damaged).unwrap_err().kind, ErrorKind::DamagedRow, "bit {bit}");
    }
    for len in 0..row.len() {
        assert_eq!(open_row(key, &row[..len]).unwrap_err().kind, ErrorKind::DamagedRow, "{len} bytes of it");
    }
    for other in [RowKey::new(RowKind::Journal, 4), RowKey::new(RowKind::BasePage, 3)] {
        assert_eq!(open_row(other, &row).unwrap_err().kind, ErrorKind::DamagedRow, "{other:?}");
    }
}

#[test]
fn a_row_of_a_later_version_is_told_from_a_damaged_one() {
    let key = RowKey::new(RowKind::Journal, 3);
    let mut row = seal_row(key, STAMP, 42, 14, |out| out.extend_from_slice(&DUCK));
    row.truncate(row.len() - 8);
    row[0] = FORMAT_VERSION + 1;
    let hash = twox_hash::XxHash3_64::oneshot_with_seed(key.to_integer() as u64, &row);
    row.extend_from_slice(&hash.to_le_bytes());
    assert_eq!(open_row(key, &row).unwrap_err().kind, ErrorKind::NewerVersion);
}

#[test]
fn the_manifest_is_these_bytes() {
    let bytes = manifest().encode();
    let expected = [
        &[1][..],                                               // version
        &[1],                                                   // flags
        &[253, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01], // stamp
        &[1],                                                   // lowest version
        &[251, 0x2c, 0x01],                                     // folded sequence number
        &[12],                                                  // next page
        &[2, 0, 3, 5, 7],                                       // live pages
        &[252, 0x70, 0x11, 0x01, 0x00],                         // bytes of the last page
        &[3, 1, 9, 4],                                          // state vector
        &[5, 1, 9, 1, 0, 2],                                    // delete set
    ]
    .concat();
    assert_eq!(bytes, expected);
    assert_eq!(Manifest::decode(&bytes), Ok(manifest()));
}

#[test]
fn rows_of_a_manifest_begin_with_their_number() {
    let mut rows = Vec::new();
    manifest().write_rows(HostLimits::default(), &mut rows);
    let [RowWrite::Put(key, row)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(*key, RowKey::new(RowKind::Manifest, 0));
    let opened = open_row(*key, row).unwrap();
    assert_eq!((opened.stamp, opened.sequence), (STAMP, 300));
    assert_eq!(opened.body[0], 1);
    assert_eq!(opened.body[1..], manifest().encode());

    // 3,000 bytes of state vector in rows of 1,024 bytes.
    let large = Manifest { state_vector: vec![7; 3_000], ..manifest() };
    let host = HostLimits { row_bytes: 1 << 10, batch_rows: 10 };
    let mut rows = Vec::new();
    large.write_rows(host, &mut rows);
    let rows: Vec<(RowKey, Vec<u8>)> = rows
        .into_iter()
        .map(|row| match row {
            RowWrite::Put(key, bytes) => (key, bytes),
            RowWrite::Delete(key) => panic!("{key:?}"),
        })
        .collect();
    assert_eq!(rows.len(), 4);
    assert_eq!(Manifest::read_rows(&rows), Ok(Some(large)));
    assert!(Manifest::read_rows(&rows[..3]).is_err());
    assert_eq!(Manifest::read_rows(&[]), Ok(None));
}

#[test]
fn a_journal_slot_is_these_bytes() {
    let mut journal = Journal::starting_at(300, RowSizes::default(), HostLimits::default());
    let update = Update::parse_v1(&DUCK).unwrap();
    journal.add_struct(&update.structs[0], &DUCK, 0..4, &IdSet::default());
    let deletes: IdSet = [(ClientId::from(9), 1..3)].into_iter().collect();
    journal.add_deletes(&deletes, &IdSet::default());
    let mut rows = Vec::new();
    journal.write_rows(STAMP, &mut rows);
    let [RowWrite::Put(key, row)] = &rows[..] else { panic!("{rows:?}") };
    assert_eq!(*key, RowKey::new(RowKind::Journal, 0));
    let opened = open_row(*key, row).unwrap();
    assert_eq!((opened.stamp, opened.sequence), (STAMP, 300));
    let expected = [
        &[1][..],           // version
        &[251, 0x2c, 0x01], // first sequence number
        &[1, 9, 0, 4],      // one client: 9, from clock 0 to 4
        &[13],              // where the delete set begins in the update
        &DUCK[..13],        // the update
        &[1, 9, 1, 1, 2],
    ]
    .concat();
    assert_eq!(opened.body, expected);
    let summary = SlotSummary { first_sequence: 300, clients: vec![(9, 0, 4)], deletes_at: 13, changes: vec![] };
    assert_eq!(read_slot(opened.body), Ok((summary, &expected[9..])));
}

#[test]
fn a_page_joins_what_was_typed() {
    let mut page = PageBuilder::default();
    for update in [&DUCK[..], &[1, 1, 9, 4, 0x84, 9, 3, 4, b'l', b'i', b'n', b'g', 1, 9, 1, 0, 1]] {
        page.add_update(&Update::parse_v1(update).unwrap(), update, &IdSet::default());
    }
    let expected = [1, 1, 9, 0, 4, 1, 1, b't', 8, b'd', b'u', b'c', b'k', b'l', b'i', b'n', b'g', 1, 9, 1, 0, 1];
    assert_eq!(page.encode(), expected);
}

#[test]
fn an_attachment_is_these_bytes() {
    let record = AttachmentRecord {
        may_write: true,
        live: true,
        beats: false,
        awareness: vec![(9, 250), (1 << 52, 251)],
        unstored_since_ms: 1_700_000_000_000,
        tail: vec![DUCK.to_vec()],
        follower: None,
        tail_waits: false,
    };
    let expected = [
        &[1][..],     // version
        &[1, 1, 0],   // may write, is live, beats
        &[2, 9, 250], // two clients, clocks behind them
        &[253, 0, 0, 0, 0, 0, 0, 16, 0, 251, 251, 0],
        &[253, 0, 0x68, 0xe5, 0xcf, 0x8b, 1, 0, 0], // unstored since
        &[1, 14],                                   // one update of 14 bytes
        &DUCK,
    ]
    .concat();
    assert_eq!(record.encode(), expected);
    assert_eq!(AttachmentRecord::decode(&expected).as_ref(), Ok(&record));
    let waits = AttachmentRecord { tail_waits: true, ..record };
    // No follower, and it waits.
    let expected = [&[3], &expected[1..], &[0, 1]].concat();
    assert_eq!(waits.encode(), expected);
    assert_eq!(AttachmentRecord::decode(&expected), Ok(waits));
}

#[test]
fn records_of_later_versions_and_broken_ones_are_told_apart() {
    let manifest_bytes = manifest().encode();
    let later = [&[6], &manifest_bytes[1..]].concat();
    assert_eq!(Manifest::decode(&later).unwrap_err().kind, ErrorKind::NewerVersion);
    for len in 0..manifest_bytes.len() {
        assert_eq!(Manifest::decode(&manifest_bytes[..len]).unwrap_err().kind, ErrorKind::DamagedRow, "{len} bytes");
    }
    let longer = [&manifest_bytes[..], &[0]].concat();
    assert_eq!(Manifest::decode(&longer).unwrap_err().kind, ErrorKind::DamagedRow);
    let none = [&[0], &manifest_bytes[1..]].concat();
    assert_eq!(Manifest::decode(&none).unwrap_err().kind, ErrorKind::DamagedRow, "there was no version 0");
    assert_eq!(SlotSummary::decode(&[3]).unwrap_err().kind, ErrorKind::NewerVersion);
    assert_eq!(SlotSummary::decode(&[1, 1, 253]).unwrap_err().kind, ErrorKind::DamagedRow);
    assert_eq!(AttachmentRecord::decode(&[4]).unwrap_err().kind, ErrorKind::NewerVersion);
    assert_eq!(AttachmentRecord::decode(&[]).unwrap_err().kind, ErrorKind::DamagedRow);
}

/// What version 2 added comes behind what there was; without it a record is written as version 1.
#[test]
fn what_is_kept_for_clients_without_an_engine_is_these_bytes() {
    let session = SessionRecord { session: "s".into(), id: 7, revision: 300 };
    let record = Manifest { author: 5, incarnation: 9, sessions: vec![session], ..manifest() };
    let first = manifest().encode();
    let expected = [&[2], &first[1..], &[5, 9], &[1, 1, b's', 7, 251, 0x2c, 0x01]].concat();
    assert_eq!(record.encode(), expected);
    assert_eq!(Manifest::decode(&expected).as_ref(), Ok(&record));

    // Version 3 comes with the first rows of state vector and delete set.
    let record = Manifest {
        client_pages: vec![SliceRecord { client: 0, clock: 0, row: 1 }, SliceRecord { client: 300, clock: 0, row: 2 }],
        delete_pages: vec![SliceRecord { client: 0, clock: 0, row: 0 }],
        next_slice: 3,
        ..record
    };
    let slices = [&[2, 0, 0, 1, 251, 0x2c, 0x01, 0, 2][..], &[1, 0, 0, 0], &[3]].concat();
    let expected = [&[3], &expected[1..], &slices].concat();
    assert_eq!(record.encode(), expected);
    assert_eq!(Manifest::decode(&expected).as_ref(), Ok(&record));

    // Version 4 comes with the first deletes for which pages are looked at.
    let record = Manifest { next_swept: 6, deleted_units: 300, ..record };
    let expected = [&[4], &expected[1..], &[6, 251, 0x2c, 0x01]].concat();
    assert_eq!(record.encode(), expected);
    assert_eq!(Manifest::decode(&expected).as_ref(), Ok(&record));

    // Version 5 comes with the first hashes of such rows.
    let record =
        Manifest { client_hashes: vec![STAMP, 0], delete_hashes: vec![7], paged_clocks: vec![1, 9, 4], ..record };
    let hashes = [&[2, 253, 0xef, 0xcd, 0xab, 0x89, 0x67, 0x45, 0x23, 0x01, 0][..], &[1, 7], &[3, 1, 9, 4]].concat();
    let expected = [&[5], &expected[1..], &hashes].concat();
    assert_eq!(record.encode(), expected);
    assert_eq!(Manifest::decode(&expected), Ok(record));
    let record = Manifest { deleted_units: 1, ..manifest() };
    let expected = [&[4], &first[1..], &[0, 0, 0, 0, 0, 0, 0, 1]].concat();
    assert_eq!(record.encode(), expected);
    assert_eq!(Manifest::decode(&expected), Ok(record));

    let follower = FollowerRecord {
        root: "t".into(),
        is_rich: true,
        is_binary: false,
        session: "s".into(),
        epoch: 5,
        revision: 300,
        heard: 6,
        given: 7,
        waits: true,
    };
    let record = AttachmentRecord { follower: Some(follower), ..AttachmentRecord::default() };
    let expected = [&[2, 0, 0, 0, 0, 0, 0][..], &[1, 1, b't', 1, 0, 1, b's', 5, 251, 0x2c, 0x01, 6, 7, 1]].concat();
    assert_eq!(record.encode(), expected);
    assert_eq!(AttachmentRecord::decode(&expected), Ok(record));
}

#[test]
fn slices_of_what_is_known_are_these_bytes() {
    let mut body = Vec::new();
    write_client_page(&mut body, &[(ClientId::from(9), 4), (ClientId::from(10), 300)].into_iter().collect());
    assert_eq!(body, [2, 10, 0xac, 2, 9, 4], "a state vector: clients descending");
    assert_eq!(read_client_page(&body).map(|page| page.len()), Ok(2));
    let deletes: IdSet = [(ClientId::from(9), 1..3), (ClientId::from(10), 0..1)].into_iter().collect();
    let mut body = Vec::new();
    write_delete_page(&mut body, &deletes);
    assert_eq!(body, [0, 2, 10, 1, 0, 1, 9, 1, 1, 2], "an update without structs");
    assert_eq!(read_delete_page(&body), Ok(deletes));
    assert_eq!(read_delete_page(&[1]).unwrap_err().kind, ErrorKind::DamagedRow, "one with structs is none");
    assert!(read_delete_page(&[0, 0, 0]).is_err(), "nothing follows");
}

#[test]
fn slices_are_cut_evenly() {
    // Each takes four bytes.
    let parts = |count| -> Vec<SlicePart> { (0..count).map(|n| (ClientId::from(1), 2 * n..2 * n + 1)).collect() };
    assert_eq!(cut_evenly(vec![], 16), [vec![]]);
    assert_eq!(cut_evenly(parts(8), 16).len(), 1, "not before it is twice too large");
    let slices = cut_evenly(parts(30), 16);
    assert_eq!(slices.concat(), parts(30));
    assert!(slices.iter().all(|slice| (4..=5).contains(&slice.len())), "{slices:?}");
}

#[test]
fn changes_of_a_slot_are_these_bytes() {
    let mut journal = Journal::starting_at(300, RowSizes::default(), HostLimits::default());
    let update = Update::parse_v1(&DUCK).unwrap();
    journal.add_struct(&update.structs[0], &DUCK, 0..4, &IdSet::default());
    let mut changes = Vec::new();
    let change = |author, revision| ChangeRecord::Change { root: 0, revision, author, delta: &[1, 0x22] };
    change(None, 300).write_to(&mut changes);
    change(Some(("s", 7)), 301).write_to(&mut changes);
    let track = ChangeRecord::Track { root: "t", since: 299 };
    journal.add_changes(&changes, |out| track.write_to(out));
    assert_eq!((journal.take_revision(), journal.take_revision()), (300, 301));
    let mut rows = Vec::new();
    journal.write_rows(STAMP, &mut rows);
    let [RowWrite::Put(key, row)] = &rows[..] else { panic!("{rows:?}") };
    let opened = open_row(*key, row).unwrap();
    assert_eq!(opened.sequence, 302, "revisions within a flush come before it");
    let told = [
        &[0, 1, b't', 0xab, 2][..],               // the root "t" from revision 299 on
        &[1, 0, 0xac, 2, 0, 2, 1, 0x22],          // it changed, and that was 300
        &[1, 0, 0xad, 2, 1, b's', 7, 2, 1, 0x22], // it changed by operation 7 of session "s"
    ]
    .concat();
    let expected = [&[2, 251, 0x2c, 0x01, 1, 9, 0, 4, 13][..], &[told.len() as u8], &told, &DUCK].concat();
    assert_eq!(opened.body, expected);
    let (summary, rest) = read_slot(opened.body).unwrap();
    assert_eq!((&summary.changes, rest), (&told, &DUCK[..]));
    assert_eq!(read_changes(&told).collect::<Vec<_>>(), [track, change(None, 300), change(Some(("s", 7)), 301)]);
}

/// XXH3 of header and body above, seeded with the key 0x4_0000_0007.
const HASH_OF_PAGE: [u8; 8] = [101, 0, 187, 136, 180, 223, 196, 107];
