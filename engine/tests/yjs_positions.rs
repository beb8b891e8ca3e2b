//! Random programs on a document of ours and one of real Yjs: relative positions are the same bytes and JSON, and are
//! found at the same places after edits on both sides.

mod edits;
mod history;
mod notation;
mod oracle;
mod pair;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use edits::How;
use merganser::{RelativePosition, Value};
use notation::{Random, any, bytes, runs};
use oracle::Oracle;
use pair::Pair;
use serde_json::{Value as Json, json};

/// Positions at random places of every type, most of them on existing units.
fn make(pair: &mut Pair<'_>, types: &[(Json, Value)], random: &mut Random) -> Vec<Vec<u8>> {
    let mut places: Vec<(&Value, Json)> = Vec::new();
    for (path, of) in types {
        if matches!(of, Value::Text(_) | Value::XmlText(_)) || random.one_in(2) {
            let assoc = [0, -1, 1, -7][random.below(4) as usize];
            places.push((of, json!({"path": path, "index": random.below(12), "assoc": assoc})));
        }
    }
    let asked: Vec<&Json> = places.iter().map(|(_, place)| place).collect();
    let answer = pair.ask(json!({"do": "positions", "make": asked, "find": []}));
    let made = places.iter().zip(answer["made"].as_array().unwrap()).map(|((of, place), theirs)| {
        let index = place["index"].as_u64().unwrap() as u32;
        let assoc = place["assoc"].as_i64().unwrap() as i32;
        let ours = RelativePosition::at(&pair.ours, (*of).clone(), index, assoc).unwrap();
        assert_eq!(ours.encode(), bytes(&theirs["bytes"]), "bytes of {place}");
        assert_eq!(any(&ours.to_json()), theirs["json"], "JSON of {place}");
        ours.encode()
    });
    made.collect()
}

fn check(pair: &mut Pair<'_>, types: &[(Json, Value)], positions: &[Vec<u8>]) {
    let asked: Vec<String> = positions.iter().map(|position| STANDARD.encode(position)).collect();
    let answer = pair.ask(json!({"do": "positions", "make": [], "find": asked}));
    for (position, theirs) in positions.iter().zip(answer["found"].as_array().unwrap()) {
        let position = RelativePosition::decode(position).unwrap();
        let ours = position.to_absolute(&pair.ours).map_or(Json::Null, |found| {
            let path = types.iter().find(|(_, of)| *of == found.of).map(|(path, _)| path);
            json!({"index": found.index, "assoc": found.assoc, "path": path})
        });
        assert_eq!(ours, *theirs, "{position:?}");
    }
}

fn run(oracle: &mut Oracle, seed: u64) {
    let random = &mut Random(seed);
    let how = How { splits: seed % 8 == 7, narrow: seed.is_multiple_of(3), undoes: false };
    let gc = random.one_in(2);
    let mut pair = Pair::begin(oracle, gc, how);
    let mut positions = Vec::new();
    for _ in 0..8 {
        pair.edit(random);
        let types = pair.types();
        check(&mut pair, &types, &positions);
        positions.extend(make(&mut pair, &types, random));
        check(&mut pair, &types, &positions);
    }
}

#[test]
fn positions_are_found_where_yjs_finds_them() {
    let Some(mut oracle) = Oracle::start() else { return };
    for seed in runs(40) {
        println!("seed {seed}");
        run(&mut oracle, seed);
    }
}
