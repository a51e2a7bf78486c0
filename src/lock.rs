//! The spin lock of the core: held for a few instructions or one call of malloc.
//!
//! * L1. At most one thread holds the lock. What a holder wrote is visible to the next holder.
//! * L2. A thread that holds the lock neither takes the same lock, nor switches coroutines, nor ends.
//! * L3. In a child of fork(2) the holder may be gone: the child calls [`reset_after_fork`](Lock::reset_after_fork).

use core::hint;
use core::sync::atomic::{AtomicBool, Ordering};

use crate::sys;

/// A spin lock. `true`: a thread holds it.
pub(crate) struct Lock(AtomicBool);

/// A lock that this thread holds until the guard is dropped.
pub(crate) struct LockGuard<'a>(&'a Lock);

impl Lock {
    pub(crate) const fn new() -> Lock {
        Lock(AtomicBool::new(false))
    }

    /// Takes the lock; waits for the thread that holds it.
    pub(crate) fn lock(&self) {
        /// Rounds before the thread yields its processor: the holder is preempted, or waits in malloc.
        const SPIN_LIMIT: u32 = 100;
        while !self.try_lock() {
            let mut rounds = 0;
            while self.0.load(Ordering::Relaxed) {
                rounds += 1;
                if rounds < SPIN_LIMIT {
                    hint::spin_loop();
                } else {
                    sys::yield_thread();
                }
            }
        }
    }

    /// Takes the lock if it is free. Returns true if it took the lock.
    pub(crate) fn try_lock(&self) -> bool {
        !self.0.swap(true, Ordering::Acquire)
    }

    /// Releases the lock, which this thread holds.
    pub(crate) fn unlock(&self) {
        self.0.store(false, Ordering::Release);
    }

    /// Takes the lock until the guard is dropped.
    pub(crate) fn lock_guard(&self) -> LockGuard<'_> {
        self.lock();
        LockGuard(self)
    }

    /// As [`lock_guard`](Self::lock_guard). None: another thread holds the lock.
    pub(crate) fn try_lock_guard(&self) -> Option<LockGuard<'_>> {
        self.try_lock().then(|| LockGuard(self))
    }

    /// Releases the lock in a child of fork(2), which has none of the threads that may have held it.
    pub(crate) fn reset_after_fork(&self) {
        self.unlock();
    }
}

impl Drop for LockGuard<'_> {
    fn drop(&mut self) {
        self.0.unlock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::UnsafeCell;

    struct Counter(Lock, UnsafeCell<u32>);
    // SAFETY: the cell is used under the lock.
    unsafe impl Sync for Counter {}

    #[test]
    fn one_thread_at_a_time_holds_it() {
        let counter = Counter(Lock::new(), UnsafeCell::new(0));
        let shared = &counter;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        let _guard = shared.0.lock_guard();
                        // SAFETY: under the lock.
                        unsafe { *shared.1.get() += 1 };
                    }
                });
            }
        });
        assert_eq!(counter.1.into_inner(), 40_000);
    }

    #[test]
    fn a_held_lock_is_not_taken_again() {
        let lock = Lock::new();
        let guard = lock.lock_guard();
        assert!(lock.try_lock_guard().is_none() && !lock.try_lock());
        drop(guard);
        assert!(lock.try_lock_guard().is_some() && lock.try_lock());
        lock.reset_after_fork();
        assert!(lock.try_lock());
    }
}
