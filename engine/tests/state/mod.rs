//! All that can be compared of a document of ours and a real Yjs document.
#![allow(dead_code, reason = "each test file uses a part of it")]

use crate::edits;
use crate::notation::{bytes, halved, id_set, joined, tree};
use merganser::{Doc, StateVector};
use serde_json::{Value as Json, json};

/// All that can be compared of a replica.
#[derive(Clone)]
pub struct State {
    pub trees: Json,
    pub text: Json,
    pub vector: Vec<u8>,
    pub deletes: Json,
    pub is_waiting: bool,
    pub update: Vec<u8>,
}

impl State {
    pub fn of(doc: &mut Doc) -> State {
        let roots = edits::roots(doc);
        let text = doc.text("t").to_string(doc);
        State {
            trees: Json::Object(roots.iter().map(|(name, root)| (name.to_string(), tree(doc, root))).collect()),
            text: json!(text),
            vector: doc.encode_state_vector(),
            deletes: id_set(&doc.delete_set()),
            is_waiting: !doc.pending_structs().is_empty() || !doc.pending_deletes().is_empty(),
            update: doc.encode_state_as_update(&StateVector::default()),
        }
    }

    pub fn from(answer: &Json) -> State {
        State {
            trees: answer["trees"].clone(),
            text: answer["texts"].clone(),
            vector: bytes(&answer["vector"]),
            deletes: answer["deletes"].clone(),
            is_waiting: answer["pending"].as_bool().unwrap(),
            update: bytes(&answer["update"]),
        }
    }

    /// Fails if the other state shows something else. Where pairs were split, a pair counts as its halves.
    pub fn assert_shows(&self, other: &State, splits: bool, what: &str) {
        let shown = |value: &Json| if splits { halved(&joined(value)) } else { joined(value) };
        assert_eq!(shown(&self.trees), shown(&other.trees), "{what}: contents");
        assert_eq!(shown(&self.text), shown(&other.text), "{what}: text");
        assert_eq!(self.vector, other.vector, "{what}: state vector");
        assert!(!self.is_waiting && !other.is_waiting, "{what}: something waits");
    }
}
