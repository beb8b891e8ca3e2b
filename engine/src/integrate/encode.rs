//! What a replica sends: its whole state, or what a transaction changed.

use super::Replica;
use crate::lib0::write_var_uint;
use crate::store::{Client, LocalId, NO_ORIGIN};
use crate::update::{Single, Text, encode_v2, write_block, write_delete_set};
use crate::values::{ClientId, Clock, Id, StateVector, sort_by_numbers};
use smallvec::SmallVec;
use std::collections::BTreeMap;

impl Replica {
    /// Everything that is known, and what waits, as update v1 for a replica with this state vector.
    pub(crate) fn encode(&self, known: &StateVector) -> Vec<u8> {
        let mut out = Vec::new();
        if self.pending.is_empty() {
            self.store.write_state(&mut out, known);
            return out;
        }
        // What waits of a client lies behind what is known of it, so a group is one after the other.
        let mut groups: BTreeMap<ClientId, Clock> = BTreeMap::new();
        groups.extend(self.pending.clients());
        for (client, handle) in self.store.clients() {
            let from = known.clock(client);
            if from < self.store.log(handle).end() {
                groups.insert(client, from);
            }
        }
        let mut written = Vec::new();
        let mut count = 0_u64;
        for (client, from) in groups.into_iter().rev() {
            let from = from.max(known.clock(client));
            let mut structs = Vec::new();
            let own = self.store.find_client(client).filter(|handle| from < self.store.log(*handle).end());
            let mut structs_count = own.map_or(0, |handle| self.store.write_structs(&mut structs, handle, from));
            let waiting_from = from.max(own.map_or(0, |handle| self.store.log(handle).end()));
            structs_count += self.pending.write_client(&mut structs, client, waiting_from);
            if structs_count > 0 {
                count += 1;
                write_block(&mut written, structs_count, Id::new(client, from), &structs);
            }
        }
        write_var_uint(&mut out, count);
        out.append(&mut written);
        let mut deletes = self.store.delete_set();
        deletes.merge(self.pending.deletes());
        write_delete_set(&mut out, &deletes);
        out
    }

    /// The same as update v2.
    pub(crate) fn encode_v2(&self, known: &StateVector) -> Vec<u8> {
        if !self.pending.is_empty() {
            return to_v2(&self.encode(known));
        }
        let encoded = self.store.state_v2(known);
        debug_assert!(encoded == to_v2(&self.encode(known)), "both ways to an update v2 lead to the same");
        encoded
    }

    /// Appends what the open transaction changed as update v1.
    pub(crate) fn write_changes(&self, out: &mut Vec<u8>) {
        match self.single_change() {
            Some(single) => single.write(out),
            None => self.write_any_changes(out),
        }
    }

    /// What the open transaction changed, if it is what someone who types does.
    #[inline]
    fn single_change(&self) -> Option<Single<'_>> {
        let id = |(client, clock): LocalId| Id::new(self.store.log(client).client, clock);
        let deleted = match self.changes.deleted[..] {
            [] => None,
            [(client, start, end)] => Some((self.store.log(client).client, start, end)),
            _ => return None,
        };
        let text = match self.changes.inserted[..] {
            [] => None,
            [client] => {
                let log = self.store.log(client);
                let from = log.changed_from.filter(|from| *from >= log.deleted_end())?;
                let (block, text) = self.store.text_since(client, from)?;
                let [origin, right_origin] = [block.origin_of((client, from)), block.right_origin]
                    .map(|local| (local != NO_ORIGIN).then(|| id(local)));
                let is_named =
                    origin.or(right_origin).is_some() && self.store.types.owner(block.sequence).key.is_none();
                is_named.then_some(())?;
                Some(Text { id: id((client, from)), origin, right_origin, text, len: log.end() - from })
            }
            _ => return None,
        };
        Some(Single { text, deleted })
    }

    fn write_any_changes(&self, out: &mut Vec<u8>) {
        let mut inserted: SmallVec<[Client; 4]> = SmallVec::from_slice(&self.changes.inserted);
        sort_by_numbers(&mut inserted, |client| (descending(self.store.log(*client).client), 0));
        write_var_uint(out, inserted.len() as u64);
        for client in inserted {
            let log = self.store.log(client);
            self.store.write_client(out, client, log.changed_from.unwrap_or(log.end()));
        }
        let mut ranges: SmallVec<[(ClientId, Clock, Clock); 4]> = SmallVec::new();
        ranges.extend(self.changes.deleted.iter().map(|(c, start, end)| (self.store.log(*c).client, *start, *end)));
        sort_by_numbers(&mut ranges, |(client, start, _)| (descending(*client), (*start).into()));
        ranges.dedup_by(|next, kept| {
            let touches = next.0 == kept.0 && next.1 == kept.2;
            if touches {
                kept.2 = next.2;
            }
            touches
        });
        let groups = || ranges.chunk_by(|a, b| a.0 == b.0);
        write_var_uint(out, groups().count() as u64);
        for group in groups() {
            write_var_uint(out, group[0].0.value());
            write_var_uint(out, group.len() as u64);
            for (_, start, end) in group {
                write_var_uint(out, (*start).into());
                write_var_uint(out, (end - start).into());
            }
        }
    }
}

/// An update v2 with the content of an update v1 that was written here.
pub(crate) fn to_v2(update: &[u8]) -> Vec<u8> {
    let Ok(encoded) = encode_v2(update) else { unreachable!("what is written here is an update") };
    encoded
}

/// A key that sorts the largest client id first.
fn descending(client: ClientId) -> u64 {
    u64::MAX - client.value()
}
