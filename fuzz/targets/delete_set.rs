//! Fuzz target `delete_set`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| merganser_fuzz::run("delete_set", input));
