//! JSON inside the format: checked where it is read, so that no client meets text that it can't parse.

use super::Reader;
use crate::values::{Error, ErrorKind, MAX_JSON_NESTING, plain_len};

/// Refuses text that [`Any::from_json`](crate::Any::from_json) does not read: what is not JSON, or is nested deeper
/// than 127. `at` is where the text ends. O(bytes); allocates nothing.
///
/// It makes no values, so that a room that builds no document is without what reads them.
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
    use super::{Reader, check_json};
    use crate::values::Any;

    fn is_json(text: &str) -> bool {
        check_json(text, &Reader::starting_at(text.as_bytes(), text.len())).is_ok()
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
