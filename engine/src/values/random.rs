//! Numbers for tests, the same from the same seed.

/// A linear congruential generator: each call gives a number below the one that it is given.
pub(crate) fn numbers(seed: u32) -> impl FnMut(u32) -> u32 {
    let mut state = seed;
    move |most| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) % most
    }
}
