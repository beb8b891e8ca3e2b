//! The program as it is written with yrs.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use yrs::types::Attrs;
use yrs::types::text::{Diff, YChange};
use yrs::undo::{Options as UndoOptions, UndoManager};
use yrs::updates::decoder::Decode;
use yrs::{
    Any, Array, ArrayRef, Assoc, ClientID, Doc, GetString, IndexedSequence, Map, MapPrelim, OffsetKind, Options, Out,
    ReadTxn, Text, TextRef, Transact, Update,
};

struct Person {
    doc: Doc,
    note: TextRef,
    tasks: ArrayRef,
}

impl Person {
    fn new(client: u64) -> Person {
        let options = Options::with_client_id(ClientID::new(client));
        let doc = Doc::with_options(Options { offset_kind: OffsetKind::Utf16, ..options });
        let (note, tasks) = (doc.get_or_insert_text("note"), doc.get_or_insert_array("tasks"));
        Person { doc, note, tasks }
    }

    /// Takes over what another one has and we have not.
    fn pull(&self, from: &Person) {
        let known = self.doc.transact().state_vector();
        let update = from.doc.transact().encode_state_as_update_v1(&known);
        self.doc.transact_mut_with("network").apply_update(Update::decode_v1(&update).unwrap()).unwrap();
    }

    fn show(&self, lines: &mut Vec<String>) {
        let transaction = self.doc.transact();
        for Diff { insert, attributes, .. } in self.note.diff(&transaction, YChange::identity) {
            let Out::Any(Any::String(text)) = insert else { continue };
            let is_bold = attributes.is_some_and(|of| of.contains_key("bold"));
            lines.push(if is_bold { format!("**{text}**") } else { text.to_string() });
        }
        for task in self.tasks.iter(&transaction) {
            let Out::YMap(task) = task else { continue };
            let title = task.get(&transaction, "title").map(|title| title.to_string(&transaction)).unwrap_or_default();
            let is_done = matches!(task.get(&transaction, "done"), Some(Out::Any(Any::Bool(true))));
            lines.push(format!("[{}] {title}", if is_done { "x" } else { " " }));
        }
    }
}

/// Two people edit a note and a list of tasks, away from each other, and meet.
pub fn run() -> Vec<String> {
    let mut lines = Vec::new();
    let (ada, bo) = (Person::new(1), Person::new(2));
    let updates = Arc::new(AtomicUsize::new(0));
    let count = updates.clone();
    ada.doc.observe_update_v1("count", move |_, _| _ = count.fetch_add(1, Ordering::Relaxed)).unwrap();
    {
        let mut transaction = ada.doc.transact_mut();
        ada.note.insert(&mut transaction, 0, "Feed the ducks");
        let bold: Attrs = HashMap::from([("bold".into(), true.into())]);
        ada.note.format(&mut transaction, 9, 5, bold);
        for title in ["oats", "peas"] {
            let task = MapPrelim::from([("title", Any::from(title)), ("done", Any::from(false))]);
            ada.tasks.push_back(&mut transaction, task);
        }
    }
    let cursor = ada.note.sticky_index(&ada.doc.transact(), 9, Assoc::After).unwrap();
    bo.pull(&ada);

    let options = UndoOptions { capture_timeout_millis: 0, ..UndoOptions::default() };
    let mut undo = UndoManager::<()>::with_options(options);
    undo.expand_scope(&bo.doc, &bo.note);
    undo.expand_scope(&bo.doc, &bo.tasks);
    bo.note.insert(&mut bo.doc.transact_mut(), 0, "Today: ");
    {
        let mut transaction = bo.doc.transact_mut();
        let Some(Out::YMap(task)) = bo.tasks.get(&transaction, 0) else { unreachable!() };
        task.insert(&mut transaction, "done", true);
    }
    ada.note.push(&mut ada.doc.transact_mut(), "!");
    ada.pull(&bo);
    bo.pull(&ada);
    bo.show(&mut lines);
    lines.push(format!("cursor at {}", cursor.get_offset(&ada.doc.transact()).unwrap().index));

    undo.undo_blocking();
    ada.pull(&bo);
    ada.show(&mut lines);
    lines.push(format!("{} updates", updates.load(Ordering::Relaxed)));
    assert_eq!(ada.note.get_string(&ada.doc.transact()), bo.note.get_string(&bo.doc.transact()));
    lines
}
