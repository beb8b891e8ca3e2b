//! JSON inside the format: checked where it is read, so that no client meets text that it can't parse.

use super::Reader;
use crate::values::{Any, Error, ErrorKind};
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// Refuses text that [`Any::from_json`] does not read: what is not JSON, is nested deeper than 127, or has a number
/// that is none in JavaScript. `at` is where the text ends. O(bytes); allocates only for escapes in strings.
pub fn check_json(text: &str, at: &Reader<'_>) -> Result<(), Error> {
    // Escapes of half a surrogate pair are the one thing that only the reader of values understands.
    let is_json =
        serde_json::from_str::<Checked>(text).is_ok() || text.contains("\\u") && Any::from_json(text).is_some();
    if is_json { Ok(()) } else { Err(Error::at(ErrorKind::NotJson, at.offset() - text.len())) }
}

/// A value that is read and forgotten. serde's own `IgnoredAny` won't do: serde_json then counts no depth.
struct Checked;

impl<'de> Deserialize<'de> for Checked {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Checked, D::Error> {
        from.deserialize_any(Checked)
    }
}

impl<'de> Visitor<'de> for Checked {
    type Value = Checked;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_str<E>(self, _: &str) -> Result<Checked, E> {
        Ok(Checked)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Checked, A::Error> {
        while list.next_element::<Checked>()?.is_some() {}
        Ok(Checked)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Checked, A::Error> {
        while map.next_entry::<Checked, Checked>()?.is_some() {}
        Ok(Checked)
    }
}
