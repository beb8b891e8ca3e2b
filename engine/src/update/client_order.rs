//! Whether the clients of an update or a delete set come in order.

use crate::values::ClientId;

/// What was seen of the clients so far.
#[derive(Debug, Default)]
pub(crate) struct ClientOrder {
    last: Option<ClientId>,
    rises: bool,
    falls: bool,
}

impl ClientOrder {
    /// Another client comes.
    pub(crate) fn note(&mut self, client: ClientId) {
        if let Some(last) = self.last.replace(client) {
            self.rises |= last < client;
            self.falls |= last > client;
        }
    }

    /// Whether they descend, as Yjs writes them, or ascend.
    pub(crate) fn is_kept(&self) -> bool {
        !(self.rises && self.falls)
    }
}
