//! A small generator of our own, so that a seed means the same for ever (splitmix64).

#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    pub fn new(seed: u64) -> Self {
        Random(seed)
    }

    pub fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ (mixed >> 31)) % limit.max(1) as u64) as usize
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }

    pub fn one_of<'a, T>(&mut self, of: &'a [T]) -> &'a T {
        &of[self.below(of.len())]
    }
}

/// Seeds to run: `MERGANSER_SEED` names one, `MERGANSER_RUNS` says how many (from `MERGANSER_FIRST` on).
pub fn seeds(default_runs: u64) -> std::ops::Range<u64> {
    let number = |name: &str| std::env::var(name).ok().map(|value| value.parse::<u64>().expect("a number"));
    match number("MERGANSER_SEED") {
        Some(seed) => seed..seed + 1,
        None => {
            let first = number("MERGANSER_FIRST").unwrap_or(0);
            first..first + number("MERGANSER_RUNS").unwrap_or(default_runs)
        }
    }
}
