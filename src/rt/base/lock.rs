//! The spin lock, the compare-and-swaps of fast paths, and the annotations for ThreadSanitizer.
//!
//! A lock is held for a few instructions. A file that makes a system call under one says so. While it holds a lock, a
//! thread neither switches coroutines nor calls a hook. The order of the locks is T6 of `model/task`.
//!
//! The library is compiled without ThreadSanitizer. In a program that has it, the annotations tell it which accesses
//! the locks and the wake-ups order.

use core::ffi::c_void;

use super::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, spin_loop};
use crate::{arch, sys};

/// The word of a lock that is held. 0: it is free.
const HELD: u32 = 1;

/// A spin lock. All zero is a free one.
#[repr(transparent)]
pub(crate) struct Lock(pub(crate) AtomicU32);

/// A field of a struct that several threads use through raw pointers. With it a `&mut` to the struct does not assert
/// that no other thread uses the struct.
pub(crate) type Aliased = core::marker::PhantomPinned;

/// Holds a lock until it is dropped. The lock's object stays as long.
pub(crate) struct LockGuard(*const Lock);

impl Lock {
    /// A free lock.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a lock of its own")]
    pub(crate) const NEW: Lock = Lock(AtomicU32::new(0));

    /// Takes the lock, until the guard is dropped.
    #[inline(always)]
    pub(crate) fn guard(&self) -> LockGuard {
        self.lock();
        LockGuard(self)
    }

    /// Takes the lock, until [`unlock`](Self::unlock).
    #[inline(always)]
    pub(crate) fn lock(&self) {
        if compare_exchange_u32(&self.0, 0, HELD).is_err() {
            self.lock_slowly();
        }
        tsan_acquire(self);
    }

    #[cold]
    #[inline(never)]
    fn lock_slowly(&self) {
        const SPIN_LIMIT: u32 = 100;
        let mut tries = 0;
        loop {
            if self.0.load(Ordering::Relaxed) == 0 && compare_exchange_u32(&self.0, 0, HELD).is_ok()
            {
                return;
            }
            tries += 1;
            if tries % SPIN_LIMIT == 0 { sys::yield_thread() } else { spin_loop() }
        }
    }

    /// Releases the lock, which the caller holds.
    #[inline(always)]
    pub(crate) fn unlock(&self) {
        tsan_release(self);
        self.0.store(0, Ordering::Release);
    }
}

impl Drop for LockGuard {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the object of a held lock stays.
        unsafe { (*self.0).unlock() }
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

type Annotate = unsafe extern "C" fn(*mut c_void);

/// Tells ThreadSanitizer that what this thread has done so far happens before the next [`tsan_acquire`] of `object`.
#[inline(always)]
pub(crate) fn tsan_release<T>(object: *const T) {
    // SAFETY: the address of the function of ThreadSanitizer's runtime with this type, or null, which is None.
    let release = unsafe {
        core::mem::transmute::<*const (), Option<Annotate>>(arch::weak_symbol!("__tsan_release"))
    };
    if let Some(release) = release {
        // SAFETY: the function takes any address.
        unsafe { release(object.cast_mut().cast()) }
    }
}

/// The other half of [`tsan_release`].
#[inline(always)]
pub(crate) fn tsan_acquire<T>(object: *const T) {
    // SAFETY: the address of the function of ThreadSanitizer's runtime with this type, or null, which is None.
    let acquire = unsafe {
        core::mem::transmute::<*const (), Option<Annotate>>(arch::weak_symbol!("__tsan_acquire"))
    };
    if let Some(acquire) = acquire {
        // SAFETY: the function takes any address.
        unsafe { acquire(object.cast_mut().cast()) }
    }
}
