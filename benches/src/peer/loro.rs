//! Loro as a peer. A checkpoint is its snapshot, which opens lazily.

use super::{Form, Frames, Peer, Supported, Unsupported};
use crate::trace::Patch;
use loro::{ExportMode, LoroDoc, LoroMap, LoroText, LoroValue, ValueOrContainer};

/// A document of Loro.
pub struct Loro {
    doc: LoroDoc,
    text: LoroText,
    map: LoroMap,
}

impl Peer for Loro {
    const NAME: &'static str = "Loro";
    const CRATES: &'static [&'static str] = &["loro"];
    const IS_UTF16: bool = true;
    type Updates = Frames;
    type Writer = Loro;

    fn with_client(client_id: u32) -> Loro {
        let doc = LoroDoc::new();
        doc.set_peer_id(client_id.into()).expect("an empty document");
        let (text, map) = (doc.get_text("text"), doc.get_map("map"));
        Loro { doc, text, map }
    }

    fn edit(&mut self, patch: &Patch) {
        if patch.deleted > 0 {
            let (at, len) = (patch.position as usize, patch.deleted as usize);
            self.text.delete_utf16(at, len).expect("a range of the text");
        }
        if !patch.inserted.is_empty() {
            self.text.insert_utf16(patch.position as usize, &patch.inserted).expect("an index of the text");
        }
        self.doc.commit();
    }

    fn text(&self) -> String {
        self.text.to_string()
    }

    fn edit_to_update(&mut self, patch: &Patch, out: &mut Frames) -> Supported {
        let before = self.doc.oplog_vv();
        self.edit(patch);
        let update = self.doc.export(ExportMode::updates(&before)).expect("an update");
        out.push(|out| out.extend_from_slice(&update));
        Ok(())
    }

    fn apply(&mut self, updates: &Frames, index: usize) -> Supported {
        self.doc.import(updates.at(index)).expect("a well-formed update");
        Ok(())
    }

    fn encode(&mut self, form: Form) -> Supported<Vec<u8>> {
        match form {
            Form::Update => Ok(self.doc.export(ExportMode::all_updates()).expect("an update")),
            Form::Checkpoint => Ok(self.doc.export(ExportMode::snapshot()).expect("a snapshot")),
            Form::UpdateV2 => Err(Unsupported),
        }
    }

    fn load(client_id: u32, form: Form, bytes: &[u8]) -> Supported<Loro> {
        if form == Form::UpdateV2 {
            return Err(Unsupported);
        }
        let peer = Loro::with_client(client_id);
        peer.doc.import(bytes).expect("a well-formed update");
        Ok(peer)
    }

    fn set(&mut self, key: &str, value: u32) -> Supported {
        self.map.insert(key, i64::from(value)).expect("a map of this document");
        self.doc.commit();
        Ok(())
    }

    fn value(&self, key: &str) -> Option<u32> {
        match self.map.get(key)? {
            ValueOrContainer::Value(LoroValue::I64(value)) => Some(value as u32),
            _ => None,
        }
    }
}
