//! Rows about shared types and maps for an engine that is not in this process: what it is given, and what is to come of it.

use super::Kind;
use super::maps;
use super::types::{
    CLIENTS, INSERTED_NUMBERS, NUMBERS, PARAGRAPHS, STEPS, Work, document, formats, len, made, random_places, shown,
};
use crate::peer::{Form, Format, Merganser, Peer, Run, Types};
use serde::Serialize;

/// A row to be done elsewhere. What it doesn't need is empty. Updates are of version 1.
#[derive(Clone, Debug, Default, Serialize)]
pub struct Given {
    /// What is done, as `javascript/yjs.mjs` calls it.
    pub way: &'static str,
    /// Runs of a delta.
    pub runs: Vec<Run>,
    /// Formats, and where other edits are made.
    pub formats: Vec<Format>,
    /// Where each number is inserted.
    pub places: Vec<u32>,
    /// Keys, in the order in which they are set to 0, 1, 2.
    pub keys: Vec<String>,
    /// How many paragraphs or steps.
    pub count: u32,
    /// What is there before or is to be applied.
    pub updates: Vec<Vec<u8>>,
    /// What is to be there afterwards.
    pub expected: Vec<u8>,
}

impl Kind {
    /// This work for an engine elsewhere, if it is about shared types or maps.
    pub fn given(self) -> Option<Given> {
        match self {
            Kind::Types(work) => Some(of_types(work)),
            Kind::SetOneKey => Some(of_keys("set", maps::one_key())),
            Kind::SetKeys => Some(of_keys("set", maps::keys())),
            Kind::LoadKeys => {
                let given = of_keys("load", maps::keys());
                Some(Given { updates: vec![given.expected.clone()], ..given })
            }
            _ => None,
        }
    }
}

fn of_keys(way: &'static str, keys: Vec<String>) -> Given {
    let mut peer: Merganser = maps::with_keys(&keys).expect("it has maps");
    let expected = peer.encode(Form::Update).expect("it has updates");
    Given { way, keys, expected, ..Given::default() }
}

fn of_types(work: Work) -> Given {
    let formatted = |way, bytes| {
        let runs = document(bytes);
        let update = written(|types| types.apply_delta(&runs));
        Given { way, runs, expected: update.clone(), updates: vec![update], ..Given::default() }
    };
    let edited = |way, bytes, edit: fn(&mut dyn Types, &[Format])| {
        let given = formatted(way, bytes);
        let formats = formats(len(&given.runs));
        let expected = written(|types| {
            types.load(&given.expected);
            edit(types, &formats);
        });
        Given { formats, expected, ..given }
    };
    let numbers = |places: Vec<u32>| {
        let expected = written(|types| types.insert_numbers(&places));
        Given { way: "insertNumbers", places, expected, ..Given::default() }
    };
    let loaded =
        |expected: Vec<u8>| Given { way: "load", updates: vec![expected.clone()], expected, ..Given::default() };
    let paragraphs = || written(|types| types.append_paragraphs(PARAGRAPHS));
    let steps = |way, expected| Given { way, count: STEPS, expected, ..Given::default() };
    let typed = || written(|types| types.type_steps(STEPS));
    match work {
        Work::ApplyDelta(bytes) => Given { updates: Vec::new(), ..formatted("applyDelta", bytes) },
        Work::ToDelta(bytes) => formatted("toDelta", bytes),
        Work::LoadFormatted(bytes) => formatted("load", bytes),
        Work::EncodeFormatted(bytes) => formatted("encode", bytes),
        Work::Format(bytes) => edited("format", bytes, |types, formats| types.format(formats)),
        Work::InsertFormatted(bytes) => edited("insertFormatted", bytes, |types, formats| types.insert(formats)),
        Work::EditFormatted(bytes) => edited("edit", bytes, |types, formats| types.edit(formats)),
        Work::AppendNumbers => numbers((0..NUMBERS).collect()),
        Work::InsertNumbers => numbers(random_places(7, INSERTED_NUMBERS)),
        Work::LoadNumbers => loaded(numbers(random_places(8, NUMBERS)).expected),
        Work::AppendParagraphs => {
            Given { way: "appendParagraphs", count: PARAGRAPHS, expected: paragraphs(), ..Given::default() }
        }
        Work::LoadXml => Given { way: "loadXml", ..loaded(paragraphs()) },
        Work::TypeSteps => steps("typeSteps", typed()),
        Work::Undo => steps("undo", Vec::new()),
        Work::Redo => steps("redo", typed()),
        Work::Awareness => Given { way: "awareness", count: CLIENTS, updates: shown(), ..Given::default() },
    }
}

/// The update of a document of this engine.
fn written(make: impl FnOnce(&mut dyn Types)) -> Vec<u8> {
    made::<Merganser>(make).encode()
}
