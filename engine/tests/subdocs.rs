//! Subdocuments as values: which there are, and what transactions tell of them.

use merganser::events::SubdocChanges;
use merganser::types::Subdoc;
use merganser::{Any, ClientId, Doc, Options, Prelim};

fn prelim(guid: &str, options: Vec<(Box<str>, Any)>) -> Prelim {
    Prelim::Subdoc { guid: guid.into(), options: Any::Object(options) }
}

fn guids(of: &[Subdoc]) -> Vec<&str> {
    of.iter().map(|subdoc| &*subdoc.guid).collect()
}

#[test]
fn subdocuments_come_and_go_with_their_units() {
    let mut ours = Doc::new(Options::new(ClientId::from(1)));
    let mut theirs = Doc::new(Options::new(ClientId::from(2)));
    let map = ours.map("m");
    let list = ours.array("l");
    let mut transaction = ours.transact();
    let options =
        vec![("autoLoad".into(), Any::Bool(true)), ("meta".into(), "m".into()), ("gc".into(), Any::Bool(false))];
    map.set(&mut transaction, "a", prelim("one", options)).unwrap();
    list.insert(&mut transaction, 0, vec![prelim("two", vec![]), 5.0.into(), prelim("gone", vec![])]).unwrap();
    list.delete(&mut transaction, 2, 1).unwrap();
    let commit = transaction.commit();
    let changes = commit.subdocs();
    assert_eq!((guids(&changes.added), guids(&changes.removed)), (vec!["one", "two"], vec![]));
    let (one, two) = (&changes.added[0], &changes.added[1]);
    assert_eq!((one.auto_load(), one.gc(), one.meta()), (true, false, Some(&Any::from("m"))));
    assert_eq!((two.auto_load(), two.gc(), two.meta()), (false, true, None));

    let mut transaction = theirs.transact();
    transaction.apply_update(&commit.update_v1().unwrap()).unwrap();
    let commit = transaction.commit();
    assert_eq!(guids(&changes.loaded), ["one", "two"], "what was made here is there");
    let remote = commit.subdocs();
    assert_eq!((&remote.added, &remote.removed), (&changes.added, &changes.removed));
    assert_eq!(guids(&remote.loaded), ["one"], "only what says so");

    // A key that is set anew ends the one that was there; a deleted parent those that are in it.
    let mut transaction = ours.transact();
    map.set(&mut transaction, "a", prelim("three", vec![])).unwrap();
    let commit = transaction.commit();
    assert_eq!(guids(&commit.subdocs().added), ["three"]);
    assert_eq!(guids(&commit.subdocs().removed), ["one"]);
    assert_eq!(guids(&ours.subdocs()), ["two", "three"]);
    let mut transaction = ours.transact();
    map.set(&mut transaction, "b", Prelim::Array(vec![prelim("inner", vec![])])).unwrap();
    map.delete(&mut transaction, "b").unwrap();
    assert_eq!(transaction.commit().subdocs(), SubdocChanges::default());
    map.set(&mut ours.transact(), "b", Prelim::Array(vec![prelim("inner", vec![])])).unwrap();
    let mut transaction = ours.transact();
    map.delete(&mut transaction, "b").unwrap();
    assert_eq!(guids(&transaction.commit().subdocs().removed), ["inner"]);
}
