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

/// Updates one behind the other in one buffer, as they would come from a network. In pieces all over the heap that the
/// replays before have left in disorder, half of what is measured would be the wait for them.
pub struct Updates {
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Updates {
    /// The updates, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, end)| &self.bytes[start..*end])
    }
}

/// The updates of a trace, one for each edit that changes something.
pub fn updates<P: Peer>(trace: &Trace) -> Updates {
    let mut peer = P::with_client(WRITER);
    let mut updates = Updates { bytes: Vec::new(), ends: Vec::new() };
    for update in trace.patches.iter().map(|patch| peer.edit_to_update(patch)).filter(|update| !update.is_empty()) {
        updates.bytes.extend_from_slice(&update);
        updates.ends.push(updates.bytes.len());
    }
    updates
}

/// Applies updates to an empty replica, each in a transaction of its own.
pub fn remote<P: Peer>(updates: &Updates) -> P {
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
