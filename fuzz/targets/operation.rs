//! Fuzz target `operation`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| merganser_fuzz::run("operation", input));
