//! What happens in one run of a random test, from a seed: the same on every machine, so that a run that failed can be
//! repeated.
//!
//! ```
//! use integrations_testkit::plan::{self, Dice};
//!
//! for seed in plan::seeds() {
//!     let how = plan::repeat("my-app", "crash", "a_killed_worker_loses_nothing", seed);
//!     let mut dice = Dice::new(seed);
//!     let kills = 3 + dice.below(3);
//!     assert!((3..6).contains(&kills), "{how}");
//! }
//! ```

use std::time::Duration;

/// A small generator (SplitMix64): the same sequence for a seed on every machine.
#[derive(Debug, Clone)]
pub struct Dice(u64);

impl Dice {
    /// Those of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ 0x5851_f42d_4c95_7f2d)
    }

    /// Any number.
    pub fn draw(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number below this one.
    ///
    /// # Panics
    ///
    /// If there is none, because it is 0.
    pub fn below(&mut self, end: usize) -> usize {
        let end = u64::try_from(end).expect("a number of this machine");
        usize::try_from(self.draw() % end).expect("smaller than a number of this machine")
    }

    /// A span from so many milliseconds on, shorter than so many.
    ///
    /// # Panics
    ///
    /// If there is none: `to` has to be above `from`.
    pub fn within(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.draw() % (to - from))
    }

    /// True once in `n` times.
    pub fn one_in(&mut self, n: u64) -> bool {
        self.draw().is_multiple_of(n)
    }
}

/// The seeds to run: the one that `CRASH_SEED` names, or as many as `CRASH_SEEDS` says, from 1 on; two by default.
///
/// # Panics
///
/// If one of the two is set, and to no number.
#[must_use]
pub fn seeds() -> Vec<u64> {
    let number = |name| {
        std::env::var(name).ok().map(|text| {
            text.parse()
                .unwrap_or_else(|_| panic!("{name} is a number"))
        })
    };
    match number("CRASH_SEED") {
        Some(seed) => vec![seed],
        None => (1..=number("CRASH_SEEDS").unwrap_or(2)).collect(),
    }
}

/// The command that repeats a run that failed: a test of a package's integration tests `target`.
#[must_use]
pub fn repeat(package: &str, target: &str, test: &str, seed: u64) -> String {
    format!("CRASH_SEED={seed} cargo test -p {package} --test {target} {test} -- --nocapture")
}

/// A seed of a name's own: the same for a name on every machine, another for every name (FNV-1a).
#[must_use]
pub fn seed_of(name: &str) -> u64 {
    name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    })
}
