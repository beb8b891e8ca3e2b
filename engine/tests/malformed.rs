//! Updates that are wrong in ways that only their ids and clocks show, in both formats.

use merganser::update::{
    convert_update_v1_to_v2, convert_update_v2_to_v1, diff_update, merge_updates, merge_updates_v2,
    state_vector_of_update, validate_update, validate_update_v2,
};
use merganser::{ClientId, Doc, Error, ErrorKind, Options};

fn doc() -> Doc {
    let mut options = Options::new(ClientId::from(9));
    options.gc = false;
    let mut doc = Doc::new(options);
    doc.text("t");
    doc
}

/// The columns of an update v2: key clocks, clients, left clocks, right clocks, infos, strings, parent infos, kinds,
/// lengths; then the rest.
fn v2(columns: [&[u8]; 9], rest: &[u8]) -> Vec<u8> {
    let mut update = vec![0];
    columns.iter().for_each(|column| merganser::lib0::write_bytes(&mut update, column));
    update.extend_from_slice(rest);
    update
}

/// Neither applied nor merged nor cut, and nothing of it is left anywhere.
fn assert_refused(what: &str, in_v1: &[u8], in_v2: &[u8], kind: ErrorKind, offset_bytes: usize) {
    assert_eq!(validate_update(in_v1), Err(Error { kind, offset_bytes }), "{what}");
    assert_eq!(validate_update_v2(in_v2).map_err(|error| error.kind), Err(kind), "{what}, v2");
    let offset = validate_update_v2(in_v2).unwrap_err().offset_bytes;
    assert!(offset > 0 && offset <= in_v2.len(), "{what}, v2: at byte {offset}");
    assert!(merge_updates(&[in_v1, &[0, 0]]).is_err() && diff_update(in_v1, &[0]).is_err(), "{what}");
    assert!(merge_updates_v2(&[in_v2]).is_err(), "{what}, v2");
    let mut doc = doc();
    // Client 1 wrote "ab" before.
    doc.apply_update(&[1, 1, 1, 0, 4, 1, 1, b't', 2, b'a', b'b', 0]).unwrap();
    let before = doc.encode_state_as_update(&Default::default());
    assert_eq!(doc.apply_update(in_v1), Err(Error { kind, offset_bytes }), "{what}");
    assert_eq!(doc.apply_update_v2(in_v2).map_err(|error| error.kind), Err(kind), "{what}, v2");
    doc.assert_invariants();
    assert_eq!(doc.encode_state_as_update(&Default::default()), before, "{what}: the document is as it was");
    assert!(doc.pending_structs().is_empty(), "{what}: nothing waits");
}

#[test]
fn references_and_clocks_that_cannot_be_are_refused() {
    // Deleted units of client 5.
    let item = |left: u8| v2([&[], &[0x45, 0], &[left], &[], &[0x81], &[0], &[], &[], &[1]], &[1, 1, 0, 0]);
    assert_refused(
        "an origin that points to itself",
        &[1, 1, 5, 0, 0x81, 5, 0, 1, 0],
        &item(0),
        ErrorKind::ReferenceNotBefore,
        5,
    );
    assert_refused("a later origin", &[1, 1, 5, 0, 0x81, 5, 3, 1, 0], &item(6), ErrorKind::ReferenceNotBefore, 5);
    assert_refused(
        "a parent that is the item itself",
        &[1, 1, 5, 0, 1, 0, 5, 0, 1, 0],
        &v2([&[], &[0x45, 0], &[0], &[], &[1], &[0], &[0], &[], &[1]], &[1, 1, 0, 0]),
        ErrorKind::ReferenceNotBefore,
        6,
    );
    // Client 5 begins two below the last clock, with three units.
    let late = [0xfd, 0xff, 0xff, 0xff, 0x0f];
    let in_v1 = [&[1, 1, 5], &late[..], &[0, 3, 0]].concat();
    let in_v2 = v2([&[], &[5], &[], &[], &[0], &[0], &[], &[], &[3]], &[&[1, 1], &late[..], &[0]].concat());
    assert_refused("a clock that overflows", &in_v1, &in_v2, ErrorKind::ClockOverflow, 10);
    // A deleted range of client 5 that ends beyond the last clock.
    let in_v1 = [&[0, 1, 5, 1], &late[..], &[3]].concat();
    let in_v2 = v2([&[], &[], &[], &[], &[], &[0], &[], &[], &[]], &[&[0, 1, 5, 1], &late[..], &[2]].concat());
    assert_refused("a deleted range that overflows", &in_v1, &in_v2, ErrorKind::ClockOverflow, 10);
}

/// Each of two clients put a map into the other's. Neither can ever be integrated; both wait, and the document goes on.
#[test]
fn a_cycle_in_parents_waits_for_ever() {
    let mut doc = doc();
    let text = doc.text("t");
    let cycle = [2, 1, 2, 0, 7, 0, 1, 0, 1, 1, 1, 0, 7, 0, 2, 0, 1, 0];
    validate_update(&cycle).unwrap();
    let in_v2 = convert_update_v1_to_v2(&cycle).unwrap();
    assert_eq!(convert_update_v2_to_v1(&in_v2).as_deref(), Ok(&cycle[..]));
    for _ in 0..3 {
        doc.apply_update(&cycle).unwrap();
        doc.apply_update_v2(&in_v2).unwrap();
        doc.assert_invariants();
    }
    assert!(doc.state_vector().is_empty());
    assert_eq!(doc.pending_structs().range_count(), 2);
    text.insert(&mut doc.transact(), 0, "duck").unwrap();
    let mut copy = self::doc();
    copy.apply_update(&doc.encode_state_as_update(&Default::default())).unwrap();
    copy.assert_invariants();
    assert_eq!(copy.text("t").to_string(&copy), "duck");
}

/// A client that is listed twice, with other content for the same clocks: what came first stays, as when two updates
/// overlap.
#[test]
fn a_struct_that_overlaps_another_of_its_client_is_known_already() {
    let twice = [2, 1, 5, 0, 4, 1, 1, b't', 2, b'a', b'b', 1, 5, 1, 0x84, 5, 0, 3, b'x', b'y', b'z', 0];
    let updates = match validate_update(&twice) {
        Ok(()) => vec![twice.to_vec(), convert_update_v2_to_v1(&convert_update_v1_to_v2(&twice).unwrap()).unwrap()],
        Err(error) => panic!("{error}"),
    };
    for update in updates {
        let mut doc = doc();
        doc.apply_update(&update).unwrap();
        doc.assert_invariants();
        assert_eq!(doc.state_vector().clock(ClientId::from(5)), 4);
        assert_eq!(doc.text("t").to_string(&doc), "abyz");
        let merged = merge_updates(&[&update]).unwrap();
        assert_eq!(state_vector_of_update(&merged).unwrap(), [1, 5, 4]);
    }
}
