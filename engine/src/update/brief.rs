//! A struct as a whole document is read: no more than what a log keeps of it.

use super::parse::parse_content;
use super::quiet_reader::{QuietReader, WrittenClient};
use super::structs::{ByteRange, Content, KEY, ORIGIN, Parent, RIGHT_ORIGIN, TypeTag};
use crate::lib0::{Reader, is_json};
use crate::values::{Clock, Id};

/// A struct of which the id is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Brief<'a> {
    pub(crate) content: Content,
    /// Number of units; may be 0.
    pub(crate) len: Clock,
    pub(crate) origin: Option<Id>,
    pub(crate) right_origin: Option<Id>,
    /// Its type, and its key in a map (UTF-8), of an item without these two.
    pub(crate) named: Option<(Parent, Option<ByteRange>)>,
    /// Its content without lengths or counts.
    pub(crate) payload: &'a [u8],
}

impl<'a> Brief<'a> {
    /// Reads the struct of client `own` that stands at `clock`, and checks it; `None` if it is malformed. It takes half of
    /// what [`parse_struct`](super::parse_struct) does. O(its bytes).
    #[inline(always)]
    pub(crate) fn read(from: &mut QuietReader<'a>, own: &WrittenClient, clock: Clock) -> Option<Brief<'a>> {
        let info = from.byte()?;
        let content = Content::from_number(info & 0x1f)?;
        if !content.is_item() {
            let len = from.clock()?;
            return Some(Brief { content, len, origin: None, right_origin: None, named: None, payload: &[] });
        }
        let origin = if info & ORIGIN != 0 { Some(from.earlier_id(own, clock)?) } else { None };
        let right_origin = if info & RIGHT_ORIGIN != 0 { Some(from.earlier_id(own, clock)?) } else { None };
        let named = if info & (ORIGIN | RIGHT_ORIGIN) == 0 { Some(read_names(from, info, own, clock)?) } else { None };
        let (payload, len) = match content {
            Content::String => from.text()?,
            Content::Deleted => (&[][..], from.clock()?),
            _ => read_content(from, content)?,
        };
        Some(Brief { content, len, origin, right_origin, named, payload })
    }
}

#[inline(never)]
fn read_names(
    from: &mut QuietReader<'_>,
    info: u8,
    own: &WrittenClient,
    clock: Clock,
) -> Option<(Parent, Option<ByteRange>)> {
    let parent = match from.number()? {
        1 => Parent::Root(read_name(from)?),
        _ => Parent::Item(from.earlier_id(own, clock)?),
    };
    let key = if info & KEY != 0 { Some(read_name(from)?) } else { None };
    Some((parent, key))
}

#[inline(never)]
fn read_name(from: &mut QuietReader<'_>) -> Option<ByteRange> {
    let (name, _) = from.text()?;
    let end = from.offset();
    Some(ByteRange { start: u32::try_from(end - name.len()).ok()?, end: u32::try_from(end).ok()? })
}

/// Reads content that is neither text nor deleted. What rich text is made of is read here, all else by who tells errors.
#[inline(never)]
fn read_content<'a>(from: &mut QuietReader<'a>, content: Content) -> Option<(&'a [u8], Clock)> {
    let (bytes, start) = (from.bytes(), from.offset());
    match content {
        Content::Type => {
            if TypeTag::from_number(from.number()?)?.is_named() {
                from.text()?;
            }
        }
        Content::Format => {
            from.text()?;
            if !is_json(from.text()?.0) {
                return None;
            }
        }
        _ => {
            let mut checked = Reader::starting_at(bytes, start);
            let (len, payload) = parse_content(&mut checked, content).ok()?;
            *from = QuietReader::starting_at(bytes, checked.offset());
            return Some((payload.of(bytes), len));
        }
    }
    Some((&bytes[start..from.offset()], 1))
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse_struct;
    use super::*;
    use crate::lib0::write_var_uint;
    use crate::values::ClientId;
    use proptest::prelude::*;

    const CLIENTS: [u32; 3] = [3, 300, 2_000_000_000];

    fn written(client: u32) -> Vec<u8> {
        let mut out = Vec::new();
        write_var_uint(&mut out, client.into());
        out
    }

    /// What a struct begins with is mostly that of an item with few flags, numbers are small, and clients come again.
    fn bytes() -> impl Strategy<Value = Vec<u8>> {
        let info = prop_oneof![any::<u8>(), (0_u8..8, 0_u8..11).prop_map(|(flags, content)| flags << 5 | content)];
        let byte = prop_oneof![4 => 0_u8..8, 1 => Just(0x80), 1 => any::<u8>()].prop_map(|byte| vec![byte]);
        let client = prop::sample::select(&CLIENTS).prop_map(written);
        let rest = prop::collection::vec(prop_oneof![8 => byte, 1 => client], 0..40);
        (info, rest).prop_map(|(info, rest)| [vec![info], rest.concat()].concat())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(20_000))]

        /// The same is read as by who says what is wrong, and the same refused.
        #[test]
        fn a_brief_is_the_struct(client in prop::sample::select(&CLIENTS), bytes in bytes(), clock in 0_u32..5) {
            let before = written(client);
            let bytes = [&before[..], &bytes].concat();
            let mut checked = Reader::starting_at(&bytes, before.len());
            let mut from = QuietReader::starting_at(&bytes, 0);
            let own = from.written_client().expect("a client");
            let expected = parse_struct(&mut checked, Id::new(ClientId::from(client), clock)).ok();
            let brief = Brief::read(&mut from, &own, clock);
            prop_assert_eq!(brief.is_some(), expected.is_some());
            if let (Some(brief), Some(read)) = (brief, expected) {
                prop_assert_eq!(from.offset(), checked.offset());
                prop_assert_eq!((brief.content, brief.len), (read.content, read.len));
                prop_assert_eq!((brief.origin, brief.right_origin), (read.origin, read.right_origin));
                let (parent, key) = brief.named.unwrap_or((Parent::Inherited, None));
                prop_assert_eq!((parent, key, brief.payload), (read.parent, read.key, read.payload.of(&bytes)));
            }
        }
    }
}
