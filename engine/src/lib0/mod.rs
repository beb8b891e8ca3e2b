//! The byte notation of the Yjs family: var-ints, strings, `any` values. Reading is bounded by the input.

mod any;
mod columns;
mod json;
mod numbers;
mod reader;
mod varint;
mod writer;

pub use any::{MAX_NESTING, read_any, skip_any, write_any};
pub(crate) use any::{any_text, read_any_within, skip_any_within};
pub use columns::{
    ByteColumn, ByteColumnWriter, DiffColumn, DiffColumnWriter, StringColumn, StringColumnWriter, UintColumn,
    UintColumnWriter,
};
pub use json::check_json;
pub(crate) use json::is_json;
pub(crate) use numbers::{Numbers, append_numbers};
pub use reader::Reader;
pub(crate) use varint::{Word, decode_var_uint, encode_word};
pub(crate) use writer::signed_number;
pub use writer::{var_uint_len, write_bytes, write_string, write_var_int, write_var_uint};
