//! WebSockets: the handshake, and messages of all sizes in order.

#[allow(dead_code, reason = "other tests use the rest")]
mod served;

use bytes::Bytes;
use served::served;
use tokio_tungstenite::tungstenite::Message as Frame;

const HANDSHAKE: &str =
    "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
/// A sync step 1 with an empty state vector.
const STEP_1: Bytes = Bytes::from_static(&[0, 0, 1, 0]);

/// An update message: a client inserts so many letters before all others of an empty text "t".
fn typed(client: u8, letter: u8, count: usize) -> Bytes {
    let var_uint = |mut value: usize| {
        let mut bytes = Vec::new();
        while value > 127 {
            bytes.push(value as u8 | 128);
            value >>= 7;
        }
        bytes.push(value as u8);
        bytes
    };
    let update = [&[1, 1, client, 0, 4, 1, 1, b't'][..], &var_uint(count), &vec![letter; count], &[0]].concat();
    Bytes::from([&[0, 2][..], &var_uint(update.len()), &update].concat())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_request_that_is_no_whole_handshake_is_refused() {
    let server = served().await;
    // `ask` says that the connection is to be closed, and not upgraded.
    assert_eq!(server.ask("GET", "/x", HANDSHAKE, "").await.status, 400);
    let upgrade = format!("Connection: Upgrade\r\n{HANDSHAKE}");
    assert_eq!(server.ask("POST", "/x", &upgrade, "").await.status, 405);
    assert_eq!(server.ask("GET", "/", &upgrade, "").await.status, 400, "no document is named");
    let without = |name: &str| {
        let kept = upgrade.split_inclusive("\r\n").filter(|line| !line.starts_with(name)).collect::<String>();
        (name.to_owned(), kept)
    };
    for (name, headers) in [without("Sec-WebSocket-Version"), without("Sec-WebSocket-Key")] {
        assert_eq!(server.ask("GET", "/x", &headers, "").await.status, 400, "without {name}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn messages_of_all_sizes_come_in_order() {
    let server = served().await;
    let mut reader = server.connect("x", None).await;
    reader.send(Frame::Binary(STEP_1)).await;
    while reader.receive().await.into_data()[..2] != [0, 1] {}
    let mut writer = server.connect("x", None).await;
    let sizes = [1, 90_000, 2, 3, 1_000, 1_020, 1_030, 70_000, 65_536, 4, 126, 5];
    for (client, size) in (1..).zip(sizes) {
        let message = typed(client, b'x', size);
        writer.send(Frame::Binary(message.clone())).await;
        assert!(reader.receive().await.into_data() == message, "{size} letters came as something else");
    }
    // Who joins gets all of it at once, small and large messages in turn.
    let mut late = server.connect("x", None).await;
    late.send(Frame::Binary(STEP_1)).await;
    let mut came = Vec::new();
    while !came.ends_with(&[0, 1, 2, 0, 0]) {
        came.extend_from_slice(&late.receive().await.into_data());
    }
    let letters = came.split(|byte| *byte != b'x').map(<[u8]>::len).filter(|len| *len > 1).sum::<usize>();
    assert_eq!(letters, sizes.iter().filter(|size| **size > 1).sum::<usize>());
}
