//! A lock that is held for a few instructions.
//!
//! Nobody switches while holding one. ThreadSanitizer, which sees nothing of the library, is told of the
//! order that locks and wakes make.

use core::ffi::c_void;

use super::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, spin_loop};
use crate::{arch, sys};

/// The word of a lock that is held; 0: it is free.
const HELD: u32 = 1;

/// All zero is a free one.
#[repr(transparent)]
pub(crate) struct Lock(pub(crate) AtomicU32);

/// Phase of what several threads touch: a reference to that says nothing about who else does.
pub(crate) type Aliased = core::marker::PhantomPinned;

/// A lock that this thread holds until this goes.
pub(crate) struct LockGuard(*const Lock);

impl Lock {
    /// A free one.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a lock of its own")]
    pub(crate) const NEW: Lock = Lock(AtomicU32::new(0));

    /// Takes the lock.
    #[inline(always)]
    pub(crate) fn guard(&self) -> LockGuard {
        self.lock();
        LockGuard(self)
    }

    /// Takes the lock for as long as until [`give`](Self::give).
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
            if tries % SPIN_LIMIT == 0 { sys::let_others_run() } else { spin_loop() }
        }
    }

    /// Gives the lock back.
    #[inline(always)]
    pub(crate) fn unlock(&self) {
        tsan_release(self);
        self.0.store(0, Ordering::Release);
    }
}

/// Has the process this one thread? The C library says so where it knows; while it does, nobody else looks
/// at any word, and an instruction that keeps them out costs for nothing.
#[inline(always)]
fn is_single_threaded() -> bool {
    // SAFETY: the address of that variable of the C library, or NULL. It changes where threads are made.
    unsafe {
        let alone: *const u8 = arch::weak_symbol!("__libc_single_threaded").cast();
        !alone.is_null() && alone.read_volatile() != 0
    }
}

macro_rules! exchange {
    ($(#[$about:meta])* $name:ident, $word:ty, $value:ty) => {
        $(#[$about])*
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

exchange! {
    /// Replaces `old` in `word` by `new`. What others did before they wrote the word is seen, and they see,
    /// with the new one, what was done here. Err: another one stands there.
    compare_exchange_u32, AtomicU32, u32
}
exchange! {
    /// The same for an address.
    compare_exchange_usize, AtomicUsize, usize
}
exchange! {
    /// The same for a long word.
    compare_exchange_u64, AtomicU64, u64
}

impl Drop for LockGuard {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the object of a lock that is held stays.
        unsafe { (*self.0).unlock() }
    }
}

type OfRange = unsafe extern "C" fn(*mut c_void);

/// What was done so far happens before what [`tsan_acquire`] of the same object comes before.
#[inline(always)]
pub(crate) fn tsan_release<T>(object: *const T) {
    // SAFETY: the address of that function of ThreadSanitizer's runtime, or NULL, which is None.
    let release = unsafe {
        core::mem::transmute::<*const (), Option<OfRange>>(arch::weak_symbol!("__tsan_release"))
    };
    if let Some(release) = release {
        // SAFETY: the runtime's function takes any address.
        unsafe { release(object.cast_mut().cast()) }
    }
}

/// See [`tsan_release`].
#[inline(always)]
pub(crate) fn tsan_acquire<T>(object: *const T) {
    // SAFETY: as there.
    let acquire = unsafe {
        core::mem::transmute::<*const (), Option<OfRange>>(arch::weak_symbol!("__tsan_acquire"))
    };
    if let Some(acquire) = acquire {
        // SAFETY: the runtime's function takes any address.
        unsafe { acquire(object.cast_mut().cast()) }
    }
}
