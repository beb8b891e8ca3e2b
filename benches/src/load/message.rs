//! The messages of y-websocket, as a client reads and writes them.

use anyhow::{Result, bail};
use merganser::lib0::{Reader, write_bytes, write_string, write_var_uint};

const SYNC: u64 = 0;
const AWARENESS: u64 = 1;
const QUERY_AWARENESS: u64 = 3;

const STEP_1: u64 = 0;
const STEP_2: u64 = 1;
const UPDATE: u64 = 2;

/// What a server sends.
#[derive(Debug)]
pub enum Message<'a> {
    /// It has this state vector and asks for what it lacks.
    Step1(&'a [u8]),
    /// What the client lacked, or the last of it.
    Step2(&'a [u8]),
    /// An update.
    Update(&'a [u8]),
    /// Cursors and names, which these clients don't look at.
    Awareness,
    /// Asks for the awareness that the client knows.
    QueryAwareness,
}

impl Message<'_> {
    /// Reads one frame.
    ///
    /// # Errors
    /// A frame that is none of these messages.
    pub fn read(frame: &[u8]) -> Result<Message<'_>> {
        let mut reader = Reader::new(frame);
        Ok(match reader.read_var_uint()? {
            SYNC => match reader.read_var_uint()? {
                STEP_1 => Message::Step1(reader.read_bytes()?),
                STEP_2 => Message::Step2(reader.read_bytes()?),
                UPDATE => Message::Update(reader.read_bytes()?),
                other => bail!("sync message of type {other}"),
            },
            AWARENESS => Message::Awareness,
            QUERY_AWARENESS => Message::QueryAwareness,
            other => bail!("message of type {other}"),
        })
    }
}

/// Sync step 1.
pub fn step_1(state_vector: &[u8]) -> Vec<u8> {
    sync(STEP_1, state_vector)
}

/// Sync step 2.
pub fn step_2(update: &[u8]) -> Vec<u8> {
    sync(STEP_2, update)
}

/// An update.
pub fn update(update: &[u8]) -> Vec<u8> {
    sync(UPDATE, update)
}

fn sync(kind: u64, bytes: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(bytes.len() + 12);
    write_var_uint(&mut out, SYNC);
    write_var_uint(&mut out, kind);
    write_bytes(&mut out, bytes);
    out
}

/// The awareness of one client: its name.
pub fn awareness(client_id: u32) -> Vec<u8> {
    let mut state = Vec::new();
    for number in [1, u64::from(client_id), 1] {
        write_var_uint(&mut state, number);
    }
    write_string(&mut state, &format!(r##"{{"user":{{"name":"writer {client_id}","color":"#1f7a8c"}}}}"##));
    let mut out = Vec::new();
    write_var_uint(&mut out, AWARENESS);
    write_bytes(&mut out, &state);
    out
}
