//! Updates as a peer sends them, one behind the other.

use super::{Supported, Unsupported};

/// A list of updates.
pub trait Updates: Default + 'static {
    /// Whether they are bytes; if not, nothing is decoded when they are applied, and they can't be sent anywhere.
    const ARE_BYTES: bool;

    /// How many.
    fn len(&self) -> usize;

    /// Whether there is none.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// One update that came in bytes.
    ///
    /// # Errors
    /// If they are no bytes.
    fn of_bytes(_bytes: &[u8]) -> Supported<Self> {
        Err(Unsupported)
    }

    /// Forgets them and keeps the memory.
    fn clear(&mut self);
}

/// Updates in bytes, in one buffer, as they would come from a network. In pieces all over the heap that the replays before
/// have left in disorder, half of what is measured would be the wait for them.
#[derive(Debug, Default)]
pub struct Frames {
    bytes: Vec<u8>,
    /// Where each of them ends.
    ends: Vec<usize>,
}

impl Frames {
    /// Lets `write` append one update.
    pub fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len());
    }

    /// One of them.
    pub fn at(&self, index: usize) -> &[u8] {
        let start = if index == 0 { 0 } else { self.ends[index - 1] };
        &self.bytes[start..self.ends[index]]
    }

    /// All of them, in order.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|index| self.at(index))
    }
}

impl Updates for Frames {
    const ARE_BYTES: bool = true;

    fn len(&self) -> usize {
        self.ends.len()
    }

    fn of_bytes(bytes: &[u8]) -> Supported<Frames> {
        Ok(Frames { bytes: bytes.to_vec(), ends: vec![bytes.len()] })
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}
