//! `yrs`, the Rust port of Yjs, as a peer.

use super::{Form, Frames, Merganser, Peer, Supported, Types, YrsTypes};
use crate::trace::Patch;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::{
    Any, Doc, GetString, Map, MapRef, OffsetKind, Options, Out, ReadTxn, StateVector, Text, TextRef, Transact,
    TransactionMut, Update,
};

/// A document of yrs.
pub struct Yrs {
    doc: Doc,
    text: TextRef,
    map: MapRef,
}

impl Yrs {
    fn patch(&mut self, patch: &Patch) -> TransactionMut<'_> {
        let mut transaction = self.doc.transact_mut();
        if patch.deleted > 0 {
            self.text.remove_range(&mut transaction, patch.position, patch.deleted);
        }
        if !patch.inserted.is_empty() {
            self.text.insert(&mut transaction, patch.position, &patch.inserted);
        }
        transaction
    }
}

impl Peer for Yrs {
    const NAME: &'static str = "yrs";
    const CRATES: &'static [&'static str] = &["yrs"];
    const IS_UTF16: bool = true;
    const IS_YJS: bool = true;
    type Updates = Frames;
    type Writer = Merganser;

    fn with_client(client_id: u32) -> Yrs {
        let options =
            Options { offset_kind: OffsetKind::Utf16, ..Options::with_client_id(ClientID::new(client_id.into())) };
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text("text");
        let map = doc.get_or_insert_map("map");
        Yrs { doc, text, map }
    }

    fn edit(&mut self, patch: &Patch) {
        self.patch(patch).commit();
    }

    fn text(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }

    fn edit_to_update(&mut self, patch: &Patch, out: &mut Frames) -> Supported {
        let mut transaction = self.patch(patch);
        transaction.commit();
        let update = transaction.encode_update_v1();
        out.push(|out| out.extend_from_slice(&update));
        Ok(())
    }

    fn apply(&mut self, updates: &Frames, index: usize) -> Supported {
        let update = Update::decode_v1(updates.at(index)).expect("a well-formed update");
        self.doc.transact_mut().apply_update(update).expect("an update that fits");
        Ok(())
    }

    fn encode(&mut self, form: Form) -> Supported<Vec<u8>> {
        let transaction = self.doc.transact();
        Ok(match form {
            Form::Update | Form::Checkpoint => transaction.encode_state_as_update_v1(&StateVector::default()),
            Form::UpdateV2 => transaction.encode_state_as_update_v2(&StateVector::default()),
        })
    }

    fn load(client_id: u32, form: Form, bytes: &[u8]) -> Supported<Yrs> {
        let peer = Yrs::with_client(client_id);
        let update = match form {
            Form::Update | Form::Checkpoint => Update::decode_v1(bytes),
            Form::UpdateV2 => Update::decode_v2(bytes),
        };
        peer.doc.transact_mut().apply_update(update.expect("a well-formed update")).expect("an update that fits");
        Ok(peer)
    }

    fn set(&mut self, key: &str, value: u32) -> Supported {
        let mut transaction = self.doc.transact_mut();
        self.map.insert(&mut transaction, key, f64::from(value));
        transaction.commit();
        Ok(())
    }

    fn value(&self, key: &str) -> Option<u32> {
        match self.map.get(&self.doc.transact(), key)? {
            Out::Any(Any::Number(value)) => Some(value.as_i64()? as u32),
            _ => None,
        }
    }

    fn merge(updates: &Frames) -> Supported<Vec<u8>> {
        Ok(yrs::merge_updates_v1(updates.iter()).expect("well-formed updates"))
    }

    fn difference(update: &[u8], state_vector: &[u8]) -> Supported<Vec<u8>> {
        Ok(yrs::diff_updates_v1(update, state_vector).expect("a well-formed update and state vector"))
    }

    fn state_vector(update: &[u8]) -> Supported<Vec<u8>> {
        Ok(yrs::encode_state_vector_from_update_v1(update).expect("a well-formed update"))
    }

    fn types() -> Supported<Box<dyn Types>> {
        Ok(Box::new(YrsTypes::empty()))
    }
}
