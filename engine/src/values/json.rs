//! JSON text as JavaScript reads and writes it: serde_json, and the little that it does not read.

use super::Any;
use serde::Serialize;
use serde::de::IgnoredAny;
use serde_json::ser::{Formatter, Serializer};
use std::io::Write;

impl Any {
    /// Reads a value from JSON text. `None` if it is not JSON or nested deeper than 127.
    /// A lone surrogate in an escape becomes U+FFFD, a number beyond the range of `f64` infinite, as in JavaScript.
    pub fn from_json(text: &str) -> Option<Any> {
        // Most values of formats are this, and most readers of JSON read formats.
        if let Some(text) = plain_string(text) {
            return Some(Any::from(text));
        }
        match text {
            "null" => return Some(Any::Null),
            "true" => return Some(Any::Bool(true)),
            "false" => return Some(Any::Bool(false)),
            _ => {}
        }
        serde_json::from_str(text).ok().or_else(|| {
            let text = replace_lone_surrogates(text);
            serde_json::from_str(&text).ok().or_else(|| read_large_numbers(&text))
        })
    }

    /// The value as JSON text, as JavaScript's `JSON.stringify` writes it: numbers that JSON lacks become `null`, bytes
    /// an object. What that refuses or leaves out is written, too: a `BigInt` as a number, `undefined` as `null`.
    pub fn to_json(&self) -> String {
        if let Any::String(text) = self
            && is_plain(text.as_bytes())
        {
            return ["\"", text, "\""].concat();
        }
        let mut out = Vec::new();
        let written = self.serialize(&mut Serializer::with_formatter(&mut out, JavaScript));
        debug_assert!(written.is_ok(), "memory takes all");
        String::from_utf8(out).unwrap_or_default()
    }
}

/// The string that a JSON text says, if it says one without escapes.
fn plain_string(json: &str) -> Option<&str> {
    let inner = json.strip_prefix('"')?.strip_suffix('"')?;
    is_plain(inner.as_bytes()).then_some(inner)
}

/// Whether the bytes of a string stand for themselves in JSON text.
fn is_plain(inner: &[u8]) -> bool {
    inner.iter().all(|byte| !matches!(byte, b'"' | b'\\' | 0..0x20))
}

/// Numbers as JavaScript prints them.
struct JavaScript;

impl Formatter for JavaScript {
    fn write_f64<W: Write + ?Sized>(&mut self, to: &mut W, value: f64) -> std::io::Result<()> {
        to.write_all(Any::Number(value).to_js_string().as_bytes())
    }
}

/// The bytes of JSON text outside its strings, with their offsets.
fn outside_strings(text: &str) -> impl Iterator<Item = (usize, u8)> + '_ {
    let mut bytes = text.bytes().enumerate();
    core::iter::from_fn(move || {
        loop {
            let (at, byte) = bytes.next()?;
            if byte != b'"' {
                return Some((at, byte));
            }
            while let Some((_, in_string)) = bytes.next().filter(|(_, byte)| *byte != b'"') {
                if in_string == b'\\' {
                    bytes.next();
                }
            }
        }
    })
}

/// Rewrites `\ud800`-style escapes that are no pair; only called where plain parsing failed.
fn replace_lone_surrogates(text: &str) -> String {
    let unit = |at: usize| -> Option<u16> {
        let escape = text.as_bytes().get(at..at + 6)?;
        let digits = escape.strip_prefix(b"\\u")?;
        u16::from_str_radix(core::str::from_utf8(digits).ok()?, 16).ok()
    };
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    while let Some(char) = text[at..].chars().next() {
        let pair_follows = || unit(at + 6).is_some_and(|low| (0xdc00..0xe000).contains(&low));
        let width = match unit(at) {
            Some(0xd800..0xdc00) if pair_follows() => 12,
            Some(0xd800..0xe000) => {
                out.push_str("\\ufffd");
                at += 6;
                continue;
            }
            Some(_) => 6,
            None if char == '\\' => 1 + text[at + 1..].chars().next().map_or(0, char::len_utf8),
            None => char.len_utf8(),
        };
        out.push_str(&text[at..at + width]);
        at += width;
    }
    out
}

/// Reads JSON whose numbers serde_json refuses: it gets zeros in their place, and the numbers are put in afterwards.
fn read_large_numbers(text: &str) -> Option<Any> {
    serde_json::from_str::<IgnoredAny>(text).ok()?;
    let mut zeros = String::with_capacity(text.len());
    let mut numbers = Vec::new();
    let mut end = 0;
    for (at, byte) in outside_strings(text) {
        if at >= end && matches!(byte, b'-' | b'0'..=b'9') {
            zeros.push_str(&text[end..at]);
            zeros.push('0');
            let is_beyond = |char: char| !matches!(char, '0'..='9' | '+' | '-' | '.' | 'e' | 'E');
            end = text[at..].find(is_beyond).map_or(text.len(), |len| at + len);
            // It is JSON: what is not read is beyond the range.
            let beyond = if byte == b'-' { f64::NEG_INFINITY } else { f64::INFINITY };
            numbers.push(serde_json::from_str(&text[at..end]).unwrap_or(beyond));
        }
    }
    zeros.push_str(&text[end..]);
    let mut value = serde_json::from_str(&zeros).ok()?;
    put_numbers(&mut value, &mut numbers.into_iter());
    Some(value)
}

fn put_numbers(into: &mut Any, numbers: &mut impl Iterator<Item = f64>) {
    match into {
        Any::Number(zero) => *zero = numbers.next().unwrap_or(*zero),
        Any::Array(values) => values.iter_mut().for_each(|value| put_numbers(value, numbers)),
        Any::Object(entries) => entries.iter_mut().for_each(|(_, value)| put_numbers(value, numbers)),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::{Any, outside_strings};

    #[test]
    fn what_serde_json_refuses_is_read_as_javascript_reads_it() {
        let read = |text: &str| Any::from_json(text).map(|value| value.to_js_string());
        assert_eq!(read("1e999").as_deref(), Some("Infinity"));
        assert_eq!(read(r#"["1e9\"",-1e999,2.5e1,{"7":1e-999},"\ud800",[12]]"#).as_deref(), {
            Some("1e9\",-Infinity,25,[object Object],\u{fffd},12")
        });
        assert_eq!(read(&format!("1{}", "0".repeat(400))).as_deref(), Some("Infinity"));
        assert_eq!(read(&format!("-0.{}1e400", "0".repeat(400))).as_deref(), Some("-0.1"));
        for wrong in ["01e999", "1e999e", "1.e999", "+1e999", "1e999 1", "[1e999", "-", "\"\\u+123\""] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn values_are_written_as_javascript_writes_them() {
        let written = |value: f64| Any::Number(value).to_json();
        for (value, text) in [
            (0.5, "0.5"),
            (-0.0, "0"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e20, "100000000000000000000"),
            (1e21, "1e+21"),
            (-1.5e300, "-1.5e+300"),
            (1e-7, "1e-7"),
            (0.000_001, "0.000001"),
            (f64::NAN, "null"),
            (f64::NEG_INFINITY, "null"),
        ] {
            assert_eq!(written(value), text);
        }
        let bytes = Any::Array(vec![Any::Bytes([7, 255].into()), Any::Undefined]);
        assert_eq!(bytes.to_json(), r#"[{"0":7,"1":255},null]"#);
    }

    #[test]
    fn strings_end_at_quotes_that_are_not_escaped() {
        let outside = |text| outside_strings(text).map(|(_, byte)| char::from(byte)).collect::<String>();
        assert_eq!(outside(r#"{"a[\"[":["\\",1],"":2}"#), "{:[,1],:2}");
    }
}
