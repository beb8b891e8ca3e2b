//! Contents and changes for tests of operational transformation, made out of plain numbers: so they can be drawn by a
//! generator, and shrunk.
#![allow(dead_code, reason = "each test file uses a part of it")]

use merganser::Any;
use merganser::ot::{Attributes, Delta, Op};

/// One step: what is done, how far, and with what.
pub type Plan = (u8, u8, u8);

const TEXTS: [&str; 8] =
    ["a", "duck", "\u{1f986}", "\u{e9}t\u{e9}", "\u{65e5}\u{672c}", "\n", "x\u{1f469}\u{200d}\u{1f680}y", "b"];

/// A set of attributes; with `nulls` some take something away.
pub fn attributes(number: u8, nulls: bool) -> Attributes {
    let value = |bits: u8| match bits & 3 {
        0 => None,
        1 => Some(Any::Bool(true)),
        2 if nulls => Some(Any::Null),
        2 => Some(Any::Number(2.5)),
        _ => Some(Any::Object(vec![("n".into(), Any::Number(1.0))])),
    };
    let keys = ["bold", "colour", "link"].into_iter().zip([number, number >> 2, number >> 4]);
    keys.filter_map(|(key, bits)| Some((key.into(), value(bits)?))).collect()
}

fn push_insert(delta: &mut Delta, what: u8, formats: u8, plain: bool) {
    let attributes = if plain { Attributes::NONE } else { attributes(formats, false) };
    match what % 10 {
        // (Not a plain 0: quill-delta's `invert` doesn't take that for an insert.)
        8 | 9 if !plain => {
            delta.embed(Any::Object(vec![("image".into(), Any::from(u32::from(what % 3)))]), &attributes)
        }
        at => delta.insert(TEXTS[at as usize % TEXTS.len()], &attributes),
    }
}

/// A content.
pub fn content(plan: &[Plan], plain: bool) -> Delta {
    let mut content = Delta::new();
    plan.iter().for_each(|(what, _, formats)| push_insert(&mut content, *what, *formats, plain));
    content
}

/// The lengths of the characters and embeds of a content, in UTF-16 code units.
pub fn units(content: &Delta) -> Vec<u32> {
    let units = |op: Op<'_>| match op {
        Op::Insert { text, .. } => text.chars().map(|char| char.len_utf16() as u32).collect(),
        op => vec![op.units()],
    };
    content.ops().flat_map(units).collect()
}

/// A change of a content that fits it and cuts no pair.
pub fn change(plan: &[Plan], base: &Delta, plain: bool) -> Delta {
    let units = units(base);
    let mut at = 0;
    let mut change = Delta::new();
    for (what, far, formats) in plan {
        let end = (at + 1 + *far as usize % 5).min(units.len());
        let passed: u32 = units[at..end].iter().sum();
        match what % 4 {
            0 => push_insert(&mut change, *far, *formats, plain),
            1 => {
                change.delete(passed);
                at = end;
            }
            2 if !plain => {
                change.retain(passed, &attributes(*formats, true));
                at = end;
            }
            _ => {
                change.retain(passed, &Attributes::NONE);
                at = end;
            }
        }
    }
    change.chop();
    change
}
