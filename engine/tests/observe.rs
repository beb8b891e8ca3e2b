//! What callbacks of an observed document may do and may not, and what is left when they panic.

use merganser::observe::{ObservedDoc, ObservedOptions, StackEvent};
use merganser::undo::{UndoManager, UndoOptions};
use merganser::{Any, ClientId, Doc, ErrorKind, Map, Options, Prelim, Text, Value};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex};

fn observed() -> (ObservedDoc, Text, Map) {
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let (text, map) = (doc.text("t"), doc.map("m"));
    (ObservedDoc::new(doc), text, map)
}

type Shared<T> = Arc<Mutex<T>>;

fn count(of: &Shared<u32>) -> u32 {
    *of.lock().unwrap()
}

fn counter() -> (Shared<u32>, impl Fn() + Send + Clone + 'static) {
    let counted = Shared::default();
    let add = counted.clone();
    (counted, move || *add.lock().unwrap() += 1)
}

#[test]
fn callbacks_end_that_answer_each_other_without_end() {
    let mut doc = Doc::new(Options::new(ClientId::from(1)));
    let map = doc.map("m");
    let options = ObservedOptions { most_reactions: 7, ..ObservedOptions::default() };
    let mut doc = ObservedDoc::with_options(doc, options);
    let refused: Shared<Option<merganser::Error>> = Shared::default();
    let note = refused.clone();
    doc.observe(&Value::Map(map), move |_, reaction| {
        let next = reaction.transact(None, |edit| map.set(edit, "n", edit.delete_set().range_count() as f64));
        *note.lock().unwrap() = next.err();
    })
    .unwrap();
    let (told, add) = counter();
    doc.on_update(move |_, _| add());
    for round in 1..=2 {
        doc.transact(|edit| map.set(edit, "begin", round)).unwrap();
        assert_eq!(refused.lock().unwrap().map(|error| error.kind), Some(ErrorKind::TooManyReactions));
        assert_eq!(count(&told), 8 * round as u32, "each round begins anew");
    }
    doc.assert_invariants();
}

#[test]
fn a_callback_may_take_callbacks_away() {
    let (mut doc, text, _) = observed();
    let (called, add) = counter();
    let first = doc.on_update({
        let add = add.clone();
        move |_, _| add()
    });
    let ends = doc.on_after_all_transactions({
        let add = add.clone();
        move |_, _| add()
    });
    let begins = doc.on_before_transaction(move |_| add());
    doc.on_before_observer_calls(move |reaction| {
        reaction.unobserve(first);
        reaction.unobserve(begins);
        reaction.unobserve(ends);
    });
    for _ in 0..3 {
        doc.transact(|edit| text.insert(edit, 0, "a")).unwrap();
    }
    assert_eq!(count(&called), 1, "only as the first transaction began");
    assert!(!doc.unobserve(first) && !doc.unobserve(begins));
}

#[test]
fn what_edits_as_a_transaction_begins_is_part_of_it() {
    let (mut doc, text, map) = observed();
    doc.on_before_transaction(move |edit| map.set(edit, "by", "me").unwrap());
    let (updates, add) = counter();
    doc.on_update(move |_, _| add());
    doc.transact(|edit| text.insert(edit, 0, "a")).unwrap();
    assert_eq!((count(&updates), map.get(&doc, "by")), (1, Some(Value::Any("me".into()))));
}

#[test]
fn what_was_done_before_a_failure_stays_and_is_told() {
    let (mut doc, text, _) = observed();
    let (updates, add) = counter();
    doc.on_update(move |_, _| add());
    let failed = doc.transact(|edit| {
        text.insert(edit, 0, "duck")?;
        text.delete(edit, 3, 5)
    });
    assert_eq!(failed.unwrap_err().kind, ErrorKind::OutOfRange);
    assert_eq!((text.to_string(&doc), count(&updates)), ("duck".into(), 1));
    assert!(doc.apply_update(&[1, 2, 3], None).is_err());
    assert_eq!(count(&updates), 1);
}

#[test]
fn a_panic_leaves_a_whole_document_and_what_it_did_is_told_later() {
    let (mut doc, text, _) = observed();
    let (updates, add) = counter();
    doc.on_update(move |_, _| add());
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        doc.transact(|edit| {
            text.insert(edit, 0, "duck").unwrap();
            panic!("on purpose");
        })
    }));
    assert!(panicked.is_err() && count(&updates) == 0);
    doc.assert_invariants();
    doc.transact(|edit| text.insert(edit, 4, "!")).unwrap();
    assert_eq!((text.to_string(&doc), count(&updates)), ("duck!".into(), 2));
}

#[test]
fn paths_of_deep_events_lead_from_the_observed_type() {
    let (mut doc, _, map) = observed();
    let nested = Prelim::Map(vec![("list".into(), Prelim::Array(vec![Prelim::Text("a".into())]))]);
    doc.transact(|edit| map.set(edit, "k", nested)).unwrap();
    let Some(Value::Map(inner)) = map.get(&doc, "k") else { panic!("a map") };
    let Some(Value::Array(list)) = inner.get(&doc, "list") else { panic!("an array") };
    let Some(Value::Text(text)) = list.get(&doc, 0) else { panic!("a text") };
    let lengths: Shared<Vec<(usize, usize)>> = Shared::default();
    for target in [Value::Map(map), Value::Map(inner), Value::Array(list), Value::Text(text)] {
        let lengths = lengths.clone();
        doc.observe_deep(&target, move |events, _| lengths.lock().unwrap().push((events.len(), events[0].path.len())))
            .unwrap();
    }
    doc.transact(|edit| text.insert(edit, 0, "b")).unwrap();
    assert_eq!(*lengths.lock().unwrap(), [(1, 3), (1, 2), (1, 1), (1, 0)]);
    assert_eq!(doc.observe(&Value::Any(Any::Null), |_, _| {}).unwrap_err().kind, ErrorKind::WrongType);
}

#[test]
fn formats_are_cleaned_up_in_a_transaction_of_its_own() {
    let (mut doc, text, _) = observed();
    doc.transact(|edit| text.insert(edit, 0, "a duck")).unwrap();
    let mut other = Doc::new(Options::new(ClientId::from(2)));
    let other_text = other.text("t");
    other.apply_update(&doc.encode_state_as_update(&Default::default())).unwrap();
    doc.transact(|edit| text.format(edit, 2, 4, &[("bold".into(), true.into())])).unwrap();
    let mut edit = other.transact();
    other_text.delete(&mut edit, 2, 4).unwrap();
    let deleted = edit.commit().update_v1().unwrap();
    let told: Shared<Vec<(bool, bool)>> = Shared::default();
    let note = told.clone();
    doc.on_after_transaction(move |reaction| {
        note.lock().unwrap().push((reaction.is_local(), reaction.origin().is_some()));
    });
    doc.apply_update(&deleted, Some("network".into())).unwrap();
    assert_eq!(*told.lock().unwrap(), [(false, true), (true, false)]);
}

#[test]
fn stack_items_remember_what_the_program_says() {
    let (mut doc, text, _) = observed();
    let options = UndoOptions { capture_timeout_ms: 100, ..UndoOptions::default() };
    let mut undo = UndoManager::new(doc.doc_mut(), &[Value::Text(text)], options).unwrap();
    undo.stop_capturing();
    let manager = doc.attach(undo);
    let popped: Shared<Vec<Any>> = Shared::default();
    let note = popped.clone();
    assert!(doc.on_stack(manager, move |doc, event| match event {
        StackEvent::Added { meta, .. } | StackEvent::Updated { meta, .. } => {
            meta.insert("length".into(), f64::from(text.len(doc)).into());
        }
        StackEvent::Popped { item, .. } => note.lock().unwrap().push(item.meta["length"].clone()),
        StackEvent::Cleared { .. } => {}
    }));
    for (now_ms, typed) in [(0, "a"), (50, "b"), (500, "c")] {
        doc.set_now(now_ms);
        doc.transact(|edit| text.insert(edit, 0, typed)).unwrap();
    }
    assert!(doc.undo(manager) && doc.undo(manager) && !doc.undo(manager));
    assert_eq!(*popped.lock().unwrap(), [Any::Number(3.0), Any::Number(2.0)]);
    assert!(doc.redo(manager));
    assert_eq!(text.to_string(&doc), "ba");
    let manager = doc.detach(manager).unwrap();
    assert!(manager.can_undo() && manager.can_redo());
}

#[test]
fn subdocuments_are_told_and_loaded_once() {
    let (mut doc, _, map) = observed();
    let told: Shared<Vec<(usize, usize, usize)>> = Shared::default();
    let note = told.clone();
    doc.on_subdocs(move |changes, _| {
        note.lock().unwrap().push((changes.added.len(), changes.loaded.len(), changes.removed.len()));
    });
    let mut other = Doc::new(Options::new(ClientId::from(2)));
    let other_map = other.map("m");
    let mut edit = other.transact();
    let subdoc = Prelim::Subdoc { guid: "sub".into(), options: Any::Object(Vec::new()) };
    other_map.set(&mut edit, "k", subdoc).unwrap();
    let update = edit.commit().update_v1().unwrap();
    doc.apply_update(&update, None).unwrap();
    assert!(doc.load_subdoc("sub") && doc.load_subdoc("sub") && !doc.load_subdoc("other"));
    assert_eq!(doc.loaded_subdocs().collect::<Vec<_>>(), ["sub"]);
    doc.transact(|edit| map.delete(edit, "k")).unwrap();
    assert_eq!(*told.lock().unwrap(), [(1, 0, 0), (0, 1, 0), (0, 0, 1)]);
    assert_eq!(doc.loaded_subdocs().count(), 0);
}

#[test]
fn it_is_said_that_the_document_ends_and_that_all_was_told() {
    fn is_send<T: Send>(_: &T) {}
    let (mut doc, text, _) = observed();
    is_send(&doc);
    let ended: Shared<Vec<usize>> = Shared::default();
    let (all, end) = (ended.clone(), ended.clone());
    doc.on_after_all_transactions(move |_, count| all.lock().unwrap().push(count));
    doc.on_destroy(move |doc| end.lock().unwrap().push(text.len(doc) as usize + 100));
    doc.observe(&Value::Text(text), move |event, reaction| {
        if event.delta.len() == 1 && text.len(reaction.doc()) < 3 {
            let _refused = reaction.transact(None, |edit| text.insert(edit, 0, "x"));
        }
    })
    .unwrap();
    doc.transact(|edit| text.insert(edit, 0, "a")).unwrap();
    let doc = doc.destroy();
    assert_eq!(text.to_string(&doc), "xxa");
    assert_eq!(*ended.lock().unwrap(), [3, 103]);
}

#[test]
fn a_client_id_that_another_writer_uses_is_noticed() {
    let mut docs = [1, 1].map(|client| Doc::new(Options::new(ClientId::from(client))));
    let texts = [0, 1].map(|at| docs[at].text("t"));
    let mut edit = docs[0].transact();
    texts[0].insert(&mut edit, 0, "a").unwrap();
    let commit = edit.commit();
    assert!(!commit.is_client_id_taken());
    let update = commit.update_v1().unwrap();
    let mut edit = docs[1].transact();
    edit.apply_update(&update).unwrap();
    assert!(edit.commit().is_client_id_taken());
    docs[1].set_client_id(ClientId::from(2));
    texts[1].insert(&mut docs[1].transact(), 1, "b").unwrap();
    assert_eq!(docs[1].state_vector().clock(ClientId::from(2)), 1);
}
