//! Fuzz targets: their bodies are those that `engine/tests/repro.rs` runs on kept inputs.

#[path = "../../engine/tests/targets/mod.rs"]
mod targets;

pub use targets::{TARGETS, run};
