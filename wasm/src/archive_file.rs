//! `Exporter` and `Importer`: a document as one file.

use crate::room_options::{RoomOptions, config_from_js};
use crate::rows::{batch_to_js, key_to_js, rows_from_js};
use js_sys::Array;
use merganser::archive;
use wasm_bindgen::prelude::*;

/// Writes a document's export file, part by part.
#[wasm_bindgen]
pub struct Exporter(archive::Exporter);

#[wasm_bindgen]
impl Exporter {
    /// Begins with all rows of the document that are no base pages (keys below 4 * 2^32, and from 5 * 2^32 on), in key
    /// order. `undefined` if there are none. Damaged rows are thrown.
    pub fn begin(
        #[wasm_bindgen(unchecked_param_type = "[number, ArrayBuffer | Uint8Array][]")] rows: Array,
    ) -> Result<Option<Exporter>, JsError> {
        Ok(archive::Exporter::new(rows_from_js(&rows)?).map_err(told)?.map(Exporter))
    }

    /// The key of the row to be read for the next call of `nextPart`. The one for the first call has to be as it was when
    /// the other rows were read.
    #[wasm_bindgen(getter, js_name = wantedPage)]
    pub fn wanted_page(&self) -> Option<f64> {
        self.0.wanted_page().map(key_to_js)
    }

    /// The next bytes of the file, `undefined` at its end. `page`: the row that is wanted.
    #[wasm_bindgen(js_name = nextPart)]
    pub fn next_part(&mut self, page: Option<Vec<u8>>) -> Result<Option<Vec<u8>>, JsError> {
        self.0.next_part(page).map_err(told)
    }
}

/// Reads an export file, piece by piece.
#[wasm_bindgen]
pub struct Importer(archive::Importer);

#[wasm_bindgen]
impl Importer {
    /// For a store with the limits in these options.
    #[wasm_bindgen(constructor)]
    pub fn new(options: &RoomOptions) -> Result<Importer, JsError> {
        Ok(Importer(archive::Importer::new(config_from_js(options)?.host)))
    }

    /// Takes the next bytes of the file. Gives rows that may be written now. What is wrong with the file is thrown.
    #[wasm_bindgen(unchecked_return_type = "RowWrite[]")]
    pub fn push(&mut self, bytes: &[u8]) -> Result<Array, JsError> {
        let mut batch = Vec::new();
        self.0.push(bytes, &mut batch).map_err(told)?;
        Ok(batch_to_js(&batch))
    }

    /// The end of the file: rows to be written in one batch, which make a document of what was written before.
    #[wasm_bindgen(unchecked_return_type = "RowWrite[]")]
    pub fn finish(self) -> Result<Array, JsError> {
        Ok(batch_to_js(&self.0.finish().map_err(told)?))
    }
}

fn told(error: merganser::Error) -> JsError {
    JsError::new(error.kind.as_str())
}
