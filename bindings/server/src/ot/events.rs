//! A stream of server-sent events: what the document sends a listener, and a sign of life where it is silent.

use crate::outgoing::{Batch, Frame, Outgoing, SENDING};
use crate::rooms::Seat;
use axum::body::Body;
use bytes::Bytes;
use futures_util::stream::poll_fn;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::{Sender, channel};
use tokio::time::{MissedTickBehavior, interval, timeout};

/// How often something is sent, so that proxies keep the connection open.
const BEAT: Duration = Duration::from_secs(20);
/// A comment.
const SIGN_OF_LIFE: Bytes = Bytes::from_static(b":\n\n");

/// The body of the answer. It ends when the document closes the connection.
pub fn body(seat: Seat, outgoing: Arc<Outgoing>) -> Body {
    let (sender, mut receiver) = channel(1);
    // A task of its own: the body of a client that takes nothing is never asked for more, and would keep its seat for ever.
    tokio::spawn(relay(seat, outgoing, sender));
    Body::from_stream(poll_fn(move |context| receiver.poll_recv(context).map(|part| part.map(Ok::<_, Infallible>))))
}

/// Passes messages on until the document ends it, or the client has gone or is too slow.
async fn relay(_seat: Seat, outgoing: Arc<Outgoing>, body: Sender<Bytes>) {
    let mut beat = interval(BEAT);
    beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
    beat.reset();
    loop {
        let Batch { messages, end } = tokio::select! {
            biased;
            () = outgoing.filled() => outgoing.take(),
            () = body.closed() => return,
            _ = beat.tick() => Batch { messages: vec![Frame { bytes: SIGN_OF_LIFE, is_text: true }], end: None },
        };
        let is_sent = tokio::select! {
            is_sent = send(&body, messages) => is_sent,
            () = outgoing.overflowed() => false,
        };
        if !is_sent || end.is_some() {
            return;
        }
    }
}

async fn send(body: &Sender<Bytes>, messages: Vec<Frame>) -> bool {
    for message in messages {
        if !matches!(timeout(SENDING, body.send(message.bytes)).await, Ok(Ok(()))) {
            return false;
        }
    }
    true
}
