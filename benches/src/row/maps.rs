//! Rows about maps.

use super::Part;
use crate::peer::{Form, Peer, Supported};
use crate::replay::{READER, WRITER};
use crate::work::work;
use anyhow::ensure;

/// How many sets there are, and how many keys a map has.
pub(super) const SETS: usize = 100_000;

fn key(of: usize) -> String {
    format!("key {of}")
}

pub(super) fn with_keys<P: Peer>(keys: &[String]) -> Supported<P> {
    let mut peer = P::with_client(WRITER);
    keys.iter().zip(0..).try_for_each(|(key, value)| peer.set(key, value))?;
    Ok(peer)
}

fn is_last_there<P: Peer>(peer: &P, key: &str) -> anyhow::Result<Option<usize>> {
    ensure!(peer.value(key) == Some(SETS as u32 - 1), "the last value that was set is not there");
    Ok(None)
}

/// One key again and again.
pub(super) fn one_key() -> Vec<String> {
    vec![key(0); SETS]
}

/// Each key once.
pub(super) fn keys() -> Vec<String> {
    (0..SETS).map(key).collect()
}

pub(super) fn set_one_key<P: Peer>() -> Part {
    sets::<P>(one_key())
}

pub(super) fn set_keys<P: Peer>() -> Part {
    sets::<P>(keys())
}

fn sets<P: Peer>(keys: Vec<String>) -> Part {
    with_keys::<P>(&keys[..1])?;
    let last = keys[SETS - 1].clone();
    Ok(work(|| (), move |()| with_keys::<P>(&keys).expect("it has maps"), move |peer| is_last_there(peer, &last)))
}

pub(super) fn load<P: Peer>() -> Part {
    let keys = keys();
    let bytes = with_keys::<P::Writer>(&keys)?.encode(Form::Update)?;
    with_keys::<P>(&keys[..1])?;
    P::load(READER, Form::Update, &bytes)?;
    let last = key(SETS - 1);
    let load = move |()| {
        let peer = P::load(READER, Form::Update, &bytes).expect("it could before");
        assert!(peer.value("key 0").is_some(), "the first key is there");
        peer
    };
    Ok(work(|| (), load, move |peer| is_last_there(peer, &last)))
}
