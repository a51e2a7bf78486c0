//! The monotonic clock, in nanoseconds, and the virtual clock of a thread (`model/test_run`).

use core::ffi::c_long;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::AtomicU32;

use super::refused::abort_failed;
use crate::tls;

const NANOS_PER_SEC: i64 = 1_000_000_000;

/// The time that deadlines on this thread are compared with: that of its virtual clock, or of CLOCK_MONOTONIC.
#[inline(never)]
pub(crate) fn now() -> i64 {
    match tls::virtual_time() {
        0 => real_now(),
        time => time,
    }
}

/// The time of CLOCK_MONOTONIC.
pub(crate) fn real_now() -> i64 {
    let mut time = MaybeUninit::<libc::timespec>::zeroed();
    // SAFETY: the call writes the time, which is zeroed before.
    let time = unsafe {
        if libc::clock_gettime(libc::CLOCK_MONOTONIC, time.as_mut_ptr()) != 0 {
            abort_no_clock()
        }
        time.assume_init()
    };
    time.tv_sec as i64 * NANOS_PER_SEC + time.tv_nsec as i64
}

#[cold]
#[inline(never)]
fn abort_no_clock() -> ! {
    abort_failed(ptr::null::<AtomicU32>(), "clock_gettime")
}

/// Converts a time or a duration that is not negative.
pub(crate) fn timespec(nanoseconds: i64) -> libc::timespec {
    libc::timespec {
        tv_sec: (nanoseconds / NANOS_PER_SEC) as libc::time_t,
        tv_nsec: (nanoseconds % NANOS_PER_SEC) as c_long,
    }
}
