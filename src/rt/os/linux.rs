//! What Linux has of its own: futexes, the threads of the process, processors.

use core::ffi::c_void;
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::AtomicU32;

use super::timespec;

/// Sleeps until somebody wakes `word`, which has `value`; or until `deadline`, unless that is negative.
/// It may come back for no reason.
pub(crate) fn sleep_on(word: &AtomicU32, value: u32, deadline: i64) {
    let time = timespec(deadline.max(0));
    let limit = if deadline < 0 { ptr::null() } else { &raw const time };
    // SAFETY: the word is there for as long as this call; the time, too.
    unsafe {
        let operation = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
        let (nothing, any) = (ptr::null::<c_void>(), u32::MAX);
        libc::syscall(libc::SYS_futex, word.as_ptr(), operation, value, limit, nothing, any);
    }
}

/// Wakes one thread that sleeps on `word`. The word may be gone: only its address counts.
pub(crate) fn wake_one(word: *const AtomicU32) {
    // SAFETY: the kernel looks for sleepers at an address.
    unsafe {
        libc::syscall(libc::SYS_futex, word, libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG, 1);
    }
}

/// Ties this thread to one processor, where that may be used.
pub(crate) fn pin_to(processor: usize) {
    const SIZE: usize = size_of::<libc::cpu_set_t>();
    // SAFETY: all zero is a set; the macros stay inside it.
    unsafe {
        let (mut allowed, mut set): (libc::cpu_set_t, libc::cpu_set_t) = core::mem::zeroed();
        if libc::sched_getaffinity(0, SIZE, &mut allowed) != 0 {
            return;
        }
        let count = libc::CPU_COUNT(&allowed).max(1) as usize;
        let mut those = (0..8 * SIZE).filter(|one| libc::CPU_ISSET(*one, &allowed));
        if let Some(one) = those.nth(processor % count) {
            libc::CPU_SET(one, &mut set);
            libc::sched_setaffinity(0, SIZE, &set);
        }
    }
}

/// How many threads the process has. None: the system does not say.
pub(crate) fn thread_count() -> Option<usize> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the path ends in 0; the status is written on success.
    unsafe {
        if libc::stat(c"/proc/self/task".as_ptr(), status.as_mut_ptr()) != 0 {
            return None;
        }
        usize::try_from(status.assume_init().st_nlink).ok()?.checked_sub(2)
    }
}
