//! One y-websocket client: a document that types and keeps up with what others type.

use super::message::{self, Message};
use anyhow::{Context, Result, bail};
use futures_util::{SinkExt, StreamExt};
use merganser::{ClientId, Doc, Options, Text, update};
use tokio::net::TcpStream;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;

/// A connection and the document behind it.
pub struct Client {
    socket: WebSocketStream<TcpStream>,
    client_id: u32,
    doc: Doc,
    text: Text,
    cursor: u32,
    is_synced: bool,
}

impl Client {
    /// Connects to a room and sends what y-websocket sends first: its step 1 and its awareness.
    pub async fn connect(port: u16, room: &str, client_id: u32) -> Result<Client> {
        let stream = TcpStream::connect(("127.0.0.1", port)).await?;
        stream.set_nodelay(true)?;
        let address = format!("ws://127.0.0.1:{port}/{room}");
        let (socket, _) = tokio_tungstenite::client_async(address, stream).await?;
        let mut doc = Doc::new(Options::new(ClientId::from(client_id)));
        let text = doc.text("text");
        let mut client = Client { socket, client_id, doc, text, cursor: 0, is_synced: false };
        client.ask().await?;
        client.send(message::awareness(client_id)).await?;
        Ok(client)
    }

    /// Sends a step 1; its answer makes the client synced.
    pub async fn ask(&mut self) -> Result<()> {
        self.is_synced = false;
        let vector = self.doc.encode_state_vector();
        self.send(message::step_1(&vector)).await
    }

    /// Whether the last step 1 was answered.
    pub fn is_synced(&self) -> bool {
        self.is_synced
    }

    /// How many units its document has seen.
    pub fn units(&self) -> u64 {
        self.doc.state_vector().iter().map(|(_, clock)| u64::from(clock)).sum()
    }

    /// Its document's text.
    pub fn text(&self) -> String {
        self.text.to_string(&self.doc)
    }

    /// Types one character after its last and sends it.
    pub async fn type_one(&mut self) -> Result<()> {
        let index = self.cursor.min(self.text.len(&self.doc));
        let mut transaction = self.doc.transact();
        self.text.insert(&mut transaction, index, "d")?;
        let update = transaction.commit().update_v1().context("an edit without an update")?;
        self.cursor = index + 1;
        self.send_update(&update).await
    }

    /// Sends an update as if it were its own.
    pub async fn send_update(&mut self, update: &[u8]) -> Result<()> {
        self.send(message::update(update)).await
    }

    /// Waits for one frame, applies and answers it. Cancelling loses nothing: the wait is for whole frames.
    pub async fn receive(&mut self) -> Result<()> {
        let frame = self.frame().await?;
        self.take(&frame).await
    }

    /// Waits for one frame and gives its bytes, neither applied nor answered.
    pub async fn frame(&mut self) -> Result<Vec<u8>> {
        loop {
            match self.socket.next().await.context("the server closed the connection")?? {
                Frame::Binary(bytes) => return Ok(bytes.into()),
                Frame::Close(reason) => bail!("the server closed the connection: {reason:?}"),
                _ => {}
            }
        }
    }

    /// Applies a frame's content and answers it.
    pub async fn take(&mut self, frame: &[u8]) -> Result<()> {
        match Message::read(frame)? {
            Message::Step1(vector) => {
                let known = update::decode_state_vector(vector)?;
                let state = self.doc.encode_state_as_update(&known);
                self.send(message::step_2(&state)).await?;
            }
            Message::Step2(update) => {
                self.doc.apply_update(update)?;
                self.is_synced = true;
            }
            Message::Update(update) => {
                self.doc.apply_update(update)?;
            }
            Message::Awareness => {}
            Message::QueryAwareness => self.send(message::awareness(self.client_id)).await?,
        }
        Ok(())
    }

    async fn send(&mut self, bytes: Vec<u8>) -> Result<()> {
        Ok(self.socket.send(Frame::Binary(bytes.into())).await?)
    }
}
