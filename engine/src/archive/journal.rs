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
    /// The sequence number of the row, or fold, that was written last.
    last_written: u64,
    /// The same of what is known to be stored.
    last_stored: u64,
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
    /// What clients that follow the document by revisions were told of it.
    changes: Vec<u8>,
    is_dirty: bool,
    /// It was dirty when a fold began that takes it into the base.
    is_being_folded: bool,
    is_full: bool,
}

impl Slot {
    fn len_bytes(&self) -> usize {
        let stored = self.stored.as_ref().map_or(0, Vec::len);
        self.page.as_ref().map_or(stored, PageBuilder::len_bytes) + self.changes.len()
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
        let sizes = sizes.fitting(host);
        let last_written = next_sequence - 1;
        Journal {
            slots: VecDeque::new(),
            next_number: 0,
            next_sequence,
            last_written,
            last_stored: last_written,
            sizes,
            largest_update,
        }
    }

    /// Takes back a slot as it is stored; slots come in the order of their sequence numbers.
    pub fn restore(&mut self, number: u32, sequence: u64, summary: SlotSummary, update: Vec<u8>) {
        self.next_number = (number + 1) % SLOTS;
        self.next_sequence = self.next_sequence.max(sequence + 1);
        self.last_written = self.last_written.max(sequence);
        self.last_stored = self.last_written;
        let is_full = update.len() >= self.sizes.slot;
        self.slots.push_back(Slot {
            number: Some(number),
            first_sequence: summary.first_sequence,
            page: None,
            clients: summary.clients,
            is_full,
            stored: Some(update),
            writing: None,
            changes: summary.changes,
            is_dirty: false,
            is_being_folded: false,
        });
    }

    /// The slot to be written after `number` is the next one: for slots that could not be restored.
    pub fn continue_after(&mut self, number: u32, sequence: u64) {
        self.next_number = (number + 1) % SLOTS;
        self.next_sequence = self.next_sequence.max(sequence + 1);
        self.last_written = self.last_written.max(sequence);
        self.last_stored = self.last_written;
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

    /// Appends what is told of the unstored edits to clients that follow by revisions; it is stored with them. `begin`
    /// writes what has to come first in a slot.
    pub fn add_changes(&mut self, changes: &[u8], begin: impl FnOnce(&mut Vec<u8>)) {
        // Behind the last edit, in its slot, however full that is: in one row with it where that can be.
        if !self.slots.back().is_some_and(|slot| slot.is_dirty) {
            self.growing_page(&IdSet::default());
        }
        let Some(slot) = self.slots.back_mut() else { return };
        if slot.changes.is_empty() {
            begin(&mut slot.changes);
        }
        slot.changes.extend_from_slice(changes);
    }

    /// Marks all slots with unstored edits as told of, even where what is told comes with a later one. `begin` writes what
    /// has to come first in a slot.
    pub fn tell_dirty_slots(&mut self, begin: impl Fn(&mut Vec<u8>)) {
        self.slots
            .iter_mut()
            .filter(|slot| slot.is_dirty && slot.changes.is_empty())
            .for_each(|slot| begin(&mut slot.changes));
    }

    /// What was told of the edits in the slots, oldest first: with the sequence number of the slot's last flush, as far as it
    /// is known from a slot behind it, and its update.
    pub fn told(&self) -> impl Iterator<Item = ToldSlot<'_>> {
        let ends = self.slots.iter().skip(1).map(|slot| slot.first_sequence - 1).chain([self.last_written]);
        self.slots.iter().zip(ends).map(|(slot, last_sequence)| ToldSlot {
            last_sequence,
            changes: &slot.changes,
            update: slot.update(),
        })
    }

    /// The updates of the slots before the first one with unstored edits, oldest first, and whether something was told of them.
    pub fn stored(&self) -> impl Iterator<Item = (Vec<u8>, bool)> {
        self.slots.iter().take_while(|slot| !slot.is_dirty).map(|slot| (slot.update(), !slot.changes.is_empty()))
    }

    /// A number for a revision within the next flush.
    pub fn take_revision(&mut self) -> u64 {
        self.next_sequence += 1;
        self.next_sequence - 1
    }

    /// The last number that was given out.
    pub fn last_revision(&self) -> u64 {
        self.next_sequence - 1
    }

    /// What was told of the slots, oldest first.
    pub fn changes(&self) -> impl Iterator<Item = &[u8]> {
        self.slots.iter().map(|slot| &slot.changes[..])
    }

    /// The sequence number of what was written last.
    pub fn last_written(&self) -> u64 {
        self.last_written
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
                changes: Vec::new(),
                is_dirty: false,
                is_being_folded: false,
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

    /// Whether all that it holds can be written as it is.
    pub fn fits_ring(&self) -> bool {
        let fits = |slot: &Slot| slot.len_bytes() <= self.largest_update / 2;
        self.slots.len() <= SLOTS as usize && self.slots.iter().all(fits)
    }

    /// Whether the next flush should go into the base, with all that the journal holds.
    pub fn wants_folding(&self) -> bool {
        !self.fits_ring() || self.slots.iter().map(Slot::len_bytes).sum::<usize>() >= self.sizes.fold
    }

    /// Appends the rows that store everything; [`flushed`](Journal::flushed) or
    /// [`not_flushed`](Journal::not_flushed) says what became of them.
    pub fn write_rows(&mut self, stamp: u64, batch: &mut Vec<RowWrite>) {
        for slot in self.slots.iter_mut().filter(|slot| slot.is_dirty) {
            let sequence = self.next_sequence;
            self.next_sequence += 1;
            let number = *slot.number.get_or_insert_with(|| {
                slot.first_sequence = self.last_written + 1;
                let number = self.next_number;
                self.next_number = (number + 1) % SLOTS;
                number
            });
            let page = slot.page.as_ref().expect("a slot with unstored edits has a page");
            let clients: Vec<_> = page.clients().map(|(client, from, to)| (client.value(), from, to)).collect();
            let mut update = Vec::new();
            let deletes_at = page.write_to(&mut update) as u32;
            self.last_written = sequence;
            let changes = slot.changes.clone();
            let summary = SlotSummary { first_sequence: slot.first_sequence, clients, deletes_at, changes };
            let key = RowKey::new(RowKind::Journal, number);
            let row = seal_row(key, stamp, sequence, update.len() + slot.changes.len() + 64, |out| {
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
        self.last_stored = self.last_written;
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

    /// The rows of the last [`write_rows`](Journal::write_rows) or fold may not be stored: they will be written again.
    pub fn not_flushed(&mut self) {
        // What is written next must not leave a gap behind what is stored.
        self.last_written = self.last_stored;
        for slot in &mut self.slots {
            slot.is_dirty |= slot.writing.take().is_some() | core::mem::take(&mut slot.is_being_folded);
        }
    }

    /// The next sequence number, for a fold: everything up to it is in the base then.
    pub fn take_sequence(&mut self) -> u64 {
        self.last_written = self.take_revision();
        self.last_written
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

    /// How many slots, from the first on, are stored as they are.
    pub fn stored_count(&self) -> usize {
        self.slots.iter().take_while(|slot| !slot.is_dirty).count()
    }

    /// Number of slots in use.
    pub fn slot_count(&self) -> usize {
        self.slots.len()
    }

    /// A fold of all slots begins: [`forget_first`](Journal::forget_first) or [`not_flushed`](Journal::not_flushed) says
    /// what became of it. Nothing is added to these slots any more.
    pub fn begin_fold(&mut self) {
        self.end_slot();
        for slot in self.slots.iter_mut().filter(|slot| slot.is_dirty) {
            slot.is_dirty = false;
            slot.is_being_folded = true;
        }
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

/// What was told of a slot.
#[derive(Clone, Debug)]
pub struct ToldSlot<'a> {
    /// The sequence number of its last flush.
    pub last_sequence: u64,
    /// [`ChangeRecord`](super::ChangeRecord)s.
    pub changes: &'a [u8],
    /// All that it holds.
    pub update: Vec<u8>,
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
