//! Update v2: the ways in which its columns can be malformed, what bounds them, and values that only v2 can hold.

use merganser::lib0::{write_any, write_bytes, write_string, write_var_uint};
use merganser::update::{
    Update, clocks_of_update_v2, convert_update_v1_to_v2, convert_update_v2_to_v1, diff_update_v2, merge_updates_v2,
    state_vector_of_update_v2, validate_update_v2,
};
use merganser::{Any, ClientId, Doc, ErrorKind, Options, StateVector};

/// The columns of an update, and what follows them.
#[derive(Clone, Default)]
struct Parts<'a> {
    key_clocks: &'a [u8],
    clients: &'a [u8],
    left_clocks: &'a [u8],
    infos: &'a [u8],
    strings: &'a [u8],
    parent_infos: &'a [u8],
    type_tags: &'a [u8],
    lengths: &'a [u8],
    rest: &'a [u8],
}

impl Parts<'_> {
    fn update(&self) -> Vec<u8> {
        let strings = if self.strings.is_empty() { &[0] } else { self.strings };
        let mut update = vec![0];
        for column in [self.key_clocks, self.clients, self.left_clocks, &[], self.infos, strings, self.parent_infos] {
            write_bytes(&mut update, column);
        }
        write_bytes(&mut update, self.type_tags);
        write_bytes(&mut update, self.lengths);
        update.extend_from_slice(self.rest);
        update
    }
}

/// Client 5 wrote "ab" into the root text "t".
const SOUND: Parts<'_> = Parts {
    key_clocks: &[],
    clients: &[5],
    left_clocks: &[],
    infos: &[4],
    strings: &[3, b't', b'a', b'b', 1, 2],
    parent_infos: &[1],
    type_tags: &[],
    lengths: &[],
    rest: &[1, 1, 0, 0],
};

#[test]
fn a_sound_update_is_read() {
    let update = SOUND.update();
    assert_eq!(convert_update_v2_to_v1(&update), Ok(vec![1, 1, 5, 0, 4, 1, 1, b't', 2, b'a', b'b', 0]));
    assert_eq!(state_vector_of_update_v2(&update), Ok(vec![1, 5, 2]));
    assert_eq!(clocks_of_update_v2(&update).unwrap()[&ClientId::from(5)], 0..2);
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    doc.apply_update_v2(&update).unwrap();
    assert_eq!(doc.encode_state_as_update_v2(&StateVector::default()), update);
}

#[test]
fn malformed_columns_are_refused() {
    use ErrorKind::*;
    let gc = Parts { infos: &[0], strings: &[], parent_infos: &[], lengths: &[2], ..SOUND };
    // A deleted unit with an origin.
    let item = Parts { clients: &[5, 6], left_clocks: &[6], infos: &[0x81], lengths: &[1], ..gc.clone() };
    let above_32 = &[0xbf, 0xff, 0xff, 0xff, 0xff, 0x7f];
    let table: Vec<(&str, Parts<'_>, ErrorKind)> = vec![
        ("no info", Parts { infos: &[], ..SOUND }, UnexpectedEnd),
        ("no client", Parts { clients: &[], ..SOUND }, UnexpectedEnd),
        ("half a client", Parts { clients: &[0x85], ..SOUND }, UnexpectedEnd),
        ("no parent info", Parts { parent_infos: &[], ..SOUND }, UnexpectedEnd),
        ("one length of two", Parts { strings: &[3, b't', b'a', b'b', 1], ..SOUND }, UnexpectedEnd),
        ("less text than lengths", Parts { strings: &[2, b't', b'a', 1, 2], ..SOUND }, UnexpectedEnd),
        ("more text than lengths", Parts { strings: &[3, b't', b'a', b'b', 1, 1], ..SOUND }, TrailingBytes),
        ("text beyond its column", Parts { strings: &[9, b't', b'a', b'b', 1, 2], ..SOUND }, UnexpectedEnd),
        ("no UTF-8", Parts { strings: &[3, b't', 0xc3, b'b', 1, 2], ..SOUND }, NotUtf8),
        ("an info too many", Parts { infos: &[4, 0, 4], ..SOUND }, TrailingBytes),
        ("an info twice", Parts { infos: &[4, 1, 4], ..SOUND }, TrailingBytes),
        ("a client too many", Parts { clients: &[5, 5], ..SOUND }, TrailingBytes),
        ("a run of clients", Parts { clients: &[0x45, 0], ..SOUND }, TrailingBytes),
        ("a length too many", Parts { lengths: &[1], ..SOUND }, TrailingBytes),
        ("a clock too many", Parts { left_clocks: &[1, 0], ..SOUND }, TrailingBytes),
        ("a kind too many", Parts { type_tags: &[1], ..SOUND }, TrailingBytes),
        ("a key too many", Parts { key_clocks: &[0], ..SOUND }, TrailingBytes),
        ("a byte behind the end", Parts { rest: &[1, 1, 0, 0, 0], ..SOUND }, TrailingBytes),
        ("structs without end", Parts { rest: &[1, 0xff, 0xff, 0xff, 0x7f, 0, 0], ..gc.clone() }, UnexpectedEnd),
        ("deletes that can't be there", Parts { rest: &[1, 1, 0, 1], ..SOUND }, UnexpectedEnd),
        ("an unknown content", Parts { infos: &[11], ..SOUND }, UnknownTag),
        ("an unknown kind", Parts { infos: &[7], strings: &[1, b't', 1], type_tags: &[7], ..SOUND }, UnknownTag),
        ("an origin that is later", Parts { clients: &[0x45, 0], ..item.clone() }, ReferenceNotBefore),
        ("a clock below 0", Parts { left_clocks: &[0x42], ..item.clone() }, NumberTooLarge),
        ("a length above 32 bits", Parts { lengths: above_32, ..gc.clone() }, ClockOverflow),
        (
            "a deleted range above 32 bits",
            Parts { rest: &[1, 1, 0, 1, 5, 1, 255, 255, 255, 255, 15, 0], ..SOUND },
            ClockOverflow,
        ),
        ("no JSON", Parts { infos: &[2], strings: &[3, b't', b'a', b'b', 1, 2], lengths: &[1], ..SOUND }, NotJson),
    ];
    for (what, parts, kind) in table {
        let update = parts.update();
        assert_eq!(validate_update_v2(&update).map_err(|error| error.kind), Err(kind), "{what}: {update:x?}");
        assert_eq!(convert_update_v2_to_v1(&update).map_err(|error| error.kind), Err(kind), "{what}");
        let mut doc = Doc::new(Options::new(ClientId::from(1)));
        assert!(doc.apply_update_v2(&update).is_err() && doc.state_vector().is_empty(), "{what}");
    }
    // A run of structs that take no byte goes on until the update would be too large.
    let endless = Parts { lengths: &[0x41, 0xff, 0xff, 0xff, 0x7f], rest: &[1, 0xff, 0xff, 0xff, 0x7f, 0, 0], ..gc };
    assert_eq!(validate_update_v2(&endless.update()).map_err(|error| error.kind), Err(TooLarge));
    for end in 0..SOUND.update().len() {
        assert!(validate_update_v2(&SOUND.update()[..end]).is_err(), "cut off at {end}");
    }
}

/// Structs that are all alike take no byte in v2; however many a document has, what it writes is read again.
#[test]
fn what_is_written_stays_within_what_is_read() {
    for count in [2, 60_000, 70_001, 1_000_000_u64] {
        // Client 1 put so many empty maps into the root list "l", each before the one before.
        let mut update = vec![1];
        write_var_uint(&mut update, count);
        update.extend([1, 0, 7, 1, 1, b'l', 1]);
        for clock in 0..count - 1 {
            update.extend([0x47, 1]);
            write_var_uint(&mut update, clock);
            update.push(1);
        }
        update.push(0);
        let in_v2 = convert_update_v1_to_v2(&update).unwrap();
        assert!(in_v2.len() < 40 || count > 1 << 16 && (in_v2.len() as u64) < count + count / 8, "{}", in_v2.len());
        assert!(convert_update_v2_to_v1(&in_v2).as_ref() == Ok(&update), "{count}");
    }
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let map = doc.map("m");
    for place in 0..200_000 {
        let mut transaction = doc.transact();
        map.set(&mut transaction, "x", place).unwrap();
        map.set(&mut transaction, "y", place).unwrap();
        transaction.commit();
    }
    let mut copy = Doc::new(Options::new(ClientId::from(2)));
    copy.apply_update_v2(&doc.encode_state_as_update_v2(&StateVector::default())).unwrap();
    assert_eq!(copy.state_vector(), doc.state_vector());
}

/// An embed and a mark of client 1, with values that JSON lacks.
fn rich(values: &[Any]) -> Vec<Vec<u8>> {
    let update = |clock: u8, value: &Any| {
        let mut strings = Vec::new();
        let mut rest = vec![1, 1, clock];
        write_any(&mut rest, value);
        rest.push(0);
        let (infos, clients, left_clocks): (u8, &[u8], &[u8]) = match clock {
            0 => (5, &[1], &[]),
            _ => (0x86, &[0x41, 0], &[(clock - 1) * 2]),
        };
        write_string(&mut strings, if clock == 0 { "t" } else { "bold" });
        strings.push(if clock == 0 { 1 } else { 4 });
        let parts = Parts {
            key_clocks: if clock == 0 { &[] } else { &[0] },
            clients,
            left_clocks,
            infos: &[infos],
            strings: &strings,
            parent_infos: if clock == 0 { &[1] } else { &[] },
            rest: &rest,
            ..Parts::default()
        };
        parts.update()
    };
    values.iter().enumerate().map(|(clock, value)| update(clock as u8, value)).collect()
}

#[test]
fn values_that_json_lacks_are_merged_and_cut_as_they_are() {
    let bytes = Any::Bytes([1, 255].into());
    let values = [
        Any::Object(vec![("a".into(), bytes.clone()), ("b".into(), Any::Undefined)]),
        Any::Number(f64::NAN),
        Any::BigInt(-7),
        bytes,
    ];
    let updates = rich(&values);
    let merged = merge_updates_v2(&updates.iter().rev().map(Vec::as_slice).collect::<Vec<_>>()).unwrap();
    let written = |value: &Any| {
        let mut out = Vec::new();
        write_any(&mut out, value);
        out
    };
    let all: Vec<u8> = values.iter().flat_map(written).collect();
    assert!(merged.windows(all.len()).any(|part| part == all), "{merged:x?}");
    assert_eq!(diff_update_v2(&merged, &[0]), Ok(merged.clone()));
    assert_eq!(diff_update_v2(&merged, &[1, 1, 3]).unwrap(), updates[3]);
    let in_v1 = convert_update_v2_to_v1(&merged).unwrap();
    assert_eq!(Update::parse_v1(&in_v1).unwrap().structs.len(), 4);
}
