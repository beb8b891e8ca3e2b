//! Who wrote and who deleted what: the same as real Yjs tells from the same map.

mod edits;
mod notation;
mod oracle;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::history::UserData;
use merganser::{Any, ClientId, Doc, Id, Options, Prelim};
use notation::{Random, runs};
use oracle::{Oracle, authored};
use serde_json::{Value as Json, json};

const OURS: u32 = 5;
const THEIRS: u32 = 7;

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    oracle.ask(json!({"do": "reset"}));
    let theirs = oracle.ask(json!({"do": "open", "client": THEIRS, "gc": true, "undoes": false}))["doc"].clone();
    let mut doc = Doc::new(Options::new(ClientId::from(OURS)));
    edits::roots(&mut doc);
    let (text, map) = (doc.text("t"), doc.map("m"));
    let mut users = UserData::new(&doc, map);
    let mut to_them = Vec::new();
    let mut to_us: Vec<Vec<u8>> = Vec::new();
    // Both may be the same user, who then begins on two replicas at once.
    let names = if random.one_in(2) { ["Ada", "Ada"] } else { ["Ada", "Bo"] };
    let mut transaction = doc.transact();
    users.add_client(&mut transaction, names[0], ClientId::from(OURS)).unwrap();
    to_them.extend(transaction.commit().update_v1());
    to_us.extend(authored(
        &oracle.ask(json!({"do": "users", "doc": theirs, "add": [names[1], THEIRS], "clients": [], "ids": []})),
    ));
    for _ in 0..20 {
        let (len, is_ours) = (text.len(&doc), random.one_in(2));
        let at = random.below(len + 1);
        let count = random.below(4).min(len - at);
        if is_ours {
            let mut transaction = doc.transact();
            text.insert(&mut transaction, at, "duck").unwrap();
            text.delete(&mut transaction, at, count).unwrap();
            let commit = transaction.commit();
            let of_ours = commit.delete_set();
            to_them.extend(commit.update_v1());
            let mut transaction = doc.transact();
            users.add_deletes(&mut transaction, names[0], &of_ours).unwrap();
            to_them.extend(transaction.commit().update_v1());
        } else {
            let ops = json!([{"op": "textInsert", "path": ["t"], "at": 0, "text": "dive"},
                {"op": "textDelete", "path": ["t"], "at": 0, "len": random.below(3)}]);
            to_us.extend(authored(&oracle.ask(json!({"do": "write", "doc": theirs, "ops": ops}))));
        }
        if !random.one_in(3) {
            continue;
        }
        exchange(oracle, &mut doc, &theirs, [&mut to_us, &mut to_them]);
        users.read(&doc);
        // Where both began at once, one entry replaced the other; whoever knows what that held writes it again.
        let mut transaction = doc.transact();
        users.restore(&mut transaction, names[0]).unwrap();
        to_them.extend(transaction.commit().update_v1());
        exchange(oracle, &mut doc, &theirs, [&mut to_us, &mut to_them]);
        users.read(&doc);
        let deleted = doc.delete_set();
        let ids: Vec<Id> =
            deleted.iter().flat_map(|(of, clocks)| clocks.map(move |clock| Id::new(of, clock))).collect();
        let clients = [OURS, THEIRS, 9];
        let shown: Vec<Json> = ids.iter().map(|id| json!([id.client.value(), id.clock])).collect();
        let answer = oracle.ask(json!({"do": "users", "doc": theirs, "clients": clients, "ids": shown}));
        let ours: Vec<_> = clients.iter().map(|client| users.user_of_client(ClientId::from(*client))).collect();
        assert_eq!(json!(ours), answer["clients"], "who writes");
        let ours: Vec<_> = ids.iter().map(|id| users.user_of_deleted(*id)).collect();
        assert_eq!(json!(ours), answer["ids"], "who deleted");
        let fresh = UserData::new(&doc, map);
        assert_eq!(fresh.user_of_client(ClientId::from(OURS)), Some(names[0]), "all is in the map");
        assert!(ids.iter().all(|id| users.user_of_deleted(*id).is_some() == fresh.user_of_deleted(*id).is_some()));
    }
}

/// Hands all that was written to the other.
fn exchange(oracle: &mut Oracle, doc: &mut Doc, theirs: &Json, [to_us, to_them]: [&mut Vec<Vec<u8>>; 2]) {
    let settle = |oracle: &mut Oracle| oracle.ask(json!({"do": "users", "doc": theirs, "clients": [], "ids": []}));
    while !to_us.is_empty() || !to_them.is_empty() {
        for update in to_them.drain(..) {
            let request = json!({"do": "apply", "doc": theirs, "update": STANDARD.encode(update)});
            to_us.extend(authored(&oracle.ask(request)));
        }
        to_us.extend(authored(&settle(oracle)));
        for update in to_us.drain(..) {
            doc.apply_update(&update).unwrap();
        }
        doc.assert_invariants();
    }
}

#[test]
fn users_are_told_as_yjs_tells_them() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(20) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}

#[test]
fn what_yjs_would_not_have_written_is_passed_over() {
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let map = doc.map("users");
    let mut transaction = doc.transact();
    map.set(&mut transaction, "a", 5).unwrap();
    map.set(&mut transaction, "b", Prelim::Map(vec![("ids".into(), 5.into())])).unwrap();
    let ids: Vec<Prelim> =
        vec![(-1.0).into(), 0.5.into(), f64::NAN.into(), "7".into(), 2f64.powi(53).into(), 8.0.into()];
    let deletes = vec![Any::Bytes([9, 9].into()).into(), Any::Null.into(), Any::Bytes([1, 3, 1, 0, 2].into()).into()];
    let entry = vec![("ids".into(), Prelim::Array(ids)), ("ds".into(), Prelim::Array(deletes))];
    map.set(&mut transaction, "c", Prelim::Map(entry)).unwrap();
    transaction.commit();
    let mut users = UserData::new(&doc, map);
    assert_eq!(users.user_of_client(ClientId::from(8)), Some("c"));
    assert_eq!(users.user_of_client(ClientId::from(7)), None);
    assert_eq!(users.user_of_deleted(Id::new(ClientId::from(3), 1)), Some("c"));
    // An entry without its lists gets them.
    let mut transaction = doc.transact();
    users.add_client(&mut transaction, "b", ClientId::from(4)).unwrap();
    users.add_client(&mut transaction, "a", ClientId::from(5)).unwrap();
    transaction.commit();
    let users = UserData::new(&doc, map);
    assert_eq!(users.user_of_client(ClientId::from(4)), Some("b"));
    assert_eq!(users.user_of_client(ClientId::from(5)), Some("a"));
}
