//! Fuzz target `update_v2`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| merganser_fuzz::run("update_v2", input));
