//! The formatting in force at a place of a text, and when two values of a format are the same.

use super::order::Format;
use super::{LocalId, Place, Sequence, Store, Unit};
use crate::lib0::Reader;
use crate::values::Any;
use compact_str::CompactString;
use smallvec::SmallVec;

/// Formats in the order in which they came into force: keys, and values as JSON text, of which most are short. A few
/// short ones allocate nothing. (Yjs: `currentAttributes`, a `Map`)
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Formats(SmallVec<[(CompactString, CompactString); 2]>);

/// The JSON text of a format that is not there.
pub(crate) const NULL: &str = "null";

impl Formats {
    /// The value of a key, if there is one.
    pub(crate) fn find(&self, key: &str) -> Option<&str> {
        self.0.iter().find(|(of, _)| **of == *key).map(|(_, value)| &**value)
    }

    /// The value of a key; `null` if there is none.
    pub(crate) fn value(&self, key: &str) -> &str {
        self.find(key).unwrap_or(NULL)
    }

    /// Sets a value, `null` too: a key keeps its place.
    pub(crate) fn set(&mut self, key: &str, value: &str) {
        match self.0.iter_mut().find(|(of, _)| **of == *key) {
            Some(known) => known.1 = value.into(),
            None => self.0.push((key.into(), value.into())),
        }
    }

    /// Takes a key away.
    pub(crate) fn remove(&mut self, key: &str) {
        self.0.retain(|(of, _)| **of != *key);
    }

    /// Puts a mark into force; `null` takes the format away. (Yjs: `updateCurrentAttributes`)
    pub(crate) fn pass_mark(&mut self, key: &str, value: &str) {
        if is_null(value) { self.remove(key) } else { self.set(key, value) }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = (&str, &str)> + '_ {
        self.0.iter().map(|(key, value)| (&**key, &**value))
    }
}

/// Whether JSON text says `null`.
pub(crate) fn is_null(json: impl AsRef<[u8]>) -> bool {
    json.as_ref().trim_ascii() == NULL.as_bytes()
}

fn is_object(json: &str) -> bool {
    json.trim_ascii_start().starts_with(['{', '['])
}

/// Whether two values are the same: equal, or objects (lists too) whose members are equal plain values.
/// (Yjs: `equalAttrs`)
///
/// Members that are objects themselves are never equal: Yjs asks whether they are one object in memory, and two marks
/// that came by the wire have nothing in common there.
pub(crate) fn equals(a: &str, b: &str) -> bool {
    if !is_object(a) || !is_object(b) {
        return is_identical(a, b);
    }
    let (Some(a), Some(b)) = (Any::from_json(a), Any::from_json(b)) else { return false };
    let (a, b) = (members(&a), members(&b));
    let is_plain = |value: &Any| !matches!(value, Any::Object(_) | Any::Array(_));
    a.len() == b.len()
        && a.iter().all(|(key, value)| is_plain(value) && b.iter().any(|(of, other)| of == key && other == value))
}

/// Whether two values of different marks are the same as JavaScript's `===` has it: plain values that are equal.
pub(crate) fn is_identical(a: &str, b: &str) -> bool {
    if is_object(a) || is_object(b) {
        return false;
    }
    if a == b || is_one_spelling(a) && is_one_spelling(b) {
        return a == b;
    }
    Any::from_json(a).is_some_and(|a| Some(a) == Any::from_json(b))
}

/// Whether it is a word of JSON's, or a string without escapes: no other text without escapes or blanks says the same.
fn is_one_spelling(json: &str) -> bool {
    match json.as_bytes() {
        [b'"', inner @ .., b'"'] => !inner.contains(&b'\\'),
        word => matches!(word, b"null" | b"true" | b"false"),
    }
}

/// The members of an object or list by their names; of several with one name the last counts.
fn members(of: &Any) -> Vec<(String, &Any)> {
    let mut found: Vec<(String, &Any)> = Vec::new();
    let mut add = |name: String, value| match found.iter_mut().find(|(of, _)| *of == name) {
        Some(known) => known.1 = value,
        None => found.push((name, value)),
    };
    match of {
        Any::Object(entries) => entries.iter().for_each(|(key, value)| add(key.to_string(), value)),
        Any::Array(values) => values.iter().enumerate().for_each(|(at, value)| add(at.to_string(), value)),
        _ => {}
    }
    found
}

impl Store {
    /// Key and value of a formatting mark.
    pub(crate) fn mark(&self, unit: LocalId) -> (&str, &str) {
        match self.unit(unit) {
            Some(Unit::Format(key, value)) => (key, value),
            _ => ("", NULL),
        }
    }

    /// The formatting in force at a place (`None`: the sequence is empty). O(log) where it was asked for before.
    pub(crate) fn formats_at(&mut self, place: Option<Place>) -> Formats {
        let Some(place) = place else { return Formats::default() };
        let mut order = std::mem::take(&mut self.order);
        let effect = order.effect_before(place, &|client, clock| self.format((client, clock)));
        self.order = order;
        let value = |(key, mark): &(u32, LocalId)| (self.types.key_name(*key).into(), self.mark(*mark).1.into());
        Formats(effect.set.iter().map(value).collect())
    }

    /// The place directly after a unit of a sequence; `None` for the unit: its start.
    pub(crate) fn place_after(&mut self, sequence: Sequence, unit: Option<LocalId>) -> Option<Place> {
        match unit {
            None => self.order.start(sequence),
            Some((client, clock)) => {
                let found = self.order.find(client, clock)?;
                Some(self.order.step(found, 1))
            }
        }
    }

    /// What a mark does: seen in its bytes, since all marks of a stretch are asked for in a row.
    pub(super) fn format(&self, (client, clock): LocalId) -> Format {
        let log = self.log(client);
        let mut payload = Reader::new(log.payload(log.find(clock)));
        let key = payload.read_bytes().ok().and_then(|key| self.types.find_key(key));
        let key = key.expect("the key of a mark is known since it was logged");
        Format { key, is_null: payload.read_bytes().is_ok_and(is_null) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_compared_as_yjs_compares_them() {
        let same = [
            ("true", "true"),
            (" null", "null"),
            ("1000", "1e3"),
            ("\"\\u0061\"", "\"a\""),
            ("{\"a\":1,\"b\":2}", "{\"b\":2,\"a\":1}"),
        ];
        for (a, b) in same {
            assert!(equals(a, b) && equals(b, a), "{a} {b}");
        }
        for (a, b) in [
            ("{\"a\":1}", "{\"a\":2}"),
            ("{\"a\":[1]}", "{\"a\":[1]}"),
            ("{}", "null"),
            ("1", "\"1\""),
            ("\"a\"", "\"b\""),
            ("null", "\"null\""),
        ] {
            assert!(!equals(a, b) && !equals(b, a), "{a} {b}");
        }
        assert!(equals("[1]", "[1]") && equals("{}", "[]") && !is_identical("[]", "[]"));
    }
}
