//! The peers as a list.

use crate::peer::{Automerge, Cola, DiamondTypes, Jumprope, Loro, Merganser, Peer, YOcto, Yrs};
use crate::row::{Inputs, Kind, Part};
use anyhow::Result;

/// A peer as a value.
#[derive(Clone, Copy)]
pub struct Contender {
    /// How the tables call it.
    pub name: &'static str,
    crates: &'static [&'static str],
    work: fn(Kind, &Inputs) -> Result<Part>,
}

/// All of them, ours first.
pub fn contenders() -> [Contender; 8] {
    [
        contender::<Merganser>(),
        contender::<Yrs>(),
        contender::<YOcto>(),
        contender::<Cola>(),
        contender::<DiamondTypes>(),
        contender::<Loro>(),
        contender::<Automerge>(),
        contender::<Jumprope>(),
    ]
}

fn contender<P: Peer>() -> Contender {
    Contender { name: P::NAME, crates: P::CRATES, work: |kind, inputs| kind.work::<P>(inputs) }
}

impl Contender {
    /// Its part in a row.
    ///
    /// # Errors
    /// See [`Kind::work`].
    pub fn work(&self, kind: Kind, inputs: &Inputs) -> Result<Part> {
        (self.work)(kind, inputs)
    }

    /// Whether it is the engine of this repository.
    pub fn is_ours(&self) -> bool {
        self.name == Merganser::NAME
    }

    /// Its crates with the versions that were built.
    pub fn versions(&self) -> String {
        let crates = self.crates.iter().map(|name| format!("{name} {}", version(name)));
        crates.collect::<Vec<_>>().join(" + ")
    }
}

/// A crate's version in the lock file.
fn version(of: &str) -> &'static str {
    let lock = include_str!("../../../Cargo.lock");
    let (_, behind) = lock.split_once(&format!("\nname = \"{of}\"\nversion = \"")).unwrap_or_default();
    behind.split('"').next().unwrap_or_default()
}
