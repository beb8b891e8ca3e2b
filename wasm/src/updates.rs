//! Updates without a document. The names are those of Yjs.

use js_sys::Uint8Array;
use merganser::update;
use wasm_bindgen::prelude::*;

/// One update with the content of all these.
#[wasm_bindgen(js_name = mergeUpdates)]
pub fn merge_updates(updates: Vec<Uint8Array>) -> Result<Vec<u8>, JsError> {
    let updates: Vec<Vec<u8>> = updates.iter().map(Uint8Array::to_vec).collect();
    let updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    Ok(update::merge_updates(&updates)?)
}

/// What of an update a replica with this encoded state vector lacks.
#[wasm_bindgen(js_name = diffUpdate)]
pub fn diff_update(update: &[u8], state_vector: &[u8]) -> Result<Vec<u8>, JsError> {
    Ok(update::diff_update(update, state_vector)?)
}

/// One update v2 with the content of all these.
#[wasm_bindgen(js_name = mergeUpdatesV2)]
pub fn merge_updates_v2(updates: Vec<Uint8Array>) -> Result<Vec<u8>, JsError> {
    let updates: Vec<Vec<u8>> = updates.iter().map(Uint8Array::to_vec).collect();
    let updates: Vec<&[u8]> = updates.iter().map(Vec::as_slice).collect();
    Ok(update::merge_updates_v2(&updates)?)
}

/// What of an update v2 a replica with this encoded state vector lacks, as v2.
#[wasm_bindgen(js_name = diffUpdateV2)]
pub fn diff_update_v2(update: &[u8], state_vector: &[u8]) -> Result<Vec<u8>, JsError> {
    Ok(update::diff_update_v2(update, state_vector)?)
}

/// An update v2 with the content of an update v1.
#[wasm_bindgen(js_name = convertUpdateFormatV1ToV2)]
pub fn convert_update_format_v1_to_v2(update: &[u8]) -> Result<Vec<u8>, JsError> {
    Ok(update::convert_update_v1_to_v2(update)?)
}

/// An update v1 with the content of an update v2.
#[wasm_bindgen(js_name = convertUpdateFormatV2ToV1)]
pub fn convert_update_format_v2_to_v1(update: &[u8]) -> Result<Vec<u8>, JsError> {
    Ok(update::convert_update_v2_to_v1(update)?)
}

/// The encoded state vector of what an update has from each client's beginning on.
#[wasm_bindgen(js_name = encodeStateVectorFromUpdate)]
pub fn encode_state_vector_from_update(update: &[u8]) -> Result<Vec<u8>, JsError> {
    Ok(update::state_vector_of_update(update)?)
}
