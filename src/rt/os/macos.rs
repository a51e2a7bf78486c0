//! The calls that macOS has in its own way: os_sync_wait_on_address, the thread count, accept, pipes.

use core::ffi::c_int;
use core::mem::MaybeUninit;
use core::sync::atomic::AtomicU32;

use super::deadline::Deadline;
use super::fd::close;
use super::result::Result;
use crate::sys;

const WORD: usize = size_of::<AtomicU32>();

/// Sleeps while `word` has `value`, until a thread wakes the word, or until `deadline`. Spurious wake-ups are possible.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, deadline: Deadline) {
    let (address, value) = (word.as_ptr().cast(), u64::from(value));
    // SAFETY: the word outlives the call.
    unsafe {
        let flags = libc::OS_SYNC_WAIT_ON_ADDRESS_NONE;
        let Some(left) = deadline.remaining() else {
            libc::os_sync_wait_on_address(address, value, WORD, flags);
            return;
        };
        // A timeout of 0 means no limit.
        let timeout = left.max(1) as u64;
        let clock = libc::OS_CLOCK_MACH_ABSOLUTE_TIME;
        libc::os_sync_wait_on_address_with_timeout(address, value, WORD, flags, clock, timeout);
    }
}

/// Wakes one thread that sleeps on `word`. The word may be freed: only its address counts.
pub(crate) fn futex_wake_one(word: *const AtomicU32) {
    // SAFETY: the kernel compares the address, and does not use the memory.
    unsafe {
        let flags = libc::OS_SYNC_WAKE_BY_ADDRESS_NONE;
        libc::os_sync_wake_by_address_any(word.cast_mut().cast(), WORD, flags);
    }
}

/// Pins this thread to a processor: not on this system.
pub(crate) fn pin_to_cpu(_processor: usize) {}

/// The processors that a thread may use: this system does not tell.
pub(crate) struct CpuSet;

impl CpuSet {
    pub(crate) fn of_this_thread() -> CpuSet {
        CpuSet
    }

    pub(crate) fn apply(&self) {}
}

/// The number of processors that the process can use at once.
pub(crate) fn available_cpus() -> Result<u32> {
    // SAFETY: sysconf has no preconditions.
    Ok(unsafe { libc::sysconf(libc::_SC_NPROCESSORS_ONLN) }.max(1) as u32)
}

/// Returns true if two threads of the process can run at once for long.
pub(crate) fn has_parallelism() -> Result<bool> {
    Ok(available_cpus()? > 1)
}

/// The processor on which this thread runs; negative: the system does not tell.
pub(crate) fn current_cpu() -> c_int {
    -1
}

/// The number of threads of the process. None: the system does not tell.
pub(crate) fn thread_count() -> Option<usize> {
    let mut all = MaybeUninit::<libc::proc_taskinfo>::uninit();
    let size = size_of::<libc::proc_taskinfo>() as c_int;
    // SAFETY: the call writes at most `size` bytes, and returns how many.
    unsafe {
        let (process, what) = (libc::getpid(), libc::PROC_PIDTASKINFO);
        if libc::proc_pidinfo(process, what, 0, all.as_mut_ptr().cast(), size) != size {
            return None;
        }
        usize::try_from(all.assume_init().pti_threadnum).ok()
    }
}

/// Closes the file of `fd` and keeps the number: until close(2) it stands for a file on which no call succeeds. If no
/// descriptor is free for that, the file stays open until close(2). Errors: `EBADF`.
pub(crate) fn close_and_keep_number(fd: c_int) -> Result<()> {
    // SAFETY: the calls take any number; the path ends in 0.
    unsafe {
        if libc::fcntl(fd, libc::F_GETFD) < 0 {
            return Err(sys::errno());
        }
        // read(2) and write(2) fail on a directory.
        let dead = libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC);
        if dead >= 0 {
            while libc::dup2(dead, fd) < 0 && sys::errno() == libc::EINTR {}
            libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC);
            close(dead)?;
        }
    }
    Ok(())
}

/// accept(2). Sets O_NONBLOCK and FD_CLOEXEC.
///
/// # Safety
/// As accept(2).
pub(crate) unsafe fn accept(
    fd: c_int,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
) -> c_int {
    // SAFETY: `address` and `length` are as accept(2) asks.
    unsafe {
        let accepted = libc::accept(fd, address, length);
        if accepted >= 0 {
            libc::fcntl(accepted, libc::F_SETFD, libc::FD_CLOEXEC);
            libc::fcntl(accepted, libc::F_SETFL, libc::O_NONBLOCK);
        }
        accepted
    }
}

/// The ends of a new pipe, with FD_CLOEXEC: the one to read from, and the one to write to.
pub(crate) fn open_pipe() -> Result<[c_int; 2]> {
    let mut ends = [-1; 2];
    // SAFETY: pipe writes two numbers; fcntl takes any number.
    unsafe {
        if libc::pipe(ends.as_mut_ptr()) != 0 {
            return Err(sys::errno());
        }
        for end in ends {
            libc::fcntl(end, libc::F_SETFD, libc::FD_CLOEXEC);
        }
    }
    Ok(ends)
}

/// The ends of a pipe, for `WakeFds`: negative if there is none.
pub(super) fn open_wake_fds() -> [c_int; 2] {
    let ends = open_pipe().unwrap_or([-1; 2]);
    for end in ends {
        // SAFETY: fcntl takes any number.
        unsafe { libc::fcntl(end, libc::F_SETFL, libc::O_NONBLOCK) };
    }
    ends
}
