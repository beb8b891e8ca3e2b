//! `SharedArray`: a list that many edit.

use crate::doc::Shared;
use crate::values::{any_from_js, value_to_js};
use merganser::Prelim;
use wasm_bindgen::prelude::*;

/// An array of a document.
#[wasm_bindgen]
pub struct SharedArray {
    pub(crate) doc: Shared,
    pub(crate) array: merganser::Array,
}

#[wasm_bindgen]
impl SharedArray {
    /// Number of elements.
    #[wasm_bindgen(getter)]
    pub fn length(&self) -> u32 {
        self.array.len(&self.doc.read())
    }

    /// The element at `index`, `undefined` beyond the end.
    pub fn get(&self, index: u32) -> JsValue {
        let value = self.array.get(&self.doc.read(), index);
        value.map_or(JsValue::UNDEFINED, |value| value_to_js(&self.doc, value))
    }

    /// Inserts plain values at `index`. Gives the update to be sent.
    pub fn insert(&self, index: u32, values: Vec<JsValue>) -> Result<Option<Vec<u8>>, JsError> {
        let values = values.iter().map(|value| Ok(Prelim::Any(any_from_js(value)?)));
        let values = values.collect::<Result<Vec<Prelim>, JsError>>()?;
        self.doc.edit(|transaction| self.array.insert(transaction, index, values))
    }

    /// Deletes `length` elements from `index` on. Gives the update to be sent.
    pub fn delete(&self, index: u32, length: u32) -> Result<Option<Vec<u8>>, JsError> {
        self.doc.edit(|transaction| self.array.delete(transaction, index, length))
    }

    /// All elements.
    #[wasm_bindgen(js_name = toArray)]
    pub fn to_array(&self) -> Vec<JsValue> {
        let values = self.array.values(&self.doc.read());
        values.into_iter().map(|value| value_to_js(&self.doc, value)).collect()
    }
}
