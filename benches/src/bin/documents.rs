//! Makes large documents with a long history for the measurements of the Durable Object host, as export files, and what
//! clients say that were away; and counts the rows that their flushes write. `documents FOLDER --megabytes 1,10,100`.
//!
//! A document is text that was edited in sessions: each has a client id of its own and 500 edits, words typed and deleted
//! near a place that is another one each time. What cannot be joined to something before it takes its bytes as it does in life.

use anyhow::{Context, Result, bail};
use clap::Parser;
use merganser::archive::{Exporter, MemoryStore, RowKey, RowKind, Store, all_keys};
use merganser::sync::{Effect, Message, Rights, Room, RoomConfig};
use merganser::update::merge_updates;
use merganser::{Any, ClientId, Doc, Options, StateVector, Text};
use serde_json::json;
use std::io::Write;
use std::path::{Path, PathBuf};

/// Edits (letters typed or deleted) of a session.
const SESSION_EDITS: u32 = 500;
/// Sessions that somebody misses who was away: 10,000 edits.
const MISSED_SESSIONS: u32 = 20;
/// Letters that are typed at one place, most; half of that in the mean.
const RUN: u32 = 8;
/// How far a session's places are from its first one, in UTF-16 code units.
const NEAR: u32 = 1_000;
/// Flushes whose rows are counted.
const FLUSHES: u32 = 20_000;

#[derive(Parser)]
struct Arguments {
    /// Where files are written.
    folder: PathBuf,
    /// Sizes of the documents: so many millions of bytes of updates.
    #[arg(long, value_delimiter = ',', default_value = "1,10,100")]
    megabytes: Vec<u32>,
}

/// A seeded generator of random numbers (xorshift32).
struct Random(u32);

impl Random {
    fn below(&mut self, limit: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0 % limit.max(1)
    }
}

/// A room whose store is in memory.
struct Host {
    room: Room,
    store: MemoryStore,
}

impl Host {
    fn open() -> Result<Host> {
        let mut host = Host { room: Room::open(RoomConfig::default(), 1), store: MemoryStore::default() };
        host.room.connect(1, Rights::Write, 0);
        host.carry_out()?;
        Ok(host)
    }

    /// Takes an update and stores it.
    fn take(&mut self, update: &[u8]) -> Result<()> {
        self.room.receive(1, Message::Update(update).encode(), 0);
        self.carry_out()
    }

    fn carry_out(&mut self) -> Result<()> {
        while let Some(effect) = self.room.next_effect() {
            match effect {
                Effect::Read { token, keys } => self.room.rows(token, self.store.read(keys), 0),
                Effect::Write { token, rows } => self.room.written(token, self.store.write(&rows), 0),
                Effect::Close { code, reason, .. } => bail!("closed with {code}: {reason}"),
                _ => {}
            }
        }
        Ok(())
    }

    fn export(&mut self, path: &Path) -> Result<()> {
        let (pages, others) = self.store.read(all_keys())?.into_iter().partition(is_page);
        let pages: std::collections::BTreeMap<RowKey, Vec<u8>> = Vec::into_iter(pages).collect();
        let mut exporter = Exporter::new(others)?.context("there is no document")?;
        let mut file = std::io::BufWriter::new(std::fs::File::create(path)?);
        while let Some(part) = exporter.next_part(exporter.wanted_page().and_then(|key| pages.get(&key).cloned()))? {
            file.write_all(&part)?;
        }
        Ok(file.flush()?)
    }
}

fn is_page((key, _): &(RowKey, Vec<u8>)) -> bool {
    key.kind == RowKind::BasePage
}

/// Makes one document and its files; what it is like.
fn make(folder: &Path, megabytes: u32) -> Result<serde_json::Value> {
    let mut random = Random(2_463_534_242);
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let text = doc.text("text");
    let mut host = Host::open()?;
    let (mut bytes, mut sessions) = (0, 0);
    let mut session = |doc: &mut Doc, host: &mut Host| -> Result<usize> {
        sessions += 1;
        let update = edit(doc, text, &mut random, sessions)?;
        host.take(&update)?;
        Ok(update.len())
    };
    while bytes < megabytes as usize * 1_000_000 {
        bytes += session(&mut doc, &mut host)?;
    }
    let file = |ending: &str| folder.join(format!("{megabytes}.{ending}"));
    std::fs::write(file("vector"), doc.encode_state_vector())?;
    // A stock client's answer to a step 1: all deletes that it knows.
    std::fs::write(file("answer"), doc.encode_state_as_update(&doc.state_vector()))?;
    for _ in 0..MISSED_SESSIONS {
        bytes += session(&mut doc, &mut host)?;
    }
    host.export(&file("mgnsr"))?;
    // All of it as one update, which is what other hosts store.
    std::fs::write(file("update"), doc.encode_state_as_update(&StateVector::default()))?;
    let ranges: usize = doc.delete_set().iter().map(|(_, ranges)| ranges.len()).sum();
    let letters = text.len(&doc);
    let rows = [1, 20].map(|edits| rows_per_flush(&mut doc, text, &mut host, &mut random, edits));
    let [single, gathered] = rows;
    let about = json!({
        "bytes": bytes, "clients": sessions, "deleteRanges": ranges, "letters": letters,
        "flushes": FLUSHES, "rowsPerFlush": { "1": single?, "20": gathered? }
    });
    println!("{megabytes} MB: {about}");
    std::fs::write(file("json"), about.to_string())?;
    Ok(about)
}

/// A session; its update.
fn edit(doc: &mut Doc, text: Text, random: &mut Random, session: u32) -> Result<Vec<u8>> {
    doc.set_client_id(ClientId::from(0x9e37_79b9_u32.wrapping_mul(session)));
    let first = random.below(text.len(doc) + 1);
    let mut transaction = doc.transact();
    let mut left = SESSION_EDITS;
    while left > 0 {
        let run = (1 + random.below(RUN - 1)).min(left);
        left -= run;
        let len = text.len(&transaction);
        let at = (first.saturating_sub(NEAR / 2) + random.below(NEAR)).min(len);
        if random.below(6) == 0 && at + run <= len {
            text.delete(&mut transaction, at, run)?;
        } else {
            let letters: String = (0..run).map(|_| char::from(b"etaoin shrdlu"[random.below(13) as usize])).collect();
            text.insert(&mut transaction, at, &letters)?;
        }
    }
    transaction.commit().update_v1().context("a session changed nothing")
}

/// Rows that are written for each flush of so many letters, typed at a place that is another one each time.
fn rows_per_flush(doc: &mut Doc, text: Text, host: &mut Host, random: &mut Random, letters: usize) -> Result<f64> {
    let before = host.room.meters();
    for _ in 0..FLUSHES {
        let at = random.below(text.len(doc));
        let mut transaction = doc.transact();
        text.insert(&mut transaction, at, &"e".repeat(letters))?;
        let update = transaction.commit().update_v1().context("nothing was typed")?;
        host.take(&update)?;
    }
    let after = host.room.meters();
    Ok((after.rows_written - before.rows_written) as f64 / (after.flushes - before.flushes) as f64)
}

/// 1,000,000 values of a map, of which all but one of each of 1,000 keys were overwritten.
fn tombstones() -> Result<Vec<u8>> {
    let mut doc = Doc::new(Options::new(ClientId::from(3)));
    let map = doc.map("map");
    let mut transaction = doc.transact();
    for number in 0..1_000_000 {
        map.set(&mut transaction, &format!("k{}", number % 1_000), Any::from(number))?;
    }
    transaction.commit().update_v1().context("nothing was set")
}

/// 1,000 clients, each of which inserts a letter into the same empty text.
fn at_one_place() -> Result<Vec<Vec<u8>>> {
    let letter = |client: u32| {
        let mut doc = Doc::new(Options::new(ClientId::from(0x9e37_79b9_u32.wrapping_mul(client))));
        let text = doc.text("text");
        let mut transaction = doc.transact();
        text.insert(&mut transaction, 0, "x")?;
        transaction.commit().update_v1().context("nothing was typed")
    };
    (1..=1_000).map(letter).collect()
}

fn main() -> Result<()> {
    let Arguments { folder, megabytes } = Arguments::parse();
    std::fs::create_dir_all(&folder)?;
    std::fs::write(folder.join("tombstones.update"), tombstones()?)?;
    let letters = at_one_place()?;
    std::fs::write(
        folder.join("one-place.update"),
        merge_updates(&letters.iter().map(Vec::as_slice).collect::<Vec<_>>())?,
    )?;
    let framed: Vec<u8> = letters.iter().flat_map(|of| [&(of.len() as u32).to_le_bytes()[..], of].concat()).collect();
    std::fs::write(folder.join("one-place.updates"), framed)?;
    for megabytes in megabytes {
        make(&folder, megabytes)?;
    }
    Ok(())
}
