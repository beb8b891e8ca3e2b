//! Fuzz target `state_vector`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| merganser_fuzz::run("state_vector", input));
