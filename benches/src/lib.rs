//! What the benches and commands of this crate share: traces, the engines compared, and how they are measured.
//!
//! - `cargo bench -p merganser-benches`: criterion, for comparing two states of the code;
//! - `--features rivals --bin table -- speed | instructions | memory`: every row of work by every engine, written to
//!   `results/`;
//! - `--bin yjs`: Yjs in Node in the rows about formats, arrays, XML, undo, awareness and maps, written to `results/`;
//! - `--bin ot`: operational transformation, written to `results/`;
//! - `--bin documents`: large documents for the measurements of the Durable Object host, which start it themselves;
//! - `--bin load`: a native server against the reference server;
//! - `javascript/`: the engine as WebAssembly beside Yjs and ywasm, in Node and in workerd, written to `results/`;
//! - the crate in `instructions/`: instruction counts of made-up work, compared with committed ones by `./test`.
//!
//! The traces are third-party data (github.com/josephg/editing-traces) and not in this repository: the environment
//! variable `MERGANSER_TRACES` names the folder that has them, with its files in `sequential/` and `concurrent/`.
//!
//! The engines that are compared are in [`peer`]. All but yrs take minutes to compile; they, and the table that needs them,
//! are behind the feature `rivals`.

pub mod allocator;
pub mod concurrent;
pub mod load;
pub mod measure;
pub mod peer;
pub mod replay;
pub mod report;
pub mod row;
#[cfg(feature = "rivals")]
pub mod table;
pub mod trace;
pub mod work;

/// The Rust code in the README is compiled and run with the documentation's tests.
#[cfg(doctest)]
#[doc = include_str!("../../README.md")]
pub struct Readme;
