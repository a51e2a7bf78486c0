//! The spin lock, the compare-and-swaps of fast paths, and the annotations for ThreadSanitizer.
//!
//! * L1. At most one thread holds the lock. What a holder wrote is visible to the next holder.
//! * L2. A thread that holds the lock neither takes the same lock, nor switches coroutines, nor calls a hook, nor ends.
//! * L3. In a child of fork(2) the holder may be gone: the child calls [`reset_after_fork`](Lock::reset_after_fork).
//!
//! A thread that finds the lock held looks again after a pause, which doubles up to a bound. Each look moves the cache
//! line away from the holder, which writes it again to unlock, and often is about to take the same lock once more.
//!
//! A lock is held for a few instructions. The core may also hold one for a call of malloc. A file of the runtime that
//! makes a system call under one says so. The order of the runtime's locks is T6 of `rt/model/task`.
//!
//! The library is compiled without ThreadSanitizer. In a program that has it, the annotations tell it which accesses
//! the locks and the wake-ups order.

use core::ffi::c_void;

use crate::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, pause};
use crate::{arch, sys};

/// The word of a lock that is held. 0: it is free.
const HELD: u32 = 1;

/// A spin lock. All zero is a free one.
#[repr(transparent)]
pub(crate) struct Lock(pub(crate) AtomicU32);

/// A field of a struct that several threads use through raw pointers. With it a `&mut` to the struct does not assert
/// that no other thread uses the struct.
pub(crate) type Aliased = core::marker::PhantomPinned;

/// A lock that this thread holds until the guard is dropped.
pub(crate) struct LockGuard<'a>(&'a Lock);

impl Lock {
    /// A free lock.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a separate lock")]
    pub(crate) const NEW: Lock = Lock(AtomicU32::new(0));

    /// Takes the lock, until the guard is dropped.
    #[inline(always)]
    pub(crate) fn guard(&self) -> LockGuard<'_> {
        self.lock();
        LockGuard(self)
    }

    /// As [`guard`](Self::guard). None: another thread holds the lock.
    pub(crate) fn try_guard(&self) -> Option<LockGuard<'_>> {
        self.try_lock().then(|| LockGuard(self))
    }

    /// Takes the lock, until [`unlock`](Self::unlock). Waits for the thread that holds it.
    #[inline(always)]
    pub(crate) fn lock(&self) {
        if !self.try_lock() {
            self.lock_slowly();
        }
    }

    #[cold]
    #[inline(never)]
    fn lock_slowly(&self) {
        /// Pauses before the first look, and the most between two.
        const PAUSES: [u32; 2] = [16, 64];
        /// Looks before the thread yields its processor: the holder is preempted, or waits in malloc.
        const LOOKS: u32 = 8;
        let ([mut pauses, most], mut looks) = (PAUSES, 0);
        loop {
            pause(pauses);
            if self.0.load(Ordering::Relaxed) == 0 && self.try_lock() {
                return;
            }
            pauses = (pauses * 2).min(most);
            looks += 1;
            if looks % LOOKS == 0 {
                sys::yield_thread();
            }
        }
    }

    /// Takes the lock if it is free. Returns true if it took the lock.
    #[inline(always)]
    fn try_lock(&self) -> bool {
        let is_locked = compare_exchange_u32(&self.0, 0, HELD).is_ok();
        if is_locked {
            tsan_acquire(self);
        }
        is_locked
    }

    /// Releases the lock, which the caller holds.
    #[inline(always)]
    pub(crate) fn unlock(&self) {
        tsan_release(self);
        self.0.store(0, Ordering::Release);
    }

    /// Releases the lock in a child of fork(2), which has none of the threads that may have held it.
    pub(crate) fn reset_after_fork(&self) {
        self.unlock();
    }
}

impl Drop for LockGuard<'_> {
    #[inline(always)]
    fn drop(&mut self) {
        self.0.unlock();
    }
}

/// Returns true if the C library knows that the process has one thread. A plain load and store then replace an atomic
/// instruction: no other thread reads the word.
#[inline(always)]
fn is_single_threaded() -> bool {
    // SAFETY: the address of glibc's variable, or null. The C library changes it before a second thread runs.
    unsafe {
        let flag: *const u8 = arch::weak_symbol!("__libc_single_threaded").cast();
        !flag.is_null() && flag.read_volatile() != 0
    }
}

macro_rules! compare_exchange {
    ($(#[$doc:meta])* $name:ident, $word:ty, $value:ty) => {
        $(#[$doc])*
        #[inline(always)]
        pub(crate) fn $name(word: &$word, old: $value, new: $value) -> Result<(), $value> {
            if !is_single_threaded() {
                let orders = (Ordering::AcqRel, Ordering::Relaxed);
                return word.compare_exchange(old, new, orders.0, orders.1).map(drop);
            }
            let seen = word.load(Ordering::Relaxed);
            if seen != old {
                return Err(seen);
            }
            word.store(new, Ordering::Relaxed);
            Ok(())
        }
    };
}

compare_exchange! {
    /// Replaces `old` by `new` in `word`, with the ordering AcqRel. Err: the word has this value instead.
    compare_exchange_u32, AtomicU32, u32
}
compare_exchange! {
    /// As [`compare_exchange_u32`], for an address.
    compare_exchange_usize, AtomicUsize, usize
}
compare_exchange! {
    /// As [`compare_exchange_u32`], for 64 bits.
    compare_exchange_u64, AtomicU64, u64
}

arch::weak_functions! {
    fn release_function(*mut c_void) = "__tsan_release";
    fn acquire_function(*mut c_void) = "__tsan_acquire";
}

/// Tells ThreadSanitizer that what this thread has done so far happens before the next [`tsan_acquire`] of `object`.
#[inline(always)]
pub(crate) fn tsan_release<T>(object: *const T) {
    if let Some(release) = release_function() {
        // SAFETY: the function takes any address.
        unsafe { release(object.cast_mut().cast()) }
    }
}

/// The other half of [`tsan_release`].
#[inline(always)]
pub(crate) fn tsan_acquire<T>(object: *const T) {
    if let Some(acquire) = acquire_function() {
        // SAFETY: the function takes any address.
        unsafe { acquire(object.cast_mut().cast()) }
    }
}

#[cfg(all(test, feature = "rt"))]
mod tests {
    use super::*;
    use std::cell::UnsafeCell;

    struct Counter(Lock, UnsafeCell<u32>);
    // SAFETY: the cell is used under the lock.
    unsafe impl Sync for Counter {}

    #[test]
    fn one_thread_at_a_time_holds_it() {
        let counter = Counter(Lock::NEW, UnsafeCell::new(0));
        let shared = &counter;
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(move || {
                    for _ in 0..10_000 {
                        let _guard = shared.0.guard();
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
        let lock = Lock::NEW;
        let guard = lock.guard();
        assert!(lock.try_guard().is_none() && !lock.try_lock());
        drop(guard);
        assert!(lock.try_guard().is_some() && lock.try_lock());
        lock.reset_after_fork();
        assert!(lock.try_lock());
    }
}
