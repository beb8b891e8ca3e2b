//! Conformance `awareness`: the states, clocks, events and bytes of y-protocols; and what time does.

mod notation;

use merganser::awareness::{Awareness, Changes, OUTDATED_MS, modify_update};
use merganser::lib0::Reader;
use merganser::{Any, ClientId, ErrorKind};
use notation::{bytes, run_cases};
use serde_json::{Value as Json, json};

fn ids(clients: &[ClientId]) -> Json {
    let mut clients: Vec<u64> = clients.iter().map(|client| client.value()).collect();
    clients.sort_unstable();
    json!(clients)
}

fn events(changes: &Changes) -> (Json, Json) {
    let event = |updated: &[ClientId]| json!([{"added": ids(&changes.added), "updated": ids(updated), "removed": ids(&changes.removed)}]);
    let has_changed = !(changes.added.is_empty() && changes.changed.is_empty() && changes.removed.is_empty());
    let change = if has_changed { event(&changes.changed) } else { json!([]) };
    let update = if changes.is_empty() { json!([]) } else { event(&changes.updated) };
    (change, update)
}

/// The entries of an awareness update, the states as JSON.
fn entries(update: &[u8]) -> Json {
    let mut from = Reader::new(update);
    let entries: Json = (0..from.read_var_uint().unwrap())
        .map(|_| {
            let (client, clock) = (from.read_var_uint().unwrap(), from.read_var_uint().unwrap());
            json!([client, clock, serde_json::from_str::<Json>(from.read_string().unwrap()).unwrap()])
        })
        .collect();
    from.expect_end().unwrap();
    entries
}

fn run(case: &Json) -> Result<(), String> {
    let client = ClientId::new(case["clients"][0].as_u64().unwrap());
    let mut awareness = Awareness::new(client, 0);
    let steps = case["steps"].as_array().unwrap();
    for (index, (step, expect)) in steps.iter().zip(case["expect"]["steps"].as_array().unwrap()).enumerate() {
        let same = |what: &str, ours: Json, theirs: &Json| match ours == *theirs {
            true => Ok(()),
            false => Err(format!("step {index} {step}: {what}: ours {ours}, theirs {theirs}")),
        };
        let changes = match step["do"].as_str().unwrap() {
            "setLocal" => {
                let state = Some(&step["state"]).filter(|state| !state.is_null()).map(Json::to_string);
                awareness.set_local_state(state.as_deref(), 0).unwrap()
            }
            "setField" => {
                let value = Any::from_json(&step["value"].to_string()).unwrap();
                awareness.set_local_field(step["key"].as_str().unwrap(), value, 0).unwrap()
            }
            "apply" => awareness.apply_update(&bytes(&step["update"]), 0).map_err(|error| error.to_string())?,
            "remove" => {
                let clients = step["clients"].as_array().unwrap().iter();
                awareness.remove(clients.map(|client| ClientId::new(client.as_u64().unwrap())), 0)
            }
            "modify" => {
                let wrap = |state| Any::Object(vec![("modified".into(), state)]);
                let modified = modify_update(&bytes(&step["update"]), wrap).unwrap();
                same("modified", entries(&modified), &entries(&bytes(&expect["modified"])))?;
                Changes::default()
            }
            other => panic!("unknown step {other}"),
        };
        let (change, update) = events(&changes);
        same("change", change, &expect["change"])?;
        same("update", update, &expect["update"])?;
        let states: Json = awareness
            .states()
            .map(|(client, state)| json!([client.value(), serde_json::from_str::<Json>(state).unwrap()]))
            .collect();
        same("states", states, &expect["states"])?;
        let clocks: Json = awareness.clocks().map(|(client, clock)| json!([client.value(), clock])).collect();
        same("clocks", clocks, &expect["clocks"])?;
        let all: Vec<ClientId> = awareness.clocks().map(|(client, _)| client).collect();
        same("encoded", entries(&awareness.encode_update(all)), &entries(&bytes(&expect["encoded"])))?;
    }
    Ok(())
}

#[test]
fn awareness_is_that_of_y_protocols() {
    run_cases("awareness", run);
}

#[test]
fn time_renews_what_we_show_and_removes_whom_we_do_not_hear() {
    let (us, them) = (ClientId::from(1), ClientId::from(2));
    let mut ours = Awareness::new(us, 0);
    let mut theirs = Awareness::new(them, 0);
    let shown = theirs.set_local_state(Some("{\"n\":1}"), 0).unwrap();
    ours.apply_update(&theirs.encode_update(shown.all()), 1_000).unwrap();
    assert!(ours.tick(OUTDATED_MS / 2 - 1).is_empty());
    let renewed = ours.tick(OUTDATED_MS / 2);
    assert_eq!(renewed, Changes { updated: [us].into_iter().collect(), ..Changes::default() });
    assert_eq!(ours.clocks().next(), Some((us, 1)));
    let removed = ours.tick(OUTDATED_MS + 1_000);
    assert_eq!((&removed.updated[..], &removed.removed[..]), (&[us][..], &[them][..]));
    assert!(removed.added.is_empty() && removed.changed.is_empty());
    assert_eq!(ours.state(them), None);
    assert!(ours.tick(OUTDATED_MS + 1_001).is_empty());
    let again = theirs.encode_update([them]);
    assert!(ours.apply_update(&again, OUTDATED_MS + 1_002).unwrap().is_empty(), "what was known is no sign of life");
}

#[test]
fn a_malformed_update_changes_nothing() {
    let mut awareness = Awareness::new(ClientId::from(1), 0);
    let good = [1, 2, 1, 2, b'{', b'}'];
    for (bytes, kind) in [
        (&[2, 2, 1, 2, b'{', b'}', 3, 1, 1, b'{'][..], ErrorKind::NotJson),
        (&[1, 2, 1, 2, b'{', b'}', 0], ErrorKind::TrailingBytes),
        (&[0xff, 0xff, 0xff, 0x7f], ErrorKind::UnexpectedEnd),
        (&good[..5], ErrorKind::UnexpectedEnd),
    ] {
        assert_eq!(awareness.apply_update(bytes, 0).unwrap_err().kind, kind);
        assert_eq!(awareness.clocks().count(), 1);
    }
    assert_eq!(awareness.apply_update(&good, 0).unwrap().added[..], [ClientId::from(2)]);
}

#[test]
fn a_message_of_any_number_of_clients_is_read_as_it_was_written() {
    for count in [0, 1, 2, 127, 128, 129, 300] {
        let mut ours = Awareness::new(ClientId::from(1), 0);
        for client in 0..count {
            let client = ClientId::from(10 + client);
            let mut other = Awareness::new(client, 0);
            other.set_local_state(Some(&format!(r#"{{"cursor":{client}}}"#)), 0).unwrap();
            ours.apply_update(&other.encode_update([client]), 0).unwrap();
        }
        let told: Vec<ClientId> = ours.clocks().map(|(client, _)| client).filter(|client| client.value() > 1).collect();
        let mut theirs = Awareness::new(ClientId::from(2), 0);
        let changes = theirs.apply_update(&ours.encode_update(told.iter().rev().copied()), 0).unwrap();
        assert_eq!(changes.added.len() as u32, count);
        assert!(told.iter().all(|client| theirs.state(*client) == ours.state(*client)));
        assert_eq!(theirs.encode_update(told.iter().copied()), ours.encode_update(told.iter().copied()));
    }
}
