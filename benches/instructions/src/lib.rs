//! Instructions counted by callgrind: free of noise, so that a slow-down is seen the day it lands.
//!
//! - [`callgrind`] counts what a program does inside of [`callgrind::measured`];
//! - [`workload`] has made-up work on the engine;
//! - [`process`] ends what takes too long;
//! - [`figures`] compares counts with those that are committed.

pub mod callgrind;
pub mod figures;
pub mod process;
pub mod random;
pub mod workload;
