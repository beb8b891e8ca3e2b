//! Which base pages a returning client needs: from the first one on that has something that it lacks.
//!
//! Nothing says where a client's structs lie. But pages are in the order of their arrival, and a client that was here before lacks what
//! came last: so they are looked through from the last one backwards, until all that it lacks was found.

use super::connections::Join;
use super::frame;
use super::room::Room;
use super::turn::cost;
use crate::update::Content;
use crate::values::{ClientId, IdSet};
use std::collections::BTreeMap;

/// A client that lacks more than this part of all units gets all pages without a search.
const WORTH_SEARCHING: u64 = 4;

/// A search that goes on.
#[derive(Debug)]
pub(super) struct Search {
    /// What the client lacks of what the base had when it began, as far as it was not found.
    missing: IdSet,
    /// What has not been looked through lies before this page.
    before: u32,
    /// The last page when it began, and the fold that wrote it. What was folded since lies there or behind it.
    last_page: u32,
    folded_sequence: u64,
}

impl Room {
    /// Finds the first base page that a client needs, a number that no page has yet if it needs none; `None` while that goes on.
    pub(super) fn find_first_page(&mut self, join: &mut Join) -> Option<u32> {
        let Some(last_page) = self.manifest.last_page().filter(|_| join.theirs.is_some()) else { return Some(0) };
        if join.search.is_none() {
            join.search = Some(self.begin_search(join, last_page)?);
        }
        let search = join.search.as_mut()?;
        while !search.missing.is_empty()
            && let Some(page) = self.manifest.find_page_before(search.before)
        {
            let Some(message) = self.pages.find(page, self.now_ms) else {
                self.read_pages_up_to(page);
                return None;
            };
            if self.turn.is_over() {
                return None;
            }
            if let Some(message) = message {
                self.turn.spend(cost::MESSAGE + message.len() / cost::CUT_BYTES);
                take_found(&message, &mut search.missing);
            }
            search.before = page;
        }
        let has_folded = search.folded_sequence != self.manifest.folded_sequence;
        Some(if has_folded { search.before.min(search.last_page) } else { search.before })
    }

    /// `None` if the turn is over.
    fn begin_search(&mut self, join: &Join, last_page: u32) -> Option<Search> {
        if self.turn.is_over() {
            return None;
        }
        let of_client = join.theirs.as_ref()?;
        let mut in_journal = BTreeMap::new();
        for slot in self.journal.shown(self.keeps_window()) {
            for (client, first, _) in slot.clients {
                in_journal.entry(ClientId::new(client)).or_insert(first);
            }
        }
        let mut missing = IdSet::default();
        let (mut units, mut lacking) = (0, 0);
        let shown = self.known.shown_clocks();
        let mut theirs = of_client.iter().peekable();
        for (client, clock) in shown.iter() {
            let in_base = in_journal.get(&client).map_or(clock, |first| clock.min(*first));
            while theirs.next_if(|(other, _)| *other < client).is_some() {}
            let has = theirs.peek().filter(|(other, _)| *other == client).map_or(0, |(_, clock)| in_base.min(*clock));
            missing.insert(client, has..in_base);
            units += u64::from(in_base);
            lacking += u64::from(in_base - has);
        }
        // Who was not read is as far there as here.
        units += self.known.units_beside(of_client);
        self.turn.spend(cost::MESSAGE + (shown.len() + of_client.len()) / cost::CLIENTS);
        let is_worth_it = lacking * WORTH_SEARCHING < units;
        let search = Search {
            missing: if is_worth_it { missing } else { IdSet::default() },
            before: if is_worth_it || lacking == 0 { last_page + 1 } else { 0 },
            last_page,
            folded_sequence: self.manifest.folded_sequence,
        };
        Some(search)
    }
}

/// Takes out of what is missing what this page has of it.
fn take_found(page: &[u8], missing: &mut IdSet) {
    let Some((_, parsed)) = frame::read_update(page) else { return };
    for of in parsed.structs.iter().filter(|of| of.content != Content::Skip) {
        missing.remove(of.id.client, of.id.clock..of.end());
    }
}
