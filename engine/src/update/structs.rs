//! One struct of an update, as read: numbers, and byte ranges into the update.

use crate::values::{Clock, Id};

/// A range of bytes of the update that a struct was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ByteRange {
    /// First byte.
    pub start: u32,
    /// Byte after the last.
    pub end: u32,
}

impl ByteRange {
    /// The bytes themselves, out of the update that the range belongs to.
    #[inline]
    pub fn of(self, bytes: &[u8]) -> &[u8] {
        &bytes[self.start as usize..self.end as usize]
    }
}

/// In the byte that begins a struct: an origin follows.
pub(crate) const ORIGIN: u8 = 0x80;
/// A right origin follows.
pub(crate) const RIGHT_ORIGIN: u8 = 0x40;
/// It is an entry of a map; its key follows where no origin does.
pub(crate) const KEY: u8 = 0x20;

/// What a struct carries. The numbers are those of the format (Yjs: `contentRefs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Content {
    /// Ids whose content was collected together with what held them; in no sequence.
    Gc = 0,
    /// Content that was deleted and collected; keeps its place.
    Deleted = 1,
    /// JSON texts, one for each unit, each a var-string (old form of `Any`).
    Json = 2,
    /// A byte array, one unit.
    Binary = 3,
    /// Text, one unit for each UTF-16 code unit.
    String = 4,
    /// An embedded value as JSON text, one unit.
    Embed = 5,
    /// A formatting mark: key and JSON value, both var-strings. One unit, not counted.
    Format = 6,
    /// A shared type: its tag and, for elements and hooks, a name. One unit.
    Type = 7,
    /// `any` values, one for each unit.
    Any = 8,
    /// A subdocument: its guid as a var-string, then options as `any`. One unit.
    Doc = 9,
    /// A gap: ids that the update doesn't hold.
    Skip = 10,
}

impl Content {
    /// The content with this number.
    pub(crate) const fn from_number(number: u8) -> Option<Content> {
        Some(match number {
            0 => Content::Gc,
            1 => Content::Deleted,
            2 => Content::Json,
            3 => Content::Binary,
            4 => Content::String,
            5 => Content::Embed,
            6 => Content::Format,
            7 => Content::Type,
            8 => Content::Any,
            9 => Content::Doc,
            10 => Content::Skip,
            _ => return None,
        })
    }

    /// Whether a struct of this kind is an item: has a place in a sequence.
    pub const fn is_item(self) -> bool {
        !matches!(self, Content::Gc | Content::Skip)
    }

    /// Whether it counts in the length of its type.
    pub const fn is_countable(self) -> bool {
        !matches!(self, Content::Gc | Content::Skip | Content::Deleted | Content::Format)
    }

    /// Whether a struct may hold several units, and so be cut.
    pub const fn is_run(self) -> bool {
        matches!(self, Content::Gc | Content::Skip | Content::Deleted | Content::Json | Content::String | Content::Any)
    }

    /// Whether each unit is a value of its own.
    pub(crate) const fn is_values(self) -> bool {
        matches!(self, Content::Json | Content::Any)
    }
}

/// The kind of a shared type, with its number in the format (Yjs: `typeRefs`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum TypeTag {
    /// `Y.Array`
    Array = 0,
    /// `Y.Map`
    Map = 1,
    /// `Y.Text`
    Text = 2,
    /// `Y.XmlElement`, with a node name
    XmlElement = 3,
    /// `Y.XmlFragment`
    XmlFragment = 4,
    /// `Y.XmlHook`, with a hook name
    XmlHook = 5,
    /// `Y.XmlText`
    XmlText = 6,
}

impl TypeTag {
    /// The kind with this number.
    pub(crate) const fn from_number(number: u64) -> Option<TypeTag> {
        Some(match number {
            0 => TypeTag::Array,
            1 => TypeTag::Map,
            2 => TypeTag::Text,
            3 => TypeTag::XmlElement,
            4 => TypeTag::XmlFragment,
            5 => TypeTag::XmlHook,
            6 => TypeTag::XmlText,
            _ => return None,
        })
    }

    /// Whether a name follows the number.
    pub const fn is_named(self) -> bool {
        matches!(self, TypeTag::XmlElement | TypeTag::XmlHook)
    }
}

/// Where an item's type is to be found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parent {
    /// The same as that of its origin or right origin.
    Inherited,
    /// The root type of this name (UTF-8).
    Root(ByteRange),
    /// The type that this item holds.
    Item(Id),
}

/// One struct of an update. The byte ranges belong to the update that it was read from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Struct {
    /// Id of its first unit.
    pub id: Id,
    /// Number of units, at least 1.
    pub len: Clock,
    /// What it carries.
    pub content: Content,
    /// Whether info bit 6 is set (a map entry, where the writer kept the bit).
    pub key_bit: bool,
    /// The unit that was on its left when it was written.
    pub origin: Option<Id>,
    /// The unit that was on its right when it was written.
    pub right_origin: Option<Id>,
    /// Its type.
    pub parent: Parent,
    /// Its key in a map (UTF-8); only where `parent` is not `Inherited`.
    pub key: Option<ByteRange>,
    /// Its content without lengths or counts: text, bytes, values one after the other.
    pub payload: ByteRange,
}

impl Struct {
    /// A gap of `len` units from `id` on.
    pub const fn skip(id: Id, len: Clock) -> Struct {
        Struct {
            id,
            len,
            content: Content::Skip,
            key_bit: false,
            origin: None,
            right_origin: None,
            parent: Parent::Inherited,
            key: None,
            payload: ByteRange { start: 0, end: 0 },
        }
    }

    /// The clock after its last unit.
    pub fn end(&self) -> Clock {
        self.id.clock + self.len
    }
}
