//! Writes what fuzzing begins with, `corpus/<target>/`, out of the conformance cases, and runs the targets on it.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use merganser::{ClientId, Doc, Options};
use serde_json::Value;
use std::io::Read;
use std::path::Path;

/// Longest seed, in bytes: short ones are mutated better.
const LONGEST: usize = 4096;
/// Most seeds of one target.
const MOST: usize = 300;

fn cases(file: &str) -> Vec<Value> {
    let path = format!("{}/../engine/tests/conformance/{file}.jsonl.gz", env!("CARGO_MANIFEST_DIR"));
    let mut text = String::new();
    flate2::read::GzDecoder::new(std::fs::File::open(path).unwrap()).read_to_string(&mut text).unwrap();
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

fn bytes(field: &Value) -> Vec<u8> {
    STANDARD.decode(field.as_str().unwrap_or_default()).unwrap()
}

fn list(field: &Value) -> Vec<Vec<u8>> {
    field.as_array().into_iter().flatten().map(bytes).collect()
}

/// Pieces behind their lengths, as the targets take them apart.
fn pieces(pieces: &[Vec<u8>]) -> Vec<u8> {
    pieces.iter().flat_map(|piece| [&(piece.len() as u16).to_le_bytes()[..], piece].concat()).collect()
}

fn seeds(target: &str) -> Vec<Vec<u8>> {
    let (replay, merge) = (cases("replay"), cases("merge"));
    let updates = || replay.iter().chain(&merge).map(|case| list(&case["updates"]));
    let hostile = |of: &str| -> Vec<Vec<u8>> {
        cases("hostile").iter().filter(|case| case["target"] == of).map(|case| bytes(&case["input"])).collect()
    };
    let messages = || cases("sync").into_iter().flat_map(|case| list(&case["messages"]));
    let presence = || {
        cases("awareness").into_iter().map(|case| {
            let steps = case["steps"].as_array().unwrap().iter();
            steps.map(|step| bytes(&step["update"])).filter(|update| !update.is_empty()).collect::<Vec<_>>()
        })
    };
    match target {
        "update" => updates().flatten().chain(hostile("applyV1")).collect(),
        "update_v2" => {
            let converted = merge.iter().flat_map(|case| list(&case["expect"]["updatesV2"]));
            converted.chain(hostile("applyV2")).chain(hostile("convertV2")).collect()
        }
        "state_vector" => merge.iter().flat_map(|case| list(&case["svs"])).chain(hostile("stateVector")).collect(),
        "delete_set" => updates().flatten().filter(|update| update[0] == 0).map(|of| of[1..].to_vec()).collect(),
        "position" => {
            let created = |case: &Value| case["expect"]["created"].as_array().cloned().unwrap_or_default();
            let made = cases("relpos").into_iter().flat_map(|case| created(&case));
            made.map(|made| bytes(&made["bytes"])).chain(hostile("relpos")).collect()
        }
        "snapshot" => {
            let taken = cases("snapshot").into_iter().flat_map(|case| {
                let snapshots = case["expect"]["snapshots"].as_array().cloned().unwrap_or_default();
                snapshots.iter().flat_map(|taken| [bytes(&taken["v1"]), bytes(&taken["v2"])]).collect::<Vec<_>>()
            });
            // One that fits the document of the target.
            let fits = [1, 1, 2, 2, 3, 11, 1, 1, 1, 13];
            taken.chain(hostile("snapshotV1")).chain(hostile("snapshotV2")).chain([fits.to_vec()]).collect()
        }
        "any" => vec![vec![118, 1, 1, b'k', 117, 3, 125, 65, 123, 0, 0, 0, 0, 0, 0, 240, 63, 119, 1, b'a']],
        "json" => vec![br#"{"k":[1,-0.5e3,1e999,"\ud83d\ude00\ud800",null,true]}"#.to_vec()],
        "merge" => updates().map(|of| pieces(&of)).collect(),
        "diff" => merge
            .iter()
            .map(|case| [pieces(&list(&case["svs"])[..1]), bytes(&case["expect"]["merged"])].concat())
            .collect(),
        "message" => messages().collect(),
        "operation" => Vec::new(),
        "awareness" => presence().map(|of| pieces(&of)).collect(),
        "pages" | "apply" => updates().map(|of| [vec![0], pieces(&of)].concat()).collect(),
        "checkpoint" => updates()
            .map(|of| {
                let mut doc = Doc::new(Options::new(ClientId::from(1)));
                // Some wait for what is not in the case.
                of.iter().for_each(|update| drop(doc.apply_update(update)));
                let checkpoint = doc.checkpoint();
                [&[0], &checkpoint[..checkpoint.len() - 8]].concat()
            })
            .collect(),
        "room" => cases("sync")
            .iter()
            .map(|case| {
                let init = [vec![15], pieces(&[bytes(&case["init"])])].concat();
                let rest = list(&case["messages"]);
                let rest = rest.into_iter().enumerate().flat_map(|(at, of)| {
                    [vec![6 + 16 * (at as u8 % 2)], pieces(&[of]), vec![[3, 5, 0][at % 3]]].concat()
                });
                [vec![0, 0, 0], init].concat().into_iter().chain(rest).collect()
            })
            .chain(updates().enumerate().map(|(at, of)| {
                let rest = of.into_iter().flat_map(|of| [vec![15], pieces(&[of])].concat());
                [at as u8 % 2, 0, 0].into_iter().chain(rest).collect()
            }))
            .collect(),
        _ => (1..40u32)
            .map(|seed| (0..600u32).map(|at| (at.wrapping_mul(seed * 48_271 + 7) >> 7) as u8).collect())
            .collect(),
    }
}

fn main() {
    let corpus = Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in merganser_fuzz::TARGETS {
        let folder = corpus.join(name);
        std::fs::create_dir_all(&folder).unwrap();
        let all = seeds(name);
        let step = all.len().div_ceil(MOST).max(1);
        let mut count = 0;
        for seed in all.iter().filter(|seed| seed.len() <= LONGEST).step_by(step) {
            std::fs::write(folder.join(format!("seed-{count:03}")), seed).unwrap();
            count += 1;
            target(seed);
        }
        println!("{name}: {count} seeds");
    }
}
