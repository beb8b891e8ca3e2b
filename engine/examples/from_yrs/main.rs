//! A small program ported from yrs: `theirs.rs` and `ours.rs` do the same. `cargo run --example from_yrs` runs both.

mod ours;
mod theirs;

fn main() {
    let (ours, theirs) = (ours::run().unwrap(), theirs::run());
    ours.iter().for_each(|line| println!("{line}"));
    assert_eq!(ours, theirs);
}

#[test]
fn both_show_the_same() {
    main();
}
