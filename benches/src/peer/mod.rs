//! The engines that are compared, behind one small face.

#[cfg(feature = "rivals")]
mod automerge;
#[cfg(feature = "rivals")]
mod cola;
#[cfg(feature = "rivals")]
mod diamond_types;
#[cfg(feature = "rivals")]
mod jumprope;
#[cfg(feature = "rivals")]
mod loro;
mod merganser;
mod types;
mod types_merganser;
mod types_yrs;
mod updates;
#[cfg(feature = "rivals")]
mod y_octo;
mod yrs;

#[cfg(feature = "rivals")]
pub use self::automerge::Automerge;
#[cfg(feature = "rivals")]
pub use self::cola::Cola;
#[cfg(feature = "rivals")]
pub use self::diamond_types::DiamondTypes;
#[cfg(feature = "rivals")]
pub use self::jumprope::Jumprope;
#[cfg(feature = "rivals")]
pub use self::loro::Loro;
pub use self::merganser::Merganser;
pub use self::types::{Format, Run, Types};
pub use self::types_merganser::MerganserTypes;
pub use self::types_yrs::YrsTypes;
pub use self::updates::{Frames, Updates};
#[cfg(feature = "rivals")]
pub use self::y_octo::YOcto;
pub use self::yrs::Yrs;

use crate::trace::Patch;

/// What a peer can't do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Unsupported;

/// The outcome of something that not every peer can do.
pub type Supported<T = ()> = Result<T, Unsupported>;

/// In which form a whole document is stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As one update; of Yjs' version 1 where that is spoken.
    Update,
    /// As one update of Yjs' version 2.
    UpdateV2,
    /// As what opens fastest, with the full history.
    Checkpoint,
}

/// A replica with one root text, and in some a root map. Each engine is used as its documentation tells, with offsets in
/// UTF-16 code units where it knows them and garbage collection as it is by default. Bad input is a mistake in the bench and
/// panics.
pub trait Peer: Sized + 'static {
    /// How the tables call it.
    const NAME: &'static str;

    /// The crates whose versions are told.
    const CRATES: &'static [&'static str];

    /// Whether offsets are UTF-16 code units; if not, only ASCII is given to it.
    const IS_UTF16: bool;

    /// Whether it reads and writes the bytes of Yjs.
    const IS_YJS: bool = false;

    /// Updates as it sends them.
    type Updates: Updates;

    /// Who writes what this one reads: peers that share a format are given the same bytes.
    type Writer: Peer<Updates = Self::Updates>;

    /// An empty replica of this writer.
    fn with_client(client_id: u32) -> Self;

    /// One edit in a transaction of its own.
    fn edit(&mut self, patch: &Patch);

    /// The text.
    fn text(&self) -> String;

    /// One edit in a transaction of its own; appends the update that a provider would send.
    ///
    /// # Errors
    /// A peer that sends nothing.
    fn edit_to_update(&mut self, _patch: &Patch, _out: &mut Self::Updates) -> Supported {
        Err(Unsupported)
    }

    /// Applies one update of another replica.
    ///
    /// # Errors
    /// A peer that receives nothing.
    fn apply(&mut self, _updates: &Self::Updates, _index: usize) -> Supported {
        Err(Unsupported)
    }

    /// The whole document in bytes.
    ///
    /// # Errors
    /// A peer without this form.
    fn encode(&mut self, _form: Form) -> Supported<Vec<u8>> {
        Err(Unsupported)
    }

    /// A replica out of these bytes.
    ///
    /// # Errors
    /// A peer without this form.
    fn load(_client_id: u32, _form: Form, _bytes: &[u8]) -> Supported<Self> {
        Err(Unsupported)
    }

    /// Sets a key of the map in a transaction of its own.
    ///
    /// # Errors
    /// A peer without maps.
    fn set(&mut self, _key: &str, _value: u32) -> Supported {
        Err(Unsupported)
    }

    /// The value of a key of the map.
    fn value(&self, _key: &str) -> Option<u32> {
        None
    }

    /// Joins updates without a document.
    ///
    /// # Errors
    /// A peer that can't.
    fn merge(_updates: &Self::Updates) -> Supported<Vec<u8>> {
        Err(Unsupported)
    }

    /// What of an update somebody with this state vector lacks, without a document.
    ///
    /// # Errors
    /// A peer that can't.
    fn difference(_update: &[u8], _state_vector: &[u8]) -> Supported<Vec<u8>> {
        Err(Unsupported)
    }

    /// The state vector of an update, without a document.
    ///
    /// # Errors
    /// A peer that can't.
    fn state_vector(_update: &[u8]) -> Supported<Vec<u8>> {
        Err(Unsupported)
    }

    /// An empty document with formatted text, arrays, XML and undo.
    ///
    /// # Errors
    /// A peer that is not compared in these.
    fn types() -> Supported<Box<dyn Types>> {
        Err(Unsupported)
    }
}
