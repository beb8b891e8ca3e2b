//! Merganser as a peer.

use super::{Form, Frames, MerganserTypes, Peer, Supported, Types};
use crate::trace::Patch;
use merganser::{Any, ClientId, Doc, Map, Options, StateVector, Text, Transaction, Value, update};

/// A document of this engine.
pub struct Merganser {
    doc: Doc,
    text: Text,
    map: Map,
}

impl Merganser {
    fn with_doc(mut doc: Doc) -> Merganser {
        let text = doc.text("text");
        let map = doc.map("map");
        Merganser { doc, text, map }
    }

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
    const CRATES: &'static [&'static str] = &["merganser"];
    const IS_UTF16: bool = true;
    const IS_YJS: bool = true;
    type Updates = Frames;
    type Writer = Merganser;

    fn with_client(client_id: u32) -> Merganser {
        Merganser::with_doc(Doc::new(Options::new(ClientId::from(client_id))))
    }

    fn edit(&mut self, patch: &Patch) {
        self.patch(patch).commit();
    }

    fn text(&self) -> String {
        self.text.to_string(&self.doc)
    }

    fn edit_to_update(&mut self, patch: &Patch, out: &mut Frames) -> Supported {
        let commit = self.patch(patch).commit();
        out.push(|out| assert!(commit.write_update_v1(out), "an edit changes something"));
        Ok(())
    }

    fn apply(&mut self, updates: &Frames, index: usize) -> Supported {
        self.doc.apply_update(updates.at(index)).expect("a well-formed update");
        Ok(())
    }

    fn encode(&mut self, form: Form) -> Supported<Vec<u8>> {
        Ok(match form {
            Form::Update => self.doc.encode_state_as_update(&StateVector::default()),
            Form::Checkpoint => self.doc.checkpoint(),
            Form::UpdateV2 => self.doc.encode_state_as_update_v2(&StateVector::default()),
        })
    }

    fn load(client_id: u32, form: Form, bytes: &[u8]) -> Supported<Merganser> {
        if form == Form::Checkpoint {
            let options = Options::new(ClientId::from(client_id));
            return Ok(Merganser::with_doc(Doc::open_checkpoint(options, bytes).expect("a checkpoint")));
        }
        let mut peer = Merganser::with_client(client_id);
        let applied = match form {
            Form::UpdateV2 => peer.doc.apply_update_v2(bytes),
            _ => peer.doc.apply_update(bytes),
        };
        applied.expect("a well-formed update");
        Ok(peer)
    }

    fn set(&mut self, key: &str, value: u32) -> Supported {
        let mut transaction = self.doc.transact();
        self.map.set(&mut transaction, key, f64::from(value)).expect("a map of this document");
        transaction.commit();
        Ok(())
    }

    fn value(&self, key: &str) -> Option<u32> {
        match self.map.get(&self.doc, key)? {
            Value::Any(Any::Number(value)) => Some(value as u32),
            _ => None,
        }
    }

    fn merge(updates: &Frames) -> Supported<Vec<u8>> {
        let updates: Vec<&[u8]> = updates.iter().collect();
        Ok(update::merge_updates(&updates).expect("well-formed updates"))
    }

    fn difference(update: &[u8], state_vector: &[u8]) -> Supported<Vec<u8>> {
        Ok(update::diff_update(update, state_vector).expect("a well-formed update and state vector"))
    }

    fn state_vector(update: &[u8]) -> Supported<Vec<u8>> {
        Ok(update::state_vector_of_update(update).expect("a well-formed update"))
    }

    fn types() -> Supported<Box<dyn Types>> {
        Ok(Box::new(MerganserTypes::empty()))
    }
}
