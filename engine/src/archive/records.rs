//! The small records around the updates, and the only place that knows how they become bytes.
//!
//! They are serde types in `bincode` 2 ("standard" configuration: little-endian, var-ints) behind a version byte.
//! `bincode` is reported as unmaintained (RUSTSEC-2025-0141). It stays for now, with that exception: version 2.0.1
//! does what is needed and has no known defect, what it reads here has passed a row's hash, no document content
//! goes through it, and as nothing outside this module names it, it can be replaced here alone. The bytes are
//! pinned by `tests/archive_records.rs`.

use crate::lib0::{Reader, write_bytes};
use crate::values::{Error, ErrorKind};
use serde::{Deserialize, Serialize};

/// The manifest: names all other rows and holds what is known of the folded history.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// Bit 0 ([`Manifest::KEEPS_HISTORY`]): deleted content is never collected.
    pub flags: u32,
    /// The document's stamp.
    pub stamp: u64,
    /// Lowest format version among the rows.
    pub lowest_version: u8,
    /// Journal rows up to this sequence number are in the base.
    pub folded_sequence: u64,
    /// Number of the next base page.
    pub next_page: u32,
    /// Base pages that are in use: runs of first number and count, ascending.
    pub live_pages: Vec<(u32, u32)>,
    /// Bytes of the last base page's update.
    pub tail_bytes: u32,
    /// State vector of the base, as Yjs writes it; with client pages, only of the clients whose page is out of date.
    #[serde(with = "bytes")]
    pub state_vector: Vec<u8>,
    /// Delete set of the base, as Yjs writes it; with delete pages, only what is in none of them.
    #[serde(with = "bytes")]
    pub delete_set: Vec<u8>,
    /// The client id under which the server itself writes; 0 if it has none. (Since version 2, as what follows.)
    pub author: u64,
    /// The host's incarnation in which that id was taken; in another one a new id is taken.
    pub incarnation: u64,
    /// Sessions of clients without an engine, as far as they are folded.
    pub sessions: Vec<SessionRecord>,
    /// The rows that hold the state vector, ascending; none while it is small. (Since version 3, as what follows.)
    pub client_pages: Vec<SliceRecord>,
    /// The rows that hold the delete set, ascending; none while it is small.
    pub delete_pages: Vec<SliceRecord>,
    /// Number of the next client or delete page.
    pub next_slice: u32,
    /// From this base page on the next one is looked at for what was deleted. (Since version 4, as what follows.)
    pub next_swept: u32,
    /// Units that were deleted and for which no page was looked at yet.
    pub deleted_units: u64,
    /// The [`SliceHash`](super::SliceHash) of each client page, 0 where it is not known. (Since version 5, as what follows.)
    pub client_hashes: Vec<u64>,
    /// That of each delete page.
    pub delete_hashes: Vec<u64>,
    /// A state vector, as Yjs writes it: what client pages say of the clients in `state_vector`. Empty if nothing is known of that.
    #[serde(with = "bytes")]
    pub paged_clocks: Vec<u8>,
}

/// A row that holds what a state vector or a delete set says from an id on, up to the next such row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SliceRecord {
    /// Client of the first id that belongs here, and
    pub client: u64,
    /// its clock: 0 in a slice of a state vector.
    pub clock: u32,
    /// The row's number.
    pub row: u32,
}

/// How far a session's operations are in the document.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// Its name.
    #[serde(with = "text")]
    pub session: String,
    /// Its last operation that was carried out.
    pub id: u64,
    /// The revision that the document had after that.
    pub revision: u64,
}

/// What stands before the update in a journal slot.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct SlotSummary {
    /// Sequence number of the first flush in the slot; the last one's is in the envelope.
    pub first_sequence: u64,
    /// Client, first clock and clock after the last, for each client with structs in the slot.
    pub clients: Vec<(u64, u32, u32)>,
    /// Where the delete set begins, in bytes from the start of the update.
    pub deletes_at: u32,
    /// What clients that follow the document by revisions were told of the slot ([`ChangeRecord`](super::ChangeRecord)s),
    /// empty if there were none. (Since version 2)
    #[serde(skip)]
    pub changes: Vec<u8>,
}

/// What a host keeps with a connection while the room is out of memory.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct AttachmentRecord {
    /// Whether the connection may change the document.
    pub may_write: bool,
    /// Whether it has all that was there before it and gets live updates, and all its unstored edits are here. If
    /// not, it has to begin again.
    pub live: bool,
    /// Whether it has shown its awareness, and so will go on doing so.
    pub beats: bool,
    /// Awareness ids that it announced, with their clocks.
    pub awareness: Vec<(u64, u32)>,
    /// When the first edit of the tail came, in milliseconds of the host's clock.
    pub unstored_since_ms: u64,
    /// Its edits that are not stored yet: updates.
    #[serde(with = "byte_strings")]
    pub tail: Vec<Vec<u8>>,
    /// A client without an engine, and what it has. (Since version 2)
    pub follower: Option<FollowerRecord>,
    /// Not all of the tail was passed on to others. (Since version 3)
    pub tail_waits: bool,
}

/// A client that follows a root by revisions.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct FollowerRecord {
    /// The root; empty if it has not opened one.
    #[serde(with = "text")]
    pub root: String,
    /// Whether it sees formats.
    pub is_rich: bool,
    /// Whether its messages are binary.
    pub is_binary: bool,
    /// Its session.
    #[serde(with = "text")]
    pub session: String,
    /// The client id of the server that its revisions belong to.
    pub epoch: u64,
    /// The revision that it has.
    pub revision: u64,
    /// The revision that it was told last: from there to `revision` nothing has changed for it.
    pub heard: u64,
    /// The revision of the content that it was given last: it makes operations against earlier ones anew.
    pub given: u64,
    /// It waits for the content: it has opened the root and was not answered.
    pub waits: bool,
}

// A record without what a version added is written in the version before, byte for byte.
const MANIFEST_VERSION: u8 = 5;
/// What records of version 1 and of the following ones lack of a manifest, in bytes.
const MANIFEST_ADDED: [usize; 4] = [11, 8, 5, 3];
const SUMMARY_VERSION: u8 = 2;
const ATTACHMENT_VERSION: u8 = 3;
/// The same of an attachment.
const ATTACHMENT_ADDED: [usize; 2] = [2, 1];

impl Manifest {
    /// The record in bytes.
    pub fn encode(&self) -> Vec<u8> {
        let version = self.needed_version();
        encode(self, version, MANIFEST_ADDED.get(usize::from(version) - 1).copied().unwrap_or(0))
    }

    /// The first version that has all that it says.
    fn needed_version(&self) -> u8 {
        let has_hashes =
            !self.client_hashes.is_empty() || !self.delete_hashes.is_empty() || !self.paged_clocks.is_empty();
        let is_swept = self.next_swept > 0 || self.deleted_units > 0;
        let has_slices = self.next_slice > 0 || !self.client_pages.is_empty() || !self.delete_pages.is_empty();
        let has_author = self.author != 0 || self.incarnation != 0 || !self.sessions.is_empty();
        match (has_hashes, is_swept, has_slices, has_author) {
            (true, ..) => MANIFEST_VERSION,
            (_, true, ..) => 4,
            (.., true, _) => 3,
            (.., true) => 2,
            _ => 1,
        }
    }

    /// Reads the record.
    ///
    /// # Errors
    /// `NewerVersion`, or `DamagedRow` if the bytes are no manifest.
    pub fn decode(bytes: &[u8]) -> Result<Manifest, Error> {
        decode(bytes, MANIFEST_VERSION, &MANIFEST_ADDED, Manifest::needed_version)
    }
}

impl SlotSummary {
    /// Appends the record.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        out.push(if self.changes.is_empty() { 1 } else { SUMMARY_VERSION });
        append(out, self);
        if !self.changes.is_empty() {
            write_bytes(out, &self.changes);
        }
    }

    /// Reads the record at the front of a slot's body, and where the update behind it begins.
    ///
    /// # Errors
    /// `NewerVersion`, or `DamagedRow` if the bytes are no summary.
    pub fn decode(body: &[u8]) -> Result<(SlotSummary, usize), Error> {
        let (mut summary, len): (SlotSummary, usize) = read(body, SUMMARY_VERSION)?;
        if body[0] == 1 {
            return Ok((summary, len));
        }
        let mut from = Reader::starting_at(body, len);
        summary.changes = from.read_bytes().map_err(|_| Error::from(ErrorKind::DamagedRow))?.to_vec();
        Ok((summary, from.offset()))
    }
}

impl AttachmentRecord {
    /// The record in bytes.
    pub fn encode(&self) -> Vec<u8> {
        let version = self.needed_version();
        encode(self, version, ATTACHMENT_ADDED.get(usize::from(version) - 1).copied().unwrap_or(0))
    }

    fn needed_version(&self) -> u8 {
        match (self.tail_waits, &self.follower) {
            (true, _) => ATTACHMENT_VERSION,
            (_, Some(_)) => 2,
            _ => 1,
        }
    }

    /// Reads the record.
    ///
    /// # Errors
    /// `NewerVersion`, or `DamagedRow` if the bytes are no attachment.
    pub fn decode(bytes: &[u8]) -> Result<AttachmentRecord, Error> {
        decode(bytes, ATTACHMENT_VERSION, &ATTACHMENT_ADDED, AttachmentRecord::needed_version)
    }
}

/// A record in bytes, as a version writes it. `unused` is how many bytes at its end that version does not have; they say
/// nothing.
fn encode(record: &impl Serialize, version: u8, unused: usize) -> Vec<u8> {
    let mut out = vec![version];
    append(&mut out, record);
    out.truncate(out.len() - unused);
    out
}

/// Reads a record that fills the bytes. What each version from the first one on does not have is so many bytes of `added`
/// that say nothing: zeros. One that says more than its version has, for which `needed_version` is a later one, is damaged.
fn decode<T: for<'de> Deserialize<'de>>(
    bytes: &[u8],
    version: u8,
    added: &[usize],
    needed_version: fn(&T) -> u8,
) -> Result<T, Error> {
    let filled: Vec<u8>;
    let lacks = bytes.first().and_then(|found| added.get(usize::from(*found).wrapping_sub(1)));
    let bytes = match lacks {
        Some(lacks) => {
            filled = [bytes, &[0; MANIFEST_ADDED[0]][..*lacks]].concat();
            &filled
        }
        None => bytes,
    };
    let (record, len) = read(bytes, version)?;
    let is_whole = len == bytes.len() && needed_version(&record) <= bytes[0];
    if is_whole { Ok(record) } else { Err(Error::at(ErrorKind::DamagedRow, len)) }
}

fn append(out: &mut Vec<u8>, record: &impl Serialize) {
    let Ok(bytes) = bincode::serde::encode_to_vec(record, bincode::config::standard()) else {
        unreachable!("records have no values that bincode lacks");
    };
    out.extend_from_slice(&bytes);
}

fn read<T: for<'de> Deserialize<'de>>(bytes: &[u8], version: u8) -> Result<(T, usize), Error> {
    let damaged = Error::from(ErrorKind::DamagedRow);
    let (first, rest) = bytes.split_first().ok_or(damaged)?;
    match *first {
        found if found > version => Err(ErrorKind::NewerVersion.into()),
        0 => Err(damaged),
        _ => {
            let config = bincode::config::standard();
            let (record, len) = bincode::serde::borrow_decode_from_slice(rest, config).map_err(|_| damaged)?;
            Ok((record, 1 + len))
        }
    }
}

/// Byte strings as one length and the bytes, not value by value. They are read as slices of the record: asked for a
/// buffer, bincode would allocate whatever length is announced.
mod bytes {
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], to: S) -> Result<S::Ok, S::Error> {
        to.serialize_bytes(bytes)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<u8>, D::Error> {
        struct Bytes;
        impl Visitor<'_> for Bytes {
            type Value = Vec<u8>;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("bytes")
            }
            fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
                Ok(bytes.to_vec())
            }
        }
        from.deserialize_bytes(Bytes)
    }
}

/// A string, copied out of what is read: `bincode` would make room for its declared length first.
mod text {
    use serde::de::{Error, Visitor};
    use serde::{Deserializer, Serializer};

    pub(super) fn serialize<S: Serializer>(text: &str, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(text)
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<String, D::Error> {
        struct Text;
        impl Visitor<'_> for Text {
            type Value = String;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("text")
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<String, E> {
                Ok(text.to_string())
            }
        }
        from.deserialize_str(Text)
    }
}

/// Several of them.
mod byte_strings {
    use serde::de::{SeqAccess, Visitor};
    use serde::ser::SerializeSeq;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    #[derive(Serialize)]
    struct Written<'a>(#[serde(with = "super::bytes")] &'a [u8]);

    #[derive(Deserialize)]
    struct Read(#[serde(with = "super::bytes")] Vec<u8>);

    pub(super) fn serialize<S: Serializer>(all: &[Vec<u8>], to: S) -> Result<S::Ok, S::Error> {
        let mut list = to.serialize_seq(Some(all.len()))?;
        all.iter().try_for_each(|bytes| list.serialize_element(&Written(bytes)))?;
        list.end()
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(from: D) -> Result<Vec<Vec<u8>>, D::Error> {
        struct List;
        impl<'de> Visitor<'de> for List {
            type Value = Vec<Vec<u8>>;
            fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                f.write_str("byte strings")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Vec<Vec<u8>>, A::Error> {
                let mut all = Vec::new();
                while let Some(Read(bytes)) = list.next_element()? {
                    all.push(bytes);
                }
                Ok(all)
            }
        }
        from.deserialize_seq(List)
    }
}
