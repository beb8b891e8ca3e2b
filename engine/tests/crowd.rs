//! Many who write at the same few places without seeing each other: whatever the order of arrival, and whether item by
//! item or at once, the text is that of yrs.

mod notation;

use merganser::update::merge_updates;
use merganser::{ClientId, Doc, Options, StateVector};
use notation::{Random, runs};
use yrs::updates::decoder::Decode;
use yrs::{GetString, Transact};

const WRITERS: u32 = 60;
/// How many of them begin with the first text only; the others have seen some of what these wrote.
const FIRST: u32 = 40;

fn replica(client: u32) -> Doc {
    Doc::new(Options::new(ClientId::from(client)))
}

fn received(updates: &[&[u8]]) -> Doc {
    let mut doc = replica(1_000);
    doc.text("t");
    for update in updates {
        doc.apply_update(update).unwrap();
    }
    doc.assert_invariants();
    doc
}

fn shown(doc: &mut Doc) -> String {
    doc.text("t").to_string(doc)
}

/// What a writer who has `seen` adds, most of it at the same places.
fn written(client: u32, seen: &[&[u8]], random: &mut Random) -> Vec<Vec<u8>> {
    let mut doc = replica(client);
    let text = doc.text("t");
    seen.iter().for_each(|update| {
        doc.apply_update(update).unwrap();
    });
    let count = 1 + random.below(4);
    let edit = |_| {
        let len = text.len(&doc);
        let mut transaction = doc.transact();
        let at = [0, 0, 2, 3, len, random.below(len + 1)][random.below(6) as usize].min(len);
        if random.one_in(6) && at + 2 < len {
            text.delete(&mut transaction, at, 2).unwrap();
        } else {
            let word = format!("{client}.");
            text.insert(&mut transaction, at, &word[..1 + random.below(word.len() as u32) as usize]).unwrap();
        }
        transaction.commit().update_v1().unwrap()
    };
    (0..count).map(edit).collect()
}

fn shuffle<T>(items: &mut [T], random: &mut Random) {
    for at in (1..items.len()).rev() {
        items.swap(at, random.below(at as u32 + 1) as usize);
    }
}

#[test]
fn a_crowd_at_the_same_places() {
    for seed in runs(25) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let mut base = replica(999);
        let text = base.text("t");
        text.insert(&mut base.transact(), 0, "abcde").unwrap();
        let base = base.encode_state_as_update(&StateVector::default());
        let mut clients: Vec<u32> = (1..=WRITERS).collect();
        shuffle(&mut clients, random);
        let mut all: Vec<Vec<Vec<u8>>> = Vec::new();
        for (at, client) in clients.into_iter().enumerate() {
            let mut seen: Vec<&[u8]> = vec![&base];
            if at as u32 >= FIRST {
                let some = all[..FIRST as usize].iter().filter(|_| random.one_in(2)).flatten();
                seen.extend(some.map(Vec::as_slice));
            }
            all.push(written(client, &seen, random));
        }
        // The order of each writer's own updates stays, and the later writers come last: yrs is compared where nothing
        // has to wait.
        let (first, later) = all.split_at_mut(FIRST as usize);
        shuffle(first, random);
        shuffle(later, random);
        let causal: Vec<&[u8]> = [base.as_slice()].into_iter().chain(all.iter().flatten().map(Vec::as_slice)).collect();
        let theirs = yrs::Doc::new();
        let their_text = theirs.get_or_insert_text("t");
        for update in &causal {
            theirs.transact_mut().apply_update(yrs::Update::decode_v1(update).unwrap()).unwrap();
        }
        let expected = their_text.get_string(&theirs.transact());
        let mut ours = received(&causal);
        assert_eq!(shown(&mut ours), expected, "seed {seed}: as they were written");
        let mut any_order = causal.clone();
        shuffle(&mut any_order, random);
        assert_eq!(shown(&mut received(&any_order)), expected, "seed {seed}: in any order");
        let whole = ours.encode_state_as_update(&StateVector::default());
        assert_eq!(shown(&mut received(&[&whole])), expected, "seed {seed}: at once");
        assert_eq!(shown(&mut received(&[&base, &whole])), expected, "seed {seed}: at once, into a document");
        assert_eq!(shown(&mut received(&[&merge_updates(&any_order).unwrap()])), expected, "seed {seed}: merged");
    }
}
