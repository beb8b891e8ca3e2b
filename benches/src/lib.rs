//! Benches and load commands.
