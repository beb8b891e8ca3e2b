//! Who listens, and to what.

use super::reaction::Reaction;
use crate::doc::{Doc, Transaction};
use crate::events::{Event, SubdocChanges};
use crate::store::TypeHandle;

/// Names one callback, to take it away again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Subscription(pub(super) u64);

/// The moments of a transaction's telling that a callback may wait for. (Yjs: events of `Doc`)
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    BeforeObserverCalls,
    AfterTransaction,
    AfterTransactionCleanup,
}

pub(super) type BeforeTransaction = dyn FnMut(&mut Transaction<'_>) + Send;

/// A callback that is given a number of transactions.
type Counted = dyn FnMut(&Doc, usize) + Send;

/// A callback that is given something to read.
type Call<T> = Box<dyn FnMut(&T, &mut Reaction<'_>) + Send>;

/// A callback with what it listens to.
pub(super) enum Listener {
    Type(TypeHandle, Call<Event>),
    Deep(TypeHandle, Call<[Event]>),
    Moment(Moment, Box<dyn FnMut(&mut Reaction<'_>) + Send>),
    UpdateV1(Call<[u8]>),
    UpdateV2(Call<[u8]>),
    Subdocs(Call<SubdocChanges>),
    AfterAll(Box<Counted>),
    Destroy(Box<dyn FnMut(&Doc) + Send>),
}

/// What of a transaction has to be worked out, because somebody listens to it.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Wanted {
    pub(super) events: bool,
    pub(super) update_v1: bool,
    pub(super) update_v2: bool,
}

impl Wanted {
    pub(super) fn by(listeners: &[(Subscription, Listener)]) -> Wanted {
        let any = |wants: fn(&Listener) -> bool| listeners.iter().any(|(_, listener)| wants(listener));
        Wanted {
            events: any(|of| matches!(of, Listener::Type(..) | Listener::Deep(..))),
            update_v1: any(|of| matches!(of, Listener::UpdateV1(_))),
            update_v2: any(|of| matches!(of, Listener::UpdateV2(_))),
        }
    }
}
