//! `y-octo`, another implementation of Yjs in Rust, as a peer. It tells of updates on a thread of its own, at intervals, so
//! that the update of one edit is not to be had from it.

use super::{Form, Frames, Merganser, Peer, Supported, Unsupported};
use crate::trace::Patch;
use y_octo::{Any, Doc, DocOptions, Map, Text, Value};

/// A document of y-octo.
pub struct YOcto {
    doc: Doc,
    text: Text,
    map: Map,
}

impl YOcto {
    fn with_doc(doc: Doc) -> YOcto {
        let text = doc.get_or_create_text("text").expect("a text");
        let map = doc.get_or_create_map("map").expect("a map");
        YOcto { doc, text, map }
    }
}

impl Peer for YOcto {
    const NAME: &'static str = "y-octo";
    const CRATES: &'static [&'static str] = &["y-octo"];
    const IS_UTF16: bool = true;
    const IS_YJS: bool = true;
    type Updates = Frames;
    type Writer = Merganser;

    fn with_client(client_id: u32) -> YOcto {
        YOcto::with_doc(DocOptions::new().with_client_id(client_id.into()).build())
    }

    fn edit(&mut self, patch: &Patch) {
        if patch.deleted > 0 {
            self.text.remove(patch.position.into(), patch.deleted.into()).expect("a range of the text");
        }
        if !patch.inserted.is_empty() {
            self.text.insert(patch.position.into(), &patch.inserted).expect("an index of the text");
        }
    }

    fn text(&self) -> String {
        self.text.to_string()
    }

    fn apply(&mut self, updates: &Frames, index: usize) -> Supported {
        self.doc.apply_update_from_binary_v1(updates.at(index)).expect("a well-formed update");
        Ok(())
    }

    fn encode(&mut self, form: Form) -> Supported<Vec<u8>> {
        match form {
            Form::Update | Form::Checkpoint => Ok(self.doc.encode_update_v1().expect("a document")),
            Form::UpdateV2 => Err(Unsupported),
        }
    }

    fn load(client_id: u32, form: Form, bytes: &[u8]) -> Supported<YOcto> {
        if form == Form::UpdateV2 {
            return Err(Unsupported);
        }
        let options = DocOptions::new().with_client_id(client_id.into());
        Ok(YOcto::with_doc(Doc::try_from_binary_v1_with_options(bytes, options).expect("a well-formed update")))
    }

    fn set(&mut self, key: &str, value: u32) -> Supported {
        self.map.insert(key.to_owned(), f64::from(value)).expect("a map of this document");
        Ok(())
    }

    fn value(&self, key: &str) -> Option<u32> {
        match self.map.get(key)? {
            Value::Any(Any::Integer(value)) => Some(value as u32),
            Value::Any(Any::Float64(value)) => Some(value.into_inner() as u32),
            Value::Any(Any::Float32(value)) => Some(value.into_inner() as u32),
            _ => None,
        }
    }

    fn merge(updates: &Frames) -> Supported<Vec<u8>> {
        let merged = y_octo::merge_updates_v1(updates.iter()).expect("well-formed updates");
        Ok(merged.encode_v1().expect("an update"))
    }
}
