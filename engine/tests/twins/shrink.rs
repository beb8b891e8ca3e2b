//! Cutting a program that fails down to a small one that fails, too.

use serde_json::{Value as Json, json};

/// Takes away whatever can be taken away while the program still `fails`: halves, quarters, ... of the steps, then
/// single ops of the steps that are left.
pub fn shrink(program: &Json, fails: &mut impl FnMut(&Json) -> bool) -> Json {
    let with_steps = |steps: &[Json]| {
        let mut program = program.clone();
        program["steps"] = json!(steps);
        program
    };
    let mut steps = program["steps"].as_array().unwrap().clone();
    without_parts(&mut steps, &mut |steps| fails(&with_steps(steps)));
    for at in 0..steps.len() {
        if steps[at]["do"] != "edit" {
            continue;
        }
        let mut ops = steps[at]["ops"].as_array().unwrap().clone();
        without_parts(&mut ops, &mut |ops| {
            let mut steps = steps.clone();
            steps[at]["ops"] = json!(ops);
            fails(&with_steps(&steps))
        });
        steps[at]["ops"] = json!(ops);
    }
    with_steps(&steps)
}

/// Takes away parts of a list as long as what is left fails.
fn without_parts(list: &mut Vec<Json>, fails: &mut impl FnMut(&[Json]) -> bool) {
    let mut size = list.len().div_ceil(2).max(1);
    loop {
        let mut from = 0;
        let before = list.len();
        while from < list.len() {
            let mut rest = list.clone();
            rest.drain(from..(from + size).min(list.len()));
            match fails(&rest) {
                true => *list = rest,
                false => from += size,
            }
        }
        if size == 1 && list.len() == before {
            return;
        }
        size = (size / 2).max(1);
    }
}
