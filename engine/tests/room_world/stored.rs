//! What lies in a store, read without the room and held to the rules of the archive.

use super::replica::waits_for;
use merganser::archive::records::Manifest;
use merganser::archive::{
    MemoryStore, Row, RowKey, RowKind, Store, all_keys, open_row, read_client_page, read_delete_page, read_slot,
};
use merganser::lib0::Reader;
use merganser::update::{Content, Update, decode_state_vector, read_delete_set};
use merganser::{ClientId, Doc, IdSet, Options, StateVector};

/// A document as its rows hold it.
#[derive(Debug)]
pub struct Stored {
    pub manifest: Manifest,
    /// The update of each base page, in order.
    pub pages: Vec<Vec<u8>>,
    /// The updates of the journal, in order.
    pub slots: Vec<Vec<u8>>,
    /// Pages and slots applied to an empty document.
    pub doc: Doc,
    /// GC structs in pages and slots.
    pub collected: IdSet,
    /// Deletes that are told in pages and slots.
    pub deletes: IdSet,
    /// The sequence number up to which all is stored.
    pub sequence: u64,
    /// What the manifest says is in the base, with the rows that it names.
    known: (StateVector, IdSet),
}

impl Stored {
    /// Reads the rows; `None` if nothing was ever stored.
    ///
    /// # Panics
    /// If they break a rule: each page and slot is an update by itself and needs nothing but what is before it.
    pub fn read(store: &mut MemoryStore) -> Option<Stored> {
        let stored = Stored::read_cut_off(store)?;
        stored.check_known();
        Some(stored)
    }

    /// The same after a fold that was cut off between two rows: its first page may hold what was not acknowledged, and is in
    /// nothing else.
    pub fn read_cut_off(store: &mut MemoryStore) -> Option<Stored> {
        let limits = store.limits();
        let rows = store.read(all_keys()).expect("reading works");
        if rows.is_empty() {
            return None;
        }
        for (key, bytes) in &rows {
            assert!(bytes.len() <= limits.row_bytes, "{key:?} has {} bytes", bytes.len());
        }
        let of_kind = |kind| rows.iter().filter(move |(key, _)| key.kind == kind);
        let manifest_rows: Vec<_> = of_kind(RowKind::Manifest).cloned().collect();
        let manifest = Manifest::read_rows(&manifest_rows).expect("a whole manifest").expect("a manifest");
        let open = |key: RowKey, bytes| -> Row<'_> {
            let row = open_row(key, bytes).expect("an undamaged row");
            assert_eq!(row.stamp, manifest.stamp, "{key:?} is a row of this document");
            row
        };
        let is_live = |number| manifest.find_page_from(number) == Some(number);
        let pages: Vec<Vec<u8>> = of_kind(RowKind::BasePage)
            .filter(|(key, _)| is_live(key.number))
            .map(|(key, bytes)| open(*key, bytes).body.to_vec())
            .collect();
        let live_count: u32 = manifest.live_pages.iter().map(|(_, count)| count).sum();
        assert_eq!(pages.len(), live_count as usize, "every page that the manifest names is there");
        let mut slots: Vec<(u64, Vec<u8>)> = Vec::new();
        for (key, bytes) in of_kind(RowKind::Journal) {
            let row = open(*key, bytes);
            let (summary, update) = read_slot(row.body).expect("a slot");
            check_summary(&summary.clients, summary.deletes_at as usize, update);
            if row.sequence > manifest.folded_sequence {
                slots.push((row.sequence, update.to_vec()));
            }
        }
        slots.sort();
        let sequence = slots.last().map_or(manifest.folded_sequence, |(sequence, _)| *sequence);
        let slots: Vec<Vec<u8>> = slots.into_iter().map(|(_, update)| update).collect();
        let mut clocks = decode_state_vector(&manifest.state_vector).expect("a state vector");
        let mut deleted = read_delete_set(&mut Reader::new(&manifest.delete_set)).expect("a delete set");
        for key in manifest.slice_keys() {
            let (_, bytes) =
                rows.iter().find(|(of, _)| *of == key).expect("every row that the manifest names is there");
            match key.kind {
                RowKind::ClientPage => {
                    let page = read_client_page(open(key, bytes).body).expect("a client page");
                    page.iter().for_each(|(client, clock)| clocks.advance(client, clock));
                }
                _ => deleted.merge(&read_delete_page(open(key, bytes).body).expect("a delete page")),
            }
        }
        let known = (clocks, deleted);
        let mut options = Options::new(ClientId::from(u32::MAX));
        options.gc = false;
        let mut stored = Stored {
            manifest,
            pages,
            slots,
            doc: Doc::new(options),
            collected: IdSet::default(),
            deletes: IdSet::default(),
            sequence,
            known,
        };
        stored.apply_all();
        Some(stored)
    }

    fn apply_all(&mut self) {
        for (index, update) in self.pages.iter().chain(&self.slots).enumerate() {
            let parsed = Update::parse_v1(update).expect("each page is an update");
            let written_anew = parsed.structs.iter().filter(|of| of.content == Content::Gc);
            written_anew.for_each(|of| self.collected.insert(of.id.client, of.id.clock..of.end()));
            parsed.deletes.into_iter().for_each(|(client, range)| self.deletes.insert(client, range));
            self.doc.apply_update(update).expect("each page can be applied");
            let (structs, deletes) = (self.doc.pending_structs(), self.doc.pending_deletes());
            assert!(structs.is_empty(), "update {index} needs what is not before it: {:?}", waits_for(&self.doc));
            assert!(deletes.is_empty(), "update {index} deletes what is not before it: {deletes:?}");
            if index + 1 == self.pages.len() {
                self.check_manifest();
            }
        }
        self.doc.assert_invariants();
    }

    /// Manifest, the rows that it names and the journal say exactly what the document holds.
    fn check_known(&self) {
        let (clocks, deletes) = self.known();
        assert_eq!(clocks, self.doc.state_vector(), "stored clocks");
        assert_eq!(deletes, self.deletes, "stored deletes");
    }

    /// Whether base pages hold nothing that manifest and journal don't know.
    pub fn is_known(&self) -> bool {
        self.known() == (self.doc.state_vector(), self.deletes.clone())
    }

    fn known(&self) -> (StateVector, IdSet) {
        let (mut clocks, mut deletes) = self.known.clone();
        for update in &self.slots {
            let parsed = Update::parse_v1(update).expect("each slot is an update");
            parsed.structs.iter().for_each(|of| clocks.advance(of.id.client, of.end()));
            deletes.merge(&parsed.deletes.into_iter().collect());
        }
        (clocks, deletes)
    }

    /// Pages may hold more than the manifest knows (after a crash between two batches), never less.
    fn check_manifest(&self) {
        let (known, deleted) = &self.known;
        assert_covers(&self.doc.state_vector(), known, "the base holds what the manifest says");
        assert!(deleted.difference(&self.deletes).is_empty(), "the base deletes what the manifest says");
    }

    pub fn state_vector(&self) -> StateVector {
        self.doc.state_vector()
    }
}

fn check_summary(clients: &[(u64, u32, u32)], deletes_at: usize, update: &[u8]) {
    let parsed = Update::parse_v1(update).expect("each slot is an update");
    let spans = parsed.clients.iter().map(|of| {
        let structs = &parsed.structs[of.structs.clone()];
        (of.client.value(), structs[0].id.clock, structs[structs.len() - 1].end())
    });
    let mut spans: Vec<_> = spans.collect();
    spans.sort_unstable();
    assert_eq!(spans, clients, "a slot's summary names its clients");
    let deletes: IdSet = parsed.deletes.into_iter().collect();
    let told = read_delete_set(&mut Reader::starting_at(update, deletes_at)).expect("a delete set");
    assert_eq!(told, deletes, "a slot's summary says where its deletes begin");
}

pub fn assert_covers(whole: &StateVector, part: &StateVector, why: &str) {
    for (client, clock) in part.iter() {
        let has = whole.clock(client);
        assert!(has >= clock, "{why}: client {client:?} has {has}, should have {clock}");
    }
}
