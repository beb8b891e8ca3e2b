//! Collecting in a fold: what gives way to its length, and what stays as it is.

#![allow(clippy::single_range_in_vec_init, reason = "lists of ranges, some of one")]

use merganser::archive::{HostLimits, RowSizes, fold};
use merganser::update::{Content, Update, write_delete_set};
use merganser::{Any, ClientId, Doc, IdSet, Options, Prelim};
use std::ops::Range;

/// A document, and its content in one update.
fn written(write: impl FnOnce(&mut Doc)) -> Vec<u8> {
    let mut options = Options::new(ClientId::from(9));
    options.gc = false;
    let mut doc = Doc::new(options);
    write(&mut doc);
    doc.encode_state_as_update(&Default::default())
}

/// A text of one client.
fn text(content: &str) -> Vec<u8> {
    written(|doc| {
        let text = doc.text("t");
        let mut transaction = doc.transact();
        text.insert(&mut transaction, 0, content).unwrap();
        transaction.commit();
    })
}

/// An update that only deletes.
fn deleting(ranges: &[Range<u32>]) -> Vec<u8> {
    let deletes: IdSet = ranges.iter().map(|range| (ClientId::from(9), range.clone())).collect();
    let mut update = vec![0];
    write_delete_set(&mut update, &deletes);
    update
}

/// The structs of the one page that these slots are folded into.
fn folded(tail: Option<&[u8]>, slots: &[Vec<u8>], stored: Option<usize>) -> Vec<(Content, Range<u32>)> {
    let pages = fold(tail, slots, stored, RowSizes::default(), HostLimits::default()).unwrap();
    assert_eq!(pages.len(), 1);
    let page = Update::parse_v1(&pages[0]).unwrap();
    page.structs.iter().map(|of| (of.content, of.id.clock..of.end())).collect()
}

/// What becomes of content once these ranges of it are deleted.
fn collected(update: Vec<u8>, ranges: &[Range<u32>]) -> Vec<(Content, Range<u32>)> {
    folded(None, &[update, deleting(ranges)], Some(2))
}

const DELETED: Content = Content::Deleted;
const STRING: Content = Content::String;

#[test]
fn parts_are_collected_where_they_take_more_than_the_cuts() {
    let letters = || text(&"x".repeat(200));
    assert_eq!(collected(letters(), &[0..200]), [(DELETED, 0..200)]);
    assert_eq!(collected(letters(), &[100..140]), [(STRING, 0..200)], "two cuts");
    assert_eq!(collected(letters(), &[100..141]), [(STRING, 0..100), (DELETED, 100..141), (STRING, 141..200)]);
    assert_eq!(collected(letters(), &[0..20]), [(STRING, 0..200)], "one cut");
    assert_eq!(collected(letters(), &[0..21]), [(DELETED, 0..21), (STRING, 21..200)]);
    assert_eq!(collected(letters(), &[10..12, 179..200]), [(STRING, 0..179), (DELETED, 179..200)]);
    assert_eq!(collected(text("x"), &[0..1]), [(DELETED, 0..1)], "a whole struct, however small");
}

#[test]
fn surrogate_pairs_are_not_cut() {
    // A duck takes two units.
    let ducks = || text(&"\u{1f986}".repeat(100));
    assert_eq!(collected(ducks(), &[51..101]), [(STRING, 0..52), (DELETED, 52..100), (STRING, 100..200)]);
    assert_eq!(collected(ducks(), &[52..102]), [(STRING, 0..52), (DELETED, 52..102), (STRING, 102..200)]);
    assert_eq!(collected(ducks(), &[1..2, 3..4]), [(STRING, 0..200)]);
    assert_eq!(collected(text("\u{1f986}"), &[0..1]), [(STRING, 0..2)]);
    let mixed = || text(&"Gr\u{f6}\u{df}e \u{9e2d}\u{5b50}".repeat(20));
    assert_eq!(collected(mixed(), &[8..80]), [(STRING, 0..8), (DELETED, 8..80), (STRING, 80..160)]);
}

#[test]
fn values_count_by_their_bytes() {
    let list = || {
        written(|doc| {
            let list = doc.array("l");
            let mut transaction = doc.transact();
            let values = ["a", &"long ".repeat(20), "b", "c"].map(Prelim::from);
            list.insert(&mut transaction, 0, values).unwrap();
            transaction.commit();
        })
    };
    assert_eq!(collected(list(), &[1..2]), [(Content::Any, 0..1), (DELETED, 1..2), (Content::Any, 2..4)]);
    assert_eq!(collected(list(), &[2..4]), [(Content::Any, 0..4)]);
}

#[test]
fn marks_embeds_types_and_overwritten_values_are_collected() {
    let rich = written(|doc| {
        let (text, map) = (doc.text("t"), doc.map("m"));
        let mut transaction = doc.transact();
        text.insert_with_attributes(&mut transaction, 0, "b", &[("bold".into(), Any::Bool(true))]).unwrap();
        text.insert_embed(&mut transaction, 1, Prelim::Map(vec![("x".into(), "y".into())]), &[]).unwrap();
        map.set(&mut transaction, "k", "first").unwrap();
        map.set(&mut transaction, "k", "second").unwrap();
        transaction.commit();
    });
    let parsed = Update::parse_v1(&rich).unwrap();
    let end = parsed.structs.iter().map(|of| of.end()).max().unwrap();
    let kinds: Vec<Content> = parsed.structs.iter().map(|of| of.content).collect();
    assert!(kinds.contains(&Content::Format) && kinds.contains(&Content::Type), "{kinds:?}");
    let all = collected(rich.clone(), &[0..end]);
    assert!(all.iter().all(|(content, _)| *content == DELETED), "{all:?}");
    // What was collected keeps its places: the same ids, in a document that shows nothing.
    let pages = fold(None, &[rich, deleting(&[0..end])], Some(2), RowSizes::default(), HostLimits::default()).unwrap();
    let mut doc = Doc::new(Options::new(ClientId::from(5)));
    doc.apply_update(&pages[0]).unwrap();
    assert_eq!(doc.state_vector().clock(ClientId::from(9)), end);
    let (text, map) = (doc.text("t"), doc.map("m"));
    assert_eq!((text.to_string(&doc).as_str(), map.keys(&doc).count()), ("", 0));
}

#[test]
fn gc_structs_stay_and_none_are_made() {
    // Client 9: five units of GC, then "duck" in the root text.
    let update = vec![1, 2, 9, 0, 0, 5, 4, 1, 1, b't', 4, b'd', b'u', b'c', b'k', 0];
    assert_eq!(collected(update, &[0..9]), [(Content::Gc, 0..5), (DELETED, 5..9)]);
}

#[test]
fn only_what_is_stored_takes_content_with_it() {
    let (words, deletes) = (text("a duck"), deleting(&[0..6]));
    let slots = [words.clone(), deletes.clone()];
    assert_eq!(folded(None, &slots, Some(2)), [(DELETED, 0..6)]);
    assert_eq!(folded(None, &slots, Some(1)), [(STRING, 0..6)], "the slot with the delete is not stored yet");
    assert_eq!(folded(None, &slots, None), [(STRING, 0..6)], "history is kept");
    let page = &fold(None, &slots, Some(1), RowSizes::default(), HostLimits::default()).unwrap()[0];
    let more = [vec![0, 0]];
    assert_eq!(folded(Some(page), &more, Some(0)), [(DELETED, 0..6)], "what the last page says is stored");
    assert_eq!(folded(Some(page), &more, None), [(STRING, 0..6)]);
    assert_eq!(folded(Some(&words), &[deletes], Some(1)), [(DELETED, 0..6)]);
}
