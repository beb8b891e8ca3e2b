//! A document of yrs for JavaScript, with what a host needs and no more.

use js_sys::{Array, Uint8Array};
use std::cell::RefCell;
use std::rc::Rc;
use wasm_bindgen::{JsError, prelude::wasm_bindgen};
use yrs::updates::{decoder::Decode, encoder::Encode};
use yrs::{Doc, ReadTxn, StateVector, Transact, TransactionMut, Update, UpdateEvent};

/// A document of yrs.
#[wasm_bindgen]
pub struct Replica {
    doc: Doc,
    /// What was new in the last transaction.
    change: Rc<RefCell<Option<Vec<u8>>>>,
}

#[wasm_bindgen]
impl Replica {
    #[wasm_bindgen(constructor)]
    pub fn new() -> Replica {
        Replica { doc: Doc::with_client_id(1), change: Rc::default() }
    }

    /// Takes what is stored, in one transaction.
    pub fn load(&mut self, updates: &Array) -> Result<(), JsError> {
        let mut transaction = self.doc.transact_mut();
        for update in updates.iter() {
            transaction.apply_update(Update::decode_v1(&Uint8Array::from(update).to_vec())?)?;
        }
        drop(transaction);
        let change = self.change.clone();
        let tell = move |_: &TransactionMut, event: &UpdateEvent| *change.borrow_mut() = Some(event.update.clone());
        self.doc.observe_update_v1("change", tell).map_err(|_| JsError::new("the document is in use"))?;
        Ok(())
    }

    /// What was new in an update, if anything was.
    pub fn apply(&self, update: &[u8]) -> Result<Option<Vec<u8>>, JsError> {
        self.doc.transact_mut().apply_update(Update::decode_v1(update)?)?;
        Ok(self.change.take())
    }

    #[wasm_bindgen(js_name = stateVector)]
    pub fn state_vector(&self) -> Vec<u8> {
        self.doc.transact().state_vector().encode_v1()
    }

    /// What somebody with this state vector lacks.
    pub fn missing(&self, vector: &[u8]) -> Result<Vec<u8>, JsError> {
        Ok(self.doc.transact().encode_state_as_update_v1(&StateVector::decode_v1(vector)?))
    }

    pub fn encode(&self) -> Vec<u8> {
        self.doc.transact().encode_state_as_update_v1(&StateVector::default())
    }
}
