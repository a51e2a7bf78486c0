//! Before a worker sleeps it looks a little longer whether another thread gives it something: two tasks that
//! talk to each other across workers wake each other sooner than the system could.
//!
//! ```text
//!   roused ── how often? ──> looks for long: until the other one, which slept, may have answered
//!     ^                        │ something came
//!     │ nothing came           v
//!     └─────────────────── looks shortly, before each sleep, for as long as that does it
//! ```
//!
//! A short look costs less than falling asleep and being roused does. Where it was in vain the worker only looks
//! again when it was roused once more, then three times, and so on up to `MAX`. A sleep that time or a file
//! descriptor ends does not count: a worker that waits for those never looks.

use super::atomic::spin_loop;

/// A worker's. All zero is a fresh one.
pub(crate) struct AdaptiveSpin {
    /// How often it was roused since it last looked in vain.
    roused: u32,
    /// It has to be roused more often than this to look.
    rest: u32,
    /// It looks shortly: something came the last time.
    is_short: bool,
}

impl AdaptiveSpin {
    /// Nanoseconds.
    const SHORT: i64 = 2_000;
    const LONG: i64 = 100_000;
    const MAX: u32 = 4095;
    /// It looks at the time so seldom.
    const TURNS: u32 = 16;

    /// Looks for a while whether something `has_come`, if that may be worth it; `now` is the time in
    /// nanoseconds. False: nothing has.
    #[inline(always)]
    pub(crate) fn spin_until(
        &mut self,
        has_come: impl Fn() -> bool,
        now: impl Fn() -> i64,
    ) -> bool {
        self.roused > self.rest && self.spin(has_come, now)
    }

    #[cold]
    #[inline(never)]
    fn spin(&mut self, has_come: impl Fn() -> bool, now: impl Fn() -> i64) -> bool {
        let start = now();
        let limit = if self.is_short { AdaptiveSpin::SHORT } else { AdaptiveSpin::LONG };
        loop {
            for _ in 0..AdaptiveSpin::TURNS {
                if has_come() {
                    // What a long look has found may have come too late to be worth it.
                    self.rest = if self.is_short { self.rest / 2 } else { self.rest };
                    self.is_short = true;
                    return true;
                }
                spin_loop();
            }
            if now() - start > limit {
                break;
            }
        }
        self.rest = (self.rest * 2 + 1).min(AdaptiveSpin::MAX);
        self.roused = 0;
        self.is_short = false;
        false
    }

    /// The worker has slept until another thread gave it something.
    pub(crate) fn record_wakeup(&mut self) {
        self.roused = self.roused.saturating_add(1);
    }
}
