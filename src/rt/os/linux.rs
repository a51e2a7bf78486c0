//! What Linux has of its own: futexes, the threads of the process.

use core::ffi::{c_int, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::AtomicU32;

use super::super::Outcome;
use super::{close, timespec};
use crate::sys;

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

/// Closes the file of `fd`. The number stays taken, for a file that gives no call success, until it is closed. Without
/// a free descriptor for that the file is open until then. EBADF.
pub(crate) fn close_and_keep_number(fd: c_int) -> Outcome<()> {
    // SAFETY: numbers, and a path that ends in 0.
    unsafe {
        if libc::fcntl(fd, libc::F_GETFD) < 0 {
            return Err(sys::errno());
        }
        // Every call on it says EBADF, and poll(2) POLLNVAL.
        let dead = libc::open(c"/".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
        if dead >= 0 {
            while libc::dup3(dead, fd, libc::O_CLOEXEC) < 0
                && matches!(sys::errno(), libc::EINTR | libc::EBUSY)
            {}
            close(dead)?;
        }
    }
    Ok(())
}

/// A word from one thread to another that is in poll(2): an eventfd.
pub(crate) struct WakeFds(c_int);

impl WakeFds {
    pub(crate) fn new() -> WakeFds {
        // SAFETY: no preconditions.
        WakeFds(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) })
    }

    /// What is readable after [`notify`](Self::notify). Negative: there is none.
    pub(crate) fn reader(&self) -> c_int {
        self.0
    }

    pub(crate) fn notify(&self) {
        let one = 1u64;
        // SAFETY: eight bytes.
        unsafe { libc::syscall(libc::SYS_write, self.0, &raw const one, 8) };
    }
}

impl Drop for WakeFds {
    fn drop(&mut self) {
        if self.0 >= 0 {
            let _ = close(self.0);
        }
    }
}
