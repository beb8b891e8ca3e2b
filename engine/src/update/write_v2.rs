//! Writing an update v2: the same structs as in v1, each number and string in the column of its kind.

use super::block_writer::write_count_at;
use super::convert::{CARRIED, Form, MOST_BYTES, MOST_BYTES_EACH};
use super::delete_set_v2::{write_delete_set_v2, write_deletes_of};
use super::parse::{Update, parse_struct_into};
use super::read_delete_set;
use super::structs::{Content, Struct};
use super::write::{StructPart, WrittenParent, checked_text, read_checked};
use crate::lib0::{
    ByteColumnWriter, DiffColumnWriter, Reader, StringColumnWriter, UintColumnWriter, write_any, write_bytes,
    write_var_uint,
};
use crate::values::{Any, ClientId, Clock, Error, Id, IdSet};

/// An update v1 that a document has written, as an update v2: its structs are read one by one, and none is kept.
pub(crate) fn encode_v2(update: &[u8]) -> Result<Vec<u8>, Error> {
    let mut from = Reader::new(update);
    let mut of = Struct::skip(Id::new(ClientId::default(), 0), 0);
    let clients = from.read_count(3)?;
    let mut out = WriterV2::default();
    out.begin_structs(clients);
    for _ in 0..clients {
        let structs = from.read_count(2)?;
        let mut id = from.read_id()?;
        out.begin_client(id);
        for _ in 0..structs {
            parse_struct_into(&mut of, &mut from, id)?;
            out.write_struct(StructPart::of(&of, update, 0), of.len, of.payload.of(update));
            id.clock += of.len;
        }
        out.end_client();
    }
    out.write_deletes(&read_delete_set(&mut from)?);
    Ok(out.finish())
}

/// The structs and deletes of an update v1 with these bytes, as an update v2. Its values have this form.
pub(super) fn encode_v2_of(read: Update, update: &[u8], form: Form) -> Vec<u8> {
    let mut out = WriterV2 { form, ..WriterV2::default() };
    out.begin_structs(read.clients.len());
    for listed in &read.clients {
        let structs = &read.structs[listed.structs.clone()];
        out.begin_client(structs[0].id);
        for of in structs {
            out.write_struct(StructPart::of(of, update, 0), of.len, of.payload.of(update));
        }
        out.end_client();
    }
    out.write_deletes(&read.deletes.into_iter().collect::<IdSet>());
    out.finish()
}

/// Structs that are written as shortly as Yjs does, however alike they are. More may become more than [`MOST_BYTES`] in
/// v1, and what is written here is to be read here: each of them gets at least a byte.
const MOST_SMALL_STRUCTS: usize = MOST_BYTES / MOST_BYTES_EACH;

/// An update v2 in the making. (Yjs: `UpdateEncoderV2`)
#[derive(Default)]
pub(crate) struct WriterV2 {
    key_clocks: DiffColumnWriter,
    clients: UintColumnWriter,
    left_clocks: DiffColumnWriter,
    right_clocks: DiffColumnWriter,
    infos: ByteColumnWriter,
    strings: StringColumnWriter,
    parent_infos: ByteColumnWriter,
    type_tags: UintColumnWriter,
    lengths: UintColumnWriter,
    rest: Vec<u8>,
    next_key: u64,
    structs: usize,
    /// Where the count of the client's structs is to stand in the rest, and how many there were before them.
    counted: (usize, usize),
    form: Form,
}

impl WriterV2 {
    /// Makes room for so many structs, most of which name neighbours, for so many bytes of text and so many deleted ranges.
    pub(crate) fn reserve(&mut self, structs: usize, text: usize, deleted: usize) {
        // Most clocks differ by two or three bytes, and few clients are named in turn.
        self.left_clocks.reserve(structs * 3);
        self.right_clocks.reserve(structs * 3);
        self.infos.reserve(structs * 2);
        // Names of types stand among the text.
        self.strings.reserve(text + 64, structs);
        self.lengths.reserve(structs);
        // Most ranges are near and short; ids and counts of clients stand before them.
        self.rest.reserve(deleted * 3 + 64);
    }

    /// What follows are the structs of so many clients, descending.
    pub(crate) fn begin_structs(&mut self, clients: usize) {
        write_var_uint(&mut self.rest, clients as u64);
    }

    /// What follows are the structs of one client, the first of which has this id.
    pub(crate) fn begin_client(&mut self, first: Id) {
        self.counted = (self.rest.len(), self.structs);
        self.rest.push(0);
        self.clients.write(first.client.value());
        write_var_uint(&mut self.rest, first.clock.into());
    }

    /// These were all of the client.
    pub(crate) fn end_client(&mut self) {
        let (at, before) = self.counted;
        write_count_at(&mut self.rest, at, (self.structs - before) as u64);
    }

    /// Appends a struct of `len` units. The payload has neither lengths nor counts.
    pub(crate) fn write_struct(&mut self, part: StructPart<'_>, len: Clock, payload: &[u8]) {
        let (content, mark_bytes) = self.carried(part.content, payload);
        self.write_info(StructPart { content, ..part }.info());
        match content {
            Content::Gc => return self.lengths.write(len.into()),
            Content::Skip => return write_var_uint(&mut self.rest, len.into()),
            _ => {}
        }
        self.write_origins(part.origin, part.right_origin);
        if part.origin.is_none() && part.right_origin.is_none() {
            match part.parent {
                WrittenParent::Root(name) => {
                    self.parent_infos.write(1);
                    self.strings.write(checked_text(name));
                }
                WrittenParent::Item(id) => {
                    self.parent_infos.write(0);
                    self.write_left_id(id);
                }
                WrittenParent::Inherited => unreachable!("a struct without origins names its parent"),
            }
            if let Some(key) = part.key {
                self.strings.write(checked_text(key));
            }
        }
        self.write_content(content, len, payload, mark_bytes);
    }

    /// The same of an item that names a neighbour at least, with the byte that says so, where values are written as in v1.
    #[inline(always)]
    pub(crate) fn write_beside(
        &mut self,
        (info, content): (u8, Content),
        [origin, right_origin]: [Option<Id>; 2],
        len: Clock,
        payload: &[u8],
    ) {
        debug_assert!(self.form == Form::Json && content.is_item());
        self.write_info(info);
        self.write_origins(origin, right_origin);
        self.write_content(content, len, payload, 0);
    }

    #[inline(always)]
    fn write_info(&mut self, info: u8) {
        self.structs += 1;
        if self.structs > MOST_SMALL_STRUCTS && self.structs.is_multiple_of(2) {
            self.infos.begin_run(info);
        } else {
            self.infos.write(info);
        }
    }

    #[inline(always)]
    fn write_origins(&mut self, origin: Option<Id>, right_origin: Option<Id>) {
        if let Some(id) = origin {
            self.write_left_id(id);
        }
        if let Some(id) = right_origin {
            self.clients.write(id.client.value());
            self.right_clocks.write(id.clock.into());
        }
    }

    /// What content of this kind is in v2, and how many bytes of its name only say that.
    fn carried(&self, content: Content, payload: &[u8]) -> (Content, usize) {
        if self.form == Form::Json || content != Content::Doc {
            return (content, 0);
        }
        let mark = Reader::new(payload).read_bytes().ok().and_then(|name| name.first());
        match CARRIED.iter().find(|(of, _)| Some(of) == mark) {
            Some((_, of)) => (*of, 1),
            None => unreachable!("a carried name says what it is of"),
        }
    }

    #[inline(always)]
    fn write_left_id(&mut self, id: Id) {
        self.clients.write(id.client.value());
        self.left_clocks.write(id.clock.into());
    }

    #[inline(always)]
    fn write_content(&mut self, content: Content, len: Clock, payload: &[u8], mark_bytes: usize) {
        match content {
            Content::Deleted => self.lengths.write(len.into()),
            Content::String => self.strings.write_units(payload, len.into()),
            _ => self.write_rarer_content(content, len, payload, mark_bytes),
        }
    }

    fn write_rarer_content(&mut self, content: Content, len: Clock, payload: &[u8], mark_bytes: usize) {
        let mut from = Reader::new(payload);
        match content {
            Content::Json => {
                self.lengths.write(len.into());
                (0..len).for_each(|_| self.strings.write(read_checked(&mut from)));
            }
            Content::Any => {
                self.lengths.write(len.into());
                self.rest.extend_from_slice(payload);
            }
            Content::Binary => write_bytes(&mut self.rest, payload),
            Content::Embed if mark_bytes == 0 => self.write_json(checked_text(payload)),
            Content::Format if mark_bytes == 0 => {
                let (key, value) = (read_checked(&mut from), read_checked(&mut from));
                self.write_key(key);
                self.write_json(value);
            }
            Content::Embed | Content::Format => {
                let key = &read_checked(&mut from)[mark_bytes..];
                if content == Content::Format {
                    self.write_key(key);
                }
                self.rest.extend_from_slice(&payload[from.offset()..]);
            }
            Content::Type => {
                let tag = from.read_var_uint().unwrap_or_default();
                self.type_tags.write(tag);
                if !from.is_at_end() {
                    self.write_key(read_checked(&mut from));
                }
            }
            Content::Doc => {
                self.strings.write(&read_checked(&mut from)[mark_bytes..]);
                self.rest.extend_from_slice(&payload[from.offset()..]);
            }
            Content::Deleted | Content::String | Content::Gc | Content::Skip => {}
        }
    }

    /// Every key is written as if it were the first of its name, as Yjs does.
    fn write_key(&mut self, key: &str) {
        self.key_clocks.write(self.next_key);
        self.next_key += 1;
        self.strings.write(key);
    }

    fn write_json(&mut self, text: &str) {
        write_any(&mut self.rest, &Any::from_json(text).unwrap_or_default());
    }

    /// Appends all deletes, behind all structs.
    fn write_deletes(&mut self, deletes: &IdSet) {
        write_delete_set_v2(&mut self.rest, deletes);
    }

    /// What follows are the deletes of so many clients, descending.
    pub(crate) fn begin_deletes(&mut self, clients: usize) {
        write_var_uint(&mut self.rest, clients as u64);
    }

    /// Appends what is deleted of one client: ranges ascending, neither touching nor overlapping.
    pub(crate) fn write_deletes_of(&mut self, client: ClientId, ranges: &[(Clock, Clock)]) {
        write_deletes_of(&mut self.rest, client, ranges.iter().copied());
    }

    /// The update, once the deletes are written.
    pub(crate) fn finish(self) -> Vec<u8> {
        let before = [
            self.key_clocks.finish(),
            self.clients.finish(),
            self.left_clocks.finish(),
            self.right_clocks.finish(),
            self.infos.finish(),
        ];
        let behind = [self.parent_infos.finish(), self.type_tags.finish(), self.lengths.finish()];
        // Each column stands behind its length.
        let len = |columns: &[Vec<u8>]| columns.iter().map(|column| column.len() + 5).sum::<usize>();
        let mut out = Vec::with_capacity(1 + len(&before) + self.strings.most_bytes() + len(&behind) + self.rest.len());
        out.push(0);
        before.iter().for_each(|column| write_bytes(&mut out, column));
        self.strings.finish_into(&mut out);
        behind.iter().for_each(|column| write_bytes(&mut out, column));
        out.extend_from_slice(&self.rest);
        out
    }
}
