//! Rows of the editing traces: typed, received, loaded and encoded.

use super::{Part, same};
use crate::concurrent::ConcurrentTrace;
use crate::peer::{Form, Peer, Unsupported, Yrs};
use crate::replay::{self, READER};
use crate::trace::{Patch, Trace};
use crate::work::{Work, work};
use std::hint::black_box;
use std::rc::Rc;

pub(super) fn local<P: Peer>(trace: Rc<Trace>) -> Box<dyn Work> {
    let end = trace.end.clone();
    work(|| (), move |()| replay::local::<P>(&trace.patches), move |peer| same(&peer.text(), &end).map(|()| None))
}

pub(super) fn local_to_updates<P: Peer>(trace: Rc<Trace>) -> Part {
    replay::local_to_updates::<P>(&trace.patches[..1])?;
    let end = trace.end.clone();
    Ok(work(
        || (),
        move |()| replay::local_to_updates::<P>(&trace.patches).expect("it could before"),
        move |peer| same(&peer.text(), &end).map(|()| None),
    ))
}

pub(super) fn remote<P: Peer>(trace: &Trace) -> Part {
    received::<P>(replay::updates::<P::Writer>(&trace.patches)?, trace.end.clone())
}

/// Updates applied to an empty replica, which then has this text.
pub(super) fn received<P: Peer>(updates: P::Updates, end: String) -> Part {
    replay::remote::<P>(&P::Updates::default())?;
    Ok(work(
        || (),
        move |()| replay::remote::<P>(&updates).expect("it can receive"),
        move |peer| same(&peer.text(), &end).map(|()| None),
    ))
}

pub(super) fn load<P: Peer>(trace: &Trace, form: Form) -> Part {
    let bytes = replay::local::<P::Writer>(&trace.patches).encode(form)?;
    loaded::<P>(bytes, form, trace.end.clone())
}

/// A whole document loaded and its text read. The text is not kept: what stays on the heap is the document.
pub(super) fn loaded<P: Peer>(bytes: Vec<u8>, form: Form, end: String) -> Part {
    P::load(READER, form, &bytes)?;
    let load = move |()| {
        let peer = P::load(READER, form, &bytes).expect("it could before");
        black_box(peer.text());
        peer
    };
    Ok(work(|| (), load, move |peer| same(&peer.text(), &end).map(|()| None)))
}

pub(super) fn load_from_yrs<P: Peer>(trace: &Trace) -> Part {
    if !P::IS_YJS {
        return Err(Unsupported);
    }
    let updates = replay::updates::<<Yrs as Peer>::Writer>(&trace.patches)?;
    let bytes = replay::remote::<Yrs>(&updates)?.encode(Form::Update)?;
    loaded::<P>(bytes, Form::Update, trace.end.clone())
}

pub(super) fn open<P: Peer>(trace: &Trace) -> Part {
    let update = replay::local::<P::Writer>(&trace.patches).encode(Form::Update)?;
    let bytes = P::load(READER, Form::Update, &update)?.encode(Form::Checkpoint)?;
    let end = format!("{}!", trace.end);
    let patch = Patch { position: trace.end.len() as u32, deleted: 0, inserted: "!".into() };
    P::load(READER, Form::Checkpoint, &bytes)?;
    let open = move |()| {
        let mut peer = P::load(READER, Form::Checkpoint, &bytes).expect("it could before");
        peer.edit(&patch);
        peer
    };
    Ok(work(|| (), open, move |peer| same(&peer.text(), &end).map(|()| None)))
}

/// A document that was loaded just before: nothing that a peer may keep of an encoding is there yet.
pub(super) fn encode<P: Peer>(trace: &Trace, form: Form) -> Part {
    let bytes = replay::local::<P::Writer>(&trace.patches).encode(Form::Update)?;
    P::load(READER, Form::Update, &bytes)?.encode(form)?;
    let end = trace.end.clone();
    Ok(work(
        move || P::load(READER, Form::Update, &bytes).expect("it could before"),
        move |mut peer| {
            let bytes = peer.encode(form).expect("it could before");
            (peer, bytes)
        },
        move |(_, bytes)| {
            let peer = P::load(READER, form, bytes).expect("what it wrote");
            same(&peer.text(), &end).map(|()| Some(bytes.len()))
        },
    ))
}

pub(super) fn concurrent_remote<P: Peer>(trace: &ConcurrentTrace) -> Part {
    received::<P>(trace.updates::<P::Writer>()?, trace.end.clone())
}

pub(super) fn concurrent_load<P: Peer>(trace: &ConcurrentTrace) -> Part {
    let bytes = replay::remote::<P::Writer>(&trace.updates::<P::Writer>()?)?.encode(Form::Update)?;
    loaded::<P>(bytes, Form::Update, trace.end.clone())
}
