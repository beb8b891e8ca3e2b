//! `SharedText`: characters that many edit. Positions are UTF-16 code units, as in JavaScript strings.

use crate::doc::Shared;
use wasm_bindgen::prelude::*;

/// A text of a document.
#[wasm_bindgen]
pub struct SharedText {
    pub(crate) doc: Shared,
    pub(crate) text: merganser::Text,
}

#[wasm_bindgen]
impl SharedText {
    /// Length in UTF-16 code units; an embedded value counts 1.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> u32 {
        self.text.len(&self.doc.read())
    }

    /// Inserts `text` at `index`. Gives the update to be sent.
    pub fn insert(&self, index: u32, text: &str) -> Result<Option<Vec<u8>>, JsError> {
        self.doc.edit(|transaction| self.text.insert(transaction, index, text))
    }

    /// Deletes `length` units from `index` on. Gives the update to be sent.
    pub fn delete(&self, index: u32, length: u32) -> Result<Option<Vec<u8>>, JsError> {
        self.doc.edit(|transaction| self.text.delete(transaction, index, length))
    }

    /// The characters.
    #[wasm_bindgen(js_name = toString)]
    pub fn to_js_string(&self) -> String {
        self.text.to_string(&self.doc.read())
    }
}
