//! What an undo manager keeps, tracks, tells and refuses, call by call.

use merganser::undo::{Stack, Tracked, UndoManager, UndoOptions};
use merganser::{Any, ClientId, Doc, ErrorKind, Options, Origin, Prelim, StateVector, Value};

fn doc() -> Doc {
    Doc::new(Options::new(ClientId::from(1)))
}

fn every_transaction() -> UndoOptions {
    UndoOptions { capture_timeout_ms: 0, ..UndoOptions::default() }
}

fn encodes(doc: &Doc, content: &str) -> bool {
    let state = doc.encode_state_as_update(&StateVector::default());
    state.windows(content.len()).any(|part| part == content.as_bytes())
}

#[test]
fn content_is_kept_as_long_as_a_stack_needs_it() {
    let mut doc = doc();
    let (text, list) = (doc.text("t"), doc.array("l"));
    let scope = [Value::Text(text), Value::Array(list)];
    let mut managers = [0, 1].map(|_| UndoManager::new(&mut doc, &scope, every_transaction()).unwrap());
    let mut edit = doc.transact();
    text.insert(&mut edit, 0, "duck").unwrap();
    list.push(&mut edit, vec![Prelim::Text("nested".into())]).unwrap();
    drop(edit.commit());
    let mut edit = doc.transact();
    text.delete(&mut edit, 0, 4).unwrap();
    list.delete(&mut edit, 0, 1).unwrap();
    let mut commit = edit.commit();
    assert!(managers.iter_mut().all(|manager| manager.track(&mut commit, 0).is_some()));
    for manager in &mut managers {
        assert!(encodes(&doc, "duck") && encodes(&doc, "nested"));
        manager.clear(&mut doc);
    }
    assert!(!encodes(&doc, "duck") && !encodes(&doc, "nested"));
    doc.assert_invariants();
}

#[test]
fn what_was_undone_is_collected_when_it_cannot_be_redone() {
    let mut doc = doc();
    let text = doc.text("t");
    let mut undo = UndoManager::new(&mut doc, &[Value::Text(text)], every_transaction()).unwrap();
    let mut edit = doc.transact();
    text.insert(&mut edit, 0, "duck").unwrap();
    undo.track(&mut edit.commit(), 0);
    assert!(undo.undo(&mut doc).is_some());
    assert!(encodes(&doc, "duck"));
    let mut edit = doc.transact();
    text.insert(&mut edit, 0, "coot").unwrap();
    let tracked = undo.track(&mut edit.commit(), 0);
    let expected = Tracked { stack: Stack::Undo, is_new: true, redo_cleared: true, origin: None };
    assert_eq!(tracked, Some(expected));
    assert!(!undo.can_redo() && !encodes(&doc, "duck"));
}

#[test]
fn origins_decide_what_is_tracked() {
    let (mut doc, mut other) = (doc(), Doc::new(Options::new(ClientId::from(2))));
    let text = doc.text("t");
    let options = UndoOptions { tracked_origins: [None, Some("editor".into())].into(), ..every_transaction() };
    let mut undo = UndoManager::new(&mut doc, &[Value::Text(text)], options).unwrap();
    for (origin, is_tracked) in [("editor", true), ("import", false)] {
        let mut edit = doc.transact_with(origin);
        text.insert(&mut edit, 0, "a").unwrap();
        assert_eq!(undo.track(&mut edit.commit(), 0).is_some(), is_tracked);
    }
    let theirs = other.text("t");
    let mut edit = other.transact();
    theirs.insert(&mut edit, 0, "b").unwrap();
    let update = edit.commit().update_v1().unwrap();
    let mut remote = doc.transact();
    remote.apply_update(&update).unwrap();
    assert_eq!(undo.track(&mut remote.commit(), 0), None, "what others wrote is not ours to undo");
    let popped = undo.undo(&mut doc).unwrap();
    assert_eq!(popped.commit.origin(), Some(&undo.origin()));
    assert!(matches!(undo.origin(), Origin::UndoManager(_)));
    let mut commit = popped.commit;
    assert_eq!(undo.track(&mut commit, 0), None, "it knows its own undo");
    assert_eq!(text.len(&doc), 2);
}

#[test]
fn steps_within_the_timeout_are_one_and_remember_what_the_program_wants() {
    let mut doc = doc();
    let text = doc.text("t");
    let mut undo = UndoManager::new(&mut doc, &[Value::Text(text)], UndoOptions::default()).unwrap();
    for (now_ms, is_new) in [(1_000, true), (1_499, false), (1_999, true), (2_000, false)] {
        let mut edit = doc.transact();
        text.insert(&mut edit, 0, "a").unwrap();
        assert_eq!(undo.track(&mut edit.commit(), now_ms).map(|tracked| tracked.is_new), Some(is_new));
    }
    undo.last_meta(Stack::Undo).unwrap().insert("cursor".into(), Any::Number(2.0));
    let popped = undo.undo(&mut doc).unwrap();
    assert_eq!(popped.item.meta["cursor"], Any::Number(2.0));
    assert_eq!(popped.tracked.map(|tracked| tracked.stack), Some(Stack::Redo));
    assert_eq!(text.to_string(&doc), "aa");
}

#[test]
fn a_filter_protects_what_it_wants() {
    let mut doc = doc();
    let list = doc.array("l");
    let mut undo = UndoManager::new(&mut doc, &[Value::Array(list)], every_transaction()).unwrap();
    undo.set_delete_filter(|doc, doomed| !matches!(&doomed.shared, Some(Value::Text(text)) if !text.is_empty(doc)));
    let mut edit = doc.transact();
    list.push(&mut edit, vec![Prelim::Text(String::new()), Prelim::Any(Any::Bool(true))]).unwrap();
    undo.track(&mut edit.commit(), 0);
    let Some(Value::Text(text)) = list.get(&doc, 0) else { panic!("a text was pushed") };
    text.insert(&mut doc.transact_with(7), 0, "theirs").unwrap();
    assert!(undo.undo(&mut doc).is_some());
    assert_eq!(list.values(&doc), [Value::Text(text)]);
}

#[test]
fn only_types_of_the_document_can_be_looked_after() {
    let (mut doc, mut empty) = (doc(), doc());
    let values = [Value::Any(Any::Null), Value::Text(doc.text("t"))];
    for value in values {
        let refused = UndoManager::new(&mut empty, &[value], UndoOptions::default()).unwrap_err();
        assert_eq!(refused.kind, ErrorKind::WrongType);
    }
}

#[test]
fn managers_can_be_sent() {
    fn sent<T: Send>() {}
    sent::<UndoManager>();
    sent::<Doc>();
}

#[test]
fn the_whole_document_may_be_the_scope() {
    let mut doc = doc();
    let mut undo = UndoManager::new(&mut doc, &[], every_transaction()).unwrap();
    undo.add_document_to_scope();
    // A root that is named later is in it, too, and what lies in it.
    let map = doc.map("later");
    let mut edit = doc.transact();
    map.set(&mut edit, "k", Prelim::Text("duck".into())).unwrap();
    assert!(undo.track(&mut edit.commit(), 0).is_some());
    let Some(Value::Text(text)) = map.get(&doc, "k") else { panic!("a text was set") };
    let mut edit = doc.transact();
    text.delete(&mut edit, 0, 2).unwrap();
    assert!(undo.track(&mut edit.commit(), 1).is_some());
    assert!(undo.track(&mut doc.transact().commit(), 2).is_none(), "it changed nothing");
    assert!(undo.undo(&mut doc).is_some());
    assert_eq!(text.to_string(&doc), "duck");
    assert!(undo.undo(&mut doc).is_some());
    assert!(map.is_empty(&doc) && undo.undo(&mut doc).is_none());
    assert!(undo.redo(&mut doc).is_some() && undo.redo(&mut doc).is_some());
    assert!(matches!(map.get(&doc, "k"), Some(Value::Text(text)) if text.to_string(&doc) == "ck"));
}

#[test]
fn a_program_may_keep_content_by_itself() {
    let mut doc = doc();
    let text = doc.text("t");
    text.insert(&mut doc.transact(), 0, "a duck dives").unwrap();
    let word =
        [(ClientId::from(1), 2..6), (ClientId::from(1), 11..40), (ClientId::from(7), 0..3)].into_iter().collect();
    doc.keep(&word);
    doc.keep(&word);
    text.delete(&mut doc.transact(), 0, 12).unwrap();
    assert!(encodes(&doc, "duck") && encodes(&doc, "s") && !encodes(&doc, "dive"));
    doc.release(&word);
    assert!(encodes(&doc, "duck"));
    doc.release(&word);
    assert!(!encodes(&doc, "duck"));
    doc.release(&word);
    doc.assert_invariants();
}
