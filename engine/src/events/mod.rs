//! Events: what a transaction changed, type by type. They are values, read from its [`Commit`].

mod delta;
mod extent;
mod keys;
mod list;
mod path;
mod subdocs;
mod text;

pub use delta::{DeltaChange, Inserted};
pub use keys::{KeyAction, KeyChange};
pub use path::PathStep;
pub use subdocs::SubdocChanges;

use crate::doc::Commit;
use crate::store::TypeHandle;
use crate::types::{Text, Value};
use crate::update::TypeTag;
use crate::values::sort_by_numbers;
use extent::{Extent, Parts};

/// What changed in one shared type.
#[derive(Clone, Debug, PartialEq)]
pub struct Event {
    /// The type.
    pub target: Value,
    /// The name of the root that it lies in, or is.
    pub root: Box<str>,
    /// The way from the root to it.
    pub path: Vec<PathStep>,
    /// What changed in its list or text, from its start to the last change.
    pub delta: Vec<DeltaChange>,
    /// What changed of its keys or attributes, in the order in which the keys first came up in the document.
    pub keys: Vec<KeyChange>,
}

impl Commit<'_> {
    /// What the transaction changed in types that were there before it and still are: what Yjs tells those who observe
    /// them (Yjs: `observe`, `observeDeep`). Types nearer to their roots come first, else in the order in which they
    /// came up. A root of which nobody has named the kind is left out.
    ///
    /// O(changes * log document); where a text has formatting marks, O(its spans).
    ///
    /// ```
    /// use merganser::events::{DeltaChange, Inserted};
    /// use merganser::{ClientId, Doc, Options};
    ///
    /// let mut doc = Doc::new(Options::new(ClientId::from(1)));
    /// let text = doc.text("note");
    /// text.insert(&mut doc.transact(), 0, "a duck")?;
    /// let mut transaction = doc.transact();
    /// text.insert(&mut transaction, 2, "diving ")?;
    /// let events = transaction.commit().events();
    /// let inserted = DeltaChange::Insert { content: Inserted::Text("diving ".into()), attributes: vec![] };
    /// assert_eq!(events[0].delta, [DeltaChange::Retain { len: 2, attributes: vec![] }, inserted]);
    /// # Ok::<(), merganser::Error>(())
    /// ```
    pub fn events(&self) -> Vec<Event> {
        let extent = Extent::of(&self.doc().replica);
        let mut events: Vec<Event> =
            extent.changed().filter_map(|(handle, parts)| self.event(&extent, handle, parts)).collect();
        sort_by_numbers(&mut events, |event| (event.path.len() as u64, 0));
        events
    }

    /// What the transaction changed in these texts; nothing for those that it left alone. O(changes * log document);
    /// where a text has formatting marks, O(its spans).
    pub(crate) fn text_changes(&self, texts: &[Text]) -> Vec<Vec<DeltaChange>> {
        let mut changes = vec![Vec::new(); texts.len()];
        if self.is_empty() {
            return changes;
        }
        let store = self.doc().store();
        let extent = Extent::of(&self.doc().replica);
        for (handle, parts) in extent.changed() {
            let is_touched = !parts.added.is_empty() || !parts.deleted.is_empty();
            if let Some(at) = texts.iter().position(|text| text.0 == handle).filter(|_| is_touched) {
                changes[at] = text::delta(store, &extent, store.types.get(handle).sequence, &parts);
            }
        }
        changes
    }

    fn event(&self, extent: &Extent<'_>, handle: TypeHandle, changed: Parts) -> Option<Event> {
        let doc = self.doc();
        let store = doc.store();
        let shared = store.types.get(handle);
        let tag = shared.tag?;
        if shared.is_deleted {
            return None;
        }
        let delta = match tag {
            _ if changed.added.is_empty() && changed.deleted.is_empty() => Vec::new(),
            TypeTag::Text | TypeTag::XmlText => text::delta(store, extent, shared.sequence, &changed),
            _ => list::delta(store, &changed),
        };
        let keys = keys::changes(store, extent, changed.entries);
        if delta.is_empty() && keys.is_empty() {
            return None;
        }
        let (root, path) = path::path_to(store, handle);
        Some(Event { target: Value::of_type(tag, handle), root: root.into(), path, delta, keys })
    }
}
