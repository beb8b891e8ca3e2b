//! Reading several updates of which each goes on where those before it end, as one.

use super::merge::merge_updates;
use super::parse::{ClientStructs, Update};
use super::structs::Struct;
use crate::lib0::Reader;
use crate::values::{Error, ErrorKind, sort_by_numbers};

impl Update {
    /// Reads updates as one, for which the bytes that it belongs to are returned. O(bytes); where the updates overlap or
    /// leave gaps between them, they are merged before.
    ///
    /// # Errors
    /// As [`parse_v1`](Update::parse_v1), for any of them; the offset counts in all of them behind each other.
    pub(crate) fn parse_consecutive(updates: &[&[u8]]) -> Result<(Vec<u8>, Update), Error> {
        let bytes = updates.concat();
        if u32::try_from(bytes.len()).is_err() {
            return Err(ErrorKind::TooLarge.into());
        }
        let mut update = Update::default();
        let mut start = 0;
        for part in updates {
            let end = start + part.len();
            update.parse_part(&mut Reader::starting_at(&bytes[..end], start))?;
            start = end;
        }
        if update.join_clients() {
            return Ok((bytes, update));
        }
        let merged = merge_updates(updates)?;
        update.parse(&merged)?;
        Ok((merged, update))
    }

    /// Brings the structs of each client together. `false` if one's parts don't follow each other.
    fn join_clients(&mut self) -> bool {
        let mut parts = core::mem::take(&mut self.clients);
        sort_by_numbers(&mut parts, |part| (part.client.value(), 0));
        let mut structs: Vec<Struct> = Vec::with_capacity(self.structs.len());
        for part in parts {
            let of = &self.structs[part.structs.clone()];
            let start = structs.len();
            match self.clients.last_mut() {
                Some(last) if last.client == part.client => {
                    if structs.last().map(Struct::end) != of.first().map(|first| first.id.clock) {
                        return false;
                    }
                    last.structs.end += of.len();
                }
                _ => self.clients.push(ClientStructs { structs: start..start + of.len(), ..part }),
            }
            structs.extend_from_slice(of);
        }
        self.structs = structs;
        true
    }
}
