//! JSON text as JavaScript reads and writes it.
//!
//! It is code of our own because `serde_json` is larger than a whole layer of the engine where the engine is downloaded, lets
//! nobody keep half a surrogate pair or a number beyond the range, and writes numbers otherwise.

use super::Any;
use super::decimal::nearest;

/// How deeply JSON values may lie in each other.
pub(crate) const MAX_JSON_NESTING: usize = 127;

impl Any {
    /// Reads a value from JSON text. `None` if it is not JSON or nested deeper than 127.
    /// A lone surrogate in an escape becomes U+FFFD, a number beyond the range of `f64` infinite, as in JavaScript.
    pub fn from_json(text: &str) -> Option<Any> {
        // Most values of formats are this, and most readers of JSON read formats.
        let inner = text.strip_prefix('"').and_then(|text| text.strip_suffix('"'));
        if let Some(inner) = inner.filter(|inner| plain_len(inner.as_bytes()) == inner.len()) {
            return Some(Any::from(inner));
        }
        let mut reader = JsonReader { rest: text };
        let value = reader.value(MAX_JSON_NESTING)?;
        reader.skip_space();
        reader.rest.is_empty().then_some(value)
    }

    /// The value as JSON text, as JavaScript's `JSON.stringify` writes it: numbers that JSON lacks become `null`, bytes
    /// an object. What that refuses or leaves out is written, too: a `BigInt` as a number, `undefined` as `null`.
    pub fn to_json(&self) -> String {
        let mut out = String::new();
        write_value(&mut out, self);
        out
    }
}

/// What is not read yet.
struct JsonReader<'a> {
    rest: &'a str,
}

impl<'a> JsonReader<'a> {
    fn value(&mut self, depth: usize) -> Option<Any> {
        self.skip_space();
        match self.rest.as_bytes().first()? {
            b'"' => self.string().map(Any::String),
            b'[' => {
                let depth = depth.checked_sub(1)?;
                let mut values = Vec::new();
                self.members(b']', &mut |reader| {
                    values.push(reader.value(depth)?);
                    Some(())
                })?;
                Some(Any::Array(values))
            }
            b'{' => {
                let depth = depth.checked_sub(1)?;
                let mut entries = Vec::new();
                self.members(b'}', &mut |reader| {
                    let key = reader.string()?;
                    reader.skip_space();
                    reader.skip(b':')?;
                    entries.push((key, reader.value(depth)?));
                    Some(())
                })?;
                Some(Any::Object(entries))
            }
            b'-' | b'0'..=b'9' => self.number().map(Any::Number),
            b'n' => self.word("null", Any::Null),
            b't' => self.word("true", Any::Bool(true)),
            b'f' => self.word("false", Any::Bool(false)),
            _ => None,
        }
    }

    /// Reads what stands between two brackets, of which the second one is `end`.
    fn members(&mut self, end: u8, member: &mut dyn FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(1)?;
        self.skip_space();
        if self.skip(end).is_some() {
            return Some(());
        }
        loop {
            self.skip_space();
            member(self)?;
            self.skip_space();
            if self.skip(b',').is_none() {
                return self.skip(end);
            }
        }
    }

    fn string(&mut self) -> Option<Box<str>> {
        self.skip(b'"')?;
        let mut read = self.take(plain_len(self.rest.as_bytes()))?;
        if self.skip(b'"').is_some() {
            return Some(read.into());
        }
        let mut text = String::new();
        loop {
            text.push_str(read);
            if self.skip(b'"').is_some() {
                return Some(text.into());
            }
            self.skip(b'\\')?;
            text.push(self.escaped()?);
            read = self.take(plain_len(self.rest.as_bytes()))?;
        }
    }

    /// The character that an escape stands for, behind its backslash.
    fn escaped(&mut self) -> Option<char> {
        Some(match self.take(1)?.as_bytes()[0] {
            b'b' => '\u{8}',
            b'f' => '\u{c}',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            b'u' => {
                let unit = self.unit()?;
                // The other half of a pair, if it is one.
                let mut behind = JsonReader { rest: self.rest };
                let low = behind.skip(b'\\').and_then(|()| behind.skip(b'u')).and_then(|()| behind.unit());
                let mut chars = char::decode_utf16([unit].into_iter().chain(low));
                let char = chars.next()?.unwrap_or(char::REPLACEMENT_CHARACTER);
                if char.len_utf16() == 2 {
                    self.rest = behind.rest;
                }
                char
            }
            plain @ (b'"' | b'\\' | b'/') => plain.into(),
            _ => return None,
        })
    }

    /// The UTF-16 unit that four digits say.
    fn unit(&mut self) -> Option<u16> {
        let digits = self.take(4)?;
        if digits.starts_with('+') { None } else { u16::from_str_radix(digits, 16).ok() }
    }

    fn number(&mut self) -> Option<f64> {
        let is_negative = self.skip(b'-').is_some();
        let number = self.rest;
        if self.skip(b'0').is_none() {
            self.digits()?;
        }
        if self.skip(b'.').is_some() {
            self.digits()?;
        }
        let (digits, _) = number.split_at_checked(number.len() - self.rest.len())?;
        let mut exponent = 0;
        if matches!(self.rest.as_bytes().first(), Some(b'e' | b'E')) {
            self.take(1)?;
            let is_below = self.skip(b'-').is_some();
            if !is_below {
                self.skip(b'+');
            }
            // Digits, so that nothing but their number can be too large.
            let power = self.digits()?.parse().unwrap_or(i64::MAX);
            exponent = if is_below { -power } else { power };
        }
        let number = nearest(digits, exponent);
        Some(if is_negative { -number } else { number })
    }

    /// At least one digit.
    fn digits(&mut self) -> Option<&'a str> {
        let len = self.rest.bytes().take_while(u8::is_ascii_digit).count();
        self.take(len).filter(|digits| !digits.is_empty())
    }

    fn word(&mut self, word: &str, value: Any) -> Option<Any> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(value)
    }

    fn skip_space(&mut self) {
        while let Some(b' ' | b'\t' | b'\n' | b'\r') = self.rest.as_bytes().first() {
            self.take(1);
        }
    }

    fn skip(&mut self, byte: u8) -> Option<()> {
        self.rest.as_bytes().first().filter(|first| **first == byte)?;
        self.take(1).map(|_| ())
    }

    /// So many bytes; `None` if they are not there or end within a character.
    fn take(&mut self, len_bytes: usize) -> Option<&'a str> {
        let (taken, rest) = self.rest.split_at_checked(len_bytes)?;
        self.rest = rest;
        Some(taken)
    }
}

/// How many bytes come before the first one that is no plain part of a string: a quote, a backslash or a control
/// character; all of them if there is none. Eight at a time.
pub(crate) fn plain_len(text: &[u8]) -> usize {
    let (words, rest) = text.as_chunks();
    for (at, word) in words.iter().enumerate() {
        let len = plain_len_of_word(*word);
        if len < word.len() {
            return 8 * at + len;
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    8 * words.len() + rest.iter().take_while(is_plain).count()
}

/// The same of eight bytes.
#[inline(always)]
pub(crate) fn plain_len_of_word(word: [u8; 8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(word);
    // The top bit of each byte that is below a bound. A bit too many is only above the first one that is right.
    let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word;
    let is = |byte: u8| below(word ^ (ONES * u64::from(byte)), 1);
    let special = (below(word, 0x20) | is(b'"') | is(b'\\')) & ONES << 7;
    special.trailing_zeros() as usize / 8
}

fn write_value(out: &mut String, value: &Any) {
    match value {
        Any::Number(number) if !number.is_finite() => out.push_str("null"),
        Any::Undefined | Any::Null => out.push_str("null"),
        Any::Bool(_) | Any::Number(_) | Any::BigInt(_) => out.push_str(&value.to_js_string()),
        Any::String(text) => write_string(out, text),
        Any::Bytes(bytes) => {
            let members = bytes.iter().enumerate().map(|(at, byte)| format!("\"{at}\":{byte}"));
            out.push_str(&["{", &members.collect::<Vec<_>>().join(","), "}"].concat());
        }
        Any::Array(values) => {
            let mut before = '[';
            for value in values {
                out.push(before);
                write_value(out, value);
                before = ',';
            }
            out.push_str(if before == '[' { "[]" } else { "]" });
        }
        Any::Object(entries) => {
            let mut before = '{';
            for (key, value) in entries.iter().filter(|(_, value)| *value != Any::Undefined) {
                out.push(before);
                write_string(out, key);
                out.push(':');
                write_value(out, value);
                before = ',';
            }
            out.push_str(if before == '{' { "{}" } else { "}" });
        }
    }
}

fn write_string(out: &mut String, text: &str) {
    out.push('"');
    let mut rest = text;
    while let Some((plain, special)) = rest.split_at_checked(plain_len(rest.as_bytes())) {
        out.push_str(plain);
        let mut chars = special.chars();
        match chars.next() {
            None => break,
            Some('\u{8}') => out.push_str("\\b"),
            Some('\u{c}') => out.push_str("\\f"),
            Some('\n') => out.push_str("\\n"),
            Some('\r') => out.push_str("\\r"),
            Some('\t') => out.push_str("\\t"),
            Some(char @ ('"' | '\\')) => out.extend(['\\', char]),
            Some(control) => {
                let digit = |shift: u32| char::from_digit(u32::from(control) >> shift & 15, 16).unwrap_or_default();
                out.push_str("\\u00");
                out.extend([digit(4), digit(0)]);
            }
        }
        rest = chars.as_str();
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::{Any, plain_len};
    use crate::values::random::numbers;

    #[test]
    fn what_other_readers_refuse_is_read_as_javascript_reads_it() {
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
    fn the_first_byte_that_is_not_plain_is_found_at_every_place() {
        for (len, special) in (0..20).flat_map(|len| [b'"', b'\\', 0, 0x1f].map(|special| (len, special))) {
            for plain in [b'a', b' ', b'!', b'#', b'[', b']', 0x7f, 0x80, 0xa2, 0xdc, 0xff] {
                let mut text = vec![plain; len];
                assert_eq!(plain_len(&text), len);
                text.extend([special, special, b'a', special, plain, 1, plain, plain, plain]);
                assert_eq!(plain_len(&text), len, "{special} behind {len} times {plain}");
            }
        }
    }

    #[test]
    fn values_are_read_and_written_as_serde_json_does() {
        const PIECES: &[&str] = &[
            "[",
            "]",
            "{",
            "}",
            ",",
            ":",
            "\"",
            "\"",
            "\\",
            "\\u00e9",
            "\\ud83d\\ude00",
            "\\n",
            "\\/",
            "a",
            "é",
            "😀",
            " ",
            "\n",
            "null",
            "true",
            "false",
            "-",
            "0",
            "12",
            ".",
            "5",
            "e",
            "E+",
            "e-3",
            "\"a\":",
            "[1,",
            "\"b\"",
            "\u{1}",
        ];
        let mut number = numbers(5);
        let mut read = 0;
        for _ in 0..50_000 {
            let len = 1 + number(8);
            let text = (0..len).map(|_| PIECES[number(PIECES.len() as u32) as usize]).collect::<String>();
            let expected = serde_json::from_str::<Any>(&text).ok();
            let own = Any::from_json(&text);
            // What only JavaScript reads.
            let is_beyond =
                |own: &Any| own.to_js_string().contains(['\u{fffd}', 'I']) || own.to_json().contains("null");
            if expected.is_none() && own.as_ref().is_some_and(is_beyond) {
                continue;
            }
            assert_eq!(own, expected, "{text}");
            if let Some(value) = expected {
                read += 1;
                let reread = serde_json::from_str::<Any>(&value.to_json());
                assert_eq!(reread.ok(), Some(value), "{text}");
            }
        }
        assert!(read > 500, "{read}");
    }

    #[test]
    fn strings_are_written_as_serde_json_does() {
        for char in (0..0x100).chain([0x2028, 0xffff, 0x1f600]).filter_map(char::from_u32) {
            for text in [format!("{char}"), format!("seven..{char}{char}é{char}")] {
                assert_eq!(Any::from(text.as_str()).to_json(), serde_json::to_string(&text).unwrap());
            }
        }
    }
}
