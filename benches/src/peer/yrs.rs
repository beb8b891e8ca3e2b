//! `yrs`, the Rust port of Yjs, as a peer.

use super::Peer;
use crate::trace::Patch;
use yrs::block::ClientID;
use yrs::updates::decoder::Decode;
use yrs::{Doc, GetString, OffsetKind, Options, ReadTxn, StateVector, Text, TextRef, Transact, TransactionMut, Update};

/// A document of yrs.
pub struct Yrs {
    doc: Doc,
    text: TextRef,
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

    fn with_client(client_id: u32) -> Yrs {
        let options =
            Options { offset_kind: OffsetKind::Utf16, ..Options::with_client_id(ClientID::new(client_id.into())) };
        let doc = Doc::with_options(options);
        let text = doc.get_or_insert_text("text");
        Yrs { doc, text }
    }

    fn edit(&mut self, patch: &Patch) {
        self.patch(patch).commit();
    }

    fn edit_to_update(&mut self, patch: &Patch) -> Vec<u8> {
        let mut transaction = self.patch(patch);
        transaction.commit();
        transaction.encode_update_v1()
    }

    fn apply(&mut self, update: &[u8]) {
        let update = Update::decode_v1(update).expect("a well-formed update");
        self.doc.transact_mut().apply_update(update).expect("an update that fits");
    }

    fn encode(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }

    fn text(&self) -> String {
        self.text.get_string(&self.doc.transact())
    }
}
