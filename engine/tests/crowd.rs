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

/// What the text is in yrs after these updates, none of which has to wait.
fn received_by_yrs(updates: &[&[u8]]) -> String {
    let doc = yrs::Doc::new();
    let text = doc.get_or_insert_text("t");
    for update in updates {
        doc.transact_mut().apply_update(yrs::Update::decode_v1(update).unwrap()).unwrap();
    }
    text.get_string(&doc.transact())
}

/// Checks that the text is the same here as in yrs: from the updates as they were written, in any order, merged, and from
/// the whole document. Returns text and document.
fn converged(causal: &[&[u8]], seed: u64, random: &mut Random) -> (String, Vec<u8>) {
    let expected = received_by_yrs(causal);
    let mut ours = received(causal);
    assert_eq!(shown(&mut ours), expected, "seed {seed}: as they were written");
    let mut any_order = causal.to_vec();
    shuffle(&mut any_order, random);
    assert_eq!(shown(&mut received(&any_order)), expected, "seed {seed}: in any order");
    let whole = ours.encode_state_as_update(&StateVector::default());
    assert_eq!(shown(&mut received(&[&whole])), expected, "seed {seed}: at once");
    assert_eq!(shown(&mut received(&[&merge_updates(&any_order).unwrap()])), expected, "seed {seed}: merged");
    (expected, whole)
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
        let (expected, whole) = converged(&causal, seed, random);
        assert_eq!(shown(&mut received(&[&base, &whole])), expected, "seed {seed}: at once, into a document");
    }
}

/// A writer of the test below: `base` was written character by character, each at the beginning; this one has seen the
/// first `seen` of them and what some others wrote, and types where many others do.
fn typed_at_the_front(client: u32, seen: &[&[u8]], random: &mut Random) -> Vec<Vec<u8>> {
    let mut doc = replica(client);
    let text = doc.text("t");
    seen.iter().for_each(|update| {
        doc.apply_update(update).unwrap();
    });
    let (mut at, count) = (u32::from(random.one_in(4)), 1 + random.below(3));
    let edit = |step| {
        let len = text.len(&doc);
        let mut transaction = doc.transact();
        if step > 0 && random.one_in(4) && at + 1 < len {
            text.delete(&mut transaction, at, 1 + random.below(2)).unwrap();
        } else {
            let word = format!("<{client}>");
            text.insert(&mut transaction, at, &word).unwrap();
            // On behind it, into the midst of it, or before it again.
            at += [word.len() as u32, 2, 0][random.below(3) as usize];
        }
        transaction.commit().update_v1().unwrap()
    };
    (0..count).map(edit).collect()
}

/// Hundreds at one place, with the same right origins or with mixed ones, in any order; some write into what others
/// wrote there.
#[test]
fn hundreds_at_the_front() {
    for (round, seed) in runs(6).enumerate() {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let mut writer = replica(999);
        let text = writer.text("t");
        let base: Vec<Vec<u8>> = (0..[3, 40][round % 2])
            .map(|_| {
                let mut transaction = writer.transact();
                text.insert(&mut transaction, 0, ".").unwrap();
                transaction.commit().update_v1().unwrap()
            })
            .collect();
        let mut clients: Vec<u32> = (1..=300).collect();
        shuffle(&mut clients, random);
        let mut all: Vec<Vec<Vec<u8>>> = Vec::new();
        for client in clients {
            let least = [base.len() as u32, 1][round % 2];
            let known = least + random.below(base.len() as u32 - least + 1);
            let mut seen: Vec<&[u8]> = base[..known as usize].iter().map(Vec::as_slice).collect();
            if known as usize == base.len() && !all.is_empty() && random.one_in(5) {
                let others = (0..3).map(|_| &all[random.below(all.len() as u32) as usize]);
                seen.extend(others.flatten().map(Vec::as_slice));
            }
            all.push(typed_at_the_front(client, &seen, random));
        }
        let causal: Vec<&[u8]> = base.iter().chain(all.iter().flatten()).map(Vec::as_slice).collect();
        let (expected, whole) = converged(&causal, seed, random);
        assert_eq!(shown(&mut received(&[&ascending(&whole)])), expected, "seed {seed}: at once, clients ascending");
    }
}

/// Who undoes may write between two units that don't stand beside each other: here before one of a crowd, with an origin
/// before that of the crowd. What comes later to the crowd stays in front of it.
#[test]
fn an_item_in_the_midst_of_a_crowd() {
    for seed in runs(10) {
        println!("seed {seed}");
        let random = &mut Random(seed);
        let mut base = replica(999);
        let text = base.text("t");
        text.insert(&mut base.transact(), 0, "()").unwrap();
        let base = base.encode_state_as_update(&StateVector::default());
        let mut crowd: Vec<Vec<u8>> = (1..=80)
            .map(|client| {
                let mut doc = replica(client);
                doc.apply_update(&base).unwrap();
                let text = doc.text("t");
                let mut transaction = doc.transact();
                text.insert(&mut transaction, 1, &format!("{client}.")).unwrap();
                transaction.commit().update_v1().unwrap()
            })
            .collect();
        let before = 1 + random.below(80) as u8;
        // A string of client 2000 at clock 0, right of which unit 0 of one of the crowd stands; no deletes.
        let stranger = vec![1, 1, 0xd0, 0x0f, 0, 0x44, before, 0, 1, b'!', 0];
        let first = crowd.remove(usize::from(before) - 1);
        shuffle(&mut crowd, random);
        crowd.insert(random.below(40) as usize, first.clone());
        let known = crowd.iter().position(|update| *update == first).unwrap() as u32;
        let at = known + 1 + random.below(crowd.len() as u32 - known);
        crowd.insert(at as usize, stranger);
        let updates: Vec<&[u8]> = [base.as_slice()].into_iter().chain(crowd.iter().map(Vec::as_slice)).collect();
        assert_eq!(shown(&mut received(&updates)), received_by_yrs(&updates), "seed {seed}");
    }
}

/// The same update with its clients in the other order, as no engine writes it.
fn ascending(update: &[u8]) -> Vec<u8> {
    let mut parts: Vec<Vec<u8>> = Vec::new();
    let number = |at: &mut usize| {
        let start = *at;
        while update[*at] & 0x80 != 0 {
            *at += 1;
        }
        *at += 1;
        update[start..*at].iter().rev().fold(0, |value, byte| value << 7 | u64::from(byte & 0x7f))
    };
    let mut at = 0;
    let clients = number(&mut at);
    let first = at;
    for _ in 0..clients {
        let start = at;
        let structs = number(&mut at);
        number(&mut at);
        number(&mut at);
        for _ in 0..structs {
            let info = update[at];
            at += 1;
            let is_item = ![0, 10].contains(&(info & 0x1f));
            for _ in [0x80, 0x40].into_iter().filter(|bit| is_item && info & bit != 0) {
                number(&mut at);
                number(&mut at);
            }
            if is_item && info & 0xc0 == 0 {
                number(&mut at);
                let name = number(&mut at);
                at += name as usize;
            }
            let len = number(&mut at);
            at += if info & 0x1f == 4 { len as usize } else { 0 };
        }
        parts.push(update[start..at].to_vec());
    }
    let parts = parts.into_iter().rev().flatten();
    update[..first].iter().copied().chain(parts).chain(update[at..].iter().copied()).collect()
}
