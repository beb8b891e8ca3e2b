//! Merganser as a peer.

use super::Peer;
use crate::trace::Patch;
use merganser::{ClientId, Doc, Options, StateVector, Text, Transaction};

/// A document of this engine.
pub struct Merganser {
    doc: Doc,
    text: Text,
}

impl Merganser {
    fn patch(&mut self, patch: &Patch) -> Transaction<'_> {
        let mut transaction = self.doc.transact();
        if patch.deleted > 0 {
            self.text.delete(&mut transaction, patch.position, patch.deleted).expect("a range of the text");
        }
        if !patch.inserted.is_empty() {
            self.text.insert(&mut transaction, patch.position, &patch.inserted).expect("an index of the text");
        }
        transaction
    }
}

impl Peer for Merganser {
    const NAME: &'static str = "Merganser";

    fn with_client(client_id: u32) -> Merganser {
        let mut doc = Doc::new(Options::new(ClientId::from(client_id)));
        let text = doc.text("text");
        Merganser { doc, text }
    }

    fn edit(&mut self, patch: &Patch) {
        self.patch(patch).commit();
    }

    fn edit_to_update(&mut self, patch: &Patch) -> Vec<u8> {
        self.patch(patch).commit().update_v1().unwrap_or_default()
    }

    fn apply(&mut self, update: &[u8]) {
        self.doc.apply_update(update).expect("a well-formed update");
    }

    fn encode(&self) -> Vec<u8> {
        self.doc.encode_state_as_update(&StateVector::default())
    }

    fn text(&self) -> String {
        self.text.to_string(&self.doc)
    }
}
