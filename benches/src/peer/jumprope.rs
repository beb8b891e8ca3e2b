//! `jumprope`, a rope and nothing else: the yardstick for how fast text can be edited at all.

use super::{Frames, Peer};
use crate::trace::Patch;
use jumprope::JumpRope;

/// A rope.
pub struct Jumprope(JumpRope);

impl Peer for Jumprope {
    const NAME: &'static str = "jumprope (rope only)";
    const CRATES: &'static [&'static str] = &["jumprope"];
    const IS_UTF16: bool = false;
    type Updates = Frames;
    type Writer = Jumprope;

    fn with_client(_client_id: u32) -> Jumprope {
        Jumprope(JumpRope::new())
    }

    fn edit(&mut self, patch: &Patch) {
        let at = patch.position as usize;
        if patch.deleted > 0 {
            self.0.remove(at..at + patch.deleted as usize);
        }
        if !patch.inserted.is_empty() {
            self.0.insert(at, &patch.inserted);
        }
    }

    fn text(&self) -> String {
        self.0.to_string()
    }
}
