//! Relative positions: places that name a unit or a type by its id, and so stay where they are while others edit.

mod encode;
mod json;

use crate::doc::Doc;
use crate::types::Value;
use crate::update::Content;
use crate::values::{Error, Id};

/// A place in a list or a text that edits do not move: a cursor, the end of a selection, where a comment is tied to.
///
/// It is tied to a unit, or, at the end of a type, to the type. (Yjs: `RelativePosition`) Positions are equal as
/// Yjs' `compareRelativePositions` has it: one that was decoded from bytes knows less than the one that was encoded
/// ([`of`](Self::of) is not written beside an item), and so is another one.
///
/// ```
/// use merganser::{ClientId, Doc, Options, RelativePosition};
///
/// let mut doc = Doc::new(Options::new(ClientId::from(1)));
/// let text = doc.text("note");
/// text.insert(&mut doc.transact(), 0, "a duck")?;
///
/// let cursor = RelativePosition::at(&doc, text, 2, 0)?;
/// text.insert(&mut doc.transact(), 0, "This is ")?;
/// let found = cursor.to_absolute(&doc).expect("the unit is here");
/// assert_eq!((found.of, found.index), (text.into(), 10));
///
/// // What is sent to others, who have the same document:
/// let decoded = RelativePosition::decode(&cursor.encode())?;
/// assert_eq!(decoded.to_absolute(&doc).map(|found| found.index), Some(10));
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RelativePosition {
    anchor: Anchor,
    assoc: i32,
}

/// What a position is tied to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Anchor {
    /// A unit, and the type that it stands in, if that was said.
    Unit(Id, Option<PositionType>),
    /// The end of a type; or its start, for a position that belongs to what is before it.
    Type(PositionType),
}

/// How a position names a type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PositionType {
    /// A root, by name.
    Root(Box<str>),
    /// A type inside another one, by the unit that holds it.
    Item(Id),
}

/// Where a relative position is in a document as it is now. (Yjs: `AbsolutePosition`)
#[derive(Clone, Debug, PartialEq)]
pub struct AbsolutePosition {
    /// The shared type.
    pub of: Value,
    /// The number of visible units before the place; in a text, UTF-16 code units.
    pub index: u32,
    /// As in the relative position.
    pub assoc: i32,
}

impl RelativePosition {
    /// The place before unit `index` of a shared type, counted in visible units (in a text, UTF-16 code units); an
    /// index beyond the end is the end. With an `assoc` of 0 or more the place is tied to the unit after it, and moves
    /// when something is inserted there; below 0 to the unit before it, and stays. O(log).
    /// (Yjs: `createRelativePositionFromTypeIndex`)
    ///
    /// # Errors
    /// A plain value or subdocument; a handle of another document.
    pub fn at(doc: &Doc, of: impl Into<Value>, index: u32, assoc: i32) -> Result<RelativePosition, Error> {
        let store = doc.store();
        let shared = store.types.get(of.into().known_handle(doc)?);
        let order = &store.order;
        let len = order.visible_len(shared.sequence);
        let visible = |index| order.unit_after(order.find_visible(shared.sequence, index));
        let unit = match assoc {
            0.. if index < len => visible(index),
            0.. => None,
            _ => match index.checked_sub(1) {
                Some(before) if before < len => visible(before),
                // The last unit, deleted or not.
                Some(_) => order.last_unit(shared.sequence),
                None => None,
            },
        };
        let of = match shared.item {
            Some(item) => PositionType::Item(store.id(item)),
            None => PositionType::Root(store.types.name(shared).into()),
        };
        let anchor = match unit {
            Some(unit) => Anchor::Unit(store.id(unit), Some(of)),
            None => Anchor::Type(of),
        };
        Ok(RelativePosition { anchor, assoc })
    }

    /// Where the place is now. `None` while its unit or type has not arrived here, once it was collected together
    /// with the type around it, and for a root that nobody has named the kind of (where Yjs names it, without a
    /// kind). The place of a deleted unit is where it was; in a type that is deleted it is 0. Where a deletion was
    /// undone in this replica, the place is that of what was written again. O(log, and for each undo of it).
    /// (Yjs: `createAbsolutePositionFromRelativePosition`)
    pub fn to_absolute(&self, doc: &Doc) -> Option<AbsolutePosition> {
        self.find(doc, true)
    }

    /// The same, but what was undone is not followed: all replicas find the same place. Only the one that undid a
    /// deletion knows what was written again for what. (Yjs: the argument `followUndoneDeletions`)
    pub fn to_absolute_as_written(&self, doc: &Doc) -> Option<AbsolutePosition> {
        self.find(doc, false)
    }

    fn find(&self, doc: &Doc, follows_undone: bool) -> Option<AbsolutePosition> {
        let store = doc.store();
        let known = |id: Id| {
            let client = store.find_client(id.client)?;
            let unit = (id.clock < store.log(client).end()).then_some((client, id.clock))?;
            Some(if follows_undone { store.follow_redone(unit) } else { unit })
        };
        let (handle, index) = match &self.anchor {
            Anchor::Unit(id, _) => {
                let unit = known(*id)?;
                let place = store.order.look_up(unit.0, unit.1)?;
                if store.kept_content(unit) == Content::Gc {
                    return None;
                }
                let handle = store.types.owner(store.order.sequence_of(place)).of;
                let is_visible = store.order.span_at(place).is_some_and(|(span, _)| span.is_visible());
                let index = match store.types.get(handle).is_deleted {
                    true => 0,
                    false => store.order.visible_before(place) + u32::from(is_visible && self.assoc < 0),
                };
                (handle, index)
            }
            Anchor::Type(of) => {
                let handle = match of {
                    PositionType::Root(name) => store.types.root(name)?,
                    PositionType::Item(id) => {
                        let unit = known(*id)?;
                        (store.kept_content(unit) == Content::Type).then(|| store.type_of(unit))??
                    }
                };
                let len = store.order.visible_len(store.types.get(handle).sequence);
                (handle, if self.assoc >= 0 { len } else { 0 })
            }
        };
        let of = Value::of_type(store.types.get(handle).tag?, handle);
        Some(AbsolutePosition { of, index, assoc: self.assoc })
    }

    /// The unit that the place is tied to, if it is tied to one.
    pub fn item(&self) -> Option<Id> {
        match self.anchor {
            Anchor::Unit(id, _) => Some(id),
            Anchor::Type(_) => None,
        }
    }

    /// The type that the place is in, if that was said.
    pub fn of(&self) -> Option<&PositionType> {
        match &self.anchor {
            Anchor::Unit(_, of) => of.as_ref(),
            Anchor::Type(of) => Some(of),
        }
    }

    /// Below 0 if the place belongs to what is before it, else to what is after it.
    pub fn assoc(&self) -> i32 {
        self.assoc
    }
}
