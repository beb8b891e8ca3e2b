//! Subdocuments: those that a document refers to, and those that a transaction brought or took away.

use super::extent::{Extent, Units};
use crate::doc::{Commit, Doc};
use crate::origin::Origin;
use crate::store::{LocalId, Store};
use crate::types::{Subdoc, Value};
use crate::update::Content;

/// What a transaction changed in the set of subdocuments. A program that keeps replicas of them begins those that were
/// added (at once those that say [`auto_load`](Subdoc::auto_load), the others when they are needed) and ends those that
/// were removed.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct SubdocChanges {
    /// They came.
    pub added: Vec<Subdoc>,
    /// They went.
    pub removed: Vec<Subdoc>,
    /// They are to be loaded at once: of those that came the ones that say so ([`auto_load`](Subdoc::auto_load)), and in
    /// a local transaction all but those that an undo brought back. (Yjs: `shouldLoad`)
    pub loaded: Vec<Subdoc>,
}

impl SubdocChanges {
    /// Whether nothing changed.
    pub fn is_empty(&self) -> bool {
        self.added.is_empty() && self.removed.is_empty() && self.loaded.is_empty()
    }
}

impl Doc {
    /// The subdocuments that the document refers to, in no order. O(blocks). (Yjs: `doc.getSubdocs`)
    pub fn subdocs(&self) -> Vec<Subdoc> {
        let store = self.store();
        let of_client = |client| store.log(client).blocks().iter().map(move |block| (client, block));
        let blocks = store.clients().flat_map(|(_, client)| of_client(client));
        let units =
            blocks.filter(|(_, block)| block.content == Content::Doc).map(|(client, block)| (client, block.clock));
        units.filter(|unit| store.is_live(*unit)).filter_map(|unit| subdoc(store, unit)).collect()
    }
}

impl Commit<'_> {
    /// What the transaction changed in the set of subdocuments. One that came and went in it is not told.
    /// O(blocks touched * log document). (Yjs: the event `subdocs`)
    pub fn subdocs(&self) -> SubdocChanges {
        let store = self.doc().store();
        let extent = Extent::of(&self.doc().replica);
        let units = |of: Units| (of.start..of.end).map(move |clock| (of.client, clock));
        let is_doc = |of: &Units| store.block((of.client, of.start)).content == Content::Doc;
        let added = extent.added_units().map(|(_, units)| units).filter(is_doc).flat_map(units);
        let removed = extent.deleted_units().map(|(_, units)| units).filter(is_doc).flat_map(units);
        let added: Vec<Subdoc> =
            added.filter(|unit| store.is_live(*unit)).filter_map(|unit| subdoc(store, unit)).collect();
        let is_made_here = self.is_local() && !matches!(self.origin(), Some(Origin::UndoManager(_)));
        let loaded = added.iter().filter(|subdoc| is_made_here || subdoc.auto_load()).cloned().collect();
        SubdocChanges { removed: removed.filter_map(|unit| subdoc(store, unit)).collect(), added, loaded }
    }
}

fn subdoc(store: &Store, unit: LocalId) -> Option<Subdoc> {
    match Value::of_unit(store, store.unit(unit)?)? {
        Value::Subdoc(subdoc) => Some(subdoc),
        _ => None,
    }
}
