//! Fuzz target `checkpoint`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| merganser_fuzz::run("checkpoint", input));
