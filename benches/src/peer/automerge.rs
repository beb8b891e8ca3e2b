//! Automerge as a peer. Its text and its map are objects that somebody makes: all replicas begin with the same change.

use super::{Form, Frames, Peer, Supported, Unsupported};
use crate::trace::Patch;
use automerge::transaction::{CommitOptions, Transactable};
use automerge::{ActorId, AutoCommit, LoadOptions, ObjId, ObjType, ROOT, ReadDoc, ScalarValue, TextEncoding, Value};

/// A document of Automerge.
pub struct Automerge {
    doc: AutoCommit,
    text: ObjId,
    map: ObjId,
}

impl Automerge {
    fn with_doc(doc: AutoCommit, client_id: u32) -> Automerge {
        let object = |key: &str| doc.get(ROOT, key).expect("an object").expect("what all begin with").1;
        let (text, map) = (object("text"), object("map"));
        let doc = doc.with_actor(ActorId::from(client_id.to_be_bytes()));
        Automerge { doc, text, map }
    }
}

impl Peer for Automerge {
    const NAME: &'static str = "Automerge";
    const CRATES: &'static [&'static str] = &["automerge"];
    const IS_UTF16: bool = true;
    type Updates = Frames;
    type Writer = Automerge;

    fn with_client(client_id: u32) -> Automerge {
        let actor = ActorId::from([0]);
        let mut doc = AutoCommit::new_with_encoding(TextEncoding::Utf16CodeUnit).with_actor(actor);
        doc.put_object(ROOT, "text", ObjType::Text).expect("a key of the root");
        doc.put_object(ROOT, "map", ObjType::Map).expect("a key of the root");
        doc.commit_with(CommitOptions::default().with_time(0));
        // Everyone has it: it is no part of an update.
        doc.save_incremental();
        Automerge::with_doc(doc, client_id)
    }

    fn edit(&mut self, patch: &Patch) {
        let (at, deleted) = (patch.position as usize, patch.deleted as isize);
        self.doc.splice_text(&self.text, at, deleted, &patch.inserted).expect("a range of the text");
        self.doc.commit();
    }

    fn text(&self) -> String {
        self.doc.text(&self.text).expect("a text")
    }

    fn edit_to_update(&mut self, patch: &Patch, out: &mut Frames) -> Supported {
        self.edit(patch);
        let update = self.doc.save_incremental();
        out.push(|out| out.extend_from_slice(&update));
        Ok(())
    }

    fn apply(&mut self, updates: &Frames, index: usize) -> Supported {
        self.doc.load_incremental(updates.at(index)).expect("a well-formed change");
        Ok(())
    }

    fn encode(&mut self, form: Form) -> Supported<Vec<u8>> {
        match form {
            Form::Update | Form::Checkpoint => Ok(self.doc.save()),
            Form::UpdateV2 => Err(Unsupported),
        }
    }

    fn load(client_id: u32, form: Form, bytes: &[u8]) -> Supported<Automerge> {
        if form == Form::UpdateV2 {
            return Err(Unsupported);
        }
        let options = LoadOptions::new().text_encoding(TextEncoding::Utf16CodeUnit);
        let doc = AutoCommit::load_with_options(bytes, options).expect("a well-formed document");
        Ok(Automerge::with_doc(doc, client_id))
    }

    fn set(&mut self, key: &str, value: u32) -> Supported {
        self.doc.put(&self.map, key, i64::from(value)).expect("a map of this document");
        self.doc.commit();
        Ok(())
    }

    fn value(&self, key: &str) -> Option<u32> {
        match self.doc.get(&self.map, key).ok()??.0 {
            Value::Scalar(value) => match *value {
                ScalarValue::Int(value) => Some(value as u32),
                _ => None,
            },
            Value::Object(_) => None,
        }
    }
}
