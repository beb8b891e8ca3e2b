//! The messages of y-protocols, one in a frame: sync step 1 and 2, updates, awareness, refusals.

use crate::lib0::{Reader, write_bytes, write_string, write_var_uint};
use crate::values::{Error, ErrorKind};

const SYNC: u64 = 0;
const AWARENESS: u64 = 1;
const AUTH: u64 = 2;
const QUERY_AWARENESS: u64 = 3;

const STEP_1: u64 = 0;
const STEP_2: u64 = 1;
const UPDATE: u64 = 2;

const PERMISSION_DENIED: u64 = 0;

/// Whether a frame can be handled whatever is known of the document: a step 1 of a client that has nothing, and what is about
/// awareness.
pub(super) fn needs_nothing_known(frame: &[u8]) -> bool {
    matches!(frame, [0, 0, 1, 0] | [1 | 3, ..])
}

/// A message of y-protocols, as y-websocket frames it. What it carries is not looked into.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Message<'a> {
    /// Sync step 1: what the sender has, as an encoded state vector. It asks for a step 2.
    Step1(&'a [u8]),
    /// Sync step 2: what the receiver lacks, as an update.
    Step2(&'a [u8]),
    /// An edit, as an update.
    Update(&'a [u8]),
    /// An awareness update.
    Awareness(&'a [u8]),
    /// The receiver may not do what it asked for, and why.
    PermissionDenied(&'a str),
    /// Asks for the awareness of all whom the receiver knows.
    QueryAwareness,
    /// A message of another type, which stands here without its content; not known to y-protocols, to be ignored.
    Other(u64),
}

impl<'a> Message<'a> {
    /// Reads a frame. O(1).
    ///
    /// # Errors
    /// Bytes missing or left over, an unknown sync message, a reason that is not UTF-8.
    pub fn decode(frame: &'a [u8]) -> Result<Message<'a>, Error> {
        let mut from = Reader::new(frame);
        let message = match from.read_var_uint()? {
            SYNC => match from.read_var_uint()? {
                STEP_1 => Message::Step1(from.read_bytes()?),
                STEP_2 => Message::Step2(from.read_bytes()?),
                UPDATE => Message::Update(from.read_bytes()?),
                _ => return Err(from.error(ErrorKind::UnknownTag)),
            },
            AWARENESS => Message::Awareness(from.read_bytes()?),
            AUTH => match from.read_var_uint()? {
                PERMISSION_DENIED => Message::PermissionDenied(from.read_string()?),
                _ => return Ok(Message::Other(AUTH)),
            },
            QUERY_AWARENESS => Message::QueryAwareness,
            other => return Ok(Message::Other(other)),
        };
        from.expect_end()?;
        Ok(message)
    }

    /// Appends the frame of this message.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let mut with_bytes = |head: &[u64], bytes: &[u8]| {
            out.reserve(bytes.len() + 7);
            head.iter().for_each(|number| write_var_uint(out, *number));
            write_bytes(out, bytes);
        };
        match *self {
            Message::Step1(vector) => with_bytes(&[SYNC, STEP_1], vector),
            Message::Step2(update) => with_bytes(&[SYNC, STEP_2], update),
            Message::Update(update) => with_bytes(&[SYNC, UPDATE], update),
            Message::Awareness(update) => with_bytes(&[AWARENESS], update),
            Message::PermissionDenied(reason) => {
                write_var_uint(out, AUTH);
                write_var_uint(out, PERMISSION_DENIED);
                write_string(out, reason);
            }
            Message::QueryAwareness => write_var_uint(out, QUERY_AWARENESS),
            Message::Other(number) => write_var_uint(out, number),
        }
    }

    /// The frame of this message.
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        self.write_to(&mut out);
        out
    }
}
