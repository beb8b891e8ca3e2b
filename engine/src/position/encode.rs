//! Relative positions in bytes, as Yjs writes them.
//!
//! ```text
//! 0  client clock  assoc      tied to a unit
//! 1  root name     assoc      at the end of a root
//! 2  client clock  assoc      at the end of the type that this unit holds
//! ```
//! Numbers are var-ints, `assoc` a signed one; old positions end before it.

use super::{Anchor, PositionType, RelativePosition};
use crate::lib0::{Reader, write_string, write_var_int, write_var_uint};
use crate::values::{Error, ErrorKind, Id};

impl RelativePosition {
    /// The position in bytes. (Yjs: `encodeRelativePosition`)
    pub fn encode(&self) -> Vec<u8> {
        let mut out = Vec::new();
        match &self.anchor {
            Anchor::Unit(id, _) => write_tagged_id(&mut out, 0, *id),
            Anchor::Type(PositionType::Root(name)) => {
                out.push(1);
                write_string(&mut out, name);
            }
            Anchor::Type(PositionType::Item(id)) => write_tagged_id(&mut out, 2, *id),
        }
        write_var_int(&mut out, self.assoc.unsigned_abs().into(), self.assoc < 0);
        out
    }

    /// Reads a position. (Yjs: `decodeRelativePosition`) O(bytes).
    ///
    /// # Errors
    /// An unknown tag, bytes missing or left over, a clock or an `assoc` above 32 bits; the error says where.
    pub fn decode(bytes: &[u8]) -> Result<RelativePosition, Error> {
        let mut from = Reader::new(bytes);
        let anchor = match from.read_var_uint()? {
            0 => Anchor::Unit(from.read_id()?, None),
            1 => Anchor::Type(PositionType::Root(from.read_string()?.into())),
            2 => Anchor::Type(PositionType::Item(from.read_id()?)),
            _ => return Err(Error::at(ErrorKind::UnknownTag, 0)),
        };
        let start = from.offset();
        let assoc = if from.is_at_end() { 0 } else { from.read_var_int()?.0 };
        let assoc = i32::try_from(assoc).map_err(|_| Error::at(ErrorKind::NumberTooLarge, start))?;
        from.expect_end()?;
        Ok(RelativePosition { anchor, assoc })
    }
}

fn write_tagged_id(out: &mut Vec<u8>, tag: u8, id: Id) {
    out.push(tag);
    write_var_uint(out, id.client.value());
    write_var_uint(out, id.clock.into());
}
