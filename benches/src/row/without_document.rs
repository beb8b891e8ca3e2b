//! Rows about updates alone: 10,000 keystrokes joined, and what is asked of the outcome.

use super::{Part, same};
use crate::peer::{Form, Peer, Updates};
use crate::replay::{self, READER, WRITER};
use crate::trace::{Patch, Trace};
use crate::work::work;
use anyhow::ensure;

/// How many updates are joined.
pub(super) const KEYSTROKES: usize = 10_000;

/// The first keystrokes of a trace, each of one character as its edits are.
fn keystrokes(trace: &Trace) -> &[Patch] {
    &trace.patches[..KEYSTROKES]
}

pub(super) fn merge<P: Peer>(trace: &Trace) -> Part {
    P::merge(&replay::updates::<P::Writer>(&trace.patches[..1])?)?;
    let updates = replay::updates::<P::Writer>(keystrokes(trace))?;
    let text = replay::remote::<P>(&updates)?.text();
    Ok(work(
        || (),
        move |()| P::merge(&updates).expect("it could before"),
        move |merged| {
            let peer = P::load(READER, Form::Update, merged).expect("what it wrote");
            same(&peer.text(), &text).map(|()| Some(merged.len()))
        },
    ))
}

/// What somebody lacks who has the first half.
pub(super) fn difference<P: Peer>(trace: &Trace) -> Part {
    let updates = replay::updates::<P::Writer>(keystrokes(trace))?;
    let merged = P::merge(&updates)?;
    let text = replay::remote::<P>(&updates)?.text();
    let half = replay::updates::<P::Writer>(&trace.patches[..KEYSTROKES / 2])?;
    let half_merged = P::merge(&half)?;
    let known = P::state_vector(&half_merged)?;
    P::difference(&merged, &known)?;
    Ok(work(
        || (),
        move |()| P::difference(&merged, &known).expect("it could before"),
        move |difference| {
            let mut both = P::load(READER, Form::Update, &half_merged).expect("what it wrote");
            let difference_alone = P::Updates::of_bytes(difference).expect("it is in bytes");
            both.apply(&difference_alone, 0).expect("it can receive");
            same(&both.text(), &text).map(|()| Some(difference.len()))
        },
    ))
}

pub(super) fn state_vector<P: Peer>(trace: &Trace) -> Part {
    let merged = P::merge(&replay::updates::<P::Writer>(keystrokes(trace))?)?;
    P::state_vector(&merged)?;
    Ok(work(
        || (),
        move |()| P::state_vector(&merged).expect("it could before"),
        // One client, and its clock: one byte each but for the clock, which is beyond 16,383 for no trace of 10,000.
        move |vector| {
            ensure!(vector.len() == 4 && vector[..2] == [1, WRITER as u8], "not the state vector of one writer");
            Ok(Some(vector.len()))
        },
    ))
}
