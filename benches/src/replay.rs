//! A trace played through an engine: typed by one replica, received by another.

use crate::peer::Peer;
use crate::trace::Trace;

/// The writer of all typed text.
const WRITER: u32 = 1;
/// Whoever receives.
const READER: u32 = 2;

/// Types the trace, one transaction for each edit.
pub fn local<P: Peer>(trace: &Trace) -> P {
    let mut peer = P::with_client(WRITER);
    trace.patches.iter().for_each(|patch| peer.edit(patch));
    peer
}

/// Types the trace and writes the update of each edit, as a provider needs it; gives the sum of their bytes.
pub fn local_to_updates<P: Peer>(trace: &Trace) -> (P, usize) {
    let mut peer = P::with_client(WRITER);
    let bytes = trace.patches.iter().map(|patch| peer.edit_to_update(patch).len()).sum();
    (peer, bytes)
}

/// The updates of a trace, one for each edit that changes something.
pub fn updates<P: Peer>(trace: &Trace) -> Vec<Vec<u8>> {
    let mut peer = P::with_client(WRITER);
    let updates = trace.patches.iter().map(|patch| peer.edit_to_update(patch));
    updates.filter(|update| !update.is_empty()).collect()
}

/// Applies updates to an empty replica, each in a transaction of its own.
pub fn remote<P: Peer>(updates: &[Vec<u8>]) -> P {
    let mut peer = P::with_client(READER);
    updates.iter().for_each(|update| peer.apply(update));
    peer
}

/// Applies one update, a whole document, to an empty replica.
pub fn load<P: Peer>(update: &[u8]) -> P {
    let mut peer = P::with_client(READER);
    peer.apply(update);
    peer
}
