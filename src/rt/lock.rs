//! A lock that is held for a few instructions: bit 0 of a word, of which the rest is the owner's.
//!
//! Nobody switches while holding one. ThreadSanitizer, which sees nothing of the library, is told of the
//! order that locks and wakes make.

use core::ffi::c_void;

use super::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering, spin_loop};
use crate::{arch, sys};

/// The bit that says that somebody has the lock.
const HELD: u32 = 1;

/// All zero is a free one.
#[repr(transparent)]
pub(crate) struct Lock(pub(crate) AtomicU32);

/// Part of what several threads touch: a reference to that says nothing about who else does.
pub(crate) type SeveralTouch = core::marker::PhantomPinned;

/// A lock that this thread holds until this goes.
pub(crate) struct Held(*const Lock);

impl Lock {
    /// A free one.
    #[allow(clippy::declare_interior_mutable_const, reason = "each use is a lock of its own")]
    pub(crate) const NEW: Lock = Lock(AtomicU32::new(0));

    /// Takes the lock.
    #[inline(always)]
    pub(crate) fn hold(&self) -> Held {
        self.take();
        Held(self)
    }

    /// Takes the lock for as long as until [`give`](Self::give).
    #[inline(always)]
    pub(crate) fn take(&self) {
        let free = self.0.load(Ordering::Relaxed) & !HELD;
        if exchange(&self.0, free, free | HELD).is_err() {
            self.take_slowly();
        }
        happens_after(self);
    }

    #[cold]
    #[inline(never)]
    fn take_slowly(&self) {
        const PATIENCE: u32 = 100;
        let mut tries = 0;
        loop {
            let seen = self.0.load(Ordering::Relaxed);
            if seen & HELD == 0 && exchange(&self.0, seen, seen | HELD).is_ok() {
                return;
            }
            tries += 1;
            if tries % PATIENCE == 0 { sys::yield_thread() } else { spin_loop() }
        }
    }

    /// Gives the lock back.
    #[inline(always)]
    pub(crate) fn give(&self) {
        happens_before(self);
        // Who holds the bit is alone in writing the word.
        let rest = self.0.load(Ordering::Relaxed) & !HELD;
        self.0.store(rest, Ordering::Release);
    }
}

/// Has the process this one thread? The C library says so where it knows; while it does, nobody else looks
/// at any word, and an instruction that keeps them out costs for nothing.
#[inline(always)]
fn is_alone() -> bool {
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
            if !is_alone() {
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
    exchange, AtomicU32, u32
}
exchange! {
    /// The same for an address.
    exchange_address, AtomicUsize, usize
}
exchange! {
    /// The same for a long word.
    exchange_long, AtomicU64, u64
}

impl Drop for Held {
    #[inline(always)]
    fn drop(&mut self) {
        // SAFETY: the object of a lock that is held stays.
        unsafe { (*self.0).give() }
    }
}

type OfRange = unsafe extern "C" fn(*mut c_void);

/// What was done so far happens before what [`happens_after`] of the same object comes before.
#[inline(always)]
pub(crate) fn happens_before<T>(object: *const T) {
    // SAFETY: the address of that function of ThreadSanitizer's runtime, or NULL, which is None.
    let release = unsafe {
        core::mem::transmute::<*const (), Option<OfRange>>(arch::weak_symbol!("__tsan_release"))
    };
    if let Some(release) = release {
        // SAFETY: the runtime's function takes any address.
        unsafe { release(object.cast_mut().cast()) }
    }
}

/// See [`happens_before`].
#[inline(always)]
pub(crate) fn happens_after<T>(object: *const T) {
    // SAFETY: as there.
    let acquire = unsafe {
        core::mem::transmute::<*const (), Option<OfRange>>(arch::weak_symbol!("__tsan_acquire"))
    };
    if let Some(acquire) = acquire {
        // SAFETY: the runtime's function takes any address.
        unsafe { acquire(object.cast_mut().cast()) }
    }
}
