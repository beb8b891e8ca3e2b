//! Random programs of twins, a document of ours and a real Yjs document each that do the same: over all types, formatted
//! text, undo, subdocuments and snapshots, with garbage collection on and off, exchanged in both formats.
//!
//! `MERGANSER_SEED` runs one seed, `MERGANSER_RUNS` so many; see `yjs.rs` for what it needs. A program that fails is cut
//! down and written to `tests/repro_programs/`, whose files are run in each ordinary test run.

mod calls;
mod edits;
mod history;
mod notation;
mod oracle;
mod state;
mod structs;
mod twins;

use calls::Vocabulary;
use notation::{Random, runs};
use oracle::Oracle;
use serde_json::{Value as Json, json};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::PathBuf;
use twins::Run;
use twins::shrink::shrink;

fn folder() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "tests", "repro_programs"].iter().collect()
}

fn undo(random: &mut Random) -> Json {
    let timeout = if random.one_in(2) { 0 } else { 1_u64 << 40 };
    let origins = [json!([null]), json!([null, "elsewhere"]), json!(["elsewhere"])];
    json!({"timeout": timeout, "origins": origins[random.below(3) as usize]})
}

/// A program before its first step, and what its calls are made of.
fn plan(random: &mut Random, seed: u64) -> (Json, Vocabulary) {
    let objects = seed % 11 == 10;
    let vocabulary = Vocabulary { narrow: seed.is_multiple_of(3), texts: seed.is_multiple_of(2), objects };
    let count = if objects { 1 } else { 1 + random.below(4) };
    let replica = |at: u32, random: &mut Random| {
        let client = [1, 1 << 20, 1 << 40][random.below(3) as usize] + u64::from(random.below(100)) * 8 + u64::from(at);
        let undo = if !objects && random.one_in(2) { undo(random) } else { Json::Null };
        json!({"client": client, "gc": !random.one_in(3), "undo": undo})
    };
    let replicas: Vec<Json> = (0..count).map(|at| replica(at, random)).collect();
    (json!({"replicas": replicas, "loose": objects, "steps": []}), vocabulary)
}

/// Runs a random program, and writes it down as far as it gets.
fn improvise(oracle: &mut Oracle, seed: u64, program: &mut Json) {
    let random = &mut Random(seed);
    let (begun, vocabulary) = plan(random, seed);
    *program = begun;
    let mut run = Run::begin(oracle, program);
    for _ in 0..12 + random.below(40) {
        let step = run.choose(random, &vocabulary);
        program["steps"].as_array_mut().unwrap().push(step.clone());
        run.step(&step);
    }
    run.finish();
}

fn replay(oracle: &mut Oracle, program: &Json) {
    let mut run = Run::begin(oracle, program);
    program["steps"].as_array().unwrap().iter().for_each(|step| run.step(step));
    run.finish();
}

#[test]
fn twins_do_the_same() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(150) {
        println!("seed {seed}");
        let mut program = Json::Null;
        let Err(panic) = catch_unwind(AssertUnwindSafe(|| improvise(&mut oracle, seed, &mut program))) else {
            continue;
        };
        let mut fails = |program: &Json| catch_unwind(AssertUnwindSafe(|| replay(&mut oracle, program))).is_err();
        if fails(&program) {
            let small = shrink(&program, &mut fails);
            let path = folder().join(format!("seed-{seed}.json"));
            std::fs::create_dir_all(folder()).unwrap();
            std::fs::write(&path, format!("{small:#}\n")).unwrap();
            eprintln!("cut down to {} of {} steps: {}", steps(&small), steps(&program), path.display());
            replay(&mut oracle, &small);
        }
        resume_unwind(panic);
    }
}

fn steps(program: &Json) -> usize {
    program["steps"].as_array().unwrap().len()
}

#[test]
fn programs_that_once_failed_do_not_fail_again() {
    let Some(mut oracle) = Oracle::start() else { return };
    for file in std::fs::read_dir(folder()).unwrap() {
        let path = file.unwrap().path();
        println!("{}", path.display());
        replay(&mut oracle, &serde_json::from_str(&std::fs::read_to_string(&path).unwrap()).unwrap());
    }
}
