//! Rows about where an edit lands: at random places, where a crowd types, and where two write in turn.

use super::Part;
use super::traces::received;
use crate::peer::{Peer, Updates};
use crate::replay::{self, READER, WRITER};
use crate::trace::Patch;
use crate::work::{Work, work};
use anyhow::ensure;
use jumprope::JumpRope;
use merganser_instructions::random::Random;

/// How many edits at random places are measured: so few that the document is about as long afterwards.
pub(super) fn edits(pieces: usize) -> usize {
    (pieces / 10).min(10_000)
}

/// One-character inserts at random places of a text that they make.
fn patches(count: usize) -> Vec<Patch> {
    let mut random = Random::new(3);
    let at = |len: usize| {
        let inserted = char::from(b'a' + (len % 26) as u8).to_string();
        Patch { position: random.below(len as u32 + 1), deleted: 0, inserted }
    };
    (0..count).map(at).collect()
}

/// Edits at random places of a document that such edits have made: it is in as many pieces as it has characters. The
/// document is made anew for each turn.
pub(super) fn random<P: Peer>(pieces: usize) -> Box<dyn Work> {
    let mut before = patches(pieces + edits(pieces));
    let mut rope = JumpRope::new();
    before.iter().for_each(|patch| rope.insert(patch.position as usize, &patch.inserted));
    let edits = before.split_off(pieces);
    work(
        move || replay::local::<P>(&before),
        move |mut peer| {
            edits.iter().for_each(|patch| peer.edit(patch));
            peer
        },
        move |peer| {
            ensure!(rope == *peer.text(), "the text ends otherwise than a rope's");
            Ok(None)
        },
    )
}

/// In which order a crowd's updates arrive.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// By client id.
    Ascending,
    /// In any order.
    Random,
    /// In any order, and the clients saw different characters to the right of theirs.
    MixedRightOrigins,
}

/// Each client types 100 characters between the same two characters, knowing nothing of the others. Somebody receives
/// that client by client. With mixed right origins somebody had written at the beginning again and again; each client has
/// seen that up to another point and types at the beginning, too.
pub(super) fn crowd<P: Peer>(clients: usize, order: Order) -> Part {
    let (base, place) = match order {
        Order::MixedRightOrigins => (vec![insert(0, ".".into()); clients], 0),
        _ => (vec![insert(0, "()".into())], 1),
    };
    let base = replay::updates::<P::Writer>(&base)?;
    let (mut random, mut updates) = (Random::new(4), P::Updates::default());
    let mut ids: Vec<u32> = (0..clients as u32).map(|client| 10 + client).collect();
    if order != Order::Ascending {
        random.shuffle(&mut ids);
    }
    for id in &ids {
        let mut client = P::Writer::with_client(*id);
        let seen =
            if order == Order::MixedRightOrigins { 1 + random.below(clients as u32) as usize } else { base.len() };
        (0..seen).try_for_each(|index| client.apply(&base, index))?;
        client.edit_to_update(&insert(place, format!("{id:05}").repeat(20)), &mut updates)?;
    }
    let with_base = move || {
        let mut peer = P::with_client(READER);
        (0..base.len()).try_for_each(|index| peer.apply(&base, index)).map(|()| peer)
    };
    with_base()?;
    let expected = expected(&ids, order);
    Ok(work(
        move || with_base().expect("it could before"),
        move |mut peer: P| {
            (0..updates.len()).try_for_each(|index| peer.apply(&updates, index)).expect("it can receive");
            peer
        },
        move |peer| {
            let text = peer.text();
            match &expected {
                Some(expected) if P::IS_YJS => ensure!(text == *expected, "not in the order of Yjs"),
                _ => ensure!(is_in_blocks(&text, &ids), "what somebody typed is torn apart"),
            }
            Ok(None)
        },
    ))
}

/// What the protocol of Yjs makes of it: what is between the same two characters is in the order of the client ids.
fn expected(ids: &[u32], order: Order) -> Option<String> {
    let mut ids = ids.to_vec();
    ids.sort_unstable();
    let typed: String = ids.iter().map(|id| format!("{id:05}").repeat(20)).collect();
    (order != Order::MixedRightOrigins).then(|| format!("({typed})"))
}

/// Whether what each client typed stands together.
fn is_in_blocks(text: &str, ids: &[u32]) -> bool {
    let digits: Vec<u8> = text.bytes().filter(u8::is_ascii_digit).collect();
    let is_whole = |block: &[u8]| block.chunks(5).all(|chunk| chunk == &block[..5]);
    let mut found: Vec<&[u8]> = digits.chunks(100).filter(|block| is_whole(block)).map(|block| &block[..5]).collect();
    found.sort_unstable();
    found.dedup();
    found.len() == ids.len() && digits.len() == 100 * ids.len()
}

fn insert(position: u32, inserted: String) -> Patch {
    Patch { position, deleted: 0, inserted }
}

/// Two users write at the beginning in turn, each with what the other wrote.
pub(super) fn prepends<P: Peer>(count: usize) -> Part {
    let mut users = [P::Writer::with_client(WRITER), P::Writer::with_client(WRITER + 1)];
    let mut updates = P::Updates::default();
    for index in 0..count {
        users[index % 2].edit_to_update(&insert(0, letter(index)), &mut updates)?;
        users[1 - index % 2].apply(&updates, index)?;
    }
    received::<P>(updates, (0..count).rev().map(letter).collect())
}

fn letter(index: usize) -> String {
    char::from(b'a' + (index % 26) as u8).to_string()
}
