//! A trace played through an engine: typed by one replica, received by another.

use crate::peer::{Peer, Supported, Unsupported, Updates};
use crate::trace::Patch;

/// The writer of all typed text.
pub const WRITER: u32 = 1;
/// Whoever receives.
pub const READER: u32 = 1_000_000;

/// Types, one transaction for each edit.
pub fn local<P: Peer>(patches: &[Patch]) -> P {
    let mut peer = P::with_client(WRITER);
    patches.iter().for_each(|patch| peer.edit(patch));
    peer
}

/// Types, and writes the update of each edit into one buffer that is used again and again, as a provider may.
///
/// # Errors
/// A peer whose updates are no bytes.
pub fn local_to_updates<P: Peer>(patches: &[Patch]) -> Supported<P> {
    if !P::Updates::ARE_BYTES {
        return Err(Unsupported);
    }
    let mut peer = P::with_client(WRITER);
    let mut buffer = P::Updates::default();
    for patch in patches {
        buffer.clear();
        peer.edit_to_update(patch, &mut buffer)?;
    }
    Ok(peer)
}

/// The updates of all edits.
///
/// # Errors
/// A peer that sends nothing.
pub fn updates<P: Peer>(patches: &[Patch]) -> Supported<P::Updates> {
    let mut peer = P::with_client(WRITER);
    let mut updates = P::Updates::default();
    patches.iter().try_for_each(|patch| peer.edit_to_update(patch, &mut updates))?;
    Ok(updates)
}

/// Applies updates to an empty replica, each in a transaction of its own.
///
/// # Errors
/// A peer that receives nothing.
pub fn remote<P: Peer>(updates: &P::Updates) -> Supported<P> {
    let mut peer = P::with_client(READER);
    (0..updates.len()).try_for_each(|index| peer.apply(updates, index))?;
    Ok(peer)
}
