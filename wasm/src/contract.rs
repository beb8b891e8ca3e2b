//! The test of the storage contract, for stores that hosts in JavaScript have.

use crate::rows::{batch_to_js, key_to_js, rows_from_js};
use js_sys::{Array, Error};
use merganser::archive::{HostLimits, RowKey, RowWrite, Store, StoreError, check_store};
use std::ops::RangeInclusive;
use wasm_bindgen::prelude::*;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = r#"
/** A store under test. */
export interface StoreUnderTest {
  readonly rowBytes: number
  readonly batchRows: number
  /** All rows with keys from `first` to `last`, both included, in key order. */
  read(first: number, last: number): [number, ArrayBuffer | Uint8Array][]
  /** Carries out a batch whole or throws; an error named `TooLarge` says that it is above the limits. */
  write(batch: RowWrite[]): void
  /** Closes the store and opens the same rows again. */
  reopen(): void
}
"#;

#[wasm_bindgen]
extern "C" {
    /// See the TypeScript declaration.
    #[wasm_bindgen(typescript_type = "StoreUnderTest")]
    pub type StoreUnderTest;
    #[wasm_bindgen(method, getter, structural, js_name = rowBytes)]
    fn row_bytes(this: &StoreUnderTest) -> u32;
    #[wasm_bindgen(method, getter, structural, js_name = batchRows)]
    fn batch_rows(this: &StoreUnderTest) -> u32;
    #[wasm_bindgen(method, catch)]
    fn read(this: &StoreUnderTest, first: f64, last: f64) -> Result<Array, JsValue>;
    #[wasm_bindgen(method, catch)]
    fn write(this: &StoreUnderTest, batch: Array) -> Result<(), JsValue>;
    #[wasm_bindgen(method)]
    fn reopen(this: &StoreUnderTest);
    #[wasm_bindgen(js_namespace = console)]
    fn error(message: &str);
}

/// The test.
#[wasm_bindgen]
pub struct Contract;

#[wasm_bindgen]
impl Contract {
    /// Holds an empty store to the contract. What is wrong is written to the console, and the instance traps.
    pub fn check(store: StoreUnderTest) {
        std::panic::set_hook(Box::new(|panic| error(&panic.to_string())));
        check_store(Adapter(store), |adapter| {
            adapter.0.reopen();
            adapter
        });
    }
}

struct Adapter(StoreUnderTest);

impl Store for Adapter {
    fn limits(&self) -> HostLimits {
        HostLimits { row_bytes: self.0.row_bytes() as usize, batch_rows: self.0.batch_rows() as usize }
    }

    fn read(&mut self, keys: RangeInclusive<RowKey>) -> Result<Vec<(RowKey, Vec<u8>)>, StoreError> {
        let rows = self.0.read(key_to_js(*keys.start()), key_to_js(*keys.end())).map_err(store_error)?;
        rows_from_js(&rows).map_err(|error| store_error(error.into()))
    }

    fn write(&mut self, batch: &[RowWrite]) -> Result<(), StoreError> {
        self.0.write(batch_to_js(batch)).map_err(store_error)
    }
}

fn store_error(thrown: JsValue) -> StoreError {
    let error: Error = thrown.unchecked_into();
    match String::from(error.name()).as_str() {
        "TooLarge" => StoreError::TooLarge,
        _ => StoreError::Failed(error.message().into()),
    }
}
