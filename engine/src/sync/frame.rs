//! Messages as a room sends them: whole frames, made once and shared by all who get them.

use crate::lib0::{write_bytes, write_string, write_var_uint};
use std::sync::Arc;

const SYNC: u8 = 0;
const AWARENESS: u8 = 1;
const AUTH: u8 = 2;
const QUERY_AWARENESS: u8 = 3;

const STEP_1: u8 = 0;
const STEP_2: u8 = 1;
const UPDATE: u8 = 2;

/// Sync step 1 with this state vector.
pub(super) fn step_1(vector: &[u8]) -> Arc<[u8]> {
    wrap(&[SYNC, STEP_1], vector)
}

/// An update.
pub(super) fn update(update: &[u8]) -> Arc<[u8]> {
    wrap(&[SYNC, UPDATE], update)
}

/// Sync step 2 with nothing in it, which ends a handshake.
pub(super) fn last_step_2() -> Arc<[u8]> {
    wrap(&[SYNC, STEP_2], &[0, 0])
}

/// An awareness update.
pub(super) fn awareness(update: &[u8]) -> Arc<[u8]> {
    wrap(&[AWARENESS], update)
}

/// Asks for the awareness that the other side knows.
pub(super) fn query_awareness() -> Arc<[u8]> {
    Arc::from([QUERY_AWARENESS].as_slice())
}

/// Says that something was refused, and why.
pub(super) fn permission_denied(reason: &str) -> Arc<[u8]> {
    let mut out = vec![AUTH];
    write_var_uint(&mut out, 0);
    write_string(&mut out, reason);
    out.into()
}

fn wrap(head: &[u8], bytes: &[u8]) -> Arc<[u8]> {
    let mut out = Vec::with_capacity(head.len() + bytes.len() + 5);
    out.extend_from_slice(head);
    write_bytes(&mut out, bytes);
    out.into()
}
