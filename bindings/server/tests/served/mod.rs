//! A server on a port of its own, and the smallest clients that can talk to it.

use bytes::Bytes;
use futures_util::{SinkExt, StreamExt};
use merganser::Any;
use merganser::ot::{ClientMessage, Form, ServerMessage, Subject};
use merganser::sync::RoomConfig;
use merganser_server::clock::Clock;
use merganser_server::document::Surroundings;
use merganser_server::metrics::Metrics;
use merganser_server::rooms::Rooms;
use merganser_server::router::{App, router};
use merganser_server::storage::Storage;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc::channel;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message as Frame;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// Nothing here takes so long.
const LONG: Duration = Duration::from_secs(10);
/// Largest message that the server takes.
pub const MESSAGE_BYTES: usize = 100_000;

/// A server.
pub struct Served {
    _folder: tempfile::TempDir,
    pub rooms: Arc<Rooms>,
    pub metrics: Arc<Metrics>,
    address: SocketAddr,
}

/// Starts one.
pub async fn served() -> Served {
    let folder = tempfile::tempdir().expect("a folder");
    let metrics = Arc::new(Metrics::default());
    let storage = Arc::new(Storage::open(folder.path(), metrics.clone()).expect("the folder can be used"));
    let mut config = RoomConfig { incarnation: 1, ..RoomConfig::default() };
    config.limits.message_bytes = MESSAGE_BYTES;
    let around = Surroundings { config, storage: storage.clone(), metrics: metrics.clone(), clock: Clock::start() };
    let rooms = Rooms::new(around);
    let app = App {
        rooms: rooms.clone(),
        storage,
        metrics: metrics.clone(),
        message_bytes: MESSAGE_BYTES,
        outgoing_bytes: 1 << 20,
        admin_token: None,
        alive: channel(1).0,
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("it has an address");
    tokio::spawn(axum::serve(listener, router(Arc::new(app))).into_future());
    Served { _folder: folder, rooms, metrics, address }
}

/// What was answered to a request.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Served {
    pub async fn get(&self, target: &str) -> Answer {
        self.ask("GET", target, "", "").await
    }

    pub async fn post(&self, target: &str, body: &str) -> Answer {
        self.ask("POST", target, "", body).await
    }

    /// Makes a request; `headers` end in CRLF each.
    pub async fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> Answer {
        let mut stream = self.send(method, target, headers, body).await;
        let mut answer = Vec::new();
        timeout(LONG, stream.read_to_end(&mut answer)).await.expect("in time").expect("an answer");
        let answer = String::from_utf8(answer).expect("text");
        let (head, body) = answer.split_once("\r\n\r\n").expect("a head");
        let head = head.to_ascii_lowercase();
        Answer { status: head[9..12].parse().expect("a status"), body: body.to_owned(), head }
    }

    /// Makes a request and leaves its answer to be read.
    pub async fn send(&self, method: &str, target: &str, headers: &str, body: &str) -> TcpStream {
        let mut stream = TcpStream::connect(self.address).await.expect("connects");
        let len = body.len();
        let head = format!("{method} {target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nContent-Length: {len}\r\n");
        // The server may refuse a body before it was sent.
        stream.write_all(format!("{head}{headers}\r\n{body}").as_bytes()).await.ok();
        stream
    }

    /// Opens a stream of server-sent events.
    pub async fn listen(&self, target: &str, headers: &str) -> Listener {
        let headers = format!("Accept: text/event-stream\r\n{headers}");
        Listener { stream: self.send("GET", target, &headers, "").await, seen: String::new() }
    }

    /// Opens a WebSocket that offers these subprotocols; `None` for none.
    pub async fn connect(&self, name: &str, protocols: Option<&'static str>) -> Socket {
        let mut request = format!("ws://{}/{name}", self.address).into_client_request().expect("an address");
        if let Some(protocols) = protocols {
            request.headers_mut().insert("sec-websocket-protocol", protocols.parse().expect("a header"));
        }
        let stream = TcpStream::connect(self.address).await.expect("connects");
        let (socket, answer) = tokio_tungstenite::client_async(request, stream).await.expect("is taken");
        let protocol = answer.headers().get("sec-websocket-protocol");
        Socket { socket, protocol: protocol.map(|protocol| protocol.to_str().expect("text").to_owned()) }
    }

    /// Waits until no document is in memory.
    pub async fn wait_until_empty(&self) {
        let emptied = timeout(LONG, async {
            while self.rooms.count() > 0 {
                sleep(Duration::from_millis(1)).await;
            }
        });
        emptied.await.expect("documents leave memory");
    }
}

impl Answer {
    /// A member of the JSON that was answered, or of its `error`.
    pub fn member(&self, name: &str) -> Any {
        assert!(self.head.contains("content-type: application/json"), "{}", self.head);
        assert!(self.head.contains("cache-control: no-store"), "{}", self.head);
        let find = |of: &Any, name: &str| match of {
            Any::Object(members) => members.iter().find(|(key, _)| **key == *name).map(|(_, value)| value.clone()),
            _ => None,
        };
        let body = Any::from_json(&self.body).expect("JSON");
        let found = find(&body, name).or_else(|| find(&find(&body, "error")?, name));
        found.unwrap_or_else(|| panic!("{name} is missing: {}", self.body))
    }

    pub fn text(&self, name: &str) -> String {
        let Any::String(text) = self.member(name) else { panic!("{name} is no text: {}", self.body) };
        text.into()
    }

    pub fn number(&self, name: &str) -> u64 {
        let Any::Number(number) = self.member(name) else { panic!("{name} is no number: {}", self.body) };
        number as u64
    }
}

/// Who listens to server-sent events.
pub struct Listener {
    stream: TcpStream,
    /// All that came.
    pub seen: String,
}

impl Listener {
    /// Waits until `wanted` has come.
    pub async fn wait_for(&mut self, wanted: &str) {
        while !self.seen.contains(wanted) {
            assert!(self.read().await > 0, "the stream ends before {wanted}: {}", self.seen);
        }
    }

    /// Waits until the stream has ended.
    pub async fn wait_for_end(&mut self) {
        while self.read().await > 0 {}
    }

    async fn read(&mut self) -> usize {
        let mut part = [0; 4_096];
        let len = timeout(LONG, self.stream.read(&mut part)).await.expect("in time").expect("reads");
        self.seen.push_str(std::str::from_utf8(&part[..len]).expect("text"));
        len
    }
}

/// A WebSocket.
pub struct Socket {
    socket: WebSocketStream<TcpStream>,
    /// The subprotocol that the server has chosen.
    pub protocol: Option<String>,
}

impl Socket {
    pub async fn send(&mut self, frame: Frame) {
        self.socket.send(frame).await.expect("is sent");
    }

    pub async fn receive(&mut self) -> Frame {
        timeout(LONG, self.socket.next()).await.expect("in time").expect("more").expect("a frame")
    }

    /// Sends a message of the OT protocol.
    pub async fn say(&mut self, message: &ClientMessage, form: Form) {
        let bytes = message.encode(form);
        self.send(match form {
            Form::Json => Frame::Text(String::from_utf8(bytes).expect("JSON is text").into()),
            Form::Binary => Frame::Binary(bytes.into()),
        })
        .await;
    }

    /// Receives one, which has to come in this form.
    pub async fn hear(&mut self, form: Form) -> ServerMessage {
        let bytes: Bytes = match (self.receive().await, form) {
            (Frame::Text(text), Form::Json) => text.into(),
            (Frame::Binary(bytes), Form::Binary) => bytes,
            (frame, _) => panic!("not in the form of what was sent: {frame:?}"),
        };
        ServerMessage::decode(&bytes).expect("a message")
    }

    /// Opens a root; gives its revision.
    pub async fn open(&mut self, root: &str, session: &str, form: Form) -> u64 {
        let subject = Subject { root: root.into(), is_rich: false, session: session.into() };
        self.say(&ClientMessage::Open { subject, from: None }, form).await;
        match self.hear(form).await {
            ServerMessage::Content { revision, .. } => revision,
            other => panic!("not the content: {other:?}"),
        }
    }
}
