//! Targets for what is stored: rows, records, journal slots, base pages.

use super::Script;
use super::decoders::{ids, union};
use super::exported::exported;
use super::replicas::loaded;
use super::structs::same_structs;
use merganser::archive::records::{AttachmentRecord, Manifest, SlotSummary};
use merganser::archive::{
    ENVELOPE_BYTES, HostLimits, Importer, MemoryStore, PageBuilder, RowKey, RowKind, RowSizes, RowWrite, Store, fold,
    open_row, read_slot, seal_row,
};
use merganser::update::{Update, diff_update, encode_state_vector, merge_updates};
use merganser::{Error, IdSet};

/// A key of any kind.
pub(super) fn key(script: &mut Script<'_>) -> RowKey {
    let integer = i64::from(script.below(8)) << 32 | i64::from(script.below(32));
    RowKey::from_integer(integer).expect("eight kinds")
}

/// Opens damaged rows: a row that was not stored under this key is refused.
pub fn envelope(input: &[u8]) {
    let mut script = Script(input);
    let key = key(&mut script);
    if let Ok(row) = open_row(key, script.0) {
        let again = seal_row(key, row.stamp, row.sequence, row.body.len(), |out| out.extend_from_slice(row.body));
        assert_eq!(&again[1..again.len() - 8], &script.0[1..script.0.len() - 8]);
    }
    let place = script.below(u32::MAX) as usize;
    let body = script.0;
    let mut row = seal_row(key, 7, 9, body.len(), |out| out.extend_from_slice(body));
    assert_eq!(row.len(), body.len() + ENVELOPE_BYTES);
    let opened = open_row(key, &row).expect("what was sealed is opened");
    assert_eq!((opened.stamp, opened.sequence, opened.body), (7, 9, body));
    let other = RowKey::new(key.kind, key.number + 1);
    assert!(open_row(other, &row).is_err());
    let place = place % row.len();
    row[place] ^= 1 << (body.len() % 8);
    assert!(open_row(key, &row).is_err());
}

/// Reads records.
pub fn records(input: &[u8]) {
    if let Ok(manifest) = Manifest::decode(input) {
        assert_eq!(Manifest::decode(&manifest.encode()), Ok(manifest));
    }
    if let Ok(attachment) = AttachmentRecord::decode(input) {
        assert_eq!(AttachmentRecord::decode(&attachment.encode()), Ok(attachment));
    }
    if let Ok((summary, len)) = SlotSummary::decode(input) {
        assert!(len <= input.len());
        let mut out = Vec::new();
        summary.write_to(&mut out);
        let out_len = out.len();
        assert_eq!(SlotSummary::decode(&out), Ok((summary, out_len)));
    }
}

/// Reads the body of a journal slot.
pub fn journal(input: &[u8]) {
    if let Ok((summary, update)) = read_slot(input) {
        let mut again = Vec::new();
        summary.write_to(&mut again);
        again.extend_from_slice(update);
        assert_eq!(read_slot(&again), Ok((summary, update)));
        assert!(input.ends_with(update));
    }
}

/// Reads an export file in pieces, and one of rows with right hashes and any bodies: it is refused, or what it holds is
/// exported again.
pub fn archive_file(input: &[u8]) {
    let mut script = Script(input);
    let piece = script.below(64) as usize + 1;
    exported_again(script.0, piece);

    let stamp = 7;
    let mut manifest = Manifest { folded_sequence: 9, ..Manifest::of_empty_document(stamp) };
    let mut store = MemoryStore::default();
    for body in script.pieces() {
        let key = if body.len() % 2 == 0 {
            RowKey::new(RowKind::BasePage, manifest.add_page())
        } else {
            RowKey::new(RowKind::Journal, body.len() as u32 % 16)
        };
        let row = seal_row(key, stamp, 9, body.len(), |out| out.extend_from_slice(body));
        store.write(&[RowWrite::Put(key, row)]).expect("writes");
    }
    let mut rows = Vec::new();
    manifest.write_rows(HostLimits::default(), &mut rows);
    store.write(&rows).expect("writes");
    let file = exported(&mut store).expect("what was stored so is exported");
    exported_again(&file, piece);
}

fn exported_again(file: &[u8], piece: usize) {
    let Ok(mut store) = imported(file, piece) else { return };
    // Pages may be of a later moment than the manifest, in a file that no exporter has written.
    let Ok(again) = exported(&mut store) else { return };
    let mut copy = imported(&again, piece).expect("what was exported is read");
    assert_eq!(exported(&mut copy), Ok(again));
}

fn imported(file: &[u8], piece: usize) -> Result<MemoryStore, Error> {
    let mut importer = Importer::new(HostLimits::default());
    let mut batch = Vec::new();
    file.chunks(piece).try_for_each(|bytes| importer.push(bytes, &mut batch))?;
    batch.extend(importer.finish()?);
    let mut store = MemoryStore::default();
    for rows in batch.chunks(HostLimits::default().batch_rows) {
        store.write(rows).expect("writes");
    }
    Ok(store)
}

/// Makes pages of updates: they hold the same ids and make the same document.
pub fn pages(input: &[u8]) {
    let mut script = Script(input);
    let grain = script.below(64) as usize;
    let Ok(merged) = merge_updates(&[&[0, 0], &merge_updates(&script.pieces()).unwrap_or_else(|_| vec![0, 0])]) else {
        return;
    };
    // What a room takes in has no gaps and waits for nothing: the part that a document could integrate.
    let known = loaded(&[&merged], false);
    if known.pending_structs() != IdSet::default() || !known.pending_deletes().is_empty() {
        return;
    }
    let (structs, deletes) = ids(&merged);
    let mut page = PageBuilder::default();
    page.add_update(&Update::parse_v1(&merged).unwrap(), &merged, &deletes);
    let page = page.encode();
    assert_eq!(ids(&page), (structs.clone(), deletes.clone()));
    assert_same(&loaded(&[&page], false), &known);

    let half = known.state_vector().iter().map(|(client, clock)| (client, clock / 2)).collect();
    let later = diff_update(&merged, &encode_state_vector(&half)).unwrap();
    let host = HostLimits { row_bytes: 4096 + grain * 16, ..HostLimits::default() };
    let sizes = RowSizes { page: 64 + grain * 8, ..RowSizes::default() };
    let slots = [merged.clone(), later];
    for stored in [None, Some(0), Some(slots.len())] {
        let folded = fold(Some(&page), &slots, stored, sizes, host).expect("updates are folded");
        let mut all = <(IdSet, IdSet)>::default();
        for page in &folded {
            let one = ids(page);
            all = (union(&all.0, &one.0), union(&all.1, &one.1));
        }
        assert_eq!(all, (structs.clone(), deletes.clone()));
        let folded: Vec<&[u8]> = folded.iter().map(Vec::as_slice).collect();
        let read = loaded(&folded, false);
        match stored {
            None => assert_same(&read, &known),
            Some(_) => assert_eq!(read.state_vector(), known.state_vector()),
        }
    }
}

fn assert_same(a: &merganser::Doc, b: &merganser::Doc) {
    assert_eq!(a.state_vector(), b.state_vector());
    assert_eq!(a.delete_set(), b.delete_set());
    let (a, b) = (a.encode_state_as_update(&Default::default()), b.encode_state_as_update(&Default::default()));
    assert_eq!(same_structs(&a, &b), Ok(()));
}
