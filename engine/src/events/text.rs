//! What changed in a text: its characters and their formatting.

use super::delta::{DeltaBuilder, DeltaChange};
use super::extent::{Extent, Parts, Units};
use super::list::each_change;
use crate::store::{Sequence, Store, Unit};
use crate::types::{Value, set_attribute};
use crate::update::Content;
use crate::values::Any;

type Attributes = Vec<(Box<str>, Any)>;

/// What the transaction changed of a text. O(changes * log), O(spans) where it has, or had, formatting marks.
/// (Yjs: `YTextEvent#delta`)
pub(super) fn delta(store: &Store, extent: &Extent<'_>, sequence: Sequence, parts: &Parts) -> Vec<DeltaChange> {
    if store.order.has_marks(sequence) {
        return formatted(store, extent, sequence);
    }
    let mut delta = DeltaBuilder::default();
    each_change(store, parts, |retained, change| {
        delta.retain(retained, &[]);
        match change.is_added {
            true => insert(store, change.units, &[], &mut delta),
            false => delete(store, change.units, &mut delta),
        }
    });
    delta.finish()
}

fn insert(store: &Store, units: Units, attributes: &[(Box<str>, Any)], delta: &mut DeltaBuilder) {
    for piece in store.pieces_in(units.client, units.start..units.end) {
        match piece.content {
            Content::String => {
                delta.insert_text(attributes, |text| store.read_text(piece, |part| text.push_str(part)));
            }
            Content::Embed | Content::Type => store.read_units(piece, |unit| {
                if let Some(value) = Value::of_unit(store, unit) {
                    delta.insert_embed(value, attributes);
                }
            }),
            _ => {}
        }
    }
}

/// Marks, and what was collected, have no length.
fn delete(store: &Store, units: Units, delta: &mut DeltaBuilder) {
    for piece in store.pieces_in(units.client, units.start..units.end) {
        if matches!(piece.content, Content::String | Content::Embed | Content::Type) {
            delta.delete(piece.len);
        }
    }
}

/// The walk of Yjs over all of a text: what its formats are now, what they were, and what of that a retained part got.
#[derive(Default)]
struct Walk {
    /// Formats in force now.
    current: Attributes,
    /// Formats in force before, as far as a mark has set them.
    before: Attributes,
    /// What parts that stay have got, `null` for what was taken away.
    retained: Attributes,
    delta: DeltaBuilder,
}

fn formatted(store: &Store, extent: &Extent<'_>, sequence: Sequence) -> Vec<DeltaChange> {
    let mut walk = Walk::default();
    for span in store.order.spans(sequence) {
        let client = span.client();
        let border = extent.added_from(client).clamp(span.clock, span.end());
        let parts = [(span.clock..border, false), (border..span.end(), true)];
        for (range, is_added) in parts.into_iter().filter(|(range, _)| !range.is_empty()) {
            if !span.is_deleted() {
                walk.live(store, Units { client, start: range.start, end: range.end }, is_added);
            } else if !is_added {
                for gone in extent.deleted_in(client, range.start, range.end) {
                    walk.deleted(store, Units { client, start: gone.start, end: gone.end });
                }
            }
        }
    }
    walk.delta.finish()
}

impl Walk {
    fn live(&mut self, store: &Store, units: Units, is_added: bool) {
        for piece in store.pieces_in(units.client, units.start..units.end) {
            match piece.content {
                Content::Format => store.read_units(piece, |unit| {
                    if let Unit::Format(key, value) = unit {
                        self.mark(key, Any::from_json(value).unwrap_or(Any::Null), is_added);
                    }
                }),
                Content::String | Content::Embed | Content::Type if !is_added => {
                    self.delta.retain(piece.len, &self.retained)
                }
                _ => {
                    let (start, end) = (piece.first.1, piece.first.1 + piece.len);
                    insert(store, Units { start, end, ..units }, &self.current, &mut self.delta);
                }
            }
        }
    }

    /// A mark that is in force now, and was before unless it `is_added`.
    fn mark(&mut self, key: &str, value: Any, is_added: bool) {
        if is_added {
            if *find(&self.current, key) != value {
                self.delta.cut_retained();
                match *find(&self.before, key) == value {
                    true => remove(&mut self.retained, key),
                    false => set(&mut self.retained, key, value.clone()),
                }
            }
        } else {
            set(&mut self.before, key, value.clone());
            let got = self.retained.iter().find(|(of, _)| **of == *key).map(|(_, got)| got);
            if got.is_some_and(|got| *got != value) {
                self.delta.cut_retained();
                set_attribute(&mut self.retained, key, value.clone());
            }
        }
        self.delta.cut_text();
        set_attribute(&mut self.current, key, value);
    }

    fn deleted(&mut self, store: &Store, units: Units) {
        for piece in store.pieces_in(units.client, units.start..units.end) {
            match piece.content {
                Content::Format => store.read_units(piece, |unit| {
                    if let Unit::Format(key, value) = unit {
                        let value = Any::from_json(value).unwrap_or(Any::Null);
                        let current = find(&self.current, key);
                        if *current != value {
                            let current = current.clone();
                            self.delta.cut_retained();
                            set(&mut self.retained, key, current);
                        }
                        set(&mut self.before, key, value);
                    }
                }),
                Content::String | Content::Embed | Content::Type => self.delta.delete(piece.len),
                _ => {}
            }
        }
    }
}

/// The value of a format, `null` if it has none.
fn find<'a>(attributes: &'a Attributes, key: &str) -> &'a Any {
    attributes.iter().find(|(of, _)| **of == *key).map_or(&Any::Null, |(_, value)| value)
}

fn set(attributes: &mut Attributes, key: &str, value: Any) {
    match attributes.iter_mut().find(|(of, _)| **of == *key) {
        Some((_, known)) => *known = value,
        None => attributes.push((key.into(), value)),
    }
}

fn remove(attributes: &mut Attributes, key: &str) {
    attributes.retain(|(of, _)| **of != *key);
}
