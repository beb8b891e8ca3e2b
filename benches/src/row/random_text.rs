//! Made-up typing of any length, for the curve of loading by size.

use super::Part;
use super::traces::loaded;
use crate::peer::{Form, Peer};
use crate::replay;
use crate::trace::Patch;
use jumprope::JumpRope;
use merganser_instructions::random::Random;

/// So many keystrokes with about one jump in 20 and one deletion in 6.
fn keystrokes(count: usize) -> Vec<Patch> {
    let mut random = Random::new(5);
    let (mut len, mut cursor) = (0, 0);
    let mut one = || {
        if random.below(20) == 0 {
            cursor = random.below(len + 1);
        }
        if cursor > 0 && random.below(6) == 0 {
            (cursor, len) = (cursor - 1, len - 1);
            return Patch { position: cursor, deleted: 1, inserted: String::new() };
        }
        (cursor, len) = (cursor + 1, len + 1);
        Patch { position: cursor - 1, deleted: 0, inserted: char::from(b'a' + random.below(26) as u8).to_string() }
    };
    (0..count).map(|_| one()).collect()
}

pub(super) fn load<P: Peer>(strokes: usize) -> Part {
    let patches = keystrokes(strokes);
    let mut rope = JumpRope::new();
    for patch in &patches {
        let at = patch.position as usize;
        rope.replace(at..at + patch.deleted as usize, &patch.inserted);
    }
    let bytes = replay::local::<P::Writer>(&patches).encode(Form::Update)?;
    loaded::<P>(bytes, Form::Update, rope.to_string())
}
