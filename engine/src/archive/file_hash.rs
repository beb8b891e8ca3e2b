//! The hash at the end of an export file.

use core::fmt;
use std::hash::Hasher;
use twox_hash::XxHash3_64;

/// XXH3 with 64 bits of what is added, piece by piece.
pub(super) struct FileHash(XxHash3_64);

impl FileHash {
    pub(super) fn new() -> FileHash {
        FileHash(XxHash3_64::new())
    }

    pub(super) fn add(&mut self, bytes: &[u8]) {
        self.0.write(bytes);
    }

    pub(super) fn to_bytes(&self) -> [u8; 8] {
        self.0.finish().to_le_bytes()
    }
}

impl fmt::Debug for FileHash {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("FileHash")
    }
}
