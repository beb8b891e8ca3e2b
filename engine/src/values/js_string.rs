//! Values as JavaScript's `String(value)` shows them: XML in Yjs prints attributes that way.

use super::Any;
use super::decimal::shortest;

impl Any {
    /// The value as JavaScript makes a string of it.
    pub fn to_js_string(&self) -> String {
        match self {
            Any::Undefined => "undefined".into(),
            Any::Null => "null".into(),
            Any::Bool(value) => value.to_string(),
            Any::Number(value) => number(*value),
            Any::BigInt(value) => value.to_string(),
            Any::String(value) => value.to_string(),
            Any::Bytes(bytes) => bytes.iter().map(u8::to_string).collect::<Vec<_>>().join(","),
            Any::Array(values) => {
                let shown = |value: &Any| match value {
                    Any::Undefined | Any::Null => String::new(),
                    other => other.to_js_string(),
                };
                values.iter().map(shown).collect::<Vec<_>>().join(",")
            }
            Any::Object(_) => "[object Object]".into(),
        }
    }
}

/// ECMAScript `Number::toString`: the shortest digits that read back as the same number.
fn number(value: f64) -> String {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if value.is_nan() {
        return "NaN".into();
    }
    if value.is_infinite() {
        return if value > 0.0 { "Infinity" } else { "-Infinity" }.into();
    }
    if value.fract() == 0.0 && value.abs() < EXACT {
        return (value as i64).to_string();
    }
    let (digits, point) = shortest(value.abs());
    let count = digits.len() as i32;
    let zeros = |n: i32| "0".repeat(n as usize);
    let shown = if count <= point && point <= 21 {
        format!("{digits}{}", zeros(point - count))
    } else if 0 < point && point <= 21 {
        format!("{}.{}", &digits[..point as usize], &digits[point as usize..])
    } else if -6 < point && point <= 0 {
        format!("0.{}{digits}", zeros(-point))
    } else {
        let sign = if point > 0 { '+' } else { '-' };
        let power = (point - 1).abs();
        let (first, rest) = digits.split_at(1);
        let rest = if rest.is_empty() { String::new() } else { format!(".{rest}") };
        format!("{first}{rest}e{sign}{power}")
    };
    if value < 0.0 { format!("-{shown}") } else { shown }
}
