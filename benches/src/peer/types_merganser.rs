//! Merganser's shared types, undo and awareness.

use super::{Format, Run, Types};
use merganser::awareness::Awareness;
use merganser::types::{Attributes, DeltaEdit, Prelim};
use merganser::undo::{UndoManager, UndoOptions};
use merganser::{Any, Array, ClientId, Doc, Options, StateVector, Text, Value, XmlFragment};

/// A document of this engine.
pub struct MerganserTypes {
    doc: Doc,
    text: Text,
    array: Array,
    fragment: XmlFragment,
    undo: UndoManager,
    awareness: Awareness,
}

impl MerganserTypes {
    /// An empty one.
    pub fn empty() -> MerganserTypes {
        let mut doc = Doc::new(Options::new(ClientId::from(1)));
        let (text, array, fragment) = (doc.text("text"), doc.array("array"), doc.xml_fragment("xml"));
        let options = UndoOptions { capture_timeout_ms: 0, ..UndoOptions::default() };
        let undo = UndoManager::new(&mut doc, &[Value::from(text)], options).expect("a text of this document");
        let awareness = Awareness::new(ClientId::from(1), 0);
        MerganserTypes { doc, text, array, fragment, undo, awareness }
    }
}

fn attributes(of: &[(&str, &str)]) -> Attributes {
    let value = |value: &str| if value.is_empty() { Any::Null } else { Any::from(value) };
    of.iter().map(|(key, of)| ((*key).into(), value(of))).collect()
}

impl Types for MerganserTypes {
    fn apply_delta(&mut self, runs: &[Run]) {
        let insert = |(text, formats): &Run| DeltaEdit::Insert {
            insert: Any::from(text.as_str()).into(),
            attributes: attributes(formats),
        };
        let delta = runs.iter().map(insert).collect();
        let mut transaction = self.doc.transact();
        self.text.apply_delta(&mut transaction, delta, true).expect("inserts");
        transaction.commit();
    }

    fn delta_len(&self) -> usize {
        self.text.to_delta(&self.doc).len()
    }

    fn format(&mut self, formats: &[Format]) {
        for (at, len, key, value) in formats {
            let mut transaction = self.doc.transact();
            self.text.format(&mut transaction, *at, *len, &attributes(&[(key, value)])).expect("a range of the text");
            transaction.commit();
        }
    }

    fn insert(&mut self, formats: &[Format]) {
        for (at, _, key, value) in formats {
            let mut transaction = self.doc.transact();
            let formats = attributes(&[(key, value)]);
            self.text.insert_with_attributes(&mut transaction, *at, "duck", &formats).expect("an index of the text");
            transaction.commit();
        }
    }

    fn edit(&mut self, formats: &[Format]) {
        for (at, ..) in formats {
            let mut transaction = self.doc.transact();
            let delta = vec![
                DeltaEdit::Retain { len: *at, attributes: Vec::new() },
                DeltaEdit::Insert { insert: "duck".into(), attributes: Vec::new() },
                DeltaEdit::Delete { len: 1 },
            ];
            self.text.apply_delta(&mut transaction, delta, true).expect("a change of the text");
            transaction.commit();
        }
    }

    fn encode(&self) -> Vec<u8> {
        self.doc.encode_state_as_update(&StateVector::default())
    }

    fn load(&mut self, update: &[u8]) {
        self.doc.apply_update(update).expect("a well-formed update");
    }

    fn insert_numbers(&mut self, places: &[u32]) {
        for (number, at) in places.iter().enumerate() {
            let mut transaction = self.doc.transact();
            self.array.insert(&mut transaction, *at, [Prelim::from(number as f64)]).expect("a place in the array");
            transaction.commit();
        }
    }

    fn numbers(&self) -> Vec<u32> {
        let number = |value| match value {
            Value::Any(Any::Number(number)) => number as u32,
            _ => unreachable!("all are numbers"),
        };
        self.array.iter(&self.doc).map(number).collect()
    }

    fn append_paragraphs(&mut self, count: u32) {
        for number in 0..count {
            let paragraph = Prelim::XmlElement {
                name: "p".into(),
                attributes: vec![("class".into(), "duck".into())],
                children: vec![Prelim::XmlText(format!("duck {number}"))],
            };
            let mut transaction = self.doc.transact();
            self.fragment.push(&mut transaction, vec![paragraph]).expect("a fragment of this document");
            transaction.commit();
        }
    }

    fn xml(&self) -> String {
        self.fragment.to_string(&self.doc)
    }

    fn type_steps(&mut self, count: u32) {
        let len = self.text_len();
        for step in 0..count {
            let mut transaction = self.doc.transact();
            self.text.insert(&mut transaction, len + step, "d").expect("the end of the text");
            self.undo.track(&mut transaction.commit(), u64::from(step));
        }
    }

    fn undo_all(&mut self) -> u32 {
        let mut steps = 0;
        while self.undo.undo(&mut self.doc).is_some() {
            steps += 1;
        }
        steps
    }

    fn redo_all(&mut self) -> u32 {
        let mut steps = 0;
        while self.undo.redo(&mut self.doc).is_some() {
            steps += 1;
        }
        steps
    }

    fn text_len(&self) -> u32 {
        self.text.len(&self.doc)
    }

    fn apply_awareness(&mut self, updates: &[Vec<u8>]) {
        for update in updates {
            self.awareness.apply_update(update, 1).expect("a well-formed update");
        }
    }

    fn awareness(&self) -> (usize, Vec<u8>) {
        let clients: Vec<ClientId> = self.awareness.states().map(|(client, _)| client).collect();
        (clients.len(), self.awareness.encode_update(clients))
    }
}
