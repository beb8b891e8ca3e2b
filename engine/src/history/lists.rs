//! Arrays and XML parents at a snapshot.

use super::Snapshot;
use crate::doc::Doc;
use crate::store::TypeHandle;
use crate::types::{Array, Value, XmlElement, XmlFragment};

impl Doc {
    /// The elements of a type's list at a snapshot. Yjs (`typeListToArraySnapshot`) takes or leaves whole items, by
    /// their first unit; this is exact, as Yjs is once items are cut where the snapshot ends.
    fn list_values_at(&self, handle: TypeHandle, snapshot: &Snapshot) -> Vec<Value> {
        let store = self.store();
        let sequence = store.types.get(handle).sequence;
        let mut values = Vec::new();
        for run in self.visible_runs(sequence, [Some(snapshot); 2]) {
            for piece in store.pieces_in(run.client, run.clocks) {
                values.extend(Value::of_piece(store, piece));
            }
        }
        values
    }
}

impl Array {
    /// The elements at a snapshot. Of a document that leaves deleted content out, only what is there still. Shared
    /// types among them are read as they are now. O(elements with all that were deleted).
    /// (Yjs: `typeListToArraySnapshot`)
    pub fn values_at(self, doc: &Doc, snapshot: &Snapshot) -> Vec<Value> {
        doc.list_values_at(self.0, snapshot)
    }
}

impl XmlFragment {
    /// The children at a snapshot; see [`Array::values_at`].
    pub fn children_at(self, doc: &Doc, snapshot: &Snapshot) -> Vec<Value> {
        doc.list_values_at(self.0, snapshot)
    }
}

impl XmlElement {
    /// The children at a snapshot; see [`Array::values_at`].
    pub fn children_at(self, doc: &Doc, snapshot: &Snapshot) -> Vec<Value> {
        doc.list_values_at(self.0, snapshot)
    }
}
