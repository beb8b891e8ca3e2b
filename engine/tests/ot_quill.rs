//! Random deltas beside quill-delta in Node: the same results of every verb.
//!
//! `MERGANSER_RUNS` says how many (thousands at a time), `MERGANSER_SEED` where to begin.

mod notation;
mod oracle;
mod ot_deltas;

use merganser::ot::Delta;
use notation::{Random, runs};
use oracle::Oracle;
use ot_deltas::{Plan, change, content};
use serde_json::{Value as Json, json};

const CASES: usize = 1_000;

fn plan(random: &mut Random, most: u32) -> Vec<Plan> {
    let count = random.below(most);
    (0..count).map(|_| (random.below(256) as u8, random.below(256) as u8, random.below(256) as u8)).collect()
}

/// A content, two changes of it, one that follows the first, another content.
struct Case {
    doc: Delta,
    a: Delta,
    b: Delta,
    next: Delta,
    doc2: Delta,
    positions: Vec<u32>,
}

fn case(random: &mut Random) -> Case {
    let plain = random.one_in(3);
    let doc = content(&plan(random, 14), plain);
    let a = change(&plan(random, 12), &doc, plain);
    let b = change(&plan(random, 12), &doc, plain);
    let next = change(&plan(random, 12), &doc.compose(&a).unwrap(), plain);
    let doc2 = content(&plan(random, 14), plain);
    let positions = (0..3).map(|_| random.below(doc.len() as u32 + 2)).collect();
    Case { doc, a, b, next, doc2, positions }
}

fn compare(seed: u64, of: &Case, answer: &Json) {
    let Case { doc, a, b, next, doc2, positions } = of;
    let with_a = doc.compose(a).unwrap();
    let inverted = a.invert(doc).unwrap();
    for (name, found) in [
        ("docA", &with_a),
        ("aThenNext", &a.compose(next).unwrap()),
        ("transformFirst", &b.transform(a, true)),
        ("transformSecond", &b.transform(a, false)),
        ("transformAB", &a.transform(b, true)),
        ("transformAB2", &a.transform(b, false)),
        ("inverted", &inverted),
        ("undone", &with_a.compose(&inverted).unwrap()),
    ] {
        found.assert_invariants();
        let expected: Delta = serde_json::from_value(answer[name].clone()).unwrap();
        assert!(*found == expected, "seed {seed}, {name}: {}, not {}\n{a:?}\n{b:?}", json!(found), answer[name]);
    }
    let moved: Json =
        positions.iter().map(|at| json!([a.transform_position(*at, true), a.transform_position(*at, false)])).collect();
    assert_eq!(moved, answer["positions"], "seed {seed}");
    assert_eq!((json!(a.len()), json!(a.change_len())), (answer["length"].clone(), answer["changeLength"].clone()));
    assert_eq!(doc.compose(&doc.diff(doc2).unwrap()).unwrap(), *doc2, "seed {seed}");
}

#[test]
fn random_deltas_behave_as_quills() {
    let Some(mut oracle) = Oracle::start() else { return };
    let seeds = runs(10);
    let count = (seeds.end - seeds.start) * CASES as u64;
    for seed in seeds {
        let mut random = Random(seed);
        let cases: Vec<Case> = (0..CASES).map(|_| case(&mut random)).collect();
        let asked =
            |of: &Case| json!({"doc": of.doc, "a": of.a, "b": of.b, "next": of.next, "positions": of.positions});
        let answer = oracle.ask(json!({"do": "deltas", "cases": cases.iter().map(asked).collect::<Vec<_>>()}));
        for (case, answer) in cases.iter().zip(answer["answers"].as_array().unwrap()) {
            compare(seed, case, answer);
        }
    }
    println!("{count} cases");
}
