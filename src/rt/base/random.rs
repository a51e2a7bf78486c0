//! Random numbers: splitmix64. Each worker has a generator, and a call in a plain thread makes one.
//!
//! `chaos` seeds a worker's generator. Plain threads draw their streams from one counter of the process.

use core::sync::atomic::{AtomicU64, Ordering};

/// Each number adds this to the state: 2^64 divided by the golden ratio, an odd number.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A generator. All zero is one.
pub(crate) struct Random(u64);

/// splitmix64's finalizer: each bit of `word` changes about half of the bits.
fn mix(word: u64) -> u64 {
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

impl Random {
    /// The generator number `stream` of `seed`: the same two give the same numbers.
    pub(crate) fn new(seed: u64, stream: u64) -> Random {
        Random(mix(seed).wrapping_add(mix(stream.wrapping_add(STEP))))
    }

    /// A generator for one call in a plain thread.
    pub(crate) fn of_thread() -> Random {
        #[unsafe(link_section = "aco_shared")]
        static CALLS: AtomicU64 = AtomicU64::new(0);
        Random::new(0, CALLS.fetch_add(1, Ordering::Relaxed))
    }

    /// A generator of its own for one call, from the next number of this one.
    pub(crate) fn split(&mut self) -> Random {
        Random(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// A number below `limit`, each with the same chance but for 2^-64 times `limit`; 0 for 0.
    pub(crate) fn below(&mut self, limit: usize) -> usize {
        ((u128::from(self.next()) * limit as u128) >> 64) as usize
    }
}

#[cfg(test)]
mod tests {
    use super::Random;

    /// The numbers of the published generator.
    #[test]
    fn is_splitmix64() {
        let mut random = Random(1_234_567);
        let numbers = [random.next(), random.next(), random.next()];
        let published =
            [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(numbers, published);
    }

    /// By Hoeffding's bound a right generator is so far away once in 1e13 times.
    #[test]
    fn each_number_has_the_same_chance() {
        const TRIES: u32 = 10_000;
        let mut random = Random::of_thread();
        for limit in 1..8 {
            let mut hits = vec![0u32; limit];
            for _ in 0..TRIES {
                if let Some(count) = hits.get_mut(random.below(limit)) {
                    *count += 1;
                }
            }
            assert_eq!(hits.iter().sum::<u32>(), TRIES);
            let expected = TRIES / limit as u32;
            assert!(hits.iter().all(|count| count.abs_diff(expected) < 400), "{hits:?}");
        }
    }

    #[test]
    fn streams_differ() {
        let first = |seed, stream| Random::new(seed, stream).next();
        assert_eq!(first(7, 1), first(7, 1));
        assert!(
            first(7, 1) != first(7, 2) && first(7, 1) != first(8, 1) && first(7, 8) != first(8, 7)
        );
        assert!(Random::of_thread().next() != Random::of_thread().next());
    }
}
