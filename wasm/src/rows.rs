//! Rows and batches as JavaScript has them: keys are numbers of at most 35 bits.

use js_sys::{Array, Object, Uint8Array};
use merganser::archive::{RowKey, RowWrite};
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** One change of a batch: a row without bytes is deleted. The key is an integer of at most 35 bits. */
export interface RowWrite { key: number, bytes: Uint8Array<ArrayBuffer> | undefined }
"#;

#[wasm_bindgen]
extern "C" {
    #[wasm_bindgen(extends = Object)]
    type Row;
    #[wasm_bindgen(method, setter)]
    fn set_key(this: &Row, key: f64);
    #[wasm_bindgen(method, setter)]
    fn set_bytes(this: &Row, bytes: Option<Uint8Array>);
}

pub(crate) fn batch_to_js(batch: &[RowWrite]) -> Array {
    let row_to_js = |row: &RowWrite| {
        let object: Row = Object::new().unchecked_into();
        let (key, bytes) = match row {
            RowWrite::Put(key, bytes) => (key, Some(Uint8Array::from(&**bytes))),
            RowWrite::Delete(key) => (key, None),
        };
        object.set_key(key_to_js(*key));
        object.set_bytes(bytes);
        JsValue::from(object)
    };
    batch.iter().map(row_to_js).collect()
}

pub(crate) fn key_to_js(key: RowKey) -> f64 {
    key.to_integer() as f64
}

/// Rows that were read: pairs of a key and its bytes.
pub(crate) fn rows_from_js(rows: &Array) -> Result<Vec<(RowKey, Vec<u8>)>, JsError> {
    let bad = || JsError::new("rows are pairs of a key and its bytes");
    let row = |row: JsValue| {
        let row: &Array = row.dyn_ref()?;
        let key = RowKey::from_integer(row.get(0).as_f64()? as i64)?;
        Some((key, Uint8Array::new(&row.get(1)).to_vec()))
    };
    rows.iter().map(|of| row(of).ok_or_else(bad)).collect()
}
