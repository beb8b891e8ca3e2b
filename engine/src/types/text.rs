//! `Text`: characters, embedded values and formatting marks. Positions are UTF-16 code units.

use super::position::{TextPosition, as_formats};
use super::{DeltaEdit, DeltaOp, Prelim, XmlText};
use crate::doc::{Doc, Transaction};
use crate::integrate::NewItem;
use crate::store::{NO_ORIGIN, Place, Sequence, Store, TypeHandle, equals};
use crate::update::{Content, TypeTag};
use crate::values::{Any, Error, ErrorKind, utf16};

/// A shared text (`Y.Text`).
///
/// Formatting lies between the characters as marks. What is typed takes on the formatting at its place; edits that
/// name attributes say exactly what is in force.
///
/// ```
/// use merganser::types::{DeltaEdit, DeltaInsert};
/// use merganser::{Any, ClientId, Doc, Options};
///
/// let mut doc = Doc::new(Options::new(ClientId::from(1)));
/// let text = doc.text("note");
/// let mut transaction = doc.transact();
/// text.insert(&mut transaction, 0, "A duck dives")?;
/// text.format(&mut transaction, 2, 4, &[("bold".into(), Any::Bool(true))])?;
/// text.insert(&mut transaction, 6, "ling")?;
/// text.apply_delta(&mut transaction, vec![DeltaEdit::Delete { len: 2 }], true)?;
/// transaction.commit();
///
/// let delta = text.to_delta(&doc);
/// assert_eq!(delta[0].insert, DeltaInsert::Text("duckling".into()));
/// assert_eq!(delta[0].attributes, [("bold".into(), Any::Bool(true))]);
/// assert_eq!(delta[1].insert, DeltaInsert::Text(" dives".into()));
/// # Ok::<(), merganser::Error>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text(pub(crate) TypeHandle);

/// Keys and values of formatting. As part of an edit, `null` takes a format away. Marks are written in this order;
/// JavaScript would put keys that are whole numbers first.
pub type Attributes = Vec<(Box<str>, Any)>;

impl Text {
    /// The characters, without embedded values and formatting. O(length).
    pub fn to_string(self, doc: &Doc) -> String {
        doc.plain_text(self.0)
    }
}

/// What texts and XML texts have in common.
macro_rules! formatted_text {
    ($name:ident, $tag:expr) => {
        impl $name {
            pub(super) const TAGS: &'static [TypeTag] = &[$tag];

            /// Length in UTF-16 code units; an embedded value counts 1. O(1).
            pub fn len(self, doc: &Doc) -> u32 {
                doc.list_len(self.0)
            }

            /// Whether it has no content.
            pub fn is_empty(self, doc: &Doc) -> bool {
                self.len(doc) == 0
            }

            /// The content with its formatting, as a list of inserts. O(length). (Yjs: `YText#toDelta`)
            pub fn to_delta(self, doc: &Doc) -> Vec<DeltaOp> {
                doc.delta(self.0)
            }

            /// Inserts `text` before the unit at `index`, formatted as what stands before it. `index` counts UTF-16
            /// code units. O(log), O(1) beside the last edit. (Yjs: `YText#insert` without attributes)
            ///
            /// # Errors
            /// An index beyond the end or inside a surrogate pair; a handle of another document.
            pub fn insert(self, transaction: &mut Transaction<'_>, index: u32, text: &str) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.insert_text(self.0, index, text)
            }

            /// Inserts `text` before the unit at `index` with exactly these attributes: what else is in force there is
            /// taken away for it. O(log + marks at the place). (Yjs: `YText#insert`)
            ///
            /// # Errors
            /// As for [`insert`](Self::insert).
            pub fn insert_with_attributes(
                self,
                transaction: &mut Transaction<'_>,
                index: u32,
                text: &str,
                attributes: &[(Box<str>, Any)],
            ) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.insert_formatted(self.0, index, text.into(), attributes)
            }

            /// Inserts a plain value or a shared type with exactly these attributes, as one unit (a string: as its
            /// text). Without attributes nothing is in force for it. O(log + marks at the place).
            /// (Yjs: `YText#insertEmbed`)
            ///
            /// # Errors
            /// As for [`insert`](Self::insert); a subdocument, which a text cannot hold.
            pub fn insert_embed(
                self,
                transaction: &mut Transaction<'_>,
                index: u32,
                embed: impl Into<Prelim>,
                attributes: &[(Box<str>, Any)],
            ) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.insert_formatted(self.0, index, embed.into(), attributes)
            }

            /// Sets attributes of `len` units from `index` on; a `null` takes one away. Where the text is shorter,
            /// newlines are appended, unless nothing stands after `index`, as in Yjs. O(log + spans of the range).
            /// (Yjs: `YText#format`)
            ///
            /// # Errors
            /// An index beyond the end; an end of the range inside a surrogate pair; a handle of another document.
            pub fn format(
                self,
                transaction: &mut Transaction<'_>,
                index: u32,
                len: u32,
                attributes: &[(Box<str>, Any)],
            ) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.format_text(self.0, index, len, attributes)
            }

            /// Deletes `len` units from `index` on, and marks that change nothing any more. O(log + spans of the range
            /// and of what is deleted around it). (Yjs: `YText#delete`)
            ///
            /// # Errors
            /// A range beyond the end, or with an end inside a surrogate pair; a handle of another document.
            pub fn delete(self, transaction: &mut Transaction<'_>, index: u32, len: u32) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.delete_text(self.0, index, len)
            }

            /// Applies changes from the start on. What is retained beyond the end is appended as newlines, what is
            /// deleted beyond it is ignored. With `sanitize` off, one newline at the end of a last insert at the very
            /// end is left out (the option's name and its sense are those of Yjs). O(changes * log + spans that get
            /// attributes or are deleted). (Yjs: `YText#applyDelta`)
            ///
            /// # Errors
            /// A change that ends inside a surrogate pair, or inserts a subdocument; nothing is changed then. A handle
            /// of another document.
            pub fn apply_delta(
                self,
                transaction: &mut Transaction<'_>,
                delta: Vec<DeltaEdit>,
                sanitize: bool,
            ) -> Result<(), Error> {
                transaction.check_type(self.0, Self::TAGS)?;
                transaction.apply_delta(self.0, delta, sanitize)
            }
        }
    };
}

formatted_text!(Text, TypeTag::Text);
formatted_text!(XmlText, TypeTag::XmlText);

impl Doc {
    pub(super) fn plain_text(&self, handle: TypeHandle) -> String {
        let mut text = Vec::with_capacity(self.list_len(handle) as usize);
        self.store().append_text_of(self.list(handle), &mut text);
        String::from_utf8(text).expect("text is checked before it is appended")
    }

    /// Whether a position of a text lies inside a surrogate pair. O(log).
    pub(crate) fn is_inside_pair(&self, text: Text, index: u32) -> bool {
        self.check_border(self.list(text.0), index).is_err()
    }

    /// Whether the visible unit at `index` of a text is what is left of a surrogate pair that somebody cut apart. O(log).
    pub(crate) fn is_half_of_pair(&self, text: Text, index: u32) -> bool {
        let sequence = self.list(text.0);
        let order = &self.store().order;
        index < order.visible_len(sequence)
            && order
                .unit_after(order.find_visible(sequence, index))
                .is_some_and(|unit| self.store().is_half_of_pair(unit))
    }

    /// Whether somebody has cut a surrogate pair apart.
    pub(crate) fn has_cut_pairs(&self) -> bool {
        self.store().has_cut_pairs()
    }

    /// Refuses a position inside a surrogate pair. One at the end or beyond is none.
    #[inline]
    fn check_border(&self, sequence: Sequence, index: u32) -> Result<(), Error> {
        if self.store().has_wide_text() { self.check_wide_border(sequence, index) } else { Ok(()) }
    }

    fn check_wide_border(&self, sequence: Sequence, index: u32) -> Result<(), Error> {
        let order = &self.store().order;
        if index >= order.visible_len(sequence) {
            return Ok(());
        }
        match order.unit_after(order.find_visible(sequence, index)) {
            Some(unit) if self.store().is_inside_pair(unit) => Err(ErrorKind::InsideSurrogatePair.into()),
            _ => Ok(()),
        }
    }
}

impl Transaction<'_> {
    fn insert_text(&mut self, handle: TypeHandle, index: u32, text: &str) -> Result<(), Error> {
        let (len, payload) = (utf16::len(text), text.as_bytes());
        if len == 0 {
            return Ok(());
        }
        let sequence = self.list(handle);
        let (replica, client) = self.author();
        match replica.append_typed(client, sequence, index, (payload, len)) {
            true => Ok(()),
            false => self.insert_text_elsewhere(sequence, index, text, len),
        }
    }

    /// Inserts text at a position where this replica's writer does not just go on typing.
    #[inline(never)]
    fn insert_text_elsewhere(&mut self, sequence: Sequence, index: u32, text: &str, len: u32) -> Result<(), Error> {
        let (replica, _) = self.author();
        let place = text_place(&mut replica.store, sequence, index)?;
        let order = &replica.store.order;
        let right_origin = place.and_then(|place| order.unit_after(place)).unwrap_or(NO_ORIGIN);
        if right_origin != NO_ORIGIN && replica.store.is_inside_pair(right_origin) {
            return Err(ErrorKind::InsideSurrogatePair.into());
        }
        let origin = place.and_then(|place| order.unit_before(place)).unwrap_or(NO_ORIGIN);
        let (before, content, payload) = (Some(index), Content::String, text.as_bytes());
        self.author_item(NewItem { sequence, place, before, origin, right_origin, content, len, payload })?;
        Ok(())
    }

    /// A position to edit from; see [`TextPosition::find`].
    fn text_position(&mut self, sequence: Sequence, index: u32) -> Result<TextPosition, Error> {
        if index > self.store().order.visible_len(sequence) {
            return Err(ErrorKind::OutOfRange.into());
        }
        self.check_border(sequence, index)?;
        Ok(TextPosition::find(&mut self.author().0.store, sequence, index))
    }

    fn insert_formatted(
        &mut self,
        handle: TypeHandle,
        index: u32,
        inserted: Prelim,
        attributes: &[(Box<str>, Any)],
    ) -> Result<(), Error> {
        if matches!(&inserted, Prelim::Any(Any::String(text)) if text.is_empty()) {
            return Ok(());
        }
        let mut position = self.text_position(self.list(handle), index)?;
        let done = position.insert(self, inserted, as_formats(attributes));
        position.settle(self.replica());
        done
    }

    fn format_text(
        &mut self,
        handle: TypeHandle,
        index: u32,
        len: u32,
        attributes: &[(Box<str>, Any)],
    ) -> Result<(), Error> {
        let sequence = self.list(handle);
        let mut position = self.text_position(sequence, index)?;
        self.check_border(sequence, index.saturating_add(len))?;
        if len == 0 || position.is_at_end(self.store()) {
            return Ok(());
        }
        let done = position.format(self, len, &as_formats(attributes));
        position.settle(self.replica());
        done
    }

    fn delete_text(&mut self, handle: TypeHandle, index: u32, len: u32) -> Result<(), Error> {
        let sequence = self.list(handle);
        let visible = self.store().order.visible_len(sequence);
        let end = index.checked_add(len).filter(|end| *end <= visible).ok_or(Error::from(ErrorKind::OutOfRange))?;
        self.check_border(sequence, index)?;
        self.check_border(sequence, end)?;
        if !self.store().order.has_marks(sequence) || len == 0 {
            self.delete_known(sequence, index, len);
            return Ok(());
        }
        self.text_position(sequence, index)?.delete(self, len);
        Ok(())
    }

    pub(super) fn apply_delta(
        &mut self,
        handle: TypeHandle,
        delta: Vec<DeltaEdit>,
        sanitize: bool,
    ) -> Result<(), Error> {
        let sequence = self.list(handle);
        let mut index = 0_u32;
        for change in &delta {
            match change {
                DeltaEdit::Retain { len, .. } | DeltaEdit::Delete { len } => {
                    index = index.saturating_add(*len);
                    self.check_border(sequence, index)?;
                }
                DeltaEdit::Insert { insert: Prelim::Subdoc { .. }, .. } => return Err(ErrorKind::WrongType.into()),
                DeltaEdit::Insert { .. } => {}
            }
        }
        let mut position = TextPosition::start(self.store(), sequence);
        let done = self.apply_changes(&mut position, delta, sanitize);
        position.settle(self.replica());
        done
    }

    fn apply_changes(
        &mut self,
        position: &mut TextPosition,
        delta: Vec<DeltaEdit>,
        sanitize: bool,
    ) -> Result<(), Error> {
        let count = delta.len();
        for (at, change) in delta.into_iter().enumerate() {
            match change {
                DeltaEdit::Retain { len, attributes } => {
                    let passed = attributes.is_empty() && position.skip(self.replica(), len);
                    if !passed {
                        position.format(self, len, &as_formats(&attributes))?;
                    }
                }
                DeltaEdit::Delete { len } => position.delete(self, len),
                DeltaEdit::Insert { mut insert, attributes } => {
                    if let Prelim::Any(Any::String(text)) = &mut insert {
                        if !sanitize
                            && at + 1 == count
                            && position.is_at_end(self.store())
                            && let Some(rest) = text.strip_suffix('\n')
                        {
                            *text = rest.into();
                        }
                        if text.is_empty() {
                            continue;
                        }
                    }
                    position.insert(self, insert, as_formats(&attributes))?;
                }
            }
        }
        Ok(())
    }
}

/// Where text goes that is inserted at `index`: before the visible unit there, past deleted units and past marks that
/// change nothing. (Yjs: `findPosition`, `minimizeAttributeChanges`) What is in force is looked up where a mark is met.
fn text_place(store: &mut Store, sequence: Sequence, index: u32) -> Result<Option<Place>, Error> {
    let order = &mut store.order;
    let len = order.visible_len(sequence);
    if index > len {
        return Err(ErrorKind::OutOfRange.into());
    }
    if !order.has_marks(sequence) {
        return Ok(match index == len {
            true => order.end(sequence),
            false => Some(order.seek(sequence, index).place),
        });
    }
    let mut place = match index {
        0 => order.start(sequence),
        _ => {
            let before = order.seek(sequence, index - 1).place;
            Some(order.step(before, 1))
        }
    };
    let mut formats = None;
    while let Some(at) = place {
        let Some((span, offset)) = store.order.span_at(at) else {
            break;
        };
        let units = match span {
            _ if span.is_deleted() => span.len - offset,
            _ if span.is_uncounted() => {
                let formats = formats.get_or_insert_with(|| store.formats_at(place));
                let (key, value) = store.mark((span.client(), span.clock + offset));
                if !equals(formats.value(key), value) {
                    break;
                }
                1
            }
            _ => break,
        };
        place = Some(store.order.step(at, units));
    }
    Ok(place)
}
