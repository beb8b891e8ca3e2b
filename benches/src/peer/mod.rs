//! The engines that are compared, behind one small face.

mod merganser;
mod yrs;

pub use self::merganser::Merganser;
pub use self::yrs::Yrs;

use crate::trace::Patch;

/// A replica with one root text. Each engine is used as its documentation tells, offsets in UTF-16 code units, garbage
/// collection as it is by default (on in both). Bad input is a mistake in the bench and panics.
pub trait Peer {
    /// How the tables call it.
    const NAME: &'static str;

    /// An empty replica of this writer.
    fn with_client(client_id: u32) -> Self;

    /// One edit in a transaction of its own.
    fn edit(&mut self, patch: &Patch);

    /// One edit in a transaction of its own, and the update that a provider would send.
    fn edit_to_update(&mut self, patch: &Patch) -> Vec<u8>;

    /// Applies an update of another replica.
    fn apply(&mut self, update: &[u8]);

    /// The whole state as one update.
    fn encode(&self) -> Vec<u8>;

    /// The text.
    fn text(&self) -> String;
}
