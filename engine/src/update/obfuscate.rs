//! Updates whose content is made unreadable and whose structure stays, to be shown to somebody who looks for a fault.

use super::block_writer::{BlockWriter, write_block};
use super::struct_walk::StructWalk;
use super::structs::{ByteRange, Content, Parent, Struct, TypeTag};
use super::write::{checked_text, read_checked, write_struct};
use super::{convert_update_v1_to_v2, convert_update_v2_to_v1};
use crate::lib0::{Reader, write_any, write_string, write_var_uint};
use crate::values::{Any, Error};
use std::collections::BTreeMap;

/// What besides text, values and keys of maps is made unreadable. All of it by default.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Obfuscation {
    /// Keys and values of formatting marks.
    pub formatting: bool,
    /// Guids and options of subdocuments.
    pub subdocs: bool,
    /// Names of XML elements and hooks.
    pub yxml: bool,
}

impl Default for Obfuscation {
    fn default() -> Self {
        Obfuscation { formatting: true, subdocs: true, yxml: true }
    }
}

/// The update v1 with the same ids, lengths and deletes, its content replaced by numbers. What is equal stays equal:
/// keys of maps, names, keys and plain values of marks. Names of root types stay, and so does the empty key.
/// (Yjs: `obfuscateUpdate`, byte for byte for what Yjs wrote) O(bytes * log names).
///
/// # Errors
/// A malformed update.
///
/// ```
/// use merganser::{ClientId, Doc, Options, update};
///
/// let mut doc = Doc::new(Options::new(ClientId::from(1)));
/// let text = doc.text("note");
/// let mut transaction = doc.transact();
/// text.insert(&mut transaction, 0, "a secret")?;
/// let written = transaction.commit().update_v1().expect("something changed");
/// let shown = update::obfuscate_update(&written, update::Obfuscation::default())?;
///
/// let mut copy = Doc::new(Options::new(ClientId::from(2)));
/// copy.apply_update(&shown)?;
/// let text = copy.text("note");
/// assert_eq!(text.to_string(&copy), "00000000");
/// # Ok::<(), merganser::Error>(())
/// ```
pub fn obfuscate_update(update: &[u8], what: Obfuscation) -> Result<Vec<u8>, Error> {
    let mut walk = StructWalk::new(update)?;
    let mut out = BlockWriter::default();
    let mut obfuscator = Obfuscator { what, ..Obfuscator::default() };
    let (mut bytes, mut structs) = (Vec::new(), Vec::new());
    while walk.next_block()?.is_some() {
        let (mut first, mut count) = (None, 0);
        structs.clear();
        while let Some(of) = walk.next_in_block()? {
            bytes.clear();
            let of = if of.content.is_item() { obfuscator.replace(&of, update, &mut bytes) } else { of };
            write_struct(&mut structs, &of, &bytes, 0..of.len);
            first.get_or_insert(of.id);
            count += 1;
        }
        if let Some(first) = first {
            write_block(out.begin_block(), count, first, &structs);
        }
    }
    Ok(out.finish(&walk.into_deletes()?))
}

/// The same for an update v2, as v2. Values of marks that are left are those that v1 can hold.
/// (Yjs: `obfuscateUpdateV2`)
///
/// # Errors
/// A malformed update.
pub fn obfuscate_update_v2(update: &[u8], what: Obfuscation) -> Result<Vec<u8>, Error> {
    convert_update_v1_to_v2(&obfuscate_update(&convert_update_v2_to_v1(update)?, what)?)
}

/// What stands for what. (Yjs: `createObfuscator`)
#[derive(Default)]
struct Obfuscator {
    what: Obfuscation,
    /// Items that have been replaced so far; the number of an item stands for what is in it.
    items: u32,
    keys: BTreeMap<Box<str>, u32>,
    /// Names of elements and hooks: Yjs has one table for both, so a hook may get an element's.
    names: BTreeMap<Box<str>, String>,
    mark_keys: BTreeMap<Box<str>, u32>,
    /// Values of marks that are no objects or lists, as JSON: of those JavaScript takes no two for the same.
    mark_values: BTreeMap<Box<str>, u32>,
}

impl Obfuscator {
    /// The item in `bytes` of its own.
    fn replace(&mut self, of: &Struct, update: &[u8], bytes: &mut Vec<u8>) -> Struct {
        let number = self.items;
        self.items += 1;
        // As Yjs writes what it has read: only the key itself sets the bit.
        let mut replaced = Struct { key_bit: of.key.is_some(), ..*of };
        if let Parent::Root(name) = of.parent {
            replaced.parent = Parent::Root(append(bytes, |out| out.extend_from_slice(name.of(update))));
        }
        let payload = of.payload.of(update);
        replaced.payload = append(bytes, |out| self.replace_content(of, payload, number, out));
        if let Some(key) = of.key {
            let key = checked_text(key.of(update));
            let shown = match key {
                // Yjs asks whether there is a key, and takes the empty one for none.
                "" => String::new(),
                _ => self.keys.entry(key.into()).or_insert(number).to_string(),
            };
            replaced.key = Some(append(bytes, |out| out.extend_from_slice(shown.as_bytes())));
        }
        replaced
    }

    fn replace_content(&mut self, of: &Struct, payload: &[u8], number: u32, out: &mut Vec<u8>) {
        let mut from = Reader::new(payload);
        let what = self.what;
        match of.content {
            Content::Gc | Content::Skip | Content::Deleted => {}
            Content::String => out.extend(std::iter::repeat_n(b'0' + (number % 10) as u8, of.len as usize)),
            Content::Any => (0..of.len).for_each(|_| write_any(out, &Any::Number(number.into()))),
            Content::Json => (0..of.len).for_each(|_| write_string(out, &number.to_string())),
            Content::Binary => out.push(number as u8),
            Content::Embed => out.extend_from_slice(b"{}"),
            Content::Format if what.formatting => {
                let (key, value) = (read_checked(&mut from), read_checked(&mut from));
                write_string(out, &self.mark_keys.entry(key.into()).or_insert(number).to_string());
                write_string(out, &self.mark_value(value, number));
            }
            Content::Type if what.yxml => {
                let tag = from.read_var_uint().unwrap_or_default();
                write_var_uint(out, tag);
                if from.is_at_end() {
                    return;
                }
                let kind = if tag == TypeTag::XmlHook as u64 { "hook" } else { "node" };
                let named = || format!("{kind}-{number}");
                write_string(out, self.names.entry(read_checked(&mut from).into()).or_insert_with(named));
            }
            Content::Doc if what.subdocs => {
                write_string(out, &number.to_string());
                write_any(out, &Any::Object(Vec::new()));
            }
            Content::Format | Content::Type | Content::Doc => out.extend_from_slice(payload),
        }
    }

    /// JSON that stands for a mark's value. The end of a mark stays one.
    fn mark_value(&mut self, value: &str, number: u32) -> String {
        let number = match Any::from_json(value) {
            Some(Any::Null) => return "null".into(),
            Some(Any::Object(_) | Any::Array(_)) | None => number,
            Some(plain) => *self.mark_values.entry(plain.to_json().into()).or_insert(number),
        };
        format!("{{\"i\":{number}}}")
    }
}

/// Where in `bytes` stands what `write` appends.
fn append(bytes: &mut Vec<u8>, write: impl FnOnce(&mut Vec<u8>)) -> ByteRange {
    let start = bytes.len() as u32;
    write(bytes);
    ByteRange { start, end: bytes.len() as u32 }
}
