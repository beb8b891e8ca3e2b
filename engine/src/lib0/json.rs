//! JSON inside the format: checked where it is read, so that no client meets text that it can't parse.

use super::Reader;
use crate::values::{Error, ErrorKind, MAX_JSON_NESTING, plain_len, plain_len_of_word};

/// Refuses text that [`Any::from_json`](crate::Any::from_json) does not read: what is not JSON, or is nested deeper
/// than 127. `at` is where the text ends. O(bytes); allocates nothing.
///
/// It makes no values, so that a room that builds no document is without what reads them.
pub fn check_json(text: &str, at: &Reader<'_>) -> Result<(), Error> {
    if is_json(text.as_bytes()) { Ok(()) } else { Err(Error::at(ErrorKind::NotJson, at.offset() - text.len())) }
}

/// Whether UTF-8 is such text.
pub(crate) fn is_json(text: &[u8]) -> bool {
    skip_whole(text).is_some()
}

/// `None` if this is not one value, with white space around it perhaps.
fn skip_whole(text: &[u8]) -> Option<()> {
    let mut rest = text;
    // Of each bracket that is open whether it is an object's, the innermost last; before them a 1.
    let mut open: u128 = 1;
    loop {
        rest = match rest {
            [b'"', behind @ ..] => skip_string(behind)?,
            [bracket @ (b'{' | b'['), behind @ ..] => {
                if open >> MAX_JSON_NESTING != 0 {
                    return None;
                }
                let is_object = *bracket == b'{';
                match (skip_space(behind), is_object) {
                    ([b'}', behind @ ..], true) | ([b']', behind @ ..], false) => behind,
                    (inner, _) => {
                        open = open << 1 | u128::from(is_object);
                        rest = if is_object { skip_key(inner)? } else { inner };
                        continue;
                    }
                }
            }
            [b'-', behind @ ..] | behind @ [b'0'..=b'9', ..] => skip_number(behind)?,
            [b' ' | b'\t' | b'\n' | b'\r', behind @ ..] => {
                rest = behind;
                continue;
            }
            word => [&b"null"[..], b"true", b"false"].iter().find_map(|known| word.strip_prefix(*known))?,
        };
        // What comes behind a value: the ends of what it is in, and perhaps another one.
        loop {
            if open == 1 {
                return skip_space(rest).is_empty().then_some(());
            }
            let is_object = open & 1 == 1;
            match rest {
                [b',', behind @ ..] => {
                    rest = if is_object { skip_key(behind)? } else { behind };
                    break;
                }
                [b'}', behind @ ..] if is_object => rest = behind,
                [b']', behind @ ..] if !is_object => rest = behind,
                [b' ' | b'\t' | b'\n' | b'\r', behind @ ..] => {
                    rest = behind;
                    continue;
                }
                _ => return None,
            }
            open >>= 1;
        }
    }
}

/// What follows a key and its colon.
#[inline(always)]
fn skip_key(text: &[u8]) -> Option<&[u8]> {
    skip_mark(skip_string(skip_mark(text, b'"')?)?, b':')
}

/// What follows a mark, behind white space perhaps.
#[inline(always)]
fn skip_mark(text: &[u8], mark: u8) -> Option<&[u8]> {
    match text {
        [first, behind @ ..] if *first == mark => Some(behind),
        _ => skip_space(text).strip_prefix(&[mark]),
    }
}

/// What follows a string that was begun. Half a surrogate pair may be escaped by itself, as in JavaScript.
#[inline(always)]
fn skip_string(text: &[u8]) -> Option<&[u8]> {
    // Keys and most values are short.
    let short = text.first_chunk().and_then(|word| text.get(plain_len_of_word(*word)..));
    match short {
        Some([b'"', behind @ ..]) => Some(behind),
        _ => skip_long_string(text),
    }
}

#[inline(never)]
fn skip_long_string(text: &[u8]) -> Option<&[u8]> {
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

#[inline]
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
