//! Content that is about to become part of a document.

use super::DeltaEdit;
use crate::doc::Transaction;
use crate::integrate::NewItem;
use crate::lib0::{write_any, write_string, write_var_uint};
use crate::store::{LocalId, NO_ORIGIN, Place, Sequence, TypeHandle};
use crate::update::{Content, TypeTag};
use crate::values::{Any, Clock, Error, ErrorKind, utf16};

/// A value or a whole shared type with its contents, to be inserted into a list or set as a map's entry.
#[derive(Clone, Debug, PartialEq)]
pub enum Prelim {
    /// A plain value.
    Any(Any),
    /// A text with this content.
    Text(String),
    /// An array of these.
    Array(Vec<Prelim>),
    /// A map with these entries.
    Map(Vec<(String, Prelim)>),
    /// An XML element.
    XmlElement {
        /// Its node name.
        name: String,
        /// Its attributes.
        attributes: Vec<(String, Prelim)>,
        /// Its children, XML types themselves.
        children: Vec<Prelim>,
    },
    /// An XML fragment with these children.
    XmlFragment(Vec<Prelim>),
    /// An XML text with this content.
    XmlText(String),
    /// A text with formatted content; usually all changes are inserts.
    FormattedText {
        /// Its content.
        delta: Vec<DeltaEdit>,
        /// Attributes of the whole text.
        attributes: Vec<(String, Prelim)>,
    },
    /// The same as an XML text.
    FormattedXmlText {
        /// Its content.
        delta: Vec<DeltaEdit>,
        /// Its attributes.
        attributes: Vec<(String, Prelim)>,
    },
    /// An XML hook.
    XmlHook {
        /// Its hook name.
        name: String,
        /// Its entries.
        entries: Vec<(String, Prelim)>,
    },
    /// A subdocument.
    Subdoc {
        /// Its name, unique in the world.
        guid: String,
        /// Its options: an object.
        options: Any,
    },
}

impl<T: Into<Any>> From<T> for Prelim {
    fn from(value: T) -> Prelim {
        Prelim::Any(value.into())
    }
}

impl Prelim {
    /// A plain value that becomes one item with its neighbours; bytes are an item of their own.
    #[inline]
    fn plain(&self) -> Option<&Any> {
        match self {
            Prelim::Any(Any::Bytes(_)) => None,
            Prelim::Any(any) => Some(any),
            _ => None,
        }
    }
}

impl Transaction<'_> {
    /// Appends one item of the own client. Refuses what would not fit.
    pub(super) fn author_item(&mut self, item: NewItem<'_>) -> Result<LocalId, Error> {
        let (replica, client) = self.author();
        let log = replica.store.log(client);
        if !log.has_room(item.len, item.payload.len()) {
            return Err(ErrorKind::TooLarge.into());
        }
        let first = (client, log.end());
        replica.append(client, item);
        Ok(first)
    }

    /// Inserts plain values before a visible index of a sequence where they lengthen what the own client wrote last;
    /// `false`, and nothing has changed, if they don't. O(values).
    pub(super) fn lengthen_values(&mut self, sequence: Sequence, index: u32, values: &[Prelim]) -> Result<bool, Error> {
        let (replica, client) = self.author();
        let is_plain = |value: &Prelim| value.plain().is_some();
        let Ok(len) = Clock::try_from(values.len()) else { return Ok(false) };
        if len == 0 || !replica.lengthens_values(client, sequence, index, len) || !values.iter().all(is_plain) {
            return Ok(false);
        }
        let mut payload = replica.take_payload();
        values.iter().filter_map(Prelim::plain).for_each(|any| write_any(&mut payload, any));
        if !replica.store.log(client).has_room(len, payload.len()) {
            return Err(ErrorKind::TooLarge.into());
        }
        replica.lengthen(client, &payload, len);
        replica.keep_payload(payload);
        Ok(true)
    }

    /// Inserts values at a place of a sequence: neighbouring plain values become one item, as in Yjs.
    /// (Yjs: `typeListInsertGenericsAfter`)
    pub(super) fn author_values(
        &mut self,
        sequence: Sequence,
        mut place: Option<Place>,
        mut before: Option<u32>,
        values: impl IntoIterator<Item = Prelim>,
    ) -> Result<(), Error> {
        let order = &self.store().order;
        let mut origin = place.and_then(|place| order.unit_before(place)).unwrap_or(NO_ORIGIN);
        let right_origin = place.and_then(|place| order.unit_after(place)).unwrap_or(NO_ORIGIN);
        let (mut count, mut payload) = (0, self.replica().take_payload());
        let mut values = values.into_iter().peekable();
        while let Some(value) = values.next() {
            let (content, len) = match &value {
                Prelim::Any(Any::Bytes(bytes)) => {
                    payload.extend_from_slice(bytes);
                    (Content::Binary, 1)
                }
                Prelim::Any(any) => {
                    count += 1;
                    write_any(&mut payload, any);
                    if values.peek().is_some_and(|next| next.plain().is_some()) {
                        continue;
                    }
                    (Content::Any, count)
                }
                other => {
                    write_payload(&mut payload, other);
                    (if matches!(other, Prelim::Subdoc { .. }) { Content::Doc } else { Content::Type }, 1)
                }
            };
            let item = NewItem { sequence, place, before, origin, right_origin, content, len, payload: &payload };
            let first = self.author_item(item)?;
            count = 0;
            payload.clear();
            if content == Content::Type {
                let handle = self.store().type_of(first).expect("the item just written holds a type");
                self.fill(handle, value)?;
            }
            origin = (first.0, first.1 + len - 1);
            before = before.map(|before| before + len);
            if values.peek().is_some() {
                let order = &mut self.replica().store.order;
                place = order.find(origin.0, origin.1).map(|last| order.step(last, 1));
            }
        }
        self.replica().keep_payload(payload);
        Ok(())
    }

    /// Writes the contents of a type that was just inserted.
    pub(super) fn fill(&mut self, handle: TypeHandle, prelim: Prelim) -> Result<(), Error> {
        let sequence = self.store().types.get(handle).sequence;
        match prelim {
            Prelim::Text(text) | Prelim::XmlText(text) if !text.is_empty() => {
                let item = NewItem {
                    sequence,
                    place: None,
                    before: Some(0),
                    origin: NO_ORIGIN,
                    right_origin: NO_ORIGIN,
                    content: Content::String,
                    len: utf16::len(&text),
                    payload: text.as_bytes(),
                };
                self.author_item(item).map(|_| ())
            }
            Prelim::Array(values) | Prelim::XmlFragment(values) => self.author_values(sequence, None, Some(0), values),
            Prelim::FormattedText { delta, attributes } | Prelim::FormattedXmlText { delta, attributes } => {
                self.apply_delta(handle, delta, true)?;
                attributes.into_iter().try_for_each(|(key, value)| self.author_entry(handle, &key, value))
            }
            Prelim::Map(entries) | Prelim::XmlHook { entries, .. } => {
                entries.into_iter().try_for_each(|(key, value)| self.author_entry(handle, &key, value))
            }
            Prelim::XmlElement { attributes, children, .. } => {
                self.author_values(sequence, None, Some(0), children)?;
                attributes.into_iter().try_for_each(|(key, value)| self.author_entry(handle, &key, value))
            }
            _ => Ok(()),
        }
    }

    /// Sets the entry of a key. (Yjs: `typeMapSet`)
    pub(super) fn author_entry(&mut self, of: TypeHandle, key: &str, value: Prelim) -> Result<(), Error> {
        let replica = self.replica();
        let sequence = replica.store.entry(of, key);
        let order = &replica.store.order;
        let place = order.end(sequence);
        let Some(any) = value.plain() else { return self.author_values(sequence, place, None, [value]) };
        // A plain value is one item, and there is nothing to go on with.
        let origin = order.last_unit(sequence).unwrap_or(NO_ORIGIN);
        let (right_origin, content) = (NO_ORIGIN, Content::Any);
        let mut payload = replica.take_payload();
        write_any(&mut payload, any);
        let item = NewItem { sequence, place, before: None, origin, right_origin, content, len: 1, payload: &payload };
        self.author_item(item)?;
        self.replica().keep_payload(payload);
        Ok(())
    }
}

/// What is written of a type or subdocument itself.
pub(super) fn payload_of(prelim: &Prelim) -> Vec<u8> {
    let mut out = Vec::new();
    write_payload(&mut out, prelim);
    out
}

fn write_payload(out: &mut Vec<u8>, prelim: &Prelim) {
    let mut tag = |tag: TypeTag| write_var_uint(out, tag as u64);
    match prelim {
        Prelim::Text(_) | Prelim::FormattedText { .. } => tag(TypeTag::Text),
        Prelim::Array(_) => tag(TypeTag::Array),
        Prelim::Map(_) => tag(TypeTag::Map),
        Prelim::XmlFragment(_) => tag(TypeTag::XmlFragment),
        Prelim::XmlText(_) | Prelim::FormattedXmlText { .. } => tag(TypeTag::XmlText),
        Prelim::XmlElement { name, .. } => {
            tag(TypeTag::XmlElement);
            write_string(out, name);
        }
        Prelim::XmlHook { name, .. } => {
            tag(TypeTag::XmlHook);
            write_string(out, name);
        }
        Prelim::Subdoc { guid, options } => {
            write_string(out, guid);
            write_any(out, options);
        }
        Prelim::Any(_) => {}
    }
}
