//! The calls of epoll that have stand-ins (see `refused`).

use core::ffi::{c_int, c_long};
use core::ptr;

use super::deadline::Deadline;
use super::file_type::{file_type, is_always_ready};
use super::linux::set_cloexec;
use super::poll::poll;
use super::refused::Fallback;
use crate::sys;

/// A new epoll, which no program inherits; -1 and errno.
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

/// epoll_create(2), which the C library may make of the other one.
fn old_epoll_create() -> c_int {
    #[cfg(target_arch = "x86_64")]
    // SAFETY: any positive size.
    return unsafe { libc::syscall(libc::SYS_epoll_create, 1) } as c_int;
    #[cfg(not(target_arch = "x86_64"))]
    {
        sys::set_errno(libc::ENOSYS);
        -1
    }
}

/// epoll_wait(2) by the call that the C library does not make of it: epoll_pwait(2), or epoll_wait(2) itself.
///
/// # Safety
/// `count` events have room at `place`.
pub(crate) unsafe fn epoll_wait_fallback(
    epoll: c_int,
    place: *mut libc::epoll_event,
    count: c_int,
    limit: c_int,
) -> c_long {
    // SAFETY: `count` events have room at `place`; without a mask the last two are none.
    unsafe {
        let no_mask = ptr::null::<libc::sigset_t>();
        let number = libc::SYS_epoll_pwait;
        let found = libc::syscall(number, epoll, place, count, limit, no_mask, 0);
        #[cfg(target_arch = "x86_64")]
        if found < 0 && super::refused::is_refusal(sys::errno()) {
            return libc::syscall(libc::SYS_epoll_wait, epoll, place, count, limit);
        }
        found
    }
}

/// Returns true if a poller's EPERM for `fd` is the file's own answer, and no refusal of the call (S4 of `refused`).
/// Devices that cannot be polled, such as /dev/null, are ready both ways for poll(2).
#[cold]
pub(crate) fn is_never_polled(fd: c_int) -> bool {
    const BOTH: i16 = libc::POLLIN | libc::POLLOUT;
    match file_type(fd) {
        Ok(libc::S_IFCHR) => {
            let mut file = [libc::pollfd { fd, events: BOTH, revents: 0 }];
            poll(&mut file, Deadline::NOW).is_ok()
                && file.iter().all(|file| file.revents & BOTH == BOTH)
        }
        Ok(sort) => is_always_ready(sort),
        Err(_) => false,
    }
}
