//! The shared types, undo and awareness of yrs.

use super::{Format, Run, Types};
use std::sync::Arc;
use yrs::block::ClientID;
use yrs::sync::{Awareness, AwarenessUpdate};
use yrs::types::text::YChange;
use yrs::types::{Attrs, Delta};
use yrs::undo::UndoManager;
use yrs::updates::decoder::Decode;
use yrs::updates::encoder::Encode;
use yrs::{
    Any, Array, ArrayRef, Doc, GetString, In, OffsetKind, Options, Out, ReadTxn, StateVector, Text, TextRef, Transact,
    Update, Xml, XmlElementPrelim, XmlFragment, XmlFragmentRef, XmlTextPrelim,
};

/// A document of yrs.
pub struct YrsTypes {
    doc: Doc,
    text: TextRef,
    array: ArrayRef,
    fragment: XmlFragmentRef,
    undo: UndoManager<()>,
    awareness: Awareness,
}

impl YrsTypes {
    /// An empty one.
    pub fn empty() -> YrsTypes {
        let options = Options { offset_kind: OffsetKind::Utf16, ..Options::with_client_id(ClientID::new(1)) };
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text("text");
        let array = doc.get_or_insert_array("array");
        let fragment = doc.get_or_insert_xml_fragment("xml");
        let options = yrs::undo::Options { capture_timeout_millis: 0, ..yrs::undo::Options::default() };
        let undo = UndoManager::with_options(options);
        let awareness = Awareness::new(Doc::with_client_id(1));
        YrsTypes { doc, text, array, fragment, undo, awareness }
    }
}

fn attrs(of: &[(&str, &str)]) -> Attrs {
    let value = |value: &str| if value.is_empty() { Any::Null } else { Any::from(value) };
    of.iter().map(|(key, of)| (Arc::from(*key), value(of))).collect()
}

fn boxed(of: &[(&str, &str)]) -> Option<Box<Attrs>> {
    (!of.is_empty()).then(|| Box::new(attrs(of)))
}

impl Types for YrsTypes {
    fn apply_delta(&mut self, runs: &[Run]) {
        let insert = |(text, formats): &Run| Delta::Inserted(In::from(text.as_str()), boxed(formats));
        let delta: Vec<Delta<In>> = runs.iter().map(insert).collect();
        self.text.apply_delta(&mut self.doc.transact_mut(), delta);
    }

    fn delta_len(&self) -> usize {
        self.text.diff(&self.doc.transact(), YChange::identity).len()
    }

    fn format(&mut self, formats: &[Format]) {
        for (at, len, key, value) in formats {
            self.text.format(&mut self.doc.transact_mut(), *at, *len, attrs(&[(key, value)]));
        }
    }

    fn insert(&mut self, formats: &[Format]) {
        for (at, _, key, value) in formats {
            self.text.insert_with_attributes(&mut self.doc.transact_mut(), *at, "duck", attrs(&[(key, value)]));
        }
    }

    fn edit(&mut self, formats: &[Format]) {
        for (at, ..) in formats {
            let delta: Vec<Delta<In>> =
                vec![Delta::Retain(*at, None), Delta::Inserted(In::from("duck"), None), Delta::Deleted(1)];
            self.text.apply_delta(&mut self.doc.transact_mut(), delta);
        }
    }

    fn encode(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    fn load(&mut self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("a well-formed update");
        self.doc.transact_mut().apply_update(update).expect("an update that fits");
    }

    fn insert_numbers(&mut self, places: &[u32]) {
        for (number, at) in places.iter().enumerate() {
            self.array.insert(&mut self.doc.transact_mut(), *at, number as f64);
        }
    }

    fn numbers(&self) -> Vec<u32> {
        let number = |value| match value {
            Out::Any(Any::Number(number)) => number.as_i64().expect("a whole number") as u32,
            _ => unreachable!("all are numbers"),
        };
        self.array.iter(&self.doc.transact()).map(number).collect()
    }

    fn append_paragraphs(&mut self, count: u32) {
        for number in 0..count {
            let mut transaction = self.doc.transact_mut();
            let paragraph = self.fragment.push_back(&mut transaction, XmlElementPrelim::empty("p"));
            paragraph.insert_attribute(&mut transaction, "class", "duck");
            paragraph.push_back(&mut transaction, XmlTextPrelim::new(format!("duck {number}")));
        }
    }

    fn xml(&self) -> String {
        self.fragment.get_string(&self.doc.transact())
    }

    fn type_steps(&mut self, count: u32) {
        self.undo.expand_scope(&self.doc, &self.text);
        let len = self.text_len();
        for step in 0..count {
            self.text.insert(&mut self.doc.transact_mut(), len + step, "d");
            self.undo.reset();
        }
    }

    fn undo_all(&mut self) -> u32 {
        let mut steps = 0;
        while self.undo.undo_blocking() {
            steps += 1;
        }
        steps
    }

    fn redo_all(&mut self) -> u32 {
        let mut steps = 0;
        while self.undo.redo_blocking() {
            steps += 1;
        }
        steps
    }

    fn text_len(&self) -> u32 {
        self.text.len(&self.doc.transact())
    }

    fn apply_awareness(&mut self, updates: &[Vec<u8>]) {
        for update in updates {
            let update = AwarenessUpdate::decode_v1(update).expect("a well-formed update");
            self.awareness.apply_update(update).expect("an update that fits");
        }
    }

    fn awareness(&self) -> (usize, Vec<u8>) {
        let states = self.awareness.iter().filter(|(_, state)| state.data.is_some()).count();
        (states, self.awareness.update().expect("states").encode_v1())
    }
}
