//! `Text`: characters, embedded values and formatting marks. Positions are UTF-16 code units.

use super::DeltaOp;
use crate::doc::{Doc, Transaction};
use crate::integrate::NewItem;
use crate::store::{LocalId, NO_ORIGIN, Place, Sequence, Store, TypeHandle, Unit};
use crate::update::{Content, TypeTag};
use crate::values::{Any, Error, ErrorKind, utf16};

/// A shared text (`Y.Text`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Text(pub(crate) TypeHandle);

impl Text {
    pub(super) const TAGS: &'static [TypeTag] = &[TypeTag::Text];

    /// Length in UTF-16 code units; an embedded value counts 1. O(1).
    pub fn len(self, doc: &Doc) -> u32 {
        doc.list_len(self.0)
    }

    /// Whether it has no content.
    pub fn is_empty(self, doc: &Doc) -> bool {
        self.len(doc) == 0
    }

    /// The characters, without embedded values and formatting. O(length).
    pub fn to_string(self, doc: &Doc) -> String {
        doc.plain_text(self.0)
    }

    /// The content with its formatting, as a list of inserts.
    pub fn to_delta(self, doc: &Doc) -> Vec<DeltaOp> {
        doc.delta(self.0)
    }

    /// Inserts `text` before the unit at `index`; it is formatted as what stands before it. O(log), O(1) beside the
    /// last edit.
    ///
    /// # Errors
    /// An index beyond the end or inside a surrogate pair; a handle of another document.
    pub fn insert(self, transaction: &mut Transaction<'_>, index: u32, text: &str) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        transaction.insert_text(self.0, index, Content::String, utf16::len(text), text.as_bytes())
    }

    /// Inserts an embedded value before the unit at `index`; it is formatted as what stands before it.
    ///
    /// # Errors
    /// As for [`insert`](Self::insert).
    pub fn insert_embed(self, transaction: &mut Transaction<'_>, index: u32, value: &Any) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        transaction.insert_text(self.0, index, Content::Embed, 1, value.to_json().as_bytes())
    }

    /// Deletes `len` units from `index` on.
    ///
    /// # Errors
    /// A range beyond the end, or with an end inside a surrogate pair; a handle of another document.
    pub fn delete(self, transaction: &mut Transaction<'_>, index: u32, len: u32) -> Result<(), Error> {
        transaction.check_type(self.0, Self::TAGS)?;
        transaction.delete_text(self.0, index, len)
    }
}

impl Doc {
    pub(super) fn plain_text(&self, handle: TypeHandle) -> String {
        let mut text = String::new();
        for piece in self.store().pieces(self.list(handle)).filter(|piece| piece.content == Content::String) {
            self.store().read_text(piece, |part| text.push_str(part));
        }
        text
    }
}

impl Transaction<'_> {
    pub(super) fn insert_text(
        &mut self,
        handle: TypeHandle,
        index: u32,
        content: Content,
        len: u32,
        payload: &[u8],
    ) -> Result<(), Error> {
        if len == 0 {
            return Ok(());
        }
        let sequence = self.list(handle);
        let (replica, _) = self.author();
        let place = text_place(&mut replica.store, sequence, index)?;
        let order = &replica.store.order;
        let right_origin = place.and_then(|place| order.unit_after(place)).unwrap_or(NO_ORIGIN);
        if right_origin != NO_ORIGIN && replica.store.is_inside_pair(right_origin) {
            return Err(ErrorKind::InsideSurrogatePair.into());
        }
        let origin = place.and_then(|place| order.unit_before(place)).unwrap_or(NO_ORIGIN);
        let before = Some(index);
        self.author_item(NewItem { sequence, place, before, origin, right_origin, content, len, payload })?;
        Ok(())
    }

    pub(super) fn delete_text(&mut self, handle: TypeHandle, index: u32, len: u32) -> Result<(), Error> {
        let sequence = self.list(handle);
        let (replica, _) = self.author();
        let visible = replica.store.order.visible_len(sequence);
        let end = index.checked_add(len).filter(|end| *end <= visible).ok_or(Error::from(ErrorKind::OutOfRange))?;
        for border in [index, end] {
            if border < visible {
                let place = replica.store.order.seek(sequence, border).place;
                let unit = replica.store.order.unit_after(place);
                if unit.is_some_and(|unit| replica.store.is_inside_pair(unit)) {
                    return Err(ErrorKind::InsideSurrogatePair.into());
                }
            }
        }
        self.delete_visible(sequence, index, len)
    }
}

/// Where text goes that is inserted at `index`: before the visible unit there, past deleted units and past marks that
/// change nothing. (Yjs: `findPosition`, `minimizeAttributeChanges`)
fn text_place(store: &mut Store, sequence: Sequence, index: u32) -> Result<Option<Place>, Error> {
    let order = &mut store.order;
    let len = order.visible_len(sequence);
    if index > len {
        return Err(ErrorKind::OutOfRange.into());
    }
    if !order.has_uncounted(sequence) {
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
    while let Some(at) = place {
        let Some((span, offset)) = store.order.span_at(at) else {
            break;
        };
        let units = match span {
            _ if span.is_deleted() => span.len - offset,
            _ if span.is_uncounted() && is_superfluous(store, sequence, (span.client(), span.clock + offset)) => 1,
            _ => break,
        };
        place = Some(store.order.step(at, units));
    }
    Ok(place)
}

/// Whether a mark sets a format to what it is already. O(spans before it), and only where a mark is met.
fn is_superfluous(store: &Store, sequence: Sequence, mark: LocalId) -> bool {
    let format = |unit: LocalId| match store.unit(unit) {
        Some(Unit::Format(key, value)) => Some((key, value)),
        _ => None,
    };
    let Some((key, value)) = format(mark) else { return false };
    let mut current = "null";
    for span in store.order.spans(sequence).filter(|span| span.is_uncounted()) {
        for clock in span.clock..span.end() {
            let unit = (span.client(), clock);
            if unit == mark {
                return Any::from_json(current) == Any::from_json(value);
            }
            if let Some((of, set)) = format(unit)
                && of == key
            {
                current = set;
            }
        }
    }
    false
}
