//! What comes of a client behind something that it sent and that is worked on over several turns.

use super::effect::ConnectionId;
use super::opening::Waiting;

/// What waits behind it, in order.
#[derive(Debug, Default)]
pub(super) struct Behind {
    /// What the client sent.
    messages: Vec<Vec<u8>>,
    /// The client is gone.
    is_gone: bool,
}

impl Behind {
    pub(super) fn push(&mut self, message: &[u8]) {
        self.messages.push(message.to_vec());
    }

    /// The client is gone: all that it sent is taken first.
    pub(super) fn part(&mut self) {
        self.is_gone = true;
    }

    /// What it counts of the bytes that may wait.
    pub(super) fn cost(&self) -> usize {
        self.messages.iter().map(|message| Waiting::message_cost(message)).sum()
    }

    /// What is to be handled now.
    pub(super) fn into_waiting(self, connection: ConnectionId) -> Vec<Waiting> {
        let messages = self.messages.into_iter().map(|bytes| Waiting::Message { connection, bytes });
        messages.chain(self.is_gone.then_some(Waiting::Disconnect { connection })).collect()
    }
}
