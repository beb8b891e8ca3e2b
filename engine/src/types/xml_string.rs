//! XML types as text.

use super::{DeltaInsert, DeltaOp, GrowingDelta, Value};
use crate::doc::Doc;
use crate::lib0::any_text;
use crate::store::{BlockFinder, Piece, Sequence, Store, TypeHandle};
use crate::update::{Content, TypeTag};
use crate::values::{Any, sort_by_text, utf16};
use smallvec::SmallVec;

impl Doc {
    /// A type as XML; not escaped, attributes by name. (Yjs: `toString` of the XML types)
    pub(super) fn xml_string(&self, handle: TypeHandle) -> String {
        let store = self.store();
        let mut xml = XmlWriter { store, blocks: store.block_finder(), out: Vec::new() };
        xml.write_type(handle);
        String::from_utf8(xml.out).expect("text is checked before it is appended")
    }
}

/// What is written is UTF-8. Elements that were written one after the other lie beside each other in the logs, so that all
/// share what finds blocks.
struct XmlWriter<'d> {
    store: &'d Store,
    blocks: BlockFinder<'d>,
    out: Vec<u8>,
}

impl XmlWriter<'_> {
    fn push(&mut self, text: &str) {
        self.out.extend_from_slice(text.as_bytes());
    }

    fn write_type(&mut self, handle: TypeHandle) {
        let shared = self.store.types.get(handle);
        let is_too_deep = shared.depth > super::MAX_SHOWN_DEPTH;
        match shared.tag {
            None | Some(TypeTag::Array | TypeTag::Map | TypeTag::XmlHook) => self.push("[object Object]"),
            Some(_) if is_too_deep => {}
            Some(TypeTag::XmlElement) => self.write_element(handle),
            Some(TypeTag::XmlFragment) => self.write_list(shared.sequence),
            Some(TypeTag::XmlText) if self.store.order.has_marks(shared.sequence) => {
                self.write_formatted_text(shared.sequence);
            }
            Some(TypeTag::XmlText) => self.write_text(shared.sequence),
            Some(TypeTag::Text) => self.store.append_text_of(shared.sequence, &mut self.out),
        }
    }

    fn write_element(&mut self, handle: TypeHandle) {
        let shared = self.store.types.get(handle);
        self.out.push(b'<');
        let start = self.out.len();
        self.push_lowercase(self.store.node_name(handle));
        let name = start..self.out.len();
        self.write_attributes(handle);
        self.out.push(b'>');
        self.write_list(shared.sequence);
        self.push("</");
        self.out.extend_from_within(name);
        self.out.push(b'>');
    }

    fn push_lowercase(&mut self, name: &str) {
        match name.bytes().all(|byte| byte.is_ascii() && !byte.is_ascii_uppercase()) {
            true => self.push(name),
            false => self.push(&name.to_lowercase()),
        }
    }

    fn write_attributes(&mut self, handle: TypeHandle) {
        let types = &self.store.types;
        let mut attributes: SmallVec<[(&str, Piece); 4]> = SmallVec::new();
        for sequence in types.get(handle).entries.iter() {
            if let Some(key) = types.owner(sequence).key
                && let Some(value) = self.last_unit(sequence)
            {
                attributes.push((types.key_name(key), value));
            }
        }
        sort_by_text(&mut attributes, |(key, _)| key, utf16::compare);
        for (key, value) in attributes {
            self.out.push(b' ');
            self.push(key);
            self.push("=\"");
            self.write_piece(value);
            self.out.push(b'"');
        }
    }

    /// The last unit of an entry's sequence, if it is a value and not deleted. (Yjs: `typeMapGet`)
    fn last_unit(&mut self, sequence: Sequence) -> Option<Piece> {
        let last = self.store.order.last_span(sequence).filter(|span| !span.is_deleted())?;
        let first = (last.client(), last.end() - 1);
        let block = self.blocks.find(first.0, first.1);
        let content = self.store.log(first.0).blocks()[block].content;
        content.is_countable().then_some(Piece { block, first, len: 1, content })
    }

    /// Nodes, or the values of an entry.
    fn write_list(&mut self, sequence: Sequence) {
        self.each_piece(sequence, Self::write_piece);
    }

    /// A text without marks: what its delta would say.
    fn write_text(&mut self, sequence: Sequence) {
        self.each_piece(sequence, |xml, piece| match piece.content {
            Content::String => xml.store.append_carried(piece, &mut xml.out),
            Content::Embed | Content::Type => xml.write_piece(piece),
            _ => {}
        });
    }

    fn write_formatted_text(&mut self, sequence: Sequence) {
        let store = self.store;
        let mut delta = GrowingDelta::with_room(store.order.visible_len(sequence));
        self.each_piece(sequence, |_, piece| delta.push(store, piece));
        delta.finish().iter().for_each(|op| self.write_op(op));
    }

    fn each_piece(&mut self, sequence: Sequence, mut each: impl FnMut(&mut Self, Piece)) {
        let store = self.store;
        for span in store.order.spans(sequence).filter(|span| !span.is_deleted()) {
            let block = self.blocks.find(span.client(), span.clock);
            store.pieces_from(span.client(), span.clock..span.end(), block).for_each(|piece| each(self, piece));
        }
    }

    fn write_piece(&mut self, piece: Piece) {
        let store = self.store;
        match piece.content {
            Content::Type => {
                if let Some(handle) = store.log(piece.first.0).type_in(piece.block) {
                    self.write_type(handle);
                }
            }
            Content::Any
                if piece.len == 1
                    && let Some(text) = store.stored(piece).and_then(any_text) =>
            {
                self.out.extend_from_slice(text);
            }
            _ => store.read_units(piece, |unit| {
                if let Some(value) = Value::of_unit(store, unit) {
                    self.write_value(&value);
                }
            }),
        }
    }

    /// A value as JavaScript makes a string of it.
    fn write_value(&mut self, value: &Value) {
        match (value, value.handle()) {
            (_, Some(handle)) => self.write_type(handle),
            (Value::Any(Any::String(text)), _) => self.push(text),
            (Value::Any(any), _) => self.push(&any.to_js_string()),
            _ => self.push("[object Object]"),
        }
    }

    /// Formats as nodes around the text, by name; an object's members as attributes. (Yjs: `YXmlText#toString`)
    fn write_op(&mut self, op: &DeltaOp) {
        let mut formats: SmallVec<[_; 4]> = op.attributes.iter().collect();
        sort_by_text(&mut formats, |(name, _)| name, utf16::compare);
        for (name, value) in &formats {
            self.out.push(b'<');
            self.push(name);
            let mut members: Vec<(String, String)> = match value {
                Any::Object(members) => {
                    members.iter().map(|(key, value)| (key.to_string(), value.to_js_string())).collect()
                }
                Any::Array(values) => {
                    values.iter().map(Any::to_js_string).enumerate().map(|(at, v)| (at.to_string(), v)).collect()
                }
                Any::String(text) => {
                    text.chars().enumerate().map(|(at, char)| (at.to_string(), char.to_string())).collect()
                }
                _ => Vec::new(),
            };
            sort_by_text(&mut members, |(key, _)| key, utf16::compare);
            for (key, value) in members {
                [" ", &key, "=\"", &value, "\""].iter().for_each(|part| self.push(part));
            }
            self.out.push(b'>');
        }
        match &op.insert {
            DeltaInsert::Text(text) => self.push(text),
            DeltaInsert::Embed(value) => self.write_value(value),
        }
        for (name, _) in formats.iter().rev() {
            ["</", name, ">"].iter().for_each(|part| self.push(part));
        }
    }
}
