//! The monotonic clock.

use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::AtomicU32;

use super::refused::broken;

const NANOSECONDS: i64 = 1_000_000_000;

/// Nanoseconds of CLOCK_MONOTONIC.
pub(crate) fn now() -> i64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the call writes the time; all zero is one.
    let time = unsafe {
        if libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr()) != 0 {
            no_clock()
        }
        time.assume_init()
    };
    time.tv_sec * NANOSECONDS + time.tv_nsec
}

#[cold]
#[inline(never)]
fn no_clock() -> ! {
    broken(ptr::null::<AtomicU32>(), "clock_gettime")
}

/// `nanoseconds`, not negative, as the system takes them.
pub(crate) fn timespec(nanoseconds: i64) -> libc::timespec {
    libc::timespec { tv_sec: nanoseconds / NANOSECONDS, tv_nsec: nanoseconds % NANOSECONDS }
}
