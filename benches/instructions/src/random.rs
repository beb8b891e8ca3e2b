//! Random numbers from a seed, so that every run does the same.

/// A linear congruential generator. Good enough to choose places, and the same everywhere.
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// Numbers that follow from this seed.
    pub fn new(seed: u64) -> Random {
        Random(seed)
    }

    /// A number smaller than `limit`, which is not 0.
    pub fn below(&mut self, limit: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        ((self.0 >> 33) % u64::from(limit)) as u32
    }

    /// Brings a list into random order.
    pub fn shuffle<T>(&mut self, list: &mut [T]) {
        for index in (1..list.len()).rev() {
            list.swap(index, self.below(index as u32 + 1) as usize);
        }
    }
}
