//! The journal: a ring of 16 rows that are overwritten, never inserted and deleted. The newest slot is rewritten
//! with each flush until it holds about 8 KB, then the next one is begun.

use super::records::SlotSummary;
use super::{HostLimits, PageBuilder, RowKey, RowKind, RowSizes, RowWrite, largest_update, seal_row};
use crate::update::{Struct, Update};
use crate::values::{Clock, Error, IdSet};
use std::collections::VecDeque;
use std::ops::Range;

/// Client, first clock and clock after the last.
pub type ClientSpan = (u64, u32, u32);

/// Number of slots in the ring.
pub const SLOTS: u32 = 16;

/// The journal of one document: what is stored in its slots, and what waits to be.
#[derive(Clone, Debug)]
pub struct Journal {
    slots: VecDeque<Slot>,
    next_number: u32,
    next_sequence: u64,
    sizes: RowSizes,
    largest_update: usize,
}

#[derive(Clone, Debug)]
struct Slot {
    /// Its row, from its first flush on.
    number: Option<u32>,
    first_sequence: u64,
    /// All that it holds, unstored edits too; absent in a slot that is stored and will not grow.
    page: Option<PageBuilder>,
    /// Whose units `stored` holds.
    clients: Vec<ClientSpan>,
    stored: Option<Vec<u8>>,
    writing: Option<(Vec<u8>, Vec<ClientSpan>)>,
    is_dirty: bool,
    is_full: bool,
}

impl Slot {
    fn len_bytes(&self) -> usize {
        let stored = self.stored.as_ref().map_or(0, Vec::len);
        self.page.as_ref().map_or(stored, PageBuilder::len_bytes)
    }

    fn update(&self) -> Vec<u8> {
        match (&self.page, &self.stored) {
            (Some(page), _) => page.encode(),
            (None, Some(stored)) => stored.clone(),
            (None, None) => unreachable!("a slot without a page is stored"),
        }
    }
}

impl Journal {
    /// An empty journal whose first flush has this sequence number.
    pub fn starting_at(next_sequence: u64, sizes: RowSizes, host: HostLimits) -> Self {
        let largest_update = largest_update(host);
        Journal { slots: VecDeque::new(), next_number: 0, next_sequence, sizes: sizes.fitting(host), largest_update }
    }

    /// Takes back a slot as it is stored; slots come in the order of their sequence numbers.
    pub fn restore(&mut self, number: u32, sequence: u64, summary: SlotSummary, update: Vec<u8>) {
        self.next_number = (number + 1) % SLOTS;
        self.next_sequence = self.next_sequence.max(sequence + 1);
        self.slots.push_back(Slot {
            number: Some(number),
            first_sequence: summary.first_sequence,
            page: None,
            clients: summary.clients,
            is_full: update.len() >= self.sizes.slot,
            stored: Some(update),
            writing: None,
            is_dirty: false,
        });
    }

    /// The slot to be written after `number` is the next one: for slots that could not be restored.
    pub fn continue_after(&mut self, number: u32, sequence: u64) {
        self.next_number = (number + 1) % SLOTS;
        self.next_sequence = self.next_sequence.max(sequence + 1);
    }

    /// Appends the units `part` of a struct of the update `bytes`. Structs come in causal order.
    pub fn add_struct(&mut self, of: &Struct, bytes: &[u8], part: Range<Clock>, deletes: &IdSet) {
        // A large struct has a slot for itself: so every slot is either small or can be cut anywhere.
        let is_large = of.payload.of(bytes).len() > self.sizes.slot;
        if is_large {
            self.end_slot();
        }
        self.growing_page(deletes).add_struct(of, bytes, part, deletes);
        if is_large {
            self.end_slot();
        }
    }

    /// Appends deleted ids; `deletes` is all that is known to be deleted.
    pub fn add_deletes(&mut self, fresh: &IdSet, deletes: &IdSet) {
        self.growing_page(deletes).add_deletes(fresh);
    }

    fn end_slot(&mut self) {
        if let Some(slot) = self.slots.back_mut() {
            slot.is_full = true;
        }
    }

    /// The page of the newest slot, or of one just begun where that is full.
    fn growing_page(&mut self, deletes: &IdSet) -> &mut PageBuilder {
        // What comes in one flush lies in one row if it can, even where the slot becomes larger than others.
        let most = |slot: &Slot| if slot.is_dirty { 2 * self.sizes.slot } else { self.sizes.slot };
        if self.slots.back().is_none_or(|slot| slot.is_full || slot.len_bytes() >= most(slot)) {
            self.slots.push_back(Slot {
                number: None,
                first_sequence: 0,
                page: Some(PageBuilder::default()),
                clients: Vec::new(),
                stored: None,
                writing: None,
                is_dirty: false,
                is_full: false,
            });
        }
        let slot = self.slots.back_mut().expect("a slot was begun if there was none");
        slot.is_dirty = true;
        slot.page.get_or_insert_with(|| {
            let mut page = PageBuilder::default();
            let stored = slot.stored.as_deref().unwrap_or_default();
            // What was stored was checked when it came; a slot that doesn't parse here is our own defect.
            let Ok(update) = Update::parse_v1(stored) else { unreachable!("a stored slot is an update") };
            page.add_update(&update, stored, deletes);
            page
        })
    }

    /// Whether something waits to be stored.
    pub fn is_dirty(&self) -> bool {
        self.slots.iter().any(|slot| slot.is_dirty)
    }

    /// Bytes that wait to be stored, those for which a write is under way only in part. O(slots).
    pub fn unstored_bytes(&self) -> usize {
        self.slots.iter().filter(|slot| slot.is_dirty).map(Slot::len_bytes).sum()
    }

    /// Whether the next flush should go into the base, with all that the journal holds.
    pub fn wants_folding(&self) -> bool {
        let fits = |slot: &Slot| slot.len_bytes() <= self.largest_update / 2;
        self.slots.len() > SLOTS as usize
            || !self.slots.iter().all(fits)
            || self.slots.iter().map(Slot::len_bytes).sum::<usize>() >= self.sizes.fold
    }

    /// Appends the rows that store everything; [`flushed`](Journal::flushed) or
    /// [`not_flushed`](Journal::not_flushed) says what became of them.
    pub fn write_rows(&mut self, stamp: u64, batch: &mut Vec<RowWrite>) {
        for slot in self.slots.iter_mut().filter(|slot| slot.is_dirty) {
            let sequence = self.next_sequence;
            self.next_sequence += 1;
            let number = *slot.number.get_or_insert_with(|| {
                slot.first_sequence = sequence;
                let number = self.next_number;
                self.next_number = (number + 1) % SLOTS;
                number
            });
            let page = slot.page.as_ref().expect("a slot with unstored edits has a page");
            let clients: Vec<_> = page.clients().map(|(client, from, to)| (client.value(), from, to)).collect();
            let mut update = Vec::new();
            let deletes_at = page.write_to(&mut update) as u32;
            let summary = SlotSummary { first_sequence: slot.first_sequence, clients, deletes_at };
            let key = RowKey::new(RowKind::Journal, number);
            let row = seal_row(key, stamp, sequence, update.len() + 64, |out| {
                summary.write_to(out);
                out.extend_from_slice(&update);
            });
            slot.writing = Some((update, summary.clients));
            slot.is_dirty = false;
            batch.push(RowWrite::Put(key, row));
        }
    }

    /// The rows of the last [`write_rows`](Journal::write_rows) are stored.
    pub fn flushed(&mut self) {
        let newest = self.slots.len().saturating_sub(1);
        for (index, slot) in self.slots.iter_mut().enumerate() {
            if let Some((update, clients)) = slot.writing.take() {
                (slot.stored, slot.clients) = (Some(update), clients);
                slot.is_full |= slot.stored.as_ref().is_some_and(|stored| stored.len() >= self.sizes.slot);
                if !slot.is_dirty && (index < newest || slot.is_full) {
                    slot.page = None;
                }
            }
        }
    }

    /// The rows of the last [`write_rows`](Journal::write_rows) may not be stored: they will be written again.
    pub fn not_flushed(&mut self) {
        for slot in &mut self.slots {
            slot.is_dirty |= slot.writing.take().is_some();
        }
    }

    /// The next sequence number, for a fold: everything up to it is in the base then.
    pub fn take_sequence(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence - 1
    }

    /// Everything in the journal, stored or not, as updates in order.
    pub fn updates(&self) -> Vec<Vec<u8>> {
        self.slots.iter().map(Slot::update).collect()
    }

    /// Forgets how many slots were there when a fold began: they are in the base now.
    /// The ring begins anew then, so that no more rows than needed are read when the document is opened.
    pub fn forget_first(&mut self, count: usize) {
        self.slots.drain(..count);
        if self.slots.iter().all(|slot| slot.number.is_none()) {
            self.next_number = 0;
        }
    }

    /// Number of slots in use.
    pub fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// From now on nothing is added to the slots that there are.
    pub fn end_slots(&mut self) {
        self.end_slot();
    }

    /// Panics if the ring contradicts itself. O(journal); for tests and fuzzing.
    pub(crate) fn assert_invariants(&self) {
        let numbers: Vec<u32> = self.slots.iter().filter_map(|slot| slot.number).collect();
        assert!(numbers.len() <= SLOTS as usize, "the ring is not overrun");
        assert!(
            numbers.windows(2).all(|pair| pair[1] == (pair[0] + 1) % SLOTS),
            "slots follow each other: {numbers:?}"
        );
        // Rows behind a damaged one are not in use, but are passed over until the next fold.
        let is_free = numbers.len() == SLOTS as usize || !numbers.contains(&self.next_number);
        assert!(is_free, "the next slot does not overwrite what is in use");
        for slot in &self.slots {
            assert!(slot.page.is_some() || slot.stored.is_some(), "a slot holds something");
            assert!(slot.page.is_some() || !slot.is_dirty, "what is to be stored is at hand");
            assert!(slot.first_sequence < self.next_sequence);
        }
    }

    /// What each slot holds as an update, oldest first, with its clients; unstored edits only if `with_unstored`.
    pub fn shown(&self, with_unstored: bool) -> Vec<ShownSlot> {
        let slots = self.slots.iter().filter_map(|slot| match (&slot.stored, &slot.page) {
            (_, Some(page)) if with_unstored => Some(ShownSlot {
                clients: page.clients().map(|(client, from, to)| (client.value(), from, to)).collect(),
                update: page.encode(),
            }),
            (Some(stored), _) => Some(ShownSlot { clients: slot.clients.clone(), update: stored.clone() }),
            (None, _) => None,
        });
        slots.collect()
    }
}

/// What a slot shows to a client that joins.
#[derive(Clone, Debug)]
pub struct ShownSlot {
    /// Whose units are in it.
    pub clients: Vec<ClientSpan>,
    /// Its update.
    pub update: Vec<u8>,
}

/// Takes a slot's body apart: summary, and the update behind it.
///
/// # Errors
/// `DamagedRow` or `NewerVersion`.
pub fn read_slot(body: &[u8]) -> Result<(SlotSummary, &[u8]), Error> {
    let (summary, at) = SlotSummary::decode(body)?;
    Ok((summary, &body[at..]))
}
