//! What a call changed in who shows what.

use crate::values::ClientId;
use smallvec::SmallVec;
use std::ops::Deref;

/// What a call changed, by client, in the order in which it happened.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Changes {
    /// Clients that show something for the first time.
    pub added: Clients,
    /// Clients that said something again, be it the same as before.
    pub updated: Clients,
    /// Those among `updated` whose state is another than before.
    pub changed: Clients,
    /// Clients that are gone. If our own is here, another said so: it stays, with a clock that shows it.
    pub removed: Clients,
}

impl Changes {
    /// Whether there is nothing to tell others.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.updated.is_empty() && self.removed.is_empty()
    }

    /// All clients of whom others are to be told, for [`Awareness::encode_update`](super::Awareness::encode_update).
    pub fn all(&self) -> impl Iterator<Item = ClientId> + '_ {
        self.added.iter().chain(self.updated.iter()).chain(self.removed.iter()).copied()
    }
}

/// A list of clients; it reads like a slice. One takes no memory of its own: nearly all messages are of one.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Clients(SmallVec<[ClientId; 1]>);

impl Clients {
    pub(super) fn push(&mut self, client: ClientId) {
        self.0.push(client);
    }
}

impl Deref for Clients {
    type Target = [ClientId];

    fn deref(&self) -> &[ClientId] {
        &self.0
    }
}

impl FromIterator<ClientId> for Clients {
    fn from_iter<I: IntoIterator<Item = ClientId>>(clients: I) -> Clients {
        Clients(clients.into_iter().collect())
    }
}
