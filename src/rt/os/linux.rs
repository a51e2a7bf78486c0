//! The calls that Linux has in its own way: futexes, the count of threads, accept, dup, fstat, poll.

use core::ffi::{c_int, c_long, c_void};
use core::mem::MaybeUninit;
use core::ptr;
use core::sync::atomic::AtomicU32;

use super::clock::timespec;
use super::deadline::Deadline;
use super::fd::close;
use super::refused::{Fallback, abort_failed, is_refusal};
use super::result::Result;
use crate::sys;

/// Sleeps while `word` has `value`, until a thread wakes the word, or until `deadline`. Spurious wake-ups are possible.
pub(crate) fn futex_wait(word: &AtomicU32, value: u32, deadline: Deadline) {
    let time = deadline.time().map(timespec);
    let timeout = time.as_ref().map_or(ptr::null(), ptr::from_ref);
    // SAFETY: the word and the time outlive the call.
    unsafe {
        let operation = libc::FUTEX_WAIT_BITSET | libc::FUTEX_PRIVATE_FLAG;
        let (no_word, any_bit) = (ptr::null::<c_void>(), u32::MAX);
        let address = word.as_ptr();
        let slept =
            libc::syscall(libc::SYS_futex, address, operation, value, timeout, no_word, any_bit);
        if slept < 0 && !matches!(sys::errno(), libc::EAGAIN | libc::EINTR | libc::ETIMEDOUT) {
            abort_failed(ptr::from_ref(word), "futex")
        }
    }
}

/// Wakes one thread that sleeps on `word`. The word may be freed: only its address counts.
pub(crate) fn futex_wake_one(word: *const AtomicU32) {
    // SAFETY: the kernel compares the address, and does not use the memory.
    unsafe {
        let operation = libc::FUTEX_WAKE | libc::FUTEX_PRIVATE_FLAG;
        let woken = libc::syscall(libc::SYS_futex, word, operation, 1);
        // EFAULT: the memory is unmapped, so no thread sleeps there.
        if woken < 0 && sys::errno() != libc::EFAULT {
            abort_failed(word, "futex")
        }
    }
}

/// The number of threads of the process. None: the system does not tell.
pub(crate) fn thread_count() -> Option<usize> {
    let mut status = MaybeUninit::<libc::stat>::uninit();
    // SAFETY: the path ends in 0. The call writes the status if it succeeds.
    unsafe {
        if libc::stat(c"/proc/self/task".as_ptr(), status.as_mut_ptr()) != 0 {
            return None;
        }
        usize::try_from(status.assume_init().st_nlink).ok()?.checked_sub(2)
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
        // Calls on an O_PATH descriptor fail with EBADF, and poll(2) reports POLLNVAL.
        let dead = libc::open(c"/".as_ptr(), libc::O_PATH | libc::O_CLOEXEC);
        if dead >= 0 {
            while dup3_cloexec(dead, fd) < 0 && matches!(sys::errno(), libc::EINTR | libc::EBUSY) {}
            close(dead)?;
        }
    }
    Ok(())
}

/// dup3(2) with O_CLOEXEC.
fn dup3_cloexec(from: c_int, to: c_int) -> c_long {
    #[unsafe(link_section = "aco_shared")]
    static DUP3: Fallback = Fallback::new();
    // SAFETY: the calls take any numbers.
    DUP3.call(
        || unsafe { libc::dup3(from, to, libc::O_CLOEXEC) }.into(),
        || set_cloexec(unsafe { libc::dup2(from, to) }),
    )
}

/// Sets FD_CLOEXEC, unless `fd` is negative. Returns `fd`.
pub(super) fn set_cloexec(fd: c_int) -> c_long {
    if fd >= 0 {
        // SAFETY: the call takes any number.
        unsafe { libc::fcntl(fd, libc::F_SETFD, libc::FD_CLOEXEC) };
    }
    fd.into()
}

/// The ends of a new pipe, with FD_CLOEXEC: the one to read from, and the one to write to.
pub(crate) fn open_pipe() -> Result<[c_int; 2]> {
    let mut ends = [-1; 2];
    // SAFETY: the call writes two numbers.
    match unsafe { libc::pipe2(ends.as_mut_ptr(), libc::O_CLOEXEC) } {
        0 => Ok(ends),
        _ => Err(sys::errno()),
    }
}

/// accept4(2) with SOCK_NONBLOCK and SOCK_CLOEXEC. If a firewall answers with EPERM, accept(2) does, too.
///
/// # Safety
/// As accept(2).
pub(crate) unsafe fn accept(
    fd: c_int,
    address: *mut libc::sockaddr,
    length: *mut libc::socklen_t,
) -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static ACCEPT4: Fallback = Fallback::new();
    let flags = libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
    // SAFETY: `address` and `length` are as accept(2) asks.
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

/// fstat(2). The C library makes it of one of two calls; the other one is the fallback.
///
/// # Safety
/// `status` is writable.
pub(super) unsafe fn fstat(fd: c_int, status: *mut libc::stat) -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static FSTAT: Fallback = Fallback::new();
    // SAFETY: `status` is writable. On these architectures the C library's struct is the kernel's.
    let answer = unsafe {
        FSTAT.call(
            || libc::fstat(fd, status).into(),
            || match libc::syscall(libc::SYS_fstat, fd, status) {
                ..0 if is_refusal(sys::errno()) => {
                    let (empty, flags) = (c"".as_ptr(), libc::AT_EMPTY_PATH);
                    libc::syscall(libc::SYS_newfstatat, fd, empty, status, flags)
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
/// `files` has `count` structs.
pub(super) unsafe fn poll_files(files: *mut libc::pollfd, count: usize, timeout: c_int) -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static POLL: Fallback = Fallback::new();
    let time = timespec(i64::from(timeout.max(0)) * 1_000_000);
    let time_or_none = if timeout < 0 { ptr::null() } else { &raw const time };
    let count = count as libc::nfds_t;
    // SAFETY: `files` has `count` structs. The time outlives the call.
    let found = unsafe {
        POLL.call(
            || libc::poll(files, count, timeout).into(),
            || libc::ppoll(files, count, time_or_none, ptr::null()).into(),
        )
    };
    found as c_int
}
