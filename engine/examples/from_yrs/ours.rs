//! The same program with Merganser.

use merganser::observe::{ManagerId, ObservedDoc};
use merganser::types::DeltaInsert;
use merganser::undo::{UndoManager, UndoOptions};
use merganser::{Any, Array, ClientId, Doc, Error, Options, Prelim, RelativePosition, Text, Value};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

struct Person {
    doc: ObservedDoc,
    note: Text,
    tasks: Array,
}

impl Person {
    fn new(client: u64) -> Person {
        let mut doc = Doc::new(Options::new(ClientId::new(client)));
        let (note, tasks) = (doc.text("note"), doc.array("tasks"));
        Person { doc: ObservedDoc::new(doc), note, tasks }
    }

    /// Takes over what another one has and we have not.
    fn pull(&mut self, from: &Person) -> Result<(), Error> {
        let update = from.doc.encode_state_as_update(&self.doc.state_vector());
        self.doc.apply_update(&update, Some("network".into()))?;
        Ok(())
    }

    fn undo_manager(&mut self) -> Result<ManagerId, Error> {
        let scope = [self.note.into(), self.tasks.into()];
        let options = UndoOptions { capture_timeout_ms: 0, ..UndoOptions::default() };
        let manager = UndoManager::new(self.doc.doc_mut(), &scope, options)?;
        Ok(self.doc.attach(manager))
    }

    fn show(&self, lines: &mut Vec<String>) {
        for op in self.note.to_delta(&self.doc) {
            let DeltaInsert::Text(text) = op.insert else { continue };
            let is_bold = op.attributes.iter().any(|(key, _)| **key == *"bold");
            lines.push(if is_bold { format!("**{text}**") } else { text.into() });
        }
        for task in self.tasks.iter(&self.doc) {
            let Value::Map(task) = task else { continue };
            let Some(Value::Any(Any::String(title))) = task.get(&self.doc, "title") else { continue };
            let is_done = task.get(&self.doc, "done") == Some(Value::Any(true.into()));
            lines.push(format!("[{}] {title}", if is_done { "x" } else { " " }));
        }
    }
}

/// Two people edit a note and a list of tasks, away from each other, and meet.
pub fn run() -> Result<Vec<String>, Error> {
    let mut lines = Vec::new();
    let (mut ada, mut bo) = (Person::new(1), Person::new(2));
    let updates = Arc::new(AtomicUsize::new(0));
    let count = updates.clone();
    ada.doc.on_update(move |_, _| _ = count.fetch_add(1, Ordering::Relaxed));
    let (note, tasks) = (ada.note, ada.tasks);
    ada.doc.transact(|transaction| {
        note.insert(transaction, 0, "Feed the ducks")?;
        note.format(transaction, 9, 5, &[("bold".into(), true.into())])?;
        ["oats", "peas"].iter().try_for_each(|title| {
            let task = vec![("title".into(), (*title).into()), ("done".into(), false.into())];
            tasks.push(transaction, vec![Prelim::Map(task)])
        })
    })?;
    let cursor = RelativePosition::at(&ada.doc, note, 9, 0)?;
    bo.pull(&ada)?;

    let undo = bo.undo_manager()?;
    let (note, tasks) = (bo.note, bo.tasks);
    bo.doc.transact(|transaction| note.insert(transaction, 0, "Today: "))?;
    bo.doc.transact(|transaction| {
        let Some(Value::Map(task)) = tasks.get(transaction, 0) else { unreachable!() };
        task.set(transaction, "done", true)
    })?;
    let note = ada.note;
    ada.doc.transact(|transaction| note.insert(transaction, note.len(transaction), "!"))?;
    ada.pull(&bo)?;
    bo.pull(&ada)?;
    bo.show(&mut lines);
    lines.push(format!("cursor at {}", cursor.to_absolute(&ada.doc).unwrap().index));

    bo.doc.undo(undo);
    ada.pull(&bo)?;
    ada.show(&mut lines);
    lines.push(format!("{} updates", updates.load(Ordering::Relaxed)));
    assert_eq!(ada.note.to_string(&ada.doc), bo.note.to_string(&bo.doc));
    Ok(lines)
}
