//! A text at a snapshot, and what changed in it between two.

use super::Snapshot;
use crate::doc::Doc;
use crate::store::{Piece, TypeHandle, Unit};
use crate::types::{DeltaInsert, DeltaOp, Text, Value, XmlText, set_attribute};
use crate::update::Content;
use crate::values::{Any, Id};

/// What became of characters between two snapshots.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Change {
    /// They are in the later one only.
    Added,
    /// They are in the earlier one only.
    Removed,
}

/// The attribute that marks a change.
const CHANGE: &str = "ychange";

macro_rules! text_at_snapshots {
    ($name:ident) => {
        impl $name {
            /// The content at a snapshot. Of a document that leaves deleted content out, only what is there still.
            /// O(the text with all that was deleted). (Yjs: `YText#toDelta(snapshot)`)
            pub fn to_delta_at(self, doc: &Doc, snapshot: &Snapshot) -> Vec<DeltaOp> {
                self.to_delta_between(doc, Some(snapshot), None)
            }

            /// The content at a snapshot together with what was removed since a previous one. Characters that changed
            /// carry the attribute `ychange`: an object whose `type` is `added` or `removed`. For `None` as the
            /// snapshot it is the content now; without a previous one nothing is marked.
            /// (Yjs: `YText#toDelta(snapshot, prevSnapshot)`, where each item begins an op; here only a change does)
            ///
            /// ```
            /// use merganser::{ClientId, Doc, Options};
            /// use merganser::types::DeltaInsert;
            ///
            /// let mut options = Options::new(ClientId::from(1));
            /// options.gc = false;
            /// let mut doc = Doc::new(options);
            /// let text = doc.text("note");
            /// text.insert(&mut doc.transact(), 0, "a wet duck")?;
            /// let before = doc.snapshot();
            /// text.delete(&mut doc.transact(), 2, 4)?;
            ///
            /// let delta = text.to_delta_between(&doc, Some(&doc.snapshot()), Some(&before));
            /// assert_eq!(delta[1].insert, DeltaInsert::Text("wet ".into()));
            /// assert_eq!(&*delta[1].attributes[0].0, "ychange");
            /// # Ok::<(), merganser::Error>(())
            /// ```
            pub fn to_delta_between(
                self,
                doc: &Doc,
                snapshot: Option<&Snapshot>,
                previous: Option<&Snapshot>,
            ) -> Vec<DeltaOp> {
                self.to_delta_marked(doc, snapshot, previous, |change, _| {
                    let name = if change == Change::Added { "added" } else { "removed" };
                    Any::Object(vec![("type".into(), name.into())])
                })
            }

            /// The same with marks of the caller's: `mark` is told what happened, and the id of the first unit that it
            /// happened to; its value becomes the attribute `ychange`. (Yjs: `computeYChange`)
            pub fn to_delta_marked(
                self,
                doc: &Doc,
                snapshot: Option<&Snapshot>,
                previous: Option<&Snapshot>,
                mark: impl FnMut(Change, Id) -> Any,
            ) -> Vec<DeltaOp> {
                doc.delta_between(self.0, snapshot, previous, mark)
            }
        }
    };
}

text_at_snapshots!(Text);
text_at_snapshots!(XmlText);

/// A delta that grows: characters are gathered until something ends their op.
#[derive(Default)]
struct Gathered {
    ops: Vec<DeltaOp>,
    text: String,
    attributes: Vec<(Box<str>, Any)>,
}

impl Gathered {
    fn end_op(&mut self) {
        if !self.text.is_empty() {
            let insert = DeltaInsert::Text(std::mem::take(&mut self.text));
            self.ops.push(DeltaOp { insert, attributes: self.attributes.clone() });
        }
    }

    /// Marks the characters that follow, or takes the mark away. What was gathered before is not marked by it.
    fn mark(&mut self, mark: Option<Any>) {
        let current = self.attributes.iter().position(|(key, _)| **key == *CHANGE);
        if current.map(|at| &self.attributes[at].1) == mark.as_ref() {
            return;
        }
        self.end_op();
        match (current, mark) {
            (Some(at), Some(mark)) => self.attributes[at].1 = mark,
            (Some(at), None) => drop(self.attributes.remove(at)),
            (None, Some(mark)) => self.attributes.push((CHANGE.into(), mark)),
            (None, None) => {}
        }
    }
}

impl Doc {
    /// Yjs: `YText#toDelta`. An embedded value gets the mark of the characters before it, as there.
    fn delta_between(
        &self,
        handle: TypeHandle,
        snapshot: Option<&Snapshot>,
        previous: Option<&Snapshot>,
        mut mark: impl FnMut(Change, Id) -> Any,
    ) -> Vec<DeltaOp> {
        let store = self.store();
        let sequence = store.types.get(handle).sequence;
        let mut gathered = Gathered::default();
        // Without a previous snapshot nothing has changed.
        for run in self.visible_runs(sequence, [snapshot, previous.or(snapshot)]) {
            let [is_visible, was_visible] = run.visible;
            let change = match (is_visible, was_visible) {
                (true, true) => None,
                (true, false) => Some(Change::Added),
                // Looking back from now, Yjs shows what was removed without a mark.
                (false, _) => snapshot.map(|_| Change::Removed),
            };
            for piece in store.pieces_in(run.client, run.clocks) {
                let mut mark = || change.map(|change| mark(change, store.id(piece.first)));
                self.gather(&mut gathered, piece, is_visible, &mut mark);
            }
        }
        gathered.end_op();
        gathered.ops
    }

    fn gather(&self, to: &mut Gathered, piece: Piece, is_visible: bool, mark: &mut dyn FnMut() -> Option<Any>) {
        let store = self.store();
        match piece.content {
            Content::String => {
                to.mark(mark());
                store.read_text(piece, |part| to.text.push_str(part));
            }
            Content::Embed | Content::Type => store.read_units(piece, |unit| {
                to.end_op();
                let value = Value::of_unit(store, unit);
                let attributes = to.attributes.clone();
                to.ops.extend(value.map(|value| DeltaOp { insert: DeltaInsert::Embed(value), attributes }));
            }),
            Content::Format if is_visible => store.read_units(piece, |unit| {
                to.end_op();
                if let Unit::Format(key, value) = unit {
                    set_attribute(&mut to.attributes, key, Any::from_json(value).unwrap_or(Any::Null));
                }
            }),
            _ => {}
        }
    }
}
