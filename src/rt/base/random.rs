//! A random number generator for select, spinning and chaos: splitmix64. Each worker has one, which `chaos` seeds. A
//! call of a plain thread creates one, whose stream is the next value of a counter of the process.

use core::sync::atomic::{AtomicU64, Ordering};

/// What each number adds to the state: 2^64 divided by the golden ratio, an odd number.
const STEP: u64 = 0x9e37_79b9_7f4a_7c15;

/// A generator. All zero is a valid one.
pub(crate) struct Random(u64);

/// splitmix64's finalizer: each bit of `word` changes about half of the bits of the result.
fn mix(word: u64) -> u64 {
    let word = (word ^ word >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let word = (word ^ word >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
    word ^ word >> 31
}

impl Random {
    /// Returns the generator number `stream` of `seed`. Equal arguments give equal numbers.
    pub(crate) fn new(seed: u64, stream: u64) -> Random {
        Random(mix(seed).wrapping_add(mix(stream.wrapping_add(STEP))))
    }

    /// Returns a generator for one call of a plain thread.
    pub(crate) fn of_thread() -> Random {
        #[unsafe(link_section = "aco_shared")]
        static CALLS: AtomicU64 = AtomicU64::new(0);
        Random::new(0, CALLS.fetch_add(1, Ordering::Relaxed))
    }

    /// Returns a generator for one call, seeded with the next number of this one.
    pub(crate) fn split(&mut self) -> Random {
        Random(self.next())
    }

    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(STEP);
        mix(self.0)
    }

    /// Returns a number below `limit`; 0 if that is 0. The chances of two numbers differ by 2^-64 at most.
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

    /// By Hoeffding's bound a correct generator fails this once in 1e13 runs.
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
