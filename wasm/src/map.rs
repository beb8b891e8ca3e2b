//! `SharedMap`: values by key that many edit.

use crate::doc::Shared;
use crate::values::{any_from_js, value_to_js};
use wasm_bindgen::prelude::*;

/// A map of a document.
#[wasm_bindgen]
pub struct SharedMap {
    pub(crate) doc: Shared,
    pub(crate) map: merganser::Map,
}

#[wasm_bindgen]
impl SharedMap {
    /// Number of keys that have a value.
    #[wasm_bindgen(getter)]
    pub fn size(&self) -> usize {
        self.map.len(&self.doc.read())
    }

    /// The value of `key`, `undefined` if it has none.
    pub fn get(&self, key: &str) -> JsValue {
        let value = self.map.get(&self.doc.read(), key);
        value.map_or(JsValue::UNDEFINED, |value| value_to_js(&self.doc, value))
    }

    /// Sets the value of `key` to a plain value. Gives the update to be sent.
    pub fn set(&self, key: &str, value: &JsValue) -> Result<Option<Vec<u8>>, JsError> {
        let value = any_from_js(value)?;
        self.doc.edit(|transaction| self.map.set(transaction, key, value))
    }

    /// Takes the value of `key` away. Gives the update to be sent.
    pub fn delete(&self, key: &str) -> Result<Option<Vec<u8>>, JsError> {
        self.doc.edit(|transaction| self.map.delete(transaction, key))
    }

    /// The keys that have a value.
    pub fn keys(&self) -> Vec<String> {
        self.map.entries(&self.doc.read()).map(|(key, _)| key.to_owned()).collect()
    }
}
