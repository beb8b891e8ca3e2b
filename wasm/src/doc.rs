//! `Doc`: one replica of a document.

use crate::{SharedArray, SharedMap, SharedText};
use merganser::update::decode_state_vector;
use merganser::{ClientId, Options, StateVector, Transaction};
use std::cell::{Ref, RefCell};
use std::rc::Rc;
use wasm_bindgen::prelude::*;

/// A document that JavaScript's handles share. JavaScript has one thread, and nothing here calls back into it while
/// the document is borrowed.
#[derive(Clone)]
pub(crate) struct Shared(Rc<RefCell<merganser::Doc>>);

impl Shared {
    pub(crate) fn read(&self) -> Ref<'_, merganser::Doc> {
        self.0.borrow()
    }

    /// One edit in a transaction of its own; gives its update.
    pub(crate) fn edit(
        &self,
        edit: impl FnOnce(&mut Transaction<'_>) -> Result<(), merganser::Error>,
    ) -> Result<Option<Vec<u8>>, JsError> {
        let mut doc = self.0.borrow_mut();
        let mut transaction = doc.transact();
        edit(&mut transaction)?;
        Ok(transaction.commit().update_v1())
    }
}

/// One replica of a document.
#[wasm_bindgen]
pub struct Doc(Shared);

#[wasm_bindgen]
impl Doc {
    /// An empty document. The client id says who writes through it; without one it is drawn at random, as in Yjs.
    #[wasm_bindgen(constructor)]
    pub fn new(client_id: Option<f64>) -> Doc {
        let client_id = client_id.map_or_else(random_client_id, |number| ClientId::new(number as u64));
        Doc(Shared(Rc::new(RefCell::new(merganser::Doc::new(Options::new(client_id))))))
    }

    /// Who writes through this replica.
    #[wasm_bindgen(getter, js_name = clientId)]
    pub fn client_id(&self) -> f64 {
        self.0.read().client_id().value() as f64
    }

    /// The root text of this name.
    pub fn text(&self, name: &str) -> SharedText {
        let text = self.0.0.borrow_mut().text(name);
        SharedText { doc: self.0.clone(), text }
    }

    /// The root array of this name.
    pub fn array(&self, name: &str) -> SharedArray {
        let array = self.0.0.borrow_mut().array(name);
        SharedArray { doc: self.0.clone(), array }
    }

    /// The root map of this name.
    pub fn map(&self, name: &str) -> SharedMap {
        let map = self.0.0.borrow_mut().map(name);
        SharedMap { doc: self.0.clone(), map }
    }

    /// Applies an update (v1) of another replica. What depends on updates that are missing waits for them.
    #[wasm_bindgen(js_name = applyUpdate)]
    pub fn apply_update(&self, update: &[u8]) -> Result<(), JsError> {
        self.0.0.borrow_mut().apply_update(update)?;
        Ok(())
    }

    /// What a replica with this encoded state vector lacks, as an update (v1); without one the whole document.
    #[wasm_bindgen(js_name = encodeStateAsUpdate)]
    pub fn encode_state_as_update(&self, state_vector: Option<Box<[u8]>>) -> Result<Vec<u8>, JsError> {
        let known = match state_vector {
            Some(bytes) => decode_state_vector(&bytes)?,
            None => StateVector::default(),
        };
        Ok(self.0.read().encode_state_as_update(&known))
    }

    /// Applies an update v2.
    #[wasm_bindgen(js_name = applyUpdateV2)]
    pub fn apply_update_v2(&self, update: &[u8]) -> Result<(), JsError> {
        self.0.0.borrow_mut().apply_update_v2(update)?;
        Ok(())
    }

    /// The whole document as an update v2.
    #[wasm_bindgen(js_name = encodeStateAsUpdateV2)]
    pub fn encode_state_as_update_v2(&self) -> Vec<u8> {
        self.0.read().encode_state_as_update_v2(&StateVector::default())
    }

    /// How much of each client's writing is here.
    #[wasm_bindgen(js_name = encodeStateVector)]
    pub fn encode_state_vector(&self) -> Vec<u8> {
        self.0.read().encode_state_vector()
    }
}

fn random_client_id() -> ClientId {
    ClientId::from((js_sys::Math::random() * f64::from(u32::MAX)) as u32)
}
