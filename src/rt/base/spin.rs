//! Adaptive spinning: before it sleeps, a worker polls for work for a short time.
//!
//! ```text
//!   limit == 0? ── yes ──> sleep
//!      │ no
//!      v
//!   spin, for at most `limit`
//!      ├── work within SOON      limit: 4 times what that took; late = pause = 0
//!      ├── work later            late + 1; at MAX_LATE as after a wait that was long
//!      └── nothing ─────────> sleep
//!
//!   the end of a sleep           limit                     pause
//!   by a thread elsewhere, soon  4 times as long           one less; the limit stays until it is 0
//!   by a thread here             0                         as it is
//!   by no thread                 0                         as it is
//!   a wait that was long         0                         if the limit was not 0: twice as long, and 1
//! ```
//!
//! "Here" is the processor on which the worker sleeps: a spin would keep the other thread from running. "Soon" is
//! within `MAX_SPIN_NS` of the wait's beginning: a spin may have found the work.
//!
//! * A1. Two tasks on two workers that wake each other in turn answer within a short spin. That costs less than a sleep
//!   and a wake-up. `MAX_SPIN_NS` is long enough for the other worker to wake up and answer, so both get to spin.
//! * A2. A spin lasts for `MAX_SPIN_NS` at most. Spins that find nothing, or work too late to be worth it, are followed
//!   by `pause` sleeps without a spin: 1, 3, 7, … 255. So they take a small part of the time.
//! * A3. Only wake-ups by other threads count. A worker that only timers and file descriptors wake does not spin.
//! * A4. Before a task queues for a mutex that is locked, its worker looks some times whether it is free. Looks without
//!   result are followed by calls without looks: 1, 3, 7, … 255. So a mutex whose owner keeps it for long, or is a task
//!   of the same worker, costs little more.
//! * A5. A worker of a runtime with one worker does not spin. Nor does one where the process has one processor, or less
//!   than one of CPU time: [`enable`](AdaptiveSpin::enable) is not called.

use super::atomic::{pause, spin_loop};

/// The spin state of a worker. All zero is one that does not spin.
pub(crate) struct AdaptiveSpin {
    is_enabled: bool,
    /// How long the next spin is at most, in nanoseconds. 0: there is none.
    limit: i64,
    /// Spins in a row that have found work late.
    late: u32,
    /// Wake-ups that do not lengthen the limit; how many they were at first.
    pause: u32,
    last_pause: u32,
    /// When the wait has begun.
    start: i64,
    /// Calls for a mutex that do not look; how many they were at first (A4).
    lock_pause: u32,
    last_lock_pause: u32,
}

impl AdaptiveSpin {
    const MIN_SPIN_NS: i64 = 16_000;
    const MAX_SPIN_NS: i64 = 100_000;
    const SOON_NS: i64 = 10_000;
    const MAX_LATE: u32 = 8;
    const MAX_PAUSE: u32 = 255;
    /// How long a new task is left to the worker of the task that has started it.
    const GRACE_NS: i64 = 20_000;
    /// Looks at a locked mutex, and the pauses after each: in all about as long as a wake-up takes.
    const LOOKS: u32 = 12;
    const PAUSES: u32 = 16;
    /// A clock reading costs more than a poll.
    const POLLS_PER_CLOCK_READ: u32 = 16;

    /// Lets the worker spin (A5).
    pub(crate) fn enable(&mut self) {
        self.is_enabled = true;
    }

    /// Polls `has_work` for a while, if that may pay off. `now` returns the time in nanoseconds. Returns true if there
    /// is work.
    #[inline(always)]
    pub(crate) fn spin_until(
        &mut self,
        has_work: impl Fn() -> bool,
        now: impl Fn() -> i64,
    ) -> bool {
        self.is_enabled && self.spin(has_work, now)
    }

    #[cold]
    #[inline(never)]
    fn spin(&mut self, has_work: impl Fn() -> bool, now: impl Fn() -> i64) -> bool {
        self.start = now();
        let mut took = 0;
        while took < self.limit {
            for _ in 0..Self::POLLS_PER_CLOCK_READ {
                if has_work() {
                    self.hit(took);
                    return true;
                }
                spin_loop();
            }
            took = now() - self.start;
        }
        false
    }

    /// Records a spin that has found work after `took` nanoseconds.
    fn hit(&mut self, took: i64) {
        if took <= Self::SOON_NS {
            self.limit = (took * 4).clamp(Self::MIN_SPIN_NS, Self::MAX_SPIN_NS);
            (self.late, self.last_pause) = (0, 0);
            return;
        }
        self.late += 1;
        if self.late == Self::MAX_LATE {
            self.stop();
        }
    }

    /// Stops spinning for a while (A2).
    fn stop(&mut self) {
        self.last_pause = (self.last_pause * 2 + 1).min(Self::MAX_PAUSE);
        (self.limit, self.late, self.pause) = (0, 0, self.last_pause);
    }

    /// Waits while `is_left`, for at most [`GRACE_NS`](Self::GRACE_NS), if the worker may spin (A5).
    #[cold]
    pub(crate) fn wait_while(&self, is_left: impl Fn() -> bool, now: impl Fn() -> i64) {
        let end = now() + Self::GRACE_NS;
        while self.is_enabled && is_left() && now() < end {
            spin_loop();
        }
    }

    /// Calls `lock` some times, until it returns Some, if that may pay off (A4). Returns true if `lock` has returned
    /// Some(true).
    pub(crate) fn spin_for_lock(&mut self, lock: impl Fn() -> Option<bool>) -> bool {
        if !self.is_enabled || self.lock_pause != 0 {
            self.lock_pause = self.lock_pause.saturating_sub(1);
            return false;
        }
        for _ in 0..Self::LOOKS {
            if let Some(is_locked) = lock() {
                self.last_lock_pause = 0;
                return is_locked;
            }
            pause(Self::PAUSES);
        }
        self.last_lock_pause = (self.last_lock_pause * 2 + 1).min(Self::MAX_PAUSE);
        self.lock_pause = self.last_lock_pause;
        false
    }

    /// Records the end of the sleep after [`spin_until`](Self::spin_until). `is_elsewhere`: a thread has ended it that
    /// ran on another processor. None: no thread has.
    pub(crate) fn record_sleep(&mut self, is_elsewhere: Option<bool>, now: impl Fn() -> i64) {
        if !self.is_enabled {
            return;
        }
        if is_elsewhere != Some(true) {
            self.limit = 0;
        } else if now() - self.start > Self::MAX_SPIN_NS {
            if self.limit != 0 {
                self.stop();
            }
        } else if self.pause != 0 {
            self.pause -= 1;
        } else {
            self.limit = (self.limit * 4).clamp(Self::MIN_SPIN_NS, Self::MAX_SPIN_NS);
        }
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::*;
    use core::cell::Cell;

    /// A worker that spins and sleeps on a clock that advances by 1,000 with each reading.
    struct Wait {
        spin: AdaptiveSpin,
        time: Cell<i64>,
    }

    impl Wait {
        fn new() -> Wait {
            // SAFETY: all zero is a spin state.
            let mut spin: AdaptiveSpin = unsafe { core::mem::zeroed() };
            assert!(!spin.spin_until(|| true, || unreachable!()));
            spin.record_sleep(Some(true), || unreachable!());
            spin.enable();
            Wait { spin, time: Cell::new(0) }
        }

        fn tick(&self) -> i64 {
            self.time.set(self.time.get() + 1_000);
            self.time.get()
        }

        /// Waits for work that comes after `arrival` nanoseconds. Returns how long the spin took; None: the worker has
        /// slept.
        fn wait(&mut self, arrival: i64, is_elsewhere: Option<bool>) -> Option<i64> {
            let Wait { spin, time } = self;
            let tick = || {
                time.set(time.get() + 1_000);
                time.get()
            };
            let begin = time.get();
            if spin.spin_until(|| time.get() - begin > arrival, tick) {
                return Some(time.get() - begin);
            }
            assert!(time.get() - begin <= AdaptiveSpin::MAX_SPIN_NS + 2_000);
            time.set(time.get().max(begin + arrival));
            spin.record_sleep(is_elsewhere, tick);
            None
        }
    }

    #[test]
    fn spins_begin_after_short_waits_and_follow_what_they_find() {
        let mut wait = Wait::new();
        for limit in [16_000, 64_000, 100_000] {
            assert_eq!(wait.wait(70_000, Some(true)), None);
            assert_eq!(wait.spin.limit, limit);
        }
        assert!(wait.wait(40_000, Some(true)).is_some());
        assert_eq!((wait.spin.limit, wait.spin.late), (100_000, 1));
        assert!(wait.wait(5_000, Some(true)).is_some());
        assert!((20_000..32_000).contains(&wait.spin.limit) && wait.spin.late == 0);
        assert!(wait.wait(0, Some(true)).is_some());
        assert!(wait.spin.limit <= 2 * AdaptiveSpin::MIN_SPIN_NS);
    }

    #[test]
    fn a_spin_ends_with_the_wake_ups_of_other_processors() {
        for is_elsewhere in [None, Some(false)] {
            let mut wait = Wait::new();
            assert_eq!(wait.wait(0, Some(true)), None);
            assert!(wait.spin.limit > 0);
            assert_eq!(wait.wait(20_000, is_elsewhere), None);
            assert_eq!(wait.spin.limit, 0);
            let before = wait.tick();
            assert_eq!(wait.wait(0, is_elsewhere), None);
            assert!(wait.tick() - before <= 3_000 && wait.spin.limit == 0);
        }
    }

    #[test]
    fn looks_without_result_are_rare() {
        let (mut wait, looks) = (Wait::new(), Cell::new(0));
        for _ in 0..10_000 {
            let look = || {
                looks.set(looks.get() + 1);
                None
            };
            assert!(!wait.spin.spin_for_lock(look));
        }
        assert!(looks.get() <= 50 * AdaptiveSpin::LOOKS, "{}", looks.get());
        (0..256).for_each(|_| _ = wait.spin.spin_for_lock(|| Some(false)));
        assert!((0..10).all(|_| wait.spin.spin_for_lock(|| Some(true))));
    }

    #[test]
    fn a_new_task_is_left_for_a_short_time() {
        let wait = Wait::new();
        for taken_after in [5_000, i64::MAX / 2] {
            let begin = wait.tick();
            wait.spin.wait_while(|| wait.time.get() - begin < taken_after, || wait.tick());
            let took = wait.tick() - begin;
            assert!(took <= AdaptiveSpin::GRACE_NS.min(taken_after) + 4_000, "{took}");
        }
    }

    /// The time of spins in which the worker could have slept is a small part of all, whatever comes when.
    #[test]
    fn spins_that_are_not_worth_it_are_rare() {
        for arrival in [20_000, 50_000, 90_000, 99_000] {
            let (mut wait, mut spent, mut waits) = (Wait::new(), 0, 0);
            while waits < 20_000 {
                spent += wait.wait(arrival, Some(true)).unwrap_or(0);
                waits += 1;
            }
            assert!(spent < waits * arrival / 16, "{arrival}: {spent} in {waits} waits");
        }
        let mut wait = Wait::new();
        for waits in 0..20_000 {
            let long = if waits % 4 == 3 { 1_000_000 } else { 50_000 };
            wait.wait(long, Some(true));
        }
        assert_eq!(wait.spin.last_pause, AdaptiveSpin::MAX_PAUSE);
    }
}
