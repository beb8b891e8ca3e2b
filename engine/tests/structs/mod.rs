//! Comparing updates by what they hold, unit by unit.
#![allow(dead_code, reason = "each test file uses a part of it")]

use merganser::update::{Content, Struct, Update, write_struct};
use merganser::{ClientId, Clock, Id, IdSet};
use std::collections::{BTreeMap, BTreeSet};

/// Every unit's struct in bytes, cut at the borders given: two encodings of one state are equal once both are cut at
/// the borders of both. Where a struct has an origin the key bit says nothing, and Yjs drops it when it merges updates.
fn cut_structs(
    update: &Update,
    bytes: &[u8],
    borders: &BTreeMap<ClientId, BTreeSet<Clock>>,
    hidden: &IdSet,
) -> Vec<(ClientId, Clock, Vec<u8>)> {
    let mut parts = Vec::new();
    for read in update.structs.iter().filter(|read| read.content != Content::Skip) {
        let mut from = read.id.clock;
        let inner = borders[&read.id.client].range(from + 1..read.end()).copied();
        for to in inner.chain([read.end()]) {
            let mut out = Vec::new();
            let key_bit = read.key_bit && read.origin.is_none() && read.right_origin.is_none() && from == read.id.clock;
            let mut read = Struct { key_bit, ..*read };
            if read.content != Content::Gc && hidden.contains(Id::new(read.id.client, from)) {
                read.content = Content::Deleted;
            }
            write_struct(&mut out, &read, bytes, from - read.id.clock..to - read.id.clock);
            parts.push((read.id.client, from, out));
            from = to;
        }
    }
    parts.sort();
    parts
}

/// Whether two updates hold the same, however it is cut into structs; the error says what differs.
pub fn same_structs(ours: &[u8], theirs: &[u8]) -> Result<(), String> {
    same_structs_except(ours, theirs, &IdSet::default())
}

/// The same, but of some units it does not matter what their content is, or whether it is collected.
pub fn same_structs_except(ours: &[u8], theirs: &[u8], hidden: &IdSet) -> Result<(), String> {
    let (a, b) =
        (Update::parse_v1(ours).map_err(|e| e.to_string())?, Update::parse_v1(theirs).map_err(|e| e.to_string())?);
    let mut borders: BTreeMap<ClientId, BTreeSet<Clock>> = BTreeMap::new();
    for (client, range) in hidden.iter() {
        borders.entry(client).or_default().extend([range.start, range.end]);
    }
    for read in a.structs.iter().chain(&b.structs) {
        borders.entry(read.id.client).or_default().extend([read.id.clock, read.end()]);
    }
    let (a, b) = (cut_structs(&a, ours, &borders, hidden), cut_structs(&b, theirs, &borders, hidden));
    let is_gc = |part: &(ClientId, Clock, Vec<u8>)| part.2[0] == Content::Gc as u8;
    let differs = |(a, b): &(&_, &_)| a != b && !((is_gc(a) || is_gc(b)) && hidden.contains(Id::new(a.0, a.1)));
    match a.iter().zip(&b).find(differs) {
        Some((a, b)) => Err(format!("structs differ: ours {a:?}, Yjs' {b:?}")),
        None if a.len() != b.len() => Err(format!("{} structs, Yjs has {}", a.len(), b.len())),
        None => Ok(()),
    }
}
