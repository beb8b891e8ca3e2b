//! Keys of stored rows, and what a store must be able to do with them.

/// What a row holds; the first part of its key. The numbers are stored and never change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[repr(u8)]
pub enum RowKind {
    /// The one row that names all others.
    Manifest = 0,
    /// A slot of the journal ring.
    Journal = 1,
    /// A slice of the state vector.
    ClientPage = 2,
    /// A slice of the delete set.
    DeletePage = 3,
    /// A page of about 64 KB of updates in arrival order.
    BasePage = 4,
    /// Updates that wait for what they depend on.
    Pending = 5,
    /// A part of a checkpoint.
    Checkpoint = 6,
    /// A version with a name.
    Version = 7,
}

/// The key of a row: kind, then number. Stores keep rows in the order of their keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RowKey {
    /// What the row holds.
    pub kind: RowKind,
    /// Which row of that kind.
    pub number: u32,
}

impl RowKey {
    /// The key of row `number` of `kind`.
    pub const fn new(kind: RowKind, number: u32) -> Self {
        RowKey { kind, number }
    }

    /// The key as one integer, `kind * 2^32 + number`, in the same order.
    pub const fn to_integer(self) -> i64 {
        (self.kind as i64) << 32 | self.number as i64
    }

    /// The key of this integer, if it is one.
    pub const fn from_integer(integer: i64) -> Option<RowKey> {
        let kind = match integer >> 32 {
            0 => RowKind::Manifest,
            1 => RowKind::Journal,
            2 => RowKind::ClientPage,
            3 => RowKind::DeletePage,
            4 => RowKind::BasePage,
            5 => RowKind::Pending,
            6 => RowKind::Checkpoint,
            7 => RowKind::Version,
            _ => return None,
        };
        Some(RowKey { kind, number: integer as u32 })
    }
}

/// One change of a batch; a batch is carried out whole or not at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RowWrite {
    /// Store these bytes under this key, replacing what is there.
    Put(RowKey, Vec<u8>),
    /// Remove the row, if it is there.
    Delete(RowKey),
}

/// What a store can take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostLimits {
    /// Largest row, in bytes.
    pub row_bytes: usize,
    /// Most rows in one batch.
    pub batch_rows: usize,
}

impl Default for HostLimits {
    /// Rows of 1.9 MB, which every store that we know takes, in batches of 1,000.
    fn default() -> Self {
        HostLimits { row_bytes: 1_900_000, batch_rows: 1_000 }
    }
}
