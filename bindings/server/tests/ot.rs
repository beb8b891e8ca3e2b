//! Clients without an engine: over HTTP, server-sent events and WebSockets, and beside a Yjs client.

mod served;

use merganser::ot::{ClientMessage, Delta, Form, SentOp, ServerMessage};
use merganser::sync::Message;
use merganser::{ClientId, Doc, Options, StateVector};
use served::{Answer, MESSAGE_BYTES, Served, served};
use std::time::Duration;
use tokio::time::{sleep, timeout};
use tokio_tungstenite::tungstenite::Message as Frame;

const NOTES: &str = "/api/ot/a/b%20c?root=notes&kind=text";
const OT: Option<&str> = Some("merganser-ot");

/// The body of an operation that inserts `text` at `index`.
fn insertion(from: (&str, u64), session: &str, id: u64, index: u32, text: &str) -> String {
    let (epoch, revision) = from;
    let retain = if index > 0 { format!(r#"{{"retain":{index}}},"#) } else { String::new() };
    format!(
        r#"{{"epoch":"{epoch}","session":"{session}","id":{id},"revision":{revision},"op":[{retain}{{"insert":"{text}"}}]}}"#
    )
}

/// The epoch and revision of the content, which has to be this.
async fn expect_content(served: &Served, content: &str) -> (String, u64) {
    let answer = served.get(NOTES).await;
    assert_eq!((answer.status, &*answer.text("content")), (200, content));
    (answer.text("epoch"), answer.number("revision"))
}

fn assert_refused(answer: &Answer, status: u16, code: &str) {
    assert_eq!((answer.status, &*answer.text("code")), (status, code), "{}", answer.body);
    assert!(!answer.text("reason").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operation_is_carried_out_once_and_others_ask_for_it() {
    let served = served().await;
    let (epoch, start) = expect_content(&served, "").await;
    let hello = insertion((&epoch, start), "s1", 1, 0, "hello");
    let first = served.post(NOTES, &hello).await;
    assert_eq!(first.status, 200, "{}", first.body);
    assert_eq!(first.member("op").to_json(), "[]");
    let again = served.post(NOTES, &hello).await;
    assert_eq!((again.status, &again.body), (200, &first.body));
    expect_content(&served, "hello").await;

    // Made without knowledge of the first one: what the other did is told in the answer.
    let second = served.post(NOTES, &insertion((&epoch, start), "s2", 1, 0, " you")).await;
    assert_eq!(second.member("op").to_json(), r#"[{"insert":"hello"}]"#);
    expect_content(&served, "hello you").await;
    let changes = served.get(&format!("{NOTES}&epoch={epoch}&since={start}")).await;
    assert_eq!(changes.member("op").to_json(), r#"[{"insert":"hello you"}]"#);
    let revision = changes.number("revision");
    assert!(revision >= second.number("revision"), "a later number may stand for the same content");
    let none = served.get(&format!("{NOTES}&epoch={epoch}&since={revision}")).await;
    assert_eq!((none.number("revision"), none.member("op").to_json()), (revision, "[]".into()));

    assert_eq!(served.get(&format!("{NOTES}&session=s2")).await.number("id"), 1);
    let rich = served.get("/api/ot/a/b%20c?root=notes&kind=delta").await;
    assert_eq!(rich.member("content").to_json(), r#"[{"insert":"hello you"}]"#);
    assert_eq!(served.get("/api/ot/a/b%2520c?root=notes").await.text("content"), "", "names are not decoded");
    served.wait_until_empty().await;
    assert!(served.metrics.render().contains("merganser_operations_total 2\n"));
}

#[tokio::test(flavor = "multi_thread")]
async fn who_waits_is_woken_by_another_client() {
    let served = served().await;
    let (epoch, revision) = expect_content(&served, "").await;
    let mut since = revision;
    for (id, text) in [(1, "awake"), (2, "again")] {
        let target = format!("{NOTES}&epoch={epoch}&since={since}&wait=60");
        let poll = served.get(&target);
        let edit = async {
            sleep(Duration::from_millis(100)).await;
            served.post(NOTES, &insertion((&epoch, since), "s", id, 0, text)).await
        };
        let (polled, edited) = tokio::join!(poll, edit);
        assert_eq!(polled.member("op").to_json(), format!(r#"[{{"insert":"{text}"}}]"#));
        since = edited.number("revision");
        assert!(polled.number("revision") >= since);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_goes_away_is_forgotten() {
    let served = served().await;
    let (epoch, revision) = expect_content(&served, "").await;
    served.wait_until_empty().await;
    let since = format!("{NOTES}&epoch={epoch}&since={revision}&wait=60");
    let waiting = served.send("GET", &since, "", "").await;
    let mut listening = served.listen(NOTES, "").await;
    listening.wait_for(r#""type":"content""#).await;
    sleep(Duration::from_millis(50)).await;
    assert_eq!(served.rooms.count(), 1);
    drop(listening);
    sleep(Duration::from_millis(50)).await;
    assert_eq!(served.rooms.count(), 1, "one still waits");
    drop(waiting);
    served.wait_until_empty().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_of_events_shows_edits_and_goes_on_where_it_was_cut_off() {
    let served = served().await;
    let (epoch, start) = expect_content(&served, "").await;
    let mut listener = served.listen(NOTES, "").await;
    listener.wait_for(&format!("id: {epoch}:{start}\ndata: {{")).await;
    let head = listener.seen.to_ascii_lowercase();
    assert!(head.starts_with("http/1.1 200") && head.contains("content-type: text/event-stream\r\n"), "{head}");
    assert!(head.contains("cache-control: no-cache\r\n"), "{head}");
    let first = served.post(NOTES, &insertion((&epoch, start), "s", 1, 0, "one")).await.number("revision");
    listener.wait_for(r#""op":[{"insert":"one"}]"#).await;
    assert!(listener.seen.contains(&format!("id: {epoch}:{first}\n")), "{}", listener.seen);
    drop(listener);

    served.post(NOTES, &insertion((&epoch, first), "s", 2, 3, "two")).await;
    let since_start = format!("{NOTES}&epoch={epoch}&since={start}");
    let mut resumed = served.listen(&since_start, &format!("Last-Event-ID: {epoch}:{first}\r\n")).await;
    resumed.wait_for(r#""type":"open""#).await;
    assert!(resumed.seen.contains(r#"[{"retain":3},{"insert":"two"}]"#), "{}", resumed.seen);
    assert!(!resumed.seen.contains("one"), "the header goes before the query: {}", resumed.seen);
    let mut from_query = served.listen(&since_start, "").await;
    from_query.wait_for(r#""type":"open""#).await;
    assert!(from_query.seen.contains("one"), "{}", from_query.seen);

    served.rooms.shut_down();
    resumed.wait_for_end().await;
    assert!(resumed.seen.ends_with("0\r\n\r\n"), "in order: {}", resumed.seen);
}

#[tokio::test(flavor = "multi_thread")]
async fn json_and_bytes_and_a_yjs_client_meet() {
    let served = served().await;
    let mut json = served.connect("met", Some("other, merganser-ot")).await;
    assert_eq!(json.protocol.as_deref(), OT);
    let mut binary = served.connect("met", OT).await;
    let mut yjs = served.connect("met", None).await;
    assert_eq!(yjs.protocol, None);
    let start = json.open("notes", "j", Form::Json).await;
    assert_eq!(binary.open("notes", "b", Form::Binary).await, start);

    let op = Delta::new().with_insert("json");
    json.say(&ClientMessage::Op(SentOp { id: 1, revision: start, op: op.clone() }), Form::Json).await;
    let ServerMessage::Ack { revision, id: 1 } = json.hear(Form::Json).await else { panic!("no ack") };
    assert_eq!(binary.hear(Form::Binary).await, ServerMessage::Op { revision, op });

    let op = Delta::new().with_retain(4).with_insert(" bytes");
    binary.say(&ClientMessage::Op(SentOp { id: 1, revision, op: op.clone() }), Form::Binary).await;
    let ServerMessage::Ack { revision, id: 1 } = binary.hear(Form::Binary).await else { panic!("no ack") };
    assert_eq!(json.hear(Form::Json).await, ServerMessage::Op { revision, op });

    let mut doc = Doc::new(Options::new(ClientId::from(7_u32)));
    let text = doc.text("notes");
    yjs.send(Frame::Binary(Message::Step1(&doc.encode_state_vector()).encode().into())).await;
    while text.to_string(&doc) != "json bytes" {
        let frame = yjs.receive().await.into_data();
        if let Ok(Message::Step2(update) | Message::Update(update)) = Message::decode(&frame) {
            doc.apply_update(update).expect("an update");
        }
    }
    text.insert(&mut doc.transact(), 0, "Yjs ").expect("fits");
    let update = doc.encode_state_as_update(&StateVector::default());
    yjs.send(Frame::Binary(Message::Update(&update).encode().into())).await;
    let op = Delta::new().with_insert("Yjs ");
    assert!(matches!(json.hear(Form::Json).await, ServerMessage::Op { op: seen, .. } if seen == op));
    assert!(matches!(binary.hear(Form::Binary).await, ServerMessage::Op { op: seen, .. } if seen == op));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_refused_does_not_end_the_connection() {
    let served = served().await;
    let mut socket = served.connect("a/b%20c", OT).await;
    let revision = socket.open("notes", "s", Form::Json).await;
    for (message, code, id) in [
        (r#"{"type":"op","id":1,"revision":REV,"op":[{"retain":0}]}"#, "malformed", 1),
        (r#"{"type":"op","id":1,"revision":REV,"op":[{"retain":9},{"insert":"x"}]}"#, "beyond-end", 1),
        (r#"{"type":"open","root":"notes","kind":"text","session":"s"}"#, "not-open", 0),
        ("{", "malformed", 0),
    ] {
        socket.send(Frame::Text(message.replace("REV", &revision.to_string()).into())).await;
        match socket.hear(Form::Json).await {
            ServerMessage::Error { code: said, id: of, .. } => assert_eq!((&*said, of), (code, id), "{message}"),
            other => panic!("{message}: {other:?}"),
        }
    }
    let op = Delta::new().with_insert("fine");
    socket.say(&ClientMessage::Op(SentOp { id: 1, revision, op }), Form::Json).await;
    assert!(matches!(socket.hear(Form::Json).await, ServerMessage::Ack { id: 1, .. }));
    expect_content(&served, "fine").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn other_websockets_take_no_text() {
    let served = served().await;
    let mut socket = served.connect("a", None).await;
    socket.send(Frame::Text("{}".into())).await;
    loop {
        if let Frame::Close(Some(frame)) = socket.receive().await {
            return assert_eq!(u16::from(frame.code), 1003);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn requests_that_cannot_be_are_refused_with_a_code() {
    let served = served().await;
    let (epoch, revision) = expect_content(&served, "").await;
    for query in ["kind=json", "since=1", "epoch=1", "epoch=1&since=x", "wait=soon", "root=%FF"] {
        assert_refused(&served.get(&format!("/api/ot/a?{query}")).await, 400, "malformed");
    }
    let listener = "Accept: text/event-stream\r\nLast-Event-ID: x\r\n";
    assert_refused(&served.ask("GET", NOTES, listener, "").await, 400, "malformed");
    assert_refused(&served.get("/api/ot/").await, 400, "malformed");
    assert_refused(&served.get(&format!("/api/ot/{}", "x".repeat(1_025))).await, 414, "malformed");
    for method in ["PUT", "DELETE", "PATCH"] {
        let answer = served.ask(method, NOTES, "", "").await;
        assert_refused(&answer, 405, "malformed");
        assert!(answer.head.contains("allow: get,head,post"), "{}", answer.head);
    }
    for body in ["", "{}", "[]", "\u{1}"] {
        assert_refused(&served.post(NOTES, body).await, 400, "malformed");
    }
    assert_refused(&served.post(NOTES, &insertion((&epoch, revision), "s", 1, 9, "x")).await, 422, "beyond-end");
    assert_refused(&served.post(NOTES, &insertion((&epoch, revision + 99), "s", 1, 0, "x")).await, 422, "revision");
    assert_refused(&served.post(NOTES, &insertion(("1", revision), "s", 1, 0, "x")).await, 410, "history");
    assert_refused(&served.get(&format!("{NOTES}&epoch=1&since={revision}")).await, 410, "history");
    // The room refuses the first, the server the second before it was read to its end.
    for bytes in [MESSAGE_BYTES + 1, MESSAGE_BYTES + (1 << 20)] {
        let answer = served.post(NOTES, &" ".repeat(bytes)).await;
        assert_refused(&answer, 413, "too-large");
    }
    expect_content(&served, "").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_end_who_waits_is_answered_and_nobody_comes_in() {
    let served = served().await;
    let (epoch, revision) = expect_content(&served, "").await;
    let target = format!("{NOTES}&epoch={epoch}&since={revision}&wait=60");
    let poll = served.get(&target);
    let end = async {
        sleep(Duration::from_millis(100)).await;
        served.rooms.shut_down();
    };
    let (polled, ()) = timeout(Duration::from_secs(5), async { tokio::join!(poll, end) }).await.expect("no long wait");
    assert!(matches!(polled.status, 200 | 503), "{}", polled.body);
    assert_refused(&served.get(NOTES).await, 503, "unavailable");
    assert_refused(&served.post(NOTES, &insertion((&epoch, revision), "s", 1, 0, "x")).await, 503, "unavailable");
    assert_refused(&served.ask("GET", NOTES, "Accept: text/event-stream\r\n", "").await, 503, "unavailable");
    served.wait_until_empty().await;
}
