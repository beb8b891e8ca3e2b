//! The hash at the end of an export file.

use twox_hash::XxHash3_64;

/// XXH3 with 64 bits of each part, seeded with the hash of all parts before it: as good as one hash of all, and the code
/// that hashes rows does it.
#[derive(Debug)]
pub(super) struct FileHash(u64);

impl FileHash {
    pub(super) fn new() -> FileHash {
        FileHash(0)
    }

    /// Adds the head, or a whole frame.
    pub(super) fn add(&mut self, part: &[u8]) {
        self.0 = XxHash3_64::oneshot_with_seed(self.0, part);
    }

    pub(super) fn to_bytes(&self) -> [u8; 8] {
        self.0.to_le_bytes()
    }
}
