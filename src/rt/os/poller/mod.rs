//! What a worker sleeps in: changes of file descriptors, a word from another thread, a deadline.
//!
//! One file for each of the systems' ways; they have the same items, and nobody else knows which it is:
//!
//! | | `epoll`: Linux | `kqueue`: macOS, FreeBSD |
//! |---|---|---|
//! | a file descriptor is watched | once, EPOLLET | by two filters, one each way, EV_CLEAR |
//! | the other side is gone | EPOLLRDHUP, EPOLLHUP, EPOLLERR | EV_EOF |
//! | a word from another thread | eventfd | EVFILT_USER |
//! | another loop's alarm | timerfd | EVFILT_TIMER |
//!
//! With `--cfg aco_kqueue` Linux takes the second, over a library that has kqueue's functions: for tests.

use core::ffi::c_int;
use core::fmt::{self, Formatter};

use crate::diag;

#[cfg(all(target_os = "linux", not(aco_kqueue)))]
mod epoll;
#[cfg(not(all(target_os = "linux", not(aco_kqueue))))]
mod kqueue;
#[cfg(not(all(target_os = "linux", not(aco_kqueue))))]
mod kqueue_abi;

#[cfg(all(target_os = "linux", not(aco_kqueue)))]
pub(crate) use epoll::{Poller, REPORTS_OOB};
#[cfg(not(all(target_os = "linux", not(aco_kqueue))))]
pub(crate) use kqueue::{Poller, REPORTS_OOB};

/// Events that are taken at once.
const BATCH: usize = 256;

/// What has happened to a file descriptor.
pub(crate) struct Event {
    /// What [`Poller::watch`] was given.
    pub(crate) token: u64,
    pub(crate) is_readable: bool,
    pub(crate) is_writable: bool,
    /// The other side is gone, or half of it, or something urgent has come: what was read says nothing
    /// about what is left to read.
    pub(crate) is_hangup: bool,
}

impl diag::Subject for Poller {
    unsafe fn describe(poller: *const Poller, f: &mut Formatter) -> fmt::Result {
        // SAFETY: a poller.
        let descriptor = unsafe { (*poller).raw_fd() };
        write!(f, ", the loop of file descriptor {descriptor}")
    }
}

/// Closes a file descriptor of the poller's own; a negative one is none.
fn close_own(fd: c_int) {
    if fd >= 0 {
        // SAFETY: nobody else has it.
        unsafe { libc::close(fd) };
    }
}
