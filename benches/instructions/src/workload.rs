//! Made-up work on the engine, the same in every run. Each piece of it prepares what it needs, does what is counted, and
//! checks what came of it.

use crate::callgrind::measured;
use crate::random::Random;
use merganser::update::merge_updates;
use merganser::{Any, ClientId, Doc, Options, StateVector, Text};

/// A piece of work.
#[derive(Clone, Copy)]
pub struct Workload {
    /// What it is called on the command line and in the file of figures.
    pub name: &'static str,
    /// How many edits the count is divided by.
    pub edits: u64,
    /// Prepares, works and checks.
    pub run: fn(),
}

/// All of them.
pub const WORKLOADS: [Workload; 8] = [
    Workload { name: "typing", edits: EDITS as u64, run: typing },
    Workload { name: "typing to updates", edits: EDITS as u64, run: typing_to_updates },
    Workload { name: "applying keystrokes", edits: EDITS as u64, run: applying },
    Workload { name: "loading", edits: 1, run: loading },
    Workload { name: "encoding", edits: 1, run: encoding },
    Workload { name: "merging without a document", edits: MERGED as u64, run: merging },
    Workload { name: "setting keys", edits: KEYS as u64, run: setting },
    Workload { name: "formatted text", edits: FORMATTED as u64, run: formatting },
];

const EDITS: usize = 20_000;
const MERGED: usize = 10_000;
const KEYS: usize = 10_000;
const FORMATTED: usize = 2_000;

/// One keystroke: a character comes, or one goes.
#[derive(Clone, Copy)]
struct Keystroke {
    position: u32,
    inserted: Option<char>,
}

/// Typing with about one jump in 20 edits and one deletion in 6.
fn keystrokes() -> Vec<Keystroke> {
    let mut random = Random::new(1);
    let (mut len, mut cursor) = (0u32, 0u32);
    let mut one = || {
        if random.below(20) == 0 {
            cursor = random.below(len + 1);
        }
        if cursor > 0 && random.below(6) == 0 {
            (cursor, len) = (cursor - 1, len - 1);
            return Keystroke { position: cursor, inserted: None };
        }
        (cursor, len) = (cursor + 1, len + 1);
        let inserted = (b'a' + random.below(26) as u8) as char;
        Keystroke { position: cursor - 1, inserted: Some(inserted) }
    };
    (0..EDITS).map(|_| one()).collect()
}

/// What the text ends as, worked out without the engine.
fn end() -> String {
    let mut text = Vec::new();
    for Keystroke { position, inserted } in keystrokes() {
        match inserted {
            Some(inserted) => text.insert(position as usize, inserted),
            None => drop(text.remove(position as usize)),
        }
    }
    text.into_iter().collect()
}

fn empty(client: u32) -> (Doc, Text) {
    let mut doc = Doc::new(Options::new(ClientId::from(client)));
    let text = doc.text("text");
    (doc, text)
}

/// Types one keystroke, and appends its update to `out` if there is one.
fn strike(doc: &mut Doc, text: Text, stroke: Keystroke, out: Option<&mut Vec<u8>>) {
    let mut transaction = doc.transact();
    let done = match stroke.inserted {
        Some(inserted) => text.insert(&mut transaction, stroke.position, inserted.encode_utf8(&mut [0; 4])),
        None => text.delete(&mut transaction, stroke.position, 1),
    };
    done.expect("a place in the text");
    let commit = transaction.commit();
    if let Some(out) = out {
        assert!(commit.write_update_v1(out), "every keystroke changes something");
    }
}

/// The updates of the first keystrokes, one behind the other, and where each ends.
fn updates(strokes: usize) -> (Vec<u8>, Vec<usize>) {
    let (mut doc, text) = empty(1);
    let (mut bytes, mut ends) = (Vec::new(), Vec::new());
    for stroke in keystrokes().into_iter().take(strokes) {
        strike(&mut doc, text, stroke, Some(&mut bytes));
        ends.push(bytes.len());
    }
    (bytes, ends)
}

fn slices<'a>(bytes: &'a [u8], ends: &[usize]) -> Vec<&'a [u8]> {
    let starts = std::iter::once(0).chain(ends.iter().copied());
    starts.zip(ends).map(|(start, end)| &bytes[start..*end]).collect()
}

fn typed() -> (Doc, Text) {
    let (mut doc, text) = empty(1);
    keystrokes().into_iter().for_each(|stroke| strike(&mut doc, text, stroke, None));
    (doc, text)
}

fn typing() {
    let strokes = keystrokes();
    let (mut doc, text) = empty(1);
    measured(&mut || strokes.iter().for_each(|stroke| strike(&mut doc, text, *stroke, None)));
    assert_eq!(text.to_string(&doc), end());
}

fn typing_to_updates() {
    let strokes = keystrokes();
    let (mut doc, text) = empty(1);
    let mut out = Vec::with_capacity(1_024);
    let mut written = 0;
    measured(&mut || {
        for stroke in &strokes {
            out.clear();
            strike(&mut doc, text, *stroke, Some(&mut out));
            written += out.len();
        }
    });
    assert_eq!(written, updates(EDITS).0.len());
}

fn applying() {
    let (bytes, ends) = updates(EDITS);
    let updates = slices(&bytes, &ends);
    let (mut doc, text) = empty(2);
    measured(&mut || {
        for update in &updates {
            doc.apply_update(update).expect("a well-formed update");
        }
    });
    assert_eq!(text.to_string(&doc), end());
}

fn loading() {
    let state = typed().0.encode_state_as_update(&StateVector::default());
    let (mut doc, text) = empty(2);
    let mut read = String::new();
    measured(&mut || {
        doc.apply_update(&state).expect("a well-formed update");
        read = text.to_string(&doc);
    });
    assert_eq!(read, end());
}

fn encoding() {
    let (typed, _) = typed();
    let mut state = Vec::new();
    measured(&mut || state = typed.encode_state_as_update(&StateVector::default()));
    let (mut doc, text) = empty(2);
    doc.apply_update(&state).expect("a well-formed update");
    assert_eq!(text.to_string(&doc), end());
}

fn merging() {
    let (bytes, ends) = updates(MERGED);
    let updates = slices(&bytes, &ends);
    let mut merged = Vec::new();
    measured(&mut || merged = merge_updates(&updates).expect("well-formed updates"));
    let (mut one, text) = empty(2);
    one.apply_update(&merged).expect("a well-formed update");
    let (mut other, other_text) = empty(3);
    for update in &updates {
        other.apply_update(update).expect("a well-formed update");
    }
    assert_eq!(text.to_string(&one), other_text.to_string(&other));
}

fn setting() {
    let keys: Vec<String> = (0..KEYS).map(|key| format!("key {key}")).collect();
    let (mut doc, _) = empty(1);
    let map = doc.map("map");
    measured(&mut || {
        for key in &keys {
            let mut transaction = doc.transact();
            map.set(&mut transaction, key, 1).expect("a map of this document");
            transaction.commit();
        }
    });
    assert_eq!(map.len(&doc), KEYS);
}

fn formatting() {
    let (mut doc, text) = empty(1);
    text.insert(&mut doc.transact(), 0, &"a duck dives. ".repeat(2_000)).expect("an empty text");
    let len = text.len(&doc);
    let mut random = Random::new(2);
    let values = [Any::Bool(true), Any::Null];
    let places: Vec<(u32, u32, usize)> =
        (0..FORMATTED).map(|_| (random.below(len - 40), 1 + random.below(39), random.below(2) as usize)).collect();
    measured(&mut || {
        for (at, of, value) in &places {
            let mut transaction = doc.transact();
            let attributes = [("bold".into(), values[*value].clone())];
            text.format(&mut transaction, *at, *of, &attributes).expect("a range of the text");
            transaction.commit();
        }
    });
    assert_eq!(text.len(&doc), len);
    assert!(text.to_delta(&doc).len() > 100, "much is bold, and much is not");
}
