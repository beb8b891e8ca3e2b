//! JSON inside the format: checked where it is read, so that no client meets text that it can't parse.

use super::Reader;
use crate::values::{Error, ErrorKind, outside_strings};
use serde::de::IgnoredAny;

/// How deeply JSON values may lie in each other.
const MAX_NESTING: usize = 127;

/// Refuses text that [`Any::from_json`](crate::Any::from_json) does not read: what is not JSON, or is nested deeper
/// than 127. `at` is where the text ends. O(bytes); no number is converted, and no string unescaped.
pub fn check_json(text: &str, at: &Reader<'_>) -> Result<(), Error> {
    let is_json = !is_nested_deeply(text) && serde_json::from_str::<IgnoredAny>(text).is_ok();
    if is_json { Ok(()) } else { Err(Error::at(ErrorKind::NotJson, at.offset() - text.len())) }
}

/// serde_json counts no depth where values are ignored.
fn is_nested_deeply(text: &str) -> bool {
    let mut depth = 0_usize;
    outside_strings(text).any(|(_, byte)| {
        match byte {
            b'[' | b'{' => depth += 1,
            b']' | b'}' => depth = depth.saturating_sub(1),
            _ => {}
        }
        depth > MAX_NESTING
    })
}
