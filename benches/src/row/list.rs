//! All rows, in the table's order, with what is to be reached.

use super::places::{self, Order};
use super::types::{self, Work};
use super::unicode::{self, Script, Way};
use super::{Curve, Kind, Row, Target, maps, without_document};
use crate::peer::Form;

const NONE: Target = Target {
    time: None,
    jumprope: None,
    yrs: None,
    twin: None,
    instructions: None,
    allocations: None,
    live_bytes: None,
    bytes: None,
};

impl Row {
    /// A row that tells of `edits` edits, with no target yet.
    fn of(name: impl Into<String>, kind: Kind, edits: usize) -> Row {
        let name = name.into();
        Row { name, kind, edits, each: false, target: NONE, curve: None, twin: None, is_long: false }
    }

    fn target(mut self, target: Target) -> Row {
        self.target = target;
        self
    }

    fn on(mut self, curve: Curve, at: usize) -> Row {
        self.curve = Some((curve, at));
        self
    }
}

/// The rows.
pub fn rows() -> Vec<Row> {
    let mut rows = sequential();
    rows.extend(concurrent());
    rows.extend(at_places());
    rows.extend(without_documents());
    rows.extend(of_maps());
    rows.extend(beyond_ascii());
    rows.extend(of_types());
    rows
}

fn sequential() -> Vec<Row> {
    let traces = [("automerge-paper", 259_778), ("sveltecomponent", 19_749), ("rustcode", 40_173)];
    let per_trace = |(name, edits): (&'static str, usize)| {
        let is_paper = name == "automerge-paper";
        // What is told of this trace alone.
        let paper = |target: Target| if is_paper { target } else { NONE };
        let pick = |paper: f64, svelte: f64, rust: f64| match name {
            "automerge-paper" => Some(paper),
            "sveltecomponent" => Some(svelte),
            _ => Some(rust),
        };
        let local = Target {
            jumprope: Some(1.0).filter(|_| is_paper),
            instructions: pick(450.0, 600.0, 650.0),
            live_bytes: Some(1.1e6).filter(|_| is_paper),
            ..NONE
        };
        let written = Target { instructions: pick(800.0, 1_000.0, 1_000.0).filter(|_| name != "rustcode"), ..NONE };
        let remote = Target {
            time: Some(16.0).filter(|_| is_paper),
            instructions: pick(700.0, 1_000.0, 1_000.0),
            allocations: Some(200.0).filter(|_| is_paper),
            ..NONE
        };
        let load = Target { time: Some(1.2), instructions: Some(8e6), allocations: Some(300.0), ..NONE };
        let encode = |time| Target { time: Some(time), allocations: Some(10.0), ..NONE };
        vec![
            Row::of(format!("local, {name}"), Kind::Local(name), edits).target(local),
            Row::of(format!("local with updates written, {name}"), Kind::LocalToUpdates(name), edits).target(written),
            Row::of(format!("remote, {name}"), Kind::Remote(name), edits).target(remote),
            Row::of(format!("load v1, {name}"), Kind::Load(name, Form::Update), 1).target(paper(load)),
            Row::of(format!("load v1 as yrs wrote it, {name}"), Kind::LoadFromYrs(name), 1).target(paper(load)),
            Row::of(format!("load v2, {name}"), Kind::Load(name, Form::UpdateV2), 1),
            Row::of(format!("open a checkpoint and edit, {name}"), Kind::Open(name), 1)
                .target(paper(Target { time: Some(0.05), ..NONE })),
            Row::of(format!("encode v1, {name}"), Kind::Encode(name, Form::Update), 1)
                .target(paper(Target { bytes: Some(223_414.0), ..encode(0.2) })),
            Row::of(format!("encode v2, {name}"), Kind::Encode(name, Form::UpdateV2), 1)
                .target(paper(Target { bytes: Some(159_921.0), ..encode(0.4) })),
            Row::of(format!("encode a checkpoint, {name}"), Kind::Encode(name, Form::Checkpoint), 1)
                .target(paper(Target { bytes: Some(100_000.0), ..NONE })),
        ]
    };
    traces.into_iter().flat_map(per_trace).collect()
}

fn concurrent() -> Vec<Row> {
    let traces = [("friendsforever", 26_078, 0.2), ("clownschool", 23_182, 0.15)];
    let per_trace = |(name, edits, load)| {
        let remote = Target { time: Some(2.0), instructions: Some(800.0), ..NONE };
        vec![
            Row::of(format!("two writers, remote, {name}"), Kind::ConcurrentRemote(name), edits).target(remote),
            Row::of(format!("two writers, load, {name}"), Kind::ConcurrentLoad(name), 1)
                .target(Target { time: Some(load), ..NONE }),
        ]
    };
    traces.into_iter().flat_map(per_trace).collect()
}

fn at_places() -> Vec<Row> {
    let pieces = [(1_000, None), (10_000, Some(2.5)), (100_000, Some(2.0)), (1_000_000, Some(2.0))];
    let mut rows: Vec<Row> = pieces
        .into_iter()
        .map(|(pieces, jumprope)| Row {
            each: true,
            ..Row::of(format!("random places, {pieces} pieces"), Kind::Places(pieces), places::edits(pieces))
                .target(Target { jumprope, ..NONE })
                .on(Curve::Pieces, pieces)
        })
        .collect();
    let most = 10_000_000;
    rows.push(Row {
        each: true,
        is_long: true,
        ..Row::of(format!("random places, {most} pieces"), Kind::Places(most), places::edits(most))
            .target(Target { time: Some(1.2), ..NONE })
            .on(Curve::Pieces, most)
    });
    for strokes in [1_000, 10_000, 100_000, 1_000_000] {
        let name = format!("load, {strokes} keystrokes");
        rows.push(Row::of(name, Kind::LoadTyped(strokes), 1).on(Curve::Load, strokes));
    }
    for (clients, time) in [(250, None), (1_000, Some(1.0)), (4_000, Some(5.0))] {
        let name = format!("crowd of {clients}, random order");
        let row = Row::of(name, Kind::Crowd(clients, Order::Random), clients);
        rows.push(row.target(Target { time, ..NONE }).on(Curve::Crowd, clients));
    }
    for (order, words) in [(Order::Ascending, "ascending"), (Order::MixedRightOrigins, "mixed right origins")] {
        rows.push(Row::of(format!("crowd of 1000, {words}"), Kind::Crowd(1_000, order), 1_000));
    }
    let prepends = Target { time: Some(2.0), instructions: Some(1_100.0), live_bytes: Some(1.7e6), ..NONE };
    rows.push(Row::of("prepends in turn, remote", Kind::Prepends(20_000), 20_000).target(prepends));
    rows
}

fn without_documents() -> Vec<Row> {
    let updates = without_document::KEYSTROKES;
    let merge =
        Target { time: Some(2.0), instructions: Some(10e6), allocations: Some(100.0), bytes: Some(12_000.0), ..NONE };
    let name = format!("merge {updates} updates, no document");
    vec![
        Row::of(name, Kind::Merge, 1).target(merge),
        Row::of("difference of that", Kind::Difference, 1).target(Target { instructions: Some(1e6), ..NONE }),
        Row::of("state vector of that", Kind::StateVector, 1).target(Target { instructions: Some(0.8e6), ..NONE }),
    ]
}

fn of_maps() -> Vec<Row> {
    let sets = maps::SETS;
    let time = |time| Target { time: Some(time), ..NONE };
    vec![
        Row::of(format!("map, {sets} sets of one key"), Kind::SetOneKey, sets).target(time(8.0)),
        Row::of(format!("map, {sets} keys set"), Kind::SetKeys, sets).target(time(15.0)),
        Row::of(format!("map, load {sets} keys"), Kind::LoadKeys, sets)
            .target(Target { live_bytes: Some(100.0 * sets as f64), ..time(15.0) }),
    ]
}

fn beyond_ascii() -> Vec<Row> {
    let ways = [
        ("typed", Way::Typed, unicode::KEYSTROKES),
        ("received", Way::Received, unicode::KEYSTROKES),
        ("loaded", Way::Loaded, 1),
        ("long block edited", Way::Block, unicode::BLOCK_EDITS),
    ];
    let pair = |(words, way, edits)| {
        let name = format!("ASCII twin, {words}");
        let twin = Row::of(name.clone(), Kind::Unicode(Script::Ascii, way), edits);
        let row = Row::of(format!("emoji and CJK, {words}"), Kind::Unicode(Script::Mixed, way), edits);
        [twin, Row { twin: Some(name), ..row.target(Target { twin: Some(2.0), ..NONE }) }]
    };
    ways.into_iter().flat_map(pair).collect()
}

fn of_types() -> Vec<Row> {
    let megabyte = 1_000_000;
    let edits = types::EDITS;
    let of =
        |name: String, work, edits| Row::of(name, Kind::Types(work), edits).target(Target { yrs: Some(10.0), ..NONE });
    let (numbers, inserted, steps) = (types::NUMBERS, types::INSERTED_NUMBERS, types::STEPS);
    let (paragraphs, clients) = (types::PARAGRAPHS, types::CLIENTS);
    let mut rows = Vec::new();
    for (size, bytes) in [("100 KB", megabyte / 10), ("1 MB", megabyte)] {
        rows.extend([
            of(format!("formatted {size}, delta applied"), Work::ApplyDelta(bytes), 1),
            of(format!("formatted {size}, delta read"), Work::ToDelta(bytes), 1),
            of(format!("formatted {size}, load"), Work::LoadFormatted(bytes), 1),
            of(format!("formatted {size}, encode"), Work::EncodeFormatted(bytes), 1),
            of(format!("formatted {size}, {edits} formats"), Work::Format(bytes), edits),
            of(format!("formatted {size}, {edits} inserts"), Work::InsertFormatted(bytes), edits),
            of(format!("formatted {size}, {edits} edits"), Work::EditFormatted(bytes), edits),
        ]);
    }
    rows.extend([
        of(format!("array, {numbers} appended"), Work::AppendNumbers, numbers as usize),
        of(format!("array, {inserted} at random places"), Work::InsertNumbers, inserted as usize),
        of(format!("array, load {numbers}"), Work::LoadNumbers, 1),
        of(format!("XML, {paragraphs} paragraphs appended"), Work::AppendParagraphs, paragraphs as usize),
        of(format!("XML, load {paragraphs} paragraphs and write"), Work::LoadXml, 1),
        of(format!("undo, {steps} steps typed"), Work::TypeSteps, steps as usize),
        of(format!("undo, {steps} steps"), Work::Undo, steps as usize),
        of(format!("redo, {steps} steps"), Work::Redo, steps as usize),
        of(format!("awareness of {clients} clients"), Work::Awareness, clients as usize),
    ]);
    rows
}
