//! JSON inside the format: checked where it is read, so that no client meets text that it can't parse.

use super::Reader;
use crate::values::{Error, ErrorKind};

/// Refuses text that is not JSON or is nested deeper than 128. `at` is where the text ends.
pub fn check_json(text: &str, at: &Reader<'_>) -> Result<(), Error> {
    match serde_json::from_str::<serde::de::IgnoredAny>(text) {
        Ok(_) => Ok(()),
        Err(_) => Err(Error::at(ErrorKind::NotJson, at.offset() - text.len())),
    }
}
