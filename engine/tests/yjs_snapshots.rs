//! Random programs on a document of ours and one of real Yjs: snapshots are the same bytes, and both read the same at
//! them and between them.

mod edits;
mod history;
mod notation;
mod oracle;
mod pair;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edits::How;
use merganser::Snapshot;
use notation::{Random, bytes, runs};
use oracle::Oracle;
use pair::Pair;
use serde_json::json;

fn compare(pair: &mut Pair<'_>, snapshot: Option<&Snapshot>, previous: Option<&Snapshot>) {
    pair.both(|both, oracle, types| both.compare_at(oracle, types, snapshot, previous));
}

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    let how = How { splits: seed % 8 == 7, narrow: seed.is_multiple_of(3), undoes: false };
    let gc = random.one_in(4);
    let mut pair = Pair::begin(oracle, gc, how);
    let mut snapshots: Vec<Snapshot> = vec![Snapshot::default()];
    let mut updates: Vec<Vec<u8>> = Vec::new();
    for _ in 0..6 {
        updates.extend(pair.edit(random));
        let taken = pair.ask(json!({"do": "snapshot"}));
        let snapshot = pair.ours.snapshot();
        assert_eq!(snapshot.encode_v1(), bytes(&taken["v1"]));
        assert_eq!(snapshot.encode_v2(), bytes(&taken["v2"]));
        assert_eq!(Snapshot::decode_v2(&bytes(&taken["v2"])).as_ref(), Ok(&snapshot));
        snapshots.push(snapshot);
        for _ in 0..3 {
            let mut any = || random.below(snapshots.len() as u32 + 2) as usize;
            let (snapshot, previous) = (any(), any());
            compare(&mut pair, snapshots.get(snapshot), snapshots.get(previous));
        }
        // The deletes of one time with the writing of another, as editors mix them.
        let mut any = || &snapshots[random.below(snapshots.len() as u32) as usize];
        let mixed = Snapshot::new(any().state_vector().clone(), any().delete_set().clone());
        compare(&mut pair, Some(&mixed), None);
    }
    for snapshot in &snapshots {
        if !gc {
            pair.both(|both, oracle, _| both.compare_restored(oracle, snapshot));
        }
        let encoded: Vec<String> = updates.iter().map(|update| STANDARD.encode(update)).collect();
        let request = json!({"do": "contains", "snapshot": STANDARD.encode(snapshot.encode_v1()), "updates": encoded});
        let ours: Vec<bool> = updates.iter().map(|update| snapshot.contains_update(update).unwrap()).collect();
        assert_eq!(json!(ours), pair.ask(request)["contains"]);
    }
}

#[test]
fn both_engines_read_the_same_at_snapshots() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(40) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}
