//! A text at a snapshot, and what changed in it between two.

use super::Snapshot;
use crate::doc::Doc;
use crate::store::TypeHandle;
use crate::types::{DeltaOp, GrowingDelta, Text, XmlText};
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
        let mut growing = GrowingDelta::with_room(0);
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
                match piece.content {
                    Content::String => {
                        growing.mark(store, CHANGE, change.map(|change| mark(change, store.id(piece.first))));
                    }
                    // A mark that the snapshot does not have is not in force.
                    Content::Format if !is_visible => continue,
                    _ => {}
                }
                growing.push(store, piece);
            }
        }
        growing.finish()
    }
}
