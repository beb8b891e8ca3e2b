//! Fuzz target `archive_file`.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| merganser_fuzz::run("archive_file", input));
