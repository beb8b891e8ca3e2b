//! What reading takes of memory, from inputs that are made to take much. Alone in its file: it counts what this process
//! allocates.

use merganser::update::{convert_update_v2_to_v1, convert_update_v2_to_v1_within, merge_updates, validate_update};
use merganser::{ClientId, Doc, ErrorKind, Options};
use peak_alloc::PeakAlloc;

#[global_allocator]
static ALLOCATOR: PeakAlloc = PeakAlloc;

/// What some work returns, and the most bytes that it held at once.
fn peak<T>(work: impl FnOnce() -> T) -> (T, usize) {
    let before = ALLOCATOR.current_usage();
    ALLOCATOR.reset_peak_usage();
    let result = work();
    (result, ALLOCATOR.peak_usage().saturating_sub(before))
}

#[test]
fn memory_grows_with_the_bytes() {
    let structs = |count: usize, of: &[u8]| {
        let mut update = vec![1];
        merganser::lib0::write_var_uint(&mut update, count as u64);
        update.extend([5, 0]);
        (0..count).for_each(|_| update.extend_from_slice(of));
        update.push(0);
        update
    };
    let deletes = |count: usize| {
        let mut update = vec![0, 1, 5];
        merganser::lib0::write_var_uint(&mut update, count as u64);
        (0..count).for_each(|at| update.extend([(at % 100) as u8, 1]));
        update
    };
    let inputs = [
        ("GC of one unit", structs(200_000, &[0, 1])),
        ("items without text", structs(100_000, &[4, 1, 1, b't', 0])),
        ("one character each", structs(100_000, &[4, 1, 1, b't', 1, b'a'])),
        ("maps", structs(100_000, &[7, 1, 1, b't', 1])),
        ("keys", structs(100_000, &[0x28, 1, 1, b't', 1, b'k', 1, 126])),
        ("deletes", deletes(300_000)),
    ];
    for (what, update) in inputs {
        let multiple = |bytes: usize| bytes as f64 / update.len() as f64;
        let (validated, validating) = peak(|| validate_update(&update));
        let (_, merging) = peak(|| merge_updates(&[&update, &update]));
        let (_, applying) = peak(|| {
            let mut doc = Doc::new(Options::new(ClientId::from(9)));
            doc.apply_update(&update).map(|_| doc)
        });
        let [validating, merging, applying] = [validating, merging, applying].map(multiple);
        println!(
            "{what}: {validated:?}, x {validating:.0} to check, x {merging:.0} to merge, x {applying:.0} to apply"
        );
        assert!(validating < 40.0 && merging < 60.0 && applying < 200.0, "{what}");
    }
    // A few bytes of v2 that stand for as many structs as they may.
    let endless = [0x41, 0xff, 0xff, 0xff, 0x7f];
    let columns: [&[u8]; 9] = [&[], &[5], &[], &[], &[0], &[0], &[], &[], &endless];
    let mut update = vec![0];
    columns.iter().for_each(|column| merganser::lib0::write_bytes(&mut update, column));
    update.extend([1, 0xff, 0xff, 0xff, 0x7f, 0, 0]);
    let (refused, bytes) = peak(|| convert_update_v2_to_v1(&update));
    assert_eq!(refused.map_err(|error| error.kind), Err(ErrorKind::TooLarge));
    assert!(bytes < 16 << 20, "{bytes} bytes");
    let (refused, bytes) = peak(|| convert_update_v2_to_v1_within(&update, 1 << 16));
    assert_eq!(refused.map_err(|error| error.kind), Err(ErrorKind::TooLarge));
    assert!(bytes < 1 << 18, "{bytes} bytes");
}
