//! Who wrote what: client ids, clocks, and the ids made of both.

use core::fmt;

/// A writer's number, at most 53 bits (a JavaScript number that is exact).
///
/// A client id belongs to one session of one writer: two writers that use the same one at the same time
/// overwrite each other.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct ClientId(u64);

impl ClientId {
    /// The largest id, `2^53 - 1`.
    pub const MAX: ClientId = ClientId((1 << 53) - 1);

    /// The id with this number; bits above the 53rd are cut off.
    pub const fn new(number: u64) -> Self {
        ClientId(number & Self::MAX.0)
    }

    /// The id as a number.
    pub const fn value(self) -> u64 {
        self.0
    }
}

impl From<u32> for ClientId {
    fn from(number: u32) -> Self {
        ClientId(number.into())
    }
}

impl fmt::Debug for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A client's logical time: how many units (UTF-16 code units of text, elements, marks) it wrote before.
pub type Clock = u32;

/// The name of one unit of content: the client that wrote it and its clock then.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Id {
    /// Who wrote it.
    pub client: ClientId,
    /// The how-manieth unit of that client it is, from 0.
    pub clock: Clock,
}

impl Id {
    /// The id of unit `clock` of `client`.
    pub const fn new(client: ClientId, clock: Clock) -> Self {
        Id { client, clock }
    }
}

impl fmt::Debug for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.clock, self.client)
    }
}
