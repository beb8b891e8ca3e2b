//! The plain values that every other layer speaks of; they know no format and no document.

mod any;
mod decimal;
mod error;
mod id;
mod id_set;
mod js_string;
mod json;
#[cfg(test)]
pub(crate) mod random;
mod sort;
mod sorted_map;
mod state_vector;
mod steps;
pub mod utf16;

pub use any::Any;
pub use error::{Error, ErrorKind};
pub use id::{ClientId, Clock, Id};
pub use id_set::IdSet;
pub(crate) use json::{MAX_JSON_NESTING, plain_len, plain_len_of_word};
pub(crate) use sort::{sort_by_numbers, sort_by_text, sort_in_steps};
pub(crate) use sorted_map::SortedMap;
pub use state_vector::StateVector;
#[cfg(feature = "followers")]
pub(crate) use steps::Steps;
pub(crate) use steps::{Pace, at_once};
