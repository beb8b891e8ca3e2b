//! The bodies of the fuzz targets: functions of bytes that panic where a promise is broken. `fuzz/` runs them on
//! invented bytes, `repro.rs` on the files in `repro/`.

mod decoders;
#[path = "../exported/mod.rs"]
mod exported;
mod replicas;
mod rooms;
mod rows;
#[path = "../structs/mod.rs"]
mod structs;

/// The body of a target.
pub type Target = fn(&[u8]);

/// Name and body of every target.
pub const TARGETS: &[(&str, Target)] = &[
    ("update", decoders::update),
    ("update_v2", decoders::update_v2),
    ("state_vector", decoders::state_vector),
    ("delete_set", decoders::delete_set),
    ("position", decoders::position),
    ("snapshot", decoders::snapshot),
    ("any", decoders::any),
    ("json", decoders::json),
    ("merge", decoders::merge),
    ("diff", decoders::diff),
    ("message", decoders::message),
    ("operation", decoders::operation),
    ("awareness", decoders::awareness),
    ("envelope", rows::envelope),
    ("records", rows::records),
    ("journal", rows::journal),
    ("archive_file", rows::archive_file),
    ("pages", rows::pages),
    ("stored", rooms::stored),
    ("room", rooms::room),
    ("apply", replicas::apply),
    ("program", replicas::program),
    ("checkpoint", replicas::checkpoint),
];

/// Runs one target.
#[allow(dead_code, reason = "the fuzz targets are named one by one")]
pub fn run(name: &str, input: &[u8]) {
    let (_, target) = TARGETS.iter().find(|(known, _)| *known == name).expect("a target of this name");
    target(input);
}

/// Bytes that are taken apart from the front.
struct Script<'a>(&'a [u8]);

impl<'a> Script<'a> {
    /// The next byte; `None` at the end.
    fn byte(&mut self) -> Option<u8> {
        let (first, rest) = self.0.split_first()?;
        self.0 = rest;
        Some(*first)
    }

    /// A number below `limit`, 0 at the end.
    fn below(&mut self, limit: u32) -> u32 {
        u32::from(self.byte().unwrap_or(0)) % limit.max(1)
    }

    /// A piece behind its length (two bytes, little-endian), or all that is left.
    fn piece(&mut self) -> Option<&'a [u8]> {
        let low = self.byte()?;
        let len = usize::from(low) | usize::from(self.byte().unwrap_or(0)) << 8;
        let (piece, rest) = self.0.split_at(len.min(self.0.len()));
        self.0 = rest;
        Some(piece)
    }

    /// All pieces, up to a number that keeps a run short.
    fn pieces(&mut self) -> Vec<&'a [u8]> {
        core::iter::from_fn(|| self.piece()).take(16).collect()
    }
}
