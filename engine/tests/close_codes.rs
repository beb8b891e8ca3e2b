//! `CLOSE_CODES.md` has every close code that the engine and the hosts have, and no other one.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

/// Numbers of four digits that follow one of these.
fn codes(text: &str, before: &[&str]) -> BTreeSet<u16> {
    let found = before.iter().flat_map(|before| text.split(before).skip(1));
    found.filter_map(|rest| rest.get(..4)?.parse().ok()).collect()
}

#[test]
fn the_table_is_whole() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the engine lies in a workspace");
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
    let table = codes(&read("engine/src/sync/CLOSE_CODES.md"), &["\n| "]);
    let mut used = codes(&read("engine/src/sync/close.rs"), &["reason("]);
    for path in [
        "bindings/durable-object/src/closes.ts",
        "bindings/server/src/document.rs",
        "bindings/server/src/outgoing.rs",
        "bindings/server/src/socket.rs",
    ] {
        used.extend(codes(&read(path), &["code: "]));
    }
    // What the platform sends.
    used.insert(1009);
    assert_eq!(table, used);
    assert!(table.len() > 20);
}
