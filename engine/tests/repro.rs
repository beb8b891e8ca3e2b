//! Runs every fuzz target on the inputs that once broke it: the files in `repro/<target>/`.

mod targets;

use std::collections::BTreeSet;
use std::panic::catch_unwind;
use std::path::{Path, PathBuf};

fn entries(folder: &Path) -> Vec<PathBuf> {
    let read = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = read.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

#[test]
fn what_once_broke_a_target_does_not_break_it_again() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/repro");
    let known: BTreeSet<&str> = targets::TARGETS.iter().map(|(name, _)| *name).collect();
    let mut broken = Vec::new();
    let mut count = 0;
    for target in entries(&folder) {
        let name = target.file_name().unwrap().to_str().unwrap();
        assert!(known.contains(name), "there is no target {name}");
        for file in entries(&target) {
            let input = std::fs::read(&file).unwrap();
            count += 1;
            if catch_unwind(|| targets::run(name, &input)).is_err() {
                broken.push(file);
            }
        }
    }
    assert!(count > 0, "no inputs in {}", folder.display());
    assert!(broken.is_empty(), "{} of {count}: {broken:#?}", broken.len());
}

#[test]
fn targets_stand_nothing_and_noise() {
    let noise: Vec<u8> = (0..2_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 13) as u8).collect();
    for (_, target) in targets::TARGETS {
        target(&[]);
        for start in (0..noise.len()).step_by(97) {
            target(&noise[start..]);
        }
    }
}
