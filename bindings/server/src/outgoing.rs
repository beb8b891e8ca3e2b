//! What waits to be sent on one connection: shared bytes, bounded.

use bytes::Bytes;
use merganser::sync::CloseReason;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// The connection takes less than what it is sent.
pub const TOO_SLOW: CloseReason = CloseReason { code: 4504, reason: "the connection is too slow" };

/// How long one message may take to be handed to the operating system.
pub const SENDING: Duration = Duration::from_secs(60);

/// A message as it is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// The whole message.
    pub bytes: Bytes,
    /// Whether it is text (UTF-8).
    pub is_text: bool,
}

/// Messages on their way to one connection. A document puts them in, the connection's task takes them out.
#[derive(Debug)]
pub struct Outgoing {
    queue: Mutex<Queue>,
    most_bytes: usize,
    filled: Notify,
    overflowed: Notify,
}

#[derive(Debug, Default)]
struct Queue {
    messages: Vec<Frame>,
    /// Bytes that wait or are being sent, and those of them that are being sent.
    bytes: usize,
    taken_bytes: usize,
    end: Option<CloseReason>,
}

/// What is to be sent next.
#[derive(Debug)]
pub struct Batch {
    /// Whole messages, in order.
    pub messages: Vec<Frame>,
    /// If nothing follows them: why the connection is to be closed.
    pub end: Option<CloseReason>,
}

impl Outgoing {
    /// A queue for at most so many bytes. They are shared with the other receivers of a message.
    pub fn new(most_bytes: usize) -> Self {
        Outgoing { queue: Mutex::default(), most_bytes, filled: Notify::new(), overflowed: Notify::new() }
    }

    /// Appends a message. One that would pass the limit ends the connection instead.
    pub fn push(&self, message: Frame) {
        let mut queue = self.lock();
        if queue.end.is_some() {
            return;
        }
        if queue.bytes + message.bytes.len() > self.most_bytes {
            queue.end = Some(TOO_SLOW);
            queue.messages = Vec::new();
            self.overflowed.notify_one();
        } else {
            queue.bytes += message.bytes.len();
            queue.messages.push(message);
        }
        drop(queue);
        self.filled.notify_one();
    }

    /// Closes the connection once what waits is sent.
    pub fn close(&self, reason: CloseReason) {
        self.lock().end.get_or_insert(reason);
        self.filled.notify_one();
    }

    /// Waits until there is something to take.
    pub async fn filled(&self) {
        self.filled.notified().await;
    }

    /// Waits until the limit was passed.
    pub async fn overflowed(&self) {
        self.overflowed.notified().await;
    }

    /// Takes all that waits; what was taken before has been sent.
    pub fn take(&self) -> Batch {
        let mut queue = self.lock();
        queue.bytes -= queue.taken_bytes;
        queue.taken_bytes = queue.bytes;
        Batch { messages: std::mem::take(&mut queue.messages), end: queue.end }
    }

    fn lock(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(len: usize) -> Frame {
        Frame { bytes: Bytes::from(vec![7; len]), is_text: false }
    }

    #[test]
    fn messages_come_out_in_order_and_before_the_end() {
        let outgoing = Outgoing::new(100);
        outgoing.push(message(1));
        outgoing.push(message(2));
        outgoing.close(TOO_SLOW);
        outgoing.push(message(3));
        let batch = outgoing.take();
        assert_eq!(batch.messages, [message(1), message(2)]);
        assert_eq!(batch.end, Some(TOO_SLOW));
    }

    #[test]
    fn what_is_being_sent_counts_until_the_next_take() {
        let outgoing = Outgoing::new(10);
        outgoing.push(message(6));
        assert_eq!(outgoing.take().messages.len(), 1);
        outgoing.push(message(4));
        assert_eq!(outgoing.take().end, None, "ten bytes fit");
        outgoing.push(message(6));
        assert_eq!(outgoing.take().end, None, "the first six are sent");
        outgoing.push(message(5));
        let batch = outgoing.take();
        assert_eq!((batch.messages.len(), batch.end), (0, Some(TOO_SLOW)));
    }
}
