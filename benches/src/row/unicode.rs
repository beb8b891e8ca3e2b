//! Rows about text that is not ASCII, each beside a twin with the same edits in ASCII.

use super::traces::{loaded, received};
use super::{Part, same};
use crate::peer::{Form, Peer, Unsupported};
use crate::replay::{self, WRITER};
use crate::trace::Patch;
use merganser_instructions::random::Random;

/// What is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Script {
    /// CJK, emoji and a few words between.
    Mixed,
    /// As many letters as the other has UTF-16 units.
    Ascii,
}

/// How.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// Typed.
    Typed,
    /// Received, keystroke by keystroke.
    Received,
    /// Loaded after it was typed.
    Loaded,
    /// One block of 300,000 units, edited at 2,000 random places.
    Block,
}

/// Keystrokes of the made-up trace.
pub(super) const KEYSTROKES: usize = 50_000;

/// Edits of the block.
pub(super) const BLOCK_EDITS: usize = 2_000;

const BLOCK_UNITS: usize = 300_000;

const CHARACTERS: [char; 16] = [
    '\u{9d28}',
    '\u{6c34}',
    '\u{9ce5}',
    '\u{5ddd}',
    '\u{3042}',
    '\u{306e}',
    '\u{30ab}',
    '\u{d55c}',
    '\u{1f986}',
    '\u{1f41f}',
    '\u{1f30a}',
    '\u{e9}',
    'd',
    'u',
    'k',
    ' ',
];

/// The text as it is typed, character by character, and the edits.
struct Typing {
    random: Random,
    text: Vec<char>,
    script: Script,
    edits: Vec<Patch>,
}

impl Typing {
    fn new(script: Script) -> Typing {
        Typing { random: Random::new(6), text: Vec::new(), script, edits: Vec::new() }
    }

    fn character(&mut self) -> char {
        CHARACTERS[self.random.below(16) as usize]
    }

    /// A character in the script that is asked for.
    fn written(&self, character: char) -> String {
        match self.script {
            Script::Mixed => character.to_string(),
            Script::Ascii => "d".repeat(character.len_utf16()),
        }
    }

    fn units(&self, characters: usize) -> u32 {
        self.text[..characters].iter().map(|character| character.len_utf16() as u32).sum()
    }

    fn end(&self) -> String {
        self.text.iter().map(|character| self.written(*character)).collect()
    }
}

/// Typing with about one jump in 20 and one deletion in 6. `unit` is where the cursor is in UTF-16 units.
fn typed(script: Script) -> Typing {
    let mut typing = Typing::new(script);
    let (mut cursor, mut unit) = (0, 0);
    for _ in 0..KEYSTROKES {
        if typing.random.below(20) == 0 {
            cursor = typing.random.below(typing.text.len() as u32 + 1) as usize;
            unit = typing.units(cursor);
        }
        if cursor > 0 && typing.random.below(6) == 0 {
            cursor -= 1;
            let deleted = typing.text.remove(cursor).len_utf16() as u32;
            unit -= deleted;
            typing.edits.push(Patch { position: unit, deleted, inserted: String::new() });
        } else {
            let character = typing.character();
            typing.text.insert(cursor, character);
            let inserted = typing.written(character);
            typing.edits.push(Patch { position: unit, deleted: 0, inserted });
            cursor += 1;
            unit += character.len_utf16() as u32;
        }
    }
    typing
}

/// One long insert, then characters at random places.
fn block(script: Script) -> Typing {
    let mut typing = Typing::new(script);
    let mut units = 0;
    while units < BLOCK_UNITS {
        let character = typing.character();
        units += character.len_utf16();
        typing.text.push(character);
    }
    typing.edits.push(Patch { position: 0, deleted: 0, inserted: typing.end() });
    for _ in 0..BLOCK_EDITS {
        let at = typing.random.below(typing.text.len() as u32 + 1) as usize;
        let (position, character) = (typing.units(at), typing.character());
        typing.text.insert(at, character);
        let inserted = typing.written(character);
        typing.edits.push(Patch { position, deleted: 0, inserted });
    }
    typing
}

pub(super) fn work<P: Peer>(script: Script, way: Way) -> Part {
    if !P::IS_UTF16 && script == Script::Mixed {
        return Err(Unsupported);
    }
    let typing = if way == Way::Block { block(script) } else { typed(script) };
    let (end, mut edits) = (typing.end(), typing.edits);
    match way {
        Way::Typed => Ok(crate::work::work(
            || (),
            move |()| replay::local::<P>(&edits),
            move |peer| same(&peer.text(), &end).map(|()| None),
        )),
        Way::Received => received::<P>(replay::updates::<P::Writer>(&edits)?, end),
        Way::Loaded => {
            let bytes = replay::local::<P::Writer>(&edits).encode(Form::Update)?;
            loaded::<P>(bytes, Form::Update, end)
        }
        Way::Block => {
            let later = edits.split_off(1);
            Ok(crate::work::work(
                move || {
                    let mut peer = P::with_client(WRITER);
                    peer.edit(&edits[0]);
                    peer
                },
                move |mut peer| {
                    later.iter().for_each(|patch| peer.edit(patch));
                    peer
                },
                move |peer| same(&peer.text(), &end).map(|()| None),
            ))
        }
    }
}
