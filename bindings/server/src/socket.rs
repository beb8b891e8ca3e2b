//! One WebSocket connection: its messages go to its document, the document's go to it.

use crate::event::Client;
use crate::outgoing::{Batch, Frame, Outgoing, SENDING, TOO_SLOW};
use crate::rooms::{Rooms, Seat};
use crate::wire::Wire;
use merganser::sync::CloseReason;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{MissedTickBehavior, interval, timeout};
use tokio_tungstenite::tungstenite::{Error, Message};

/// How often it is looked whether a connection was silent. Silent for a whole span, it is asked whether it is there;
/// for another one, and it is taken for dead.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a client has to answer a close.
const CLOSING: Duration = Duration::from_secs(1);

const TEXT: CloseReason = CloseReason { code: 1003, reason: "messages are binary" };
/// The program has a defect.
const NO_TEXT: CloseReason = CloseReason { code: 1011, reason: "a message could not be sent; connect again" };
const BAD_FRAME: CloseReason = CloseReason { code: 1002, reason: "a malformed frame, or a message that is too large" };

/// Why a connection ends.
enum End {
    /// The client has gone.
    Gone,
    /// It is told why.
    Close(CloseReason),
}

/// Serves a connection to the document of this name until one of both ends it.
pub async fn serve(mut wire: Wire, rooms: Arc<Rooms>, name: &str, client: Client, outgoing_bytes: usize) {
    let takes_text = matches!(client, Client::Ot);
    let outgoing = Arc::new(Outgoing::new(outgoing_bytes));
    let end = match rooms.connect(name, client, outgoing.clone()) {
        Ok(seat) => relay(&mut wire, &seat, &outgoing, takes_text).await,
        Err(reason) => End::Close(reason),
    };
    if let End::Close(reason) = end {
        // A client that does not take its close frame has gone, too.
        timeout(CLOSING, wire.close(reason)).await.ok();
    }
}

/// Passes messages on in both directions.
async fn relay(wire: &mut Wire, seat: &Seat, outgoing: &Outgoing, takes_text: bool) -> End {
    let mut silence = interval(SILENCE);
    silence.set_missed_tick_behavior(MissedTickBehavior::Delay);
    silence.reset();
    let mut silent_beats = 0;
    loop {
        tokio::select! {
            biased;
            () = outgoing.filled() => {
                let Batch { messages, end } = outgoing.take();
                let sent = tokio::select! {
                    sent = send(wire, messages) => sent,
                    () = outgoing.overflowed() => Err(End::Close(TOO_SLOW)),
                };
                match (sent, end) {
                    (Err(end), _) => return end,
                    (Ok(()), Some(reason)) => return End::Close(reason),
                    (Ok(()), None) => {}
                }
            }
            message = wire.receive() => {
                silent_beats = 0;
                match message {
                    Some(Ok(Message::Binary(bytes))) => seat.receive(bytes).await,
                    Some(Ok(Message::Text(text))) if takes_text => seat.receive(text.into()).await,
                    Some(Ok(Message::Text(_))) => return End::Close(TEXT),
                    // Pings are answered by the library.
                    Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                    Some(Ok(Message::Close(_))) | None => return End::Gone,
                    Some(Err(_)) => return End::Close(BAD_FRAME),
                }
            }
            _ = silence.tick() => {
                silent_beats += 1;
                match silent_beats {
                    1 => {}
                    2 => if let Err(end) = in_time(wire.ping()).await {
                        return end;
                    },
                    _ => return End::Gone,
                }
            }
        }
    }
}

/// Sends messages with as few writes as possible.
async fn send(wire: &mut Wire, messages: Vec<Frame>) -> Result<(), End> {
    for message in messages {
        in_time(wire.feed(message)).await?;
    }
    in_time(wire.flush()).await
}

/// Waits until something is handed to the operating system, but not for too long.
async fn in_time(sent: impl Future<Output = Result<(), Error>>) -> Result<(), End> {
    match timeout(SENDING, sent).await {
        Ok(Ok(())) => Ok(()),
        Ok(Err(Error::Utf8(_))) => Err(End::Close(NO_TEXT)),
        Ok(Err(_)) => Err(End::Gone),
        Err(_) => Err(End::Close(TOO_SLOW)),
    }
}
