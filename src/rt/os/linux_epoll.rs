//! The calls of epoll that have fallbacks (S1 of [`refused`](super::refused)), and its EPERM (S4).

use core::ffi::{c_int, c_long};
use core::ptr;

use super::deadline::Deadline;
use super::file_type::{file_type, is_always_ready};
use super::linux::set_cloexec;
use super::poll::poll;
use super::refused::Fallback;
use crate::sys;

/// Creates an epoll with EPOLL_CLOEXEC. Returns -1 and errno on an error.
pub(crate) fn epoll_create() -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static CREATE1: Fallback = Fallback::new();
    // SAFETY: no preconditions.
    let epoll = CREATE1.call(
        || unsafe { libc::epoll_create1(libc::EPOLL_CLOEXEC) }.into(),
        || set_cloexec(old_epoll_create()),
    );
    epoll as c_int
}

/// epoll_create(2). The C library may make its own of epoll_create1(2).
fn old_epoll_create() -> c_int {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: the call takes any positive size.
    return unsafe { libc::syscall(libc::SYS_epoll_create, 1) } as c_int;
    #[cfg(not(target_arch = "x86_64"))]
    {
        sys::set_errno(libc::ENOSYS);
        -1
    }
}

/// epoll_wait(2) by the call that the C library does not use for it: epoll_pwait(2), or epoll_wait(2) itself.
///
/// # Safety
/// `events` has room for `count`.
pub(crate) unsafe fn epoll_wait_fallback(
    epoll: c_int,
    events: *mut libc::epoll_event,
    count: c_int,
    timeout: c_int,
) -> c_long {
    // SAFETY: `events` has room for `count`. Without a mask the last argument is ignored.
    unsafe {
        let no_mask = ptr::null::<libc::sigset_t>();
        let number = libc::SYS_epoll_pwait;
        let found = libc::syscall(number, epoll, events, count, timeout, no_mask, 0);
        #[cfg(target_arch = "x86_64")]
        if found < 0 && super::refused::is_refusal(sys::errno()) {
            return libc::syscall(libc::SYS_epoll_wait, epoll, events, count, timeout);
        }
        found
    }
}

/// Returns true if epoll_ctl's EPERM for `fd` is about the file, and not a refusal of the call (S4). A device that
/// cannot be polled, such as /dev/null, is ready both ways for poll(2).
#[cold]
pub(crate) fn is_unpollable(fd: c_int) -> bool {
    const BOTH: i16 = libc::POLLIN | libc::POLLOUT;
    match file_type(fd) {
        Ok(libc::S_IFCHR) => {
            let mut file = [libc::pollfd { fd, events: BOTH, revents: 0 }];
            poll(&mut file, Deadline::NOW).is_ok()
                && file.iter().all(|file| file.revents & BOTH == BOTH)
        }
        Ok(file_type) => is_always_ready(file_type),
        Err(_) => false,
    }
}
