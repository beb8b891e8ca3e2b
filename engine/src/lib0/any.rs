//! lib0's `any`: a tagged value. Nesting is bounded, for the reader recurses.

use super::{Reader, write_bytes, write_string, write_var_int, write_var_uint};
use crate::values::{Any, Error, ErrorKind};

/// How deeply `any` values may lie in each other.
pub const MAX_NESTING: usize = 128;

const BYTES: u8 = 116;
const ARRAY: u8 = 117;
const OBJECT: u8 = 118;
const STRING: u8 = 119;
const TRUE: u8 = 120;
const FALSE: u8 = 121;
const BIG_INT: u8 = 122;
const FLOAT64: u8 = 123;
const FLOAT32: u8 = 124;
const INTEGER: u8 = 125;
const NULL: u8 = 126;
const UNDEFINED: u8 = 127;

/// Reads one value.
pub fn read_any(from: &mut Reader<'_>) -> Result<Any, Error> {
    read_any_within(from, MAX_NESTING)
}

/// Reads one value that is nested at most `depth` deep.
pub(crate) fn read_any_within(from: &mut Reader<'_>, depth: usize) -> Result<Any, Error> {
    let deeper = |from: &Reader<'_>| depth.checked_sub(1).ok_or(from.error(ErrorKind::NestedTooDeeply));
    let start = from.offset();
    Ok(match from.read_u8()? {
        UNDEFINED => Any::Undefined,
        NULL => Any::Null,
        INTEGER => match from.read_var_int()? {
            (0, true) => Any::Number(-0.0),
            (value, _) => Any::Number(value as f64),
        },
        FLOAT32 => Any::Number(f32::from_be_bytes(read_array(from)?).into()),
        FLOAT64 => Any::Number(f64::from_be_bytes(read_array(from)?)),
        BIG_INT => Any::BigInt(i64::from_be_bytes(read_array(from)?)),
        FALSE => Any::Bool(false),
        TRUE => Any::Bool(true),
        STRING => Any::String(from.read_string()?.into()),
        OBJECT => {
            let count = from.read_count(2)?;
            let depth = deeper(from)?;
            let mut entries = Vec::new();
            for _ in 0..count {
                let key = from.read_string()?.into();
                entries.push((key, read_any_within(from, depth)?));
            }
            Any::Object(entries)
        }
        ARRAY => {
            let count = from.read_count(1)?;
            let depth = deeper(from)?;
            let mut values = Vec::new();
            for _ in 0..count {
                values.push(read_any_within(from, depth)?);
            }
            Any::Array(values)
        }
        BYTES => Any::Bytes(from.read_bytes()?.into()),
        _ => return Err(Error::at(ErrorKind::UnknownTag, start)),
    })
}

/// The text, in UTF-8, that the bytes of one value say, which were checked before; `None` if it is another value.
#[inline]
pub(crate) fn any_text(bytes: &[u8]) -> Option<&[u8]> {
    let mut from = Reader::new(bytes.strip_prefix(&[STRING])?);
    from.read_bytes().ok()
}

/// Reads past one value, checking it as [`read_any`] does, without building it. Allocates nothing.
pub fn skip_any(from: &mut Reader<'_>) -> Result<(), Error> {
    skip_any_within(from, MAX_NESTING)
}

/// Reads past one value that is nested at most `depth` deep.
pub(crate) fn skip_any_within(from: &mut Reader<'_>, depth: usize) -> Result<(), Error> {
    let start = from.offset();
    match from.read_u8()? {
        UNDEFINED | NULL | FALSE | TRUE => {}
        INTEGER => {
            from.read_var_int()?;
        }
        FLOAT32 => {
            from.read_exact(4)?;
        }
        FLOAT64 | BIG_INT => {
            from.read_exact(8)?;
        }
        STRING => {
            from.read_text_bytes()?;
        }
        tag @ (OBJECT | ARRAY) => {
            let count = from.read_count(if tag == OBJECT { 2 } else { 1 })?;
            let depth = depth.checked_sub(1).ok_or(from.error(ErrorKind::NestedTooDeeply))?;
            for _ in 0..count {
                if tag == OBJECT {
                    from.read_text_bytes()?;
                }
                skip_any_within(from, depth)?;
            }
        }
        BYTES => {
            from.read_bytes()?;
        }
        _ => return Err(Error::at(ErrorKind::UnknownTag, start)),
    }
    Ok(())
}

fn read_array<const N: usize>(from: &mut Reader<'_>) -> Result<[u8; N], Error> {
    let bytes = from.read_exact(N)?;
    bytes.try_into().map_err(|_| from.error(ErrorKind::UnexpectedEnd))
}

/// Appends one value, choosing the shortest number form as lib0 does.
pub fn write_any(out: &mut Vec<u8>, value: &Any) {
    match value {
        Any::Undefined => out.push(UNDEFINED),
        Any::Null => out.push(NULL),
        Any::Bool(value) => out.push(if *value { TRUE } else { FALSE }),
        Any::Number(value) => write_number(out, *value),
        Any::BigInt(value) => {
            out.push(BIG_INT);
            out.extend_from_slice(&value.to_be_bytes());
        }
        Any::String(value) => {
            out.push(STRING);
            write_string(out, value);
        }
        Any::Bytes(value) => {
            out.push(BYTES);
            write_bytes(out, value);
        }
        Any::Array(values) => {
            out.push(ARRAY);
            write_var_uint(out, values.len() as u64);
            values.iter().for_each(|value| write_any(out, value));
        }
        Any::Object(entries) => {
            out.push(OBJECT);
            write_var_uint(out, entries.len() as u64);
            for (key, value) in entries {
                write_string(out, key);
                write_any(out, value);
            }
        }
    }
}

fn write_number(out: &mut Vec<u8>, value: f64) {
    const LARGEST_VAR_INT: u64 = 2_147_483_647;
    let whole = value as i64;
    if whole as f64 == value && whole.unsigned_abs() <= LARGEST_VAR_INT {
        out.push(INTEGER);
        write_var_int(out, whole.unsigned_abs(), value.is_sign_negative());
    } else if f64::from(value as f32) == value {
        out.push(FLOAT32);
        out.extend_from_slice(&(value as f32).to_be_bytes());
    } else {
        out.push(FLOAT64);
        out.extend_from_slice(&value.to_be_bytes());
    }
}
