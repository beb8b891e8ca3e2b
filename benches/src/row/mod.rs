//! The rows of the table: what is worked on, and what each figure is to reach.

mod elsewhere;
mod list;
mod maps;
mod places;
mod random_text;
mod traces;
mod types;
mod unicode;
mod without_document;

pub use self::elsewhere::Given;
pub use self::list::rows;
pub use self::places::Order;

use crate::concurrent::ConcurrentTrace;
use crate::peer::{Form, Peer, Supported};
use crate::trace::Trace;
use crate::work::Work;
use anyhow::Result;
use std::cell::RefCell;
use std::collections::HashMap;
use std::path::PathBuf;
use std::rc::Rc;
use std::time::Duration;

/// What a figure is to reach.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Target {
    /// Time, in the unit of the row.
    pub time: Option<f64>,
    /// So many times jumprope's time in the same run.
    pub jumprope: Option<f64>,
    /// So many times faster than yrs.
    pub yrs: Option<f64>,
    /// So many times the time of the row of this name.
    pub twin: Option<f64>,
    /// Instructions, for each edit where time is told of all.
    pub instructions: Option<f64>,
    /// Allocations in all.
    pub allocations: Option<f64>,
    /// Bytes on the heap afterwards.
    pub live_bytes: Option<f64>,
    /// Bytes that come out.
    pub bytes: Option<f64>,
}

/// A peer's part in a row, if it can do it.
pub type Part = Supported<Box<dyn Work>>;

/// A point of a growth curve.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Curve {
    /// Random places, by pieces.
    Pieces,
    /// Loading, by keystrokes.
    Load,
    /// Many at one place, by clients.
    Crowd,
}

/// A row.
pub struct Row {
    /// What the table and the command line call it.
    pub name: String,
    /// The work.
    pub kind: Kind,
    /// How many edits are measured: instructions are told for each.
    pub edits: usize,
    /// Whether time is told for each edit, in microseconds, and not for all, in milliseconds.
    pub each: bool,
    /// What is to be reached.
    pub target: Target,
    /// The curve it is a point of, and where.
    pub curve: Option<(Curve, usize)>,
    /// The row without which this one says little.
    pub twin: Option<String>,
    /// Whether it is only done when it is asked for by name.
    pub is_long: bool,
}

/// What is worked on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A trace typed.
    Local(&'static str),
    /// A trace typed, and the update of each edit written.
    LocalToUpdates(&'static str),
    /// The updates of a trace applied one by one.
    Remote(&'static str),
    /// A trace's document loaded and its text read.
    Load(&'static str, Form),
    /// The same, out of the bytes that yrs writes.
    LoadFromYrs(&'static str),
    /// A trace's document opened and edited once.
    Open(&'static str),
    /// A trace's document encoded.
    Encode(&'static str, Form),
    /// A trace of two writers, its updates applied one by one.
    ConcurrentRemote(&'static str),
    /// A trace of two writers, its document loaded.
    ConcurrentLoad(&'static str),
    /// Edits at random places of a text in so many pieces.
    Places(usize),
    /// A made-up typed text of so many keystrokes, loaded.
    LoadTyped(usize),
    /// So many clients that type at one place.
    Crowd(usize, Order),
    /// Two users who write at the beginning in turn.
    Prepends(usize),
    /// Updates joined without a document.
    Merge,
    /// The difference of these.
    Difference,
    /// The state vector of these.
    StateVector,
    /// One key set again and again.
    SetOneKey,
    /// Keys set once each.
    SetKeys,
    /// A map of these keys loaded.
    LoadKeys,
    /// Made-up typing, in emoji and CJK or in ASCII.
    Unicode(unicode::Script, unicode::Way),
    /// Formatted text, arrays, XML, undo, awareness.
    Types(types::Work),
}

/// Beyond it a peer is stopped, and in a row that takes minutes.
const LIMIT: Duration = Duration::from_secs(15);
const LONG_LIMIT: Duration = Duration::from_secs(60);

impl Row {
    /// How long a peer may take by the clock, with what it prepares.
    pub fn limit(&self) -> Duration {
        if self.is_long { LONG_LIMIT } else { LIMIT }
    }
}

/// Where the traces are, and those that were read already.
pub struct Inputs {
    folder: PathBuf,
    traces: RefCell<HashMap<String, Rc<Trace>>>,
}

impl Inputs {
    /// Of the traces in this folder.
    pub fn new(folder: PathBuf) -> Inputs {
        Inputs { folder, traces: RefCell::default() }
    }

    fn trace(&self, name: &str) -> Result<Rc<Trace>> {
        if let Some(trace) = self.traces.borrow().get(name) {
            return Ok(trace.clone());
        }
        let trace = Rc::new(Trace::read(&self.folder, name)?);
        self.traces.borrow_mut().insert(name.to_owned(), trace.clone());
        Ok(trace)
    }

    fn concurrent(&self, name: &str) -> Result<ConcurrentTrace> {
        ConcurrentTrace::read(&self.folder, name)
    }
}

impl Kind {
    /// A peer's part in it, with all that is needed before.
    ///
    /// # Errors
    /// Traces that can't be read; inside, a peer that can't do it.
    pub fn work<P: Peer>(self, inputs: &Inputs) -> Result<Part> {
        Ok(match self {
            Kind::Local(name) => Ok(traces::local::<P>(inputs.trace(name)?)),
            Kind::LocalToUpdates(name) => traces::local_to_updates::<P>(inputs.trace(name)?),
            Kind::Remote(name) => traces::remote::<P>(&*inputs.trace(name)?),
            Kind::Load(name, form) => traces::load::<P>(&*inputs.trace(name)?, form),
            Kind::LoadFromYrs(name) => traces::load_from_yrs::<P>(&*inputs.trace(name)?),
            Kind::Open(name) => traces::open::<P>(&*inputs.trace(name)?),
            Kind::Encode(name, form) => traces::encode::<P>(&*inputs.trace(name)?, form),
            Kind::ConcurrentRemote(name) => traces::concurrent_remote::<P>(&inputs.concurrent(name)?),
            Kind::ConcurrentLoad(name) => traces::concurrent_load::<P>(&inputs.concurrent(name)?),
            Kind::Places(pieces) => Ok(places::random::<P>(pieces)),
            Kind::LoadTyped(strokes) => random_text::load::<P>(strokes),
            Kind::Crowd(clients, order) => places::crowd::<P>(clients, order),
            Kind::Prepends(count) => places::prepends::<P>(count),
            Kind::Merge => without_document::merge::<P>(&*inputs.trace("automerge-paper")?),
            Kind::Difference => without_document::difference::<P>(&*inputs.trace("automerge-paper")?),
            Kind::StateVector => without_document::state_vector::<P>(&*inputs.trace("automerge-paper")?),
            Kind::SetOneKey => maps::set_one_key::<P>(),
            Kind::SetKeys => maps::set_keys::<P>(),
            Kind::LoadKeys => maps::load::<P>(),
            Kind::Unicode(script, way) => unicode::work::<P>(script, way),
            Kind::Types(of) => types::work::<P>(of),
        })
    }
}

/// Whether a text is the one that is expected.
fn same(text: &str, expected: &str) -> Result<()> {
    anyhow::ensure!(text == expected, "the text ends otherwise than it should");
    Ok(())
}
