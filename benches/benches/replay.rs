//! Criterion: trace replay, encode and load, Merganser and yrs side by side.

use criterion::{BenchmarkGroup, Criterion, SamplingMode, criterion_group, criterion_main, measurement::WallTime};
use merganser_benches::peer::{Form, Frames, Merganser, Peer, Yrs};
use merganser_benches::replay;
use merganser_benches::trace::{self, Trace};
use std::time::Duration;

const TRACES: [&str; 5] = ["automerge-paper", "rustcode", "sveltecomponent", "seph-blog1", "friendsforever_flat"];

/// A local replay of yrs takes seconds: at criterion's least number of samples that is minutes, and a smaller trace
/// says the same.
const EDITS_THAT_YRS_TYPES: usize = 50_000;

fn benches(criterion: &mut Criterion) {
    let Some(folder) = trace::folder() else { return };
    for name in TRACES {
        let trace = Trace::read(&folder, name).expect("a trace of the data set");
        let mut group = criterion.benchmark_group(name);
        group.sample_size(10).sampling_mode(SamplingMode::Flat);
        group.warm_up_time(Duration::from_millis(200)).measurement_time(Duration::from_secs(2));
        if trace.patches.len() <= EDITS_THAT_YRS_TYPES {
            local::<Yrs>(&mut group, &trace);
        }
        local::<Merganser>(&mut group, &trace);
        let updates = replay::updates::<Merganser>(&trace.patches).expect("updates");
        let mut merged: Merganser = replay::remote(&updates).expect("a document");
        let state = merged.encode(Form::Update).expect("an update");
        received::<Yrs>(&mut group, &updates, &state);
        received::<Merganser>(&mut group, &updates, &state);
        group.finish();
    }
}

fn local<P: Peer>(group: &mut BenchmarkGroup<'_, WallTime>, trace: &Trace) {
    group.bench_function(format!("local/{}", P::NAME), |bencher| {
        bencher.iter_with_large_drop(|| replay::local::<P>(&trace.patches));
    });
    group.bench_function(format!("local to updates/{}", P::NAME), |bencher| {
        bencher.iter_with_large_drop(|| replay::local_to_updates::<P>(&trace.patches));
    });
}

fn received<P: Peer<Updates = Frames>>(group: &mut BenchmarkGroup<'_, WallTime>, updates: &Frames, state: &[u8]) {
    group.bench_function(format!("remote one by one/{}", P::NAME), |bencher| {
        bencher.iter_with_large_drop(|| replay::remote::<P>(updates));
    });
    group.bench_function(format!("load/{}", P::NAME), |bencher| {
        bencher.iter_with_large_drop(|| P::load(replay::READER, Form::Update, state));
    });
    let mut peer = P::load(replay::READER, Form::Update, state).expect("a document");
    group.bench_function(format!("encode/{}", P::NAME), |bencher| bencher.iter(|| peer.encode(Form::Update)));
}

criterion_group!(replays, benches);
criterion_main!(replays);
