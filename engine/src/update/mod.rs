//! The Yjs update format as plain values: read, check, merge and cut updates without a document.
//!
//! `FORMAT.md` in this folder draws the format byte by byte.

mod block_writer;
mod brief;
mod client_order;
mod consecutive;
mod convert;
mod delete_set;
mod delete_set_v2;
mod delete_walk;
mod diff;
mod merge;
mod obfuscate;
mod ordered_deletes;
mod parse;
mod quiet_reader;
mod single;
mod state_vector;
mod stepwise;
mod struct_run;
mod struct_walk;
mod structs;
mod without_document_v2;
mod write;
mod write_v2;

pub(crate) use block_writer::{write_block, write_count_at};
pub(crate) use brief::Brief;
pub(crate) use convert::transcode_v2_to_v1;
pub use convert::{convert_update_v1_to_v2, convert_update_v2_to_v1, convert_update_v2_to_v1_within};
pub use delete_set::{read_delete_set, write_delete_set};
pub use delete_set_v2::{read_delete_set_v2, write_delete_set_v2};
pub use diff::{clocks_of_update, diff_update, state_vector_of_update, validate_update};
pub use merge::merge_updates;
pub use obfuscate::{Obfuscation, obfuscate_update, obfuscate_update_v2};
pub(crate) use ordered_deletes::{OrderedDeletes, ReadMark};
pub use parse::{ClientStructs, Update};
pub(crate) use parse::{check_payload, parse_struct, read_type};
pub(crate) use quiet_reader::{QuietReader, WrittenClient};
pub(crate) use single::{Single, Text};
pub use state_vector::{decode_state_vector, encode_state_vector, read_state_vector, write_state_vector};
pub(crate) use stepwise::{Block, DeleteSteps, StepwiseCheck};
pub(crate) use struct_run::StructRun;
pub use structs::{ByteRange, Content, Parent, Struct, TypeTag};
pub(crate) use structs::{KEY, ORIGIN, RIGHT_ORIGIN};
pub use without_document_v2::{
    clocks_of_update_v2, diff_update_v2, merge_updates_v2, state_vector_of_update_v2, validate_update_v2,
};
pub use write::{StructPart, WrittenParent, write_struct};
pub(crate) use write::{checked_text, skip_unit, units_of};
pub(crate) use write_v2::{WriterV2, encode_v2};

/// So many entries are made room for before they are read: a count may promise more than comes.
const MOST_RESERVED: usize = 4_096;
