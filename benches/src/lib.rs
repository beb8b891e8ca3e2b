//! What the benches and commands of this crate share: traces, the engines compared, and how they are measured.
//!
//! - `cargo bench -p merganser-benches`: criterion, for comparing two states of the code;
//! - `--bin table`: figures against `yrs` in one run, written to `RESULTS.md`;
//! - `--bin rich`: formatted text against `yrs` in one run, written to `RICH_TEXT.md`;
//! - `--bin load`: a native server against the reference server.
//!
//! The traces are third-party data (github.com/josephg/editing-traces) and not in this repository: the environment
//! variable `MERGANSER_TRACES` names the folder that has them, with its files in `sequential/`.

pub mod allocator;
pub mod load;
pub mod measure;
pub mod peer;
pub mod replay;
pub mod report;
pub mod rich;
pub mod trace;

/// The Rust code in the README is compiled and run with the documentation's tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
