//! Update format v2 into v1, and the other way: whatever reads updates knows only v1.
//!
//! A v2 update holds the same structs in columns, each number and string in the column of its kind.

use super::delete_set_v2::read_delete_set_v2;
use super::parse::Update;
use super::structs::{Content, KEY, ORIGIN, RIGHT_ORIGIN, TypeTag};
use super::write::write_id;
use super::write_delete_set;
use super::write_v2::encode_v2_of;
use crate::lib0::{
    ByteColumn, DiffColumn, MAX_NESTING, Reader, StringColumn, UintColumn, read_any_within, skip_any_within,
    write_bytes, write_string, write_var_uint,
};
use crate::values::{ClientId, Clock, Error, ErrorKind, Id, MAX_JSON_NESTING};
use std::rc::Rc;

/// How embeds and the values of marks, which are `any` in v2, are written in v1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Form {
    /// As JSON: this is an update v1.
    #[default]
    Json,
    /// As subdocuments, which are a name and an `any`; their names begin with what they are. JSON has neither bytes nor
    /// `undefined` nor NaN, and whoever merges or cuts updates v2 looks into no value: in this form none is lost.
    Carried,
}

/// What the name of a carried subdocument begins with, and what it is.
pub(super) const CARRIED: [(u8, Content); 3] = [(b'e', Content::Embed), (b'f', Content::Format), (b'd', Content::Doc)];

/// What an update may become in v1: so many bytes, and so many for each of its own. A few bytes of v2 can stand for any
/// number of structs.
pub(super) const MOST_BYTES: usize = 4 << 20;
pub(super) const MOST_BYTES_EACH: usize = 64;

/// Each struct takes up memory, however few bytes it has: so many bytes are allowed to be one.
const LEAST_BYTES_OF_STRUCT: usize = 16;

/// An update v1 with the content of an update v2. (Yjs: `convertUpdateFormatV2ToV1`) O(what it becomes), which is at most
/// 4 MiB and 64 bytes for each of the input, and a struct for each 16 bytes of that.
///
/// # Errors
/// Any deviation from the format; a column that ends early; more than that ([`TooLarge`](ErrorKind::TooLarge)); what
/// [`Update::parse_v1`] refuses. What shows only in the whole of the columns has the update's end for its place.
pub fn convert_update_v2_to_v1(update: &[u8]) -> Result<Vec<u8>, Error> {
    decode_v2(update, Form::Json)
}

/// The same for an update that one trusts: it may become `most_bytes` bytes of v1, and a struct for each 16 of them.
///
/// # Errors
/// The same.
pub fn convert_update_v2_to_v1_within(update: &[u8], most_bytes: usize) -> Result<Vec<u8>, Error> {
    decode_within(update, Form::Json, most_bytes)
}

/// An update v2 in the bytes of v1, its values in this form; each form accepts the same.
pub(super) fn decode_v2(update: &[u8], form: Form) -> Result<Vec<u8>, Error> {
    decode_within(update, form, most_bytes(update))
}

fn decode_within(update: &[u8], form: Form, most_bytes: usize) -> Result<Vec<u8>, Error> {
    let out = transcode(update, form, most_bytes)?;
    // The places of what is wrong with the contents are those in v1, of no use to whoever has v2.
    super::validate_update(&out).map_err(|error| Error::at(error.kind, update.len()))?;
    Ok(out)
}

/// An update v2 in the bytes of v1, for whoever checks it then; what is wrong with the contents has no place in the update.
pub(crate) fn transcode_v2_to_v1(update: &[u8]) -> Result<Vec<u8>, Error> {
    transcode(update, Form::Json, most_bytes(update))
}

fn most_bytes(update: &[u8]) -> usize {
    MOST_BYTES.saturating_add(update.len().saturating_mul(MOST_BYTES_EACH))
}

fn transcode(update: &[u8], form: Form, most_bytes: usize) -> Result<Vec<u8>, Error> {
    let mut out = Vec::with_capacity((update.len() + update.len() / 2).min(most_bytes));
    Columns::new(update, form, most_bytes)?.transcode(&mut out)?;
    Ok(out)
}

/// The columns of an update v2, in their order, and the rest that is none. (Yjs: `UpdateDecoderV2`)
struct Columns<'a> {
    key_clocks: DiffColumn<'a>,
    clients: UintColumn<'a>,
    left_clocks: DiffColumn<'a>,
    right_clocks: DiffColumn<'a>,
    infos: ByteColumn<'a>,
    strings: StringColumn<'a>,
    parent_infos: ByteColumn<'a>,
    type_tags: UintColumn<'a>,
    lengths: UintColumn<'a>,
    rest: Reader<'a>,
    /// Keys that were read, which may be referred to.
    keys: Vec<Rc<[u8]>>,
    most_bytes: usize,
    /// How many more structs there may be.
    most_structs: usize,
    form: Form,
}

impl<'a> Columns<'a> {
    fn new(update: &'a [u8], form: Form, most_bytes: usize) -> Result<Self, Error> {
        let mut from = Reader::new(update);
        // A number for features that nobody has made use of.
        from.read_u8()?;
        let mut column = || {
            let len = from.read_bytes()?.len();
            Ok::<_, Error>(Reader::starting_at(&update[..from.offset()], from.offset() - len))
        };
        Ok(Columns {
            key_clocks: DiffColumn::new(column()?),
            clients: UintColumn::new(column()?),
            left_clocks: DiffColumn::new(column()?),
            right_clocks: DiffColumn::new(column()?),
            infos: ByteColumn::new(column()?),
            strings: StringColumn::new(column()?)?,
            parent_infos: ByteColumn::new(column()?),
            type_tags: UintColumn::new(column()?),
            lengths: UintColumn::new(column()?),
            rest: from,
            keys: Vec::new(),
            most_bytes,
            most_structs: most_bytes / LEAST_BYTES_OF_STRUCT,
            form,
        })
    }

    fn transcode(mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let clients = self.rest.read_var_uint()?;
        write_var_uint(out, clients);
        for _ in 0..clients {
            let structs = self.rest.read_var_uint()?;
            write_var_uint(out, structs);
            write_var_uint(out, self.clients.read()?);
            write_var_uint(out, self.rest.read_clock()?.into());
            for _ in 0..structs {
                let left = self.most_structs.checked_sub(1);
                self.most_structs = left.ok_or(self.rest.error(ErrorKind::TooLarge))?;
                self.read_struct(out)?;
                self.check_size(out)?;
            }
            self.check_size(out)?;
        }
        write_delete_set(out, &read_delete_set_v2(&mut self.rest)?);
        self.expect_end()
    }

    fn expect_end(&self) -> Result<(), Error> {
        for column in [&self.key_clocks, &self.left_clocks, &self.right_clocks] {
            column.expect_end()?;
        }
        for column in [&self.clients, &self.type_tags, &self.lengths] {
            column.expect_end()?;
        }
        self.infos.expect_end()?;
        self.parent_infos.expect_end()?;
        self.strings.expect_end()?;
        self.rest.expect_end()
    }

    fn check_size(&self, out: &[u8]) -> Result<(), Error> {
        if out.len() <= self.most_bytes { Ok(()) } else { Err(self.rest.error(ErrorKind::TooLarge)) }
    }

    fn read_struct(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let info = self.infos.read()?;
        let has_origin = info & (ORIGIN | RIGHT_ORIGIN) != 0;
        let content = Content::from_number(info & 0x1f).ok_or(self.rest.error(ErrorKind::UnknownTag))?;
        let written = if self.carried_mark(content).is_some() { Content::Doc } else { content };
        // Yjs drops the bit that says nothing here. Whoever merges keeps it: values of a map must not be joined.
        let kept = if has_origin && self.form == Form::Json { !KEY } else { !0 } & (ORIGIN | RIGHT_ORIGIN | KEY);
        out.push(if content.is_item() { info & kept | written as u8 } else { written as u8 });
        match content {
            Content::Gc => return self.read_len(out).map(|_| ()),
            Content::Skip => return self.rest.read_clock().map(|len| write_var_uint(out, len.into())),
            _ => {}
        }
        if info & ORIGIN != 0 {
            let id = self.read_left_id()?;
            write_id(out, id);
        }
        if info & RIGHT_ORIGIN != 0 {
            let client = ClientId::new(self.clients.read()?);
            let clock = self.right_clocks.read()?;
            write_id(out, Id::new(client, self.clock(clock)?));
        }
        if !has_origin {
            if self.parent_infos.read()? == 1 {
                write_var_uint(out, 1);
                self.read_string(out)?;
            } else {
                write_var_uint(out, 0);
                let id = self.read_left_id()?;
                write_id(out, id);
            }
            if info & KEY != 0 {
                self.read_string(out)?;
            }
        }
        self.read_content(content, out)
    }

    fn read_content(&mut self, content: Content, out: &mut Vec<u8>) -> Result<(), Error> {
        match content {
            Content::Deleted => {
                self.read_len(out)?;
            }
            Content::Json => {
                for _ in 0..self.read_len(out)? {
                    self.read_string(out)?;
                    self.check_size(out)?;
                }
            }
            Content::Any => {
                for _ in 0..self.read_len(out)? {
                    self.copy_any(MAX_NESTING, out)?;
                }
            }
            Content::Binary => write_bytes(out, self.rest.read_bytes()?),
            Content::String => self.read_string(out)?,
            Content::Embed => {
                if self.form == Form::Carried {
                    self.write_name(content, &[], out);
                }
                self.read_value(out)?;
            }
            Content::Format => {
                let key = self.read_key()?;
                self.write_name(content, &key, out);
                self.read_value(out)?;
            }
            Content::Type => {
                let tag = self.type_tags.read()?;
                write_var_uint(out, tag);
                if TypeTag::from_number(tag).is_some_and(TypeTag::is_named) {
                    let name = self.read_key()?;
                    self.write_name(content, &name, out);
                }
            }
            Content::Doc => {
                let mut guid = Vec::new();
                self.strings.read_into(&mut guid)?;
                self.write_name(content, &guid, out);
                self.copy_any(MAX_NESTING, out)?;
            }
            Content::Gc | Content::Skip => {}
        }
        Ok(())
    }

    fn clock(&self, number: u64) -> Result<Clock, Error> {
        Clock::try_from(number).map_err(|_| self.rest.error(ErrorKind::ClockOverflow))
    }

    fn read_left_id(&mut self) -> Result<Id, Error> {
        let client = ClientId::new(self.clients.read()?);
        let clock = self.left_clocks.read()?;
        Ok(Id::new(client, self.clock(clock)?))
    }

    fn read_len(&mut self, out: &mut Vec<u8>) -> Result<Clock, Error> {
        let len = self.lengths.read()?;
        let len = self.clock(len)?;
        write_var_uint(out, len.into());
        Ok(len)
    }

    fn read_string(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        let text = self.strings.read()?;
        write_var_uint(out, text.len_bytes() as u64);
        text.write_to(out);
        Ok(())
    }

    /// (Yjs: `UpdateDecoderV2#readKey`)
    fn read_key(&mut self) -> Result<Rc<[u8]>, Error> {
        let clock = self.key_clocks.read()?;
        if let Some(known) = usize::try_from(clock).ok().and_then(|clock| self.keys.get(clock)) {
            return Ok(Rc::clone(known));
        }
        let mut key = Vec::new();
        self.strings.read_into(&mut key)?;
        let key: Rc<[u8]> = key.into();
        self.keys.push(Rc::clone(&key));
        Ok(key)
    }

    /// What the name begins with where this content is carried; `None` where it is not.
    fn carried_mark(&self, content: Content) -> Option<u8> {
        let found = CARRIED.iter().find(|(_, of)| self.form == Form::Carried && *of == content);
        found.map(|(mark, _)| *mark)
    }

    /// Writes a name, with what it is of where that is carried.
    fn write_name(&self, content: Content, name: &[u8], out: &mut Vec<u8>) {
        let mark = self.carried_mark(content);
        write_var_uint(out, (usize::from(mark.is_some()) + name.len()) as u64);
        out.extend(mark);
        out.extend_from_slice(name);
    }

    /// The value of an embed or a mark. It may not be nested deeper than JSON may be, so that v1 can hold it.
    fn read_value(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.form == Form::Carried {
            return self.copy_any(MAX_JSON_NESTING, out);
        }
        let value = read_any_within(&mut self.rest, MAX_JSON_NESTING)?;
        write_string(out, &value.to_json());
        Ok(())
    }

    fn copy_any(&mut self, depth: usize, out: &mut Vec<u8>) -> Result<(), Error> {
        let before = self.rest.clone();
        skip_any_within(&mut self.rest, depth)?;
        let mut copied = before;
        out.extend_from_slice(copied.read_exact(self.rest.offset() - copied.offset())?);
        Ok(())
    }
}

/// An update v2 with the content of an update v1. Bit 6 of a struct's first byte is left out where a key does not follow,
/// as Yjs does. (Yjs: `convertUpdateFormatV1ToV2`) O(bytes).
///
/// # Errors
/// A malformed update.
pub fn convert_update_v1_to_v2(update: &[u8]) -> Result<Vec<u8>, Error> {
    let mut read = Update::parse_v1(update)?;
    read.structs.iter_mut().for_each(|of| of.key_bit &= of.origin.is_none() && of.right_origin.is_none());
    Ok(encode_v2_of(read, update, Form::Json))
}
