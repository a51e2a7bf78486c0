//! Adaptive spinning: before it sleeps, a worker polls for work for a short time.
//!
//! ```text
//!   wakeups > threshold? ── no ──> sleep; record_wakeup() if another thread has ended the sleep
//!      │ yes
//!      v
//!   spin: short if the last spin has found work, otherwise long
//!      ├── found work   the next spin is short; after a short spin threshold / 2
//!      └── nothing      the next spin is long; threshold * 2 + 1, at most MAX_THRESHOLD; wakeups = 0; sleep
//! ```
//!
//! * Two tasks on two workers that wake each other in turn answer within a short spin. That costs less than a sleep and
//!   a wake-up. A long spin is long enough for the other worker to wake up and answer.
//! * A spin that finds nothing doubles the wake-ups that the next one needs: 1, 2, 4, … 4096.
//! * Only wake-ups by other threads count. A worker that only timers and file descriptors wake does not spin.

use super::atomic::spin_loop;

/// The spin state of a worker. All zero is a new one.
pub(crate) struct AdaptiveSpin {
    /// Wake-ups by other threads since the last spin that found nothing.
    wakeups: u32,
    /// The worker spins if there were more wake-ups than this.
    threshold: u32,
    last_spin_hit: bool,
}

impl AdaptiveSpin {
    const SHORT_SPIN_NS: i64 = 2_000;
    const LONG_SPIN_NS: i64 = 100_000;
    const MAX_THRESHOLD: u32 = 4095;
    /// A clock reading costs more than a poll.
    const POLLS_PER_CLOCK_READ: u32 = 16;

    /// Polls `has_work` for a while, if that may pay off. `now` returns the time in nanoseconds. Returns true if there
    /// is work.
    #[inline(always)]
    pub(crate) fn spin_until(
        &mut self,
        has_work: impl Fn() -> bool,
        now: impl Fn() -> i64,
    ) -> bool {
        self.wakeups > self.threshold && self.spin(has_work, now)
    }

    #[cold]
    #[inline(never)]
    fn spin(&mut self, has_work: impl Fn() -> bool, now: impl Fn() -> i64) -> bool {
        let start = now();
        let limit = if self.last_spin_hit { Self::SHORT_SPIN_NS } else { Self::LONG_SPIN_NS };
        loop {
            for _ in 0..Self::POLLS_PER_CLOCK_READ {
                if has_work() {
                    // What a long spin finds may come too late to be worth it.
                    self.threshold =
                        if self.last_spin_hit { self.threshold / 2 } else { self.threshold };
                    self.last_spin_hit = true;
                    return true;
                }
                spin_loop();
            }
            if now() - start > limit {
                break;
            }
        }
        self.threshold = (self.threshold * 2 + 1).min(Self::MAX_THRESHOLD);
        self.wakeups = 0;
        self.last_spin_hit = false;
        false
    }

    /// Records that another thread has ended a sleep of the worker.
    pub(crate) fn record_wakeup(&mut self) {
        self.wakeups = self.wakeups.saturating_add(1);
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::*;
    use core::cell::Cell;

    /// Spins on a clock that advances by 1,000 with each reading. Returns how long it takes; None: it does not spin.
    fn spin(spin: &mut AdaptiveSpin, has_work: bool) -> Option<i64> {
        let time = Cell::new(0);
        let tick = || time.replace(time.get() + 1_000);
        let found = spin.spin_until(|| has_work, tick);
        assert!(has_work || !found);
        (time.get() != 0).then(|| time.get())
    }

    #[test]
    fn spins_are_rarer_after_misses_and_shorter_after_hits() {
        let mut state = AdaptiveSpin { wakeups: 0, threshold: 0, last_spin_hit: false };
        for wakeups in [1, 2, 4, 8] {
            for _ in 0..wakeups {
                assert_eq!(spin(&mut state, false), None);
                state.record_wakeup();
            }
            assert!(spin(&mut state, false) > Some(AdaptiveSpin::LONG_SPIN_NS));
        }
        (0..16).for_each(|_| state.record_wakeup());
        // The first hit is that of a long spin.
        for threshold in [15, 7, 3, 1, 0] {
            assert!(spin(&mut state, true).is_some());
            assert_eq!(state.threshold, threshold);
        }
        assert!(spin(&mut state, false) < Some(2 * AdaptiveSpin::SHORT_SPIN_NS + 2_000));
        assert_eq!((state.threshold, state.last_spin_hit), (1, false));
        state.threshold = AdaptiveSpin::MAX_THRESHOLD;
        state.wakeups = u32::MAX;
        state.record_wakeup();
        assert!(spin(&mut state, false).is_some());
        assert_eq!(state.threshold, AdaptiveSpin::MAX_THRESHOLD);
    }
}
