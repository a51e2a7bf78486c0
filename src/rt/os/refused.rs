//! System calls that a kernel does not know (ENOSYS), or that a sandbox refuses (EPERM).
//!
//! Each call of the runtime's own has one row. docs/sandbox.md has the same table for users, and the lane `sandbox`
//! refuses each of them.
//!
//! | call | what the runtime does if it is refused |
//! |---|---|
//! | epoll_pwait2 | calls epoll_wait or epoll_pwait: sleeps end on whole milliseconds |
//! | epoll_wait, epoll_pwait | calls the other one |
//! | epoll_create1 | calls epoll_create, if the architecture has it |
//! | eventfd2 | uses a pipe |
//! | accept4 | calls accept and fcntl |
//! | dup3 | calls dup2 and fcntl, if the architecture has dup2 |
//! | newfstatat, fstat | calls the other one |
//! | poll, ppoll | calls the other one |
//! | preadv2 | reads on a thread of the blocking pool |
//! | io_uring_setup, io_uring_register, io_uring_enter | calls on a thread of the blocking pool (R6 of `ring`) |
//! | copy_file_range | copies through a buffer |
//! | signalfd4, pidfd_open | checks from time to time |
//! | epoll_create, epoll_ctl, timerfd_create, pthread_create | set-up fails with the errno, and a line says so |
//! | fcntl, getsockopt, rt_sigtimedwait, rt_sigprocmask | the call fails with the errno, and a line says so |
//! | epoll_wait, epoll_pwait, timerfd_settime, futex, clock_gettime, write to the eventfd | prints a line, and aborts |
//!
//! Invariants:
//!
//! * S1. For a call with a fallback, ENOSYS and EPERM mean the same: the fallback is called at once, and its answer
//!   counts, whatever it is. Once the fallback has succeeded, the refused call is not made again.
//! * S2. A call that is refused, and has no fallback that works, is named in one line, once in a process.
//! * S3. A loop checks each answer of a call that it depends on. It continues after the errors that a sound loop can
//!   get (EINTR, EAGAIN, ETIMEDOUT). Any other error ends the process with one line ([`abort_failed`]). So no loop
//!   spins.
//! * S4. EPERM of epoll_ctl has two meanings: a refusal, and a file that cannot be polled. The type of the file tells
//!   them apart (`is_unpollable`).

use core::ffi::{c_int, c_long};
use core::fmt::{self, Formatter};
use core::ptr;
use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use super::result::Result;
use crate::{diag, sys};

/// The advice of a line about a refusal.
const ADVICE: &str = "docs/sandbox.md lists the calls that a sandbox must allow";

macro_rules! syscalls {
    ($($call:ident $name:literal)*) => {
        /// A call that the runtime needs, and that a line can name (S2).
        #[derive(Clone, Copy)]
        #[cfg_attr(aco_kqueue, allow(dead_code))]
        pub(crate) enum Syscall { $($call),* }

        impl Syscall {
            fn name(self) -> &'static str {
                match self { $(Syscall::$call => $name),* }
            }
        }
    };
}

syscalls! {
    EpollCreate "epoll_create1"
    EpollCtl "epoll_ctl"
    Eventfd "eventfd2"
    Timerfd "timerfd_create"
    Thread "pthread_create"
    SigTimedWait "rt_sigtimedwait"
    SignalMask "rt_sigprocmask"
    Poll "poll"
    Fstat "fstat"
    Fcntl "fcntl"
    Getsockopt "getsockopt"
}

/// Returns true for an errno that refuses the call itself.
pub(crate) fn is_refusal(error: c_int) -> bool {
    matches!(error, libc::ENOSYS | libc::EPERM)
}

/// Returns `error`, which `call` has failed with. Prints a line if that is a refusal, once for each call (S2).
#[cold]
#[inline(never)]
pub(crate) fn warn_if_refused(call: Syscall, error: c_int) -> c_int {
    #[unsafe(link_section = "aco_shared")]
    static WARNED: AtomicU32 = AtomicU32::new(0);
    let bit = 1 << call as u32;
    if is_refusal(error) && WARNED.fetch_or(bit, Ordering::Relaxed) & bit == 0 {
        let this = AtomicBool::new(false);
        let name = call.name();
        diag::warn_once(&this, format_args!("acort: {name} is refused: errno {error}"), ADVICE);
    }
    error
}

/// As [`warn_if_refused`], for the errno of this thread.
pub(crate) fn last_errno(call: Syscall) -> c_int {
    warn_if_refused(call, sys::errno())
}

/// The answer of a call, unless it is negative: then errno, as [`last_errno`].
pub(crate) fn check(answer: c_int, call: Syscall) -> Result<c_int> {
    if answer < 0 { Err(last_errno(call)) } else { Ok(answer) }
}

/// Aborts: a loop depends on `call`, which has failed with this thread's errno (S3).
#[cold]
#[inline(never)]
pub(crate) fn abort_failed<T: diag::Describe>(object: *const T, call: &str) -> ! {
    let error = sys::errno();
    #[unsafe(link_section = "aco_shared")]
    static WARNED: AtomicBool = AtomicBool::new(false);
    if WARNED.swap(true, Ordering::Relaxed) {
        // Another thread prints the line and aborts. This thread gives it a second.
        // SAFETY: no descriptors.
        unsafe { libc::poll(ptr::null_mut(), 0, 1000) };
        sys::abort()
    }
    if is_refusal(error) {
        diag::fatal("acort", object, format_args!("{call} is refused: errno {error}"), ADVICE)
    }
    let advice = "a program closes no file descriptor that it has not opened";
    diag::fatal("acort", object, format_args!("{call} fails: errno {error}"), advice)
}

/// A futex word, in a line: its address alone.
impl diag::Describe for AtomicU32 {
    unsafe fn describe(_: *const AtomicU32, _: &mut Formatter) -> fmt::Result {
        Ok(())
    }
}

/// A system call with a fallback: whether the fallback replaces it (S1).
pub(crate) struct Fallback(AtomicBool);

impl Fallback {
    pub(crate) const fn new() -> Fallback {
        Fallback(AtomicBool::new(false))
    }

    /// Calls `preferred`, and `fallback` if that is refused (S1). Both return -1 and errno on an error.
    #[inline(always)]
    pub(crate) fn call(
        &self,
        preferred: impl FnOnce() -> c_long,
        fallback: impl FnOnce() -> c_long,
    ) -> c_long {
        if !self.0.load(Ordering::Relaxed) {
            let answer = preferred();
            if answer >= 0 || !is_refusal(sys::errno()) {
                return answer;
            }
        }
        self.call_fallback(fallback)
    }

    #[cold]
    #[inline(never)]
    fn call_fallback(&self, fallback: impl FnOnce() -> c_long) -> c_long {
        let answer = fallback();
        if answer >= 0 {
            self.0.store(true, Ordering::Relaxed);
        }
        answer
    }
}
