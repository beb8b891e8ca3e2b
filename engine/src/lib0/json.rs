//! JSON inside the format: checked where it is read, so that no client meets text that it can't parse.

use super::Reader;
use crate::values::{Error, ErrorKind};

/// How deeply JSON values may lie in each other.
pub(crate) const MAX_JSON_NESTING: usize = 127;

/// Refuses text that [`Any::from_json`](crate::Any::from_json) does not read: what is not JSON, or is nested deeper
/// than 127. `at` is where the text ends. O(bytes); allocates nothing.
///
/// It is code of our own because a check by serde_json either converts every number, which is a seventh of the room as
/// a download, or counts no depth.
pub fn check_json(text: &str, at: &Reader<'_>) -> Result<(), Error> {
    let is_json = skip_value(text.as_bytes(), MAX_JSON_NESTING).is_some_and(|rest| skip_space(rest).is_empty());
    if is_json { Ok(()) } else { Err(Error::at(ErrorKind::NotJson, at.offset() - text.len())) }
}

/// What follows the value that `text` begins with, behind white space perhaps; `None` if that is no JSON.
fn skip_value(text: &[u8], depth: usize) -> Option<&[u8]> {
    match skip_space(text) {
        [b'"', rest @ ..] => skip_string(rest),
        [b'[', rest @ ..] => skip_members(rest, b']', depth.checked_sub(1)?),
        [b'{', rest @ ..] => skip_members(rest, b'}', depth.checked_sub(1)?),
        [b'-', rest @ ..] | rest @ [b'0'..=b'9', ..] => skip_number(rest),
        word => [&b"null"[..], b"true", b"false"].iter().find_map(|known| word.strip_prefix(*known)),
    }
}

/// What follows a list or an object that was begun, and ends with `end`.
fn skip_members(text: &[u8], end: u8, depth: usize) -> Option<&[u8]> {
    let mut rest = skip_space(text);
    if rest.first() == Some(&end) {
        return Some(&rest[1..]);
    }
    loop {
        if end == b'}' {
            rest = skip_string(skip_space(rest).strip_prefix(b"\"")?)?;
            rest = skip_space(rest).strip_prefix(b":")?;
        }
        let (next, behind) = skip_space(skip_value(rest, depth)?).split_first()?;
        match *next {
            b',' => rest = behind,
            next if next == end => return Some(behind),
            _ => return None,
        }
    }
}

/// What follows a string that was begun. Half a surrogate pair may be escaped by itself, as in JavaScript.
fn skip_string(text: &[u8]) -> Option<&[u8]> {
    let mut rest = text;
    loop {
        rest = match rest.get(plain_len(rest)..)? {
            [b'"', behind @ ..] => return Some(behind),
            [b'\\', b'u', digits_and_more @ ..] => {
                let (digits, behind) = digits_and_more.split_at_checked(4)?;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(behind)?
            }
            [b'\\', b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't', behind @ ..] => behind,
            _ => return None,
        };
    }
}

/// How many bytes come before the first one that is no plain part of a string: a quote, a backslash or a control
/// character; all of them if there is none. Eight at a time.
fn plain_len(text: &[u8]) -> usize {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let (words, rest) = text.as_chunks();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The top bit of each byte that is below a bound. A bit too many is only above the first one that is right.
        let below = |word: u64, bound: u64| word.wrapping_sub(ONES * bound) & !word & ONES << 7;
        let found =
            below(word, 0x20) | below(word ^ (ONES * u64::from(b'"')), 1) | below(word ^ (ONES * u64::from(b'\\')), 1);
        if found != 0 {
            return 8 * at + found.trailing_zeros() as usize / 8;
        }
    }
    let is_plain = |byte: &&u8| !matches!(byte, b'"' | b'\\' | 0..0x20);
    8 * words.len() + rest.iter().take_while(is_plain).count()
}

/// What follows a number that stands here without its sign.
fn skip_number(text: &[u8]) -> Option<&[u8]> {
    let mut rest = match text {
        [b'0', rest @ ..] => rest,
        _ => skip_digits(text)?,
    };
    if let [b'.', fraction @ ..] = rest {
        rest = skip_digits(fraction)?;
    }
    if let [b'e' | b'E', exponent @ ..] = rest {
        rest = skip_digits(if let [b'+' | b'-', digits @ ..] = exponent { digits } else { exponent })?;
    }
    Some(rest)
}

/// What follows the digits, at least one.
fn skip_digits(text: &[u8]) -> Option<&[u8]> {
    let count = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
    if count > 0 { text.get(count..) } else { None }
}

fn skip_space(text: &[u8]) -> &[u8] {
    if text.first().is_some_and(|first| *first > b' ') {
        return text;
    }
    let count = text.iter().take_while(|byte| matches!(byte, b' ' | b'\t' | b'\n' | b'\r')).count();
    &text[count..]
}

#[cfg(test)]
mod tests {
    use super::{Reader, check_json, plain_len};
    use crate::values::Any;

    fn is_json(text: &str) -> bool {
        check_json(text, &Reader::starting_at(text.as_bytes(), text.len())).is_ok()
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
    fn what_is_json_is_read_and_nothing_else() {
        let json = [
            "null",
            " true\n",
            "\tfalse\r",
            "0",
            "-0",
            "10",
            "1.50",
            "-2e3",
            "2E+3",
            "2.5e-3",
            "1e999",
            "-1e999",
            "\"\"",
            r#""\"\\\/\b\f\n\r\t\u00e9 é""#,
            r#""\ud800""#,
            r#""\udc00\ud800x""#,
            "[]",
            "[ ]",
            "[1,[2] , {}]",
            "{}",
            "{ }",
            r#"{"":1}"#,
            r#" { "a" : [ ] , "a" : "]" } "#,
        ];
        let other = [
            "",
            " ",
            "nul",
            "nulll",
            "True",
            "undefined",
            "NaN",
            "Infinity",
            "+1",
            "01",
            "-",
            "-a",
            "1.",
            ".5",
            "1.e3",
            "1e",
            "1e+",
            "0x10",
            "1 2",
            "\"",
            "\"a",
            "'a'",
            "\"\\\"",
            "\"\\x\"",
            "\"\\u12\"",
            "\"\\u12g4\"",
            "\"\\u+123\"",
            "\"\n\"",
            "\"\u{1}\"",
            "[",
            "]",
            "[1",
            "[1,]",
            "[,1]",
            "[1 2]",
            "[1}",
            "{",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{1:1}",
            "{\"a\" 1}",
            "{\"a\":1]",
            "\u{feff}1",
            "1\u{a0}",
            "[1]]",
            "//\n1",
        ];
        for (text, expected) in json.iter().map(|text| (text, true)).chain(other.iter().map(|text| (text, false))) {
            assert_eq!(is_json(text), expected, "{text:?}");
            assert_eq!(Any::from_json(text).is_some(), expected, "{text:?}");
        }
        for depth in 120..136 {
            for (open, close) in [("[", "]"), ("{\"[\":", "}"), ("[{\"\":", "}]")] {
                let text = open.repeat(depth) + "1" + &close.repeat(depth);
                assert_eq!(is_json(&text), depth * close.len() <= 127, "{depth} times {open}");
                assert_eq!(Any::from_json(&text).is_some(), is_json(&text), "{depth} times {open}");
            }
        }
    }
}
