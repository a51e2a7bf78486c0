//! What Linux alone has: futexes, the threads of the process.

use core::ffi::{c_int, c_long, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::AtomicU32;

use super::clock::timespec;
use super::deadline::Deadline;
use super::fd::close;
use super::refused::{Fallback, broken, is_refusal};
use super::result::Result;
use crate::sys;

/// Sleeps until somebody wakes `word`, which has `value`; or until `deadline`.
/// It may come back for no reason.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, deadline: Deadline) {
    let time = deadline.time().map(timespec);
    let limit = time.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the word is there for as long as this call; the time, too.
    unsafe {
        let operation = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
        let (nothing, any) = (ptr::null::<c_void>(), u32::MAX);
        let place = word.as_ptr();
        let slept = libc::syscall(libc::SYS_futex, place, operation, value, limit, nothing, any);
        if slept < 0 && !matches!(sys::errno(), libc::EAGAIN | libc::EINTR | libc::ETIMEDOUT) {
            broken(ptr::from_ref(word), "futex")
        }
    }
}

/// Wakes one thread that sleeps on `word`. The word may be gone: only its address counts.
pub(crate) fn futex_wake_one(word: *const AtomicU32) {
    // SAFETY: the kernel looks for sleepers at an address.
    unsafe {
        let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        let woken = libc::syscall(libc::SYS_futex, word, operation, 1);
        // EFAULT: the memory is gone, and with it who slept there.
        if woken < 0 && sys::errno() != libc::EFAULT {
            broken(word, "futex")
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

/// Closes the file of `fd`. The number stays taken, for a file that gives no call success, until it is closed. Without
/// a free descriptor for that the file is open until then. EBADF.
pub(crate) fn close_and_keep_number(fd: c_int) -> Result<()> {
    // SAFETY: numbers, and a path that ends in 0.
    unsafe {
        if libc::fcntl(fd, libc::F_GETFD) < 0 {
            return Err(sys::errno());
        }
        // Every call on it says EBADF, and poll(2) POLLNVAL.
        let dead = libc::open(c"/".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
        if dead >= 0 {
            while duplicate(dead, fd) < 0 && matches!(sys::errno(), libc::EINTR | libc::EBUSY) {}
            close(dead)?;
        }
    }
    Ok(())
}

/// dup3(2) with O_CLOEXEC.
fn duplicate(from: c_int, to: c_int) -> c_long {
    #[unsafe(link_section = "aco_shared")]
    static DUP3: Fallback = Fallback::new();
    // SAFETY: numbers.
    DUP3.call(
        || unsafe { libc::dup3(from, to, libc::O_CLOEXEC) }.into(),
        || set_cloexec(unsafe { libc::dup2(from, to) }),
    )
}

/// Gives `fd`, which no program inherits from here on; negative: there is none.
pub(super) fn set_cloexec(fd: c_int) -> c_long {
    if fd >= 0 {
        // SAFETY: flags of a file descriptor.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    fd.into()
}

/// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC. EPERM may be a firewall's answer: then accept(2) gives it, too.
///
/// # Safety
/// As there.
pub(crate) unsafe fn accept(
    fd: c_int,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
) -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static ACCEPT4: Fallback = Fallback::new();
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: the caller's places, or NULL; flags of a new socket.
    let accepted = unsafe {
        ACCEPT4.call(
            || libc::accept4(fd, address, length, flags).into(),
            || {
                let accepted = libc::accept(fd, address, length);
                if accepted >= 0 {
                    libc::fcntl(accepted, libc::F_SETFL, libc::O_RDWR | libc::O_NONBLOCK);
                }
                set_cloexec(accepted)
            },
        )
    };
    accepted as c_int
}

/// fstat(2), which the C library makes of one of two calls: the other one stands in.
///
/// # Safety
/// `status` is writable.
pub(super) unsafe fn fstat(fd: c_int, status: *mut libc::stat) -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static FSTAT: Fallback = Fallback::new();
    // SAFETY: `status` is writable. The C library's struct is the kernel's on these architectures.
    let answer = unsafe {
        FSTAT.call(
            || libc::fstat(fd, status).into(),
            || match libc::syscall(libc::SYS_fstat, fd, status) {
                ..0 if is_refusal(sys::errno()) => {
                    let (itself, flags) = (c"".as_ptr(), libc::AT_EMPTY_PATH);
                    libc::syscall(libc::SYS_newfstatat, fd, itself, status, flags)
                }
                answer => answer,
            },
        )
    };
    answer as c_int
}

/// poll(2), or ppoll(2).
///
/// # Safety
/// As there.
pub(super) unsafe fn poll_files(files: *mut libc::pollfd, count: usize, limit: c_int) -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static POLL: Fallback = Fallback::new();
    let time = timespec(i64::from(limit.max(0)) * 1_000_000);
    let time_or_none = if limit < 0 { ptr::null() } else { &raw const time };
    let count = count as libc::nfds_t;
    // SAFETY: so many structs are at `files`; the time is there for as long as the call.
    let found = unsafe {
        POLL.call(
            || libc::poll(files, count, limit).into(),
            || libc::ppoll(files, count, time_or_none, ptr::null()).into(),
        )
    };
    found as c_int
}
