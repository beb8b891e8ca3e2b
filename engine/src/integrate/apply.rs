//! Applying a whole update: read, planned, integrated; what can't be yet waits.

use super::Replica;
use super::pending::reread;
use crate::store::Client;
use crate::update::Update;
use crate::values::{ClientId, Clock, Error, ErrorKind, IdSet, Pace, at_once};
use std::ops::Range;

/// The tables of an update with more structs are not kept for the next one.
const KEPT_STRUCTS: usize = 256;

/// What became of an applied update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Applied {
    /// Whether the document is another than before.
    pub changed: bool,
    /// Whether something of this or an earlier update waits for what it depends on.
    pub pending: bool,
}

impl Replica {
    /// Applies an update v1. An error leaves everything as it was.
    pub(crate) fn apply(&mut self, bytes: &[u8]) -> Result<Applied, Error> {
        if !self.apply_single(bytes) {
            self.apply_any(bytes)?;
        }
        Ok(self.applied())
    }

    /// Applies updates v1 as if they were merged before. An error leaves everything as it was.
    pub(crate) fn apply_all(&mut self, updates: &[&[u8]]) -> Result<Applied, Error> {
        match updates {
            [] => {}
            [only] => return self.apply(only),
            several => {
                if !self.apply_bulk_at_once(several) {
                    let (bytes, update) = Update::parse_consecutive(several)?;
                    self.apply_parsed(&update, &bytes)?;
                }
            }
        }
        Ok(self.applied())
    }

    /// Applies updates of which each needs nothing but those before it, in steps. After an error some of them may be applied.
    pub(crate) async fn apply_in_steps(&mut self, updates: &[&[u8]], pace: &Pace) -> Result<(), Error> {
        if self.takes_bulk(updates) && self.apply_bulk(updates, pace).await {
            return Ok(());
        }
        for update in updates {
            self.apply(update)?;
            pace.spend(update.len()).await;
        }
        Ok(())
    }

    fn apply_bulk_at_once(&mut self, updates: &[&[u8]]) -> bool {
        self.takes_bulk(updates) && at_once(self.apply_bulk(updates, &Pace::AT_ONCE))
    }

    fn applied(&self) -> Applied {
        Applied { changed: !self.changes.is_empty(), pending: !self.pending.is_empty() }
    }

    fn apply_any(&mut self, bytes: &[u8]) -> Result<(), Error> {
        if self.apply_bulk_at_once(&[bytes]) {
            return Ok(());
        }
        let mut update = std::mem::take(&mut self.incoming);
        let applied = update.parse(bytes).and_then(|()| self.apply_parsed(&update, bytes));
        // Memory is kept for the next update, but not that of a whole document.
        if update.structs.len() <= KEPT_STRUCTS {
            self.incoming = update;
        }
        applied
    }

    fn apply_parsed(&mut self, update: &Update, bytes: &[u8]) -> Result<(), Error> {
        let mut plan = std::mem::take(&mut self.plan);
        plan.make(&self.store, update);
        let has_room = self.check_room(update, bytes, plan.waiting.len());
        if has_room.is_ok() {
            for &at in &plan.ready {
                self.integrate(&update.structs[at as usize], bytes);
            }
            self.keep_waiting(update, bytes, &plan.waiting);
            self.apply_deletes(&update.deletes);
            if !self.pending.is_empty() {
                self.retry_pending();
            }
        }
        if update.structs.len() <= KEPT_STRUCTS {
            self.plan = plan;
        }
        has_room
    }

    fn check_room(&self, update: &Update, bytes: &[u8], waiting: usize) -> Result<(), Error> {
        for listed in &update.clients {
            let has_room = self.store.find_client(listed.client).is_none_or(|client| {
                let log = self.store.log(client);
                let last = update.structs[listed.structs.end - 1].end();
                log.has_room(last.saturating_sub(log.end()), bytes.len())
            });
            if !has_room {
                return Err(ErrorKind::TooLarge.into());
            }
        }
        let unknown = |(client, range): &&(ClientId, Range<Clock>)| range.end > self.store.clock(*client);
        let unknown_deletes = update.deletes.iter().filter(unknown).count();
        if waiting == 0 && unknown_deletes == 0 {
            return Ok(());
        }
        self.pending.check_room(if waiting > 0 { bytes.len() } else { 0 }, unknown_deletes)
    }

    fn keep_waiting(&mut self, update: &Update, bytes: &[u8], waiting: &[u32]) {
        let mut client = None;
        for &at in waiting {
            let read = &update.structs[at as usize];
            self.pending.add(read, bytes);
            if client.is_some_and(|client| client != read.id.client) {
                self.integrate_ready(client);
            }
            client = Some(read.id.client);
        }
        self.integrate_ready(client);
    }

    fn apply_deletes(&mut self, deletes: &[(ClientId, Range<Clock>)]) {
        // Ranges that are listed again and again are gone through once.
        let joined: Vec<_>;
        let deletes = match deletes {
            [] | [_] => deletes,
            _ => {
                // Last clients first, as Yjs writes them: what is undone is written again in this order.
                let set: IdSet = deletes.iter().cloned().collect();
                let of_client = |(client, ranges): (ClientId, &[Range<Clock>])| {
                    ranges.iter().map(|range| (client, range.clone())).collect::<Vec<_>>()
                };
                joined = set.clients().rev().flat_map(of_client).collect();
                &joined
            }
        };
        let mut unknown = Vec::new();
        for (of, range) in deletes {
            let client = self.store.find_client(*of);
            let known = client.map_or(0, |client| self.store.log(client).end());
            if let Some(client) = client.filter(|_| range.start < known) {
                self.delete_cut(client, range.start, range.end.min(known));
            }
            if range.end > known {
                unknown.push((*of, range.start.max(known)..range.end));
            }
        }
        if !unknown.is_empty() {
            self.pending.add_deletes(&unknown.into_iter().collect());
        }
    }

    /// Deletes known units of a remote delete, whose ends may cut surrogate pairs: but no pair that is deleted
    /// already. (Yjs: `readAndApplyDeleteSet`)
    pub(super) fn delete_cut(&mut self, client: Client, start: Clock, end: Clock) {
        if self.store.log(client).has_wide_text() {
            for (border, inside) in [(start, start), (end, end - 1)] {
                if self.store.is_live((client, inside)) {
                    self.store.note_cut(client, border);
                }
            }
        }
        self.delete_ids(client, start, end);
    }

    /// Integrates what waited for the units that came with this update, and what waited for that.
    fn retry_pending(&mut self) {
        let mut advanced = self.advanced_clients();
        while let Some(client) = advanced.pop() {
            // Of what waited under the same ids the first may have missed what this did not.
            self.integrate_ready(Some(client));
            let known = self.store.clock(client);
            for range in self.pending.take_deletes(client, known) {
                let handle = self.store.client(client);
                self.delete_cut(handle, range.start, range.end);
            }
            for waiting in self.pending.waiting_for(client, known) {
                if self.integrate_ready(Some(waiting)) {
                    advanced.push(waiting);
                }
            }
        }
    }

    /// Integrates what can be of the structs of a client that wait, and registers it with what it misses next.
    fn integrate_ready(&mut self, client: Option<ClientId>) -> bool {
        let Some(client) = client else { return false };
        let mut any = false;
        while let Some((id, bytes)) = self.pending.take_ready(client, &self.store) {
            self.integrate(&reread(id, &bytes), &bytes);
            any = true;
        }
        any
    }
}
