//! A WebSocket as the server sends on it: small messages are gathered, large ones go past the gathering.

use crate::outgoing::Frame;
use bytes::buf::Chain;
use bytes::{Buf, Bytes};
use futures_util::{SinkExt, StreamExt};
use hyper::upgrade::Upgraded;
use hyper_util::rt::TokioIo;
use merganser::sync::CloseReason;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::tungstenite::protocol::frame::{CloseFrame, FrameHeader};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message, Utf8Bytes};

/// Buffers of a connection: small, since most connections are silent most of the time. What is gathered is sent once it is
/// more than the latter.
const READ_BUFFER_BYTES: usize = 8 << 10;
const WRITE_BUFFER_BYTES: usize = 8 << 10;
/// Larger messages are not copied to be gathered. The buffer for that would stay as large as the largest of them.
const GATHERED_BYTES: usize = 1 << 10;
/// Most bytes of a frame's head.
const HEAD_BYTES: usize = 14;

/// A connection.
pub struct Wire {
    socket: WebSocketStream<TokioIo<Upgraded>>,
    /// Of a large message what is not sent yet.
    rest: Chain<Bytes, Bytes>,
}

impl Wire {
    /// The connection that a request was upgraded to. Larger messages than `most_bytes` are not taken.
    pub async fn new(upgraded: Upgraded, most_bytes: usize) -> Self {
        let config = WebSocketConfig::default()
            .max_message_size(Some(most_bytes))
            .max_frame_size(Some(most_bytes))
            .read_buffer_size(READ_BUFFER_BYTES)
            .write_buffer_size(WRITE_BUFFER_BYTES);
        let socket = WebSocketStream::from_raw_socket(TokioIo::new(upgraded), Role::Server, Some(config)).await;
        Wire { socket, rest: Bytes::new().chain(Bytes::new()) }
    }

    /// The next message. Pings are answered.
    pub async fn receive(&mut self) -> Option<Result<Message, Error>> {
        self.socket.next().await
    }

    /// Sends a message, or gathers it until `flush`. Given up half-way, it is taken up again by whatever is sent next.
    pub async fn feed(&mut self, message: Frame) -> Result<(), Error> {
        self.send_rest().await?;
        let Frame { bytes, is_text } = message;
        if bytes.len() <= GATHERED_BYTES {
            let message = match is_text {
                true => Message::Text(Utf8Bytes::try_from(bytes).map_err(|_| Error::Utf8("of our own".into()))?),
                false => Message::Binary(bytes),
            };
            return self.socket.feed(message).await;
        }
        self.socket.flush().await?;
        let opcode = OpCode::Data(if is_text { Data::Text } else { Data::Binary });
        let mut head = Vec::with_capacity(HEAD_BYTES);
        FrameHeader { opcode, ..FrameHeader::default() }.format(bytes.len() as u64, &mut head)?;
        self.rest = Bytes::from(head).chain(bytes);
        self.send_rest().await
    }

    /// Asks whether the other side is there.
    pub async fn ping(&mut self) -> Result<(), Error> {
        self.send_rest().await?;
        self.socket.send(Message::Ping(Bytes::new())).await
    }

    /// Sends what is gathered.
    pub async fn flush(&mut self) -> Result<(), Error> {
        self.send_rest().await?;
        self.socket.flush().await
    }

    /// Says why, and reads on until the client has answered: an unread message would cut the close frame off.
    pub async fn close(&mut self, reason: CloseReason) {
        let frame = CloseFrame { code: reason.code.into(), reason: reason.reason.into() };
        if self.send_rest().await.is_ok() && self.socket.send(Message::Close(Some(frame))).await.is_ok() {
            while let Some(Ok(_)) = self.socket.next().await {}
        }
    }

    /// What is sent past the socket's own buffer begins and ends while that is empty.
    async fn send_rest(&mut self) -> Result<(), Error> {
        if self.rest.has_remaining() {
            self.socket.get_mut().write_all_buf(&mut self.rest).await?;
        }
        Ok(())
    }
}
